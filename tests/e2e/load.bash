# A load on an app, told by load generators, and by askers who know which life may answer when.
# LOAD_DEPLOYS and LOAD_REVIVES say how many lives come meanwhile, LOAD_KILLS how often
# something is killed; `make soak` asks for more.
# shellcheck shell=bash disable=SC2154

# So do LOAD_PAUSE, milliseconds between two requests of an asker, and LOAD_RATE, requests a
# second of each of hey's workers (0: as many as there can be).
export LOAD_DEPLOYS=${LOAD_DEPLOYS:-5} LOAD_REVIVES=${LOAD_REVIVES:-2}
export LOAD_KILLS=${LOAD_KILLS:-3}
export LOAD_PAUSE=${LOAD_PAUSE:-5} LOAD_RATE=${LOAD_RATE:-50}

HEYS=()

# A repository with the static server, and a name.
new_loaded_app() {
	new_app_repo "$1"
	rm -r start www
	cp "$SERVER/web_app" .
	printf '%s\n' 'FROM scratch' 'COPY web_app version /' 'EXPOSE 5000' \
		'CMD ["/web_app"]' >Dockerfile
	deploy_app_version 1
	ssh_bardo domains:add "$APP" "$APP.example.org"
}

now_ns() {
	date +%s%N
}

# Notes when a version may begin to answer, and from when on no older one may.
note() { # VERSION BEGAN
	echo "$1 $2 $(now_ns)" >>"$BATS_TEST_TMPDIR/switches"
}
deploy_app_version() {
	local began
	echo "$1" >version
	git add -A
	git commit -q -m "Version $1"
	began=$(now_ns)
	push main
	note "$1" "$began"
}

load_begin() {
	local kind
	for kind in new keep slow socket; do
		ask "$BATS_TEST_TMPDIR/answers.$kind" "$kind" "$APP.example.org" "$(http_port)" \
			"$LOAD_PAUSE"
	done
	# A load of somebody else's making, beside those who look at each answer.
	for kind in GET POST; do
		hey -z 60m -c 2 -q "$LOAD_RATE" -m $kind -d asked -host "$APP.example.org" \
			"http://127.0.0.1:$(http_port)/" >"$BATS_TEST_TMPDIR/hey.$kind" 2>&1 3>&- &
		HEYS+=($!)
	done
}
load_end() {
	local pid
	stop_asking
	# (It prints what it has found when it is interrupted.)
	for pid in "${HEYS[@]}"; do
		kill -INT "$pid" 2>/dev/null || true
		wait "$pid" || true
	done
	HEYS=()
}

# The answers of a kind with a version that could not answer then. switches has "VERSION
# MAY-BEGIN SERVES-ALONE" a line, in order.
wrong_answers() {
	awk '
	NR == FNR {
		version[++n] = $1; from[n] = $2; alone[n] = $3
		next
	}
	$4 == "echo" || $4 == "ended" { next }
	{
		fine = 0
		for (i = 1; i <= n; i++)
			if (version[i] == $4 && $2 >= from[i] && (i == n || $1 <= alone[i + 1]))
				fine = 1
		if (!fine)
			print FILENAME ": could not answer then: " $0
	}' "$BATS_TEST_TMPDIR/switches" "$BATS_TEST_TMPDIR/answers.$1"
}

no_answer_is_missing() {
	local kind said
	for kind in new keep slow socket; do
		assert_equal "$(awk '$3 != 200' "$BATS_TEST_TMPDIR/answers.$kind" | head -n 5)" ''
		echo "# $kind: $(wc -l <"$BATS_TEST_TMPDIR/answers.$kind") answers" >&3
	done
	for kind in GET POST; do
		said=$(cat "$BATS_TEST_TMPDIR/hey.$kind")
		assert_equal "$(sed -n '/^Error distribution/,$p' <<<"$said")" ''
		assert_equal "$(grep responses <<<"$said" | grep -v '\[200\]')" ''
		echo "# hey $kind: $(awk '/\[200\]/ { print $2 }' <<<"$said") answers" >&3
	done
}
all_answers_are_right() {
	local kind
	no_answer_is_missing
	for kind in new keep slow socket; do
		assert_equal "$(wrong_answers $kind | head -n 5)" ''
	done
}

# So many deploys and revives as LOAD_DEPLOYS and LOAD_REVIVES say, under load.
deploy_and_revive() {
	local version began
	for version in $(seq 2 $((LOAD_DEPLOYS + 1))); do
		deploy_app_version "$version"
	done
	for _ in $(seq "$LOAD_REVIVES"); do
		for version in 1 2; do
			began=$(now_ns)
			ssh_bardo lives:revive "$APP" $version
			note $version "$began"
		done
	done
}

# A push, and SIGKILL for something of the server at a moment that nobody chose: in the
# deploy, or in what tidies up after it. (What HAProxy's own end loses: routes.bats.)
push_and_kill() {
	local pid victim
	push main >/dev/null 2>&1 3>&- &
	pid=$!
	sleep "$((RANDOM % 4)).$RANDOM"
	victim=$({
		server_processes | grep -vE 'haproxy|bardo-ssh'
		echo "$(bardod_pid) bardod"
	} | shuf -n 1)
	kill -9 "${victim%% *}" 2>/dev/null || true
	wait "$pid" || true
	if ! is_running "$(bardod_pid)"; then
		bardod_start
		git remote set-url production "$(remote_url "$APP")"
	fi
}
deploy_and_kill() {
	local n
	for n in $(seq 2 $((LOAD_KILLS + 1))); do
		echo "$n" >version
		git commit -q -am "Version $n"
		push_and_kill
	done
}
