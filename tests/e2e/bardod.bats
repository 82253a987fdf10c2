#!/usr/bin/env bats
# bardod itself: whom it lets in, who may ask at its doors, what its own end and that of
# its children do.

setup_file() {
	load lib
	server_start
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
}
teardown() {
	hang_up
	# A test that changed the settings leaves the next one a server with its own.
	server_as_usual
}

# connect: opens a connection that says nothing, and reads the first line that comes.
connections=()
connect() {
	local fd
	exec {fd}<>"/dev/tcp/127.0.0.1/$(ssh_port)"
	connections+=("$fd")
	IFS= read -r -t 10 -u "$fd" output
	output=${output%$'\r'}
}
hang_up() {
	local fd
	for fd in "${connections[@]}"; do exec {fd}>&-; done
	connections=()
}
is_let_in() {
	connect && [[ $output == SSH-2.0-* ]]
}

children() {
	tr ' ' '\n' <"/proc/$(bardod_pid)/task/$(bardod_pid)/children" | sed '/^$/d'
}
has_no_children() {
	[ -z "$(children)" ]
}
logged() {
	grep -qE -- "$1" "$SERVER/bardod.log"
}
lines_logged() {
	grep -cE -- "$1" "$SERVER/bardod.log" || true
}

# ask_at_the_door USER WORD ...: a message to the host's door, as that user.
ask_at_the_door() {
	local user=$1
	shift
	printf '%s\0' "$@" | setpriv --reuid "$user" --clear-groups -- \
		socat -u - "UNIX-CONNECT:$DATA/run/door,type=5"
}

# start_waiting: a command that waits for a key on descriptor $key_in.
start_waiting() {
	mkfifo "$BATS_TEST_TMPDIR/in"
	ssh_bardo ssh-keys:add admin <"$BATS_TEST_TMPDIR/in" 3>&- \
		>"$BATS_TEST_TMPDIR/out" 2>&1 &
	SSH_PID=$!
	exec {key_in}>"$BATS_TEST_TMPDIR/in"
	wait_until 10 command_runs
}
command_pid() {
	server_processes | awk '/--door/ { print $1; exit }'
}
command_runs() {
	[ -n "$(command_pid)" ]
}
command_ended() {
	! command_runs
}
# The exit status of what start_waiting began, once its input has ended.
end_waiting() {
	exec {key_in}>&-
	status=0
	wait "$SSH_PID" || status=$?
	output=$(cat "$BATS_TEST_TMPDIR/out")
}

# ---- limits ----

@test "no more than ssh.max-per-address connections of one address" {
	server_with -c ssh.max-per-address=2
	is_let_in
	is_let_in
	connect
	assert_output '^bardo: too many connections from your address'
	hang_up
	wait_until 10 is_let_in
}

@test "no more than ssh.max-connections in all" {
	server_with -c ssh.max-connections=1
	is_let_in
	connect
	assert_output '^bardo: too many connections: try again later'
}

@test "no more than ssh.logins-per-minute of one address, and the client is told" {
	server_with -c ssh.logins-per-minute=2
	is_let_in
	is_let_in
	connect
	assert_output '^bardo: too many connections a minute'
	run ssh_bardo -o LogLevel=DEBUG1 version
	assert_status 255
	assert_output 'too many connections a minute'
}

@test "whoever is refused again and again gets one line in the log" {
	server_with -c ssh.max-per-address=1
	before=$(lines_logged 'refused 127.0.0.1: ssh.max-per-address')
	is_let_in
	for _ in 1 2 3 4 5; do connect; done
	assert_equal $(($(lines_logged 'refused 127.0.0.1: ssh.max-per-address') - before)) 1
}

# ---- the doors ----

@test "the host's door is closed to other users" {
	[ "$(id -u)" = 0 ] || skip 'needs another user'
	assert_equal "$(stat -c '%a %U' "$DATA/run/door")" '600 bardo'
	run ask_at_the_door nobody job reconcile
	assert_failure
	run ask_at_the_door bardo-net job reconcile
	assert_failure
}

@test "the host's door asks who is there even if it stands open" {
	[ "$(id -u)" = 0 ] || skip 'needs another user'
	chmod 666 "$DATA/run/door"
	ask_at_the_door nobody job reconcile || true
	wait_until 10 logged "user $(id -u nobody) may not ask"
	chmod 600 "$DATA/run/door"
}

@test "what makes no sense at the host's door changes nothing" {
	ask_at_the_door "$(id -un)" junk || true
	ask_at_the_door "$(id -un)" login SHA256:x || true
	ask_at_the_door "$(id -un)" job || true
	run ssh_bardo version
	assert_success
}

# ---- ends ----

@test "a command's exit status outlives a restart of bardod" {
	new_key late
	start_waiting
	bardod_stop
	bardod_start
	cat "$CLIENT/late.pub" >&"$key_in"
	end_waiting
	assert_status 0
	run bardo ssh-keys:list
	assert_output 'late@test$'
}

@test "so does the status of one that fails" {
	start_waiting
	bardod_stop KILL
	bardod_start
	echo 'no key' >&"$key_in"
	end_waiting
	[ "$status" -ge 1 ] && [ "$status" -le 5 ]
}

@test "a command that is killed leaves 255, a hint, and a line in the log" {
	start_waiting
	pid=$(command_pid)
	kill -9 "$pid"
	end_waiting
	assert_status 255
	assert_output 'ended without a status'
	wait_until 10 logged "process $pid, ended by signal 9"
}

@test "a bardod that was killed leaves nothing in the way of the next" {
	bardod_stop KILL
	[ -S "$DATA/run/door" ]
	bardod_start
	run ssh_bardo version
	assert_success
}

@test "a second bardod is refused, and the first goes on" {
	run timeout 20 "$BIN/bardod" --config "$CONFIG"
	assert_status 5
	assert_output "another bardod serves $DATA"
	[ -S "$DATA/run/door" ]
	run ssh_bardo version
	assert_success
}

@test "SIGINT ends it as SIGTERM does, with 0, and takes the door away" {
	touch "$SERVER/other-settings"
	pid=$(bardod_pid)
	kill -INT "$pid"
	status=0
	wait_until 20 is_gone "$pid"
	[ ! -e "$DATA/run/door" ]
	tail -n 1 "$SERVER/bardod.log" | grep -q SIGINT
}

@test "SIGHUP changes nothing, and the log says so" {
	kill -HUP "$(bardod_pid)"
	wait_until 10 logged 'SIGHUP: there is nothing to reload'
	run ssh_bardo version
	assert_success
}

@test "no child is left behind, nor a dead one unreaped" {
	for _ in 1 2 3; do ssh_bardo version >/dev/null; done
	is_let_in
	hang_up
	wait_until 20 has_no_children
}

@test "HAProxy is started again when it dies, and by a bardod that did not start it" {
	new_app_repo phoenix
	run push
	assert_success
	kill -9 "$(cat "$DATA/run/proxy/haproxy.pid")"
	wait_until 20 page_is "$APP" 'version 1'
	bardod_stop
	bardod_start
	kill -9 "$(cat "$DATA/run/proxy/haproxy.pid")"
	wait_until 20 page_is "$APP" 'version 1'
	logged 'haproxy, process [0-9]+, is dead'
}

# ---- the start ----

@test "it listens on IPv6, and says so with brackets" {
	server_with -c 'ssh.listen=[::1]:0'
	run tail -n 1 "$SERVER/bardod.log"
	assert_output 'ssh=\[::1\]:[0-9]+$'
	run ssh -F "$CLIENT/ssh_config" -i "$CLIENT/key" -p "$(ssh_port)" ::1 version
	assert_success
}

@test "an address that is taken is an error that says what to do" {
	mkdir "$SERVER/other"
	chmod 755 "$SERVER/other"
	run timeout 20 "$BIN/bardod" --config "$CONFIG" -c "server.data=$SERVER/other/d" \
		-c "ssh.listen=127.0.0.1:$(ssh_port)"
	rm -rf "$SERVER/other"
	assert_status 5
	assert_output 'another program listens there'
}

@test "host keys are made once" {
	before=$(sha256sum "$DATA"/keys/ssh_host_*)
	bardod_stop
	bardod_start
	assert_equal "$(sha256sum "$DATA"/keys/ssh_host_*)" "$before"
}

@test "a missing settings file is an error that names it" {
	run "$BIN/bardod" --config "$SERVER/missing"
	assert_status 2
	assert_output "$SERVER/missing: No such file"
}

@test "as root, it gives away no folder that is another's or in use" {
	[ "$(id -u)" = 0 ] || skip 'needs root'
	mkdir "$SERVER/theirs" "$SERVER/used"
	chown nobody "$SERVER/theirs"
	touch "$SERVER/used/file"
	for folder in theirs used; do
		owner=$(stat -c %U "$SERVER/$folder")
		run timeout 20 "$BIN/bardod" --config "$CONFIG" \
			-c "server.data=$SERVER/$folder"
		assert_status 3
		assert_output "belongs to user $owner"
		assert_equal "$(stat -c %U "$SERVER/$folder")" "$owner"
	done
	rm -r "$SERVER/theirs" "$SERVER/used"
}

@test "as root, it follows no link inside server.data" {
	[ "$(id -u)" = 0 ] || skip 'needs root'
	other=$SERVER/linked
	mkdir "$SERVER/target" "$other"
	touch "$SERVER/target/file"
	chmod 640 "$SERVER/target/file"
	chown bardo "$other"
	ln -s "$SERVER/target" "$other/run"
	run timeout 20 "$BIN/bardod" --config "$CONFIG" -c "server.data=$other"
	assert_failure
	rm "$other/run"
	ln -s "$SERVER/target/file" "$other/keys/ssh_host_rsa_key"
	run timeout 20 "$BIN/bardod" --config "$CONFIG" -c "server.data=$other"
	assert_failure
	assert_output 'host key ssh_host_rsa_key is a link'
	assert_equal "$(stat -c '%a %U:%G' "$SERVER/target")" '755 root:root'
	assert_equal "$(stat -c '%a %U:%G' "$SERVER/target/file")" '640 root:root'
	assert_equal "$(ls "$SERVER/target")" file
	rm -r "$other" "$SERVER/target"
}

@test "it takes less than a megabyte of its own" {
	size=$(awk '/^Private/ { sum += $2 } END { print sum }' \
		"/proc/$(bardod_pid)/smaps_rollup")
	[ "$size" -lt 1024 ]
}
