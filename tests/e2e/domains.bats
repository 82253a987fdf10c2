#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031
# Names: an app answers to its own and to nobody else's, from one moment to the next.

setup_file() {
	load lib
	server_start
	deploy_app first
	deploy_app second
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	server_as_usual
	FIRST=first-s$SLOT SECOND=second-s$SLOT
}
teardown() {
	bardo domains:clear "$FIRST"
	bardo domains:clear "$SECOND"
	bardo domains:clear-global
}

# An app whose page is its name.
deploy_app() {
	(
		export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
		new_app_repo "$1"
		deploy_version "$1"
	)
}

# ask NAME [curl's options]: the page that this name leads to, and its status.
ask() {
	curl -sS --max-time 10 -w ' %{http_code}' -H "Host: $1" "${@:2}" \
		"http://127.0.0.1:$(http_port)/" | tr -d '\n'
}

@test "a name leads to its app at once, without a new life" {
	before=$(life "$FIRST" 0 life)
	run ssh_bardo domains:add "$FIRST" shop.example.org
	assert_success
	assert_shown "Added shop.example.org to $FIRST"
	assert_equal "$(ask shop.example.org)" 'version first 200'
	assert_equal "$(ask SHOP.Example.org.:80)" 'version first 200'
	assert_equal "$(life "$FIRST" 0 life)" "$before"
}

@test "an unknown name is answered by bardo, never by an app" {
	ssh_bardo domains:add "$FIRST" shop.example.org
	assert_equal "$(ask other.example.org)" '404: no app here 404'
	assert_equal "$(ask "127.0.0.1:$(http_port)")" '404: no app here 404'
	assert_equal "$(ask '')" '404: no app here 404'
}

@test "a name that is taken away leads nowhere, the others stay" {
	ssh_bardo domains:add "$FIRST" a.example.org b.example.org
	ssh_bardo domains:remove "$FIRST" a.example.org
	assert_equal "$(ask a.example.org)" '404: no app here 404'
	assert_equal "$(ask b.example.org)" 'version first 200'
	run ssh_bardo domains:remove "$FIRST" a.example.org
	assert_status 4
	assert_shown 'domains:report'
}

@test "a name is one app's at a time" {
	ssh_bardo domains:add "$FIRST" shop.example.org
	run ssh_bardo domains:add "$SECOND" fine.example.org shop.example.org
	assert_failure
	assert_shown "shop.example.org leads to $FIRST"
	assert_equal "$(ask fine.example.org)" '404: no app here 404'
	assert_equal "$(ask shop.example.org)" 'version first 200'
}

@test "a wildcard takes what no other name takes" {
	ssh_bardo domains:add "$FIRST" '*.example.org'
	ssh_bardo domains:add "$SECOND" own.example.org
	assert_equal "$(ask any.example.org)" 'version first 200'
	assert_equal "$(ask own.example.org)" 'version second 200'
	assert_equal "$(ask a.b.example.org)" '404: no app here 404'
	assert_equal "$(ask example.org)" '404: no app here 404'
	# A list is no name: its last word would be another than the app reads.
	assert_equal "$(ask 'evil.net,own.example.org')" '404: no app here 404'
}

@test "the server's names give each app one, until it has its own" {
	ssh_bardo domains:set-global apps.example.org
	assert_equal "$(ask "$FIRST.apps.example.org")" 'version first 200'
	assert_equal "$(ask "$SECOND.apps.example.org")" 'version second 200'
	ssh_bardo domains:add "$FIRST" shop.example.org
	assert_equal "$(ask "$FIRST.apps.example.org")" '404: no app here 404'
	run ssh_bardo domains:add "$FIRST" "$SECOND.apps.example.org"
	assert_failure
	assert_shown "leads to $SECOND"
	run ssh_bardo domains:set-global '*.example.org'
	assert_status 2
	run ssh_bardo domains:set-global "$(printf 'much-too-long-for-apps.%.0s' {1..9})org"
	assert_status 2
	assert_shown 'is too long for APP.DOMAIN'
	ssh_bardo domains:add "$SECOND" own.example.org
	ssh_bardo domains:reset "$SECOND"
	assert_equal "$(ask own.example.org)" '404: no app here 404'
	assert_equal "$(ask "$SECOND.apps.example.org")" 'version second 200'
	ssh_bardo domains:add-global more.example.org
	assert_equal "$(ask "$SECOND.more.example.org")" 'version second 200'
	ssh_bardo domains:remove-global more.example.org
	assert_equal "$(ask "$SECOND.more.example.org")" '404: no app here 404'
	ssh_bardo domains:clear-global
	assert_equal "$(ask "$SECOND.apps.example.org")" '404: no app here 404'
}

@test "disabled names lead nowhere until they are enabled" {
	ssh_bardo domains:add "$FIRST" shop.example.org
	ssh_bardo domains:disable "$FIRST"
	assert_equal "$(ask shop.example.org)" '404: no app here 404'
	ssh_bardo domains:enable "$FIRST"
	assert_equal "$(ask shop.example.org)" 'version first 200'
}

@test "what can't be a name is refused, and nothing is added" {
	for name in 'a..b' 'x.-a.org' 'a_b.org' 'a/b' 'a.*.org' 'münchen.de' \
		"$(printf 'a%.0s' {1..64}).org"; do
		run ssh_bardo domains:add "$FIRST" good.example.org "'$name'"
		assert_status 2
		assert_shown 'not the name of a host'
	done
	assert_equal "$(ssh_bardo domains:report "$FIRST" --domains-app-vhosts)" ''
}

@test "domains:report tells the names, in text, one by one and as JSON" {
	ssh_bardo domains:add-global apps.example.org
	ssh_bardo domains:set "$FIRST" a.example.org b.example.org
	run ssh_bardo domains:report "$FIRST"
	assert_output "^=====> $FIRST domains information"
	assert_output '^ {7}Domains app vhosts: +a.example.org b.example.org$'
	assert_equal "$(ssh_bardo domains:report "$FIRST" --domains-app-enabled)" true
	assert_equal "$(ssh_bardo domains:report --global --format json |
		jq -r '."domains-global-vhosts"')" apps.example.org
	assert_equal "$(ssh_bardo domains:report --format json |
		jq -r --arg app "$SECOND" '.[$app]["domains-effective-vhosts"]')" \
		"$SECOND.apps.example.org"
}

@test "names outlive the proxy and bardod" {
	ssh_bardo domains:add "$FIRST" shop.example.org
	bardod_stop
	proxy_stop
	bardod_start
	wait_until 10 leads_to_first shop.example.org
}
leads_to_first() {
	[ "$(ask "$1")" = 'version first 200' ]
}

@test "a deploy's URL is the app's first name, and it leads to the new life" {
	ssh_bardo domains:add "$FIRST" '*.example.org' shop.example.org
	run ssh_bardo ps:rebuild "$FIRST"
	assert_success
	assert_output "^ {7}http://shop.example.org:$(http_port)/$"
	assert_equal "$(ask shop.example.org)" 'version first 200'
}

@test "the names of a destroyed app are free again" {
	deploy_app third
	ssh_bardo domains:add "third-s$SLOT" third.example.org
	assert_equal "$(ask third.example.org)" 'version third 200'
	ssh_bardo apps:destroy "third-s$SLOT" --force
	assert_equal "$(ask third.example.org)" '404: no app here 404'
	ssh_bardo domains:add "$SECOND" third.example.org
	assert_equal "$(ask third.example.org)" 'version second 200'
}

@test "what a client says of where it comes from is not believed" {
	new_app_repo headers
	dockerfile 'FROM busybox' 'COPY start /start' \
		'RUN mkdir -p /www/cgi-bin && printf "#!/bin/sh\necho; env\n" >/www/cgi-bin/env && chmod 755 /www/cgi-bin/env' \
		'CMD ["httpd", "-f", "-p", "5000", "-h", "/www"]'
	run push
	assert_success
	ssh_bardo domains:add "$APP" headers.example.org
	run curl -sS -H 'Host: headers.example.org' -H 'X-Forwarded-For: 9.9.9.9' \
		-H 'X-Forwarded-Proto: https' "http://127.0.0.1:$(http_port)/cgi-bin/env"
	assert_output '^HTTP_X_FORWARDED_PROTO=http$'
	assert_output '^HTTP_X_FORWARDED_HOST=headers.example.org$'
	refute_output '9\.9\.9\.9'
	ssh_bardo apps:destroy "$APP" --force
}
