#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031
# What can fail in a deploy, one test each: the old life answers a visitor who asks all
# the time, and nothing is left over.
#
#	the check, the release, the verify	here; what is told of them: checks.bats, app_json.bats
#	the proxy is away			here; without a deploy: routes.bats
#	the proxy refuses			here; for names, pages, certificates: routes.bats
#	the Engine restarts in mid-swap		engine.bats, "an Engine that restarts in mid-swap"
#	the old container will not die		here
#	anything of bardo's is killed		crash.bats
#	the new life fails after the switch	bake.bats

setup_file() {
	load lib
	load wire
	load ask
	server_start
	# Who waits in a check waits for the test, and not the other way round.
	sed -i '/\[check\]/,+1s/timeout = .*/timeout = 60s/' "$CONFIG"
	bardod_stop
	bardod_start
	build_wire
	(
		export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
		new_app_repo shop
		printf '%s\n' 'web: /start' >Procfile
		deploy_version 1
		git tag first
		ssh_bardo domains:add "$APP" "$APP.example.org"
	)
}
teardown_file() {
	load lib
	load wire
	load ask
	server_remove
}
setup() {
	load lib
	load wire
	load ask
	use_git
	export APP=shop-s$SLOT
	cd "$BATS_FILE_TMPDIR/shop" || return 1
	as_at_first
	SERVING='version 1' HAPROXY_AWAY_UNTIL=0
	before=$(everything)
	ask "$BATS_TEST_TMPDIR/answers" new "$APP.example.org" "$(http_port)" 10
}
teardown() {
	stop_asking
	gate_release
	unwire
	ssh_bardo checks:enable "$APP"
	ssh_bardo ps:set "$APP" stop-timeout-seconds
	wait_until 40 as_at_first
}

# Version 1 serves, the branch is at it, and so is this repository.
as_at_first() {
	git remote set-url production "$(remote_url "$APP")"
	git reset -q --hard first --
	git clean -qfdx
	if [ "$(cat "$DATA/repos/$APP.git/refs/heads/main")" != "$(git rev-parse first)" ]; then
		push --force main
	fi
	answers 'version 1' && has_containers "$APP" 1
}
answers() {
	[ "$(curl -fsS --max-time 10 -H "Host: $APP.example.org" \
		"http://127.0.0.1:$(http_port)/")" = "$1" ]
}

# ---- what there is ----

tell_proxy() {
	socat - "UNIX-CONNECT:$DATA/run/proxy/proxy.sock" <<<"$1"
}
routes() {
	local map
	tell_proxy 'show stat -1 4 -1' | cut -d , -f 1,2,18,74 | grep slot
	for map in "$DATA"/run/proxy/*.map; do
		tell_proxy "show map $map" | cut -d ' ' -f 2-
	done
	tail -n +1 "$DATA"/run/proxy/{*.map,certificates.list,backends/*} | grep -v '^$'
}
in_the_record() {
	sqlite3 "$DATA/bardo.db" "
		SELECT 'life', number, state FROM life WHERE state NOT IN ('failed', 'retired');
		SELECT 'place', * FROM container;
		SELECT 'image', tag, image_id FROM image;
		SELECT 'app', name, live, stopped, slot, port, subnet FROM app
			WHERE destroyed_at = 0;
		SELECT 'backend', * FROM backend; SELECT 'network', * FROM shared_network"
}
# Those of failed lives; the Engine has them no more.
images_of_failures() {
	local image
	for image in $(sqlite3 "$DATA/bardo.db" "SELECT DISTINCT image_id FROM life WHERE
		state = 'failed' AND image_id NOT IN ('', (SELECT image_id FROM life
		WHERE state = 'live'))"); do
		docker image inspect -f 'left: {{.Id}}' "$image" 2>/dev/null | grep left || true
	done
}
everything() {
	things_of "$APP"
	routes
	in_the_record
	images_of_failures
	flock -n "$DATA/locks/$APP.lock" echo 'nobody is at it'
	server_processes | grep -cE '/bardo |git' || true
}
is_as_before() {
	[ "$(everything)" = "$before" ]
}

# ---- who asks ----

now_ns() {
	date +%s%N
}
# Every line that isn't the version that should serve, but for those without any answer
# until HAProxy was back.
wrong_answers() {
	awk -v serving="$SERVING" -v away="$HAPROXY_AWAY_UNTIL" '
		$3 == -1 && $1 <= away { next }
		$3 != 200 || $4 " " $5 != serving' "$BATS_TEST_TMPDIR/answers"
}

# The claim of this file.
assert_old_life_answers() {
	wait_until 40 is_as_before || diff <(echo "$before") <(everything) >&2
	is_as_before
	stop_asking
	assert_equal "$(wrong_answers | head -n 5)" ''
	[ "$(wc -l <"$BATS_TEST_TMPDIR/answers")" -gt 10 ]
}
assert_rejected() { # REASON
	assert_status 1
	assert_output "remote rejected.*$1"
}

# ---- a candidate, and what stands between ----

# A commit that serves "version 2" wherever it is asked; nobody must be sent to it.
candidate() {
	printf '# %s\n' "$RANDOM$RANDOM" >>Dockerfile
	write_version 2
}
waits_in_its_check() {
	gate_before_start
	echo 'web: /gated' >Procfile
	candidate
	push_in_background
	gate_wait
}

unwire() {
	remove_wire
	server_as_usual
}
wire_to_engine() {
	put_wire_to_engine
	server_with -c "engine.host=$WIRED_ENGINE"
	git remote set-url production "$(remote_url "$APP")"
}
REFUSED='HTTP/1.1 500 Error\nContent-Type: application/json\nConnection: close\n\n'
COULD_NOT_REMOVE=$REFUSED'{"message":"not now"}'
COULD_NOT_KILL=$REFUSED'{"message":"tried to kill container, but did not receive an exit event"}'

@test "a check that fails" {
	echo '{"healthchecks": {"web": [{"path": "/nowhere", "attempts": 1,
		"timeout": 1, "wait": 1}]}}' >app.json
	candidate
	run push
	assert_rejected 'check failed: /nowhere answered 404'
	wire_to_engine
	refuse 'DELETE ' "$COULD_NOT_REMOVE"
	run push
	unwire
	assert_rejected 'check failed: /nowhere answered 404'
	assert_shown 'Not everything could be put back yet: not now'
	assert_old_life_answers
}

has_nothing() { # APP
	[ -z "$(things_of "$1")" ]
}

@test "a first deploy that fails while the Engine removes nothing" {
	made=made-s$SLOT
	ssh_bardo apps:create "$made"
	printf '%s\n' 'FROM busybox' 'CMD ["/nothing"]' >Dockerfile
	rm Procfile
	candidate
	wire_to_engine
	refuse 'DELETE ' "$COULD_NOT_REMOVE"
	run git push "$(remote_url "$made")" main
	assert_failure
	assert_shown 'Not everything could be put back yet: not now'
	[ "$(things_of "$made" | wc -l)" = 3 ]
	unwire
	wait_until 40 has_nothing "$made"
	ssh_bardo apps:destroy "$made" --force
	assert_old_life_answers
}

@test "a release that fails" {
	printf '%s\n' 'web: /start' 'release: exit 3' >Procfile
	candidate
	run push
	assert_rejected 'release failed: exited with 3'
	assert_old_life_answers
}

@test "a verify that fails" {
	echo '{"scripts": {"bardo": {"verify": "wget -qO- $VERIFY_URL && exit 4"}}}' >app.json
	candidate
	run push
	assert_shown 'version 2'
	assert_rejected 'verify failed: exited with 4'
	assert_old_life_answers
}

@test "the proxy is away: it dies in mid-deploy, and can't be started for a while" {
	waits_in_its_check
	# It starts with all of its ports or not at all.
	last=$((PORT_FIRST + (SLOT + 1) * PORTS_PER_SLOT - 1))
	kill -STOP "$(bardod_pid)"
	died=$(now_ns)
	xargs kill -9 <"$DATA/run/proxy/haproxy.pid"
	wait_until 10 listens_there 0 "$last"
	busybox nc -l -p "$last" 3>&- </dev/null &
	blocker=$!
	wait_until 10 listens_there 1 "$last"
	kill -CONT "$(bardod_pid)"
	gate_release
	push_result
	kill "$blocker"
	freed=$(now_ns)
	assert_rejected 'HAProxy'
	wait_until 60 answers 'version 1'
	HAPROXY_AWAY_UNTIL=$(now_ns)
	echo "# HAProxy: $(((freed - died) / 1000000)) ms without a port, answered again" \
		"$(((HAPROXY_AWAY_UNTIL - freed) / 1000000)) ms later" >&3
	assert_old_life_answers
}
listens_there() { # HOW-MANY PORT
	[ "$(ss -Hltn "sport = :$2" | wc -l)" = "$1" ]
}

@test "the proxy refuses the new servers" {
	wire_to_proxy
	refuse 'add server' 'Failed to register server.\n\n'
	candidate
	run push
	assert_rejected 'switch failed: HAProxy refused .add server .*Failed to register'
	refuse 'state ready' 'Not now.\n\n'
	run push
	unwire
	assert_rejected 'switch failed: HAProxy refused .set server .*Not now'
	# What never served is not told as if it had.
	life=$(life "$APP" 0 life)
	run ssh_bardo events --app "$APP"
	assert_equal "$(grep -c "life $life " <<<"$output")" 1
	assert_old_life_answers
}

@test "an old container that must end first, and that the Engine can't kill" {
	wire_to_engine
	ssh_bardo checks:disable "$APP" web
	refuse "$(running_containers_of "$APP")/stop" "$COULD_NOT_KILL"
	candidate
	run push
	unwire
	assert_rejected 'start failed: tried to kill container'
	assert_old_life_answers
}

@test "an old container that takes no notice of SIGTERM is killed" {
	ssh_bardo ps:set "$APP" stop-timeout-seconds 1
	printf '#!/bin/sh\ntrap "" TERM\nhttpd -f -p "$PORT" -h /www\n' >start
	write_version 1
	push
	candidate
	run push
	assert_success
	wait_until 30 has_containers "$APP" 1
	assert_new_lives_answer 1 2
}

@test "old containers that the Engine can't kill keep nobody from deploying" {
	wire_to_engine
	one=$(running_containers_of "$APP")
	two=${one%.*.1}.$((1 + $(life "$APP" 0 life))).1
	# The one call fails, the other never ends.
	refuse "$one/stop" "$COULD_NOT_KILL" "$two/stop" hang
	candidate
	run push
	assert_success
	run deploy_version 3
	assert_success
	wait_until 20 job_has_failed
	has_containers "$APP" 3
	: >"$RULES"
	wait_until 40 has_containers "$APP" 1
	assert_new_lives_answer 1 2 3
	wait_until 20 no_life_drains
}
job_has_failed() {
	grep -q 'job [0-9]* ended' "$SERVER/bardod.log"
}
no_life_drains() {
	! sqlite3 "$DATA/bardo.db" 'SELECT state FROM life' | grep -q draining
}
# Those versions and no others, and no request lost.
assert_new_lives_answer() { # VERSION ...
	wait_until 20 answers "version ${!#}"
	wait_until 10 asker_saw "${!#}"
	stop_asking
	assert_equal "$(cut -d ' ' -f 3- "$BATS_TEST_TMPDIR/answers" | sort -u)" \
		"$(printf '200 version %s\n' "$@")"
}
asker_saw() {
	tail -n 1 "$BATS_TEST_TMPDIR/answers" | grep -q "version $1\$"
}
