#!/usr/bin/env bats
# logs: what the containers of an app print.

# An app of two process types, and one whose second deploy failed.
setup_file() {
	load lib
	server_start
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	new_app_repo told
	printf '%s\n' 'web: /start' 'worker: sleep 1000000' >Procfile
	echo '{"formation": {"worker": {"quantity": 1}}}' >app.json
	git add -A
	git commit -q -m 'Two process types'
	push
	export TOLD=$APP
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	use_git
	APP=$TOLD
}
teardown() {
	if [ -n "${READER:-}" ]; then
		kill_family "$READER" 2>/dev/null || true
	fi
}

container_of() { # PROCESS
	docker ps --format '{{.Names}}' --filter "label=bardo.app=$APP" \
		--filter "label=bardo.process=$1"
}
# says PROCESS TEXT: its program prints it.
says() {
	docker exec "$(container_of "$1")" sh -c "echo '$2' >/proc/1/fd/1"
}
# reads OPTION ...: somebody follows, into $FOLLOWED.
reads() {
	FOLLOWED=$BATS_TEST_TMPDIR/followed
	ssh_bardo logs "$APP" -t "$@" >"$FOLLOWED" 2>&1 3>&- &
	READER=$!
}
followed() { # an extended regular expression
	grep -qE -- "$1" "$FOLLOWED"
}

@test "several processes are shown in the order of time" {
	for n in 1 3 5; do
		says web "order $n"
		says worker "order $((n + 1))"
	done
	run ssh_bardo logs "$APP"
	assert_success
	assert_output '^[0-9-]+T[0-9:.]+Z app\[web\.1\]: order 1$'
	assert_output '^[0-9-]+T[0-9:.]+Z app\[worker\.1\]: order 2$'
	assert_equal "$(grep -oE 'order [0-9]' <<<"$output" | tr '\n' ' ')" \
		'order 1 order 2 order 3 order 4 order 5 order 6 '
}

@test "-p shows one process type or one container, and tells which there are" {
	says web 'for web alone'
	says worker 'for worker alone'
	run ssh_bardo logs "$APP" -p worker
	assert_shown 'for worker alone'
	refute_output 'for web alone'
	run ssh_bardo logs "$APP" --ps web.1
	assert_shown 'for web alone'
	refute_output 'for worker alone'
	run ssh_bardo logs "$APP" -p web.2
	assert_status 4
	assert_shown 'worker.1'
}

@test "-n shows that many of the last lines, and -q their texts alone" {
	for n in 1 2 3; do
		says worker "counted $n"
	done
	run ssh_bardo logs "$APP" -p worker -n 2 -q
	assert_success
	assert_equal "$output" "$(printf 'counted 2\ncounted 3')"
	run ssh_bardo logs "$APP" --num 0
	assert_success
	assert_equal "$output" ''
	run ssh_bardo logs "$APP" -n many
	assert_status 2
}

@test "following goes on behind what there was, and shows no line twice" {
	says web 'early one'
	says worker 'early two'
	reads
	wait_until 10 followed 'early two'
	says worker 'late one'
	says web 'late two'
	wait_until 10 followed 'late two'
	assert_equal "$(grep -cE '(early|late) (one|two)$' "$FOLLOWED")" 4
	assert_equal "$(grep -oE '(early|late) (one|two)$' "$FOLLOWED" | head -n 2 |
		tr '\n' ' ')" 'early one early two '
}

@test "following with -n 0 shows only what comes" {
	says web 'long ago'
	reads -n 0 -p web
	# Until it follows, what is said may come before it.
	wait_until 15 eval 'says web "just now"; followed "just now"'
	assert_equal "$(grep -c 'long ago' "$FOLLOWED")" 0
}

@test "following costs nothing while nobody says anything" {
	reads
	wait_until 10 followed 'app\[web.1\]'
	pid=$(server_processes | sed -n 's/ .*--door.*//p' | head -n 1)
	before=$(awk '/ctxt/ { n += $2 } END { print n }' "/proc/$pid/status")
	says web 'a word'
	wait_until 10 followed 'a word'
	after=$(awk '/ctxt/ { n += $2 } END { print n }' "/proc/$pid/status")
	[ $((after - before)) -lt 20 ]
}

@test "following survives a swap to the next life, and takes up a container that died" {
	reads
	wait_until 10 followed 'app\[web.1\]'
	git clone -q "$(remote_url "$APP")" "$BATS_TEST_TMPDIR/again"
	cd "$BATS_TEST_TMPDIR/again"
	git remote rename origin production
	run deploy_version 2
	assert_success
	wait_until 20 has_containers "$APP" 2
	says web 'from the next life'
	wait_until 10 followed 'from the next life'
	docker restart -t 0 "$(container_of worker)" >/dev/null
	wait_until 10 eval 'says worker "risen again"; followed "risen again"'
	assert_equal "$(grep -c 'from the next life' "$FOLLOWED")" 1
}

@test "detached one-offs have logs of their own, and attached ones none" {
	name=$(ssh_bardo run:detached "$APP" sh -c '"echo one-off says; sleep 1000"')
	says web 'web says'
	wait_until 10 eval 'ssh_bardo run:logs "$APP" | grep -q "one-off says"'
	run ssh_bardo run:logs "$APP"
	assert_output '^[0-9-]+T[0-9:.]+Z app\[run\.[0-9]+\.1\]: one-off says$'
	refute_output 'web says'
	run ssh_bardo run:logs --container "$name" -q
	assert_equal "$output" 'one-off says'
	run ssh_bardo logs "$APP"
	refute_output 'one-off says'
	ssh_bardo run:logs "$APP" -t >"$BATS_TEST_TMPDIR/run-log" 3>&- &
	READER=$!
	wait_until 10 grep -q 'one-off says' "$BATS_TEST_TMPDIR/run-log"
	ssh_bardo run:stop "$APP"
	wait_until 10 is_gone $READER
	wait_until 10 eval '[ "$(ssh_bardo run:list "$APP" --format json)" = "[]" ]'
	run ssh_bardo run:logs "$APP"
	assert_status 4
	run ssh_bardo run:logs --container bardo.nothing.run.1.1
	assert_status 4
}

@test "a one-off with a terminal has a log too" {
	ssh_bardo run:detached --force-tty "$APP" sh -c '"tty; sleep 1000"'
	wait_until 10 eval 'ssh_bardo run:logs "$APP" -q | grep -q "^/dev/"'
	run ssh_bardo run:logs "$APP" -q
	assert_equal "$output" "${output%$'\r'}"
	ssh_bardo run:stop "$APP"
}

@test "logs:failed shows the last deploy that failed" {
	run ssh_bardo logs:failed "$APP"
	assert_status 4
	new_app_repo wrong
	ssh_bardo apps:create "$APP"
	dockerfile 'FROM busybox' 'RUN echo what went wrong; exit 5'
	run push
	assert_failure
	run ssh_bardo logs:failed "$APP"
	assert_success
	assert_shown 'what went wrong'
	run ssh_bardo logs:failed --all
	assert_output "^=====> $APP life 1$"
	assert_shown 'what went wrong'
	run ssh_bardo logs:failed
	assert_status 2
}

@test "logs:set max-size is the next life's, and logs:report shows it" {
	new_app_repo sized
	push
	size() {
		docker inspect -f '{{index .HostConfig.LogConfig.Config "max-size"}}' \
			"$(container_of web)"
	}
	assert_equal "$(size)" 10m
	run ssh_bardo logs:set "$APP" max-size 2m
	assert_success
	assert_shown 'max-size to 2m'
	run ssh_bardo logs:report "$APP" --format json
	assert_equal "$(jq -c '[."logs-computed-max-size", ."logs-global-max-size",
		."logs-max-size", ."max-size"]' <<<"$output")" '["2m","","2m","2m"]'
	run ssh_bardo ps:rebuild "$APP"
	assert_success
	wait_until 20 has_containers "$APP" 1
	assert_equal "$(size)" 2m
	for bad in 2 m 2t -1m 02m 'a lot'; do
		run ssh_bardo logs:set "$APP" max-size "'$bad'"
		assert_status 2
	done
	run ssh_bardo logs:set "$APP" max-size unlimited
	assert_success
	run ssh_bardo logs:set --global max-size 5m
	assert_success
	run ssh_bardo logs:report "$APP" --logs-computed-max-size
	assert_equal "$output" unlimited
	run ssh_bardo logs:set "$APP" max-size
	run ssh_bardo logs:report "$APP" --logs-computed-max-size
	assert_equal "$output" 5m
}
