#!/usr/bin/env bats
# One repository, several apps: the named configurations of bardo.json.

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

@test "a wordpress and a database come out of one Dockerfile" {
	new_app_repo pair
	cat >serve <<-'END'
		#!/bin/sh
		trap 'kill $!; exit' TERM
		mkdir -p /www
		echo "$ROLE $*" >/www/index.html
		httpd -f -p "$PORT" -h /www &
		wait $!
	END
	chmod 755 serve
	cat >bardo.json <<-'END'
		{"configurations": {
		  "wordpress": {"ports": ["http:80:8080"], "env": {"ROLE": "blog"},
		                "arguments": ["--theme", "plain one"]},
		  "database": {"volumes": ["data:/var/lib/data"], "env": {"ROLE": "store"}}}}
	END
	printf 'FROM busybox\nCOPY serve /\nENTRYPOINT ["/serve"]\n' >Dockerfile
	git add -A
	git commit -q -m 'Two in one'
	for name in wordpress database; do
		ssh_bardo apps:create "$name-s$SLOT"
		ssh_bardo apps:set "$name-s$SLOT" configuration "$name"
		git push -q "$(remote_url "$name-s$SLOT")" main
	done
	assert_equal "$(page "wordpress-s$SLOT")" 'blog --theme plain one'
	assert_equal "$(page "database-s$SLOT" | tr -d ' ')" store
	web=$(running_containers_of "wordpress-s$SLOT")
	docker exec "$web" sh -c 'netstat -ltn' | grep -q ':8080 '
	# A volume is the app's own, and what it holds outlives the container.
	db=$(running_containers_of "database-s$SLOT")
	assert_equal "$(docker inspect -f '{{range .Mounts}}{{.Name}} {{.Destination}}{{end}}' "$db")" \
		"database-s${SLOT}_data /var/lib/data"
	docker exec "$db" sh -c 'echo kept >/var/lib/data/row'
	# What is set by command wins.
	ssh_bardo config:set "database-s$SLOT" ROLE=boss
	assert_equal "$(page "database-s$SLOT" | tr -d ' ')" boss
	db=$(running_containers_of "database-s$SLOT")
	assert_equal "$(docker exec "$db" cat /var/lib/data/row)" kept
}

@test "a configuration that isn't there rejects the push and names those that are" {
	new_app_repo chooses
	ssh_bardo apps:create "$APP"
	ssh_bardo apps:set "$APP" configuration blog
	run push
	assert_failure
	assert_shown 'has no bardo.json, but the configuration blog is set'
	echo '{"configurations": {"wordpress": {}, "database": {}}}' >bardo.json
	git add -A
	git commit -q -m 'Configurations'
	run push
	assert_failure
	assert_shown 'bardo.json: it has no configuration blog, but wordpress, database'
	refute_output 'Building|Step 1'
	ssh_bardo apps:set "$APP" configuration
	run push
	assert_success
}

@test "bardo.json names nothing of the host, and no network of somebody else's" {
	new_app_repo greedy
	ssh_bardo apps:create "$APP"
	ssh_bardo apps:set "$APP" configuration all
	echo '{"configurations": {"all": {"volumes": ["/etc:/etc"]}}}' >bardo.json
	git add -A
	git commit -q -m 'All of the host'
	run push
	assert_failure
	assert_shown "bardo.json: line 1: configurations.all.volumes[0]: a path of the host can't be named here"
	bardo network:create "theirs-s$SLOT"
	echo "{\"configurations\": {\"all\": {\"networks\": [\"theirs-s$SLOT\"]}}}" >bardo.json
	git commit -qam 'Their network'
	run push
	assert_failure
	assert_shown "the network theirs-s$SLOT isn't of an owner of $APP"
	has_containers "$APP" 0
	ssh_bardo network:create "ours-s$SLOT"
	sed -i s/theirs/ours/ bardo.json
	git commit -qam 'Our network'
	run push
	assert_success
	docker inspect "$(running_containers_of "$APP")" | jq -e \
		".[0].NetworkSettings.Networks[\"ours-s$SLOT\"]"
}
