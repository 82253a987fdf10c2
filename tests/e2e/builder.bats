#!/usr/bin/env bats
# How an app is built: folder, Dockerfile, stage, builder.

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

# A repository with two sites: one at the root, one in site/ with two Dockerfiles.
new_monorepo() {
	new_app_repo "$1"
	mkdir -p site/docker
	printf '%s\n' 'FROM busybox AS plain' 'RUN mkdir /www && echo plain >/www/index.html' \
		'CMD trap exit TERM; httpd -f -p 5000 -h /www & wait' 'EXPOSE 5000' \
		'FROM plain' 'RUN echo whole >/www/index.html' >site/Dockerfile
	printf '%s\n' 'FROM busybox' 'ARG WHO=nobody' \
		'RUN mkdir /www && echo "other $WHO" >/www/index.html' 'EXPOSE 5000' \
		'CMD trap exit TERM; httpd -f -p 5000 -h /www & wait' >site/docker/Other
	git add -A
	git commit -q -m 'A site beside'
}

@test "folder, Dockerfile and stage are the app's own, and each makes another image" {
	new_monorepo mono
	run push
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
	run ssh_bardo builder:set "$APP" build-dir site
	assert_success
	assert_output '^=====> Setting build-dir to site$'
	run ssh_bardo ps:rebuild "$APP"
	assert_success
	assert_equal "$(page "$APP")" whole
	run ssh_bardo builder:set "$APP" target plain
	assert_success
	git commit -q --allow-empty -m 'The same tree'
	run push
	assert_success
	refute_output 'built before'
	assert_equal "$(page "$APP")" plain
	bardo builder:set "$APP" target
	run ssh_bardo builder-dockerfile:set "$APP" dockerfile-path docker/Other
	assert_success
	assert_output '^=====> Setting dockerfile-path to docker/Other$'
	run ssh_bardo docker-options:add "$APP" build '--build-arg WHO=ada'
	assert_success
	git commit -q --allow-empty -m 'The same tree once more'
	run push
	assert_success
	assert_equal "$(page "$APP")" 'other ada'
	# Another app is built as ever.
	new_app_repo beside
	run push
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
}

@test "a push without what the app builds is refused before it costs anything" {
	new_app_repo missing
	bardo apps:create "$APP"
	bardo builder-dockerfile:set "$APP" dockerfile-path deploy/Dockerfile
	run push
	assert_failure
	assert_output 'deploy/Dockerfile'
	assert_output 'pre-receive hook declined'
	assert_equal "$(ssh_bardo lives "$APP" --format json)" '[]'
	mkdir deploy
	git mv Dockerfile deploy/Dockerfile
	git commit -q -m 'Where it is looked for'
	run push
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
}

@test "builder:set says what it takes" {
	bardo apps:create "plain-s$SLOT"
	run ssh_bardo builder:set "plain-s$SLOT" build-dir ../elsewhere
	assert_status 2
	assert_output 'not a path in the repository'
	run ssh_bardo builder:set "plain-s$SLOT" selected herokuish
	assert_status 2
	assert_output 'buildkit or with classic'
	run ssh_bardo builder:set "plain-s$SLOT" selected dockerfile
	assert_success
	run ssh_bardo builder:set "plain-s$SLOT" target 'no stage'
	assert_status 2
	run ssh_bardo builder:set "plain-s$SLOT" colour blue
	assert_status 2
	assert_output 'build-dir, selected, target'
}

@test "builder:report tells the app's own, the server's, and what counts" {
	app=told-s$SLOT
	bardo apps:create "$app"
	run ssh_bardo builder:set --global build-dir everywhere
	assert_success
	run ssh_bardo builder:report "$app" --builder-computed-build-dir
	assert_equal "$output" everywhere
	bardo builder:set "$app" build-dir here
	bardo builder:set "$app" selected classic
	run ssh_bardo builder:report "$app" --format json
	assert_success
	run jq -e '."builder-build-dir" == "here" and
		."builder-global-build-dir" == "everywhere" and
		."builder-computed-build-dir" == "here" and
		."builder-selected" == "classic" and
		."builder-computed-selected" == "classic" and
		."builder-target" == "" and
		([keys[] | select(startswith("builder-"))] | length == 9)' <<<"$output"
	assert_success
	run ssh_bardo builder:report --global
	assert_success
	assert_output '^=====> Global builder information$'
	assert_output '^       Builder computed selected: +buildkit$'
	run ssh_bardo builder-dockerfile:report "$app"
	assert_success
	assert_output '^       Builder dockerfile computed dockerfile path:? *Dockerfile$'
	run ssh_bardo builder:set --global build-dir
	assert_success
	assert_output '^=====> Unsetting build-dir$'
}

@test "an app is built by the Engine's old builder where that is selected" {
	new_app_repo classic
	bardo apps:create "$APP"
	bardo builder:set "$APP" selected classic
	run push
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
}
