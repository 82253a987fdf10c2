#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031
# What isn't a short question and a short answer: WebSockets.

setup_file() {
	load lib
	server_start
	web_app_build "$SERVER/web_app"
	(
		export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
		new_streams_app
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
	export APP=streams-s$SLOT
	cd "$BATS_FILE_TMPDIR/streams" || return 1
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
	ssh_bardo checks:set "$APP" wait-to-retire 6
	before=$(live_life "$APP" life)
	ws_open old "ws://localhost:$(http_port)/"
	ws_hears old 'text: version 1'
	deploy_streams 2
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
