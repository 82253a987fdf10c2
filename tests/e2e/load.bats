#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031
# Deploys under load: nothing is lost, and nobody gets an answer of a life that doesn't
# serve.

setup_file() {
	load lib
	load load
	load ask
	server_start
	web_app_build "$SERVER/web_app"
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	load load
	load ask
	server_as_usual
}
teardown() {
	load_end
	ssh_bardo apps:destroy "$APP" --force
}

@test "deploys and revives under load lose no request and answer none wrongly" {
	new_loaded_app busy
	load_begin
	deploy_and_revive
	load_end
	all_answers_are_right
}

@test "a broken version that is pushed under load never gets a request" {
	new_loaded_app broken
	load_begin
	sed -i 's|^CMD.*|CMD ["/nothing"]|' Dockerfile
	echo 2 >version
	git commit -q -am 'Has no program'
	run push main
	assert_failure
	refute_output 'is live'
	load_end
	all_answers_are_right
}

@test "whatever of bardo is killed under load, and whenever: no request is lost" {
	new_loaded_app killed
	load_begin
	deploy_and_kill
	push --force main
	wait_until 60 has_containers "$APP" 1
	load_end
	no_answer_is_missing
	run curl -fsS -H "Host: $APP.example.org" "http://127.0.0.1:$(http_port)/"
	assert_equal "$output" "$(cat version)"
	assert_equal "$(live_life "$APP" commit)" "$(git rev-parse main)"
}

@test "a WebSocket lives as long as the drain, and a slow answer comes whole" {
	new_loaded_app sockets
	load_begin
	deploy_app_version 2
	# The drain is two seconds: then the old life's WebSocket is closed, not before.
	wait_until 20 grep -q ended "$BATS_TEST_TMPDIR/answers.socket"
	load_end
	all_answers_are_right
	live=$(tail -n 1 "$BATS_TEST_TMPDIR/switches" | cut -d ' ' -f 3)
	ended=$(awk '$4 == "ended" { print $2; exit }' "$BATS_TEST_TMPDIR/answers.socket")
	[ $(((ended - live) / 1000000)) -ge 1500 ]
}
