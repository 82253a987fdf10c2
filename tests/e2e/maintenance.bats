#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031
# Maintenance: visitors get a page while the app goes on running.

setup_file() {
	load lib
	server_start
	(
		export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
		new_app_repo shop
		deploy_version one
		new_app_repo other
		deploy_version two
	)
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	server_as_usual
	SHOP=shop-s$SLOT OTHER=other-s$SLOT
	URL=$(app_url "$SHOP")
}
teardown() {
	bardo maintenance:disable "$SHOP"
	bardo maintenance:custom-page "$SHOP" --clear
}

# "STATUS TYPE", and the page in $output.
visit() { # [curl's options]
	status=$(curl -sS --max-time 10 -o "$BATS_TEST_TMPDIR/page" \
		-w '%{http_code} %{content_type}' "${@:-$URL}")
	output=$(cat "$BATS_TEST_TMPDIR/page")
}

@test "visitors get a page with status 503, at once, and the app again after it" {
	run ssh_bardo maintenance:enable "$SHOP"
	assert_success
	visit
	assert_equal "$status" '503 text/html; charset=utf-8'
	assert_shown 'We will be back soon'
	page_is "$OTHER" 'version two'
	ssh_bardo maintenance:disable "$SHOP"
	visit
	assert_equal "$output" 'version one'
}

@test "the page is the app's own if it has one" {
	printf '<!doctype html>\n<title>Ü</title>\n<p>"back" at 100%% %%[src]\n' |
		ssh_bardo maintenance:custom-page "$SHOP"
	visit
	assert_equal "$output" 'version one'
	ssh_bardo maintenance:enable "$SHOP"
	visit
	assert_equal "$output" '<!doctype html> <title>Ü</title> <p>"back" at 100% %[src] '
	assert_equal "$(ssh_bardo maintenance:report "$SHOP" --format json |
		jq -c '[."maintenance-enabled", ."maintenance-custom-page"]')" '["true","true"]'
}

@test "the page may come in a tar, as Dokku's do" {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir folder
	printf '<p>from a tar\n<pre>' >folder/maintenance.html
	touch folder/logo.png
	tar cz folder >page.tgz
	run ssh_bardo maintenance:custom-page "$SHOP" <page.tgz
	assert_success
	assert_shown 'the page is one file: 1 beside it in the archive are not shown'
	assert_shown 'its line breaks are served as blanks, also those in <pre>'
	ssh_bardo maintenance:enable "$SHOP"
	visit
	assert_equal "$output" '<p>from a tar <pre>'
	tar c folder/logo.png >page.tgz
	run ssh_bardo maintenance:custom-page "$SHOP" <page.tgz
	assert_status 2
	assert_shown 'there is no maintenance.html in the archive'
}

@test "it holds by name too, and over a restart of the proxy" {
	ssh_bardo domains:add "$SHOP" shop.example.org
	ssh_bardo maintenance:enable "$SHOP"
	visit -H 'Host: shop.example.org' "http://127.0.0.1:$(http_port)/"
	assert_shown 'We will be back soon'
	bardod_stop
	proxy_stop
	bardod_start
	wait_until 10 is_maintained
	ssh_bardo domains:clear "$SHOP"
}
is_maintained() {
	visit -H 'Host: shop.example.org' "http://127.0.0.1:$(http_port)/" &&
		[ "$status" = '503 text/html; charset=utf-8' ]
}

@test "a deploy goes through meanwhile, and is seen after it" {
	ssh_bardo maintenance:enable "$SHOP"
	run ssh_bardo ps:rebuild "$SHOP"
	assert_success
	visit
	assert_shown 'We will be back soon'
	ssh_bardo maintenance:disable "$SHOP"
	page_is "$SHOP" 'version one'
}

@test "a page that can't be shown is refused, and the old one stays" {
	echo '<p>mine' | ssh_bardo maintenance:custom-page "$SHOP"
	run bash -c "$(declare -f ssh_bardo ssh_port)
		head -c 11000 /dev/zero | tr '\0' x | ssh_bardo maintenance:custom-page $SHOP"
	assert_status 2
	assert_shown '10240 bytes'
	run ssh_bardo maintenance:custom-page "$SHOP" </dev/null
	assert_status 2
	ssh_bardo maintenance:enable "$SHOP"
	visit
	assert_shown '<p>mine'
}
