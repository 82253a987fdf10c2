#!/usr/bin/env bats
# The life to fall back to, what differs between two, and what is kept of them.

setup_file() {
	load lib
	server_start
	# shellcheck disable=SC2034 # (new_app_repo reads it)
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	new_app_repo rock
	export ROCK=$APP ROCK_REPO=$BATS_FILE_TMPDIR/rock
	git tag v1
	push --follow-tags main v1
	bardo config:set "$APP" --no-restart COLOUR=blue-blue-blue GONE=goes-away-soon
	deploy_version 2
	bardo config:unset "$APP" --no-restart GONE
	bardo config:set "$APP" --no-restart COLOUR=red-red-red-red NEW=brand-new-value
	write_version 3
	git tag v3
	push main v3
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	use_git
	APP=$ROCK
	cd "$ROCK_REPO" || return 1
}

@test "a life is marked as stable, shown, and taken back" {
	run ssh_bardo lives:stable "$APP" --show
	assert_status 4
	assert_output "lives:stable $APP"
	run ssh_bardo lives:revive "$APP" stable
	assert_status 4
	run ssh_bardo lives:stable "$APP"
	assert_success
	assert_output "Life 3 of $APP is stable"
	run ssh_bardo lives:stable "$APP" 1
	assert_success
	run ssh_bardo lives:stable "$APP" --show
	assert_success
	assert_equal "$output" 1
	run ssh_bardo lives:stable "$APP" --show --format json
	assert_equal "$output" "{\"app\":\"$APP\",\"stable\":1}"
	run ssh_bardo lives "$APP"
	assert_output '^ *1 .*\(stable\)$'
	refute_output '^ *3 .*\(stable\)'
	run ssh_bardo lives "$APP" --format json
	assert_equal "$(jq -c '[.[].stable]' <<<"$output")" '[false,false,true]'
	run ssh_bardo lives:stable "$APP" 99
	assert_status 4
	run ssh_bardo lives:stable "$APP" --clear
	assert_success
	run ssh_bardo lives:stable "$APP" --show
	assert_status 4
}

@test "lives:diff tells commits, version and configuration, and no value" {
	run ssh_bardo lives:diff "$APP" 2 3
	assert_success
	assert_output "^=====> From life 2 to life 3 of $APP$"
	assert_output "^       commits: +\+ $(git rev-parse --short=12 HEAD) Version 3$"
	assert_output '^       version: +v1 -> v3$'
	assert_output '^       config: +\+ NEW$'
	assert_output '^       config: +- GONE$'
	assert_output '^       config: +~ COLOUR$'
	refute_output 'blue|red-red|brand-new|goes-away'
	run ssh_bardo lives:diff "$APP" --format json
	assert_success
	run jq -e --arg head "$(git rev-parse HEAD)" '
		.from == 2 and .to == 3 and .commit.to == $head and
		(.commits.added | length == 1) and .commits.added[0].summary == "Version 3" and
		.commits.removed == [] and .commits.more == false and
		.config == {added: ["NEW"], removed: ["GONE"], changed: ["COLOUR"]} and
		.image.from != .image.to and .port == {from: 5000, to: 5000} and
		has("scale") and has("processes") and has("scripts") and has("restart") and
		has("stop_timeout") and has("log_size") and has("tag") and
		(.mounts == {added: [], removed: []}) and has("networks") and
		has("options") and has("resources")' <<<"$output"
	assert_success
	# The other way round what was added is removed.
	run ssh_bardo lives:diff "$APP" 3 1 --format json
	assert_equal "$(jq -c '[.commits.removed[].summary]' <<<"$output")" \
		'["Version 3","Version 2"]'
	assert_equal "$(jq -c '.commits.added' <<<"$output")" '[]'
	run ssh_bardo lives:diff "$APP" 3 3
	assert_success
	assert_equal "$output" "=====> From life 3 to life 3 of $APP"
	run ssh_bardo lives:diff "$APP" 1 99
	assert_status 4
}

# Retention runs after a deploy, when nobody waits.
only_images_are() { # COUNT
	[ "$(engine_images | grep -c "^bardo/$APP:")" = "$1" ]
}

@test "lives:revive stable falls back, and retention keeps what that takes" {
	server_with -c deploy.keep-images=1
	git remote set-url production "$(remote_url "$APP")"
	run ssh_bardo lives:stable "$APP" 1
	assert_success
	for version in 4 5; do
		run deploy_version $version
		assert_success
	done
	# Live, the one before, and the stable one; the others' went.
	wait_until 20 only_images_are 3
	assert_equal "$(docker inspect -f '{{.Id}}' "$(life "$APP" 4 tag)")" \
		"$(life "$APP" 4 image)"
	run ssh_bardo lives:revive "$APP" stable
	assert_success
	refute_output 'building its commit again'
	assert_equal "$(page "$APP")" 'version 1'
	# A changed setting is a life with the same image: the one before it is kept.
	bardo config:set "$APP" LAST=change-of-settings
	wait_until 20 only_images_are 2
	run docker inspect "$(life "$APP" 2 tag)"
	assert_success
}
