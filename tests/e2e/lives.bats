#!/usr/bin/env bats
# The record: every commit pushed, what it became, and how to bring it back.

# Three lives that most tests here only read: version 1, one that failed, version 2.
setup_file() {
	load lib
	server_start
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	new_app_repo story
	git tag v1
	push --follow-tags main v1
	export FIRST
	FIRST=$(git rev-parse HEAD)
	dockerfile 'FROM busybox' 'RUN echo this one is bad; exit 5'
	push || true
	export SECOND
	SECOND=$(git rev-parse HEAD)
	git revert --no-edit HEAD >/dev/null
	deploy_version 2
	export THIRD
	THIRD=$(git rev-parse HEAD)
	export STORY=$APP
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	use_git
	APP=$STORY
}

@test "lives lists every life, the newest first" {
	run ssh_bardo lives "$APP"
	assert_success
	assert_output "^ *\\*? *3 .*${THIRD:0:7}"
	assert_output "^ *2 .*failed"
	assert_output "^ *1 .*v1"
}

@test "lives in JSON has the documented shape" {
	run ssh_bardo lives "$APP" --format json
	assert_success
	run jq -e '
		def time: test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?Z$");
		type == "array" and length == 3 and ([.[].life] == [3, 2, 1]) and
		all(.[];
			(.life | type == "number") and (.state | type == "string") and
			(.commit | test("^[0-9a-f]{40}$")) and has("version") and
			has("tag") and has("image") and .user == "admin" and
			(.key | startswith("SHA256:")) and .source == "push" and
			has("url") and (.created_at | time) and has("live_at") and
			has("ended_at") and has("reason") and
			(.phases | type == "object") and
			all(.phases[]; type == "number")) and
		(.[0] | .state == "live" and (.image | startswith("sha256:")) and
			(.live_at | time)) and
		(.[1] | .state == "failed" and (.ended_at | time) and
			(.reason | test("build failed")))' <<<"$output"
	assert_success
}

@test "the record maps every commit pushed to its tag and life" {
	run ssh_bardo lives "$APP" --format json
	assert_equal "$(jq -r '.[] | "\(.life) \(.commit)"' <<<"$output")" \
		"$(printf '%s\n' "3 $THIRD" "2 $SECOND" "1 $FIRST")"
	for index in 0 2; do
		tag=$(jq -r ".[$index].tag" <<<"$output")
		image=$(jq -r ".[$index].image" <<<"$output")
		assert_equal "$tag" "bardo/$APP:$(jq -r ".[$index].commit[0:12]" <<<"$output")"
		assert_equal "$(docker inspect -f '{{.Id}}' "$tag")" "$image"
	done
}

@test "a life's key is the one that pushed it" {
	assert_equal "$(life "$APP" 0 key)" \
		"$(ssh-keygen -l -f "$CLIENT/key" | cut -d ' ' -f 2)"
}

@test "lives:info tells one life, for people and as JSON" {
	run ssh_bardo lives:info "$APP" 2
	assert_success
	assert_output "$SECOND"
	assert_output 'build failed'
	run ssh_bardo lives:info "$APP" 1 --format json
	assert_equal "$(jq -r '"\(.life) \(.commit) \(.version)"' <<<"$output")" "1 $FIRST v1"
}

@test "lives:log keeps what the pusher saw" {
	run ssh_bardo lives:log "$APP" 2
	assert_success
	assert_output '^----->'
	assert_output 'this one is bad'
}

@test "a life that is not there is told with status 4" {
	for verb in lives:info lives:log lives:revive; do
		run ssh_bardo $verb "$APP" 99
		assert_status 4
		assert_output '99'
	done
	run ssh_bardo lives "nobody-s$SLOT"
	assert_status 4
}

@test "a life number that is no number is told with status 2" {
	run ssh_bardo lives:info "$APP" two
	assert_status 2
}

@test "lives:revive brings the first life back without a build" {
	new_app_repo revived
	run push
	assert_success
	image=$(life "$APP" 0 image)
	run deploy_version 2
	assert_success
	run ssh_bardo lives:revive "$APP" 1
	assert_success
	refute_output '(Step|step) [0-9]|Building'
	assert_equal "$(page "$APP")" 'version 1'
	assert_equal "$(live_life "$APP" life)" 3
	assert_equal "$(live_life "$APP" source)" revive
	assert_equal "$(live_life "$APP" image)" "$image"
}

@test "lives:revive without a number takes the last good one before the live one" {
	new_app_repo backwards
	run push
	assert_success
	dockerfile 'FROM busybox' 'RUN false'
	run push
	assert_failure
	git revert --no-edit HEAD >/dev/null
	run deploy_version 3
	assert_success
	run ssh_bardo lives:revive "$APP"
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
	assert_equal "$(live_life "$APP" commit)" "$(life "$APP" 3 commit)"
}

@test "lives:revive of a life that failed is refused" {
	run ssh_bardo lives:revive "$STORY" 2
	assert_failure
	assert_output 'failed|never'
	assert_equal "$(live_life "$STORY" life)" 3
}

@test "lives:revive builds again when the image is gone, and says so" {
	new_app_repo gone
	run push
	assert_success
	tag=$(life "$APP" 0 tag)
	run deploy_version 2
	assert_success
	wait_until 20 has_containers "$APP" 1
	docker rmi -f "$tag" >/dev/null
	run ssh_bardo lives:revive "$APP" 1
	assert_success
	assert_output 'again|gone|build'
	assert_equal "$(page "$APP")" 'version 1'
}

@test "lives:revive of the only life says that there is none before it" {
	new_app_repo only
	run push
	assert_success
	run ssh_bardo lives:revive "$APP"
	assert_failure
	assert_equal "$(page "$APP")" 'version 1'
}

@test "a push after a revive deploys what is pushed" {
	new_app_repo onwards
	run push
	assert_success
	run deploy_version 2
	assert_success
	run ssh_bardo lives:revive "$APP" 1
	assert_success
	run deploy_version 3
	assert_success
	assert_equal "$(page "$APP")" 'version 3'
	assert_equal "$(live_life "$APP" life)" 4
}

@test "logs shows what the live program printed, and -n how much of it" {
	new_app_repo talks
	dockerfile 'FROM busybox' 'COPY start /start' 'COPY www /www' \
		'CMD ["sh", "-c", "for i in 1 2 3 4 5; do echo line $i; done; exec /start"]'
	run push
	assert_success
	run ssh_bardo logs "$APP"
	assert_success
	assert_output 'line 1$'
	run ssh_bardo logs "$APP" -n 2
	assert_output 'line 5$'
	refute_output 'line 3$'
}

no_command_runs() {
	! server_processes | grep -q -- '--door'
}

@test "logs -t follows until the reader hangs up" {
	new_app_repo follows
	run push
	assert_success
	ssh_bardo logs "$APP" -t >"$BATS_TEST_TMPDIR/followed" 2>&1 3>&- &
	reader=$!
	docker exec "$(running_containers_of "$APP")" sh -c 'echo a late word >/proc/1/fd/1'
	wait_until 10 grep -q 'a late word' "$BATS_TEST_TMPDIR/followed"
	kill_family $reader
	wait_until 10 no_command_runs
}

@test "a command doesn't wait for the tidying up of the deploy before" {
	new_app_repo tidied
	run push
	assert_success
	wait_until 20 no_command_runs
	# git collects garbage from the second pack on, and never ends.
	repo=$DATA/repos/$APP.git
	git config --file "$repo/config" gc.autoPackLimit 1
	mkdir -p "$repo/hooks"
	printf '#!/bin/sh\n: >tidying\nexec sleep 3600\n' >"$repo/hooks/pre-auto-gc"
	chmod 755 "$repo/hooks/pre-auto-gc"
	run deploy_version 2
	assert_success
	wait_until 30 test -e "$repo/tidying"
	rm "$repo/hooks/pre-auto-gc"
	run ssh_bardo lives:revive "$APP"
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
	# With git went all that it had started.
	nothing_runs_there() { ! readlink /proc/[0-9]*/cwd 2>/dev/null | grep -qxF "$repo"; }
	wait_until 20 nothing_runs_there
}

@test "what follows ends with its reader after bardod has gone, too" {
	ssh_bardo logs "$STORY" -t >"$BATS_TEST_TMPDIR/logs" 2>&1 3>&- &
	readers=$!
	ssh_bardo events -t >"$BATS_TEST_TMPDIR/events" 2>&1 3>&- &
	readers+=" $!"
	wait_until 10 test -s "$BATS_TEST_TMPDIR/events"
	docker exec "$(running_containers_of "$STORY")" sh -c 'echo a word >/proc/1/fd/1'
	wait_until 10 grep -q 'a word' "$BATS_TEST_TMPDIR/logs"
	bardod_stop KILL
	for reader in $readers; do kill_family "$reader"; done
	wait_until 10 no_command_runs
	bardod_start
}

@test "apps:create, apps:list, apps:exists and apps:destroy do as Dokku's do" {
	name=made-s$SLOT
	run ssh_bardo apps:create "$name"
	assert_success
	run ssh_bardo apps:create "$name"
	assert_failure
	run ssh_bardo apps:exists "$name"
	assert_success
	run ssh_bardo apps:list
	assert_output "^$name$"
	run ssh_bardo apps:destroy "$name" --force
	assert_success
	run ssh_bardo apps:exists "$name"
	assert_status 4
}

@test "apps:list in JSON names every app" {
	run ssh_bardo apps:list --format json
	assert_success
	shown=$output
	run jq -e --arg app "$STORY" 'any(.[]; .app == $app and .live == 3)' <<<"$shown"
	assert_success
}

@test "an app with an impossible name is not made" {
	run ssh_bardo apps:create 'Shop_1'
	assert_status 2
}

@test "apps:destroy takes all of an app along but the data in its volumes" {
	new_app_repo doomed
	dockerfile 'FROM busybox' 'COPY start /start' 'COPY www /www' 'VOLUME /data' \
		'CMD ["/start"]'
	run push
	assert_success
	url=$(app_url "$APP")
	run ssh_bardo apps:destroy "$APP"
	assert_failure
	assert_output "$APP"
	run ssh_bardo apps:destroy "$APP" --force
	assert_success
	assert_output "${APP}_data stays: storage:destroy ${APP}_data removes it"
	assert_equal "$(things_of "$APP")" "${APP}_data"
	[ ! -e "$DATA/repos/$APP.git" ]
	run curl -fsS --max-time 5 "$url"
	assert_failure
}

# Its web shows, and keeps, what it finds in its volume.
keeper() { # TEXT
	dockerfile 'FROM busybox' 'VOLUME /data' 'EXPOSE 5000' \
		"CMD test -e /data/index.html || echo $1 >/data/index.html; trap exit TERM; httpd -f -p 5000 -h /data & wait"
}

@test "an app made again under an old name shares nothing with the one that was" {
	new_app_repo reborn
	keeper old-secrets
	run push
	assert_success
	ssh_bardo apps:destroy "$APP" --force
	assert_equal "$(life "$APP" 0 state)" retired
	new_key mallory
	bardo users:add mallory --create
	bardo ssh-keys:add mallory <"$CLIENT/mallory.pub"
	KEY=$CLIENT/mallory use_git
	keeper mine
	run push
	assert_success
	assert_equal "$(page "$APP")" mine
	export KEY=$CLIENT/mallory
	run ssh_bardo lives "$APP" --format json
	assert_equal "$(jq -c '[.[] | [.life, .user]]' <<<"$output")" '[[1,"mallory"]]'
	run ssh_bardo lives:log "$APP" 1
	refute_output old-secrets
	run ssh_bardo events --app "$APP" --format json
	assert_equal "$(jq -r '[.[].user] | unique | join(" ")' <<<"$output")" mallory
	run ssh_bardo lives:revive "$APP" 2
	assert_status 4
	run ssh_bardo storage:mount "$APP" "${APP}_data:/old"
	assert_status 3
	run ssh_bardo storage:info "${APP}_data"
	assert_status 3
	run ssh_bardo storage:info "${APP}.2_data" --format json
	assert_equal "$(jq -r .app <<<"$output")" "$APP"
	run bardo reconcile "$APP"
	assert_success
	assert_equal "$(page "$APP")" mine
	run ssh_bardo apps:list --destroyed
	assert_status 3
	export KEY=$CLIENT/key
	# For server admins its record stays readable, under a name of its own.
	former=$(ssh_bardo apps:list --destroyed --format json |
		jq -r --arg app "$APP." '.[] | select(.app | startswith($app)) | .app')
	assert_equal "$(life "$former" 0 user)" admin
	run ssh_bardo lives:log "$former"
	assert_output "Life 1 of $APP is live"
	run ssh_bardo events --app "$former"
	assert_output 'push life 1'
	KEY=$CLIENT/mallory run ssh_bardo lives "$former"
	assert_status 3
	run ssh_bardo apps:destroy "$former" --force
	assert_status 4
	# A server admin may let the old volume in on purpose.
	run ssh_bardo storage:mount "$APP" "${APP}_data:/old"
	assert_success
	ssh_bardo ps:restart "$APP" >/dev/null
	assert_equal "$(docker exec "$(running_containers_of "$APP")" cat /old/index.html)" \
		old-secrets
	ssh_bardo storage:unmount "$APP" "${APP}_data:/old"
}

@test "apps:destroy --volumes takes the data along, but for what others have" {
	new_app_repo emptied
	keeper data
	run push
	assert_success
	ssh_bardo apps:create "heir-s$SLOT"
	ssh_bardo storage:create --app "$APP" "${APP}_lent"
	ssh_bardo storage:mount "heir-s$SLOT" "${APP}_lent:/lent"
	run ssh_bardo apps:destroy "$APP" --volumes --force
	assert_success
	assert_output "${APP}_lent stays: it is mounted in heir-s$SLOT"
	assert_equal "$(things_of "$APP")" "${APP}_lent"
	ssh_bardo storage:unmount "heir-s$SLOT" "${APP}_lent:/lent"
	run ssh_bardo storage:destroy "${APP}_lent" --force
	assert_success
}

@test "a failed version gives its volume back before the old one starts again" {
	new_app_repo lender
	dockerfile 'FROM busybox' 'COPY start /start' 'COPY www /www' 'VOLUME /data' \
		'CMD ["/start"]'
	run push
	assert_success
	since=$(date +%s.%N)
	dockerfile 'FROM busybox' 'VOLUME /data' 'CMD ["false"]'
	run push
	assert_status 1
	assert_output 'goes on serving'
	order=$(docker events --since "$since" --until "$(date +%s.%N)" \
		--filter "label=bardo.app=$APP" --filter event=destroy --filter event=start \
		--format '{{.Action}} {{.Actor.Attributes.name}}' | tail -n 2)
	assert_equal "$order" "destroy bardo.$APP.web.2.1
start bardo.$APP.web.1.1"
}

@test "version and help answer everybody" {
	run ssh_bardo version
	assert_success
	assert_output '[0-9]+\.[0-9]+\.[0-9]+'
	run ssh_bardo help --all
	assert_success
	for verb in apps:create lives:revive logs ssh-keys:add git:set; do
		assert_output "$verb"
	done
}

@test "an unknown command is told with status 2 and a way on" {
	run ssh_bardo live:revive "$STORY"
	assert_status 2
	assert_output 'help'
}

@test "the same commands work on the host" {
	run bardo lives "$STORY" --format json
	assert_success
	assert_equal "$(jq -r '.[0].commit' <<<"$output")" "$THIRD"
}
