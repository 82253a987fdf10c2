#!/usr/bin/env bats
# Whatever is killed at whatever moment: one life serves, the record says which, the ref
# agrees, and nothing is left lying about.

setup_file() {
	load lib
	server_start
	# Who waits in a check waits for the test, and not the other way round.
	sed -i '/\[check\]/,+1s/timeout = .*/timeout = 60s/' "$CONFIG"
	bardod_stop
	bardod_start
}
teardown_file() {
	load lib
	server_remove
}
teardown() {
	if [ -n "${STALLED:-}" ]; then kill_family "$STALLED" CONT; fi
	stop_asking
	gate_release
}
setup() {
	load lib
	load ask
}

# Version 1 serves; version 2 waits in its build until the gate opens.
in_mid_build() {
	new_app_repo "$1"
	run push
	assert_success
	gate_start
	printf '%s\n' 'FROM busybox' "RUN $GATE" 'COPY start /start' 'COPY www /www' \
		'CMD ["/start"]' >Dockerfile
	write_version 2
	push_in_background
	gate_wait
}

# Version 1 serves; version 2 is started and doesn't listen until the gate opens.
in_mid_check() {
	new_app_repo "$1"
	run push
	assert_success
	gate_before_start
	write_version 2
	push_in_background
	gate_wait
}

# The one process of this server whose command line matches.
process() {
	server_processes | grep -E -- "$1" | head -n 1 | cut -d ' ' -f 1
}
kill_process() {
	local pid
	pid=$(process "$1")
	[ -n "$pid" ] || {
		echo "no process matches $1:" >&2
		server_processes >&2
		return 1
	}
	kill -9 "$pid"
}

# git and its ssh, all at once.
kill_client() {
	kill_family "$PUSH_PID" KILL
	wait "$PUSH_PID" 2>/dev/null || true
}

# Within the deadline version $1 serves alone, and nothing of another life is left.
assert_settles_at() {
	wait_until 30 all_agree "version $1"
	wait_until 20 has_containers "$APP" 1
	assert_equal "$(ssh_bardo lives "$APP" --format json |
		jq '[.[] | select(.state == "live")] | length')" 1
}
# And the app can be pushed to as if nothing had been.
assert_goes_on() {
	run deploy_version after
	assert_success
	assert_settles_at after
}
no_life_is_unfinished() {
	bardo lives "$APP" --format json |
		jq -e 'all(.[]; .state == "live" or .state == "failed" or
			.state == "retired" or .state == "canceled")' >/dev/null
}

@test "the client dies in mid-build: the deploy ends as it would have" {
	in_mid_build client
	kill_client
	assert_equal "$(page "$APP")" 'version 1'
	gate_release
	assert_settles_at 2
	assert_goes_on
}

# One that stops reading (Ctrl-Z) holds nobody up: what it doesn't take fills the windows
# and pipes on the way, and more than that.
@test "the client stops reading in mid-deploy: the deploy and the next one end" {
	new_app_repo stalled
	run push
	assert_success
	gate_start
	line=$(printf '%080d' 7)
	printf 'release: %s; yes %s | head -n 45000; echo that was all\n' "$GATE" "$line" \
		>Procfile
	write_version 2
	push_in_background
	gate_wait
	STALLED=$PUSH_PID
	kill_family "$STALLED" STOP
	gate_release
	wait_until 60 page_is "$APP" 'version 2'
	# Its lock is free, and its log is whole.
	restarts() { ssh_bardo ps:restart "$APP"; }
	wait_until 30 restarts
	assert_equal "$(ssh_bardo lives:log "$APP" 2 | grep -c "$line$")" 45000
	kill_family "$STALLED" CONT
	push_result
	assert_success
	assert_output 'that was all'
	assert_output 'main -> main'
}

@test "the client dies before a build that fails: the record says so" {
	new_app_repo badclient
	run push
	assert_success
	gate_start
	dockerfile 'FROM busybox' "RUN $GATE; exit 4"
	push_in_background
	gate_wait
	kill_client
	gate_release
	wait_until 30 state_is 2 failed
	assert_settles_at 1
}

@test "proc-receive dies in mid-build: version 1 goes on, and the life has failed" {
	in_mid_build hook
	kill_process 'proc-receive'
	push_result
	assert_failure
	gate_release
	wait_until 30 state_is 2 failed
	assert_settles_at 1
	assert_goes_on
}

@test "proc-receive dies in mid-check: the new container goes" {
	in_mid_check hookcheck
	kill_process 'proc-receive'
	push_result
	assert_failure
	gate_release
	wait_until 30 state_is 2 failed
	assert_settles_at 1
	assert_goes_on
}

no_command_runs() {
	! server_processes | grep -q -- '--door'
}

@test "ps:restart of a lone web dies half-way: one web is left, and no request is lost" {
	new_app_repo halfway
	gate_start
	printf '#!/bin/sh\nleave() {\n%s\nexit\n}\ntrap leave TERM\n%s & wait\n' "$GATE" \
		'httpd -f -p 5000 -h /www' >start
	git commit -qam 'Waits before it ends'
	ssh_bardo apps:create "$APP"
	ssh_bardo ps:set "$APP" stop-timeout-seconds 300
	run push
	assert_success
	url=$(app_url "$APP")
	wait_until 20 no_command_runs
	ssh_bardo ps:restart "$APP" web >"$BATS_TEST_TMPDIR/restart" 2>&1 3>&- &
	gate_wait
	asks "$url"
	# The second web serves, and the first ends.
	kill_process '--door'
	gate_release
	wait_until 40 has_containers "$APP" 1
	wait_until 20 no_command_runs
	assert_equal "$(running_containers_of "$APP")" "bardo.$APP.web.1.1"
	wait_until 20 all_agree 'version 1'
	stop_asking
	assert_equal "$(answers_seen)" '200 version 1'
	assert_equal "$(ssh_bardo ps:scale "$APP" --format json | jq -c .)" '{"web":1}'
}

@test "ps:scale dies before what is too much is gone: what is under way there is answered" {
	local n
	new_app_repo shrinks
	mkdir www/cgi-bin
	printf '#!/bin/sh\ntouch /tmp/asked\nwhile [ ! -e /tmp/go ]; do sleep 0.1; done\n%s\n' \
		'printf "Status: 200 OK\n\nwhole\n"' >www/cgi-bin/slow
	chmod +x www/cgi-bin/slow
	ssh_bardo apps:create "$APP"
	ssh_bardo checks:set "$APP" wait-to-retire 60
	ssh_bardo ps:scale --skip-deploy "$APP" web=2
	deploy_version 1
	wait_until 20 no_command_runs
	url=$(app_url "$APP")
	for n in 1 2; do
		curl -s "$url/cgi-bin/slow" >"$BATS_TEST_TMPDIR/answer.$n" 3>&- &
		asking[n]=$!
	done
	for n in 1 2; do
		wait_until 20 docker exec "bardo.$APP.web.1.$n" test -e /tmp/asked
	done
	ssh_bardo ps:scale "$APP" web=1 >"$BATS_TEST_TMPDIR/scale" 2>&1 3>&- &
	wait_until 20 grep -q 'Stopping web.2' "$BATS_TEST_TMPDIR/scale"
	kill_process '--door'
	# Who takes its place waits, too, longer than HAProxy is given to let go of a server.
	wait_until 30 works_for 3
	for n in 1 2; do
		docker exec "bardo.$APP.web.1.$n" touch /tmp/go
	done
	for n in 1 2; do
		wait "${asking[n]}"
		assert_equal "$(cat "$BATS_TEST_TMPDIR/answer.$n")" whole
	done
	wait_until 40 has_containers "$APP" 1
}
works_for() { # SECONDS
	local pid
	pid=$(process '--door')
	[ -n "$pid" ] && [ "$(ps -o etimes= -p "$pid" || echo 0)" -ge "$1" ]
}

@test "git receive-pack dies in mid-build: ref and record agree in the end" {
	in_mid_build receivepack
	kill_process ' receive-pack \.'
	gate_release
	push_result
	wait_until 30 no_life_is_unfinished
	run page "$APP"
	assert_settles_at "${output#version }"
	assert_goes_on
}

@test "bardo, git's parent, dies in mid-build: ref and record agree in the end" {
	in_mid_build parent
	kill_process '--door'
	gate_release
	push_result
	wait_until 30 no_life_is_unfinished
	run page "$APP"
	assert_settles_at "${output#version }"
	assert_goes_on
}

@test "bardo-ssh dies in mid-build: the deploy ends as it would have" {
	in_mid_build sshdies
	kill_process 'bardo-ssh'
	push_result
	assert_failure
	gate_release
	assert_settles_at 2
	assert_goes_on
}

@test "bardod dies in mid-build: version 1 serves without it, and its successor settles" {
	in_mid_build server
	bardod_stop KILL
	# The route doesn't need bardod.
	assert_equal "$(curl -fsS "$(bardo lives "$APP" --format json |
		jq -r '[.[] | select(.state == "live")][0].url')")" 'version 1'
	gate_release
	push_result
	bardod_start
	git remote set-url production "$(remote_url "$APP")"
	wait_until 30 no_life_is_unfinished
	run page "$APP"
	assert_settles_at "${output#version }"
	assert_goes_on
}

@test "everything of ours dies at once in mid-check: the next start mends it" {
	in_mid_check all
	bardod_stop KILL
	server_processes | grep -v haproxy | cut -d ' ' -f 1 | kill_each KILL
	push_result
	assert_failure
	gate_release
	bardod_start
	git remote set-url production "$(remote_url "$APP")"
	wait_until 30 state_is 2 failed
	assert_settles_at 1
	assert_goes_on
}

@test "HAProxy dies: its successor has the same routes" {
	new_app_repo proxied
	run push
	assert_success
	url=$(app_url "$APP")
	xargs kill -9 <"$DATA/run/proxy/haproxy.pid"
	bardod_stop
	bardod_start
	wait_until 20 curl -fsS "$url"
	assert_equal "$(curl -fsS "$url")" 'version 1'
}

@test "bardod's restart loses no request and no route" {
	new_app_repo restarted
	run push
	assert_success
	url=$(app_url "$APP")
	asks "$url"
	bardod_stop
	bardod_start
	run ssh_bardo version
	assert_success
	stop_asking
	assert_equal "$(answers_seen)" '200 version 1'
}

@test "a container that somebody removed by hand comes back at the next start" {
	new_app_repo removed
	run push
	assert_success
	docker rm -f "$(running_containers_of "$APP")" >/dev/null
	bardod_stop
	bardod_start
	wait_until 30 page_is "$APP" 'version 1'
}

@test "a stray container of no life is removed at the next start" {
	new_app_repo stray
	run push
	assert_success
	bardod_stop
	labels=$(docker inspect -f '{{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{end}}' \
		"$(running_containers_of "$APP")")
	args=()
	for label in $labels; do
		args+=(--label "${label/bardo.life=1/bardo.life=77}")
	done
	docker run -d --name "bardo.$APP.web.77.1" "${args[@]}" busybox sleep 1000 >/dev/null
	bardod_start
	wait_until 30 has_containers "$APP" 1
	assert_equal "$(page "$APP")" 'version 1'
}

@test "a command on the host that is killed leaves no app down" {
	new_app_repo severed
	dockerfile 'FROM busybox' 'COPY start /start' 'COPY www /www' 'VOLUME /data' \
		'CMD eval "$GATE"; exec /start'
	run push
	assert_success
	gate_start
	ssh_bardo config:set --no-restart "$APP" --stdin GATE <<<"$GATE"
	"$BIN/bardo" --config "$CONFIG" ps:restart "$APP" >/dev/null 2>&1 3>&- &
	# The new life has started: the old one, with the same volume, is stopped.
	gate_wait
	kill -KILL $!
	assert_settles_at 1
	assert_equal "$(life "$APP" 0 state)" failed
}
