#!/usr/bin/env bats
# The processes of an app: how many, what they do, and stopping and starting them.

setup_file() {
	load lib
	server_start
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	new_app_repo crew
	worker_app
	push main
	export CREW=$APP
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	use_git
	APP=$CREW
}
teardown() {
	if [ -n "${LOAD_PID:-}" ]; then load_stop; fi
	# shellcheck disable=SC2086
	docker unpause ${PAUSED:-} 2>/dev/null || true
}

# web says which container it is; both end as soon as they are asked to.
worker_app() {
	cat >serve <<-'END'
		#!/bin/sh
		trap 'kill $!; exit' TERM
		hostname >/www/index.html
		httpd -f -p 5000 -h /www &
		wait $!
	END
	cat >work <<-'END'
		#!/bin/sh
		trap exit TERM
		echo working
		sleep 1000 &
		wait $!
	END
	chmod 755 serve work
	printf 'FROM busybox\nCOPY serve work /\nCOPY www /www\n' >Dockerfile
	printf 'web: /serve\nworker: /work\n' >Procfile
	git add -A
	git commit -q -m 'Two process types'
}

containers() {
	running_containers_of "$APP" | sed "s/^bardo\.$APP\.//" | sort | tr '\n' ' '
}
containers_are() {
	[ "$(containers)" = "$1" ]
}
answers() { # how many different containers answer; side by side, as the load does it too
	local url
	url=$(app_url "$APP")
	yes "$url" | head -n 40 | xargs -P 4 -n 1 curl -fsS | sort -u | wc -l
}

# A request after the other, until load_stop, which fails if one was lost.
load_start() {
	local url
	url=$(app_url "$APP")
	LOAD=$BATS_TEST_TMPDIR/load
	touch "$LOAD.go"
	(
		while [ -e "$LOAD.go" ]; do
			curl -fsS --max-time 10 -o /dev/null "$url" && echo ok || echo lost
		done >"$LOAD"
	) 3>&- 2>&1 &
	LOAD_PID=$!
}
load_stop() {
	rm -f "$LOAD.go"
	wait "$LOAD_PID"
	LOAD_PID=''
}
load_lost_nothing() {
	load_stop
	assert_equal "$(sort -u "$LOAD")" ok
}

@test "ps:scale shows a process type a line, and as JSON" {
	run ssh_bardo ps:scale "$APP"
	assert_success
	assert_equal "$output" "$(printf '%s\n' "-----> Scaling for $APP" \
		'proctype: qty' '--------: ---' 'web: 1' 'worker: 0')"
	assert_equal "$(ssh_bardo ps:scale "$APP" --format json | jq -c .)" \
		'{"web":1,"worker":0}'
}

@test "ps:scale starts what is missing and takes away what is too much, in the live life" {
	life=$(live_life "$APP" life)
	web=$(docker inspect -f '{{.Id}}' "bardo.$APP.web.$life.1")
	load_start
	run ssh_bardo ps:scale "$APP" web=2 worker=1
	assert_success
	assert_shown 'Starting web.2'
	assert_equal "$(containers)" "web.$life.1 web.$life.2 worker.$life.1 "
	assert_equal "$(answers)" 2
	assert_equal "$(live_life "$APP" life)" "$life"
	run ssh_bardo ps:scale "$APP" web=1 worker=0
	assert_success
	load_lost_nothing
	assert_equal "$(containers)" "web.$life.1 "
	assert_equal "$(answers)" 1
	# Nobody touched the one that stays.
	assert_equal "$(docker inspect -f '{{.Id}}' "bardo.$APP.web.$life.1")" "$web"
}

@test "a web that is down is left out, the others answer everything, and it comes back" {
	life=$(live_life "$APP" life)
	ssh_bardo ps:scale "$APP" web=2
	assert_equal "$(answers)" 2
	docker stop "bardo.$APP.web.$life.2" >/dev/null
	load_start
	wait_until 20 answers_quickly
	load_lost_nothing
	# The same as seen by a HAProxy that starts with its files (bardod sees to it).
	proxy_stop
	wait_until 20 answers_quickly
	wait_until 20 last_resort_is 2
	docker start "bardo.$APP.web.$life.2" >/dev/null
	wait_until 20 all_answer 2
	ssh_bardo ps:scale "$APP" web=1
}
answers_quickly() { # twenty in a row, a second for each
	local url
	url=$(app_url "$APP")
	yes "$url" | head -n 20 | xargs -n 1 curl -fsS --max-time 1 -o /dev/null 2>/dev/null
}
last_resort_is() { # COUNT: whom HAProxy would ask when none is healthy
	[ "$(echo "show map $DATA/run/proxy/webs.map" |
		socat -t 5 - "UNIX-CONNECT:$DATA/run/proxy/proxy.sock" | grep -c ' web\.')" = "$1" ]
}
all_answer() { # COUNT
	[ "$(answers)" = "$1" ]
}

@test "a web that hangs is left out until it answers, but for the last one" {
	life=$(live_life "$APP" life)
	url=$(app_url "$APP")
	ssh_bardo ps:scale "$APP" web=2
	PAUSED="bardo.$APP.web.$life.1 bardo.$APP.web.$life.2"
	# shellcheck disable=SC2086
	docker pause $PAUSED >/dev/null
	wait_until 30 healthy_are 0
	# Nobody answers, and nobody is told 503: either one is waited for.
	for _ in 1 2 3 4; do echo "$url"; done |
		xargs -P 4 -n 1 curl -fsS --max-time 50 >"$BATS_TEST_TMPDIR/waited" 3>&- &
	visitors=$!
	wait_until 10 have_come 4
	docker unpause "bardo.$APP.web.$life.1" >/dev/null
	wait_until 30 answers_quickly
	docker unpause "bardo.$APP.web.$life.2" >/dev/null
	wait "$visitors"
	assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/waited")" 4
	wait_until 20 all_answer 2
	docker pause "bardo.$APP.web.$life.2" >/dev/null
	paused=$(date +%s%3N)
	wait_until 30 answers_quickly
	echo "# a web that hangs was left out after $(($(date +%s%3N) - paused)) ms" >&3
	docker unpause "bardo.$APP.web.$life.2" >/dev/null
	ssh_bardo ps:scale "$APP" web=1
}
proxy_shows() { # COLUMN: of the app's servers, a line each
	echo 'show stat' | socat -t 5 - "UNIX-CONNECT:$DATA/run/proxy/proxy.sock" |
		grep "^slot000,web" | cut -d , -f "$1"
}
healthy_are() { # COUNT
	[ "$(proxy_shows 18 | grep -c '^UP')" = "$1" ]
}
have_come() { # COUNT: requests that are under way
	[ $(($(proxy_shows 5 | paste -sd +))) = "$1" ]
}

@test "ps:scale refuses what there is not, and changes nothing" {
	run ssh_bardo ps:scale "$APP" wrker=1
	assert_status 4
	assert_output 'wrker.*web.*worker'
	run ssh_bardo ps:scale "$APP" web=many
	assert_status 2
	assert_shown 'the count is 0 to 20'
	run ssh_bardo ps:scale "$APP" web
	assert_status 2
	assert_shown 'expected PROCESS=COUNT'
	assert_equal "$(ssh_bardo ps:scale "$APP" --format json | jq -c .)" \
		'{"web":1,"worker":0}'
}

@test "what can't start leaves the scale as it was" {
	cd "$BATS_FILE_TMPDIR/crew"
	sed -i 's|^worker: .*|worker: sh -c "echo broken; exit 9"|' Procfile
	git commit -qam 'A worker that ends'
	push main
	life=$(live_life "$APP" life)
	wait_until 20 containers_are "web.$life.1 "
	run ssh_bardo ps:scale "$APP" worker=1
	assert_failure
	assert_shown 'worker.1 exited with 9'
	assert_equal "$(ssh_bardo ps:scale "$APP" --format json | jq .worker)" 0
	wait_until 10 has_containers "$APP" 1
	sed -i 's|^worker: .*|worker: /work|' Procfile
	git commit -qam 'A worker that works'
	push main
}

@test "the next life has what was scaled" {
	ssh_bardo ps:scale --skip-deploy "$APP" worker=2
	life=$(live_life "$APP" life)
	wait_until 20 containers_are "web.$life.1 "
	run ssh_bardo ps:restart "$APP"
	assert_success
	wait_until 20 containers_are "web.$((life + 1)).1 worker.$((life + 1)).1 worker.$((life + 1)).2 "
	assert_equal "$(live_life "$APP" source)" restart
	ssh_bardo ps:scale "$APP" worker=1
}

@test "a life with no room beside the one before is refused before anything stops" {
	ssh_bardo ps:scale "$APP" web=1 worker=1
	life=$(live_life "$APP" life)
	wait_until 20 containers_are "web.$life.1 worker.$life.1 "
	run ssh_bardo ps:scale --skip-deploy "$APP" web=14 worker=14
	assert_success
	assert_shown 'each deploy needs as many again'
	run ssh_bardo ps:restart "$APP"
	assert_failure
	assert_shown 'it needs 28 containers beside the 2 that are there'
	assert_equal "$(containers)" "web.$life.1 worker.$life.1 "
	ssh_bardo ps:scale "$APP" web=1 worker=1
}

@test "ps:restart of a process type replaces its containers alone, and loses no request" {
	ssh_bardo ps:scale "$APP" web=1 worker=1
	life=$(live_life "$APP" life)
	wait_until 20 containers_are "web.$life.1 worker.$life.1 "
	web=$(docker inspect -f '{{.Id}}' "bardo.$APP.web.$life.1")
	worker=$(docker inspect -f '{{.Id}}' "bardo.$APP.worker.$life.1")
	load_start
	run ssh_bardo ps:restart "$APP" web
	assert_success
	load_lost_nothing
	assert_equal "$(containers)" "web.$life.1 worker.$life.1 "
	[ "$(docker inspect -f '{{.Id}}' "bardo.$APP.web.$life.1")" != "$web" ]
	assert_equal "$(docker inspect -f '{{.Id}}' "bardo.$APP.worker.$life.1")" "$worker"
	run ssh_bardo ps:restart "$APP" nothing
	assert_status 4
}

@test "an app that was stopped stays so, and a start brings it back as it was" {
	ssh_bardo ps:scale "$APP" web=1 worker=1
	life=$(live_life "$APP" life)
	url=$(app_url "$APP")
	run ssh_bardo ps:stop "$APP"
	assert_success
	assert_equal "$(containers)" ''
	assert_equal "$(curl -s -o /dev/null -w '%{http_code}' "$url")" 503
	assert_equal "$(ssh_bardo ps:report "$APP" --running)" false
	ssh_bardo ps:restore "$APP"
	assert_equal "$(containers)" ''
	ssh_bardo ps:scale "$APP" web=2
	assert_equal "$(containers)" ''
	run ssh_bardo ps:start "$APP"
	assert_success
	assert_equal "$(containers)" "web.$life.1 web.$life.2 worker.$life.1 "
	assert_equal "$(answers)" 2
	assert_equal "$(docker inspect -f '{{.HostConfig.RestartPolicy.Name}}' \
		"bardo.$APP.web.$life.1")" unless-stopped
	ssh_bardo ps:scale "$APP" web=1
	# What runs no more, and should, is started by ps:restore.
	docker stop -t 1 "bardo.$APP.worker.$life.1"
	run ssh_bardo ps:restore
	assert_success
	assert_shown "-----> Restoring $APP"
	assert_equal "$(containers)" "web.$life.1 worker.$life.1 "
	# A push starts it, too.
	ssh_bardo ps:stop "$APP"
	cd "$BATS_FILE_TMPDIR/crew"
	git commit -q --allow-empty -m 'Again'
	run push main
	assert_success
	curl -fsS "$url"
	assert_equal "$(ssh_bardo ps:report "$APP" --restore)" true
}

@test "an app with no web answers that nobody is there" {
	url=$(app_url "$APP")
	ssh_bardo ps:scale "$APP" web=0
	assert_equal "$(curl -s -o /dev/null -w '%{http_code}' "$url")" 503
	ssh_bardo ps:scale "$APP" web=1
	curl -fsS "$url"
}

@test "ps:report tells what runs and what is set" {
	ssh_bardo ps:scale "$APP" web=1 worker=1
	life=$(live_life "$APP" life)
	wait_until 20 containers_are "web.$life.1 worker.$life.1 "
	run ssh_bardo ps:report "$APP"
	assert_success
	assert_shown "=====> $APP ps information"
	assert_output 'Deployed: +true'
	assert_output 'Processes: +2'
	assert_output 'Running: +true'
	assert_output 'Status web 1: +running \(CID: [0-9a-f]{11}\)'
	ssh_bardo ps:set "$APP" restart-policy on-failure:3
	ssh_bardo ps:set "$APP" stop-timeout-seconds 3
	run ssh_bardo ps:report "$APP" --format json
	assert_equal "$(jq -r '."ps-restart-policy", ."computed-stop-timeout-seconds",
		."ps-computed-procfile-path", .restore' <<<"$output" | tr '\n' ' ')" \
		'on-failure:3 3 Procfile true '
	run ssh_bardo ps:set "$APP" restart-policy sometimes
	assert_status 2
	run ssh_bardo ps:set "$APP" procfile-path ../Procfile
	assert_status 2
	ssh_bardo ps:restart "$APP"
	life=$(live_life "$APP" life)
	keeps() { [ "$(docker inspect -f '{{.HostConfig.RestartPolicy.Name}} {{.Config.StopTimeout}}' \
		"bardo.$APP.web.$life.1")" = 'on-failure 3' ]; }
	wait_until 20 keeps
}

@test "ps:set start-cmd is what web runs, dockerfile-start-cmd before it" {
	ssh_bardo ps:scale "$APP" web=1 worker=1
	run ssh_bardo ps:set "$APP" start-cmd "'/serve --loud'"
	assert_shown '=====> Setting start-cmd to /serve --loud'
	ssh_bardo checks:set "$APP" default-wait 0
	runs() {
		docker inspect -f '{{json .Config.Cmd}}' "bardo.$APP.$1.$(live_life "$APP" life).1"
	}
	ssh_bardo ps:restart "$APP"
	assert_equal "$(runs web) $(runs worker)" '["/serve","--loud"] ["/work"]'
	run ssh_bardo checks:run "$APP" worker
	assert_shown 'whether it stays up for 0 s'
	ssh_bardo ps:set "$APP" dockerfile-start-cmd /serve
	run ssh_bardo ps:report "$APP" --format json
	assert_equal "$(jq -r '."start-cmd", ."computed-dockerfile-start-cmd"' \
		<<<"$output" | tr '\n' ' ')" '/serve --loud /serve '
	ssh_bardo ps:set "$APP" start-cmd
	ssh_bardo ps:restart "$APP"
	assert_equal "$(runs web)" '["/serve"]'
	ssh_bardo ps:set "$APP" dockerfile-start-cmd
	run ssh_bardo ps:set --global start-cmd /serve
	assert_status 2
	assert_shown 'start-cmd is for one app'
}

@test "what isn't to be restored stays stopped after a reboot, until it is started" {
	ssh_bardo ps:scale "$APP" web=1 worker=0
	life=$(live_life "$APP" life)
	ssh_bardo ps:set "$APP" restore false
	bardo reconcile
	assert_equal "$(containers)" "web.$life.1 "
	# As if the machine had been booted since.
	sqlite3 "$DATA/bardo.db" "UPDATE property SET value = 'another'
		WHERE family = 'server' AND name = 'boot'"
	bardo reconcile
	assert_equal "$(containers)" ''
	run ssh_bardo ps:restore "$APP"
	assert_shown "Skipping ps:restore for $APP as restore is false"
	assert_equal "$(ssh_bardo ps:report "$APP" --restore)" false
	ssh_bardo ps:start "$APP"
	bardo reconcile
	assert_equal "$(containers)" "web.$life.1 "
	ssh_bardo ps:set "$APP" restore
	assert_equal "$(ssh_bardo ps:report "$APP" --restore)" true
}

@test "ps:inspect shows no value" {
	ssh_bardo config:set "$APP" PASSWORD=very-secret-indeed
	run ssh_bardo ps:inspect "$APP"
	assert_success
	refute_output very-secret
	assert_equal "$(jq -r '.[0].Config.Env[]' <<<"$output" | grep PASSWORD)" PASSWORD=XXXXXX
}

@test "ps:stop and ps:start of all apps, several at a time" {
	ssh_bardo ps:scale "$APP" web=1 worker=1
	ssh_bardo apps:create "empty-s$SLOT"
	run ssh_bardo ps:stop --all --parallel 2
	assert_success
	assert_shown "Nothing of empty-s$SLOT is live"
	assert_shown 'ps:stop: 2 done, 0 failed'
	assert_equal "$(containers)" ''
	# With --quiet only what goes wrong is told, and the life's log has it all.
	run ssh_bardo ps:start --all --quiet
	assert_equal "$status $output" '0 '
	run ssh_bardo ps:restart --quiet --all --parallel 2
	assert_equal "$status $output" '0 '
	run ssh_bardo lives:log "$APP"
	assert_shown "-----> Starting life"
	assert_equal "$(bardo ps:stop --all --quiet)" ''
	ssh_bardo apps:lock "empty-s$SLOT"
	run bardo ps:start --all
	assert_status 1
	assert_shown "ps:start failed for empty-s$SLOT"
	assert_shown 'ps:start: 1 done, 1 failed'
	life=$(live_life "$APP" life)
	assert_equal "$(containers)" "web.$life.1 worker.$life.1 "
	run ssh_bardo ps:start --all --parallel 100
	assert_status 2
	run ssh_bardo ps:start
	assert_status 2
	# Who may nothing does nothing.
	new_key nobody
	ssh_bardo users:add nobody
	ssh_bardo ssh-keys:add nobody <"$CLIENT/nobody.pub"
	KEY=$CLIENT/nobody run ssh_bardo ps:stop --all
	assert_shown 'ps:stop: 0 done, 0 failed'
	assert_equal "$(containers)" "web.$life.1 worker.$life.1 "
}

@test "ps:rebuild builds the live commit again" {
	life=$(live_life "$APP" life)
	run ssh_bardo ps:rebuild "$APP" --no-cache
	assert_success
	assert_equal "$(live_life "$APP" life)" $((life + 1))
	assert_equal "$(live_life "$APP" source)" rebuild
}
