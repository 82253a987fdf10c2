#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031
# The same as load.bats through an nginx, which must not notice.

setup_file() {
	load lib
	load load
	load ask
	load nginx
	server_start
	nginx_start
	web_app_build "$SERVER/web_app"
}
teardown_file() {
	load lib
	load nginx
	nginx_stop
	server_remove
}
setup() {
	load lib
	load load
	load ask
	load nginx
	server_as_usual
}
teardown() {
	load_end
	ssh_bardo apps:destroy "$APP" --force
}

@test "with nginx in front deploys and revives lose no request, nor does another site" {
	new_loaded_app busy
	workers=$(nginx_workers)
	load_begin
	ask "$BATS_TEST_TMPDIR/other" keep other.example.net "$(http_port)" "$LOAD_PAUSE"
	deploy_and_revive
	load_end
	all_answers_are_right
	assert_equal "$(cut -d ' ' -f 3- "$BATS_TEST_TMPDIR/other" | sort -u)" '200 the other site'
	assert_equal "$(nginx_workers)" "$workers"
}
