#!/usr/bin/env bats
# What is set never shows: secrets are planted, made to appear wherever a program, a build
# or the Engine can make them appear, and then looked for in all that bardo printed and
# stored.

# Names for the environment, and what is looked for.
# shellcheck disable=SC2089,SC2090 # the quotes are meant literally
secrets_make() {
	SIMPLE=hunter2-plain-9f3a
	QUOTED="it's \"quoted\" \\back\\slash \$HOME \`id\`"
	LINES=$'-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nend=\n-----END KEY-----'
	MARKUP='<p>me & "you" > them</p>'
	LETTERS='geheim-ß-日本語-😀-ж'
	LONG=$(for i in $(seq 600); do printf '%05d.' "$i"; done)
	export SIMPLE QUOTED LINES MARKUP LETTERS LONG
	names=(SIMPLE QUOTED LINES MARKUP LETTERS LONG)
}

secrets_set() {
	jq -n 'env | {SIMPLE, QUOTED, LINES, MARKUP, LETTERS, LONG}' |
		ssh_bardo config:import --format json "$APP"
}

# Each of them once in every form that is looked for, a line each: as it is (its lines), as
# jq and Go's JSON write it, as Go's %q does.
secrets_written() {
	local name value
	for name in "${names[@]}"; do
		value=${!name}
		printf '%s\n' "$value"
		jq -nr --arg v "$value" '$v | tojson | .[1:-1]'
		jq -nr --arg v "$value" '$v | tojson | .[1:-1] |
			gsub("<"; "\\u003c") | gsub(">"; "\\u003e") | gsub("&"; "\\u0026")'
		jq -nr --arg v "$value" '$v | @uri'
	done
	# What the Engine itself makes of them.
	docker inspect "$(running_containers_of "$APP" | head -n 1)" |
		sed -nE 's/^ *"(SIMPLE|QUOTED|LINES|MARKUP|LETTERS|LONG)=(.*)",?$/\2/p'
	docker inspect -f '{{range .Config.Env}}{{printf "%q\n" .}}{{end}}' \
		"$(running_containers_of "$APP" | head -n 1)" |
		sed -nE 's/^"(SIMPLE|QUOTED|LINES|MARKUP|LETTERS|LONG)=(.*)"$/\2/p'
}

setup_file() {
	load lib
	server_start
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	secrets_make
	export STREAMS=$BATS_FILE_TMPDIR/streams WRITTEN=$BATS_FILE_TMPDIR/written
	new_app_repo vault
	export VAULT=$APP REPOSITORY=$PWD
	push
	secrets_set
	# (Shorter lines are no secrets: everything is full of them.)
	secrets_written | sort -u | grep -E '.{8}' >"$WRITTEN"
	# In builds and containers all of it can be printed at once.
	cp "$WRITTEN" written
	git add -A
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	use_git
	secrets_make
	APP=$VAULT
	cd "$REPOSITORY" || return 1
}

# Runs it, keeps all that it prints, and wants stars among it.
kept() {
	run "$@"
	printf '%s\n' "$output" >>"$STREAMS"
	grep -qF '********' <<<"$output" || show 'it printed no secret at all'
	assert_no_secret "$output"
}
assert_no_secret() { # TEXT
	if grep -nF -f "$WRITTEN" <<<"$1"; then
		show 'the lines above have a secret' # (status, output)
	fi
}

@test "what was looked for are all the secrets" {
	for name in "${names[@]}"; do
		head -n 1 <<<"${!name}" | grep -qF -f "$WRITTEN"
	done
	[ "$(wc -l <"$WRITTEN")" -ge 15 ]
}

@test "a build that prints them shows stars, and so does its heading" {
	dockerfile 'FROM busybox' 'COPY written /written' "RUN cat /written # $SIMPLE" \
		"RUN printf hunter2-; sleep 0.3; echo plain-9f3a" 'COPY start /start' \
		'COPY www /www' 'CMD ["/start"]'
	kept push
	assert_success
}

@test "a build that fails with one in its command names the step, and no secret" {
	dockerfile 'FROM busybox' "RUN echo x$SIMPLE >&2; exit 5"
	kept push
	assert_failure
	assert_output 'remote rejected.*exited with 5'
	assert_no_secret "$(life "$APP" 0 reason)"
	assert_equal "$(life "$APP" 0 state)" failed
}

@test "a command cut to fit leaves no half of one" {
	dockerfile 'FROM busybox' \
		"RUN : $(printf 'x%.0s' $(seq 45)) $SIMPLE; exit 3"
	run push
	assert_failure
	printf '%s\n' "$output" >>"$STREAMS"
	refute_output 'hunter2'
	refute_output "${SIMPLE:0:8}"
}

@test "the failure card of a program that prints its environment shows stars" {
	dockerfile 'FROM busybox' 'COPY written /written' \
		'CMD ["sh", "-c", "env; cat /written; exit 7"]'
	kept push
	assert_failure
	assert_output 'exited with 7'
}

@test "a release command that prints them shows stars, in lines of any length" {
	printf '%s\n' "release: cat /written; env; head -c 65530 /dev/zero | tr '\\0' x; echo $SIMPLE" \
		'web: /start' >Procfile
	dockerfile 'FROM busybox' 'COPY written /written' 'COPY start /start' 'COPY www /www'
	kept push
	assert_success
	refute_output 'hunter2|plain-9f3a'
	git rm -q Procfile
}

@test "a check that prints them shows stars" {
	dockerfile 'FROM busybox' 'COPY start /start' 'COPY www /www' \
		'HEALTHCHECK CMD env | grep -E "SIMPLE|MARKUP"; exit 1' 'CMD ["/start"]'
	kept push
	assert_failure
	assert_output 'Answer: exit code 1'
}

@test "what the Engine says of a command that it can't start has stars" {
	dockerfile 'FROM busybox' "CMD [\"/$SIMPLE\"]"
	kept push
	assert_failure
	assert_output 'start failed'
	assert_no_secret "$(life "$APP" 0 reason)"
}

@test "a commit's title and a Dockerfile's mistake have stars" {
	dockerfile 'FROM busybox' "RUNN $SIMPLE"
	git commit -q --amend -m "Use $SIMPLE"
	kept push
	assert_failure
}

@test "logs shows stars, in lines of any length, and follows on to other secrets" {
	# (The Engine keeps a line in pieces of 16 KiB: one secret lies on such a border.)
	dockerfile 'FROM busybox' 'COPY written /written' 'COPY start /start' 'COPY www /www' \
		'CMD ["sh", "-c", "cat /written; env; head -c 16375 /dev/zero | tr \"\\0\" x; echo $SIMPLE.; echo next: $NEXT; exec /start"]'
	run push
	assert_success
	printf '%s\n' "$output" >>"$STREAMS"
	kept ssh_bardo logs "$APP" -n 1000
	refute_output 'hunter2|plain-9f3a'
	ssh_bardo logs "$APP" -t -n 5 >"$BATS_TEST_TMPDIR/followed" 2>&1 3>&- &
	reader=$!
	wait_until 10 grep -q 'next:' "$BATS_TEST_TMPDIR/followed"
	ssh_bardo config:set "$APP" NEXT=another-secret-a17c >>"$STREAMS" 2>&1
	wait_until 20 grep -qF 'next: ********' "$BATS_TEST_TMPDIR/followed"
	kill_family $reader
	cat "$BATS_TEST_TMPDIR/followed" >>"$STREAMS"
	echo another-secret-a17c >>"$WRITTEN"
	assert_no_secret "$(cat "$BATS_TEST_TMPDIR/followed")"
}

@test "what was unset is masked as long as a life has it" {
	run ssh_bardo config:unset --no-restart "$APP" SIMPLE
	assert_success
	run ssh_bardo logs "$APP" -n 1000
	refute_output 'hunter2-plain'
	assert_output '^[^ ]+ app\[web\.1\]: SIMPLE=\*{8}$'
	ssh_bardo config:set --no-restart "$APP" SIMPLE="$SIMPLE"
}

@test "setting them, wrong words and errors show none" {
	kept ssh_bardo config:set --no-restart "$APP" AGAIN="$SIMPLE"
	run ssh_bardo config:set --no-restart "$APP" "A=x $SIMPLE"
	assert_no_secret "$output"
	kept ssh_bardo lives:info "$APP" "$SIMPLE"
	kept ssh_bardo "$SIMPLE"
	run bardo lives:revive "$APP" "$SIMPLE"
	assert_no_secret "$output"
}

@test "they are shown to whom they belong" {
	for name in "${names[@]}"; do
		assert_equal "$(ssh_bardo config:get "$APP" "$name")" "${!name}"
	done
	run ssh_bardo enter "$APP" web sh -c "'echo \$SIMPLE'"
	assert_shown "$SIMPLE"
}

@test "no log, record, event or stream has any" {
	assert_no_secret "$(cat "$STREAMS")"
	assert_no_secret "$(ssh_bardo lives "$APP")"
	assert_no_secret "$(ssh_bardo lives "$APP" --format json)"
	assert_no_secret "$(ssh_bardo events --num 1000)"
	assert_no_secret "$(ssh_bardo events --num 1000 --format json)"
	for n in $(seq "$(life "$APP" 0 life)"); do
		assert_no_secret "$(ssh_bardo lives:info "$APP" "$n")"
		assert_no_secret "$(ssh_bardo lives:log "$APP" "$n")"
		assert_no_secret "$(ssh_bardo lives:diff "$APP" 1 "$n")"
	done
	assert_no_secret "$(cat "$SERVER/bardod.log")"
	# All that the server keeps but the database, where they belong, and the repositories,
	# whose commits are their owners'.
	run find "$DATA" -type f -not -name 'bardo.db*' -not -path '*/repos/*' \
		-exec grep -lF -f "$WRITTEN" {} +
	assert_equal "$output" ''
	# And stars are what stands there instead.
	grep -rqF '********' "$DATA/logs"
}
