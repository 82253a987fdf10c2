#!/usr/bin/env bats
# Apps as such: locked, reported, renamed and cloned.

setup_file() {
	load lib
	server_start
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	new_app_repo shop
	git tag v1
	push --follow-tags main v1
	export SHOP=$APP SHOP_REPO=$BATS_FILE_TMPDIR/shop
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	load ask
	use_git
}

teardown() {
	stop_asking
	gate_release
}

@test "a locked app takes neither pushes nor other deploys until it is unlocked" {
	cd "$SHOP_REPO"
	run ssh_bardo apps:locked "$SHOP"
	assert_status 1
	assert_output 'Deploy lock does not exist'
	run ssh_bardo apps:lock "$SHOP"
	assert_success
	assert_output '^-----> Deploy lock created$'
	run ssh_bardo apps:locked "$SHOP"
	assert_success
	assert_output '^Deploy lock exists$'
	write_version 2
	run push
	assert_failure
	assert_output "$SHOP is locked since 20.*Z by admin: apps:unlock $SHOP"
	assert_output 'pre-receive hook declined'
	for verb in ps:rebuild lives:revive; do
		run ssh_bardo $verb "$SHOP"
		assert_failure
		refute_output 'Starting life'
	done
	assert_equal "$(page "$SHOP")" 'version 1'
	run ssh_bardo apps:unlock "$SHOP"
	assert_success
	assert_output '^-----> Deploy lock removed$'
	run ssh_bardo apps:unlock "$SHOP"
	assert_status 1
	git reset -q --hard HEAD~1
}

@test "apps:report tells what there is to know, as text, one value and JSON" {
	commit=$(git -C "$SHOP_REPO" rev-parse v1)
	run ssh_bardo apps:report "$SHOP"
	assert_success
	assert_output "^=====> $SHOP app information$"
	assert_output "^       App deploy source: +git$"
	assert_output "^       App deploy source metadata: +$commit$"
	assert_output "^       App locked: +false$"
	run ssh_bardo apps:report "$SHOP" --app-deploy-source-metadata
	assert_equal "$output" "$commit"
	run ssh_bardo apps:report "$SHOP" --format json
	assert_success
	run jq -e --arg commit "$commit" --arg url "$(app_url "$SHOP")" '
		(."app-created-at" | test("^[0-9]+$")) and ."app-live" == "1" and
		."app-version" == "v1" and ."app-url" == $url and ."app-stable" == "" and
		."app-deploy-branch" == "main" and ."app-stopped" == "false" and
		(."app-dir" | endswith(".git")) and ."app-locked-by" == "" and
		has("app-image") and has("app-configuration")' <<<"$output"
	assert_success
}

@test "apps:rename keeps the address, and no request is lost" {
	new_app_repo old
	git tag v7
	push --follow-tags main v7
	old=$APP new=new-s$SLOT
	url=$(app_url "$old")
	asks "$url"
	run ssh_bardo apps:rename "$old" "$new"
	assert_success
	assert_output "^-----> Renaming $old to $new$"
	stop_asking
	assert_equal "$(answers_seen)" '200 version 1'
	run ssh_bardo apps:exists "$old"
	assert_status 4
	assert_equal "$(app_url "$new")" "$url"
	assert_equal "$(live_life "$new" source)" rename
	assert_equal "$(live_life "$new" version)" v7
	# Everything of it has the new name: containers, images.
	wait_until 20 has_containers "$new" 1
	assert_equal "$(docker ps -a --format '{{.Names}}' --filter "label=bardo.app=$new")" \
		"bardo.$new.web.2.1"
	assert_equal "$(engine_images | grep -F "$old:" || true)" ''
	assert_equal "$(docker inspect -f '{{.Id}}' "$(live_life "$new" tag)")" \
		"$(live_life "$new" image)"
	# What went before is there: lives, logs, history.
	assert_equal "$(life "$new" 1 tag)" "$(live_life "$new" tag)"
	run ssh_bardo lives:log "$new" 1
	assert_success
	git remote set-url production "$(remote_url "$new")"
	APP=$new
	run deploy_version 2
	assert_success
	wait_until 30 all_agree 'version 2'
}

@test "an app made under the old name shares nothing with the renamed one" {
	new_app_repo first
	dockerfile 'FROM busybox' 'RUN mkdir /data && echo mine >/data/index.html' \
		'VOLUME /data' 'EXPOSE 5000' \
		'CMD trap exit TERM; httpd -f -p 5000 -h /data & wait'
	push
	first=$APP renamed=renamed-s$SLOT
	url=$(app_url "$first")
	docker exec "bardo.$first.web.1.1" sh -c 'echo written >/data/index.html'
	# Its containers are called as before: the next app has to go around that.
	run ssh_bardo apps:rename --skip-deploy "$first" "$renamed"
	assert_success
	assert_equal "$(running_containers_of "$first")" "bardo.$first.web.1.1"
	git remote set-url production "$(remote_url "$first")"
	run push
	assert_success
	assert_equal "$(page "$first")" mine
	assert_equal "$(curl -fsS "$url")" written
	# Reconcile of either takes nothing from the other.
	bardo reconcile "$first"
	bardo reconcile "$renamed"
	assert_equal "$(page "$first")" mine
	assert_equal "$(curl -fsS "$url")" written
	# The data is the renamed app's in its next life, too.
	run ssh_bardo ps:rebuild "$renamed"
	assert_success
	assert_equal "$(page "$renamed")" written
	run ssh_bardo apps:destroy "$first" --force
	assert_success
	assert_equal "$(page "$renamed")" written
	run docker volume inspect "${first}_data"
	assert_success
}

@test "apps:rename refuses what can't be, and changes nothing" {
	bardo apps:create "taken-s$SLOT"
	run ssh_bardo apps:rename "$SHOP" "taken-s$SLOT"
	assert_status 1
	assert_output 'Name is already taken'
	run ssh_bardo apps:rename "$SHOP" 'No Name'
	assert_status 2
	run ssh_bardo apps:rename "nobody-s$SLOT" "other-s$SLOT"
	assert_status 4
	assert_equal "$(page "$SHOP")" 'version 1'
	# The name of an app that is gone is free.
	bardo --force apps:destroy "taken-s$SLOT"
	run ssh_bardo apps:rename --skip-deploy "$SHOP" "taken-s$SLOT"
	assert_success
	run ssh_bardo apps:rename --skip-deploy "taken-s$SLOT" "$SHOP"
	assert_success
	assert_equal "$(page "$SHOP")" 'version 1'
}

@test "a push that is under way when its app is renamed ends well" {
	new_app_repo moving
	push
	old=$APP new=moved-s$SLOT
	gate_start
	dockerfile 'FROM busybox' "RUN $GATE" 'RUN mkdir /www && echo late >/www/index.html' \
		'EXPOSE 5000' 'CMD trap exit TERM; httpd -f -p 5000 -h /www & wait'
	push_in_background
	gate_wait
	run ssh_bardo apps:rename --skip-deploy "$old" "$new"
	assert_status 5
	gate_release
	push_result
	assert_success
	run ssh_bardo apps:rename --skip-deploy "$old" "$new"
	assert_success
	assert_equal "$(page "$new")" late
}

@test "apps:clone makes an app like another one, without a build" {
	clone=clone-s$SLOT
	run ssh_bardo apps:clone "$SHOP" "$clone"
	assert_success
	assert_output "^-----> Cloning $SHOP to $clone$"
	assert_output 'Not copied'
	assert_output 'This tree was built before'
	assert_equal "$(page "$clone")" 'version 1'
	[ "$(app_url "$clone")" != "$(app_url "$SHOP")" ]
	assert_equal "$(live_life "$clone" image)" "$(live_life "$SHOP" image)"
	assert_equal "$(live_life "$clone" version)" v1
	assert_equal "$(git ls-remote "$(remote_url "$clone")" | cut -f 2 | sort)" \
		"$(printf '%s\n' HEAD refs/heads/main refs/tags/v1 | sort)"
	# It is an app of its own: a push to it leaves the other alone.
	git clone -q "$(remote_url "$clone")" "$BATS_TEST_TMPDIR/clone"
	cd "$BATS_TEST_TMPDIR/clone"
	git remote rename origin production
	APP=$clone
	run deploy_version 2
	assert_success
	assert_equal "$(page "$clone")" 'version 2'
	assert_equal "$(page "$SHOP")" 'version 1'
	run ssh_bardo apps:clone "$SHOP" "$clone"
	assert_status 1
	assert_output 'Name is already taken'
	run ssh_bardo apps:clone --ignore-existing "$SHOP" "$clone"
	assert_success
	assert_equal "$(page "$clone")" 'version 2'
	bardo --force apps:destroy "$clone"
	assert_equal "$(page "$SHOP")" 'version 1'
}

@test "apps:clone --skip-deploy leaves the deploy to a push" {
	clone=waiting-s$SLOT
	run ssh_bardo apps:clone --skip-deploy "$SHOP" "$clone"
	assert_success
	assert_equal "$(ssh_bardo lives "$clone" --format json)" '[]'
	git -C "$SHOP_REPO" push -q "$(remote_url "$clone")" v1^0:refs/heads/main
	assert_equal "$(page "$clone")" 'version 1'
}

@test "apps:set picks one of the configurations that bardo.json has" {
	new_app_repo twofold
	cat >bardo.json <<-'END'
		{"configurations": {
			"wordpress": {"env": {"ROLE": "the-word-press"}},
			"database": {"env": {"ROLE": "the-data-base"}}}}
	END
	dockerfile 'FROM busybox' 'EXPOSE 5000' \
		'CMD mkdir /www; echo "${ROLE:-none}" >/www/index.html; trap exit TERM; httpd -f -p 5000 -h /www & wait'
	run push
	assert_success
	assert_equal "$(page "$APP")" none
	run ssh_bardo apps:set "$APP" configuration nothing
	assert_failure
	assert_output 'wordpress'
	assert_output 'database'
	run ssh_bardo apps:report "$APP" --app-configuration
	assert_equal "$output" ''
	run ssh_bardo apps:set "$APP" configuration database
	assert_success
	assert_output '^=====> Setting configuration to database$'
	write_version 2
	run push
	assert_success
	assert_equal "$(page "$APP")" the-data-base
	run ssh_bardo apps:report "$APP" --app-configuration
	assert_equal "$output" database
}

@test "the deploy branch is the app's, else the server's" {
	run ssh_bardo git:set --global deploy-branch trunk
	assert_success
	assert_output '^=====> Setting deploy-branch to trunk$'
	new_app_repo branchy
	run push
	assert_failure
	assert_output 'main is not the deploy branch, trunk is'
	run push main:trunk
	assert_success
	run ssh_bardo git:report "$APP" --format json
	assert_success
	run jq -e --arg sha "$(git rev-parse HEAD)" '."git-sha" == $sha and
		."git-deploy-branch" == "trunk" and
		."git-global-deploy-branch" == "trunk" and
		."git-computed-deploy-branch" == "trunk" and
		(."git-last-updated-at" | test("^[0-9]+$"))' <<<"$output"
	assert_success
	run ssh_bardo git:set --global deploy-branch
	assert_success
	assert_output '^=====> Unsetting deploy-branch$'
}

@test "apps:set --global disable-autocreation makes pushes find apps, not make them" {
	run ssh_bardo apps:set --global disable-autocreation true
	assert_success
	new_app_repo unmade
	run push
	assert_failure
	assert_output 'disable-autocreation'
	bardo apps:create "$APP"
	run push
	assert_success
	bardo apps:set --global disable-autocreation
}

as() { # NAME VERB ...
	KEY=$CLIENT/$1 ssh_bardo "${@:2}"
}
new_user() { # NAME
	new_key "$1"
	bardo users:add "$1"
	bardo ssh-keys:add "$1" <"$CLIENT/$1.pub"
}

@test "a clone has the settings, volumes of its own, and its maker as owner" {
	new_app_repo source
	dockerfile 'FROM busybox' 'RUN mkdir /data && echo fresh >/data/index.html' \
		'VOLUME /data' 'EXPOSE 5000' \
		'CMD trap exit TERM; httpd -f -p 5000 -h /data & wait'
	push
	source=$APP clone=copy-s$SLOT
	docker exec "$(running_containers_of "$source")" sh -c 'echo mine >/data/index.html'
	bardo config:set --no-restart "$source" TOKEN=one-two-three
	bardo docker-options:add "$source" deploy '--shm-size 32m'
	new_user cara
	bardo users:set cara create true
	bardo acl:grant cara "$source" owner
	run as cara apps:clone "$source" "$clone"
	assert_success
	assert_output 'Nor what is for server admins'
	assert_equal "$(page "$clone")" fresh
	assert_equal "$(page "$source")" mine
	assert_equal "$(as cara config:get "$clone" TOKEN)" one-two-three
	assert_equal "$(ssh_bardo docker-options:report "$clone" --docker-options-deploy)" ''
	run docker volume inspect "${clone}_data"
	assert_success
	# Hers alone: the others of the source have nothing here.
	run ssh_bardo acl:list "$clone" --format json
	assert_equal "$(jq -c '[.[] | [.user, .role]]' <<<"$output")" '[["cara","owner"]]'
	run bardo apps:clone --skip-deploy "$source" "whole-s$SLOT"
	assert_success
	assert_output "^-----> Cloning"
	refute_output 'Nor what is for server admins'
	assert_equal "$(ssh_bardo docker-options:report "whole-s$SLOT" \
		--docker-options-deploy)" '--shm-size 32m'
}

@test "who may not make apps gives none a new name, and learns nothing of names" {
	new_user dora
	bardo acl:grant dora "$SHOP" owner
	for verb in apps:rename apps:clone; do
		run as dora $verb "$SHOP" "taken-s$SLOT"
		assert_status 3
		told=$output
		run as dora $verb "$SHOP" "free-s$SLOT"
		assert_status 3
		assert_equal "$output" "$told"
		run as dora $verb "copy-s$SLOT" "free-s$SLOT"
		assert_status 3
	done
	bardo acl:grant dora "$SHOP" deploy
	for verb in apps:lock apps:unlock; do
		run as dora $verb "$SHOP"
		assert_status 3
	done
	run as dora apps:locked "$SHOP"
	assert_status 1
	run as dora lives:stable "$SHOP"
	assert_success
	bardo acl:grant dora "$SHOP" read
	run as dora lives:stable "$SHOP" --clear
	assert_status 3
	run as dora lives:stable "$SHOP" --show
	assert_success
	bardo lives:stable "$SHOP" --clear
}

@test "a rename whose new life fails has the new name and the old life" {
	new_app_repo brittle
	dockerfile 'FROM busybox' 'EXPOSE 5000' \
		'CMD mkdir /www; echo fine >/www/index.html; [ -z "$BREAK" ] || exit 1; trap exit TERM; httpd -f -p 5000 -h /www & wait'
	push
	old=$APP new=solid-s$SLOT
	bardo config:set --no-restart "$old" BREAK=breaks-the-start
	run ssh_bardo apps:rename "$old" "$new"
	assert_status 1
	assert_output "Its name is $new by now"
	assert_equal "$(page "$new")" fine
	bardo config:unset --no-restart "$new" BREAK
	run ssh_bardo ps:rebuild "$new"
	assert_success
	assert_equal "$(docker ps --format '{{.Names}}' --filter "label=bardo.app=$new" |
		cut -d . -f 1-3)" "bardo.$new.web"
}

@test "apps:destroy asks for the name at a terminal, and for --force elsewhere" {
	doomed=doomed-s$SLOT
	bardo apps:create "$doomed"
	run ssh_bardo apps:destroy "$doomed"
	assert_status 2
	assert_output 'add --force'
	run ssh_bardo -tt apps:destroy "$doomed" <<<'something-else'
	assert_status 1
	assert_output 'WARNING: Potentially Destructive Action'
	assert_output "To proceed, type \"$doomed\""
	assert_output 'nothing was done'
	run ssh_bardo apps:exists "$doomed"
	assert_success
	run ssh_bardo -tt apps:destroy "$doomed" <<<"$doomed"
	assert_success
	run ssh_bardo apps:exists "$doomed"
	assert_status 4
}

life_is_checking() { # APP NUMBER
	[ "$(ssh_bardo lives:info "$1" "$2" --format json | jq -r .state)" = checking ]
}

@test "a rename that is killed half-way has the new name, and the old life serves" {
	new_app_repo killed
	dockerfile 'FROM busybox' 'EXPOSE 5000' \
		'CMD mkdir /www; echo here >/www/index.html; [ -z "$SLOW" ] || exec sleep 1000; trap exit TERM; httpd -f -p 5000 -h /www & wait'
	push
	old=$APP new=survivor-s$SLOT
	url=$(app_url "$old")
	bardo config:set --no-restart "$old" SLOW=slow-slow-slow
	"$BIN/bardo" --config "$CONFIG" apps:rename "$old" "$new" >/dev/null 2>&1 3>&- &
	renaming=$!
	wait_until 20 life_is_checking "$new" 2
	kill -9 $renaming
	wait $renaming || true
	bardo reconcile "$new"
	assert_equal "$(curl -fsS "$url")" here
	assert_equal "$(life "$new" 0 state)" failed
	assert_equal "$(docker ps -a --format '{{.Names}}' --filter "label=bardo.handle=$old")" \
		"bardo.$old.web.1.1"
	bardo config:unset --no-restart "$new" SLOW
	run ssh_bardo ps:rebuild "$new"
	assert_success
	assert_equal "$(curl -fsS "$url")" here
	assert_equal "$(live_life "$new" tag)" "$(life "$new" 2 tag | sed 's/$/-2/')"
}
