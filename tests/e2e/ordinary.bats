#!/usr/bin/env bats
# The same server as an ordinary user: whole, and it says so.

setup_file() {
	load lib
	if [ "$(id -u)" = 0 ]; then
		# Somebody who is in the group docker, and nothing else.
		server_start nobody
	else
		server_start
	fi
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	load nginx
}
teardown() {
	nginx_stop
}

@test "bardod says that everything runs as this user" {
	user=${AS_USER:-$(id -un)}
	run cat "$SERVER/bardod.log"
	assert_output "$user"
}

@test "no process runs as anybody else" {
	new_app_repo whole
	run push
	assert_success
	wanted=$(id -u "${AS_USER:-$(id -un)}")
	server_processes | while read -r pid _; do
		[ "$(awk '/^Uid:/ { print $3 }' "/proc/$pid/status")" = "$wanted" ] || exit 1
	done
}

@test "a push deploys, a bad one is rejected, a revive brings the first back" {
	new_app_repo shop
	run push
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
	run deploy_version 2
	assert_success
	assert_equal "$(page "$APP")" 'version 2'
	dockerfile 'FROM busybox' 'RUN exit 6'
	run push
	assert_status 1
	assert_output 'remote rejected.*6'
	run ssh_bardo lives:revive "$APP" 1
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
}

@test "everything under server.data belongs to this user and to nobody else" {
	user=${AS_USER:-$(id -un)}
	run find "$DATA" ! -user "$user"
	assert_equal "$output" ''
	assert_equal "$(stat -c %a "$DATA/bardo.db")" 600
}

@test "the server can be restarted" {
	new_app_repo again
	run push
	assert_success
	bardod_stop
	bardod_start
	assert_equal "$(page "$APP")" 'version 1'
}

@test "an nginx of this user's passes names on, by a file anywhere" {
	mkdir "$NGINX" "$NGINX/sites" "$NGINX/tmp"
	nginx_main
	chown -R "${AS_USER:-$(id -un)}" "$NGINX"
	chmod a+rx "$NGINX"
	: >"$NGINX/sites/zz-bardo.conf"
	chown "${AS_USER:-$(id -un)}" "$NGINX/sites/zz-bardo.conf"
	bardod_stop
	proxy_stop
	server_with -c proxy.front=nginx -c "proxy.front-listen=127.0.0.1:$(front_port)" \
		-c "proxy.front-command=nginx -p $NGINX -c $NGINX/nginx.conf" \
		-c "proxy.front-file=$NGINX/sites/zz-bardo.conf"
	as_server_user nginx -p "$NGINX" -c "$NGINX/nginx.conf" 3>&-
	new_app_repo named
	push
	run ssh_bardo domains:add "$APP" named.example.org
	assert_success
	assert_equal "$(curl -sS --max-time 10 -H 'Host: named.example.org' \
		"http://127.0.0.1:$(http_port)/")" 'version 1'
	nginx_stop
	bardod_stop
	proxy_stop
	server_as_usual
}
