#!/usr/bin/env bats
# One repository, several apps: the named configurations of bardo.json.

setup_file() {
	load lib
	server_start
}
teardown_file() {
	load lib
	server_remove
	docker network rm "backend-s$SLOT" >/dev/null 2>&1 || true
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
		                "networks": ["backend-sSLOT"],
		                "arguments": ["--theme", "plain one"]},
		  "database": {"ports": ["http:HOSTPORT:5432"], "env": {"ROLE": "store"},
		               "volumes": ["data:/var/lib/data"],
		               "networks": ["backend-sSLOT"]}}}
	END
	port=$((PORT_FIRST + SLOT * PORTS_PER_SLOT + 20))
	sed -i "s/SLOT/$SLOT/; s/HOSTPORT/$port/" bardo.json
	ssh_bardo network:create "backend-s$SLOT"
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
	# They share a network, and the database is on a port of the host, too.
	run docker exec "$web" wget -qO- "http://database-s$SLOT.web:5432/"
	assert_equal "$(tr -d ' ' <<<"$output")" store
	behind() {
		curl -fsS --max-time 5 "http://127.0.0.1:$1/" | tr -d ' '
	}
	assert_equal "$(behind "$port")" store
	# A volume is the app's own, and what it holds outlives the container.
	db=$(running_containers_of "database-s$SLOT")
	assert_equal "$(docker inspect -f '{{range .Mounts}}{{.Name}} {{.Destination}}{{end}}' "$db")" \
		"database-s${SLOT}_data /var/lib/data"
	docker exec "$db" sh -c 'echo kept >/var/lib/data/row'
	# What is set by command wins.
	ssh_bardo config:set "database-s$SLOT" ROLE=boss
	assert_equal "$(page "database-s$SLOT" | tr -d ' ')" boss
	db=bardo.database-s$SLOT.web.$(live_life "database-s$SLOT" life).1
	assert_equal "$(docker exec "$db" cat /var/lib/data/row)" kept
	ssh_bardo ports:set "database-s$SLOT" "http:$((port + 1)):5432"
	ssh_bardo ps:restart "database-s$SLOT"
	assert_equal "$(behind $((port + 1)))" boss
	run behind "$port"
	refute_output boss
	# Taken back, the file's count again.
	ssh_bardo ports:clear "database-s$SLOT"
	ssh_bardo ps:restart "database-s$SLOT"
	assert_equal "$(behind "$port")" boss
	# One that another app has, or that the server hasn't, rejects the push.
	run git push -q "$(remote_url "wordpress-s$SLOT")" main
	ssh_bardo apps:set "wordpress-s$SLOT" configuration database
	run ssh_bardo ps:restart "wordpress-s$SLOT"
	assert_failure
	assert_output "bardo.json: ports: another app has port $port"
	assert_equal "$(page "wordpress-s$SLOT")" 'blog --theme plain one'
	ssh_bardo apps:set "wordpress-s$SLOT" configuration wordpress
	sed -i 's/http:80:8080/http:9:8080/' bardo.json
	git commit -qam 'A port of the host'
	run git push "$(remote_url "wordpress-s$SLOT")" main
	assert_failure
	assert_output 'bardo.json: ports: port 9 is not of proxy.ports'
	# … before anything is built, and not while ports:* say something else.
	refute_output 'Life [0-9]+ of|Step 1'
	ssh_bardo ports:set "wordpress-s$SLOT" "http:$((port + 2)):8080"
	git push -q "$(remote_url "wordpress-s$SLOT")" main
	assert_equal "$(behind $((port + 2)))" 'blog--themeplainone'
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
	new_key other
	ssh_bardo users:add other --create
	ssh_bardo ssh-keys:add other <"$CLIENT/other.pub"
	KEY=$CLIENT/other ssh_bardo network:create "theirs-s$SLOT"
	echo "{\"configurations\": {\"all\": {\"networks\": [\"theirs-s$SLOT\"]}}}" >bardo.json
	git commit -qam 'Their network'
	run push
	assert_failure
	assert_shown "there is no network theirs-s$SLOT of an owner of $APP"
	has_containers "$APP" 0
	ssh_bardo network:create "ours-s$SLOT"
	sed -i s/theirs/ours/ bardo.json
	git commit -qam 'Our network'
	run push
	assert_success
	docker inspect "$(running_containers_of "$APP")" | jq -e \
		".[0].NetworkSettings.Networks[\"ours-s$SLOT\"]"
}
