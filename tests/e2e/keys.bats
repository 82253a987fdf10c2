#!/usr/bin/env bats
# Who may come in: keys are added, listed and removed, and a removed key is out at once.

setup_file() {
	load lib
	server_start
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
}

fingerprint_of() {
	ssh-keygen -l -f "$CLIENT/$1" | cut -d ' ' -f 2
}

@test "a key that nobody added gets no further than the login" {
	new_key stranger
	KEY=$CLIENT/stranger run ssh_bardo version
	assert_status 255
	assert_output 'Permission denied'
	fingerprint=$(fingerprint_of stranger)
	wait_until 10 grep -qF "$fingerprint" "$SERVER/bardod.log"
}

@test "any user name logs in, and the key says who it is" {
	run ssh_bardo -l git version
	assert_success
	run ssh_bardo -l root version
	assert_success
}

@test "a plain login tells who you are, your apps and how to start" {
	run ssh_bardo
	assert_success
	assert_output 'admin'
	assert_shown "git remote add production ssh://deploy@127.0.0.1:$(ssh_port)/NAME"
}

@test "ssh-keys:add on the host makes the user, who can log in at once" {
	new_key grace
	run bardo ssh-keys:add grace <"$CLIENT/grace.pub"
	assert_success
	KEY=$CLIENT/grace run ssh_bardo
	assert_success
	assert_output 'grace'
}

@test "ssh-keys:list shows names and fingerprints, and JSON the same" {
	run ssh_bardo ssh-keys:list
	assert_success
	assert_shown "$(fingerprint_of key)"
	run ssh_bardo ssh-keys:list --format json
	assert_success
	run jq -e --arg key "$(fingerprint_of key)" \
		'any(.[]; .fingerprint == $key)' <<<"$output"
	assert_success
}

@test "the same key can't belong to two users" {
	run bardo ssh-keys:add somebody <"$CLIENT/key.pub"
	assert_failure
	assert_output 'admin'
}

@test "what is not a public key is refused" {
	run bardo ssh-keys:add somebody <<<'not a key at all'
	assert_status 2
	run bardo ssh-keys:add somebody <"$CLIENT/key"
	assert_failure
	assert_output '[Pp]rivate|\.pub|public'
}

@test "a file of keys is taken whole, with its comments" {
	new_key first
	new_key second
	printf '# of the office\n\n' | cat - "$CLIENT/first.pub" "$CLIENT/second.pub" \
		>"$BATS_TEST_TMPDIR/authorized_keys"
	run bardo ssh-keys:add several <"$BATS_TEST_TMPDIR/authorized_keys"
	assert_success
	assert_equal "$output" "$(fingerprint_of first)
$(fingerprint_of second)"
	KEY=$CLIENT/second run ssh_bardo
	assert_output 'several'
	# Those that are there already keep no new one out.
	new_key third
	cat "$CLIENT/third.pub" >>"$BATS_TEST_TMPDIR/authorized_keys"
	run bardo ssh-keys:add several <"$BATS_TEST_TMPDIR/authorized_keys"
	assert_status 1
	assert_shown "$(fingerprint_of third)"
	run ssh_bardo ssh-keys:list nobody-at-all
	assert_status 4
}

@test "a user with an impossible name is refused" {
	new_key odd
	run bardo ssh-keys:add '../root' <"$CLIENT/odd.pub"
	assert_status 2
}

@test "a removed key doesn't log in any more" {
	new_key leaves
	bardo ssh-keys:add leaves <"$CLIENT/leaves.pub"
	KEY=$CLIENT/leaves run ssh_bardo version
	assert_success
	run bardo ssh-keys:remove leaves
	assert_success
	KEY=$CLIENT/leaves run ssh_bardo version
	assert_status 255
}

@test "a removed key is out at once on a connection that is open" {
	new_key open
	bardo ssh-keys:add open <"$CLIENT/open.pub"
	control=$BATS_TEST_TMPDIR/control
	KEY=$CLIENT/open ssh_bardo -M -S "$control" -N -f 3>&-
	run ssh_bardo -S "$control" version
	assert_success
	bardo ssh-keys:remove open
	run ssh_bardo -S "$control" version
	ssh -S "$control" -O exit 127.0.0.1 2>/dev/null
	assert_status 3
}

@test "a key that is removed while it pushes can't begin another push" {
	new_key pusher
	bardo ssh-keys:add pusher <"$CLIENT/pusher.pub"
	bardo ssh-keys:remove pusher
	KEY=$CLIENT/pusher new_app_repo barred
	run push
	assert_failure
	assert_output 'Permission denied'
}

@test "the first user is an admin; who comes later may not make apps" {
	new_key guest
	bardo ssh-keys:add guest <"$CLIENT/guest.pub"
	KEY=$CLIENT/guest run ssh_bardo apps:create "guests-s$SLOT"
	assert_status 3
	KEY=$CLIENT/guest new_app_repo guests
	run push
	assert_failure
	run ssh_bardo apps:exists "$APP"
	assert_status 4
}

@test "what a user may not see is told as what isn't there" {
	new_app_repo private
	run push
	assert_success
	new_key curious
	bardo ssh-keys:add curious <"$CLIENT/curious.pub"
	KEY=$CLIENT/curious run ssh_bardo lives "$APP"
	hidden="$status ${output//$APP/NAME}"
	KEY=$CLIENT/curious run ssh_bardo lives "nothere-s$SLOT"
	assert_equal "$hidden" "$status ${output//nothere-s$SLOT/NAME}"
}

@test "passwords and keyboard questions are not offered" {
	run ssh_bardo -o PubkeyAuthentication=no -o PreferredAuthentications=password,keyboard-interactive version
	assert_status 255
	assert_output '\(publickey\)'
}

@test "forwarding and subsystems are refused" {
	run ssh_bardo -s sftp
	assert_failure
	run ssh_bardo -o ExitOnForwardFailure=yes -R 0:127.0.0.1:9 -N
	assert_failure
}
