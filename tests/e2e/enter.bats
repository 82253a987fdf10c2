#!/usr/bin/env bats
# enter: a command in a container that runs, with and without a terminal.

setup_file() {
	load lib
	server_start
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	new_app_repo entered
	push
	export ENTERED=$APP
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	APP=$ENTERED
}
teardown() {
	if [ -n "${SCREEN:-}" ]; then
		tmux -S "$SCREEN" kill-server 2>/dev/null || true
	fi
}

# on_terminal COLUMNS ROWS COMMAND ...: a person at a terminal, whose ssh runs the command.
on_terminal() {
	SCREEN=$BATS_TEST_TMPDIR/tmux
	local columns=$1 rows=$2
	shift 2
	tmux -S "$SCREEN" -f /dev/null new-session -d -x "$columns" -y "$rows" \
		"ssh -tt -F '$CLIENT/ssh_config' -i '$CLIENT/key' -p $(ssh_port) 127.0.0.1 $*;
		echo \"ended with \$?\"; exec cat" 3>&-
}
screen() {
	tmux -S "$SCREEN" capture-pane -p
}
screen_shows() { # an extended regular expression
	screen | grep -qE -- "$1"
}
wait_screen() {
	wait_until 15 screen_shows "$1" || {
		screen >&2
		return 1
	}
}
type_keys() {
	tmux -S "$SCREEN" send-keys "$@"
}

runs_in_container() { # a name in its process list
	docker exec "$(running_containers_of "$APP")" ps -o args | grep -qE -- "$1"
}
runs_no_more() {
	! runs_in_container "$1"
}

@test "enter runs a command in the first web, and gives its output and status" {
	run ssh_bardo enter "$APP" web.1 cat /www/index.html
	assert_success
	assert_output '^version 1$'
	run ssh_bardo enter "$APP" web sh -c '"exit 7"'
	assert_status 7
	run ssh_bardo enter "$APP" web ls -d /www --color=never
	assert_success
}

@test "enter keeps standard error apart from standard output" {
	ssh_bardo enter "$APP" web sh -c '"echo to out; echo to err >&2"' \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	assert_equal "$(cat "$BATS_TEST_TMPDIR/out")" 'to out'
	assert_equal "$(cat "$BATS_TEST_TMPDIR/err")" 'to err'
}

@test "enter without a command is a shell, which reads standard input to its end" {
	run ssh_bardo enter "$APP" <<<'echo in $0; exit 3'
	assert_status 3
	assert_output '^in /bin/sh$'
}

@test "enter passes bytes on as they are, both ways" {
	head -c 20000000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	ssh_bardo enter "$APP" web cat <"$BATS_TEST_TMPDIR/bytes" >"$BATS_TEST_TMPDIR/back"
	cmp "$BATS_TEST_TMPDIR/bytes" "$BATS_TEST_TMPDIR/back"
}

@test "a command that ends by a signal gives 128 and its number" {
	run ssh_bardo enter "$APP" web sh -c '"kill -TERM \$\$"'
	assert_status 143
}

@test "enter tells which processes there are" {
	run ssh_bardo enter "$APP" worker ls
	assert_status 4
	assert_shown 'there is web.1'
	run ssh_bardo enter "$APP" web.2 ls
	assert_status 4
}

@test "enter --container-id finds the app's containers, and no others" {
	name=$(running_containers_of "$APP")
	run ssh_bardo enter "$APP" --container-id "$(docker inspect -f '{{.Id}}' "$name")" echo here
	assert_success
	assert_output '^here$'
	for id in "''" ../../images/json ./; do
		run ssh_bardo enter "$APP" --container-id "$id" echo here
		assert_status 4
		assert_output 'has no container'
	done
	run ssh_bardo enter "$APP" --container-id nothing-like-it echo here
	assert_status 4
}

@test "a program that is not there is told, and a container without a shell too" {
	run ssh_bardo enter "$APP" web no-such-program
	assert_failure
	assert_shown 'no-such-program'
	docker exec "$(running_containers_of "$APP")" mv /bin/sh /bin/sh.away
	run ssh_bardo enter "$APP"
	docker exec "$(running_containers_of "$APP")" /bin/busybox mv /bin/sh.away /bin/sh
	assert_status 1
	assert_shown 'has no shell'
}

@test "a full-screen program works at a terminal, and sees its size and a new one" {
	on_terminal 90 30 enter "$APP"
	wait_screen '[#$] *$'
	type_keys 'stty size; echo TERM is $TERM' Enter
	wait_screen '^30 90'
	wait_screen '^TERM is (tmux|screen)'
	type_keys 'vi /tmp/letter' Enter
	wait_screen '^~'
	type_keys 'ihello from vi'
	wait_screen '^hello from vi'
	type_keys Escape
	wait_screen '^- /tmp/letter'
	tmux -S "$SCREEN" resize-window -x 70 -y 20
	type_keys ':wq' Enter
	wait_screen '[#$] *$'
	type_keys 'clear; cat /tmp/letter; stty size' Enter
	wait_screen '^hello from vi'
	wait_screen '^20 70'
	type_keys 'exit 5' Enter
	wait_screen '^ended with 5'
}

@test "Ctrl-C at a terminal ends the command, not the connection" {
	on_terminal 80 24 enter "$APP" web sleep 1001
	wait_until 10 runs_in_container '^sleep 1001'
	type_keys C-c
	wait_screen 'ended with 130'
	runs_no_more '^sleep 1001'
}

@test "the terminal is as before when the command has ended" {
	on_terminal 80 24 enter "$APP" web true
	wait_screen '^ended with 0'
	type_keys 'echoed by the terminal'
	wait_screen '^echoed by the terminal'
}

@test "a command ends with its client, with a terminal and without" {
	ssh_bardo enter "$APP" web sleep 1002 </dev/null >/dev/null 2>&1 3>&- &
	ssh_pid=$!
	wait_until 10 runs_in_container '^sleep 1002'
	kill_family $ssh_pid KILL
	wait_until 10 runs_no_more '^sleep 1002'
	on_terminal 80 24 enter "$APP" web sleep 1003
	wait_until 10 runs_in_container '^sleep 1003'
	tmux -S "$SCREEN" kill-server
	wait_until 10 runs_no_more '^sleep 1003'
}

@test "a command that does not listen to the hang-up is killed" {
	ssh_bardo enter "$APP" web sh -c '"trap : HUP; while :; do sleep 1004; done"' \
		</dev/null >/dev/null 2>&1 3>&- &
	ssh_pid=$!
	wait_until 10 runs_in_container '^sleep 1004'
	kill_family $ssh_pid KILL
	wait_until 15 runs_no_more '1004'
}

@test "enter needs something that lives" {
	ssh_bardo apps:create "bare-s$SLOT"
	run ssh_bardo enter "bare-s$SLOT"
	assert_status 4
	assert_shown 'push it first'
}
