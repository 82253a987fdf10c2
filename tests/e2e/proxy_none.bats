#!/usr/bin/env bats
# shellcheck disable=SC2317
# A machine without a proxy (proxy.driver = none): the Engine publishes the apps' ports, and
# a new life has them when it is proved.

setup_file() {
	load lib
	load wire
	more_settings() {
		printf '[proxy]\n\tdriver = none\n[deploy]\n\tbake = 60s\n[check]\n\ttimeout = 60s\n'
	}
	server_start
	build_wire
	export OWN=$SERVER/engine
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	new_app_repo shop
	push
	export SHOP=$APP SHOP_REPO=$PWD FIRST=$((PORT_FIRST + SLOT * PORTS_PER_SLOT))
}
teardown_file() {
	load lib
	[ ! -d "$OWN" ] || "$TOP/contrib/throwaway-engine" stop "$OWN"
	server_remove
}
setup() {
	load lib
	load wire
	use_git
	APP=$SHOP
	cd "$SHOP_REPO" || return 1
}

teardown() {
	remove_wire
}

at() { # PORT: what answers there
	curl -fsS --max-time 5 "http://127.0.0.1:$1/"
}
at_is() { # PORT TEXT
	[ "$(at "$1")" = "$2" ]
}
networks_of() {
	docker inspect "$1" --format '{{range $n, $v := .NetworkSettings.Networks}}{{$n}} {{end}}'
}

take_port() {
	busybox httpd -f -p "127.0.0.1:$1" -h /tmp 3>&- &
	TAKER=$!
	wait_until 10 is_listening "$1"
}
is_listening() {
	[ -n "$(ss -Hltn "sport = :$1")" ]
}
leave_port() {
	kill "$TAKER"
	wait "$TAKER" || true
}

@test "no HAProxy runs, and the page is at the app's port" {
	[ ! -e "$DATA/run/proxy/haproxy.pid" ]
	! server_processes | grep haproxy || false
	assert_equal "$(app_url "$APP")" "http://127.0.0.1:$FIRST/"
	assert_equal "$(at "$FIRST")" 'version 1'
	run ssh_bardo proxy:report "$APP"
	assert_output 'Proxy computed type: +none$'
	assert_output 'Proxy enabled: +false$'
	assert_output "Proxy running published: +$FIRST:5000\$"
}

@test "a second push takes the port over, and the one before stays without it" {
	write_version 2
	run push
	assert_success
	assert_equal "$(at "$FIRST")" 'version 2'
	assert_equal "$(networks_of "bardo.$APP.web.1.1")" ''
	assert_equal "$(networks_of "bardo.$APP.web.2.1")" "bardo._inside.$APP bardo.$APP "
}

@test "a broken version never answers, and the old one does" {
	ssh_bardo checks:set "$APP" startup-timeout 1
	seen=$BATS_TEST_TMPDIR/seen
	while goes_on; do
		at "$FIRST" 2>/dev/null
		sleep 0.01
	done >"$seen" &
	watcher=$!
	echo 'version 3' >www/index.html
	cp start start.good
	printf '#!/bin/sh\nexec httpd -f -p 5001 -h /www\n' >start
	git commit -qam 'Listens at a wrong port'
	run push
	kill "$watcher"
	assert_failure
	assert_output 'check failed'
	assert_equal "$(sort -u "$seen")" 'version 2'
	assert_equal "$(at "$FIRST")" 'version 2'
	[ -z "$(docker ps -aq --filter "name=bardo.$APP.web.3.1")" ]
	ssh_bardo checks:set "$APP" startup-timeout
	mv start.good start
	git commit -qam 'At the right one'
}

@test "lives:revive brings the old page back at the same port" {
	run patiently lives:revive "$APP" 1
	assert_success
	assert_equal "$(at "$FIRST")" 'version 1'
}

fell_back() {
	[ "$(life "$APP" 0 source) $(life "$APP" 0 state)" = 'fallback live' ]
}

@test "a life that crashes after the switch gives the port back, restarted or not" {
	cp start start.good
	printf '#!/bin/sh\nhttpd -p "$PORT" -h /www\nuntil [ -e /tmp/crash ]; do sleep 0.1; done\nexit 7\n' >start
	for policy in unless-stopped no; do
		ssh_bardo ps:set "$APP" restart-policy "$policy"
		write_version "that crashes, $policy"
		run push
		assert_success
		assert_equal "$(at "$FIRST")" "version that crashes, $policy"
		docker exec "bardo.$APP.web.$(live_life "$APP" life).1" touch /tmp/crash
		wait_until 30 at_is "$FIRST" 'version 1'
		wait_until 30 fell_back
		assert_equal "$(at "$FIRST")" 'version 1'
	done
	ssh_bardo ps:set "$APP" restart-policy
	mv start.good start
	git commit -qam 'Stays'
}

# app_json VERIFY: it is verified by that, and alive as long as its page /alive is there.
app_json() {
	jq -n --arg verify "$1" '{scripts: {bardo: {verify: $verify}}, healthchecks: {web: [
		{type: "liveness", path: "/alive", attempts: 1, timeout: 1, wait: 1}]}}' >app.json
}

@test "verify, liveness checks and one-offs ask the life that they mean" {
	echo yes >www/alive
	app_json 'wget -qO- $VERIFY_URL/index.html; exit 3'
	write_version 'that is not good enough'
	run push
	assert_failure
	assert_output 'remote: .*version that is not good enough'
	assert_output 'verify failed: exited with 3'
	assert_equal "$(at "$FIRST")" 'version 1'
	app_json 'wget -qO- $VERIFY_URL/index.html'
	write_version 'that is good'
	run push
	assert_success
	assert_output 'remote: .*version that is good'
	run ssh_bardo run "$APP" wget -qO- "http://$APP.web:5000/"
	assert_output '^version that is good'
	docker exec "bardo.$APP.web.$(live_life "$APP" life).1" rm /www/alive
	wait_until 40 at_is "$FIRST" 'version 1'
	wait_until 30 fell_back
	assert_equal "$(life "$APP" 1 reason | grep -c '/alive answered 404')" 1
	run ssh_bardo run "$APP" wget -qO- "http://$APP.web:5000/"
	assert_output '^version 1'
	git rm -q app.json www/alive
	git commit -qm 'As before'
}

@test "a web count above 1 is refused, whoever asks" {
	run patiently ps:scale "$APP" web=2
	assert_failure
	assert_output 'web=2: its port is published on the host'
	assert_equal "$(ssh_bardo ps:scale "$APP" --format json)" '{"web":1}'
}

@test "names, certificates and maintenance pages say that they need the proxy" {
	for what in "domains:add $APP shop.example.org" "certs:generate $APP a.example.org" \
		"maintenance:enable $APP" 'domains:add-global example.org'; do
		# shellcheck disable=SC2086
		run ssh_bardo $what
		assert_status 1
		assert_output 'needs the proxy, and this server has none \(proxy.driver = none\)'
	done
	run patiently proxy:enable "$APP"
	assert_status 1
	assert_output 'proxy.driver = haproxy in its settings'
	ssh_bardo domains:clear "$APP"
	ssh_bardo maintenance:disable "$APP"
}

@test "ps:stop frees the port, ps:start and ps:restart have it again" {
	patiently ps:stop "$APP"
	take_port "$FIRST"
	run patiently ps:start "$APP"
	leave_port
	assert_status 1
	assert_output "port $FIRST of this machine is taken by another program: .ss -ltnp"
	refute_output 'userland'
	run at "$FIRST"
	assert_failure
	patiently ps:start "$APP"
	assert_equal "$(at "$FIRST")" 'version 1'
	patiently ps:restart "$APP" web
	assert_equal "$(at "$FIRST")" 'version 1'
}

@test "ports:add makes a life that has the port too" {
	run patiently ports:add "$APP" "http:$((FIRST + 5)):5000"
	assert_success
	assert_equal "$(at "$((FIRST + 5))")" 'version 1'
	assert_equal "$(at "$FIRST")" 'version 1'
}

@test "a shared network comes with the switch, and the port stays whichever is first" {
	ssh_bardo network:create "aa-s$SLOT"
	ssh_bardo network:set "$APP" attach-post-create "aa-s$SLOT"
	patiently ps:restart "$APP"
	before=bardo.$APP.web.$(live_life "$APP" life).1
	assert_equal "$(networks_of "$before")" "aa-s$SLOT bardo._inside.$APP bardo.$APP "
	assert_equal "$(at "$FIRST")" 'version 1'
	patiently ps:restart "$APP"
	assert_equal "$(networks_of "$before")" ''
	assert_equal "$(at "$FIRST")" 'version 1'
	ssh_bardo network:set "$APP" attach-post-create
}

@test "a port that somebody else has rejects the change, and the old life answers" {
	take_port "$((FIRST + 6))"
	run patiently ports:add "$APP" "http:$((FIRST + 6)):5000"
	leave_port
	assert_failure
	assert_output "switch failed: port $((FIRST + 6)) of this machine is taken by another"
	assert_equal "$(at "$FIRST")" 'version 1'
	assert_equal "$(at "$((FIRST + 5))")" 'version 1'
	run ssh_bardo ports:list "$APP"
	refute_output "$((FIRST + 6))"
	run patiently ports:clear "$APP"
	assert_success
}

has_container() {
	[ -n "$(docker ps -aq --filter "name=^$1\$")" ]
}

@test "killed anywhere in the switch: the life of the record has its port again, alone" {
	put_wire_to_engine
	live=bardo.$APP.web.$(live_life "$APP" life).1
	for point in "_inside.$APP/disconnect" "/bardo.$APP/disconnect" "/bardo.$APP/connect"; do
		cut_off "$point" lose ps:restart "$APP"
		bardo reconcile "$APP"
		assert_equal "$(at "$FIRST")" 'version 1'
		assert_equal "$(life "$APP" 0 state)" failed
		run has_container "bardo.$APP.web.$(life "$APP" 0 life).1"
		assert_failure
		assert_equal "$(networks_of "$live")" "bardo._inside.$APP bardo.$APP "
	done
	docker network disconnect "bardo._inside.$APP" "$live"
	docker network disconnect "bardo.$APP" "$live"
	run bardo doctor
	assert_output "nobody answers at port $FIRST, which is published for $APP"
	run patiently proxy:build-config "$APP"
	assert_success
	assert_equal "$(at "$FIRST")" 'version 1'
}

@test "a port that can't be given back at once is given back as soon as it can" {
	put_wire_to_engine
	refuse "/bardo.$APP/connect" \
		'HTTP/1.1 500 Error\nContent-Type: application/json\nConnection: close\n\n{"message":"no room"}'
	run bardo -c "engine.host=$WIRED_ENGINE" ps:restart "$APP"
	assert_failure
	assert_output 'switch failed: .*no room'
	assert_output 'Not everything could be put back yet: .*no room'
	refute_output 'goes on serving'
	# (bardod's Engine has room.)
	wait_until 30 at_is "$FIRST" 'version 1'
}

@test "what a program needs to begin is reached in an internal network" {
	shop=$APP
	network=in-s$SLOT
	ssh_bardo network:create "$network" --internal
	assert_equal "$(ssh_bardo network:info "$network" --format json | jq .internal)" true
	new_app_repo data
	ssh_bardo apps:create "$APP"
	ssh_bardo network:set "$APP" attach-post-create "$network"
	push
	cd "$SHOP_REPO"
	APP=$shop
	ssh_bardo config:set --no-restart "$APP" "DATA=data-s$SLOT.web"
	ssh_bardo network:set "$APP" attach-post-create "$network"
	sed -i '2i nc -w 2 "$DATA" 5000 </dev/null || exit 1' start
	write_version 'that needs data'
	run push
	assert_success
	assert_equal "$(at "$FIRST")" 'version that needs data'
	patiently apps:destroy "data-s$SLOT" --force
	sed -i 2d start
}

@test "what needs more than that to begin has it when the life before ends first" {
	there=bardo.there-s$SLOT.web
	ssh_bardo network:create "out-s$SLOT"
	docker run -d --name "$there" --network "out-s$SLOT" busybox httpd -f -p 5000 >/dev/null
	ssh_bardo network:set "$APP" attach-post-create "out-s$SLOT"
	sed -i "2i nc -w 2 $there 5000 </dev/null || exit 1" start
	write_version 'that looks around'
	run push
	assert_failure
	assert_output 'Hint: without the proxy web reaches nothing outside until it is proved'
	assert_equal "$(at "$FIRST")" 'version that needs data'
	ssh_bardo checks:disable "$APP" web
	run push
	assert_success
	assert_equal "$(at "$FIRST")" 'version that looks around'
	assert_equal "$(networks_of "bardo.$APP.web.$(live_life "$APP" life).1")" \
		"bardo._inside.$APP bardo.$APP out-s$SLOT "
	sed -i '2i exit 4' start
	write_version 'that ends'
	run push
	assert_failure
	refute_output 'Hint: without the proxy'
	assert_equal "$(at "$FIRST")" 'version that looks around'
}

@test "apps:destroy leaves nothing" {
	patiently apps:destroy "$APP" --force
	[ -z "$(things_of "$APP")" ]
}

@test "two apps that are pushed for the first time at once have a port each" {
	new_app_repo one
	push_in_background
	one=$PUSH_PID
	new_app_repo two
	push
	wait "$one"
	assert_equal "$(page "one-s$SLOT") $(page "$APP")" 'version 1 version 1'
	[ "$(app_url "one-s$SLOT")" != "$(app_url "$APP")" ]
	patiently apps:destroy "$APP" --force
	patiently apps:destroy "one-s$SLOT" --force
}

engine_dies() {
	local pid
	pid=$(cat "$OWN/docker.pid")
	# (Its containers die with it: nobody keeps them.)
	family "$pid" | kill_each KILL
	wait_until 10 is_gone "$pid"
}

@test "the Engine dies in the middle of a switch: the life before has its port again" {
	if [ "$(id -u)" != 0 ]; then skip 'needs root for an Engine of its own'; fi
	"$TOP/contrib/throwaway-engine" start "$OWN"
	export DOCKER_HOST=unix://$OWN/docker.sock
	"$TOP/contrib/examples/base-image" --import
	server_with -c "engine.host=$DOCKER_HOST"
	new_app_repo again
	push
	deploy_version 2
	port=$(ssh_bardo ports:list "$APP" --format json | jq '.[0].host_port')
	assert_equal "$(at "$port")" 'version 2'
	put_wire_to_engine "$OWN/docker.sock"
	for point in "/bardo.$APP/disconnect" "/bardo.$APP/connect"; do
		held_up "$point" lose ps:restart "$APP"
		engine_dies
		: >"$RULES"
		wait "$HELD_UP" || true
		run cat "$RULES.said"
		assert_output 'switch failed: .*Engine'
		run at "$port"
		assert_failure
		"$TOP/contrib/throwaway-engine" start "$OWN"
		wait_until 60 at_is "$port" 'version 2'
		wait_until 30 is_without_the_new
	done
	deploy_version 3
	assert_equal "$(at "$port")" 'version 3'
	patiently apps:destroy "$APP" --force
}
is_without_the_new() {
	[ "$(life "$APP" 0 state)" = failed ] &&
		! has_container "bardo.$APP.web.$(life "$APP" 0 life).1"
}
