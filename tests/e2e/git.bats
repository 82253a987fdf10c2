#!/usr/bin/env bats
# What git may ask for: names, branches, tags, options, and several pushers.

setup_file() {
	load lib
	server_start
}
teardown_file() {
	load lib
	server_remove
}
teardown() {
	gate_release
}
setup() {
	load lib
	server_as_usual
}

deployed() {
	new_app_repo "$1"
	run push
	assert_success
}
count_lives() {
	ssh_bardo lives "$APP" --format json | jq length
}

# ---- names ----

assert_name_refused() {
	repos=$(ls "$DATA/repos")
	for verb in git-receive-pack git-upload-pack; do
		run ssh_bardo "$verb '$1'" </dev/null
		assert_status 2
		assert_equal "${#lines[@]}" 1
	done
	assert_equal "$(ls "$DATA/repos")" "$repos"
}

@test "a path that climbs out is refused" {
	assert_name_refused '../x'
	assert_name_refused 'a/../../x'
}

@test "an absolute path to something else is refused" {
	assert_name_refused '/etc/passwd'
}

@test "a shell's characters in a name are refused" {
	assert_name_refused 'a;b'
	assert_name_refused 'a b'
	assert_name_refused "\$(id)"
}

@test "a name that looks like an option is refused" {
	assert_name_refused '-oProxy'
	assert_name_refused '--upload-pack=x'
}

@test "a name of 300 bytes is refused" {
	assert_name_refused "$(printf 'a%.0s' $(seq 300))"
}

@test "an empty name and upper case are refused" {
	assert_name_refused ''
	assert_name_refused 'Shop'
}

@test "shop, /shop and shop.git are the same app" {
	deployed same
	commit=$(git rev-parse HEAD)
	GIT_SSH_COMMAND+=" -p $(ssh_port)"
	for path in "$APP" "/$APP" "$APP.git" "/$APP.git"; do
		run git ls-remote "127.0.0.1:$path" refs/heads/main
		assert_output "^$commit"
	done
}

@test "a clone of an app that is not there says so with status 4" {
	run ssh_bardo "git-upload-pack 'nobody-s$SLOT'" </dev/null
	assert_status 4
	assert_output "nobody-s$SLOT"
}

# ---- branches ----

@test "the first of main and master that is pushed is the deploy branch" {
	new_app_repo older
	git branch -m master
	run push master
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
	git checkout -q -b main
	write_version 2
	run push main
	assert_status 1
	assert_output 'remote rejected'
	assert_equal "$(page "$APP")" 'version 1'
}

@test "a push to another branch is rejected with the command that would deploy it" {
	deployed feature
	git checkout -q -b blue
	write_version blue
	run push blue
	assert_status 1
	assert_output 'remote rejected\] blue -> blue'
	assert_output 'git push production blue:main'
	assert_equal "$(count_lives)" 1
	run push blue:main
	assert_success
	assert_equal "$(page "$APP")" 'version blue'
}

@test "git:set deploy-branch makes another branch deploy" {
	deployed moved
	run ssh_bardo git:set "$APP" deploy-branch release
	assert_success
	write_version 2
	run push main
	assert_status 1
	run push main:release
	assert_success
	assert_equal "$(page "$APP")" 'version 2'
}

@test "a deploy branch with an impossible name is refused" {
	deployed badbranch
	run ssh_bardo git:set "$APP" deploy-branch 'a..b'
	assert_status 2
}

@test "deleting the deploy branch is refused" {
	deployed kept
	run push --delete main
	assert_status 1
	assert_output 'remote rejected'
	assert_equal "$(page "$APP")" 'version 1'
	assert_equal "$(remote_head)" "$(git rev-parse HEAD)"
}

@test "a push that goes back in history is deployed when it is forced" {
	deployed history
	first=$(git rev-parse HEAD)
	run deploy_version 2
	assert_success
	git reset -q --hard "$first"
	git commit -q --amend -m 'Another first version'
	run push
	assert_status 1
	run push --force main
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
	assert_equal "$(remote_head)" "$(git rev-parse HEAD)"
}

@test "HEAD of a clone is the deploy branch" {
	deployed cloned
	run git clone -q "$(remote_url "$APP")" ../copy
	assert_success
	assert_equal "$(git -C ../copy symbolic-ref --short HEAD)" main
	assert_equal "$(git -C ../copy rev-parse HEAD)" "$(git rev-parse HEAD)"
}

@test "a fetch brings what somebody else deployed" {
	deployed shared
	git clone -q "$(remote_url "$APP")" ../copy
	run deploy_version 2
	assert_success
	run git -C ../copy -c protocol.version=2 pull -q
	assert_success
	assert_equal "$(cat ../copy/www/index.html)" 'version 2'
}

@test "hidden refs keep every life's commit and are not shown to clients" {
	deployed hidden
	run git ls-remote production
	refute_output 'refs/bardo'
	run git -c safe.directory='*' -C "$DATA/repos/$APP.git" rev-parse refs/bardo/lives/1
	assert_output "^$(git rev-parse HEAD)"
}

@test "nobody pushes into refs/bardo" {
	deployed meddler
	run push main:refs/bardo/lives/9
	assert_failure
	assert_output 'rejected'
}

# ---- tags ----

@test "a tag pushed with the branch names the version" {
	new_app_repo tagged
	git tag -a v1.2.0 -m 'Version 1.2.0'
	run push --follow-tags main
	assert_success
	assert_equal "$(life "$APP" 0 version)" v1.2.0
}

@test "a commit after a tag is of that tag's version" {
	deployed described
	git tag v3
	run push v3
	assert_success
	assert_output 'new tag'
	run deploy_version 2
	assert_success
	assert_equal "$(life "$APP" 0 version)" v3
}

@test "an annotated tag pushed onto the deploy branch is peeled to its commit" {
	new_app_repo peeled
	git tag -a v1 -m 'Version 1'
	run push 'v1^{}:refs/heads/main'
	assert_success
	write_version 2
	git tag -a v2 -m 'Version 2'
	run push v2:refs/heads/main
	if [ "$status" = 0 ]; then
		assert_equal "$(life "$APP" 0 commit)" "$(git rev-parse 'v2^{commit}')"
	else
		assert_output 'rejected'
	fi
}

@test "a tag goes in beside a deploy that fails" {
	deployed besides
	dockerfile 'FROM busybox' 'RUN false'
	git tag v2
	run push main v2
	assert_status 1
	assert_output 'new tag\] +v2 -> v2'
	assert_output 'remote rejected\] main -> main'
	assert_equal "$(page "$APP")" 'version 1'
}

@test "with --atomic a failing deploy keeps the tag out too" {
	deployed atomic
	dockerfile 'FROM busybox' 'RUN false'
	git tag v2
	run push --atomic main v2
	assert_status 1
	run git ls-remote production
	refute_output 'refs/tags/v2'
	assert_equal "$(page "$APP")" 'version 1'
}

@test "with --atomic a good deploy and its tag both go in" {
	deployed atomicgood
	write_version 2
	git tag v2
	run push --atomic main v2
	assert_success
	run git ls-remote production
	assert_output 'refs/tags/v2'
	assert_equal "$(page "$APP")" 'version 2'
	assert_equal "$(life "$APP" 0 version)" v2
}

# ---- options ----

@test "with --atomic a tag that git can't write keeps the version out" {
	new_app_repo atomicclash
	run push
	assert_success
	run git push production HEAD:refs/tags/v1
	assert_success
	write_version 2
	run git push --atomic production main HEAD:refs/tags/v1/x
	assert_status 1
	assert_output 'remote rejected.*main'
	assert_output 'refs/tags/v1/x'
	assert_equal "$(page "$APP")" 'version 1'
	assert_equal "$(git ls-remote production refs/heads/main | cut -f 1)" \
		"$(git rev-parse HEAD~1)"
}

@test "a branch that can't stand beside the old one is refused before it is built" {
	new_app_repo clash
	run push
	assert_success
	ssh_bardo git:set "$APP" deploy-branch main/next
	write_version 2
	run git push production HEAD:refs/heads/main/next
	assert_status 1
	assert_output 'remote rejected.*in its way'
	refute_output 'Step 1'
	run git push production :main
	assert_success
	run git push production HEAD:refs/heads/main/next
	assert_success
	assert_equal "$(page "$APP")" 'version 2'
}

@test "git:set while a deploy runs is not lost" {
	new_app_repo setmeanwhile
	gate_start
	printf '%s\n' 'FROM busybox' "RUN $GATE" 'COPY start /start' 'COPY www /www' \
		'CMD ["/start"]' >Dockerfile
	write_version 2
	push_in_background
	gate_wait
	ssh_bardo git:set "$APP" deploy-branch next
	gate_release
	push_result
	assert_success
	write_version 3
	run git push production HEAD:next
	assert_success
	assert_equal "$(page "$APP")" 'version 3'
}

@test "-o dry-run tells what would be done and changes nothing" {
	deployed dry
	write_version 2
	before=$(things_of "$APP")
	run push -o dry-run main
	assert_status 1
	assert_output 'remote rejected\] main -> main \(.*dry run.*\)'
	assert_equal "$(page "$APP")" 'version 1'
	assert_equal "$(count_lives)" 1
	assert_equal "$(things_of "$APP")" "$before"
}

@test "-o dry-run as a first push makes no app" {
	new_app_repo dryfirst
	run push -o dry-run main
	assert_status 1
	assert_output 'dry run'
	run ssh_bardo apps:exists "$APP"
	assert_status 4
}

@test "a push option that means nothing is refused by name" {
	deployed typo
	write_version 2
	run push -o dryrun main
	assert_status 1
	assert_output 'dryrun'
	assert_equal "$(page "$APP")" 'version 1'
}

@test "a shallow clone can be pushed from" {
	deployed shallow
	run deploy_version 2
	git clone -q --depth 1 "file://$PWD" ../small
	cd ../small
	git remote add production "$(remote_url "$APP")"
	write_version 3
	run push
	assert_success
	assert_equal "$(page "$APP")" 'version 3'
}

@test "a shallow clone can make the app" {
	new_app_repo origin
	write_version 2
	git clone -q --depth 1 "file://$PWD" ../small
	cd ../small
	APP=shallowfirst-s$SLOT
	git remote add production "$(remote_url "$APP")"
	run push
	assert_success
	assert_equal "$(page "$APP")" 'version 2'
}

@test "a shallow clone's tag is refused before it is deployed, its commit isn't" {
	new_app_repo tagged
	git clone -q --depth 1 "file://$PWD" ../smalltag
	cd ../smalltag
	git -c user.name=a -c user.email=a@b tag -a -m one va
	APP=shallowtag-s$SLOT
	git remote add production "$(remote_url "$APP")"
	run git push production va:refs/heads/main
	assert_status 1
	assert_output 'remote rejected.*commit'
	run ssh_bardo apps:exists "$APP"
	assert_status 4
	run push
	assert_success
}

@test "a pack that is larger than git.max-pack-size is refused" {
	deployed big
	server_with -c git.max-pack-size=64k
	git remote set-url production "$(remote_url "$APP")"
	head -c 300000 /dev/urandom >www/big
	write_version 2
	run push
	assert_failure
	assert_output 'size|large|big'
	bardod_stop
	bardod_start
	assert_equal "$(page "$APP")" 'version 1'
	assert_equal "$(count_lives)" 1
}

@test "an app is not made by a push when server.create-on-push is off" {
	server_with -c server.create-on-push=false
	new_app_repo unmade
	run push
	assert_failure
	assert_output 'apps:create'
	run ssh_bardo apps:exists "$APP"
	assert_status 4
	run ssh_bardo apps:create "$APP"
	assert_success
	run push
	assert_success
}

@test "broken objects are refused by git's own check" {
	deployed fsck
	# A commit whose author line has no e-mail address.
	bad=$(git cat-file commit HEAD | sed 's/<ada@example.org>/ada/' |
		git hash-object --literally -t commit -w --stdin)
	run push "$bad:refs/heads/main"
	assert_failure
	assert_equal "$(page "$APP")" 'version 1'
}

# ---- several at once ----

@test "of two pushes at once one wins, and the other is told to fetch" {
	deployed race
	git clone -q . ../other
	(
		cd ../other
		git remote add production "$(remote_url "$APP")"
		write_version theirs
	)
	gate_start
	dockerfile 'FROM busybox' "RUN $GATE" 'COPY www /www' 'COPY start /start' \
		'CMD ["/start"]'
	write_version ours
	push_in_background
	gate_wait
	(cd ../other && push >"$BATS_TEST_TMPDIR/theirs" 2>&1 3>&-) &
	theirs=$!
	gate_release
	push_result
	assert_success
	status=0
	wait $theirs || status=$?
	output=$(cat "$BATS_TEST_TMPDIR/theirs")
	assert_status 1
	assert_output 'rejected'
	wait_until 30 all_agree 'version ours'
}

@test "pushes to two apps go side by side" {
	deployed left
	left=$PWD left_app=$APP
	deployed right
	right_app=$APP
	cd "$left"
	APP=$left_app
	gate_start
	dockerfile 'FROM busybox' "RUN $GATE" 'COPY www /www' 'COPY start /start' \
		'CMD ["/start"]'
	push_in_background
	gate_wait
	cd ../right
	run deploy_version 2
	assert_success
	assert_equal "$(page "$right_app")" 'version 2'
	gate_release
	push_result
	assert_success
}

@test "a lock that a killed git left behind doesn't stand in the way" {
	deployed stale
	lock=$DATA/repos/$APP.git/refs/heads/main.lock
	install -o "$(stat -c %U "$DATA/repos")" -m 600 /dev/null "$lock"
	write_version 2
	run push
	assert_success
	wait_until 30 all_agree 'version 2'
	[ ! -e "$lock" ]
}
