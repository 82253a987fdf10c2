#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031
# The first moments of a life: trouble brings the life before back, by itself.

setup_file() {
	load lib
	server_start
	bardod_stop
	bardod_start -c deploy.bake=60s
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	load ask
}

teardown() {
	stop_asking
	[ -z "${FOLLOWER:-}" ] || kill "$FOLLOWER" 2>/dev/null || true
	# A fallback may just be about to let go of the app.
	wait_until 20 ssh_bardo apps:destroy "$APP" --force
}

# Its page /cgi-bin/alive is asked, and fails as long as /tmp/sick is there.
with_liveness() {
	mkdir www/cgi-bin
	cat >www/cgi-bin/alive <<-'END'
		#!/bin/sh
		echo asked >>/tmp/asked
		[ -e /tmp/sick ] && echo 'Status: 500 Sick' || echo 'Status: 200 OK'
		echo
	END
	chmod +x www/cgi-bin/alive
	echo '{"healthchecks": {"web": [{"type": "liveness", "path": "/cgi-bin/alive",
		"attempts": 1, "timeout": 1, "wait": 1}]}}' >app.json
}
# A program that serves, and ends after a moment.
crashing() { # VERSION
	printf '#!/bin/sh\nhttpd -p "$PORT" -h /www\nsleep 0.5\nexit 7\n' >start
	deploy_version "$1"
}
newest_is() { # SOURCE STATE
	[ "$(life "$APP" 0 source) $(life "$APP" 0 state)" = "$1 $2" ]
}
state_of() { # NUMBER
	ssh_bardo lives:info "$APP" "$1" --format json | jq -r .state
}
is_retired() { # NUMBER
	[ "$(state_of "$1")" = retired ]
}

@test "the containers of the life before stay while the new one bakes" {
	new_app_repo calm
	push
	deploy_version 2
	assert_equal "$(running_containers_of "$APP" | sort | tr '\n' ' ')" \
		"bardo.$APP.web.1.1 bardo.$APP.web.2.1 "
	assert_equal "$(state_of 1)" draining
	page_is "$APP" 'version 2'
}

@test "a newer deploy ends the bake" {
	new_app_repo hasty
	push
	deploy_version 2
	deploy_version 3
	wait_until 20 is_retired 1
	wait_until 20 has_containers "$APP" 2
	page_is "$APP" 'version 3'
	assert_equal "$(state_of 2)" draining
}

@test "a crash loop brings the life before back, recorded with its reason" {
	new_app_repo loops
	push
	run crashing 2
	assert_success
	wait_until 40 newest_is fallback live
	page_is "$APP" 'version 1'
	assert_equal "$(life "$APP" 0 commit)" "$(life "$APP" 2 commit)"
	# The branch shows what serves, so that the same commit can be pushed again.
	assert_equal "$(remote_head)" "$(life "$APP" 2 commit)"
	assert_equal "$(life "$APP" 0 user)" bardo
	[[ "$(life "$APP" 0 reason)" == 'life 2: web.1 exited with 7 for the 3rd time'* ]]
	assert_equal "$(life "$APP" 1 state)" failed
	[[ "$(life "$APP" 1 reason)" == *'fell back to life 1' ]]
	wait_until 20 is_retired 1
	assert_equal "$(running_containers_of "$APP")" "bardo.$APP.web.3.1"
	assert_equal "$(engine_containers | grep -c "^bardo.$APP.")" 1
}

@test "a web that ended, and that its policy doesn't start again, brings the life before back" {
	new_app_repo ends
	ssh_bardo apps:create "$APP"
	ssh_bardo ps:set "$APP" restart-policy on-failure:5
	push
	printf '#!/bin/sh\nhttpd -p "$PORT" -h /www\nsleep 1\nexit 0\n' >start
	deploy_version 2
	wait_until 40 newest_is fallback live
	page_is "$APP" 'version 1'
	[[ "$(life "$APP" 0 reason)" == 'life 2: web.1 exited with 0 for the 1st time'* ]]
}

@test "a failing liveness check brings the life before back" {
	new_app_repo sickens
	push
	with_liveness
	run deploy_version 2
	assert_success
	# A newer one that doesn't get so far ends no bake.
	printf '#!/bin/sh\nexit 5\n' >start
	run deploy_version 3
	assert_failure
	docker exec "bardo.$APP.web.2.1" touch /tmp/sick
	wait_until 40 newest_is fallback live
	page_is "$APP" 'version 1'
	[[ "$(life "$APP" 0 reason)" == \
		'life 2: web.1: /cgi-bin/alive answered 500 (tried for 2 s), '*' after it went live' ]]
	assert_equal "$(life "$APP" 2 state)" failed
}

@test "what fails while somebody changes the containers is asked again" {
	new_app_repo recovers
	push
	with_liveness
	run deploy_version 2
	assert_success
	wait_until 20 docker exec "bardo.$APP.web.2.1" test -e /tmp/asked
	exec {lock}>"$DATA/locks/$APP.lock"
	wait_until 10 flock -n "$lock"
	docker exec "bardo.$APP.web.2.1" touch /tmp/sick
	wait_until 20 lock_is_awaited
	docker exec "bardo.$APP.web.2.1" rm /tmp/sick /tmp/asked
	exec {lock}>&-
	wait_until 20 was_asked_thrice
	assert_equal "$(life "$APP" 0 life)" 2
	assert_equal "$(state_of 1)" draining
}
lock_is_awaited() {
	grep -q -- "-> FLOCK .*:$(stat -c %i "$DATA/locks/$APP.lock") " /proc/locks
}
was_asked_thrice() {
	[ "$(docker exec "bardo.$APP.web.2.1" grep -c asked /tmp/asked)" -ge 3 ]
}

@test "a visitor who stays with the life before keeps nobody from looking" {
	new_app_repo stays
	mkdir www/cgi-bin
	printf '#!/bin/sh\nprintf "\\r\\n"\necho begun\nexec sleep 100\n' >www/cgi-bin/long
	chmod +x www/cgi-bin/long
	deploy_version 1
	ssh_bardo checks:set "$APP" wait-to-retire 60
	url=$(app_url "$APP")
	curl -sN "${url%/}/cgi-bin/long" >"$BATS_TEST_TMPDIR/long" 3>&- &
	visitor=$!
	wait_until 10 grep -q begun "$BATS_TEST_TMPDIR/long"
	run crashing 2
	assert_success
	wait_until 40 newest_is fallback live
	page_is "$APP" 'version 1'
	kill "$visitor"
}

@test "one that bakes is settled once, however often that is asked" {
	new_app_repo once
	push
	deploy_version 2
	wait_until 10 somebody_settles
	run timeout 10 "$BIN/bardo" --config "$CONFIG" lives:settle "$APP"
	assert_success
	assert_equal "$(state_of 1)" draining
}

@test "a volume goes back to the life before too" {
	new_app_repo keeps
	echo 'VOLUME /data' >>Dockerfile
	ssh_bardo apps:create "$APP"
	ssh_bardo ps:set "$APP" restart-policy always
	run deploy_version 1b
	assert_success
	run deploy_version 2
	assert_success
	# Nor would it come back with the Engine: two on one volume.
	assert_equal "$(policy_of "bardo.$APP.web.1.1")" no
	run crashing 3
	assert_success
	wait_until 60 newest_is fallback live
	page_is "$APP" 'version 2'
	assert_equal "$(running_containers_of "$APP" | wc -l)" 1
}
policy_of() { # CONTAINER
	docker inspect -f '{{.HostConfig.RestartPolicy.Name}}' "$1"
}

@test "an end that somebody asked for is no crash" {
	new_app_repo asked
	push
	deploy_version 2
	for _ in 1 2 3 4; do
		docker restart -t 0 "bardo.$APP.web.2.1" >/dev/null
	done
	page_is "$APP" 'version 2'
	assert_equal "$(life "$APP" 0 life)" 2
	# Who stops the app stops the life before, too.
	ssh_bardo ps:stop "$APP"
	assert_equal "$(running_containers_of "$APP")" ''
}

@test "an app that is destroyed while it bakes leaves nothing and nobody" {
	new_app_repo brief
	push
	deploy_version 2
	ssh_bardo apps:destroy "$APP" --force
	assert_equal "$(engine_containers | grep -F "bardo.$APP.")" ''
	wait_until 10 nobody_settles
	bardo apps:create "$APP"
}
somebody_settles() {
	server_processes | grep -q -- --door
}
nobody_settles() {
	! server_processes | grep -q -- --door
}

@test "what happens while bardod is away is seen by the next one" {
	new_app_repo away
	push
	printf '#!/bin/sh\nhttpd -p "$PORT" -h /www\nsleep 2\nexit 7\n' >start
	deploy_version 2
	bardod_stop
	wait_until 30 has_ended_three_times "bardo.$APP.web.2.1"
	bardod_start -c deploy.bake=60s
	wait_until 40 newest_is fallback live
	page_is "$APP" 'version 1'
}
has_ended_three_times() {
	[ "$(docker inspect -f '{{.RestartCount}}' "$1")" -ge 3 ]
}

@test "after a push that was taken back, the next one goes through" {
	new_app_repo again
	push
	good=$(cat start)
	crashing 2
	wait_until 40 newest_is fallback live
	echo "$good" >start
	run deploy_version 3
	assert_success
	page_is "$APP" 'version 3'
}

# What the Engine tells of an app's containers from now on (it remembers few of its events),
# and how many of a type ran at the same time at most.
follow_events() {
	docker events --filter "label=bardo.app=$APP" --filter event=die --filter event=start \
		--format '{{.Action}} {{index .Actor.Attributes "bardo.process"}}' \
		>"$BATS_TEST_TMPDIR/events" 3>&- &
	FOLLOWER=$!
}
most_at_once() { # TYPE
	awk -v type="$1" '$2 != type { next } /start/ { n++ } /die/ { n-- }
		n > most { most = n } END { print most + 0 }' "$BATS_TEST_TMPDIR/events"
}
# A commit whose worker does what it is told.
worker() { # VERSION SHELL
	printf '#!/bin/sh\ntrap "exit 0" TERM\n%s\n' "$2" >work
	chmod +x work
	deploy_version "$1"
}
STAYS='while :; do sleep 1000 & wait $!; done'

@test "workers that mustn't overlap never do, and web has no gap, forth and back" {
	new_app_repo single
	follow_events
	printf '%s\n' 'web: /start' 'worker: /work' >Procfile
	sed -i 's|^COPY start.*|COPY start work /|' Dockerfile
	ssh_bardo apps:create "$APP"
	ssh_bardo ps:scale --skip-deploy "$APP" worker=1
	ssh_bardo checks:disable "$APP" worker
	# The first crash counts.
	ssh_bardo ps:set "$APP" restart-policy no
	run worker 1 "$STAYS"
	assert_success
	asks "$(app_url "$APP")"
	run worker 2 "$STAYS"
	assert_success
	assert_shown 'Zero downtime is disabled for worker: stopping that of life 1 first'
	# One that fails in its check gives the place back.
	run worker 3 'exit 5'
	assert_failure
	wait_until 20 runs "bardo.$APP.worker.2.1"
	# One that fails after the switch does, whoever may deploy.
	run worker 4 'mkfifo /end; read -r _ </end; exit 6'
	assert_success
	ssh_bardo apps:lock "$APP"
	docker exec "bardo.$APP.worker.4.1" sh -c 'echo >/end'
	wait_until 60 newest_is fallback live
	run ssh_bardo apps:locked "$APP"
	assert_success
	wait_until 20 runs "bardo.$APP.worker.5.1"
	stop_asking
	# Nothing is lost. Life 3 got no request; life 4 did, until its worker died.
	assert_equal "$(answers_seen)" "$(printf '200 version %s\n' 1 2 4)"
	assert_equal "$(tail -n 1 "$BATS_TEST_TMPDIR/answers" | cut -d ' ' -f 3-)" '200 version 2'
	kill "$FOLLOWER"
	assert_equal "$(grep -c 'start worker' "$BATS_TEST_TMPDIR/events")" 7
	assert_equal "$(most_at_once worker)" 1
	[ "$(most_at_once web)" -ge 2 ]
	ssh_bardo apps:unlock "$APP"
}
runs() {
	[ "$(docker inspect -f '{{.State.Running}}' "$1")" = true ]
}
