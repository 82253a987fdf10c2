#!/usr/bin/env bats
# Several people on one server: users, their keys, and who may do what with which app.

setup_file() {
	load lib
	server_start
	local name
	for name in ada bob eve; do
		new_key $name
		ssh_bardo users:add $name
		ssh_bardo ssh-keys:add $name <"$CLIENT/$name.pub"
	done
	ssh_bardo users:set ada create true
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
# What NAME is told of VERB APP, without the app's name in it.
told() { # NAME APP VERB
	run as "$1" "$3" "$2"
	echo "$status ${output//$2/NAME}"
}
@test "users:list shows who there is, and JSON the same" {
	run ssh_bardo users:list
	assert_success
	assert_output '^ada .*create.* 1 key$'
	run ssh_bardo users:list --format json
	assert_equal "$(jq -c '.[] | select(.name == "ada") | [.admin, .create, .keys]' <<<"$output")" \
		'[false,true,1]'
}

@test "users:add refuses a name that is there or can't be" {
	run ssh_bardo users:add ada
	assert_status 1
	assert_output 'there is a user ada already'
	run ssh_bardo users:add 'Not/OK'
	assert_status 2
}

@test "users:remove takes keys and roles along, on open connections too" {
	new_key gone
	ssh_bardo users:add gone
	ssh_bardo ssh-keys:add gone <"$CLIENT/gone.pub"
	as ada acl:grant gone "$shop" read
	control=$BATS_TEST_TMPDIR/control
	KEY=$CLIENT/gone ssh_bardo -M -S "$control" -N -f 3>&-
	run ssh_bardo -S "$control" lives "$shop"
	assert_success
	ssh_bardo users:remove gone
	run ssh_bardo -S "$control" lives "$shop"
	ssh -S "$control" -O exit 127.0.0.1 2>/dev/null
	assert_status 3
	run as ada acl:list "$shop"
	refute_output gone
	run ssh_bardo users:remove gone
	assert_status 4
}

@test "the last server admin can't be removed, demoted or locked out from afar" {
	for what in 'users:remove admin' 'users:set admin admin false' \
		'ssh-keys:remove admin'; do
		# shellcheck disable=SC2086
		run ssh_bardo $what
		assert_status 3
		assert_output 'nobody could log in as a server admin'
	done
	ssh_bardo users:set bob admin true
	run ssh_bardo users:set bob admin false
	assert_success
}

@test "users:set makes a server admin, and takes it back at once" {
	run as eve users:list
	assert_status 3
	ssh_bardo users:set eve admin true
	run as eve users:list
	assert_success
	as eve users:set eve admin false
	run as eve users:list
	assert_status 3
	run ssh_bardo users:set eve wings true
	assert_status 2
	assert_output 'admin .* create'
	run ssh_bardo users:set eve admin perhaps
	assert_status 2
}

@test "a user has several keys, and takes away what is theirs" {
	new_key second
	run as bob ssh-keys:add bob <"$CLIENT/second.pub"
	assert_success
	assert_equal "$output" "$(fingerprint_of second)"
	run as second
	assert_output 'You are bob'
	run as bob ssh-keys:list --format json
	assert_equal "$(jq -r '[.[].name] | join(" ")' <<<"$output")" 'bob bob'
	run as bob ssh-keys:remove --fingerprint "$(fingerprint_of second)"
	assert_success
	run as second version
	assert_status 255
}

@test "the same key can't be given twice" {
	run as eve ssh-keys:add eve <"$CLIENT/bob.pub"
	assert_status 1
	assert_output 'bob has the key'
}

@test "nobody sees to the keys of others but server admins" {
	new_key mine
	for what in 'ssh-keys:add bob' 'ssh-keys:list bob' 'ssh-keys:remove bob' \
		'ssh-keys:add eve --admin' ssh-keys:verify; do
		# shellcheck disable=SC2086
		run as eve $what <"$CLIENT/mine.pub"
		assert_status 3
	done
	run as eve ssh-keys:remove --fingerprint "$(fingerprint_of bob)"
	assert_status 4
	run as bob version
	assert_success
}

@test "ssh-keys:verify says who has a key, and whether logins know the record's" {
	run ssh_bardo ssh-keys:verify
	assert_success
	run ssh_bardo ssh-keys:verify - <"$CLIENT/ada.pub"
	assert_success
	assert_output 'is a key of ada$'
	new_key nobodys
	run ssh_bardo ssh-keys:verify - <"$CLIENT/nobodys.pub"
	assert_status 4
	echo 'SHA256:smuggled' >>"$DATA/keys/authorized"
	run bardo ssh-keys:verify
	assert_status 1
	assert_output 'bardo reconcile'
	bardo reconcile
	run bardo ssh-keys:verify
	assert_success
}

@test "who makes an app owns it; who may not is told so" {
	run as ada acl:list "$shop" --format json
	assert_equal "$(jq -c . <<<"$output")" \
		"[{\"app\":\"$shop\",\"user\":\"ada\",\"role\":\"owner\"}]"
	run as bob apps:create "bobs-s$SLOT"
	assert_status 3
	assert_output 'users who may make apps'
}

@test "roles are granted, seen and taken back, from one command to the next" {
	run as bob lives "$shop"
	assert_status 3
	as ada acl:grant bob "$shop" read
	run as bob lives "$shop"
	assert_success
	run as bob ps:rebuild "$shop"
	assert_status 3
	assert_output 'needs the role deploy for'
	as ada acl:grant bob "$shop" deploy
	run as bob ps:rebuild "$shop"
	refute_output 'needs the role'
	run as bob acl:grant eve "$shop" read
	assert_status 3
	assert_output 'needs the role owner for'
	as ada acl:grant --app "$shop" bob owner
	run as bob acl:list "$shop"
	assert_output "bob +owner"
	run as ada acl:revoke bob "$shop"
	assert_success
	run as bob lives "$shop"
	assert_status 3
	run as ada acl:revoke bob "$shop"
	assert_status 4
	run as ada acl:grant bob "$shop" king
	assert_status 2
	assert_output 'owner, deploy and read'
	run as ada acl:grant nobody-there "$shop" read
	assert_status 4
}

@test "without a role, an app that is there and one that isn't are told alike" {
	for verb in lives apps:exists apps:destroy ps:rebuild git-upload-pack git-receive-pack; do
		assert_equal "$(told eve "$shop" $verb)" "$(told eve "gone-s$SLOT" $verb)"
		run as eve $verb "$shop"
		assert_status 3
		assert_output 'needs the role'
	done
	for what in acl:grant acl:revoke; do
		run as eve $what eve "$shop" read
		one="$status ${output//$shop/NAME}"
		run as eve $what eve "gone-s$SLOT" read
		assert_equal "$one" "$status ${output//gone-s$SLOT/NAME}"
	done
}

@test "lists show each user their own" {
	run as eve apps:list
	assert_success
	refute_output "$shop"
	run as ada apps:list
	assert_output "$shop"
	run as eve acl:list
	assert_success
	assert_equal "$output" ''
}

@test "a plain login tells each user their apps and roles" {
	run as eve
	assert_output 'no rights here yet'
	as ada acl:grant eve "$shop" read
	run as eve
	assert_output "$shop \(read, nothing deployed yet\)"
	as ada acl:revoke eve "$shop"
	run as ada
	assert_output "$shop \(owner, "
	assert_output 'git remote add'
}

@test "a deploy-only key pushes and does nothing else" {
	new_key ci
	as ada ssh-keys:add ada --deploy-only <"$CLIENT/ci.pub"
	run as ada ssh-keys:list
	assert_shown "$(fingerprint_of ci) NAME=\"ada\" ROLE=\"deploy-only\""
	for what in '' version help "lives $shop" "git-upload-pack $shop" \
		"ssh-keys:list" "apps:create ci-s$SLOT"; do
		# shellcheck disable=SC2086
		run as ci $what
		assert_status 3
		assert_output 'deploy-only: it can push and nothing else'
	done
	KEY=$CLIENT/ci new_app_repo shop
	run push
	assert_success
	assert_output 'is live'
	KEY=$CLIENT/ci run git fetch production
	assert_failure
	# It makes no apps either, not even by a push.
	run git push "$(remote_url "made-s$SLOT")" main
	assert_failure
	assert_output 'needs the role deploy'
	as ada ssh-keys:remove --fingerprint "$(fingerprint_of ci)"
	run push
	assert_failure
}
