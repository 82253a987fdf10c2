#!/usr/bin/env bats
# doctor finds what is not in order, says what it means, and what to do.
bats_require_minimum_version 1.5.0

setup_file() {
	load lib
	server_start
}
teardown_file() {
	load lib
	docker rm -f "stray-s$SLOT" >/dev/null 2>&1 || true
	docker volume rm -f "stray-s${SLOT}_data" >/dev/null 2>&1 || true
	server_remove
}
setup() {
	load lib
	# URLs by a name, as a server that is in order has them.
	as_named=(-c "server.hostname=localhost")
}

finding() { # CHECK: its worst level, as JSON said it
	jq -r "[.[] | select(.check == \"$1\") | .level] |
		if index(\"problem\") then \"problem\" elif index(\"warning\") then \"warning\"
		elif length > 0 then \"ok\" else \"none\" end" <<<"$output"
}
todo() { # CHECK
	jq -r ".[] | select(.check == \"$1\" and .level != \"ok\") | .todo" <<<"$output"
}

@test "a server that is in order has no problem, and the exit status says so" {
	run ssh_bardo doctor
	assert_success
	assert_output '^ +ok +engine +the Engine .* answers, API 1\.'
	assert_output '^ +ok +proxy +HAProxy answers'
	assert_output '^=====> 0 problems'
	run bardo "${as_named[@]}" -c "ssh.listen=127.0.0.1:$(ssh_port)" doctor --format json
	assert_success
	for check in engine engine-builder git haproxy clock bardod ssh-port proxy \
		permissions keys lives certificates stray-containers stray-networks; do
		assert_equal "$check $(finding $check)" "$check ok"
	done
	assert_equal "$(finding settings)" none
	assert_equal "$(jq -r '[.[].level] | unique - ["ok", "warning", "problem"] | length' \
		<<<"$output")" 0
}

@test "what others can read is a problem, with the command that mends it" {
	chmod 644 "$DATA/bardo.db"
	run ssh_bardo doctor --format json
	assert_status 1
	assert_equal "$(finding permissions)" problem
	# (SQLite gives its log the same mode.)
	assert_equal "$(todo permissions | head -n 1)" "chmod 0600 $DATA/bardo.db"
	eval "$(todo permissions)" || true # its log may have gone meanwhile
	run ssh_bardo doctor --format json
	assert_success
	assert_equal "$(finding permissions)" ok
}

@test "containers, networks and volumes that no record knows are named" {
	new_app_repo known
	run push
	assert_success
	labels=$(docker inspect "bardo.$APP.web.1.1" |
		jq -r '.[0].Config.Labels | "--label bardo.server=" + .["bardo.server"]')
	labels+=" --label bardo.app=gone-s$SLOT --label bardo.life=1"
	# shellcheck disable=SC2086
	docker create --name "stray-s$SLOT" $labels busybox true
	# shellcheck disable=SC2086
	docker volume create $labels "stray-s${SLOT}_data"
	run ssh_bardo doctor --format json
	assert_success
	assert_equal "$(finding stray-containers)" warning
	assert_equal "$(todo stray-containers)" "docker rm -f stray-s$SLOT"
	assert_equal "$(todo stray-volumes)" "docker volume rm stray-s${SLOT}_data"
	assert_equal "$(finding stray-networks)" ok
	eval "$(todo stray-containers)"
	eval "$(todo stray-volumes)"
	run ssh_bardo doctor --format json
	assert_equal "$(finding stray-containers) $(finding stray-volumes)" 'ok ok'
}

@test "without bardod and the proxy no app is reached, and doctor says so on the host" {
	bardod_stop
	proxy_stop
	run bardo doctor
	bardod_start
	assert_status 1
	assert_output '^ ! +problem +bardod '
	assert_output '^ ! +problem +proxy +no app is reached'
	assert_output '-> start it: systemctl start bardod'
}

@test "keys that logins know and the record doesn't are a problem" {
	echo 'SHA256:smuggled' >>"$DATA/keys/authorized"
	run ssh_bardo doctor --format json
	assert_status 1
	assert_equal "$(finding keys)" problem
	bardo reconcile
	run ssh_bardo doctor --format json
	assert_equal "$(finding keys)" ok
}

@test "an Engine that doesn't answer is a problem" {
	run --separate-stderr bardo -c engine.host=unix:///nowhere/docker.sock doctor \
		--format json
	assert_status 1
	assert_equal "$(finding engine)" problem
	assert_shown 'engine.host = unix:///nowhere/docker.sock'
}

@test "a port where nobody, or somebody else, answers is a problem" {
	run bardo -c ssh.listen=127.0.0.1:1 doctor --format json
	assert_status 1
	assert_equal "$(finding ssh-port)" problem
	port=$((PORT_FIRST + SLOT * PORTS_PER_SLOT))
	run bardo -c "ssh.listen=127.0.0.1:$port" doctor --format json
	assert_status 1
	assert_output 'is not bardo'
}

@test "a disk with less than build.min-free is a problem" {
	run bardo -c build.min-free=900000g doctor --format json
	assert_status 1
	assert_equal "$(finding disk)" problem
	assert_output 'pushes are refused'
}

@test "settings that do nothing are told" {
	run bardo -c http.listen=127.0.0.1:9999 doctor --format json
	assert_success
	assert_output 'http.listen = 127.0.0.1:9999 has no effect'
}

@test "a deploy that was killed is found where nobody mends it" {
	new_app_repo killed
	gate_start
	dockerfile 'FROM busybox' "RUN $GATE"
	push_in_background
	gate_wait
	bardod_stop
	server_processes | awk '/bardo --door|proc-receive|receive-pack/ {print $1}' |
		kill_each KILL
	gate_release
	push_result
	run bardo doctor --format json
	bardod_start
	assert_status 1
	assert_equal "$(finding lives)" problem
	assert_equal "$(todo lives)" "on the host: bardo reconcile $APP"
	nothing_unfinished() {
		run ssh_bardo doctor --format json
		[ "$(finding lives)" = ok ]
	}
	wait_until 10 nothing_unfinished
}

# doctor_by PERL: asked through an Engine whose answers are changed by it; what it writes
# must be as long as what it finds.
doctor_by() {
	local wire=$SERVER/doctor.sock relay
	cat >"$BATS_TEST_TMPDIR/relay" <<-END
		#!/bin/sh
		socat - UNIX-CONNECT:${BARDO_TEST_ENGINE#unix://} | perl -e \
			'while (sysread STDIN, \$_, 65536) { $1; syswrite STDOUT, \$_ }'
	END
	chmod 755 "$BATS_TEST_TMPDIR/relay"
	socat -t 60 "UNIX-LISTEN:$wire,fork,mode=666" "EXEC:$BATS_TEST_TMPDIR/relay" 3>&- &
	relay=$!
	wait_until 5 test -S "$wire"
	run --separate-stderr bardo -c "engine.host=unix://$wire" doctor --format json
	kill_family "$relay"
	rm -f "$wire"
}

@test "an Engine that is too old, and one whose clock is wrong, are told" {
	doctor_by 's/(Api-?Version"?: ?"?)1\.\d\d/${1}1.12/g'
	assert_status 1
	assert_equal "$(finding engine)" problem
	assert_shown '1.12'
	assert_equal "$(todo engine)" 'install a newer Docker Engine: 20.10 or later'
	doctor_by 's/"SystemTime":"20\d\d/"SystemTime":"2001/'
	assert_success
	assert_equal "$(finding engine-clock)" warning
	assert_output 's apart'
	assert_shown 'timedatectl set-ntp true'
}

@test "programs that are too old are problems, with what needs a newer one" {
	printf '#!/bin/sh\necho git version 2.20.1\n' >"$BATS_TEST_TMPDIR/git"
	printf '#!/bin/sh\necho HAProxy version 2.2.9-1\n' >"$BATS_TEST_TMPDIR/haproxy"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR"/{git,haproxy}
	# shellcheck disable=SC2016
	run unshare -m sh -c 'mount --bind "$1/git" /usr/bin/git &&
		mount --bind "$1/haproxy" /usr/sbin/haproxy && shift && exec "$@"' \
		sh "$BATS_TEST_TMPDIR" "$BIN/bardo" --config "$CONFIG" doctor --format json
	assert_status 1
	assert_equal "$(finding git) $(finding haproxy)" 'problem problem'
	assert_output 'git is 2.20.1, and bardo needs 2.29 or later'
	assert_output 'haproxy is 2.2.9-1, and bardo needs 2.6 or later'
	assert_equal "$(todo git)" 'contrib/install-deps installs what is needed'
}

@test "a disk that is full of small files is told, however many bytes are free" {
	# shellcheck disable=SC2016
	run unshare -m sh -c '
		data=$1 && shift && mkdir "$data" &&
		mount -t tmpfs -o size=2g,nr_inodes=100,mode=755 none "$data" &&
		mkdir "$data/data" && "$@" -c "server.data=$data/data" users:list >/dev/null &&
		while [ "$(stat -f -c %d "$data")" -gt 3 ]; do
			: >"$data/file-$((n = n + 1))"
		done
		exec "$@" -c "server.data=$data/data" doctor --format json' \
		sh "$SERVER/small" "$BIN/bardo" --config "$CONFIG"
	assert_status 1
	assert_equal "$(finding disk)" warning
	assert_output 'has room for [0-9]+ more files of 100'
	assert_shown 'docker builder prune'
}
