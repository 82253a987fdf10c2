#!/usr/bin/env bats
# What a repository says about how it runs: Procfile and app.json.

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
	use_git
}

commit_all() {
	git add -A
	git commit -q -m More
}

@test "a Procfile that is wrong rejects the push with its line, before any build" {
	new_app_repo wrong
	printf 'web: httpd\n\n<<<<<<< HEAD\n' >Procfile
	commit_all
	run push
	assert_failure
	assert_shown 'Procfile: line 3: expected NAME: COMMAND and found <<<<<<< HEAD'
	refute_output 'Building|Life 1'
	rm Procfile
	printf '{\n "formation": {\n  "web": {\n   "quantity": "two"\n}}}\n' >app.json
	commit_all
	run push
	assert_failure
	assert_shown 'app.json: line 4: formation.web.quantity: expected a whole number from 0 to 20'
	refute_output 'Building|Life 1'
	# With something else to take, the reason stands in git's own line.
	git tag v1
	run push main v1
	assert_output '\[remote rejected\] main -> main \(app.json: line 4: formation'
}

@test "a variable that app.json requires is asked for before any build" {
	new_app_repo needs
	mkdir deploy
	echo '{"env": {"DATABASE_URL": {"description": "where"}}}' >deploy/app.json
	commit_all
	ssh_bardo apps:create "$APP"
	run ssh_bardo app-json:set "$APP" appjson-path deploy/app.json
	assert_shown '=====> Setting appjson-path to deploy/app.json'
	assert_equal "$(ssh_bardo app-json:report "$APP" --app-json-computed-appjson-path)" \
		deploy/app.json
	run push
	assert_failure
	assert_shown "app.json: env.DATABASE_URL is required and has no value: config:set $APP DATABASE_URL="
	refute_output 'Building'
	ssh_bardo config:set "$APP" DATABASE_URL=postgres://here
	run push
	assert_success
}

@test "the first deploy sets what app.json has, later ones only what is synced" {
	new_app_repo sets
	cat >app.json <<-'END'
		{"env": {"GREETING": "hello", "TOKEN": {"generator": "secret"},
		 "FLAG": {"value": "one", "sync": true}, "MAYBE": {"required": false}}}
	END
	commit_all
	run push
	assert_success
	assert_shown 'Setting what app.json has for the app: FLAG, GREETING, TOKEN'
	run ssh_bardo config:get "$APP" TOKEN
	assert_output '^[0-9a-f]{64}$'
	token=$output
	assert_equal "$(ssh_bardo config:get "$APP" GREETING)" hello
	assert_equal "$(ssh_bardo config:keys "$APP")" "$(printf 'FLAG\nGREETING\nTOKEN')"
	ssh_bardo config:unset --no-restart "$APP" GREETING
	sed -i 's/"one"/"two"/' app.json
	commit_all
	run push
	assert_success
	refute_output "$token"
	assert_equal "$(ssh_bardo config:get "$APP" FLAG)" two
	assert_equal "$(ssh_bardo config:get "$APP" TOKEN)" "$token"
	run ssh_bardo config:get "$APP" GREETING
	assert_failure
}

@test "predeploy and release run before the life starts, postdeploy after it serves" {
	new_app_repo tasks
	printf 'web: /start\nrelease: echo migrating $WHICH\n' >Procfile
	cat >app.json <<-'END'
		{"scripts": {"dokku": {"predeploy": "echo before all", "postdeploy": "echo told everybody"},
		 "postdeploy": "echo seeded once"}, "env": {"WHICH": "tables"}}
	END
	commit_all
	run push
	assert_success
	order=$(grep -oE 'before all|migrating tables|Starting life|told everybody|seeded once|is live' <<<"$output")
	assert_equal "$(awk '!seen[$0]++' <<<"$order")" \
		"$(printf '%s\n' 'before all' 'migrating tables' 'Starting life' \
			'told everybody' 'seeded once' 'is live')"
	has_containers "$APP" 1
	write_version 2
	run push
	assert_success
	assert_shown 'told everybody'
	refute_output 'seeded once'
	assert_equal "$(live_life "$APP" 'phases.release | type')" number
	# What was released once isn't released again.
	run ssh_bardo config:set "$APP" A=b
	assert_success
	refute_output 'migrating'
	run ssh_bardo lives:revive "$APP" 1
	assert_success
	refute_output 'migrating'
}

@test "a release that fails rejects the push and leaves nothing" {
	new_app_repo fails
	run push
	assert_success
	# All that it prints is shown, however small the app's logs are kept.
	ssh_bardo logs:set "$APP" max-size 64k
	cat >Procfile <<-'END'
		release: awk 'BEGIN { for (i = 1; i <= 2000; i++) printf "at %0400d\n", i }'; echo cannot migrate; exit 3
	END
	write_version 2
	run push
	assert_failure
	assert_shown 'cannot migrate'
	assert_equal "$(grep -c ' at 0' <<<"$output")" 2000
	assert_output '\[remote rejected\] main -> main \(release failed: exited with 3\)'
	assert_shown 'Life 1 goes on serving'
	has_containers "$APP" 1
	page_is "$APP" 'version 1'
	assert_equal "$(life "$APP" 0 state)" failed
	# One that only tells somebody changes nothing when it fails.
	rm Procfile
	echo '{"scripts": {"dokku": {"postdeploy": "exit 4"}}}' >app.json
	write_version 3
	run push
	assert_success
	assert_shown 'postdeploy failed: exited with 4'
	page_is "$APP" 'version 3'
	wait_until 20 has_containers "$APP" 1
}

@test "a Procfile's processes run, in the number that app.json has" {
	new_app_repo crew
	printf 'web: /start\nworker: sleep 1000\nclock: sleep 1000\n' >Procfile
	echo '{"formation": {"web": {"quantity": 1}, "worker": {"quantity": 2}}}' >app.json
	commit_all
	run push
	assert_success
	assert_equal "$(running_containers_of "$APP" | sort)" \
		"$(printf 'bardo.%s.%s\n' "$APP" web.1.1 "$APP" worker.1.1 "$APP" worker.1.2)"
}

@test "cron and healthchecks are judged, and what of them isn't done is said" {
	new_app_repo judged
	printf '{"cron": [\n {"command": "tidy", "schedule": "0 25 * * *"}]}\n' >app.json
	commit_all
	run push
	assert_failure
	assert_output 'app.json: line 2: cron\[0\].schedule: '
	printf '{"healthchecks": {"web": [\n {"path": "/",\n  "attempts": -1}]}}\n' >app.json
	commit_all
	run push
	assert_failure
	assert_output 'app.json: line 3: healthchecks.web\[0\].attempts: '
	cat >app.json <<-'END'
		{"cron": [{"command": "tidy", "schedule": "@daily"}],
		 "healthchecks": {"web": [
		  {"path": "/", "onFailure": {"command": ["page", "me"]}}]}}
	END
	commit_all
	run push
	assert_success
	assert_shown 'app.json: onFailure of the healthchecks of web is left out'
	assert_shown 'app.json: cron is checked, and not run yet'
	assert_equal "$(page "$APP")" 'version 1'
}
