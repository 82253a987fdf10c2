#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031
# An nginx that is already there passes bardo's names on, and its other sites never notice.
bats_require_minimum_version 1.5.0

setup_file() {
	load lib
	load nginx
	server_start
	nginx_start
	(
		export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
		new_app_repo shop
		deploy_version one
		new_app_repo other
		web_app_build "$PWD/web_app"
		echo two >version
		dockerfile 'FROM scratch' 'COPY web_app version /' 'EXPOSE 5000' 'CMD ["/web_app"]'
		push
	)
}
teardown_file() {
	load lib
	load nginx
	nginx_stop
	server_remove
}
setup() {
	load lib
	load nginx
	server_as_usual
	use_git
	SHOP=shop-s$SLOT OTHER=other-s$SLOT
	ssh_bardo domains:set "$SHOP" shop.example.org
}
teardown() {
	nginx_main
	bardo certs:remove "$SHOP" || true
	bardo domains:clear "$OTHER"
}

# ask NAME [curl's options]: the page that this name leads to, and its status.
ask() {
	curl -sS --max-time 10 -w ' %{http_code}' -H "Host: $1" "${@:2}" \
		"http://127.0.0.1:$(http_port)/" | tr -d '\n'
}
# The same over TLS.
ask_tls() {
	curl -ksS --max-time 10 -w ' %{http_code}' --resolve "$1:$(https_port):127.0.0.1" \
		"${@:2}" "https://$1:$(https_port)/" | tr -d '\n'
}
subject_for() {
	openssl s_client -connect "127.0.0.1:$(https_port)" -servername "$1" \
		</dev/null 2>/dev/null | openssl x509 -noout -subject
}
is_served() { # NAME TEXT
	[ "$(ask "$1")" = "$2" ]
}

@test "a name that is added is served behind nginx, one that is taken away isn't" {
	assert_equal "$(ask shop.example.org)" 'version one 200'
	assert_equal "$(ask other.example.net)" 'the other site 200'
	run ssh_bardo domains:add "$SHOP" '*.wild.example.org'
	assert_success
	assert_equal "$(ask any.wild.example.org)" 'version one 200'
	ssh_bardo domains:set "$SHOP" www.example.org
	assert_equal "$(ask www.example.org)" 'version one 200'
	assert_equal "$(ask shop.example.org)" 'the other site 200'
}

@test "no deploy, restart, scale or revive reloads nginx" {
	before=$(nginx_workers)
	reloads=$(nginx_reloads)
	export APP=$SHOP
	cd "$BATS_FILE_TMPDIR/shop"
	deploy_version two
	ssh_bardo ps:restart "$SHOP"
	ssh_bardo ps:scale "$SHOP" web=2
	ssh_bardo ps:scale "$SHOP" web=1
	wait_until 20 ssh_bardo lives:revive "$SHOP" 1
	bardo reconcile
	assert_equal "$(ask shop.example.org)" 'version one 200'
	assert_equal "$(nginx_workers)" "$before"
	assert_equal "$(nginx_reloads)" "$reloads"
	ssh_bardo domains:add "$SHOP" more.example.org
	[ "$(nginx_reloads)" = $((reloads + 1)) ]
}

@test "the other site answers all along while names change" {
	while curl -sS --max-time 10 -H 'Host: other.example.net' \
		"http://127.0.0.1:$(http_port)/" >>"$BATS_TEST_TMPDIR/answers" 2>&1; do
		echo >>"$BATS_TEST_TMPDIR/answers"
	done 3>&- &
	asking=$!
	for n in 1 2 3; do
		ssh_bardo domains:add "$SHOP" "name$n.example.org"
		assert_equal "$(ask "name$n.example.org")" 'version one 200'
	done
	is_running "$asking"
	kill_family "$asking"
	assert_equal "$(sed '$d' "$BATS_TEST_TMPDIR/answers" | sort -u)" 'the other site'
}

@test "what nginx refuses doesn't count: the names stay as they were, and it says why" {
	# With the longest of names nginx needs a larger table, which only its owner gives it.
	long=$(printf 'a%.0s' {1..60}).$(printf 'b%.0s' {1..60}).example.org
	reloads=$(nginx_reloads)
	before=$(cat "$DATA/run/nginx/bardo.conf")
	run ssh_bardo domains:add "$SHOP" "$long"
	assert_status 1
	assert_shown 'nginx refuses it: [emerg] could not build'
	assert_shown 'server_names_hash_bucket_size'
	assert_equal "$(ssh_bardo domains:report "$SHOP" --domains-app-vhosts)" \
		shop.example.org
	assert_equal "$(cat "$DATA/run/nginx/bardo.conf")" "$before"
	assert_equal "$(nginx_reloads)" "$reloads"
	assert_equal "$(ask shop.example.org)" 'version one 200'
	nginx_main 'server_names_hash_bucket_size 256;'
	ssh_bardo domains:add "$SHOP" "$long"
	assert_equal "$(ask "$long")" 'version one 200'
	ssh_bardo domains:remove "$SHOP" "$long"
}

@test "a mistake in another site's configuration keeps names as they are, and no deploy back" {
	nginx_main 'no_such_directive;'
	run ssh_bardo domains:add "$SHOP" new.example.org
	assert_status 1
	assert_shown 'nginx refuses it: [emerg] unknown directive "no_such_directive"'
	run ssh_bardo certs:generate "$SHOP"
	assert_status 1
	[ ! -e "$DATA/certs/$SHOP.pem" ]
	run ssh_bardo doctor --format json
	assert_equal "$(jq -r '.[] | select(.check == "nginx") | .level' <<<"$output")" problem
	assert_shown 'unknown directive'
	# (An app that is new has a name by itself.)
	nginx_main
	ssh_bardo domains:set-global apps.example.org
	nginx_main 'no_such_directive;'
	new_app_repo fresh
	run push main
	assert_success
	nginx_main
	run ssh_bardo doctor --format json
	assert_shown 'nginx serves the names, or certificates, of before'
	bardo reconcile
	assert_equal "$(ask "$APP.apps.example.org")" 'version 1 200'
	ssh_bardo domains:clear-global
	ssh_bardo apps:destroy "$APP" --force
}

@test "where another program has the port, nginx can be restarted all the same" {
	# (nginx -T doesn't mind a port that is taken: nginx itself may have it.)
	socat "TCP-LISTEN:$(https_port),bind=127.0.0.1,reuseaddr,fork" /dev/null 3>&- &
	blocker=$!
	wait_until 10 is_listening "$(https_port)"
	run ssh_bardo certs:generate "$SHOP"
	assert_status 1
	assert_shown 'goes on with the one before'
	[ ! -e "$DATA/certs/$SHOP.pem" ]
	assert_equal "$(ask shop.example.org)" 'version one 200'
	nginx_stop
	nginx_run 3>&-
	assert_equal "$(ask other.example.net)" 'the other site 200'
	assert_equal "$(ask shop.example.org)" 'version one 200'
	kill "$blocker"
}
is_listening() {
	[ -n "$(ss -Hltn "sport = :$1")" ]
}

@test "a change whose bardo is killed while nginx judges it is finished by the next" {
	cat >"$NGINX/slow" <<-END
		#!/bin/sh
		if [ -e $NGINX/hold ]; then : >$NGINX/judging; fi
		while [ -e $NGINX/hold ]; do sleep 0.05; done
		exec nginx -p $NGINX -c $NGINX/nginx.conf "\$@"
	END
	chmod +x "$NGINX/slow"
	server_with -c "proxy.front-command=$NGINX/slow"
	: >"$NGINX/hold"
	ssh_bardo domains:add "$SHOP" killed.example.org 3>&- &
	asking=$!
	wait_until 20 test -e "$NGINX/judging"
	server_processes | awk '/bardo --door/ {print $1}' | kill_each KILL
	rm "$NGINX/hold"
	wait_until 30 is_served killed.example.org 'version one 200'
	wait "$asking" || true
	server_as_usual
}

@test "another site's name is not taken from it" {
	run ssh_bardo domains:add "$SHOP" other.example.net
	assert_status 1
	assert_shown 'nginx has another site with this name'
	assert_equal "$(ask other.example.net)" 'the other site 200'
	assert_equal "$(ssh_bardo domains:report "$SHOP" --domains-app-vhosts)" \
		shop.example.org
	# One that its owner gives to another site later is told, and keeps no other back.
	nginx_main "server { listen 127.0.0.1:$(http_port); server_name shop.example.org; }"
	run ssh_bardo doctor --format json
	assert_equal "$(jq -r '.[] | select(.check == "nginx") | .level' <<<"$output")" warning
	assert_shown 'nginx has another site with this name'
	ssh_bardo domains:add "$SHOP" free.example.org
	assert_equal "$(ask free.example.org)" 'version one 200'
}

@test "nginx ends TLS with the app's certificate, and who comes by HTTP is sent there once" {
	ssh_bardo domains:set "$SHOP" shop.example.org www.example.org
	run ssh_bardo certs:generate "$SHOP" shop.example.org
	assert_success
	assert_equal "$(ask_tls shop.example.org)" 'version one 200'
	run curl -sS -o /dev/null -w '%{http_code} %{redirect_url}' \
		-H 'Host: shop.example.org' "http://127.0.0.1:$(http_port)/a?b=c"
	assert_equal "$output" "301 https://shop.example.org:$(https_port)/a?b=c"
	run curl -sS -o /dev/null -w '%{http_code}' -d x -H 'Host: shop.example.org' \
		"http://127.0.0.1:$(http_port)/"
	assert_equal "$output" 308
	# The name that it isn't for stays where it is, and an unknown one gets no app's.
	assert_equal "$(ask www.example.org)" 'version one 200'
	assert_equal "$(ask_tls nobody.example.org)" '404: no app here 404'
	assert_equal "$(subject_for nobody.example.org)" 'subject=CN = bardo.invalid'
	run ask_tls shop.example.org --tls-max 1.1 --tlsv1.0 --ciphers DEFAULT@SECLEVEL=0
	assert_shown 'protocol version'
	ssh_bardo certs:set "$SHOP" hsts 3600
	run ask_tls shop.example.org -D -
	assert_shown 'max-age=3600'
	ssh_bardo certs:set "$SHOP" https-redirect false
	assert_equal "$(ask shop.example.org)" 'version one 200'
	ssh_bardo certs:set "$SHOP" https-redirect
	ssh_bardo certs:set "$SHOP" hsts
	# Another one takes its place, and the key of the first is gone.
	ssh_bardo certs:generate "$SHOP"
	assert_equal "$(ask_tls www.example.org)" 'version one 200'
	assert_equal "$(find "$DATA/run/nginx" -name '*.pem' -perm 600 | wc -l)" 1
	ssh_bardo certs:remove "$SHOP"
	assert_equal "$(ask shop.example.org)" 'version one 200'
	assert_equal "$(find "$DATA/run/nginx" -name '*.pem' | wc -l)" 0
}

# What the app gets of a header, once for each time that it stands there.
told() { # HEADER
	tr -d '\r' <<<"$output" | sed -n "s/^$1: //Ip"
}
@test "the app is told the visitor's address and way, and nobody else may say so" {
	ssh_bardo domains:add "$OTHER" head.example.org
	ssh_bardo certs:generate "$OTHER"
	ssh_bardo certs:set "$OTHER" https-redirect false
	lies=(-H 'X-Forwarded-For: 9.9.9.9' -H 'X-Forwarded-Proto: gopher'
		-H 'X-Forwarded-Port: 99' -H 'X-Real-IP: 9.9.9.9'
		-H 'X-Bardo-Front: 0123456789abcdef0123456789abcdef')
	run curl -sS "${lies[@]}" --interface 127.0.0.9 -H 'Host: head.example.org' \
		"http://127.0.0.1:$(http_port)/head"
	assert_equal "$(told X-Forwarded-For)" 127.0.0.9
	assert_equal "$(told X-Forwarded-Proto)" http
	assert_equal "$(told X-Forwarded-Port)" "$(http_port)"
	assert_equal "$(told X-Forwarded-Host)" head.example.org
	assert_equal "$(told Host)" head.example.org
	refute_output '9\.9\.9\.9|gopher|[Xx]-[Bb]ardo'
	run curl -ksS "${lies[@]}" --resolve "head.example.org:$(https_port):127.0.0.1" \
		"https://head.example.org:$(https_port)/head"
	assert_equal "$(told X-Forwarded-Proto)" https
	assert_equal "$(told X-Forwarded-Port)" "$(https_port)"
	assert_equal "$(told X-Forwarded-Host)" "head.example.org:$(https_port)"
	# Straight to HAProxy, as any program on this machine could.
	run curl -sS "${lies[@]}" -H 'Host: head.example.org' \
		"http://127.0.0.1:$(front_port)/head"
	assert_equal "$(told X-Forwarded-For)" 127.0.0.1
	assert_equal "$(told X-Forwarded-Proto)" http
	refute_output '9\.9\.9\.9|gopher|[Xx]-[Bb]ardo'
	ssh_bardo certs:remove "$OTHER"
}

@test "streams and a body of a gigabyte pass as they come" {
	ssh_bardo domains:add "$OTHER" stream.example.org
	at=(-sS --max-time 60 -H 'Host: stream.example.org')
	url=http://127.0.0.1:$(http_port)
	curl "${at[@]}" -N "$url/events" >"$BATS_TEST_TMPDIR/events" 3>&- &
	listening=$!
	for n in 1 2 3; do
		wait_until 20 grep -qx "data: event $n" "$BATS_TEST_TMPDIR/events"
		# The app hasn't sent the next one yet.
		assert_equal "$(grep -c '^data:' "$BATS_TEST_TMPDIR/events")" "$n"
		curl "${at[@]}" "$url/tell"
	done
	kill "$listening"
	truncate -s 1G "$BATS_TEST_TMPDIR/body"
	assert_equal "$(curl "${at[@]}" -T "$BATS_TEST_TMPDIR/body" "$url/count" | cut -d ' ' -f 1)" \
		$((1024 * 1024 * 1024))
	assert_equal "$(curl "${at[@]}" "$url/big/300000000" | wc -c)" 300000000
	run grep -c 'temporary file' "$NGINX/error.log"
	assert_equal "$output" 0
}

@test "doctor tells when nginx doesn't run, or doesn't include the file, and how it would" {
	nginx_finding() {
		run ssh_bardo doctor --format json
		jq -r '.[] | select(.check == "nginx") | .level + " " + .text + " " + .todo' \
			<<<"$output"
	}
	assert_equal "$(nginx_finding)" \
		"ok nginx passes the names on, by $DATA/run/nginx/bardo.conf "
	rm "$NGINX/sites/zz-bardo.conf"
	[[ "$(nginx_finding)" == "problem nginx does not include bardo's file"* ]]
	[[ "$(nginx_finding)" == *"ln -s $DATA/run/nginx/bardo.conf "* ]]
	# What is asked meanwhile is done when it includes it again.
	run ssh_bardo domains:add "$SHOP" later.example.org
	assert_status 1
	assert_shown "nginx does not include $DATA/run/nginx/bardo.conf"
	assert_shown 'bardo doctor'
	ln -s "$DATA/run/nginx/bardo.conf" "$NGINX/sites/zz-bardo.conf"
	nginx_run -s reload
	wait_until 10 is_served later.example.org 'version one 200'
	nginx_stop
	[[ "$(nginx_finding)" == 'problem nobody answers at 127.0.0.1:'* ]]
	run ssh_bardo domains:add "$SHOP" stopped.example.org
	assert_status 1
	assert_shown 'nginx does not run'
	nginx_run 3>&-
	assert_equal "$(ask stopped.example.org)" 'version one 200'
	[[ "$(nginx_finding)" == ok* ]]
	server_with -c 'proxy.front-command=/nowhere/nginx'
	[[ "$(nginx_finding)" == 'problem nginx could not be asked: /nowhere/nginx'* ]]
	server_as_usual
}

@test "ports of apps that have no name are served as ever" {
	assert_equal "$(curl -sS "http://127.0.0.1:$(ssh_bardo ports:report "$SHOP" \
		--format json | jq -r '."ports-map"' | cut -d : -f 2)/")" 'version one'
}
