#!/usr/bin/env bats
# First pushes of one app that meet: none takes away what another relies on.

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
teardown() {
	gate_release
	open_uploads
}

# hold_uploads: pushes from this repository stop between git's greeting and its upload,
# until open_uploads.
hold_uploads() {
	HELD=$BATS_TEST_TMPDIR/held
	mkfifo "$HELD"
	exec {held_in}<>"$HELD"
	printf '#!/bin/sh\ntouch "%s.reached"\nexec head -n 1 "%s" >/dev/null\n' \
		"$HELD" "$HELD" >.git/hooks/pre-push
	chmod 755 .git/hooks/pre-push
}
upload_is_held() {
	[ -e "$HELD.reached" ]
}
open_uploads() {
	if [ -n "${HELD:-}" ]; then
		echo >&"$held_in"
		exec {held_in}>&-
		HELD=''
	fi
}

# The first push of an app waits with its upload; another one fails meanwhile.
fail_beside_an_upload() {
	new_app_repo "$1"
	hold_uploads
	push_in_background
	wait_until 20 upload_is_held
	git worktree add -q "$BATS_TEST_TMPDIR/other" -b other
	cd "$BATS_TEST_TMPDIR/other" || return 1
	dockerfile 'FROM busybox' 'RUN false'
	run push --no-verify other:main
	assert_status 1
	assert_output 'remote rejected.*build failed'
}

@test "a first push that fails leaves the app to one that still uploads" {
	fail_beside_an_upload shared
	run ssh_bardo apps:exists "$APP"
	assert_success
	open_uploads
	push_result
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
}

@test "a reconcile leaves a new app to the push that still uploads" {
	fail_beside_an_upload reconciled
	run bardo reconcile "$APP"
	assert_success
	run ssh_bardo apps:exists "$APP"
	assert_success
	open_uploads
	push_result
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
}

@test "the last of two first pushes that fail takes the app along" {
	new_app_repo bothfail
	dockerfile 'FROM busybox' 'RUN false'
	hold_uploads
	push_in_background
	wait_until 20 upload_is_held
	run push --no-verify main
	assert_status 1
	run ssh_bardo apps:exists "$APP"
	assert_success
	open_uploads
	push_result
	assert_status 1
	run ssh_bardo apps:exists "$APP"
	assert_status 4
	[ ! -e "$DATA/repos/$APP.git" ]
}

waits_for_the_first() {
	grep -q 'Waiting for the deploy that is under way' "$BATS_TEST_TMPDIR/second"
}

@test "master, pushed while main is the first to deploy, is no deploy branch any more" {
	new_app_repo branches
	gate_start
	dockerfile 'FROM busybox' "RUN $GATE" 'COPY start /start' 'COPY www /www' \
		'CMD ["/start"]'
	push_in_background
	gate_wait
	echo 'version 2' >www/index.html
	git commit -q -a -m 'Version 2'
	push main:master >"$BATS_TEST_TMPDIR/second" 2>&1 3>&- &
	second=$!
	wait_until 20 waits_for_the_first
	gate_release
	push_result
	assert_success
	status=0
	wait $second || status=$?
	output=$(cat "$BATS_TEST_TMPDIR/second")
	assert_status 1
	assert_output 'remote rejected\] main -> master \(master is not the deploy branch, main is\)'
	assert_equal "$(page "$APP")" 'version 1'
	assert_equal "$(remote_head master)" ''
	assert_equal "$(ssh_bardo lives "$APP" --format json | jq length)" 1
}
