#!/usr/bin/env bats
# proxy:*: apps of a server that has HAProxy, with it and without.

setup_file() {
	load lib
	load wire
	server_start
	build_wire
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	new_app_repo shop
	push
	export SHOP=$APP SHOP_REPO=$PWD FIRST=$((PORT_FIRST + SLOT * PORTS_PER_SLOT))
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	load wire
	use_git
	server_as_usual
	APP=$SHOP
	cd "$SHOP_REPO" || return 1
	OTHER=$(published_port)
}
# A test that fails leaves nobody watching.
teardown() {
	touch "$BATS_TEST_TMPDIR/stop"
	kill -CONT "$(bardod_pid)" 2>/dev/null || true
	remove_wire
}

at() { # PORT: what answers there
	curl -fsS --max-time 5 "http://127.0.0.1:$1/"
}
# Asks both of its ports until it is told to stop, and writes down when neither answers.
watch() {
	rm -f "$BATS_TEST_TMPDIR/stop"
	while goes_on; do
		at "$FIRST" >/dev/null || at "$OTHER" >/dev/null ||
			at "$FIRST" >/dev/null || echo lost
	done >"$BATS_TEST_TMPDIR/lost" 2>/dev/null &
	WATCHER=$!
}
watch_end() {
	touch "$BATS_TEST_TMPDIR/stop"
	wait "$WATCHER"
	assert_equal "$(cat "$BATS_TEST_TMPDIR/lost")" ''
}

haproxy_says() {
	echo "$1" | socat -t 5 - "UNIX-CONNECT:$DATA/run/proxy/proxy.sock"
}

@test "proxy:report says who stands before an app" {
	run ssh_bardo proxy:report "$APP"
	assert_output "^=====> $APP proxy information$"
	assert_output 'Proxy computed type: +haproxy$'
	assert_output 'Proxy enabled: +true$'
	run ssh_bardo proxy:report "$APP" --proxy-running-type
	assert_equal "$output" haproxy
	run patiently proxy:enable "$APP"
	assert_success
	assert_output 'enabled for .* already'
}

@test "mapped ports and two web containers are in the way of proxy:disable" {
	patiently ports:add "$APP" "http:$((FIRST + 3)):5000"
	run patiently proxy:disable "$APP"
	assert_status 1
	assert_output 'ports:clear'
	patiently ports:clear "$APP"
	patiently ps:scale "$APP" web=2
	run patiently proxy:disable "$APP"
	assert_status 1
	assert_output 'web=2: its port is published on the host'
	assert_equal "$(ssh_bardo proxy:report "$APP" --proxy-enabled)" true
	assert_equal "$(at "$FIRST")" 'version 1'
	patiently ps:scale "$APP" web=1
}

@test "proxy:disable publishes a port of its own, and its old one answers until then" {
	watch
	run patiently proxy:disable "$APP"
	assert_success
	assert_output '-----> Disabling proxy for'
	assert_output "http://127.0.0.1:$OTHER/"
	assert_equal "$(page "$APP")" 'version 1'
	watch_end
	assert_equal "$(app_url "$APP")" "http://127.0.0.1:$OTHER/"
	assert_equal "$(ssh_bardo apps:list --format json | jq '.[0].port')" "$OTHER"
	assert_equal "$(ssh_bardo proxy:report "$APP" --proxy-running-type)" none
	run ssh_bardo domains:add "$APP" shop.example.org
	assert_status 1
	assert_output "a name needs the proxy, and $APP goes without: proxy:enable $APP"
	deploy_version 2
	assert_equal "$(at "$OTHER")" 'version 2'
}

@test "proxy:enable is reached by one of both ports all the time, and by HAProxy's then" {
	watch
	run patiently proxy:set "$APP" type haproxy
	assert_success
	watch_end
	assert_equal "$(app_url "$APP")" "http://127.0.0.1:$FIRST/"
	assert_equal "$(page "$APP")" 'version 2'
	is_free() { ! at "$OTHER" 2>/dev/null; }
	wait_until 30 is_free
}

@test "proxy:disable says what visitors don't get any more" {
	ssh_bardo domains:add "$APP" shop.example.org www.example.org
	ssh_bardo certs:generate "$APP"
	ssh_bardo maintenance:enable "$APP"
	run patiently proxy:disable "$APP"
	assert_success
	assert_shown "Its names lead nowhere until proxy:enable $APP: shop.example.org, www.example.org"
	assert_shown 'Its port speaks plain HTTP'
	assert_shown 'Its port shows no maintenance page'
	assert_equal "$(at "$OTHER")" 'version 2'
	ssh_bardo maintenance:disable "$APP"
	ssh_bardo certs:remove "$APP"
	assert_equal "$(curl -s -o /dev/null -w '%{http_code}' -H 'Host: shop.example.org' \
		"http://127.0.0.1:$(http_port)/")" 503
	ssh_bardo domains:clear "$APP"
}

@test "a broken switch between them is taken back" {
	busybox httpd -f -p "127.0.0.1:$((OTHER + 1))" -h /tmp 3>&- &
	taker=$!
	run patiently ports:set "$APP" "http:$((OTHER + 1)):5000"
	kill "$taker"
	assert_failure
	assert_output 'switch failed'
	assert_equal "$(at "$OTHER")" 'version 2'
	patiently proxy:enable "$APP"
}

@test "an app that had other ports without the proxy is reached by it afterwards" {
	patiently proxy:disable "$APP"
	patiently ports:add "$APP" "http:$((OTHER + 1)):5000"
	# Whoever makes an app writes down anew where HAProxy's ports lead.
	ssh_bardo apps:create "more-s$SLOT"
	patiently ports:clear "$APP"
	patiently proxy:enable "$APP"
	assert_equal "$(at "$FIRST")" 'version 2'
	ssh_bardo apps:destroy "more-s$SLOT" --force
}

is_reached_by() { # haproxy|none PORT
	assert_equal "$(ssh_bardo proxy:report "$APP" --format json |
		jq -r '."proxy-computed-type" + " " + ."proxy-running-type"')" "$1 $1"
	assert_equal "$(ssh_bardo apps:list --format json |
		jq ".[] | select(.app == \"$APP\").port")" "$2"
	assert_equal "$(at "$2")" 'version 2'
}

@test "proxy:disable and proxy:enable that are killed half-way are taken back, or done" {
	put_wire_to_engine
	for point in containers/create "/bardo.$APP/connect"; do
		cut_off "$point" lose proxy:disable "$APP"
		bardo reconcile "$APP"
		is_reached_by haproxy "$FIRST"
		run at "$OTHER"
		assert_failure
	done
	patiently proxy:disable "$APP"
	cut_off containers/create lose proxy:enable "$APP"
	# Its port is nobody else's meanwhile.
	ssh_bardo apps:create "more-s$SLOT"
	ssh_bardo proxy:disable "more-s$SLOT"
	assert_equal "$(ssh_bardo apps:list --format json |
		jq ".[] | select(.app == \"more-s$SLOT\").port")" "$((OTHER + 1))"
	bardo reconcile "$APP"
	is_reached_by none "$OTHER"
	ssh_bardo apps:destroy "more-s$SLOT" --force
	remove_wire
	# The record has the new life already, and HAProxy doesn't.
	wire_to_proxy
	cut_off 'add server' hang proxy:enable "$APP"
	remove_wire
	bardo reconcile "$APP"
	is_reached_by haproxy "$FIRST"
}

@test "proxy:build-config leads visitors back to where the record says" {
	# Whoever still tidies up would lead them back too.
	wait_until 20 has_containers "$APP" 1
	kill -STOP "$(bardod_pid)"
	wait_until 20 nobody_works
	haproxy_says "set server slot000/web.$(live_life "$APP" life).1 state maint"
	run at "$FIRST"
	assert_failure
	kill -CONT "$(bardod_pid)"
	run patiently proxy:build-config --all
	assert_success
	assert_equal "$(at "$FIRST")" 'version 2'
}

@test "an app that goes without the proxy is cloned and destroyed like any other" {
	patiently proxy:disable "$APP"
	run patiently apps:clone "$APP" "twin-s$SLOT"
	assert_success
	assert_equal "$(page "twin-s$SLOT")" 'version 2'
	[ "$(app_url "twin-s$SLOT")" != "$(app_url "$APP")" ]
	patiently apps:destroy "twin-s$SLOT" --force
	[ -z "$(things_of "twin-s$SLOT")" ]
	assert_equal "$(page "$APP")" 'version 2'
}

@test "proxy:disable that finds no port is not kept" {
	patiently proxy:enable "$APP"
	server_with -c "proxy.published=$FIRST-$((FIRST + 9))"
	run patiently proxy:disable "$APP"
	assert_status 1
	assert_output 'have ports in common'
	assert_equal "$(ssh_bardo proxy:report "$APP" --proxy-enabled)" true
	assert_equal "$(at "$FIRST")" 'version 2'
}

@test "a whole server goes over to no proxy, and back" {
	patiently proxy:enable "$APP"
	server_with -c proxy.driver=none
	# It outlives bardod, and its port goes on answering until somebody ends it.
	assert_equal "$(at "$FIRST")" 'version 2'
	run ssh_bardo doctor
	assert_output 'proxy.driver is none, and HAProxy still runs'
	proxy_stop
	run bardo -c proxy.driver=none proxy:build-config --all
	assert_success
	assert_equal "$(at "$FIRST")" 'version 2'
	[ ! -e "$DATA/run/proxy/haproxy.pid" ] || is_gone "$(cat "$DATA/run/proxy/haproxy.pid")"
	wait_until 20 bardo -c proxy.driver=none ports:add "$APP" "http:$((FIRST + 4)):5999"
	wait_until 20 ssh_bardo ps:stop --all
	server_as_usual
	ssh_bardo ps:start --all
	assert_equal "$(at "$FIRST")" 'version 2'
	# Nobody listens at 5999, and nobody else answers for it.
	run at "$((FIRST + 4))"
	assert_failure
	assert_equal "$(ssh_bardo proxy:report "$APP" --proxy-running-type)" haproxy
}
