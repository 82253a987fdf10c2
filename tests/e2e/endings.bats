#!/usr/bin/env bats
# What fails half-way is put back, tried again, and told in words that harm no terminal.

setup_file() {
	load lib
	server_start
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	server_as_usual
}
teardown() {
	proxy_signal CONT
	gate_release
	if [ -n "${ENGINE_WIRE:-}" ]; then cut_engine_wire; fi
}

proxy_signal() {
	xargs -r kill -"$1" <"$DATA/run/proxy/haproxy.pid" || true
}

# Between bardo and the Engine, to be cut and mended.
engine_wire() {
	ENGINE_WIRE=$SERVER/wire.sock
	rm -f "$ENGINE_WIRE"
	socat -t 600 "UNIX-LISTEN:$ENGINE_WIRE,fork,mode=666" \
		"UNIX-CONNECT:${BARDO_TEST_ENGINE#unix://}" 3>&- &
	WIRE_PID=$!
	wait_until 5 test -S "$ENGINE_WIRE"
}
cut_engine_wire() {
	kill_family "$WIRE_PID"
	wait_until 5 is_gone "$WIRE_PID"
	rm -f "$ENGINE_WIRE"
	ENGINE_WIRE=''
}

# slow_version TEXT [LINE ...]: a version with a page that comes only when the gate opens.
slow_version() {
	local text=$1
	shift
	gate_start
	mkdir -p www/cgi-bin
	printf '#!/bin/sh\n%s\nprintf "Content-Type: text/plain\\r\\n\\r\\nslow\\n"\n' \
		"$GATE" >www/cgi-bin/slow
	chmod 755 www/cgi-bin/slow
	printf '%s\n' 'FROM busybox' 'COPY start /start' 'COPY www /www' "$@" \
		'CMD ["/start"]' >Dockerfile
	write_version "$text"
}
ask_slow_page() {
	curl -fsS --max-time 60 "$(app_url "$APP")/cgi-bin/slow" \
		>"$BATS_TEST_TMPDIR/slow" 2>&1 3>&- &
	gate_wait
}

switch_has_failed() {
	grep -q 'switch failed' "$PUSHED"
}
app_is_gone() {
	ssh_bardo apps:exists "$APP" >/dev/null 2>&1
	[ $? = 4 ]
}

@test "a first push whose switch fails leaves no app" {
	# The proxy runs already: it is started when it doesn't answer.
	new_app_repo before
	push
	new_app_repo unrouted
	gate_before_start
	write_version 1
	push_in_background
	gate_wait
	proxy_signal STOP
	gate_release
	wait_until 40 switch_has_failed
	proxy_signal CONT
	push_result
	assert_status 1
	assert_output 'remote rejected.*switch failed'
	wait_until 20 app_is_gone
	assert_equal "$(things_of "$APP")" ''
	[ ! -e "$DATA/repos/$APP.git" ]
}

a_job_has_failed() {
	grep -q 'job [0-9]* ended' "$SERVER/bardod.log"
}

@test "what an Engine that was away left undone is done when it is back" {
	engine_wire
	server_with -c "engine.host=unix://$ENGINE_WIRE" -c deploy.drain=60s
	new_app_repo unsettled
	slow_version 1
	push
	ask_slow_page
	deploy_version 2
	has_containers "$APP" 2
	# Life 1 drains until the page has come, and can't be removed then.
	cut_engine_wire
	gate_release
	wait_until 20 a_job_has_failed
	engine_wire
	wait_until 40 has_containers "$APP" 1
	assert_equal "$(page "$APP")" 'version 2'
	server_as_usual
}

@test "other settings of a proxy that runs wait for somebody to start it anew" {
	log_names_the_way() {
		grep -qF "kill \$(cat $DATA/run/proxy/haproxy.pid)" "$SERVER/bardod.log"
	}
	new_app_repo pooled
	push
	url=$(app_url "$APP")
	run log_names_the_way
	assert_failure
	server_with -c proxy.apps=$((PORTS_PER_SLOT + 1))
	wait_until 10 log_names_the_way
	assert_equal "$(curl -fsS "$url")" 'version 1'
	proxy_signal TERM
	wait_until 20 curl -fsS "$url"
	[ -e "$DATA/run/proxy/backends/$(printf %03d "$PORTS_PER_SLOT").cfg" ]
}

@test "an app without a life is told as that" {
	local app=lifeless-s$SLOT
	ssh_bardo apps:create "$app"
	run ssh_bardo lives:log "$app"
	assert_status 4
	assert_output "$app has no life yet"
}

@test "apps:create that fails leaves no app and can be tried again" {
	local app=half-s$SLOT
	# In the repository's place.
	as_server_user sh -c "echo >'$DATA/repos/$app.git'"
	run ssh_bardo apps:create "$app"
	assert_failure
	run ssh_bardo apps:exists "$app"
	assert_status 4
	run ssh_bardo apps:list
	refute_output "$app"
	rm -f "$DATA/repos/$app.git"
	run ssh_bardo apps:create "$app"
	assert_success
	run ssh_bardo apps:exists "$app"
	assert_success
}

@test "control characters of a Dockerfile reach no terminal" {
	new_app_repo colours
	push
	dockerfile 'FROM busybox' $'\e[31mFLY\a away'
	run push
	assert_status 1
	assert_output 'remote rejected.*build failed.*FLY'
	refute_output $'[\e\a]'
	run ssh_bardo lives "$APP"
	assert_output 'failed.*FLY'
	refute_output $'[\e\a]'
	run ssh_bardo lives:info "$APP" 2 --format json
	assert_equal "$(jq -r .reason <<<"$output" | tr -d '\n[:print:]')" ''
}

@test "a life that still drains is stopped before its volume goes to the next one" {
	server_with -c deploy.drain=60s
	new_app_repo lends
	slow_version 1 'VOLUME /data'
	push
	ask_slow_page
	printf '%s\n' 'FROM busybox' 'COPY start /start' 'COPY www /www' 'CMD ["/start"]' \
		>Dockerfile
	deploy_version 2
	# It drains, with the volume.
	assert_equal "$(running_containers_of "$APP" | sort | head -n 1)" "bardo.$APP.web.1.1"
	since=$(date +%s.%N)
	echo 'VOLUME /data' >>Dockerfile
	run deploy_version 3
	assert_success
	order=$(docker events --since "$since" --until "$(date +%s.%N)" \
		--filter "label=bardo.app=$APP" --filter event=die --filter event=start \
		--format '{{.Action}} {{.Actor.Attributes.name}}' | grep -E '\.(1|3)\.1$')
	assert_equal "$order" "die bardo.$APP.web.1.1
start bardo.$APP.web.3.1"
	gate_release
	server_as_usual
}

has_drained() {
	! sqlite3 "$DATA/bardo.db" 'SELECT state FROM life' | grep -q draining
}

@test "however many lives drain, all of them are retired" {
	new_app_repo many
	push
	wait_until 20 has_drained
	for n in $(seq 101 120); do
		echo "CREATE TEMP TABLE copy AS SELECT * FROM life WHERE number = 1 AND app_id =
			(SELECT id FROM app WHERE name = '$APP');
			UPDATE copy SET number = $n, state = 'draining';
			INSERT INTO life SELECT * FROM copy; DROP TABLE copy;"
	done | sqlite3 "$DATA/bardo.db"
	run bardo lives:settle "$APP"
	assert_success
	has_drained
	assert_equal "$(page "$APP")" 'version 1'
}

has_ended() {
	[ -z "$(running_containers_of "$APP")" ]
}

@test "logs cuts a line that is too long, and shows last words without a newline" {
	new_app_repo wordy
	cat >program <<-"END"
		#!/bin/sh
		head -c 300000 /dev/zero | tr '\0' x
		echo
		echo after the long line
		trap 'printf "last words"; exit 0' TERM
		httpd -f -p "$PORT" -h /www &
		wait
	END
	chmod 755 program
	dockerfile 'FROM busybox' 'COPY www /www' 'COPY program /program' 'CMD ["/program"]'
	run push
	assert_success
	run ssh_bardo logs "$APP"
	assert_success
	assert_output '^[^ ]+Z app\[web\.1\]: xxxxxxxx'
	assert_output '^[^ ]+Z app\[web\.1\]: after the long line$'
	[ "$(awk '{ if (length > most) most = length } END { print most }' <<<"$output")" -le 65600 ]
	docker kill -s TERM "$(running_containers_of "$APP")" >/dev/null
	wait_until 10 has_ended
	run ssh_bardo logs "$APP" -n 1
	assert_output '^[^ ]+Z app\[web\.1\]: last words$'
}
