#!/usr/bin/env bats
# Environment variables, as an owner sets them over ssh.

# An app whose pages show what its environment is.
# shellcheck disable=SC2034 # new_app_repo uses the folder
setup_file() {
	load lib
	server_start
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	new_app_repo shown
	# shellcheck disable=SC2016 # the container expands it
	dockerfile 'FROM busybox' 'COPY start /start' 'COPY www /www' \
		'CMD ["sh", "-c", "env -0 >/www/env; [ \"$BROKEN\" != yes ] || exit 7; exec /start"]'
	push
	export SHOWN=$APP
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	server_as_usual
	use_git
	APP=$SHOWN
}
teardown() {
	load lib
	gate_release
}

# What the live program has in its environment.
env_of() { # APP NAME
	curl -fsS --max-time 10 "$(app_url "$1")env" |
		tr '\0\n' '\n\1' | sed -n "s/^$2=//p" | tr '\1' '\n'
}
# The same of an app that shows nothing.
env_inside() { # APP NAME
	docker exec "bardo.$1.web.$(live_life "$1" life).1" sh -c "echo \"\$$2\""
}

@test "config:set makes a new life with the value, and builds nothing" {
	image=$(live_life "$APP" image)
	number=$(live_life "$APP" life)
	run ssh_bardo config:set "$APP" GREETING=hello-world OTHER=1
	assert_success
	assert_output '^-----> Setting config vars$'
	assert_output '^ +GREETING: +\*{8}$'
	refute_output 'hello-world|Step [0-9]|Building'
	assert_equal "$(env_of "$APP" GREETING)" hello-world
	assert_equal "$(live_life "$APP" life)" $((number + 1))
	assert_equal "$(live_life "$APP" source)" config
	assert_equal "$(live_life "$APP" image)" "$image"
	assert_equal "$(live_life "$APP" commit)" "$(remote_head)"
}

@test "setting what is set already makes no new life" {
	ssh_bardo config:set "$APP" SAME=as-before
	number=$(live_life "$APP" life)
	run ssh_bardo config:set "$APP" SAME=as-before
	assert_success
	assert_output 'Nothing is different'
	assert_equal "$(live_life "$APP" life)" "$number"
}

@test "config:set --no-restart waits for the next life" {
	number=$(live_life "$APP" life)
	run ssh_bardo config:set --no-restart "$APP" LATER=1
	assert_success
	assert_equal "$(live_life "$APP" life)" "$number"
	assert_equal "$(ssh_bardo config:get "$APP" LATER)" 1
	ssh_bardo config:set "$APP" NOW=1
	assert_equal "$(env_of "$APP" LATER)" 1
}

@test "values keep newlines, quotes and every letter, whichever way they come" {
	value=$'l1\nl2 "q" \'s\' $HOME \\ <a&b> ärger 😀'
	ssh_bardo config:set --no-restart --encoded "$APP" "A=$(printf %s "$value" | base64 -w 0)"
	printf '%s\n' "$value" | ssh_bardo config:set --no-restart --stdin B "$APP"
	printf '%s' "$value" | base64 | ssh_bardo config:set --no-restart --encoded --stdin C "$APP"
	ssh_bardo config:export --format envfile "$APP" | sed -n 's/^A=/D=/p' |
		ssh_bardo config:import --no-restart "$APP"
	jq -n --arg v "$value" '{E: $v}' |
		ssh_bardo config:import --no-restart --format json "$APP"
	for name in A B C D E; do
		assert_equal "$(ssh_bardo config:get "$APP" $name)" "$value"
	done
	run ssh_bardo config:set "$APP" F=1
	assert_success
	for name in A B C D E; do
		assert_equal "$(env_of "$APP" $name)" "$value"
	done
	ssh_bardo config:unset --no-restart "$APP" A B C D E F
}

@test "config:export gives shells, jq and docker what was set" {
	ssh_bardo config:set --no-restart "$APP" X="\"it's a 'b'\""
	(
		eval "$(ssh_bardo config:export "$APP")"
		[ "$X" = "it's a 'b'" ]
	)
	(
		eval "$(ssh_bardo config:export --format shell "$APP")"
		[ "$X" = "it's a 'b'" ]
	)
	assert_equal "$(ssh_bardo config:export --format json "$APP" | jq -r .X)" "it's a 'b'"
	assert_equal "$(ssh_bardo config:show --format json "$APP" | jq -r .X)" "it's a 'b'"
	assert_equal "$(ssh_bardo config:export --format json-list "$APP" |
		jq -r '.[] | select(.name == "X") | .value')" "it's a 'b'"
	assert_equal "$(eval "docker run --rm $(ssh_bardo config:export --format docker-args "$APP") \
		busybox sh -c 'echo \$X'")" "it's a 'b'"
	assert_equal "$(ssh_bardo config:bundle "$APP" | tar xO X)" "it's a 'b'"
	run ssh_bardo config:export --format yaml "$APP"
	assert_status 2
	assert_output 'envfile'
}

@test "config:show, config and config:keys list what is set" {
	ssh_bardo config:set --no-restart "$APP" LISTED=some-value
	for verb in config config:show; do
		run ssh_bardo $verb "$APP"
		assert_success
		assert_output "^=====> $APP env vars$"
		assert_output '^LISTED: +some-value$'
	done
	run ssh_bardo --quiet config "$APP"
	refute_output '====='
	run ssh_bardo config:keys "$APP"
	assert_output '^LISTED$'
	refute_output 'some-value'
	ssh_bardo config:keys "$APP" --format json | jq -e 'index("LISTED") != null'
}

@test "config:get of what isn't set is status 4 and prints nothing" {
	run ssh_bardo config:get "$APP" NOT_THERE
	assert_status 4
	assert_equal "$(ssh_bardo config:get "$APP" NOT_THERE 2>/dev/null || true)" ''
	assert_equal "$(ssh_bardo config:set --no-restart "$APP" Q="\"a'b\"" >/dev/null;
		ssh_bardo config:get --quoted "$APP" Q)" "'a'\\''b'"
}

@test "config:unset takes a variable out of the next life" {
	ssh_bardo config:set "$APP" GONE=soon
	run ssh_bardo config:unset "$APP" GONE
	assert_success
	assert_output 'Unsetting GONE'
	assert_equal "$(env_of "$APP" GONE)" ''
	run ssh_bardo config:unset "$APP" GONE
	assert_success
	assert_output 'Nothing is different'
}

@test "config:import reads an envfile, and with --replace it is all there is" {
	run ssh_bardo config:import --no-restart "$APP" <<-'END'
		# what the shop needs
		export ONE=1
		TWO="two
		lines" # and a comment
		THREE='it'\''s'
	END
	assert_success
	assert_equal "$(ssh_bardo config:get "$APP" TWO)" $'two\nlines'
	assert_equal "$(ssh_bardo config:get "$APP" THREE)" "it's"
	run ssh_bardo config:import --replace --no-restart "$APP" - <<<'FOUR=4'
	assert_success
	assert_output 'Unsetting ONE'
	assert_equal "$(ssh_bardo config:keys "$APP")" FOUR
	run ssh_bardo config:import --replace "$APP" </dev/null
	assert_status 2
	run ssh_bardo config:import "$APP" <<<$'A=1\nsecret-word'
	assert_status 2
	assert_output 'line 2'
	refute_output 'secret-word'
}

@test "config:clear leaves nothing" {
	ssh_bardo config:set --no-restart "$APP" A=1 B=2
	run ssh_bardo config:clear "$APP"
	assert_success
	assert_equal "$(ssh_bardo config:keys "$APP")" ''
	assert_equal "$(env_of "$APP" A)" ''
}

@test "a life that fails with new values leaves the old one serving, and keeps them set" {
	ssh_bardo config:set "$APP" GREETING=before
	number=$(live_life "$APP" life)
	run ssh_bardo config:set "$APP" BROKEN=yes GREETING=after
	assert_status 1
	assert_output 'exited with 7'
	assert_output 'The variables are changed all the same'
	assert_equal "$(env_of "$APP" GREETING)" before
	assert_equal "$(live_life "$APP" life)" "$number"
	assert_equal "$(ssh_bardo config:get "$APP" GREETING)" after
	run ssh_bardo config:unset "$APP" BROKEN
	assert_success
	assert_equal "$(env_of "$APP" GREETING)" after
}

@test "an app without a life takes variables for its first one" {
	ssh_bardo apps:create "unborn-s$SLOT"
	run ssh_bardo config:set "unborn-s$SLOT" A=1
	assert_success
	refute_output 'Restarting'
	assert_equal "$(ssh_bardo config:get "unborn-s$SLOT" A)" 1
}

@test "config:set --global gives every live app that has no own value a new life" {
	(new_app_repo second && push) # another one that is live
	second=second-s$SLOT
	ssh_bardo config:set "$APP" SHARED=own
	number=$(live_life "$APP" life)
	run ssh_bardo config:set --global SHARED=global
	assert_success
	assert_output "Restarting app $second"
	refute_output "Restarting app $APP"
	assert_equal "$(live_life "$APP" life)" "$number"
	assert_equal "$(env_of "$APP" SHARED)" own
	assert_equal "$(env_inside "$second" SHARED)" global
	assert_equal "$(ssh_bardo config:get --global SHARED)" global
	assert_equal "$(ssh_bardo config:get "$APP" SHARED)" own
	run ssh_bardo config:keys "$second"
	assert_equal "$output" ''
	run ssh_bardo config:keys --merged "$second"
	assert_equal "$output" SHARED
	run ssh_bardo config:unset --global --no-restart SHARED
	assert_success
}

@test "one app that fails with a global value stops no other, and the status is 1" {
	(new_app_repo third && push)
	run ssh_bardo config:set --global BROKEN=yes
	assert_status 1
	assert_output '1 of [23] apps go on with the life before'
	assert_output "Restarting app third-s$SLOT"
	assert_equal "$(env_inside "third-s$SLOT" BROKEN)" yes
	ssh_bardo config:unset --global --no-restart BROKEN
}

@test "a locked app's variables change with --no-restart only" {
	ssh_bardo apps:lock "$APP"
	run ssh_bardo config:set "$APP" LOCKED=yes
	assert_status 5
	assert_output 'nothing was changed'
	run ssh_bardo config:get "$APP" LOCKED
	assert_status 4
	run ssh_bardo config:set --no-restart "$APP" LOCKED=yes
	assert_success
	ssh_bardo apps:unlock "$APP"
}

@test "config:set waits for the push that is under way, and comes after it" {
	new_app_repo queue
	push
	gate_start
	dockerfile 'FROM busybox' "RUN $GATE" 'COPY start /start' 'COPY www /www' 'CMD ["/start"]'
	push_in_background
	gate_wait
	ssh_bardo config:set "$APP" LATE=yes >"$BATS_TEST_TMPDIR/set" 2>&1 3>&- &
	setter=$!
	wait_until 10 grep -q 'Waiting for the deploy' "$BATS_TEST_TMPDIR/set"
	gate_release
	push_result
	assert_success
	wait $setter
	assert_equal "$(live_life "$APP" life)" 3
	assert_equal "$(live_life "$APP" commit)" "$(git rev-parse HEAD)"
	assert_equal "$(env_inside "$APP" LATE)" yes
}

@test "what is no variable is refused with status 2, and not repeated" {
	for words in 'no-equals-sign' '1A=x' 'A-B=x' '=x'; do
		run ssh_bardo config:set "$APP" "$words"
		assert_status 2
	done
	run ssh_bardo config:set "$APP" "A=hunter2 hunter3 hunter4"
	assert_status 2
	refute_output 'hunter'
	run ssh_bardo events --app "$APP"
	assert_output 'config:set A'
	refute_output 'hunter'
	run ssh_bardo config:set --encoded "$APP" "A=$(printf '\377' | base64)"
	assert_status 2
	assert_output 'UTF-8'
	run ssh_bardo config:set --encoded "$APP" "A=$(printf 'a\0b' | base64)"
	assert_status 2
	assert_output 'NUL'
	run ssh_bardo config:set --encoded "$APP" 'A=!'
	assert_status 2
	assert_output 'base64'
	run ssh_bardo config:set "$APP"
	assert_status 2
	run ssh_bardo config:set "nobody-s$SLOT" A=1
	assert_status 4
}

@test "variables are no build arguments" {
	new_app_repo plain
	ssh_bardo apps:create "$APP"
	ssh_bardo config:set "$APP" TOKEN=never-in-a-build
	dockerfile 'FROM busybox' 'ARG TOKEN=none' 'COPY start /start' 'COPY www /www' \
		'RUN echo "token: $TOKEN"; env' 'CMD ["/start"]'
	run push
	assert_success
	assert_output 'token: none'
	refute_output 'never-in'
	run docker history --no-trunc "$(live_life "$APP" tag)"
	refute_output 'never-in'
}
