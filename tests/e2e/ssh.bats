#!/usr/bin/env bats
# The SSH server before real clients: what it speaks, what it refuses, each of its limits,
# and bytes that arrive as they were sent. What no ordinary client can bring about stands
# in tests/unit/ssh_session_test.c and ssh_pump_test.c.

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
	use_git
}
teardown() {
	master_stop
}

# ssh_to [OPTION ...] -- [WORD ...]
ssh_to() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	ssh -F "$CLIENT/ssh_config" -i "$CLIENT/key" -p "$(ssh_port)" "${options[@]}" \
		127.0.0.1 "$@"
}

# bardod again, with these settings for this test.
restart_with() {
	local settings=()
	while [ $# -gt 0 ]; do
		settings+=(-c "$1")
		shift
	done
	bardod_stop
	bardod_start "${settings[@]}"
}

log_says() {
	grep -qE -- "$1" "$SERVER/bardod.log"
}
count_in_log() {
	grep -cE -- "$1" "$SERVER/bardod.log" || true
}

# A connection that only connects: everything the server says until it hangs up.
listen_to_server() {
	timeout 20 socat -u "TCP:127.0.0.1:$(ssh_port)" -
}

# One connection that is kept open in the background, for commands to share.
master_start() {
	ssh_to -M -S "$BATS_TEST_TMPDIR/master" -f -N -- 3>&-
}
over_master() {
	ssh_to -S "$BATS_TEST_TMPDIR/master" "${@}"
}
master_pid() {
	over_master -O check -- 2>&1 | sed -nE 's/.*pid=([0-9]+).*/\1/p'
}
master_stop() {
	over_master -O exit -- >/dev/null 2>&1 || true
}
connections() {
	server_processes | grep -c bardo-ssh || true
}
no_connections() {
	[ "$(connections)" = 0 ]
}

# ---- keys and algorithms ----

@test "host keys are made at the first start, and kept" {
	before=$(ssh-keyscan -p "$(ssh_port)" 127.0.0.1 2>/dev/null | sed 's/^[^ ]* //' | sort)
	run ssh-keygen -l -f - <<<"$(sed 's/^/host /' <<<"$before")"
	assert_output '^256 .*ED25519'
	assert_output '^3072 .*RSA'
	assert_equal "$(wc -l <<<"$before")" 2
	restart_with
	after=$(ssh-keyscan -p "$(ssh_port)" 127.0.0.1 2>/dev/null | sed 's/^[^ ]* //' | sort)
	assert_equal "$after" "$before"
}

@test "nobody but root and the connections' user reads the host keys" {
	for key in "$DATA"/keys/ssh_host_*_key; do
		assert_equal "$(stat -c %a "$key")" 640
	done
}

@test "a client that knows no ed25519 gets in by RSA with SHA-2" {
	run ssh_to -o HostKeyAlgorithms=rsa-sha2-512 \
		-o UserKnownHostsFile="$BATS_TEST_TMPDIR/known" -- version
	assert_success
	run ssh_to -o HostKeyAlgorithms=rsa-sha2-256 \
		-o UserKnownHostsFile="$BATS_TEST_TMPDIR/known" -- version
	assert_success
}

@test "nothing with SHA-1, CBC or MD5, no compression, and strict key exchange" {
	run ssh_to -vv -- version
	assert_success
	output=$(sed -n '/peer server KEXINIT proposal/,/first_kex_follows/p' <<<"$output")
	assert_output 'KEX algorithms: .*curve25519-sha256'
	assert_output 'kex-strict-s-v00@openssh.com'
	refute_output 'sha1|cbc|md5|arcfour|ssh-dss|ssh-rsa|group1|zlib'
}

@test "a client that insists on something older is turned away" {
	for option in KexAlgorithms=diffie-hellman-group14-sha1 Ciphers=aes128-cbc \
		HostKeyAlgorithms=ssh-rsa; do
		run ssh_to -o LogLevel=INFO -o "$option" -- version
		assert_status 255
		assert_output 'no matching'
	done
	run ssh_to -o LogLevel=INFO -o Ciphers=aes128-ctr -o MACs=hmac-sha1 -- version
	assert_status 255
	assert_output 'no matching MAC'
}

@test "every cipher and MAC that is offered works" {
	for cipher in chacha20-poly1305@openssh.com aes256-gcm@openssh.com \
		aes128-gcm@openssh.com aes256-ctr aes192-ctr aes128-ctr; do
		run ssh_to -o Ciphers="$cipher" -- version
		assert_success
	done
	for mac in hmac-sha2-256-etm@openssh.com hmac-sha2-512-etm@openssh.com \
		hmac-sha2-256 hmac-sha2-512; do
		run ssh_to -o Ciphers=aes256-ctr -o MACs="$mac" -- version
		assert_success
	done
}

@test "RSA and ECDSA keys log in, RSA with SHA-2 only" {
	ssh-keygen -q -t rsa -b 2048 -N '' -f "$CLIENT/rsa"
	ssh-keygen -q -t ecdsa -N '' -f "$CLIENT/ecdsa"
	for key in rsa ecdsa; do
		bardo ssh-keys:add "user-$key" <"$CLIENT/$key.pub"
		KEY=$CLIENT/$key run ssh_bardo version
		assert_success
	done
	KEY=$CLIENT/rsa run ssh_bardo -o PubkeyAcceptedAlgorithms=ssh-rsa version
	assert_status 255
}

@test "a certificate is refused, whoever signed it and whatever key is in it" {
	new_key ca
	cp "$CLIENT/key" "$CLIENT/certified"
	cp "$CLIENT/key.pub" "$CLIENT/certified.pub"
	ssh-keygen -q -s "$CLIENT/ca" -I admin -n deploy "$CLIENT/certified.pub"
	KEY=$CLIENT/certified run ssh_bardo \
		-o PubkeyAcceptedAlgorithms=ssh-ed25519-cert-v01@openssh.com version
	assert_status 255
	assert_output 'Permission denied'
}

# ---- one connection ----

@test "several commands share one connection, each with its own status" {
	logins=$(count_in_log 'login with key')
	master_start
	for n in 1 2 3 4 5 6 7 8; do
		over_master -- version >"$BATS_TEST_TMPDIR/out.$n" 2>&1 3>&- &
	done
	run over_master -- no-such-verb
	assert_status 2
	wait
	for n in 1 2 3 4 5 6 7 8; do
		grep -q bardo "$BATS_TEST_TMPDIR/out.$n"
	done
	assert_equal "$(count_in_log 'login with key')" $((logins + 1))
	assert_equal "$(connections)" 1
}

@test "a connection ends with its client" {
	master_start
	assert_equal "$(connections)" 1
	kill -9 "$(master_pid)"
	wait_until 10 no_connections
}

@test "a silent connection is kept by probes" {
	probes_are_on() {
		ss -tnoH state established "( sport = :$(ssh_port) )" |
			grep -qF 'timer:(keepalive,'
	}
	master_start
	wait_until 10 probes_are_on
}

@test "forwarding, agent, X11 and subsystems are refused" {
	run ssh_to -o ExitOnForwardFailure=yes -R 0:127.0.0.1:22 -N --
	assert_status 255
	run ssh_to -W 127.0.0.1:22 -- </dev/null
	assert_status 255
	assert_output 'stdio forwarding failed'
	run ssh_to -s -- sftp </dev/null
	assert_status 255
	assert_output 'subsystem request failed'
	run env DISPLAY=:0 ssh -F "$CLIENT/ssh_config" -i "$CLIENT/key" -v -X -A \
		-p "$(ssh_port)" 127.0.0.1 version
	assert_success
	assert_output 'X11 forwarding request failed'
}

@test "GIT_PROTOCOL reaches git when it is valid, and is left out when not" {
	bardo apps:create "protocol-s$SLOT"
	run bash -c "GIT_PROTOCOL=version=2 ssh -F '$CLIENT/ssh_config' -i '$CLIENT/key' \
		-p $(ssh_port) -o SendEnv=GIT_PROTOCOL 127.0.0.1 \
		\"git-upload-pack 'protocol-s$SLOT'\" </dev/null | tr -d '\\0'"
	assert_output '^000eversion 2'
	run bash -c "GIT_PROTOCOL='version=2 x' ssh -F '$CLIENT/ssh_config' -i '$CLIENT/key' \
		-p $(ssh_port) -o SendEnv=GIT_PROTOCOL 127.0.0.1 \
		\"git-upload-pack 'protocol-s$SLOT'\" </dev/null | tr -d '\\0'"
	refute_output 'version 2'
}

@test "a terminal is a terminal" {
	run ssh_to -tt -- version
	assert_success
	assert_output $'\r'
}

@test "a command that is longer than the door takes is told with status 2" {
	word=$(head -c 100000 /dev/zero | tr '\0' a)
	run ssh_to -- version "$word" "$word"
	assert_status 2
	assert_output '^ !     the command is too large'
}

@test "a quotation that does not end is told with status 2" {
	run ssh_to -- "git-receive-pack 'shop"
	assert_status 2
	assert_output 'quotation'
}

# ssh_with_nul [OPTION ...] -- WORD ...: %NUL% in the words arrives as NULs.
ssh_with_nul() {
	local shim=$BATS_TEST_TMPDIR/nul_in_packet.so
	[ -e "$shim" ] || cc -O2 -D_GNU_SOURCE -shared -fPIC -o "$shim" \
		"$TOP/tests/e2e/nul_in_packet.c"
	LD_PRELOAD=$shim ssh_to -o Ciphers=aes256-gcm@openssh.com "$@"
}

@test "a NUL in a command is told with status 2, and nothing is made" {
	name=nul-s$SLOT
	for command in "git-receive-pack $name%NUL%b" "git-receive-pack '$name%NUL%b'" \
		"git-receive-pack $name%NUL%" "apps:create $name%NUL%" "%NUL%"; do
		run ssh_with_nul -- "$command" </dev/null
		assert_status 2
		assert_equal "$output" ' !     the command has a NUL byte in it: leave it out'
	done
	# Not only when the command comes alone.
	run ssh_with_nul -tt -o SetEnv='LANG=C.UTF-8 LC_ALL=C.UTF-8' -- "apps:create $name%NUL%b"
	assert_status 2
	assert_output 'NUL byte'
	run ssh_to -- apps:exists "$name"
	assert_status 4
	[ ! -e "$DATA/repos/$name.git" ]
}

# ---- limits ----

@test "ssh.login-grace ends a connection that does not log in" {
	restart_with ssh.login-grace=1s
	started=$SECONDS
	run listen_to_server
	assert_output '^SSH-2.0-bardo'
	[ $((SECONDS - started)) -le 10 ]
	log_says 'no login in time from 127\.0\.0\.1'
}

@test "ssh.max-tries ends a connection whose keys are refused" {
	restart_with ssh.max-tries=2
	for n in 1 2; do
		[ -f "$CLIENT/wrong$n" ] || new_key "wrong$n"
	done
	run ssh -F "$CLIENT/ssh_config" -p "$(ssh_port)" -i "$CLIENT/wrong1" \
		-i "$CLIENT/wrong2" -i "$CLIENT/key" 127.0.0.1 version
	assert_status 255
	log_says 'too many refused logins from 127\.0\.0\.1'
	# One wrong key is no reason.
	run ssh -F "$CLIENT/ssh_config" -p "$(ssh_port)" -i "$CLIENT/wrong1" \
		-i "$CLIENT/key" 127.0.0.1 version
	assert_success
}

@test "ssh.max-connections bounds the connections in all" {
	restart_with ssh.max-connections=1
	master_start
	run ssh_to -- version
	assert_status 255
	run over_master -- version
	assert_success
	master_stop
	wait_until 10 no_connections
	run ssh_to -- version
	assert_success
}

@test "ssh.max-per-address bounds the connections of one address" {
	restart_with ssh.max-per-address=1
	master_start
	run ssh_to -- version
	assert_status 255
	log_says 'refused 127\.0\.0\.1'
	run ssh_to -o BindAddress=127.0.0.2 -- version
	assert_success
}

@test "ssh.logins-per-minute bounds the new connections of one address" {
	restart_with ssh.logins-per-minute=3
	for _ in 1 2 3; do
		run ssh_to -o BindAddress=127.0.0.3 -- version
		assert_success
	done
	run ssh_to -o BindAddress=127.0.0.3 -- version
	assert_status 255
	run ssh_to -o BindAddress=127.0.0.4 -- version
	assert_success
}

# ---- bytes ----

# repository_with_bytes MEGABYTES: random, so that nothing makes them fewer; tagged v1.
# A tag is accepted without a deploy.
repository_with_bytes() {
	git init -q "$BATS_TEST_TMPDIR/sent"
	cd "$BATS_TEST_TMPDIR/sent" || return 1
	git config core.compression 0
	git config core.bigFileThreshold 1m
	head -c "$1m" /dev/urandom >bytes
	git add bytes
	git commit -q -m 'Random bytes'
	git tag v1
	APP=bytes$BATS_TEST_NUMBER-s$SLOT
	bardo apps:create "$APP"
}

# Pushes the tag and fetches it again elsewhere.
there_and_back() {
	git push -q "$1" v1
	git init -q "$BATS_TEST_TMPDIR/got"
	git -C "$BATS_TEST_TMPDIR/got" fetch -q "$1" tag v1
	git -C "$BATS_TEST_TMPDIR/got" cat-file blob v1:bytes |
		cmp - "$BATS_TEST_TMPDIR/sent/bytes"
	bardo apps:destroy "$APP" --force
}

@test "300 MB go both ways byte for byte" {
	restart_with
	repository_with_bytes 300
	there_and_back "$(remote_url "$APP")"
}

@test "new keys in mid-transfer change no byte" {
	repository_with_bytes 32
	export GIT_SSH_COMMAND="$GIT_SSH_COMMAND -v -E $BATS_TEST_TMPDIR/ssh.log -o RekeyLimit=1M"
	there_and_back "$(remote_url "$APP")"
	# At least once a megabyte, both ways.
	[ "$(grep -c 'SSH2_MSG_NEWKEYS received' "$BATS_TEST_TMPDIR/ssh.log")" -ge 40 ]
}

# far_away MS: a namespace for the server, one for the client, and a wire between them
# that takes so long each way. The server is started anew in its own.
far_away() {
	local near=bardo-s$SLOT
	FAR=bardo-c$SLOT
	cc -O2 -D_GNU_SOURCE -I "$TOP" -o "$BATS_TEST_TMPDIR/delay_link" \
		"$TOP/tests/e2e/delay_link.c" "$TOP/config/base/number.c"
	ip netns add "$near"
	ip netns add "$FAR"
	mkfifo "$BATS_TEST_TMPDIR/wire"
	"$BATS_TEST_TMPDIR/delay_link" "$1" "bdl-a$SLOT" "bdl-b$SLOT" \
		>"$BATS_TEST_TMPDIR/wire" 3>&- &
	WIRE_PID=$!
	read -r _ <"$BATS_TEST_TMPDIR/wire"
	join_wire "$near" "bdl-a$SLOT" 192.0.2.1 192.0.2.2
	join_wire "$FAR" "bdl-b$SLOT" 192.0.2.2 192.0.2.1
	bardod_stop
	export SERVER_NETNS=$near
	bardod_start -c ssh.listen=192.0.2.1:0
}
join_wire() { # NAMESPACE INTERFACE ADDRESS PEER
	ip link set "$2" netns "$1"
	ip -n "$1" link set lo up
	ip -n "$1" address add "$3" peer "$4" dev "$2"
	ip -n "$1" link set "$2" txqueuelen 10000 up
}
come_back() {
	bardod_stop
	proxy_stop
	kill "$WIRE_PID"
	ip netns del "$SERVER_NETNS"
	ip netns del "$FAR"
	unset SERVER_NETNS
	bardod_start
}

@test "a client at 100 ms of round trip pushes and fetches" {
	if [ "$(id -u)" != 0 ] || [ ! -c /dev/net/tun ]; then
		skip 'makes network namespaces: needs root and /dev/net/tun'
	fi
	repository_with_bytes 48
	far_away 50
	started=$SECONDS
	export GIT_SSH_COMMAND="ip netns exec $FAR $GIT_SSH_COMMAND"
	there_and_back "ssh://192.0.2.1:$(ssh_port)/$APP"
	took=$((SECONDS - started))
	come_back
	# A window of 64 kB, opened once each round trip, would take 75 s each way.
	[ $took -le 60 ]
}
