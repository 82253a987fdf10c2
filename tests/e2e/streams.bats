#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031
# What isn't a short question and a short answer: WebSockets, events, a gigabyte, slow
# clients; and what an app is told of who asks.

setup_file() {
	load lib
	server_start
	web_app_build "$SERVER/web_app"
	(
		export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
		new_streams_app
	)
	slowloris_start
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	server_as_usual
	use_git
	export APP=streams-s$SLOT
	cd "$BATS_TEST_TMPDIR" || return 1
	TALKING=()
}
teardown() {
	local name
	for name in "${TALKING[@]}"; do
		ws_close "$name"
	done
}

# The app, which has a name that everybody resolves, and a certificate for it.
new_streams_app() {
	new_app_repo streams
	rm -r start www
	cp "$SERVER/web_app" .
	printf '%s\n' 'FROM scratch' 'COPY web_app version /' 'EXPOSE 5000' \
		'CMD ["/web_app"]' >Dockerfile
	deploy_streams 1
	ssh_bardo domains:add "$APP" localhost
	ssh_bardo certs:generate "$APP"
	ssh_bardo certs:set "$APP" https-redirect false
}
deploy_streams() { # VERSION
	echo "version $1" >version
	git add -A
	git commit -q -m "Version $1"
	push main
}

# Somebody whose request never ends; one of the last tests looks what became of it.
slowloris_start() {
	local from=$BATS_FILE_TMPDIR/slowloris
	{
		date +%s >"$from.began"
		{
			printf 'GET / HTTP/1.1\r\nHost: localhost\r\n'
			while sleep 1; do printf 'X-More: comes\r\n'; done
		} | socat - "TCP:127.0.0.1:$(http_port)" >"$from.heard"
		date +%s >"$from.ended"
	} >/dev/null 2>&1 3>&- &
}

by_name() {
	echo "http://localhost:$(http_port)"
}
by_tls() {
	echo "https://localhost:$(https_port)"
}
ask() {
	curl -sS --max-time 300 --insecure "$@"
}
haproxy_peak_kb() {
	awk '/^VmHWM/ { print $2 }' "/proc/$(cat "$DATA/run/proxy/haproxy.pid")/status"
}

# ---- a client: wsdump, to which lines are said, and which writes what it hears ----

ws_open() { # NAME URL
	local said=$BATS_TEST_TMPDIR/$1.said fd
	mkfifo "$said"
	exec {fd}<>"$said"
	declare -g "WS_$1_IN=$fd"
	wsdump --raw --verbose=1 --nocert "$2" <"$said" >"$BATS_TEST_TMPDIR/$1.heard" \
		2>&1 3>&- &
	declare -g "WS_$1_PID=$!"
	TALKING+=("$1")
}
ws_say() { # NAME TEXT
	local fd=WS_$1_IN
	echo "$2" >&"${!fd}"
}
ws_hears() { # NAME LINE
	wait_until 20 grep -qxF "$2" "$BATS_TEST_TMPDIR/$1.heard"
}
ws_close() { # NAME
	local fd=WS_$1_IN pid=WS_$1_PID
	fd=${!fd}
	kill "${!pid}" 2>/dev/null || true
	wait "${!pid}" || true
	exec {fd}>&-
}

app_port() {
	bardo ports:report "$APP" --format json | jq -r '."ports-map"' | cut -d : -f 2
}

@test "a WebSocket passes by port, by name and over TLS" {
	ws_open port "ws://127.0.0.1:$(app_port)/"
	ws_open name "ws://localhost:$(http_port)/"
	ws_open tls "wss://localhost:$(https_port)/"
	big=$(printf 'x%.0s' {1..100000})
	for name in port name tls; do
		ws_hears $name 'text: version 1'
		ws_say $name 'hello'
		ws_hears $name 'text: hello'
		ws_say $name "$big"
		ws_hears $name "text: $big"
	done
}

@test "a WebSocket stays with its life until the drain is over, and new ones meet the next" {
	ssh_bardo checks:set "$APP" wait-to-retire 10
	before=$(live_life "$APP" life)
	ws_open old "ws://localhost:$(http_port)/"
	ws_hears old 'text: version 1'
	(cd "$BATS_FILE_TMPDIR/streams" && deploy_streams 2)
	ws_say old 'still here'
	ws_hears old 'text: still here'
	ws_open new "ws://localhost:$(http_port)/"
	ws_hears new 'text: version 2'
	state_is "$before" draining
	ws_hears old 'close: None'
	ws_say new 'I stay'
	ws_hears new 'text: I stay'
	wait_until 20 state_is "$before" retired
	ssh_bardo checks:set "$APP" wait-to-retire
}

@test "server-sent events arrive one by one" {
	ask -N --http1.1 "$(by_name)/events" >one 3>&- &
	one=$!
	ask -N --http2 "$(by_tls)/events" >two 3>&- &
	two=$!
	for n in 1 2 3; do
		wait_until 20 grep -qx "data: event $n" one
		wait_until 20 grep -qx "data: event $n" two
		# The app hasn't sent the next one yet.
		assert_equal "$(grep -c '^data:' one) $(grep -c '^data:' two)" "$n $n"
		ask "$(by_name)/tell"
	done
	kill "$one" "$two"
}

@test "HTTP/2 carries many requests on one connection" {
	run h2load -n 2000 -c 2 -m 50 "$(by_tls)/"
	assert_success
	assert_output 'Application protocol: h2'
	assert_output '2000 succeeded, 0 failed, 0 errored, 0 timeout'
	assert_output 'status codes: 2000 2xx'
	# An upload from afar waits for nobody's word after each 64 KiB.
	run nghttp -nv "$(by_tls)/"
	assert_output 'SETTINGS_INITIAL_WINDOW_SIZE\(0x04\):1048576'
	# All the same, the app is asked in HTTP/1.1.
	assert_equal "$(ask --http2 "$(by_tls)/head" | head -n 1)" $'GET /head HTTP/1.1\r'
}

wanted_of() { # FILE: what the app says of it
	echo "$(stat -c %s "$1") $(openssl dgst -r -sha256 "$1" | cut -d ' ' -f 1)"
}
@test "a body of a gigabyte passes whole, and the proxy keeps none of it" {
	truncate -s 1G body
	for at in 1 300000001 1000000007; do
		head -c 1000 /dev/urandom |
			dd of=body bs=1000 seek=$at oflag=seek_bytes conv=notrunc status=none
	done
	wanted=$(wanted_of body)
	# (Whoever comes first makes the proxy take its buffers.)
	ask -T /etc/hostname "$(by_tls)/count" >/dev/null
	before=$(haproxy_peak_kb)
	assert_equal "$(ask -T body "$(by_name)/count")" "$wanted"
	assert_equal "$(ask -T body -H 'Transfer-Encoding: chunked' "$(by_name)/count")" "$wanted"
	head -c 100M body >part
	assert_equal "$(ask --http2 -T part "$(by_tls)/count")" "$(wanted_of part)"
	after=$(haproxy_peak_kb)
	echo "# HAProxy's peak: $before kB before, $after kB after" >&3
	[ $((after - before)) -lt 4096 ]
}

@test "who sends or reads slowly gets all of it, and nobody waits for them" {
	mkfifo sender reader
	ask -T - "$(by_name)/count" <sender >counted 3>&- &
	sending=$!
	exec {send}>sender
	printf 'the first half, ' >&"$send"
	{ ask "$(by_name)/big/50000000" | { cat reader && sha256sum; } >got; } {send}>&- 3>&- &
	reading=$!
	exec {read}>reader
	slow=()
	for _ in {1..50}; do
		exec {fd}<>"/dev/tcp/127.0.0.1/$(http_port)"
		printf 'GET / HTTP/1.1\r\nHo' >&"$fd"
		slow+=("$fd")
	done
	for _ in {1..20}; do
		assert_equal "$(ask --max-time 10 "$(by_name)/" -w '%{http_code}' -o /dev/null)" 200
	done
	for fd in "${slow[@]}"; do
		printf 'st: localhost\r\nConnection: close\r\n\r\n' >&"$fd"
		assert_equal "$(head -n 1 <&"$fd")" $'HTTP/1.1 200 OK\r'
		exec {fd}>&-
	done
	printf 'and the rest.' >&"$send"
	exec {send}>&- {read}>&-
	wait "$sending" "$reading"
	assert_equal "$(cat counted)" "29 $(printf 'the first half, and the rest.' |
		sha256sum | cut -d ' ' -f 1)"
	assert_equal "$(cat got)" "$(head -c 50000000 /dev/zero | sha256sum)"
}

# The value that the app gets of a header, once for each time that it stands there.
told() { # HEADER
	tr -d '\r' <<<"$output" | sed -n "s/^$1: //Ip"
}
@test "the app is told who asks for what, by name, by TLS and by port" {
	run ask "$(by_name)/head"
	assert_equal "$(told X-Forwarded-For)" 127.0.0.1
	assert_equal "$(told X-Forwarded-Proto)" http
	assert_equal "$(told X-Forwarded-Port)" "$(http_port)"
	assert_equal "$(told X-Forwarded-Host)" "localhost:$(http_port)"
	run ask --http2 "$(by_tls)/head"
	assert_equal "$(told X-Forwarded-For)" 127.0.0.1
	assert_equal "$(told X-Forwarded-Proto)" https
	assert_equal "$(told X-Forwarded-Port)" "$(https_port)"
	assert_equal "$(told X-Forwarded-Host)" "localhost:$(https_port)"
	run ask "http://127.0.0.1:$(app_port)/head"
	assert_equal "$(told X-Forwarded-For)" 127.0.0.1
	assert_equal "$(told X-Forwarded-Proto)" http
	assert_equal "$(told X-Forwarded-Port)" "$(app_port)"
	assert_equal "$(told X-Forwarded-Host)" "127.0.0.1:$(app_port)"
}

@test "what a client makes up of itself reaches no app" {
	for url in "$(by_name)" "$(by_tls)" "http://127.0.0.1:$(app_port)"; do
		run ask --interface 127.0.0.9 "$url/head" -H 'X-Forwarded-For: 6.6.6.6' \
			-H 'X-FORWARDED-FOR: 6.6.6.6' -H 'X_Forwarded_For: 6.6.6.6' \
			-H 'X-Forwarded-Proto: made-up' -H 'X-Forwarded-Port: 6666' \
			-H 'X-Forwarded-Host: made-up' -H 'X-Forwarded-Ssl: made-up' \
			-H 'X-Forwarded-Prefix: /made-up' -H 'X-Real-IP: 6.6.6.6' \
			-H 'Forwarded: for=6.6.6.6' -H 'Proxy: made-up' \
			-H 'Connection: close, X-Forwarded-For'
		assert_success
		assert_equal "$(told X-Forwarded-For)" 127.0.0.9
		refute_output '6\.6\.6\.6|made-up|6666'
		refute_output '^Connection:.*X-Forwarded'
	done
}

@test "a request that is never whole is ended after half a minute" {
	from=$BATS_FILE_TMPDIR/slowloris
	wait_until 60 test -s "$from.ended"
	assert_equal "$(head -n 1 "$from.heard")" $'HTTP/1.1 408 Request Time-out\r'
	[ $(($(cat "$from.ended") - $(cat "$from.began"))) -ge 28 ]
}

@test "an app or a visitor who is silent for proxy.timeout is given up" {
	assert_equal "$(ask "$(by_name)/slow/1500" -o /dev/null -w '%{http_code}')" 200
	# HAProxy keeps its settings as long as it runs.
	bardod_stop
	proxy_stop
	server_with -c proxy.timeout=1s
	assert_equal "$(ask "$(by_name)/slow/1500" -w ' %{http_code}')" \
		$'504: the app took too long to answer\n 504'
	exec {fd}<>"/dev/tcp/127.0.0.1/$(http_port)"
	printf 'POST /count HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf' >&"$fd"
	heard=$(timeout 20 cat <&"$fd")
	assert_equal "${heard%%$'\r'*}" 'HTTP/1.1 504 Gateway Time-out'
	exec {fd}>&-
}
