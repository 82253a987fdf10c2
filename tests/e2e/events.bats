#!/usr/bin/env bats
# What happened on the server, and who did it.

setup_file() {
	load lib
	server_start
	local name
	for name in ada eve; do
		new_key $name
		ssh_bardo users:add $name --create
		ssh_bardo ssh-keys:add $name <"$CLIENT/$name.pub"
	done
	as ada apps:create "shop-s$SLOT"
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	shop=shop-s$SLOT
}

as() { # NAME VERB ...
	KEY=$CLIENT/$1 ssh_bardo "${@:2}"
}
fingerprint_of() {
	ssh-keygen -l -f "$CLIENT/$1" | cut -d ' ' -f 2
}
# The newest event of a kind, or one of its fields.
newest() { # KIND [FIELD]
	ssh_bardo events --num 1000 --format json |
		jq -r "[.[] | select(.kind == \"$1\")][-1]${2:+.$2}"
}
events_of() { # NAME [OPTION ...]
	as "$1" events "${@:2}" --format json
}

@test "a command that changes something is told with user, key, address and outcome" {
	as ada git:set "$shop" deploy-branch main
	run newest command
	assert_equal "$(jq -c '[.user, .key, .app, .what, .status, .text]' <<<"$output")" \
		"[\"ada\",\"$(fingerprint_of ada)\",\"$shop\",\"git:set deploy-branch\",0,\"\"]"
	assert_equal "$(jq -r .peer <<<"$output" | cut -d : -f 1)" 127.0.0.1
}

@test "one that fails is told with its reason" {
	run as ada lives:revive "$shop" 99
	assert_status 4
	why=$output
	run newest command
	assert_equal "$(jq -r '[.what, .status] | join("|")' <<<"$output")" 'lives:revive 99|4'
	assert_equal " !     $(jq -r .text <<<"$output")" "$why"
}

@test "one that only reads, and one that was typed wrongly, are not" {
	before=$(newest command id)
	as ada lives "$shop"
	as ada lives:stable "$shop" --format json
	as ada ps:scale "$shop"
	as ada resource:limit "$shop"
	run as ada git:set "$shop" wings of-a-secret
	assert_status 2
	assert_equal "$(newest command id)" "$before"
}

@test "a refusal is told, also of what only reads" {
	run as eve lives "$shop"
	assert_status 3
	run newest refusal
	assert_equal "$(jq -r '[.user, .app, .what, .status] | join(" ")' <<<"$output")" \
		"eve $shop lives 3"
	assert_output 'needs the role read'
}

@test "a login is told once a connection" {
	control=$BATS_TEST_TMPDIR/control
	KEY=$CLIENT/eve ssh_bardo -M -S "$control" -N -f 3>&-
	for _ in 1 2 3; do
		ssh_bardo -S "$control" version
	done
	ssh -S "$control" -O exit 127.0.0.1 2>/dev/null
	run ssh_bardo events --num 1000 --format json
	last='[.[] | select(.kind == "login" and .user == "eve")][-1].peer'
	peer=$(jq -r "$last" <<<"$output")
	assert_equal "$(jq "[.[] | select(.peer == \"$peer\") | .kind] | join(\" \")" -r \
		<<<"$output")" login
}

@test "what strangers do is one line for their address" {
	new_key stranger
	for _ in 1 2 3; do
		KEY=$CLIENT/stranger run ssh_bardo version
		assert_status 255
	done
	stranger_is_told() {
		[ "$(newest stranger)" != null ]
	}
	wait_until 10 stranger_is_told
	run newest stranger
	assert_equal "$(jq -r '[.user, .peer, .status] | join("|")' <<<"$output")" '|127.0.0.1|3'
	assert_output '127.0.0.1: [123] without a known key, 0 over the limits'
	assert_equal "$(ssh_bardo events --num 1000 --format json |
		jq '[.[] | select(.kind == "stranger")] | length')" 1
}

@test "owners see their apps' events, and nobody else does" {
	run events_of ada
	assert_success
	assert_equal "$(jq -r '[.[].app] | unique | join(" ")' <<<"$output")" "$shop"
	run events_of eve
	assert_equal "$output" '[]'
	run as eve events --app "$shop"
	assert_status 3
	run as ada events --app "$shop" --num 1
	assert_success
	assert_equal "$(wc -l <<<"$output")" 1
	as ada acl:grant eve "$shop" deploy
	run events_of eve
	assert_equal "$output" '[]'
	as ada acl:revoke eve "$shop"
}

@test "who makes an app under an old name learns nothing of what was" {
	as ada apps:create "old-s$SLOT"
	as ada apps:destroy "old-s$SLOT" --force
	as eve apps:create "old-s$SLOT"
	run events_of eve --app "old-s$SLOT"
	assert_equal "$(jq -r '[.[] | .user + " " + .what] | join(",")' <<<"$output")" \
		'eve apps:create'
}

@test "a deploy is told with life, commit and outcome; a push with who pushed" {
	KEY=$CLIENT/ada new_app_repo sold
	run push
	assert_success
	commit=$(git rev-parse --short=12 HEAD)
	run newest deploy
	assert_equal "$(jq -r '[.user, .app, .what, .status, .text] | join("|")' <<<"$output")" \
		"ada|$APP|push life 1 $commit|0|live"
	assert_equal "$(newest command what)" git-receive-pack
	# From where, as the push itself.
	assert_equal "$(newest deploy peer)" "$(newest command peer)"
	[ -n "$(newest deploy peer)" ]
	dockerfile 'FROM busybox' 'RUN exit 7'
	run push
	assert_failure
	run newest deploy
	assert_equal "$(jq -r '[.what, .status] | join("|")' <<<"$output")" \
		"push life 2 $(git rev-parse --short=12 HEAD)|1"
	assert_output 'build failed'
}

import_is_under_way() { # it holds its byte of the file
	[ -e "$DATA/locks/commands" ] &&
		grep -q "OFDLCK.*:$(stat -c %i "$DATA/locks/commands") " /proc/locks
}

@test "a command that is killed is told of, with who began it" {
	mkfifo "$BATS_TEST_TMPDIR/nothing"
	exec {nothing}<>"$BATS_TEST_TMPDIR/nothing"
	as ada config:import "$shop" <"$BATS_TEST_TMPDIR/nothing" >/dev/null 2>&1 3>&- &
	pid=$!
	wait_until 20 import_is_under_way
	# Nobody takes one that is under way for lost.
	refute_told() { [ "$(newest command what)" != config:import ]; }
	refute_told
	server_processes | grep -- '--door' | cut -d ' ' -f 1 | kill_each KILL
	wait $pid || true
	exec {nothing}>&-
	run newest command
	assert_equal "$(jq -r '[.user, .app, .what, .status] | join("|")' <<<"$output")" \
		"ada|$shop|config:import|255"
	assert_equal "$(jq -r .key <<<"$output")" "$(fingerprint_of ada)"
	assert_output 'ended without a word'
	# Once.
	run ssh_bardo events --num 1000 --format json
	assert_equal "$(jq '[.[] | select(.what == "config:import")] | length' <<<"$output")" 1
}

# Of what `events -t` writes to the file told.
first_is_there() {
	[ -s "$BATS_TEST_TMPDIR/told" ]
}
told() {
	grep -qF '"what":"git:set deploy-branch"' <(tail -n +2 "$BATS_TEST_TMPDIR/told")
}

@test "events -t goes on with what comes, and ends with its reader" {
	as ada events -t --num 1 --format json >"$BATS_TEST_TMPDIR/told" 3>&- &
	pid=$!
	wait_until 10 first_is_there
	as ada git:set "$shop" deploy-branch other
	wait_until 10 told
	kill_family $pid
	wait $pid || true
	wait_until 10 nobody_works
	bardo events -t | head -n 1
}

@test "events -t misses nothing of who is slow to commit" {
	cc -O2 -D_GNU_SOURCE -shared -fPIC -o "$BATS_TEST_TMPDIR/slow_commit.so" \
		"$TOP/tests/e2e/slow_commit.c"
	ssh_bardo events -t --num 1 --format json >"$BATS_TEST_TMPDIR/told" 3>&- &
	pid=$!
	wait_until 10 first_is_there
	LD_PRELOAD=$BATS_TEST_TMPDIR/slow_commit.so bardo git:set "$shop" deploy-branch slow
	wait_until 5 told || {
		kill_family $pid
		return 1
	}
	kill_family $pid
	wait $pid || true
}

@test "no value that was set stands in an event" {
	for verb in config:set config:unset docker-options:add run; do
		as ada $verb "$shop" PLANTED=plantedsecretvalue 'FROM another-planted' </dev/null || true
	done
	run ssh_bardo events --num 1000 --format json
	refute_output 'planted(secret|$)|another-planted'
}

@test "of each kind the newest stay" {
	server_with -c events.keep=5
	for i in 1 2 3 4 5 6 7; do
		as ada git:set "$shop" deploy-branch "b$i"
	done
	run ssh_bardo events --num 1000 --format json
	assert_equal "$(jq '[.[] | select(.kind == "command")] | length' <<<"$output")" 5
	assert_equal "$(jq '[.[] | select(.kind == "deploy")] | length' <<<"$output")" 2
	server_as_usual
}

@test "events:list is events, as Dokku calls it" {
	assert_equal "$(ssh_bardo events:list --num 1 --app "$shop" --format json)" \
		"$(ssh_bardo events --num 1 --app "$shop" --format json)"
}
