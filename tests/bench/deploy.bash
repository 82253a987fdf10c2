# From `git push` until the new version serves: bardo, a shell script behind sshd, a push
# that runs nothing, and the Engine's part alone, in turn.
# shellcheck shell=bash disable=SC2154

bare_network=bench-bare
bare_address=10.233.255.10
bare_port=8000

measure_deploy() {
	local n
	need_server
	need_sshd
	deploy_prepare
	# The first of each makes images, networks and apps.
	for n in $(seq 0 "$rounds"); do
		deploy_bardo "$n"
		deploy_script "$n"
		deploy_hookless "$n"
		deploy_engine "$n"
		deploy_same_tree "$n"
	done
	deploy_results
}

# What a round measured; round 0 only warms up.
deploy_take() { # ROUND SERIES MS
	[ "$1" = 0 ] || take "deploy.$2" "$3"
}

deploy_prepare() {
	local kind
	script_port=$(free_ports 1)
	for kind in bardo script hookless engine; do
		new_repository "$work/deploy.$kind"
	done
	git -C "$work/deploy.bardo" remote add to "ssh://127.0.0.1:$(server_port server)/shop"
	for kind in script hookless; do
		git init -q --bare "$work/$kind.git"
		git -C "$work/deploy.$kind" remote add to \
			"ssh://127.0.0.1:$(sshd_port)$work/$kind.git"
	done
	write_hook >"$work/script.git/hooks/post-receive"
	chmod +x "$work/script.git/hooks/post-receive"
	docker network create --subnet 10.233.255.0/24 $bare_network >/dev/null
}

# What people write. Debian has no buildx, so its docker builds with the classic builder.
write_hook() {
	cat <<-END
		#!/bin/sh
		set -e
		export DOCKER_HOST=$DOCKER_HOST
		tree=\$(mktemp -d)
		git --work-tree="\$tree" checkout -q -f main
		docker build -q -t bench-script "\$tree"
		docker stop bench-script || true
		docker rm bench-script || true
		docker run -d --name bench-script --restart always \\
			-p 127.0.0.1:$script_port:5000 -e PORT=5000 bench-script
		rm -rf "\$tree"
		until curl -fs http://127.0.0.1:$script_port/ >/dev/null; do sleep 0.02; done
	END
}

push_timed() { # KIND ROUND
	write_version "$work/deploy.$1" "$1 $2"
	timed git -C "$work/deploy.$1" push -q to main
}
must_serve() { # URL TEXT
	[ "$(curl -fsS --max-time 10 "$1")" = "version $2" ] || {
		tail -n 20 "$work/said" >&2
		die "$1 is not at version $2"
	}
}

deploy_bardo() {
	local ms
	ms=$(push_timed bardo "$1")
	must_serve "$(app_of server shop)" "bardo $1"
	deploy_phases "$1"
	wait_settled shop
	deploy_take "$1" bardo "$ms"
}

# Where bardo says that the time went.
deploy_phases() { # ROUND
	local name ms
	bardo server lives shop --format json |
		jq -r '.[0].phases | to_entries[] | "\(.key) \(.value)"' |
		while read -r name ms; do
			deploy_take "$1" "phase.$name" "$ms"
		done
}

deploy_script() {
	local ms
	ms=$(push_timed script "$1")
	must_serve "http://127.0.0.1:$script_port/" "script $1"
	deploy_take "$1" script "$ms"
}

deploy_hookless() {
	deploy_take "$1" hookless "$(push_timed hookless "$1")"
}

# A call's own time, without that of starting curl; the answer goes to $work/said.
engine_call() { # METHOD PATH [CURL OPTION ...]
	local method=$1 path=$2 answer
	shift 2
	answer=$(curl -sS --unix-socket "${DOCKER_HOST#unix://}" -X "$method" \
		-o "$work/said" -w '%{http_code} %{time_total}' "$@" "http://engine$path")
	case $answer in
	2*) calc "${answer#* } * 1000" ;;
	*) die "$method $path: $(cat "$work/said")" ;;
	esac
}

wait_connect_ms() {
	local from
	from=$(now_ms)
	until (exec 3<>"/dev/tcp/$bare_address/$bare_port") 2>/dev/null; do :; done
	echo $(($(now_ms) - from))
}

deploy_engine() {
	local build create start ready
	write_version "$work/deploy.engine" "engine $1"
	git -C "$work/deploy.engine" archive -o "$work/engine.tar" main
	build=$(engine_call POST "/build?version=2&t=bench-bare:$1" \
		-H 'Content-Type: application/x-tar' -H 'Expect:' \
		--data-binary "@$work/engine.tar")
	! grep -q errorDetail "$work/said" || die "$(cat "$work/said")"
	create=$(engine_call POST '/containers/create?name=bench-bare' \
		-H 'Content-Type: application/json' -d "{
		\"Image\": \"bench-bare:$1\", \"Env\": [\"PORT=$bare_port\"],
		\"HostConfig\": {\"NetworkMode\": \"$bare_network\"},
		\"NetworkingConfig\": {\"EndpointsConfig\": {\"$bare_network\":
			{\"IPAMConfig\": {\"IPv4Address\": \"$bare_address\"}}}}}")
	start=$(engine_call POST /containers/bench-bare/start)
	ready=$(wait_connect_ms)
	must_serve "http://$bare_address:$bare_port/" "engine $1"
	docker rm -f bench-bare >/dev/null
	deploy_take "$1" engine "$(calc "$build + $create + $start + $ready")"
	deploy_take "$1" engine-run "$(calc "$create + $start + $ready")"
	deploy_take "$1" engine-build "$build"
}

live_image() {
	bardo server lives shop --format json |
		jq -r '[.[] | select(.state == "live")][0].image'
}

# Another commit of the tree that is live: an image is there.
deploy_same_tree() {
	local before ms
	before=$(live_image)
	git -C "$work/deploy.bardo" commit -q --allow-empty -m "Again, $1"
	ms=$(timed git -C "$work/deploy.bardo" push -q to main)
	[ "$(live_image)" = "$before" ] || die 'a tree that was built before was built again'
	wait_settled shop
	deploy_take "$1" same-tree "$ms"
}

deploy_results() {
	local bardo hookless engine
	bardo=$(series_median deploy.bardo)
	hookless=$(series_median deploy.hookless)
	engine=$(series_median deploy.engine)
	result deploy.engine 'push -> live' 'Engine calls + 0.5 x hookless push' ms \
		"$bardo" "$(calc "$engine + 0.5 * $hookless")" 1
	result deploy.script 'push -> live' 'sshd + post-receive script' ms \
		"$bardo" "$(series_median deploy.script)" 0.6
	result deploy.same-tree 'push of a tree built before' \
		'create, start, ready + 0.5 x hookless' ms \
		"$(series_median deploy.same-tree)" \
		"$(calc "$(series_median deploy.engine-run) + 0.5 * $hookless")" 1
}
