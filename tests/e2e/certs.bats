#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031
# Certificates: looked at before they count, and served from the next connection on.

setup_file() {
	load lib
	server_start
	(
		export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
		new_app_repo shop
		deploy_version one
		new_app_repo other
		deploy_version two
	)
	make_authority
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	server_as_usual
	SHOP=shop-s$SLOT OTHER=other-s$SLOT
	CA=$BATS_FILE_TMPDIR/ca
	cd "$BATS_TEST_TMPDIR" || return 1
	ssh_bardo domains:set "$SHOP" shop.example.org www.example.org
}
teardown() {
	bardo certs:remove "$SHOP" || true
	bardo certs:remove "$OTHER" || true
	bardo certs:set "$SHOP" https-redirect
	bardo certs:set "$SHOP" hsts
	bardo domains:clear "$OTHER"
}

# A root and an intermediate authority.
make_authority() {
	(
		mkdir "$BATS_FILE_TMPDIR/ca" && cd "$BATS_FILE_TMPDIR/ca" || exit 1
		ec_key root
		openssl req -x509 -key root.key -days 30 -subj '/CN=Root' -out root.crt
		ec_key middle
		openssl req -new -key middle.key -subj '/CN=Middle' -out middle.csr
		openssl x509 -req -in middle.csr -CA root.crt -CAkey root.key -days 30 \
			-CAcreateserial -out middle.crt \
			-extfile <(echo 'basicConstraints=critical,CA:TRUE')
	) 2>"$BATS_FILE_TMPDIR/openssl.log"
}
ec_key() {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null
}

# issue_for NAME HOSTS: NAME.key and NAME.crt, with the intermediate.
issue_for() {
	ec_key "$1"
	sign_for "$1" "$2"
}
# The same for a key that is there.
sign_for() {
	local name=$1 hosts=$2
	openssl req -new -key "$name.key" -subj "/CN=$name" -out "$name.csr"
	openssl x509 -req -in "$name.csr" -CA "$CA/middle.crt" -CAkey "$CA/middle.key" \
		-CAcreateserial -days 20 -out "$name.leaf" \
		-extfile <(echo "subjectAltName=DNS:${hosts// /,DNS:}") 2>/dev/null
	cat "$name.leaf" "$CA/middle.crt" >"$name.crt"
}
# issue_between FROM TO: dated.key and dated.crt for shop.example.org.
issue_between() {
	ec_key dated
	openssl req -new -key dated.key -subj /CN=dated -out dated.csr
	rm -rf ca && mkdir -p ca/new && : >ca/index && echo 01 >ca/serial
	cat >ca.conf <<-'END'
		[ca]
		default_ca = d
		[d]
		new_certs_dir = ca/new
		database = ca/index
		serial = ca/serial
		default_md = sha256
		policy = p
		x509_extensions = e
		[p]
		commonName = supplied
		[e]
		subjectAltName = DNS:shop.example.org
	END
	openssl ca -batch -config ca.conf -cert "$CA/middle.crt" -keyfile "$CA/middle.key" \
		-startdate "$(date -u -d "$1" +%Y%m%d%H%M%SZ)" \
		-enddate "$(date -u -d "$2" +%Y%m%d%H%M%SZ)" -in dated.csr \
		-out dated.crt -notext 2>/dev/null
}
add_tar() { # APP FILE ...
	local app=$1
	shift
	tar c "$@" | ssh_bardo certs:add "$app"
}

# fetch HOST [curl's options]: over HTTPS, trusting our root alone.
fetch() {
	curl -sS --max-time 10 --cacert "$CA/root.crt" \
		--resolve "$1:$(https_port):127.0.0.1" "${@:2}" \
		"https://$1:$(https_port)/"
}
# What the proxy shows to who asks for a name.
subject_for() {
	openssl s_client -connect "127.0.0.1:$(https_port)" -servername "$1" \
		</dev/null 2>/dev/null | openssl x509 -noout -subject
}

@test "a certificate from a tar is served with its chain, over HTTP/2 too" {
	issue_for server 'shop.example.org www.example.org'
	run add_tar "$SHOP" server.crt server.key
	assert_success
	assert_shown "$SHOP has a certificate for shop.example.org www.example.org"
	assert_equal "$(fetch shop.example.org)" 'version one'
	assert_equal "$(fetch www.example.org --http2 -o /dev/null -w '%{http_version}')" 2
	assert_equal "$(fetch www.example.org --http1.1 -o /dev/null -w '%{http_version}')" 1.1
}

@test "chain and key as PEM in any order, gzipped, or as files on the host" {
	issue_for server shop.example.org
	cat "$CA/middle.crt" server.key server.leaf >all.pem
	run ssh_bardo certs:add "$SHOP" <all.pem
	assert_success
	assert_equal "$(fetch shop.example.org)" 'version one'
	mkdir folder && cp server.crt server.key folder
	run bash -c "$(declare -f ssh_bardo ssh_port); tar cz folder | ssh_bardo certs:add $SHOP"
	assert_success
	# (The server's user reads them.)
	cp server.crt server.key "$SERVER" && chmod 644 "$SERVER"/server.*
	run bardo certs:add "$SHOP" "$SERVER/server.crt" "$SERVER/server.key"
	assert_success
}

@test "a new certificate takes the old one's place from the next connection on" {
	issue_for first shop.example.org
	issue_for second shop.example.org
	add_tar "$SHOP" first.crt first.key
	assert_equal "$(subject_for shop.example.org)" 'subject=CN = first'
	before=$(cat "$DATA/run/proxy/haproxy.pid")
	tar c second.crt second.key >second.tar
	run ssh_bardo certs:update "$SHOP" <second.tar
	assert_success
	assert_equal "$(subject_for shop.example.org)" 'subject=CN = second'
	assert_equal "$(cat "$DATA/run/proxy/haproxy.pid")" "$before"
	# One that is no good changes nothing.
	run ssh_bardo certs:update "$SHOP" <second.crt
	assert_failure
	assert_equal "$(subject_for shop.example.org)" 'subject=CN = second'
}

@test "certs:show gives back what was added, each part by itself" {
	issue_for server shop.example.org
	add_tar "$SHOP" server.crt server.key
	ssh_bardo certs:show "$SHOP" crt >shown.crt
	ssh_bardo certs:show "$SHOP" key >shown.key
	fingerprints() {
		openssl crl2pkcs7 -nocrl -certfile "$1" | openssl pkcs7 -print_certs | openssl md5
	}
	assert_equal "$(fingerprints shown.crt)" "$(fingerprints server.crt)"
	assert_equal "$(grep -c KEY shown.crt) $(grep -c CERTIFICATE shown.key)" '0 0'
	assert_equal "$(openssl pkey -in shown.key -pubout)" "$(openssl pkey -in server.key -pubout)"
	run ssh_bardo certs:show "$SHOP" both
	assert_status 2
	run ssh_bardo certs:show "$OTHER" crt
	assert_status 4
}

@test "what is wrong with a certificate is told, and the old one stays" {
	issue_for good shop.example.org
	issue_for stranger shop.example.org
	add_tar "$SHOP" good.crt good.key
	cp good.crt a.crt && cp stranger.key a.key
	run add_tar "$SHOP" a.crt a.key
	assert_status 2
	assert_shown 'the private key belongs to none of the certificates'
	cat good.leaf stranger.leaf >b.crt && cp good.key b.key
	run add_tar "$SHOP" b.crt b.key
	assert_status 2
	assert_shown 'no part of the chain'
	run add_tar "$SHOP" good.crt
	assert_status 2
	assert_shown 'there is no *.key in the archive'
	run ssh_bardo certs:add "$SHOP" <<<'nonsense'
	assert_status 2
	assert_shown 'neither PEM text nor a tar'
	run ssh_bardo certs:add "$SHOP" </dev/null
	assert_status 2
	openssl genrsa -out weak.key 1024 2>/dev/null
	openssl req -x509 -key weak.key -days 9 -subj /CN=weak \
		-addext subjectAltName=DNS:shop.example.org -out weak.crt 2>/dev/null
	run add_tar "$SHOP" weak.crt weak.key
	assert_status 2
	assert_shown 'the RSA key has 1024 bits'
	openssl req -x509 -key good.key -days 9 -subj /CN=shop.example.org -out bare.crt
	cp good.key bare.key
	run add_tar "$SHOP" bare.crt bare.key
	assert_status 2
	assert_shown 'names no host'
	assert_equal "$(subject_for shop.example.org)" 'subject=CN = good'
}

@test "a folder of certbot's is taken as it is, but not its links" {
	issue_for live shop.example.org
	mkdir folder
	cp live.leaf folder/cert.pem
	cp "$CA/middle.crt" folder/chain.pem
	cp live.crt folder/fullchain.pem
	cp live.key folder/privkey.pem
	tar c folder >folder.tar
	run ssh_bardo certs:add "$SHOP" <folder.tar
	assert_success
	assert_equal "$(subject_for shop.example.org)" 'subject=CN = live'
	ln -sf ../live.crt folder/fullchain.pem
	tar c folder >folder.tar
	run ssh_bardo certs:add "$SHOP" <folder.tar
	assert_status 2
	assert_shown 'fullchain.pem is a link: pack what it leads to (tar -h)'
}

@test "a key that no visitor takes is refused, one that few take is told" {
	openssl ecparam -name secp256k1 -genkey -noout -out odd.key
	sign_for odd shop.example.org
	run add_tar "$SHOP" odd.crt odd.key
	assert_status 2
	assert_shown 'no visitor takes a key of this kind'
	openssl genpkey -algorithm ed25519 -out rare.key
	sign_for rare shop.example.org
	run add_tar "$SHOP" rare.crt rare.key
	assert_success
	assert_shown "most browsers don't take a key of its kind"
}

@test "a certificate of a hundred names is for every one of them" {
	local long names
	long=$(printf 'department-of-%s.' long names indeed)example.org
	names=$(seq -f "host-%g.$long" 99)
	issue_for many "$(tr '\n' ' ' <<<"$names")last.example.org"
	ssh_bardo domains:set "$SHOP" last.example.org
	run add_tar "$SHOP" many.crt many.key
	assert_success
	[[ "$output" != *'it is not for'* ]]
	assert_equal "$(subject_for last.example.org)" 'subject=CN = many'
	# shellcheck disable=SC2086
	ssh_bardo domains:set "$SHOP" $names
	run ssh_bardo certs:generate "$SHOP"
	assert_success
}

@test "an expired certificate is refused" {
	issue_between '-60 days' '-30 days'
	run add_tar "$SHOP" dated.crt dated.key
	assert_status 2
	assert_shown 'has expired'
}

@test "a certificate that isn't valid yet is refused" {
	issue_between '+2 days' '+9 days'
	run add_tar "$SHOP" dated.crt dated.key
	assert_status 2
	assert_shown "isn't valid yet"
}

@test "who adds one for other names, or without its chain, is told" {
	issue_for server shop.example.org
	run add_tar "$SHOP" server.crt server.key
	assert_success
	assert_shown 'it is not for www.example.org'
	assert_shown 'it expires in less than 30 days'
	mv server.leaf server.crt
	run add_tar "$SHOP" server.crt server.key
	assert_success
	assert_shown 'is the chain complete?'
}

# What the events of this app say of its certificate, a line each.
expiries() {
	ssh_bardo events "$SHOP" --format json | jq -r '.[] | select(.kind == "expiry") | .what'
}
has_expiries() { # COUNT
	[ "$(expiries | wc -l)" = "$1" ]
}
finding() {
	bardo doctor --format json | jq -r '.[] | select(.check == "certificates") | .level'
}
is_problem() {
	[ "$(finding)" = problem ]
}

@test "a certificate that comes to its end is told in time, once" {
	issue_between '-1 days' '+20 days'
	add_tar "$SHOP" dated.crt dated.key
	assert_equal "$(finding)" warning
	ends=$(ssh_bardo certs:report "$SHOP" --ssl-expires-at)
	server_with
	wait_until 20 has_expiries 1
	assert_equal "$(expiries)" "certificate expires $ends, in less than 30 days"
	server_with
	# (The job of the second start may run beside this one.)
	bardo certs:watch
	has_expiries 1
	issue_between '-1 days' '+3 days'
	add_tar "$SHOP" dated.crt dated.key
	bardo certs:watch
	has_expiries 2
	issue_between '-1 days' '+8 seconds'
	add_tar "$SHOP" dated.crt dated.key
	wait_until 20 is_problem
	bardo certs:watch
	run expiries
	assert_output '^certificate expired 2'
	has_expiries 3
	issue_between '-1 days' '+200 days'
	add_tar "$SHOP" dated.crt dated.key
	assert_equal "$(finding)" ok
}

@test "who comes by HTTP is sent to HTTPS, and other methods keep their body" {
	issue_for server shop.example.org
	add_tar "$SHOP" server.crt server.key
	run curl -sS -o /dev/null -w '%{http_code} %{redirect_url}' \
		-H 'Host: shop.example.org' "http://127.0.0.1:$(http_port)/a?b=c"
	assert_equal "$output" "301 https://shop.example.org:$(https_port)/a?b=c"
	run curl -sS -o /dev/null -w '%{http_code}' -d x -H 'Host: shop.example.org' \
		"http://127.0.0.1:$(http_port)/"
	assert_equal "$output" 308
	# A name that the certificate isn't for stays where it is.
	run curl -sS -H 'Host: www.example.org' "http://127.0.0.1:$(http_port)/"
	assert_equal "$output" 'version one'
	ssh_bardo certs:set "$SHOP" https-redirect false
	run curl -sS -H 'Host: shop.example.org' "http://127.0.0.1:$(http_port)/"
	assert_equal "$output" 'version one'
}

@test "HSTS is told when it is set, and only over HTTPS" {
	issue_for server shop.example.org
	add_tar "$SHOP" server.crt server.key
	run fetch shop.example.org -D - -o /dev/null
	refute_output '[Ss]trict-[Tt]ransport-[Ss]ecurity'
	ssh_bardo certs:set "$SHOP" hsts 3600
	run fetch shop.example.org -D - -o /dev/null
	assert_output '^[Ss]trict-[Tt]ransport-[Ss]ecurity: max-age=3600'
	run ssh_bardo certs:set "$SHOP" hsts soon
	assert_status 2
}

@test "another app's visitors never get this certificate" {
	ssh_bardo domains:add "$OTHER" other.example.org
	issue_for greedy 'shop.example.org other.example.org'
	add_tar "$SHOP" greedy.crt greedy.key
	assert_equal "$(subject_for shop.example.org)" 'subject=CN = greedy'
	assert_equal "$(subject_for other.example.org)" 'subject=CN = bardo.invalid'
	# An unknown name gets bardo's own, and its 404.
	assert_equal "$(subject_for nobody.example.org)" 'subject=CN = bardo.invalid'
	run fetch nobody.example.org -k
	assert_equal "$output" '404: no app here'
}
@test "only modern TLS is spoken" {
	issue_for server shop.example.org
	add_tar "$SHOP" server.crt server.key
	for version in tls1 tls1_1; do
		run openssl s_client -connect "127.0.0.1:$(https_port)" -$version \
			-servername shop.example.org -cipher DEFAULT@SECLEVEL=0 </dev/null
		assert_failure
		assert_shown 'alert protocol version'
	done
	run fetch shop.example.org --tls-max 1.2
	assert_success
	run fetch shop.example.org --tls-max 1.2 --ciphers AES128-SHA
	assert_failure
}

@test "a self-signed certificate is made for the app's names" {
	run ssh_bardo certs:generate "$SHOP"
	assert_success
	assert_shown 'it is self-signed'
	assert_equal "$(curl -sS --cacert <(served shop.example.org) \
		--resolve "shop.example.org:$(https_port):127.0.0.1" \
		"https://shop.example.org:$(https_port)/")" 'version one'
}
served() {
	openssl s_client -connect "127.0.0.1:$(https_port)" -servername "$1" \
		</dev/null 2>/dev/null | openssl x509
}

@test "certs:report tells until when, and of whom" {
	issue_for server shop.example.org
	add_tar "$SHOP" server.crt server.key
	assert_equal "$(ssh_bardo certs:report "$SHOP" --ssl-hostnames)" shop.example.org
	assert_equal "$(ssh_bardo certs:report "$SHOP" --ssl-issuer)" 'CN = Middle'
	assert_equal "$(ssh_bardo certs:report "$SHOP" --ssl-verified)" 'not verified'
	run ssh_bardo certs:report "$SHOP" --format json
	assert_equal "$(jq -r '."ssl-enabled"' <<<"$output")" true
	ends=$(date -u -d "$(openssl x509 -in server.leaf -noout -enddate | cut -d = -f 2)" +%FT%TZ)
	assert_equal "$(jq -r '."ssl-expires-at"' <<<"$output")" "$ends"
	ssh_bardo certs:remove "$SHOP"
	assert_equal "$(ssh_bardo certs:report "$SHOP" --ssl-enabled)" false
	run fetch shop.example.org
	assert_failure
	run ssh_bardo certs:remove "$SHOP"
	assert_status 4
}

@test "certificates outlive the proxy and bardod, and new names join them" {
	issue_for server '*.example.org'
	add_tar "$SHOP" server.crt server.key
	bardod_stop
	proxy_stop
	bardod_start
	wait_until 10 is_served shop.example.org
	ssh_bardo domains:add "$SHOP" new.example.org
	assert_equal "$(fetch new.example.org)" 'version one'
	ssh_bardo domains:remove "$SHOP" new.example.org
	assert_equal "$(subject_for new.example.org)" 'subject=CN = bardo.invalid'
}
is_served() {
	[ "$(fetch "$1" 2>/dev/null)" = 'version one' ]
}

@test "the key is readable for the server alone, and gone with the app" {
	issue_for server third.example.org
	(
		new_app_repo third
		deploy_version 3
	)
	cd "$BATS_TEST_TMPDIR" || return 1
	add_tar "third-s$SLOT" server.crt server.key
	assert_equal "$(stat -c %a "$DATA/certs/third-s$SLOT.pem")" 600
	ssh_bardo apps:destroy "third-s$SLOT" --force
	[ ! -e "$DATA/certs/third-s$SLOT.pem" ]
}

@test "a deploy's URL is https where there is a certificate" {
	issue_for server shop.example.org
	add_tar "$SHOP" server.crt server.key
	run ssh_bardo ps:rebuild "$SHOP"
	assert_success
	assert_output "^ {7}https://shop.example.org:$(https_port)/$"
}
