#!/usr/bin/env bats
# Networks: each app has its own, and shares others with whom it is let in.

setup_file() {
	load lib
	server_start
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	local name
	for name in owner other; do
		new_key $name
		ssh_bardo users:add $name --create
		ssh_bardo ssh-keys:add $name <"$CLIENT/$name.pub"
	done
	export BACK=back-s$SLOT FRONT=front-s$SLOT SHARED=shared-s$SLOT LATE=late-s$SLOT
	as owner network:create "$SHARED"
	as owner network:create "$LATE"
	as owner apps:create "$BACK"
	as owner apps:create "$FRONT"
	as owner network:set "$BACK" attach-post-create "$SHARED"
	as owner network:set "$FRONT" attach-post-create "$SHARED"
	as owner network:set "$FRONT" attach-post-deploy "$LATE"
	new_app_repo back
	push
	cd "$BATS_FILE_TMPDIR/back" || return 1
	git remote add front "$(remote_url "$FRONT")"
	git push -q front main
}
teardown_file() {
	load lib
	ip link del "left-s$SLOT" 2>/dev/null || true
	server_remove
	docker network rm "all-s$SLOT" "$SHARED" "$LATE" "docker-s$SLOT" "file-s$SLOT" "left-s$SLOT" >/dev/null 2>&1 || true
}
setup() {
	load lib
	use_git
}

as() { # NAME VERB ...
	KEY=$CLIENT/$1 ssh_bardo "${@:2}"
}
serving() { # APP: the container that does
	echo "bardo.$1.web.$(live_life "$1" life).1"
}
networks_of() { # APP
	docker inspect -f '{{range $n, $_ := .NetworkSettings.Networks}}{{$n}} {{end}}' \
		"$(serving "$1")"
}

@test "apps that share a network reach each other by name" {
	for name in "$BACK.web" "$BACK"; do
		run docker exec "$(serving "$FRONT")" wget -qO- "http://$name:5000/"
		assert_equal "$output" 'version 1'
	done
	assert_equal "$(networks_of "$BACK")" "bardo.$BACK $SHARED "
	assert_equal "$(networks_of "$FRONT")" "bardo.$FRONT $LATE $SHARED "
}

@test "a shared network is a part of network.pool that nobody else has" {
	run as owner network:list --format json
	assert_success
	assert_equal "$(jq -r '[.[].subnet] | length, (unique | length)' <<<"$output")" $'4\n4'
	subnet=$(jq -r --arg n "$SHARED" '.[] | select(.name == $n).subnet' <<<"$output")
	assert_equal "$(docker network inspect -f '{{(index .IPAM.Config 0).Subnet}}' "$SHARED")" \
		"$subnet"
	ssh_bardo apps:create "third-s$SLOT"
	run ssh_bardo network:list --format json
	assert_equal "$(jq -r '[.[].subnet] | length == (unique | length)' <<<"$output")" true
	run as owner network:list
	assert_output "^$SHARED$"
	assert_output "^bardo.$BACK$"
	run as other network:list
	refute_output "$SHARED|$BACK"
}

@test "an app's network keeps clear of addresses that this machine has at other places" {
	subnet_of() {
		ssh_bardo network:list --format json | jq -r --arg n "bardo.$1" \
			'.[] | select(.name == $n).subnet'
	}
	ssh_bardo apps:create "before-s$SLOT"
	subnet=$(subnet_of "before-s$SLOT")
	ssh_bardo apps:destroy "before-s$SLOT" --force
	# As an Engine that was killed leaves it behind, with an address of the same network.
	base=${subnet%/27}
	ip link add "left-s$SLOT" type bridge
	ip addr add "${base%.*}.$((${base##*.} + 1))/27" dev "left-s$SLOT"
	ip link set "left-s$SLOT" up
	new_app_repo clear
	run push
	assert_success
	[ "$(subnet_of "$APP")" != "$subnet" ]
	assert_equal "$(page "$APP")" 'version 1'
}

@test "network:info and network:report tell who is where" {
	run as owner network:info "$SHARED" --format json
	assert_equal "$(jq -c '[.name, .user, .shared, .apps]' <<<"$output")" \
		"[\"$SHARED\",\"owner\",true,[\"$BACK\",\"$FRONT\"]]"
	run as owner network:report "$FRONT"
	assert_output "Network attach post create: +$SHARED$"
	assert_output "Network attach post deploy: +$LATE$"
	run as owner network:report "$FRONT" --network-web-listeners
	address=$(docker inspect -f "{{(index .NetworkSettings.Networks \"bardo.$FRONT\").IPAddress}}" \
		"$(serving "$FRONT")")
	assert_equal "$output" "$address:5000"
	run as owner network:exists "$SHARED"
	assert_success
	run ssh_bardo network:exists "nowhere-s$SLOT"
	assert_status 4
}

@test "a network that somebody else made can't be had, seen or destroyed" {
	as other apps:create "other-s$SLOT"
	run as other network:set "other-s$SLOT" attach-post-create "$SHARED"
	assert_status 3
	# To who may not have it, one that exists and one that doesn't look the same.
	for verb in network:info network:exists 'network:destroy --force' \
		"network:set other-s$SLOT attach-post-create"; do
		run as other "$verb" "$SHARED"
		assert_status 3
		told=$output
		run as other "$verb" "nowhere-s$SLOT"
		assert_status 3
		assert_equal "${output//nowhere-s$SLOT/$SHARED}" "$told"
	done
	run ssh_bardo network:set "other-s$SLOT" attach-post-create "$SHARED,$LATE"
	assert_success
	run ssh_bardo network:report "other-s$SLOT" --network-attach-post-create
	assert_equal "$output" "$SHARED $LATE"
	ssh_bardo network:set "other-s$SLOT" attach-post-create
}

@test "a network of somebody who is gone is not for who has the name next" {
	new_key gone
	bardo users:add gone --create
	bardo ssh-keys:add gone <"$CLIENT/gone.pub"
	as gone network:create "left-s$SLOT"
	bardo users:remove gone
	bardo users:add gone --create
	bardo ssh-keys:add gone <"$CLIENT/gone.pub"
	run as gone network:list
	refute_output "left-s$SLOT"
	run as gone network:info "left-s$SLOT"
	assert_status 3
	run ssh_bardo network:info "left-s$SLOT" --format json
	assert_equal "$(jq -r .user <<<"$output")" ''
	run ssh_bardo network:destroy "left-s$SLOT" --force
	assert_success
}

@test "a file in a repository joins only networks of its app's owners" {
	export KEY=$CLIENT/other
	new_app_repo file
	as other apps:create "$APP"
	as other apps:set "$APP" configuration main
	for name in "$SHARED" host "bardo.$BACK"; do
		echo "{\"configurations\": {\"main\": {\"networks\": [\"$name\"]}}}" >bardo.json
		git add -A
		git commit -q -m "Into $name"
		run push
		assert_failure
		assert_output "network $name|host|another app's network"
	done
	as other network:create "file-s$SLOT"
	echo "{\"configurations\": {\"main\": {\"networks\": [\"file-s$SLOT\"]}}}" >bardo.json
	git add -A
	git commit -q -m 'Into our own'
	# Whoever may push to the app.
	as other acl:grant owner "$APP" deploy
	KEY=$CLIENT/owner use_git
	run push
	assert_success
	assert_equal "$(networks_of "$APP")" "bardo.$APP file-s$SLOT "
}

@test "the host's network is for server admins, and serves like another" {
	run as owner network:set "$FRONT" initial-network host
	assert_status 3
	assert_output 'server admins'
	ssh_bardo network:set "$FRONT" initial-network host
	ssh_bardo config:set --no-restart "$FRONT" PORT=$((20100 + SLOT))
	for _ in 1 2; do
		run ssh_bardo ps:rebuild "$FRONT"
		assert_success
		assert_equal "$(docker inspect -f '{{.HostConfig.NetworkMode}}' "$(serving "$FRONT")")" \
			host
		assert_equal "$(page "$FRONT")" 'version 1'
	done
	assert_output "Stopping life [0-9]+ first: only one life at a time may have the host's ports"
	ssh_bardo network:set "$FRONT" initial-network
	run ssh_bardo ps:rebuild "$FRONT"
	assert_success
	assert_equal "$(networks_of "$FRONT")" "bardo.$FRONT $LATE $SHARED "
	assert_equal "$(page "$FRONT")" 'version 1'
}

@test "networks that others made on the Engine are for server admins" {
	docker network create --subnet "10.99.$SLOT.0/24" "docker-s$SLOT" >/dev/null
	run as owner network:set "$BACK" attach-post-create "docker-s$SLOT"
	assert_failure
	run as owner network:create "docker-s$SLOT"
	assert_failure
	assert_output 'made by others'
	run ssh_bardo network:set "$BACK" initial-network "docker-s$SLOT"
	assert_success
	ssh_bardo network:set "$BACK" initial-network
	for name in host bridge bardo.x 'a b'; do
		run ssh_bardo network:create "'$name'"
		assert_status 2
	done
	run ssh_bardo network:set "$BACK" attach-post-create host
	assert_status 2
	run ssh_bardo network:set "$BACK" static-web-listener 127.0.0.1:80
	assert_status 2
}

@test "names end in what network:set tld says, beside the plain ones" {
	as owner network:set "$BACK" tld svc.internal
	run as owner network:set "$BACK" tld 'no name'
	assert_status 2
	as owner ps:restart "$BACK"
	# A name is also that of a container which is about to end.
	wait_until 20 has_containers "$BACK" 1
	for name in "$BACK.web.svc.internal" "$BACK.web"; do
		run docker exec "$(serving "$FRONT")" wget -qO- "http://$name:5000/"
		assert_equal "$output" 'version 1'
	done
	run as owner network:report "$BACK" --network-computed-tld
	assert_equal "$output" svc.internal
	run as owner lives:diff "$BACK"
	assert_output "tld: .*svc.internal"
}

@test "containers that fell out of their networks are put back by network:rebuild" {
	docker network disconnect "$SHARED" "$(serving "$FRONT")"
	docker network disconnect "$LATE" "$(serving "$FRONT")"
	assert_equal "$(networks_of "$FRONT")" "bardo.$FRONT "
	run as owner network:rebuild "$FRONT"
	assert_success
	assert_equal "$(networks_of "$FRONT")" "bardo.$FRONT $LATE $SHARED "
	docker network disconnect "$SHARED" "$(serving "$FRONT")"
	run as owner network:rebuildall
	assert_success
	assert_equal "$(networks_of "$FRONT")" "bardo.$FRONT $LATE $SHARED "
	run docker exec "$(serving "$FRONT")" wget -qO- "http://$BACK.web:5000/"
	assert_equal "$output" 'version 1'
}

@test "a network that is set for every app counts where an app has none of its own" {
	run as owner network:set --global attach-post-create "$SHARED"
	assert_status 3
	ssh_bardo network:create "all-s$SLOT"
	run ssh_bardo network:set --global attach-post-create "all-s$SLOT"
	assert_success
	as owner ps:restart "$FRONT"
	assert_equal "$(networks_of "$FRONT")" "bardo.$FRONT $LATE $SHARED "
	as owner network:set "$FRONT" attach-post-create
	as owner ps:restart "$FRONT"
	assert_equal "$(networks_of "$FRONT")" "all-s$SLOT bardo.$FRONT $LATE "
	run as owner network:report "$FRONT" --network-computed-attach-post-create
	assert_equal "$output" "all-s$SLOT"
	run ssh_bardo network:destroy "all-s$SLOT" --force
	assert_status 5
	ssh_bardo network:set --global attach-post-create
	as owner network:set "$FRONT" attach-post-create "$SHARED"
	as owner ps:restart "$FRONT"
	# The life before has it until it is retired.
	wait_until 20 ssh_bardo network:destroy "all-s$SLOT" --force
}

@test "what Dokku's network:set has beside is answered by its name" {
	run as owner network:set "$BACK" bind-all-interfaces false
	assert_success
	run as owner network:set "$BACK" bind-all-interfaces true
	assert_status 2
	assert_shown 'ports:add opens another port of the host'
	run as owner network:set "$BACK" static-web-listener 127.0.0.1:5000
	assert_status 2
	assert_shown 'bardo has no network:set static-web-listener'
	run as owner network:set "$BACK" speed 9
	assert_status 2
	assert_shown 'there is attach-post-create'
}

@test "a network is destroyed when no app is in it" {
	run as owner network:destroy "$SHARED" --force
	assert_status 5
	assert_output "$BACK is attached"
	as owner network:set "$BACK" attach-post-create
	as owner network:set "$FRONT" attach-post-create
	run as owner network:destroy "$SHARED" --force
	assert_status 5
	assert_output 'containers are still in'
	ssh_bardo ps:rebuild "$BACK" >/dev/null
	ssh_bardo ps:rebuild "$FRONT" >/dev/null
	assert_equal "$(networks_of "$BACK")" "bardo.$BACK "
	is_destroyed() { as owner network:destroy "$SHARED" --force; }
	wait_until 20 is_destroyed
	run docker network inspect "$SHARED"
	assert_failure
}
