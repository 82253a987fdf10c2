#!/usr/bin/env bats
# run: one-off containers of the live life, attached and left to themselves.

setup_file() {
	load lib
	server_start
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	new_app_repo ran
	printf '%s\n' 'web: /start' 'console: echo "$GREETING from the console"' >Procfile
	git add -A
	git commit -q -m 'A console'
	ssh_bardo apps:create "$APP"
	ssh_bardo config:set --no-restart "$APP" GREETING=hello
	ssh_bardo docker-options:add "$APP" run "'--shm-size 7m'"
	push
	export RAN=$APP
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	use_git
	APP=$RAN
}
teardown() {
	if [ -n "${SCREEN:-}" ]; then
		tmux -S "$SCREEN" kill-server 2>/dev/null || true
	fi
}

one_offs() {
	docker ps -a --format '{{.Names}}' --filter "label=bardo.app=$APP" \
		--filter label=bardo.process=run
}
no_one_offs() {
	[ -z "$(one_offs)" ]
}
one_off_runs() {
	[ -n "$(docker ps -q --filter "label=bardo.app=$APP" --filter label=bardo.process=run)" ]
}
# Places in the record, of which there is one for each.
places() {
	sqlite3 "$DATA/bardo.db" "SELECT count(*) FROM container WHERE process = 'run'"
}
no_places() {
	[ "$(places)" = 0 ]
}

@test "run gives a command's output and status, and leaves nothing behind" {
	run ssh_bardo run "$APP" cat /www/index.html
	assert_success
	assert_output '^version 1$'
	run ssh_bardo run "$APP" sh -c '"exit 9"'
	assert_status 9
	run ssh_bardo run "$APP" sh -c '"kill -KILL \$\$"'
	assert_status 137
	no_one_offs
	no_places
}

@test "run has the app's environment, and what -e adds to it" {
	run ssh_bardo run -e COLOUR=blue --env=PORT=7 -e "'TEXT=two words'" "$APP" env
	assert_success
	assert_output '^COLOUR=blue$'
	assert_output '^PORT=7$'
	refute_output '^PORT=5000$'
	assert_output '^TEXT=two words$'
	run ssh_bardo run -e nothing "$APP" env
	assert_status 2
	run ssh_bardo run "$APP" echo -e A=1
	assert_success
	assert_output '^A=1$'
}

@test "a process type's name runs its command, and one word with blanks is a line" {
	run ssh_bardo run "$APP" console
	assert_success
	assert_output '^hello from the console$'
	run ssh_bardo run "$APP" "'echo a line; exit 4'"
	assert_status 4
	assert_output '^a line$'
	run ssh_bardo run "$APP" echo '"console"' --version
	assert_output '^console --version$'
}

@test "docker options for run are for one-offs alone" {
	run ssh_bardo run "$APP" df -k /dev/shm
	assert_output ' 7168 '
	run ssh_bardo enter "$APP" web df -k /dev/shm
	refute_output ' 7168 '
}

@test "only an app's owner runs and enters, others don't even learn that it is there" {
	new_key bob
	ssh_bardo users:add bob
	ssh_bardo ssh-keys:add bob <"$CLIENT/bob.pub"
	for role in none read deploy; do
		if [ $role != none ]; then ssh_bardo acl:grant bob "$APP" $role; fi
		for verb in run run:detached enter; do
			KEY=$CLIENT/bob run ssh_bardo $verb "$APP" web true
			assert_status 3
		done
		KEY=$CLIENT/bob run ssh_bardo run:stop "$APP"
		assert_status 3
	done
	name=$(ssh_bardo run:detached "$APP" sleep 1000)
	KEY=$CLIENT/bob run ssh_bardo run:stop --container "$name"
	assert_status 4
	KEY=$CLIENT/bob run ssh_bardo run:list
	assert_shown "$name"
	ssh_bardo acl:revoke bob "$APP"
	KEY=$CLIENT/bob run ssh_bardo run:list
	refute_output "$name"
	KEY=$CLIENT/bob run ssh_bardo run:logs --container "$name"
	assert_status 4
	run ssh_bardo run:stop --container "$name"
	assert_success
	wait_until 10 no_one_offs
}

@test "what run was asked to do stands in no event" {
	ssh_bardo run -e SECRET_OF_RUN=hush "$APP" echo hushed-words
	run ssh_bardo events --format json
	assert_success
	assert_output '"run"'
	refute_output 'hush'
}

@test "run keeps standard error apart, and closes standard input at its end" {
	ssh_bardo run "$APP" sh -c '"cat; echo to err >&2"' <<<'to out' \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	assert_equal "$(cat "$BATS_TEST_TMPDIR/out")" 'to out'
	assert_equal "$(cat "$BATS_TEST_TMPDIR/err")" 'to err'
}

@test "100 MB go through run byte for byte, both ways at once" {
	head -c 100000000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	ssh_bardo run "$APP" cat <"$BATS_TEST_TMPDIR/bytes" >"$BATS_TEST_TMPDIR/back"
	cmp "$BATS_TEST_TMPDIR/bytes" "$BATS_TEST_TMPDIR/back"
	rm "$BATS_TEST_TMPDIR/bytes" "$BATS_TEST_TMPDIR/back"
}

@test "a program that is not there gives 127, as in a shell" {
	status=0
	output=$(ssh_bardo run "$APP" no-such-program 2>&1) || status=$?
	assert_status 127
	assert_shown 'no-such-program'
	no_one_offs
}

@test "run on a terminal knows its size, and Ctrl-C ends the command with 130" {
	SCREEN=$BATS_TEST_TMPDIR/tmux
	tmux -S "$SCREEN" -f /dev/null new-session -d -x 87 -y 23 \
		"ssh -tt -F '$CLIENT/ssh_config' -i '$CLIENT/key' -p $(ssh_port) 127.0.0.1 \
		run $APP \"sh -c 'until stty size | grep 87; do :; done; exec sleep 1000'\";
		echo \"ended with \$?\"; exec cat" 3>&-
	wait_until 15 eval 'tmux -S "$SCREEN" capture-pane -p | grep -q "23 87"'
	tmux -S "$SCREEN" send-keys C-c
	wait_until 15 eval 'tmux -S "$SCREEN" capture-pane -p | grep -q "ended with 130"'
	no_one_offs
}

@test "--no-tty and --force-tty decide whether the command gets a terminal" {
	run ssh_bardo run --force-tty "$APP" tty
	assert_output '^/dev/'
	run ssh -tt -F "$CLIENT/ssh_config" -i "$CLIENT/key" -p "$(ssh_port)" 127.0.0.1 \
		run --no-tty "$APP" tty
	assert_output 'not a tty'
}

@test "on the host, a signal for run is one for the command" {
	"$BIN/bardo" --config "$CONFIG" run "$APP" sleep 1000 \
		</dev/null >/dev/null 2>&1 3>&- &
	pid=$!
	wait_until 10 one_off_runs
	kill -INT $pid
	wait_until 15 is_gone $pid
	status=0
	wait $pid || status=$?
	assert_status 130
	no_one_offs
}

@test "a client that is killed takes its container along" {
	ssh_bardo run "$APP" sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
	ssh_pid=$!
	wait_until 10 one_off_runs
	kill_family $ssh_pid KILL
	wait_until 15 no_one_offs
	wait_until 5 no_places
}

@test "a bardo that is killed leaves its container to reconcile" {
	ssh_bardo run "$APP" sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
	wait_until 10 one_off_runs
	pid=$(server_processes | sed -n 's/ .*--door.*//p' | head -n 1)
	kill -KILL "$pid"
	wait || true
	wait_until 15 no_one_offs
	wait_until 5 no_places
}

@test "a command is stopped when its time is over" {
	run ssh_bardo run --ttl-seconds 1 "$APP" sleep 1000
	assert_status 143
	assert_shown '--ttl-seconds'
	no_one_offs
	run ssh_bardo run --ttl-seconds soon "$APP" true
	assert_status 2
}

@test "run:detached gives a name, and the container goes when it ends" {
	run ssh_bardo run:detached "$APP" sh -c '"mkfifo /tmp/gate; cat /tmp/gate"'
	assert_success
	name=$output
	assert_equal "$(one_offs)" "$name"
	run ssh_bardo run:list "$APP"
	assert_shown "$name"
	assert_output '^NAMES .*COMMAND .*CREATED'
	run ssh_bardo run:list "$APP" --format json
	run jq -e --arg name "$name" --arg app "$APP" '
		length == 1 and (.[0] | .name == $name and .app == $app and
		.state == "running" and .detached == true and .user == "admin" and
		(.command | test("sh")) and
		(.created_at | test("^[0-9-]+T[0-9:]+Z$")) and
		(.until | test("^[0-9-]+T[0-9:]+Z$")))' <<<"$output"
	assert_success
	wait_until 10 docker exec "$name" sh -c 'test -p /tmp/gate && echo go >/tmp/gate'
	wait_until 15 no_one_offs
	wait_until 5 no_places
}

@test "run:stop stops one by its name, or all of an app" {
	first=$(ssh_bardo run:detached "$APP" sleep 1000)
	second=$(ssh_bardo run:detached "$APP" sleep 1000)
	run ssh_bardo run:stop --container "$first"
	assert_success
	assert_equal "$output" "$first"
	wait_until 5 eval '[ "$(one_offs)" = "$second" ]'
	run ssh_bardo run:stop "$APP"
	assert_equal "$output" "$second"
	wait_until 10 no_one_offs
	wait_until 5 no_places
	run ssh_bardo run:stop --container "bardo.$APP.web.1.1"
	assert_status 4
}

@test "a detached container is stopped when its time is over, by another bardod too" {
	ssh_bardo run:detached --ttl-seconds 3 "$APP" sleep 1000
	one_off_runs
	bardod_stop KILL
	server_processes | sed -n 's/ .*--door.*//p' | kill_each KILL
	bardod_start
	wait_until 20 no_one_offs
	wait_until 5 no_places
}

@test "a one-off survives a deploy, and gets no requests" {
	ssh_bardo run:detached "$APP" sh -c \
		"'mkdir /tmp/w; echo one-off >/tmp/w/index.html; exec httpd -f -p 5000 -h /tmp/w'"
	git clone -q "$(remote_url "$APP")" "$BATS_TEST_TMPDIR/again"
	cd "$BATS_TEST_TMPDIR/again"
	git remote rename origin production
	run deploy_version 2
	assert_success
	one_off_runs
	url=$(app_url "$APP")
	for _ in 1 2 3 4 5 6 7 8; do
		assert_equal "$(curl -fsS "$url")" 'version 2'
	done
	run bardo reconcile "$APP"
	assert_success
	one_off_runs
	ssh_bardo run:stop "$APP"
	wait_until 10 no_one_offs
}

@test "run:logs hides what a one-off was given, also when something else is set by now" {
	ssh_bardo config:set --no-restart "$APP" TOKEN=before-it-was-changed
	ssh_bardo ps:restart "$APP"
	name=$(ssh_bardo run:detached -e OTHER=for-this-one-alone "$APP" \
		sh -c "'echo \$TOKEN \$OTHER \$GREETING; sleep 1000'")
	ssh_bardo config:set "$APP" TOKEN=after-it-was-changed
	wait_until 10 eval 'ssh_bardo run:logs --container "$name" | grep -q .'
	run ssh_bardo run:logs "$APP" --quiet
	assert_equal "$output" '******** ******** hello'
	ssh_bardo run:stop "$APP"
	wait_until 10 no_one_offs
}

@test "apps:destroy takes one-offs along" {
	new_app_repo left
	push
	ssh_bardo run:detached "$APP" sleep 1000
	one_off_runs
	run ssh_bardo apps:destroy "$APP" --force
	assert_success
	assert_equal "$(things_of "$APP")" ''
	no_places
}
