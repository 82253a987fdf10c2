#!/usr/bin/env bats
# The help says what there is, out of the table that the commands are run from.

setup_file() {
	load lib
	server_start
	ssh_bardo help --format json >"$SERVER/table.json"
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	table=$SERVER/table.json
}

@test "help names every family with a line, and how to go on" {
	run ssh_bardo help
	assert_success
	while read -r family; do
		assert_output "^ +$family +[a-z]"
	done < <(jq -r '[.[].family] | unique | .[]' "$table")
	assert_shown 'help --all'
}

@test "help --all names every verb" {
	run ssh_bardo help --all
	assert_success
	while read -r verb; do
		assert_output "^ +$verb( |\$)"
	done < <(jq -r '.[].verb' "$table")
}

@test "every verb says what it is for, and what its options mean" {
	run jq -r '.[] | select(.purpose == "" or .family_purpose == "") | .verb' "$table"
	assert_equal "$output" ''
	# What should stand in help_texts.c and doesn't: VERB --OPTION.
	run jq -r '.[] | .verb as $v | [.options[].option | split(" ")[0]] as $known |
		.arguments | [scan("(?:^|[ \\[|])(--?[a-z][a-z-]*)")[0]] - $known | .[] |
		"\($v) \(.)"' "$table"
	assert_equal "$output" ''
}

@test "VERB --help, help VERB and FAMILY:help tell of one of them" {
	run ssh_bardo users:add --help
	assert_success
	assert_output '^ +users:add NAME'
	assert_output '^ +--create +.*apps'
	refute_output 'users:remove'
	by_option=$output
	run ssh_bardo help users:add
	assert_equal "$output" "$by_option"
	run ssh_bardo users:help
	assert_success
	assert_output 'users:add'
	assert_output 'users:remove'
	refute_output 'apps:'
	run ssh_bardo USERS:help
	assert_success
	assert_output 'users:add'
	run ssh_bardo users
	assert_success
	assert_output 'users:add'
	run ssh_bardo help nonsense
	assert_status 2
}

@test "help that is asked for an app in front is the same help" {
	run ssh_bardo users:help
	wanted=$output
	run ssh_bardo -- --app shop users:help
	assert_success
	assert_equal "$output" "$wanted"
}

@test "what was probably meant is suggested" {
	run ssh_bardo app:list
	assert_status 2
	assert_output 'did you mean apps:list\?'
	run ssh_bardo Apps:List
	assert_status 2
	assert_output 'did you mean apps:list\?'
	run ssh_bardo apps create shop
	assert_status 2
	assert_output 'did you mean apps:create\?'
	run ssh_bardo help apps:lst
	assert_status 2
	assert_output 'did you mean apps:list'
	for words in entirely-else 'scp -t .' sh 'git push'; do
		# shellcheck disable=SC2086
		run ssh_bardo $words
		assert_status 2
		refute_output 'did you mean'
	done
	assert_shown "\`help\`"
}

@test "what Dokku has and bardo hasn't is named, with what to do instead" {
	run ssh_bardo nginx:set shop client-max-body-size 50m
	assert_status 2
	assert_shown 'bardo has no nginx:set: HAProxy is in front'
	run ssh_bardo ps:set --global skip-deploy true
	assert_status 2
	assert_shown 'bardo has no ps:set skip-deploy: config:set --no-restart'
	run ssh_bardo git:set --global keep-git-dir true
	assert_status 2
	assert_shown 'bardo has no git:set keep-git-dir'
	run ssh_bardo run --cron-id 5 shop ls
	assert_status 2
	assert_shown 'bardo has no run --cron-id'
	run ssh_bardo help buildpacks:add
	assert_status 2
	assert_shown 'bardo has no buildpacks:add: bardo builds Dockerfiles alone'
}

@test "a wrong use shows the right one, and an unknown option where to read" {
	run ssh_bardo users:add
	assert_status 2
	assert_shown 'usage: users:add NAME'
	run ssh_bardo users:add --wings ada
	assert_status 2
	assert_shown 'help users:add'
}

@test "settings tells a server admin what is set, resolved" {
	run ssh_bardo settings
	assert_success
	assert_output '^deploy.drain=2'
	assert_output '^proxy.https=127.0.0.1:'
}
