#!/usr/bin/env bats
# Ports: which of the host's lead to which of the app's, at once and without a new life.

setup_file() {
	load lib
	server_start
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	new_key owner
	ssh_bardo users:add owner --create
	ssh_bardo ssh-keys:add owner <"$CLIENT/owner.pub"
	new_app_repo doors
	mkdir other
	echo 'the other door' >other/index.html
	dockerfile 'FROM busybox' 'COPY start /start' 'COPY www /www' 'COPY other /other' \
		'CMD ["sh", "-c", "httpd -p 9000 -h /other; exec /start"]'
	push
	export DOORS=$APP OWN FIRST=$((PORT_FIRST + SLOT * PORTS_PER_SLOT))
	OWN=$(ssh_bardo ports:list "$APP" --format json | jq '.[0].host_port')
	ssh_bardo apps:create "next-s$SLOT"
	ssh_bardo acl:grant owner "next-s$SLOT" owner
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	use_git
	APP=$DOORS
	SPARE=$((FIRST + 20))
}

behind() { # PORT: what answers there
	curl -fsS --max-time 5 "http://127.0.0.1:$1/"
}
mappings() {
	ssh_bardo ports:list "$APP" --format json |
		jq -r '.[] | "\(.scheme):\(.host_port):\(.container_port)"'
}

@test "an app's own port leads to where web listens" {
	assert_equal "$(mappings)" "http:$OWN:5000"
	run ssh_bardo ports:list "$APP"
	assert_output "^-----> Port mappings for $APP$"
	assert_output "^http +$OWN +5000$"
	assert_equal "$(behind "$OWN")" 'version 1'
}

@test "ports:add leads to another container port at once, beside what there is" {
	life=$(live_life "$APP" life)
	run ssh_bardo ports:add "$APP" "http:$SPARE:9000"
	assert_success
	assert_equal "$(behind "$SPARE")" 'the other door'
	assert_equal "$(behind "$OWN")" 'version 1'
	assert_equal "$(mappings)" $'http:'"$OWN:5000"$'\nhttp:'"$SPARE:9000"
	assert_equal "$(live_life "$APP" life)" "$life"
	run ssh_bardo ports:report "$APP" --ports-map
	assert_equal "$output" "http:$OWN:5000 http:$SPARE:9000"
}

@test "every port leads to the next life after a deploy, and survives the proxy" {
	ssh_bardo ports:add "$APP" "http:$SPARE:9000"
	cd "$BATS_FILE_TMPDIR/doors"
	run deploy_version 2
	assert_success
	assert_equal "$(behind "$OWN")" 'version 2'
	assert_equal "$(behind "$SPARE")" 'the other door'
	wait_until 20 has_containers "$APP" 1
	assert_equal "$(behind "$SPARE")" 'the other door'
	kill -KILL "$(cat "$DATA/run/proxy/haproxy.pid")"
	comes_back() { [ "$(behind "$SPARE")" = 'the other door' ]; }
	wait_until 20 comes_back
	assert_equal "$(behind "$OWN")" 'version 2'
}

@test "ports:set keeps what it names alone, and the URL is the first one's" {
	# (After a proxy's death bardod may still be looking after the app: status 5.)
	wait_until 20 ssh_bardo ports:set "$APP" "http:$((SPARE + 1)):5000" \
		"http:$SPARE:9000"
	run behind "$OWN"
	assert_failure
	assert_equal "$(behind $((SPARE + 1)))" "$(docker exec "bardo.$APP.web.$(live_life "$APP" life).1" cat /www/index.html)"
	run ssh_bardo ps:rebuild "$APP"
	assert_success
	assert_output "http://127.0.0.1:$((SPARE + 1))/"
}

@test "ports:remove takes one away, ports:clear all but the app's own" {
	ssh_bardo ports:set "$APP" "http:$SPARE:9000" "http:$((SPARE + 2)):9000" "http:$OWN:5000"
	run ssh_bardo ports:remove "$APP" "$SPARE"
	assert_success
	run behind "$SPARE"
	assert_failure
	assert_equal "$(behind $((SPARE + 2)))" 'the other door'
	run ssh_bardo ports:remove "$APP" "http:$OWN:9000"
	assert_status 4
	run ssh_bardo ports:clear "$APP"
	assert_success
	assert_equal "$(mappings)" "http:$OWN:5000"
	run behind $((SPARE + 2))
	assert_failure
	# The backend went back to the pool: nothing of it is in the proxy.
	run grep -lE '^\s*server ' "$DATA"/run/proxy/backends/*
	assert_equal "$(wc -l <<<"$output")" 1
}

@test "a change that is refused leaves the ports as they were" {
	ssh_bardo ports:add "$APP" "http:$SPARE:9000"
	before=$(mappings)
	exec {lock}>"$DATA/locks/$APP.lock"
	flock "$lock"
	for change in "add http:$((SPARE + 1)):9000" clear "remove $SPARE"; do
		# shellcheck disable=SC2086
		set -- $change
		run ssh_bardo "ports:$1" "$APP" "${@:2}"
		assert_status 5
		assert_equal "$(mappings)" "$before"
	done
	exec {lock}>&-
	KEY=$CLIENT/owner run ssh_bardo ports:clear "$APP"
	assert_status 3
	assert_equal "$(mappings)" "$before"
	assert_equal "$(behind "$SPARE")" 'the other door'
	ssh_bardo ports:remove "$APP" "$SPARE"
}

@test "a ports:remove that dies in the middle is finished by the next reconcile" {
	ssh_bardo ports:add "$APP" "http:$SPARE:9000"
	proxy_signal STOP
	"$BIN/bardo" --config "$CONFIG" ports:remove "$APP" "$SPARE" 3>&- &
	wait_until 10 is_unmapped
	kill -KILL $!
	proxy_signal CONT
	bardo reconcile "$APP"
	assert_equal "$(record 'SELECT count(*) FROM backend')" 0
	run behind "$SPARE"
	assert_failure
	behind "$OWN"
}
proxy_signal() {
	xargs -r kill -"$1" <"$DATA/run/proxy/haproxy.pid"
}
record() { # SQL
	sqlite3 "$DATA/bardo.db" "$1"
}
is_unmapped() {
	[ "$(record "SELECT count(*) FROM port WHERE host_port = $SPARE")" = 0 ]
}

@test "another app's port, and one that HAProxy doesn't have, are refused by number" {
	ssh_bardo ports:set "$APP" "http:$OWN:5000" "http:$SPARE:9000"
	for port in $OWN $SPARE; do
		KEY=$CLIENT/owner run ssh_bardo ports:add "next-s$SLOT" "http:$port:5000"
		assert_failure
		assert_output "another app has port $port"
	done
	run ssh_bardo ports:add "$APP" http:81:5000
	assert_status 2
	assert_output 'port 81 is not of proxy.ports'
	run ssh_bardo ports:add "$APP" "https:$((SPARE + 3)):5000"
	assert_status 2
	assert_output 'proxy.https'
	for wrong in 5000 "http:$((SPARE + 3))" "http:$((SPARE + 3)):x" "tcp:$((SPARE + 3)):1"; do
		run ssh_bardo ports:add "$APP" "$wrong"
		assert_status 2
	done
	run ssh_bardo ports:add "$APP" "http:$((SPARE + 3)):5000" "http:$((SPARE + 3)):9000"
	assert_status 2
	assert_output "http:$((SPARE + 3)):5000 and http:$((SPARE + 3)):9000: a host's port leads to"
	KEY=$CLIENT/owner run ssh_bardo ports:add "$APP" "http:$((SPARE + 3)):5000"
	assert_status 3
	assert_equal "$(mappings)" $'http:'"$OWN:5000"$'\nhttp:'"$SPARE:9000"
}

@test "a new app gets no port that another mapped, and a destroyed one gives its back" {
	ssh_bardo apps:create "last-s$SLOT"
	ssh_bardo ports:add "last-s$SLOT" "http:$((FIRST + 3)):5000" "http:$((FIRST + 30)):7000"
	ssh_bardo apps:create "later-s$SLOT"
	assert_equal "$(ssh_bardo ports:list "later-s$SLOT" --format json |
		jq '.[0].host_port')" $((FIRST + 4))
	ssh_bardo apps:destroy "last-s$SLOT" --force
	run ssh_bardo ports:add "$APP" "http:$((FIRST + 30)):9000"
	assert_success
	assert_equal "$(behind $((FIRST + 30)))" 'the other door'
}

@test "http:80 and https:443 say where web listens, as Dokku's mappings do" {
	new_app_repo named
	ssh_bardo apps:create "$APP"
	ssh_bardo domains:add "$APP" "named-s$SLOT.example.org"
	run ssh_bardo ports:set "$APP" http:80:3000 https:443:3000
	assert_success
	assert_output '^http +80 +3000$'
	assert_output '^https +443 +3000$'
	push
	by_name() {
		curl -fsS --max-time 5 -H "Host: named-s$SLOT.example.org" \
			"http://127.0.0.1:$(http_port)/"
	}
	assert_equal "$(by_name)" 'version 1'
	docker exec "$(running_containers_of "$APP")" sh -c 'netstat -ltn' | grep -q ':3000 '
	own=$(ssh_bardo ports:list "$APP" --format json | jq '.[0].host_port')
	assert_equal "$(behind "$own")" 'version 1'
	# What is live goes on until there is a new life.
	run ssh_bardo ports:set "$APP" "https:$(https_port):4000"
	assert_success
	assert_shown "ps:restart $APP makes it so"
	assert_equal "$(by_name)" 'version 1'
	assert_equal "$(ssh_bardo ports:report "$APP" --ports-map | sed -E 's/http:[0-9]+:3000 //')" \
		https:443:4000
	ssh_bardo ps:restart "$APP"
	docker exec "bardo.$APP.web.$(live_life "$APP" life).1" sh -c 'netstat -ltn' |
		grep -q ':4000 '
	assert_equal "$(by_name)" 'version 1'
	assert_equal "$(ssh_bardo ports:report "$APP" --ports-map-detected |
		sed -E 's/^http:[0-9]+:4000 //')" http:80:4000
	run ssh_bardo ports:add "$APP" http:80:3000
	assert_status 2
	assert_shown 'lead to one port, not to 3000 by http and 4000 by https'
	run ssh_bardo ports:add "$APP" "https:$SPARE:3000"
	assert_status 2
	assert_shown 'https:443:CONTAINER-PORT'
	run ssh_bardo ports:add "$APP" tcp:80:3000
	assert_status 2
	ssh_bardo ports:remove "$APP" 443
	ssh_bardo ps:restart "$APP"
	assert_equal "$(mappings | cut -d : -f 1,3)" http:5000
}
