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
	stop_asking
	[ ! -e "$OWN/docker.pid" ] || kill -CONT "$(cat "$OWN/docker.pid")" || true
	gate_release
}
setup() {
	load lib
	load ask
	server_as_usual
	if [ "$(id -u)" != 0 ]; then skip 'needs root for an Engine of its own'; fi
}

# own_engine [FOLDER [OPTION ...]]: bardod works with an Engine of this test's own.
own_engine() {
	OWN=${1:-$OWN}
	"$TOP/contrib/throwaway-engine" start "$OWN"
	# The server's user goes through here to the socket.
	export DOCKER_HOST=unix://$OWN/docker.sock
	"$TOP/contrib/examples/base-image" --import
	server_with -c "engine.host=$DOCKER_HOST" "${@:2}"
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

follows_logs() {
	docker exec "bardo.$APP.web.1.1" sh -c 'echo here >/proc/1/fd/1'
	grep -q here "$BATS_TEST_TMPDIR/logs"
}

@test "an Engine that stops answering is told as that, and the old life stays" {
	own_engine "" -c engine.timeout=6s
	new_app_repo hangs
	push
	gate_start
	dockerfile 'FROM busybox' "RUN $GATE" 'CMD ["true"]'
	push_in_background
	gate_wait
	# Who only reads what comes doesn't wait for ever either.
	ssh_bardo logs "$APP" -t >"$BATS_TEST_TMPDIR/logs" 2>&1 3>&- &
	reader=$!
	wait_until 10 follows_logs
	kill -STOP "$(cat "$OWN/docker.pid")"
	stopped=$SECONDS
	push_result
	took=$((SECONDS - stopped))
	assert_status 1
	assert_output 'The Docker Engine has not answered for [0-9]+ s: waiting'
	assert_output 'remote rejected.*the Docker Engine does not answer, not even a ping'
	echo "# rejected after $took s" >&3
	[ "$took" -lt 20 ]
	status=0
	wait "$reader" || status=$?
	output=$(cat "$BATS_TEST_TMPDIR/logs")
	assert_status 1
	assert_output 'the Docker Engine does not answer'
	assert_equal "$(page "$APP")" 'version 1'
	kill -CONT "$(cat "$OWN/docker.pid")"
	gate_release
	wait_until 40 state_is 2 failed
	wait_until 40 has_containers "$APP" 1
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

stop_engine() {
	local pid
	pid=$(cat "$OWN/docker.pid")
	kill "$pid"
	wait_until 40 is_gone "$pid"
}
restart_engine() {
	stop_engine
	"$TOP/contrib/throwaway-engine" start "$OWN"
}
has_images() { # COUNT
	[ "$(engine_images | wc -l)" = "$1" ]
}
now_ms() {
	date +%s%3N
}
@test "an Engine that restarts in mid-swap: the old life comes back alone" {
	own_engine
	new_app_repo midswap
	push
	url=$(app_url "$APP")
	gate_before_start
	write_version 2
	push_in_background
	gate_wait
	asks "$url"
	began=$(now_ms)
	# The push ends while there is no Engine: what it had made is left to bardod.
	stop_engine
	push_result
	"$TOP/contrib/throwaway-engine" start "$OWN"
	gate_release
	assert_status 1
	assert_output 'remote rejected.*(check|start) failed'
	wait_until 60 all_agree 'version 1'
	answered=$(now_ms)
	wait_until 60 has_containers "$APP" 1
	wait_until 20 state_is 2 failed
	stop_asking
	# The Engine stops containers when it ends: for so long nobody could answer.
	echo "# from the Engine's end to the old life's next answer: $((answered - began)) ms" >&3
	run grep 'version 2' "$BATS_TEST_TMPDIR/answers"
	assert_failure
	wait_until 20 has_images 1
	assert_equal "$(sqlite3 "$DATA/bardo.db" \
		"SELECT name FROM container WHERE name LIKE 'bardo.$APP.%'")" "bardo.$APP.web.1.1"
	run deploy_version 3
	assert_success
	run ssh_bardo apps:destroy "$APP" --force
	assert_success
	shared_engine
}

@test "after a reboot nobody is sent to an address before it is the app's again" {
	own_engine
	new_app_repo reboots
	push
	url=$(app_url "$APP")
	own=$(running_containers_of "$APP")
	address=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$own")
	# The machine goes down. When it comes up again, somebody else is at the address.
	bardod_stop KILL
	xargs kill -9 <"$DATA/run/proxy/haproxy.pid"
	docker stop -t 1 "$own" >/dev/null
	docker run -d --restart always --name other --network "bardo.$APP" --ip "$address" busybox \
		sh -c 'mkdir /w; echo other >/w/index.html; exec httpd -f -p 5000 -h /w' >/dev/null
	restart_engine
	wait_until 20 is_other "$address"
	asks "$url"
	bardod_start -c "engine.host=$DOCKER_HOST"
	wait_until 20 grep -q ' 503 ' "$BATS_TEST_TMPDIR/answers"
	wait_until 20 grep -q "reconcile failed" "$SERVER/bardod.log"
	docker rm -f other >/dev/null
	wait_until 60 page_is "$APP" 'version 1'
	stop_asking
	assert_equal "$(answers_seen | grep -vE '^(200 version 1|503 503: .*|-1 )$')" ''
	run ssh_bardo apps:destroy "$APP" --force
	assert_success
	shared_engine
}
is_other() {
	[ "$(curl -s --max-time 2 "http://$1:5000/")" = other ]
}
