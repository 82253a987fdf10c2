#!/usr/bin/env bats
# The programs themselves: what they link, who they become, what they say of settings.

setup_file() {
	load lib
	server_start
}
teardown_file() {
	load lib
	server_remove
}
teardown() {
	gate_release
}
setup() {
	load lib
}

# (/proc/PID belongs to root where a process may not be looked into.)
user_of() {
	id -nu "$(awk '/^Uid:/ { print $3 }' "/proc/$1/status")"
}

# The libraries that a program asks for itself.
links() {
	readelf -d "$BIN/$1" | sed -nE 's/.*NEEDED.*\[lib([^.]*)\.so.*/\1/p' | sort | xargs
}

@test "bardod links libc alone" {
	assert_equal "$(links bardod)" c
}

@test "bardo-ssh links libssh and libc alone" {
	assert_equal "$(links bardo-ssh)" 'c ssh'
}

@test "every program is position independent and has its relocations sealed" {
	for program in bardod bardo-ssh bardo; do
		run readelf -hldW "$BIN/$program"
		assert_output 'Type: +DYN'
		assert_output 'GNU_RELRO'
		assert_output 'BIND_NOW|NOW'
	done
}

@test "as root, what faces strangers is bardo-net and what works is bardo" {
	[ "$(id -u)" = 0 ] || skip 'needs root'
	control=$BATS_TEST_TMPDIR/control
	ssh_bardo -M -S "$control" -N -f 3>&-
	pid=$(server_processes | awk '/bardo-ssh/ { print $1; exit }')
	assert_equal "$(user_of "$pid")" bardo-net
	ssh -S "$control" -O exit 127.0.0.1 2>/dev/null
	new_app_repo owned
	gate_start
	dockerfile 'FROM busybox' "RUN $GATE" 'COPY start /start' 'COPY www /www' \
		'CMD ["/start"]'
	push_in_background
	gate_wait
	for program in '--door' 'proc-receive'; do
		pid=$(server_processes | awk -v p="$program" 'index($0, p) { print $1; exit }')
		assert_equal "$(user_of "$pid")" bardo
	done
	gate_release
	push_result
	assert_success
}

@test "as root, bardo-net can read neither the database nor a repository" {
	[ "$(id -u)" = 0 ] || skip 'needs root'
	for path in bardo.db repos logs locks; do
		run setpriv --reuid bardo-net --regid bardo-net --init-groups -- \
			ls -l "$DATA/$path/"
		assert_failure
		run setpriv --reuid bardo-net --regid bardo-net --init-groups -- \
			cat "$DATA/$path"
		assert_failure
	done
	assert_equal "$(stat -c '%a %U:%G' "$DATA/keys/ssh_host_ed25519_key")" \
		'640 root:bardo-net'
}

@test "an unknown setting is an error that names file and line" {
	wrong=$SERVER/wrong.conf
	printf '[ssh]\n\tlisten = 127.0.0.1:0\n\tlissten = 1\n' >"$wrong"
	for command in 'bardo version' bardod; do
		# shellcheck disable=SC2086 # a program and perhaps a verb
		set -- $command
		run "$BIN/$1" --config "$wrong" "${@:2}"
		assert_status 2
		assert_output "$wrong:3: .*lissten"
	done
}

@test "a bad value on the command line is an error that names it" {
	run "$BIN/bardo" --config "$CONFIG" -c proxy.ports=9-1 version
	assert_status 2
	assert_output 'proxy\.ports.*8100-8199'
}

@test "bardo settings prints every setting with its value" {
	run bardo settings
	assert_success
	assert_output "^server\.data=$DATA$"
	assert_output '^ssh\.listen=127\.0\.0\.1:0$'
}

@test "a second bardod on the same data is refused" {
	run timeout 20 "$BIN/bardod" --config "$CONFIG"
	assert_failure
	refute_output '^ready'
	run ssh_bardo version
	assert_success
}

@test "bardod ends at once when it is told to, and the sites stay up" {
	new_app_repo stays
	run push
	assert_success
	url=$(app_url "$APP")
	bardod_stop TERM
	assert_equal "$(curl -fsS "$url")" 'version 1'
	bardod_start
	assert_equal "$(curl -fsS "$url")" 'version 1'
}

@test "make install lays the programs beside each other, with names on the path" {
	for program in bardod bardo-ssh bardo hooks.d/pre-receive hooks.d/proc-receive; do
		[ -x "$BIN/$program" ]
	done
	assert_equal "$(readlink "$BARDO_TEST_ROOT/usr/bin/bardo")" /usr/lib/bardo/bardo
	assert_equal "$(readlink "$BARDO_TEST_ROOT/usr/sbin/bardod")" /usr/lib/bardo/bardod
	grep -q "^ExecStart=/usr/sbin/bardod " \
		"$BARDO_TEST_ROOT/usr/lib/systemd/system/bardod.service"
}
