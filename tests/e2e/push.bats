#!/usr/bin/env bats
# First light: a push becomes a life, or is rejected with its reason.

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
	load ask
}
teardown() {
	stop_asking
}

# A first version that serves, to see that nothing below takes it down.
first_version() {
	new_app_repo "$1"
	run push
	assert_success
	before=$(things_of "$APP")
}

# The push was refused, with this reason in git's own line; version 1 serves.
assert_rejected() {
	assert_status 1
	assert_output "! \[remote rejected\] main -> main \(.*$1.*\)"
	assert_equal "$(page "$APP")" 'version 1'
	assert_equal "$(remote_head)" "$(live_life "$APP" commit)"
	assert_equal "$(life "$APP" 0 state)" failed
	assert_equal "$(things_of "$APP")" "$before"
}

@test "a push builds the Dockerfile and serves the page" {
	new_app_repo shop
	run push
	assert_success
	assert_output '^remote: ----->'
	assert_output "http://127.0.0.1:[0-9]+"
	assert_output '\[new branch\] +main -> main'
	assert_equal "$(page "$APP")" 'version 1'
}

@test "the URL that the push prints is where the app answers" {
	new_app_repo printed
	run push
	assert_success
	url=$(grep -oE 'http://127\.0\.0\.1:[0-9]+' <<<"$output" | tail -n 1)
	assert_equal "$(curl -fsS "$url")" 'version 1'
}

@test "a second push serves the second version at the same address" {
	first_version again
	url=$(app_url "$APP")
	run deploy_version 2
	assert_success
	assert_equal "$(page "$APP")" 'version 2'
	assert_equal "$(app_url "$APP")" "$url"
	wait_until 20 has_containers "$APP" 1
}

@test "a deploy tells the time of its phases beside the last one's" {
	first_version timed
	write_version 2
	run push
	assert_success
	assert_output 'remote: .*build.*[0-9]+(\.[0-9]+)? ?m?s'
}

@test "a Dockerfile that doesn't build is rejected with the step that failed" {
	first_version broken
	dockerfile 'FROM busybox' 'RUN echo this will not do >&2; exit 7'
	run push
	assert_rejected 'build failed.*7'
	assert_output 'this will not do'
}

@test "a Dockerfile with a word that means nothing is rejected with that word" {
	first_version nonsense
	dockerfile 'FROM busybox' 'FLY away'
	run push
	assert_rejected 'build failed'
	assert_output 'FLY'
}

@test "a program that exits at once is rejected with its exit code and last words" {
	first_version exits
	dockerfile 'FROM busybox' 'CMD ["sh", "-c", "echo no DATABASE_URL given >&2; exit 3"]'
	run push
	assert_rejected 'exited with 3'
	assert_output 'no DATABASE_URL given'
	run ssh_bardo lives:log "$APP" 2
	assert_success
	assert_output 'no DATABASE_URL given'
}

@test "a program that listens on another port is rejected with a hint at that port" {
	first_version elsewhere
	dockerfile 'FROM busybox' 'CMD ["httpd", "-f", "-p", "9876"]'
	run push
	assert_rejected 'port'
	assert_output '9876'
}

@test "a program that listens on 127.0.0.1 alone is rejected with a hint" {
	first_version loopback
	# shellcheck disable=SC2016 # the container's PORT
	dockerfile 'FROM busybox' 'CMD ["sh", "-c", "exec httpd -f -p 127.0.0.1:$PORT"]'
	run push
	assert_rejected 'port'
	assert_output '127\.0\.0\.1.*0\.0\.0\.0'
}

@test "a program that ends well at once is rejected too: nothing would serve" {
	first_version ends
	dockerfile 'FROM busybox' 'CMD ["true"]'
	run push
	assert_rejected 'exited with 0'
}

@test "the first version answers every request while pushes fail and succeed" {
	first_version steady
	url=$(app_url "$APP")
	asks "$url"
	dockerfile 'FROM busybox' 'CMD ["false"]'
	run push
	assert_failure
	git revert --no-edit HEAD >/dev/null
	for version in 2 3 4; do
		run deploy_version $version
		assert_success
	done
	stop_asking
	assert_equal "$(answers_seen)" "$(printf '200 version %s\n' 1 2 3 4)"
}

@test "a first push that fails leaves no app behind" {
	new_app_repo never
	dockerfile 'FROM busybox' 'RUN false'
	run push
	assert_status 1
	assert_output 'remote rejected'
	run ssh_bardo apps:exists "$APP"
	assert_status 4
	assert_equal "$(things_of "$APP")" ''
	run bash -c "ls '$DATA/repos'"
	refute_output "$APP"
}

@test "a first push that fails when its volume is made leaves no volume" {
	new_app_repo nodata
	dockerfile 'FROM busybox' 'VOLUME /data' 'CMD ["false"]'
	run push
	assert_status 1
	assert_equal "$(things_of "$APP")" ''
	# Who pushes it again goes on with the same app, and sees what failed.
	dockerfile 'FROM busybox' 'COPY start /start' 'COPY www /www' 'VOLUME /data' \
		'CMD ["/start"]'
	run push
	assert_success
	assert_equal "$(ssh_bardo lives "$APP" --format json | jq -c '[.[] | [.life, .state]]')" \
		'[[2,"live"],[1,"failed"]]'
	run docker volume inspect "${APP}_data"
	assert_success
}

@test "an app of a failed first push can be pushed again" {
	new_app_repo secondtry
	dockerfile 'FROM busybox' 'RUN false'
	run push
	assert_status 1
	git revert --no-edit HEAD >/dev/null
	run push
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
}

@test "a repository without a Dockerfile is refused before anything is built" {
	first_version nodockerfile
	git rm -q Dockerfile
	git commit -q -m 'No Dockerfile'
	run push
	assert_status 1
	assert_output 'Dockerfile'
	assert_output '! \[remote rejected\] main -> main'
	assert_equal "$(ssh_bardo lives "$APP" --format json | jq length)" 1
	assert_equal "$(things_of "$APP")" "$before"
}

@test "PORT is in the program's environment and EXPOSE decides it" {
	new_app_repo exposed
	dockerfile 'FROM busybox' 'COPY www /www' 'EXPOSE 7777' \
		'CMD ["sh", "-c", "echo port is $PORT; exec httpd -f -p 7777 -h /www"]' \
		'STOPSIGNAL SIGKILL'
	run push
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
	run ssh_bardo logs "$APP"
	assert_output 'port is 7777'
}

@test "HEALTHCHECK's own probe decides, without waiting for its interval" {
	first_version healthy
	dockerfile 'FROM busybox' 'COPY www /www' 'COPY start /start' 'CMD ["/start"]' \
		'HEALTHCHECK --interval=60s CMD test -e /www/index.html'
	run push
	assert_success
	dockerfile 'FROM busybox' 'COPY www /www' 'COPY start /start' 'CMD ["/start"]' \
		'HEALTHCHECK --interval=60s CMD echo nothing there && false'
	run push
	assert_status 1
	assert_output 'remote rejected'
	assert_output 'nothing there'
	assert_equal "$(page "$APP")" 'version 1'
}

@test "a volume is handed on to the next life, and the old one is stopped first" {
	new_app_repo keeps
	dockerfile 'FROM busybox' 'COPY www /www' 'COPY start /start' 'VOLUME /data' \
		'CMD ["sh", "-c", "echo $$ $(date) >>/data/seen; cp /data/seen /www/seen; exec /start"]'
	run push
	assert_success
	run deploy_version 2
	assert_success
	assert_output 'Stopping life 1 first'
	assert_equal "$(curl -fsS "$(app_url "$APP")/seen" | wc -l)" 2
	assert_equal "$(engine_volumes | grep -c "^${APP}_data$")" 1
}

@test "a push of what is there already changes nothing" {
	first_version same
	run push
	assert_success
	assert_output 'Everything up-to-date'
	assert_equal "$(ssh_bardo lives "$APP" --format json | jq length)" 1
}

@test "only the live life restarts by itself" {
	first_version restarts
	name=$(running_containers_of "$APP")
	assert_equal "$(docker inspect -f '{{.HostConfig.RestartPolicy.Name}}' "$name" |
		grep -cE 'always|unless-stopped|on-failure')" 1
}

@test "containers carry the app, the life, the process and the revision" {
	first_version labelled
	name=$(running_containers_of "$APP")
	assert_equal "$name" "bardo.$APP.web.1.1"
	labels=$(docker inspect -f '{{json .Config.Labels}}' "$name")
	assert_equal "$(jq -r '."bardo.app", ."bardo.life", ."bardo.process"' <<<"$labels")" \
		"$(printf '%s\n' "$APP" 1 web)"
	assert_equal "$(jq -r '."org.opencontainers.image.revision"' <<<"$labels")" \
		"$(git rev-parse HEAD)"
}
