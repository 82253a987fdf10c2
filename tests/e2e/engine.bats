#!/usr/bin/env bats
# An Engine that fails: it is away, it dies, it stops answering, its disk is full. Each is
# a clear message, a rejected push, and nothing that serves is touched.

setup_file() {
	load lib
	server_start
	export OWN=$SERVER/engine
}
teardown_file() {
	load lib
	for engine in "$OWN" "$OWN-disk/engine"; do
		[ ! -d "$engine" ] || "$TOP/contrib/throwaway-engine" stop "$engine"
	done
	! mountpoint -q "$OWN-disk" || umount "$OWN-disk"
	server_remove
}
teardown() {
	gate_release
}
setup() {
	load lib
	server_as_usual
	if [ "$(id -u)" != 0 ]; then skip 'needs root for an Engine of its own'; fi
}

# own_engine [FOLDER]: bardod works with an Engine of this test's own.
own_engine() {
	OWN=${1:-$OWN}
	"$TOP/contrib/throwaway-engine" start "$OWN"
	# The server's user goes through here to the socket.
	export DOCKER_HOST=unix://$OWN/docker.sock
	"$TOP/contrib/examples/base-image" --import
	server_with -c "engine.host=$DOCKER_HOST"
}
shared_engine() {
	server_as_usual
	"$TOP/contrib/throwaway-engine" stop "$OWN"
}

@test "an Engine that is away is named, and the push rejected" {
	server_with -c engine.host=unix:///nowhere/docker.sock
	new_app_repo away
	run push
	assert_failure
	assert_output 'rejected'
	assert_output 'cannot reach the Docker Engine: No such file or directory'
	# Where it is, is the log's.
	refute_output '/nowhere'
	grep -q '/nowhere/docker\.sock' "$SERVER/bardod.log"
	server_as_usual
	git remote set-url production "$(remote_url "$APP")"
	run push
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
}

@test "an Engine that dies in mid-build rejects the push, and the next one works" {
	own_engine
	new_app_repo dies
	gate_start
	dockerfile 'FROM busybox' "RUN $GATE" 'COPY www /www' 'COPY start /start' \
		'CMD ["/start"]'
	push_in_background
	gate_wait
	pid=$(cat "$OWN/docker.pid")
	kill -9 "$pid"
	wait_until 10 is_gone "$pid"
	push_result
	gate_release
	assert_status 1
	assert_output 'remote rejected.*(Engine|engine)'
	own_engine
	git remote set-url production "$(remote_url "$APP")"
	run push
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
	run ssh_bardo apps:destroy "$APP" --force
	assert_success
	shared_engine
}

@test "an Engine that stops answering counts as away" {
	own_engine
	new_app_repo hangs
	gate_start
	dockerfile 'FROM busybox' "RUN $GATE" 'CMD ["true"]'
	push_in_background
	gate_wait
	kill -STOP "$(cat "$OWN/docker.pid")"
	push_result
	kill -CONT "$(cat "$OWN/docker.pid")"
	gate_release
	assert_status 1
	assert_output 'remote rejected.*(Engine|engine|answer)'
	shared_engine
}

@test "a full disk under the Engine is told as that" {
	disk=$OWN-disk
	mkdir -p "$disk"
	mount -t tmpfs -o size=24m,mode=711 tmpfs "$disk"
	own_engine "$disk/engine"
	new_app_repo fills
	head -c 40M /dev/urandom >blob
	dockerfile 'FROM busybox' 'COPY blob /blob' 'CMD ["true"]'
	run push
	assert_status 1
	assert_output 'remote rejected.*(space|disk)'
	shared_engine
	umount "$disk"
}
