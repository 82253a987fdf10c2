#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031,SC2016,SC2034
# Checks: what a new life must show before it gets a request, and what is told when not.

setup_file() {
	load lib
	server_start
	(
		BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
		new_app_repo shop
		write_app
		checks '{"path": "/index.html"}'
		git tag start
		push main
	)
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	server_as_usual
	use_git
	export APP=shop-s$SLOT
	cd "$BATS_FILE_TMPDIR/shop" || return 1
	git fetch -q production
	git reset -q --hard production/main
	git rm -qr .
	git checkout -q start -- .
	before=$(live_life "$APP" life)
	page_before=$(page "$APP")
}

# An app that answers under /cgi-bin/ what cgi says, and serves the rest from /www.
write_app() {
	mkdir -p www/cgi-bin
	cgi health 'echo "Status: 200 OK"; echo; echo fine'
	cat >start <<-'END'
		#!/bin/sh
		trap 'exit 0' TERM INT
		echo "starting $PORT"
		httpd -f -p "$PORT" -h /www &
		while :; do sleep 1000 & wait $!; done
	END
}
cgi() { # NAME SHELL
	printf '#!/bin/sh\n%s\n' "$2" >"www/cgi-bin/$1"
	chmod +x "www/cgi-bin/$1"
}

# checks JSON ...: a commit whose web has these checks.
checks() {
	local list
	list=$(printf '%s\n' "$@" | jq -s .)
	jq -n --argjson list "$list" '{healthchecks: {web: $list}}' >app.json
	git add -A
	git commit -q -m 'Other checks'
}

# A check that needs no more than a moment to fail.
QUICK='"attempts": 1, "timeout": 1, "wait": 1'

# verify COMMAND: a commit that is verified by it.
verify() {
	jq -n --arg command "$1" '{scripts: {bardo: {verify: $command}}}' >app.json
	git add -A
	git commit -q -m 'A verify'
}

# Nothing has changed, and nothing is left over.
old_life_serves() {
	assert_equal "$(live_life "$APP" life)" "$before"
	assert_equal "$(page "$APP")" "$page_before"
	assert_equal "$(running_containers_of "$APP" | wc -l)" 1
	assert_equal "$(life "$APP" 0 state)" failed
}
refute_in_containers() {
	! docker ps -a --format '{{.Names}}' | grep -F "bardo.$APP.$1."
}
is_settled() {
	[ "$(running_containers_of "$APP" | wc -l)" = 1 ]
}

@test "a life that answers its check is live" {
	write_version good
	ssh_bardo checks:set "$APP" wait-to-retire 0
	run push
	ssh_bardo checks:set "$APP" wait-to-retire
	assert_success
	assert_equal "$(page "$APP")" 'version good'
	# Of requests that are cut the log tells when there are some.
	wait_until 20 has_containers "$APP" 1
	run grep 'still under way' "$SERVER/bardod.log"
	assert_failure
}

@test "a slow starter and one that answers 503 at first get their time" {
	cgi health 'if [ -e /tmp/warm ]; then echo "Status: 200 OK"
		else touch /tmp/warm; echo "Status: 503 Warming up"; fi; echo; echo fine'
	sed -i 's/^httpd/sleep 1; httpd/' start
	checks '{"type": "startup", "path": "/cgi-bin/health", "content": "fine"}'
	run push
	assert_success
	[ "$(life "$APP" 0 phases.check)" -ge 1000 ]
}

@test "what a failed check got is shown, and the old life goes on" {
	cgi health 'echo "Status: 503 Unavailable"; echo; echo "no database"'
	checks '{"name": "database", "path": "/cgi-bin/health", '"$QUICK"'}'
	run push
	assert_failure
	assert_shown '(check failed: /cgi-bin/health answered 503 (tried for 2 s))'
	assert_shown 'Check: database'
	assert_output 'Probed: GET http://10\.[0-9.]+:5000/cgi-bin/health'
	assert_shown 'Answer: 503 '
	assert_shown 'no database'
	assert_shown 'starting 5000'
	old_life_serves
}

@test "the content must be there; what a check doesn't say is told by checks:set" {
	ssh_bardo checks:set "$APP" attempts 1
	ssh_bardo checks:set "$APP" timeout 4
	ssh_bardo checks:set "$APP" wait 1
	checks '{"path": "/index.html", "content": "something else", "timeout": 1}'
	run push
	ssh_bardo checks:set "$APP" attempts
	ssh_bardo checks:set "$APP" timeout
	ssh_bardo checks:set "$APP" wait
	assert_failure
	assert_shown 'check failed: /index.html answered 200 without "something else"'
	assert_shown '(tried for 2 s)'
	old_life_serves
}

@test "a header that the app needs is sent" {
	cgi health '[ "$HTTP_HOST" = shop.example.org ] && echo "Status: 200 OK" ||
		echo "Status: 400 Whose"; echo; echo "$HTTP_HOST"'
	checks '{"path": "/cgi-bin/health",
		"httpHeaders": [{"name": "Host", "value": "shop.example.org"}]}'
	run push
	assert_success
}

@test "a command in the container, a listening port and an uptime are checks, too" {
	checks '{"command": ["test", "-e", "/www/index.html"]}' '{"listening": true}' \
		'{"type": "readiness", "uptime": 1}'
	run push
	assert_success
	checks '{"listening": true}' '{"command": ["test", "-e", "/nothing"], '"$QUICK"'}'
	run push
	assert_failure
	assert_shown 'check failed: test -e /nothing: exit code 1'
}

@test "every web is checked, and a revive has the checks of then" {
	jq '.formation.web.quantity = 2 | .healthchecks.web[0].name = "then"' app.json >new.json
	mv new.json app.json
	git add -A
	git commit -q -m 'Two of them'
	push
	then=$(live_life "$APP" life)
	run ssh_bardo checks:run "$APP"
	assert_success
	assert_shown "Running checks for app ($APP.web.1)"
	assert_shown "Running checks for app ($APP.web.2)"
	git checkout -q start -- .
	git commit -q -m 'One again'
	push
	ssh_bardo lives:revive "$APP" "$then"
	run ssh_bardo checks:run "$APP" web.2
	assert_success
	assert_shown "Healthcheck succeeded name='then'"
	refute_output 'web\.1'
}

@test "a check that only warns rejects nothing" {
	checks '{"name": "rates", "path": "/nowhere", "warn": true, '"$QUICK"'}'
	run push
	assert_success
	assert_shown 'Only a warning: the check rates failed: /nowhere answered 404'
}

@test "an app.json that is wrong is refused before anything is built" {
	checks '{"path": "/", "command": ["true"]}'
	run push
	assert_failure
	assert_shown 'app.json: line'
	refute_output 'Building'
	assert_equal "$(live_life "$APP" life)" "$before"
}

@test "checks:run asks the live life now" {
	checks '{"name": "ready", "path": "/cgi-bin/health", '"$QUICK"'}'
	push
	wait_until 20 is_settled
	run ssh_bardo checks:run "$APP"
	assert_success
	assert_shown '-----> Running pre-flight checks'
	assert_shown "-----> Running checks for app ($APP.web.1)"
	assert_shown "Healthcheck succeeded name='ready'"
	docker exec "$(running_containers_of "$APP")" rm /www/cgi-bin/health
	run ssh_bardo checks:run "$APP" web.1
	assert_status 1
	assert_shown '/cgi-bin/health answered 404'
	run ssh_bardo checks:run "$APP" web.7
	assert_status 4
	assert_shown "Invalid container id specified ($APP.web.7)"
	run ssh_bardo checks:run "$APP" nothing
	assert_status 4
	assert_shown "Invalid process type specified ($APP.nothing)"
}

@test "what is skipped is live at once" {
	ssh_bardo checks:skip "$APP" web
	checks '{"path": "/nowhere", '"$QUICK"'}'
	run push
	assert_success
	assert_shown 'The checks of web are skipped'
	ssh_bardo checks:enable "$APP"
	git commit -q --allow-empty -m 'Once more'
	run push
	assert_failure
	assert_shown '/nowhere answered 404'
}

@test "what is disabled stops first, and starts again when its successor fails" {
	ssh_bardo checks:disable "$APP" web
	write_version disabled
	run push
	assert_success
	assert_shown 'Zero downtime is disabled for web: stopping that of life'
	before=$(live_life "$APP" life) page_before=$(page "$APP")
	checks '{"path": "/nowhere", '"$QUICK"'}'
	run push
	ssh_bardo checks:enable "$APP"
	assert_failure
	old_life_serves
	run docker inspect -f '{{.HostConfig.RestartPolicy.Name}}' "bardo.$APP.web.$before.1"
	assert_output '^unless-stopped$'
}

@test "what is set is reported, and taken away again" {
	run ssh_bardo checks:skip "$APP" web,worker
	assert_shown "-----> Skipping zero downtime for app's ($APP) proctypes (web,worker)"
	ssh_bardo checks:disable "$APP" worker
	ssh_bardo checks:set "$APP" wait-to-retire 7
	run ssh_bardo checks:report "$APP"
	assert_success
	assert_output '^=====> shop-.* checks information'
	assert_output 'Checks disabled list: +worker$'
	assert_output 'Checks skipped list: +web$'
	assert_output 'Checks wait to retire: +7$'
	assert_output 'Checks computed startup timeout: +5$'
	ssh_bardo checks:set "$APP" wait-to-retire
	run ssh_bardo checks:report "$APP" --checks-computed-wait-to-retire
	assert_equal "$output" 2
	run ssh_bardo checks:enable "$APP"
	assert_shown "-----> Enabling zero downtime for app ($APP)"
	ssh_bardo checks:set "$APP" attempts 9
	run ssh_bardo checks:report "$APP" --format json
	assert_equal "$(jq -r '."checks-skipped-list", ."computed-attempts", .attempts,
		."computed-wait", ."computed-default-wait"' <<<"$output" | tr '\n' ' ')" \
		'none 9 9 5 2 '
	ssh_bardo checks:set "$APP" attempts
	run ssh_bardo checks:set "$APP" attempts 0
	assert_status 2
	run ssh_bardo checks:set "$APP" wait-to-retire soon
	assert_status 2
	assert_shown 'a number of seconds'
}

@test "a verify asks the candidate before anybody else does" {
	write_version verified
	verify 'wget -qO- $VERIFY_URL/index.html && echo "this is life $VERIFY_LIFE"'
	run push
	assert_success
	assert_shown 'version verified'
	assert_shown "this is life $(live_life "$APP" life)"
	assert_equal "$(life "$APP" 0 'phases | has("verify")')" true
	refute_in_containers verify
}

@test "a verify that fails rejects the push, and leaves nothing over" {
	write_version unverified
	verify 'wget -qO- $VERIFY_URL/index.html; echo "not good enough"; exit 3'
	run push
	assert_failure
	assert_shown 'not good enough'
	assert_shown '(verify failed: exited with 3)'
	assert_shown "Life $before goes on serving."
	old_life_serves
	refute_in_containers verify
}

@test "a life that dies while it is verified is not live" {
	write_version dying
	verify 'wget -qO- $VERIFY_URL/cgi-bin/die; while wget -T 5 -qO- $VERIFY_URL/; do :; done'
	cgi die 'echo "Status: 200 OK"; echo; kill 1'
	git add -A
	git commit -q -m 'A page that kills'
	run push
	assert_failure
	assert_output 'check after verify failed: exited with 0'
	old_life_serves
}
