#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031
# The proxy's routes through its own death, through damage on the disk, and through what it
# refuses: each app's are its own affair.

setup_file() {
	load lib
	load wire
	server_start
	build_wire
	(
		export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
		for app in shop other; do
			new_app_repo $app
			deploy_version $app
			ssh_bardo domains:add "$APP" $app.example.org
			ssh_bardo certs:generate "$APP"
		done
	)
}
teardown_file() {
	load lib
	load wire
	server_remove
}
setup() {
	load lib
	load wire
	server_as_usual
	SHOP=shop-s$SLOT OTHER=other-s$SLOT
	PEM=$DATA/certs/$SHOP.pem
}
teardown() {
	remove_wire
	bardo maintenance:disable "$SHOP" || true
	bardo maintenance:custom-page "$SHOP" --clear || true
	bardo domains:set "$SHOP" shop.example.org || true
}

tell_proxy() {
	socat - "UNIX-CONNECT:$DATA/run/proxy/proxy.sock" <<<"$1"
}
# All that the proxy that runs would do.
routes() {
	local map
	tell_proxy 'show stat -1 4 -1' | cut -d , -f 1,2,18,74 | grep slot
	for map in "$DATA"/run/proxy/*.map; do
		tell_proxy "show map $map" | cut -d ' ' -f 2- | sort
	done
	# (Without the lines' numbers, and in any order.)
	tell_proxy "show ssl crt-list $DATA/run/proxy/certificates.list" | sort
}
routes_are() {
	[ "$(routes 2>/dev/null)" = "$1" ]
}
visit() { # NAME [curl's options]: over HTTPS, whatever the certificate
	curl -ksS --max-time 10 --resolve "$1:$(https_port):127.0.0.1" "${@:2}" \
		"https://$1:$(https_port)/"
}
visit_plainly() { # NAME
	curl -sS --max-time 10 -H "Host: $1" -w ' %{http_code}' "http://127.0.0.1:$(http_port)/"
}
certificate_for() { # NAME
	openssl s_client -connect "127.0.0.1:$(https_port)" -servername "$1" \
		</dev/null 2>/dev/null | openssl x509 -noout -serial
}
certificate_in() { # FILE
	openssl x509 -noout -serial -in "$1"
}
is_served() { # FILE NAME
	[ "$(certificate_for "$2")" = "$(certificate_in "$1")" ]
}

@test "HAProxy that dies is back with names, certificates, pages and ports" {
	ssh_bardo ports:add "$SHOP" "http:$((PORT_FIRST + SLOT * PORTS_PER_SLOT + 30)):5000"
	ssh_bardo domains:add "$SHOP" '*.shops.example.org'
	ssh_bardo certs:set "$SHOP" hsts 60
	ssh_bardo maintenance:enable "$OTHER"
	routes=$(routes)
	[ "$(grep -c . <<<"$routes")" -ge 12 ]
	died=$(date +%s%3N)
	xargs kill -9 <"$DATA/run/proxy/haproxy.pid"
	wait_until 20 routes_are "$routes"
	echo "# the same routes again after $(($(date +%s%3N) - died)) ms" >&3
	assert_equal "$(visit shop.example.org)" 'version shop'
	is_served "$PEM" shop.example.org
	run visit other.example.org
	assert_shown 'We will be back soon'
	ssh_bardo maintenance:disable "$OTHER"
	ssh_bardo certs:set "$SHOP" hsts
	ssh_bardo ports:clear "$SHOP"
}

@test "what is damaged on the disk keeps no other app from its visitors" {
	ssh_bardo maintenance:enable "$SHOP"
	bardod_stop
	proxy_stop
	cp "$PEM" "$BATS_TEST_TMPDIR/pem"
	sed -i '/PRIVATE KEY/d' "$PEM"
	: >"$DATA/run/proxy/bardo.pem"
	head -c 20000 /dev/zero | tr '\0' x >"$DATA/pages/$SHOP.html"
	echo 'server of nobody' >>"$DATA/run/proxy/backends/000.cfg"
	echo 'slot of nobody' | tee -a "$DATA"/run/proxy/*.map "$DATA/run/proxy/certificates.list"
	bardod_start
	wait_until 20 answers other.example.org 'version other'
	is_served "$DATA/certs/$OTHER.pem" other.example.org
	# Its own are as good as they can be.
	run visit_plainly shop.example.org
	assert_output 'We will be back soon.* 503$'
	ssh_bardo maintenance:disable "$SHOP"
	wait_until 20 answers_plainly shop.example.org 'version shop 200'
	# A change of somebody else's says nothing of it; doctor does.
	run ssh_bardo domains:add "$OTHER" also.example.org
	assert_success
	run bardo doctor
	assert_output "the certificate of $SHOP is damaged"
	assert_output "the maintenance page of $SHOP can't be shown"
	refute_output "$OTHER"
	cp "$BATS_TEST_TMPDIR/pem" "$PEM"
	ssh_bardo domains:remove "$OTHER" also.example.org
	is_served "$PEM" shop.example.org
}
answers() { # NAME TEXT
	[ "$(visit "$1" 2>/dev/null)" = "$2" ]
}
answers_plainly() {
	[ "$(visit_plainly "$1" | tr -s '\n ' ' ')" = "$2" ]
}

@test "a certificate that the proxy refuses is its own app's affair" {
	wire_to_proxy
	refuse "commit ssl cert $PEM" 'Not now.\n\n'
	run ssh_bardo certs:generate "$SHOP"
	assert_failure
	assert_output 'HAProxy refused .commit ssl cert.*Not now'
	# The one before is back, on the disk too.
	is_served "$PEM" shop.example.org
	# As if somebody had put it there and died.
	touch "$PEM.changed"
	run ssh_bardo domains:add "$OTHER" also.example.org
	assert_success
	assert_equal "$(visit also.example.org)" 'version other'
	run grep -F "$PEM" "$DATA/run/proxy/certificates.list"
	assert_failure
	run bardo doctor
	assert_output "the certificate of $SHOP is one that HAProxy refused"
	refute_output "certificate of $OTHER"
	: >"$RULES"
	run ssh_bardo domains:remove "$OTHER" also.example.org
	assert_success
	grep -qF "$PEM" "$DATA/run/proxy/certificates.list"
	[ ! -e "$PEM.changed" ]
}

@test "a certs:add that is killed half-way is finished, and is in nobody's way" {
	wire_to_proxy
	for stage in 'set ssl cert' 'commit ssl cert'; do
		rm -f "$RULES.met"
		refuse "$stage" hang
		ssh_bardo certs:generate "$SHOP" 3>&- &
		client=$!
		wait_until 10 test -e "$RULES.met"
		server_processes | grep -E '/bardo ' | cut -d ' ' -f 1 | kill_each KILL
		wait $client || true
		: >"$RULES"
		wait_until 20 is_served "$PEM" shop.example.org
		run ssh_bardo certs:generate "$OTHER"
		assert_success
		is_served "$DATA/certs/$OTHER.pem" other.example.org
	done
}
@test "a certificate that can't be taken away stays whole" {
	wire_to_proxy
	refuse 'del ssl crt-list' 'Not now.\n\n'
	run ssh_bardo certs:remove "$SHOP"
	assert_failure
	assert_output 'HAProxy refused .del ssl crt-list'
	run ssh_bardo certs:report "$SHOP" --ssl-enabled
	assert_equal "$output" true
	is_served "$PEM" shop.example.org
	remove_wire
	proxy_stop
	wait_until 20 is_served "$PEM" shop.example.org
	run ssh_bardo certs:remove "$SHOP"
	assert_success
	assert_equal "$(visit_plainly shop.example.org | tr -s '\n ' ' ')" 'version shop 200'
	[ ! -e "$PEM" ]
	ssh_bardo certs:generate "$SHOP"
}

@test "what the proxy's maps refuse is set neither there nor in the record" {
	echo '<p>mine' | ssh_bardo maintenance:custom-page "$SHOP"
	routes=$(routes)
	wire_to_proxy
	refuse 'add map' 'Out of memory.\n\n'
	for change in "domains:add $SHOP more.example.org" "domains:clear $OTHER" \
		"domains:disable $SHOP" "maintenance:enable $SHOP" "certs:set $SHOP hsts 60"; do
		# shellcheck disable=SC2086
		run ssh_bardo $change
		assert_failure
		assert_output 'HAProxy refused .add map'
	done
	remove_wire
	# The next one who changes something brings none of it along.
	ssh_bardo domains:add "$OTHER" also.example.org
	ssh_bardo domains:remove "$OTHER" also.example.org
	assert_equal "$(routes)" "$routes"
	run ssh_bardo maintenance:report "$SHOP" --maintenance-enabled
	assert_equal "$output" false
	run ssh_bardo domains:report "$SHOP" --domains-app-vhosts
	assert_equal "$output" shop.example.org
	run ssh_bardo certs:report "$SHOP" --ssl-hsts
	assert_equal "$output" 0
}

@test "a proxy that is there and doesn't answer is no proxy that is about to start" {
	xargs kill -STOP <"$DATA/run/proxy/haproxy.pid"
	run ssh_bardo maintenance:enable "$SHOP"
	assert_failure
	assert_output "HAProxy doesn't answer"
	run ssh_bardo ps:rebuild "$SHOP"
	xargs kill -CONT <"$DATA/run/proxy/haproxy.pid"
	assert_failure
	assert_output "HAProxy doesn't answer: it was silent for 5 s and seems to hang"
	run ssh_bardo maintenance:report "$SHOP" --maintenance-enabled
	assert_equal "$output" false
	assert_equal "$(visit shop.example.org)" 'version shop'
}
