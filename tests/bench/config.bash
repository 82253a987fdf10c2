# From `config:set` until the app serves with the new value: bardo, a shell script behind
# sshd that does what people would, and the Engine's part alone, in turn.
# shellcheck shell=bash disable=SC2154

# (The image's label says whose it is: what isn't bardo's must not be counted as such.)

# The calls to the Engine, and what they need.
# shellcheck disable=SC1091
. tests/bench/deploy.bash

measure_config() {
	local n
	need_server
	need_sshd
	config_prepare
	for n in $(seq 0 "$rounds"); do
		config_bardo "$n"
		config_script "$n"
		config_engine "$n"
	done
	config_results
}

config_take() { # ROUND SERIES MS
	[ "$1" = 0 ] || take "config.$2" "$3"
}

config_prepare() {
	new_repository "$work/config"
	git -C "$work/config" remote add to "ssh://127.0.0.1:$(server_port server)/configured"
	git -C "$work/config" push -q to main
	config_image=$(bardo server lives configured --format json | jq -r '.[0].tag')
	config_port=$(free_ports 1)
	docker network inspect $bare_network >/dev/null 2>&1 ||
		docker network create --subnet 10.233.255.0/24 $bare_network >/dev/null
	cat >"$work/config.script" <<-END
		set -e
		export DOCKER_HOST=$DOCKER_HOST
		docker stop bench-config || true
		docker rm bench-config || true
		docker run -d --name bench-config --restart always --label bardo.app=none \\
			-p 127.0.0.1:$config_port:5000 -e PORT=5000 -e GREETING=\$1 $config_image
		until curl -fs http://127.0.0.1:$config_port/ >/dev/null; do sleep 0.02; done
	END
}

config_bardo() {
	local ms
	ms=$(timed ssh_to "$(server_port server)" config:set configured "GREETING=$1")
	curl -fsS "$(app_of server configured)" >/dev/null
	wait_settled configured
	config_take "$1" bardo "$ms"
}

config_script() {
	config_take "$1" script \
		"$(timed ssh_to "$(sshd_port)" sh "$work/config.script" "$1")"
}

config_engine() {
	local create start ready
	create=$(engine_call POST '/containers/create?name=bench-bare' \
		-H 'Content-Type: application/json' -d "{
		\"Image\": \"$config_image\", \"Labels\": {\"bardo.app\": \"none\"}, \"Env\": [\"PORT=$bare_port\", \"GREETING=$1\"],
		\"HostConfig\": {\"NetworkMode\": \"$bare_network\"},
		\"NetworkingConfig\": {\"EndpointsConfig\": {\"$bare_network\":
			{\"IPAMConfig\": {\"IPv4Address\": \"$bare_address\"}}}}}")
	start=$(engine_call POST /containers/bench-bare/start)
	ready=$(wait_connect_ms)
	docker rm -f bench-bare >/dev/null
	config_take "$1" engine "$(calc "$create + $start + $ready")"
	config_take "$1" login "$(timed ssh_to "$(server_port server)" version)"
}

config_results() {
	local bardo login
	bardo=$(series_median config.bardo)
	login=$(series_median config.login)
	result config.engine 'config:set -> live' 'create, start, ready + login' ms \
		"$bardo" "$(calc "$(series_median config.engine) + $login")" 1.2
	result config.script 'config:set -> live' 'sshd + docker stop, rm, run' ms \
		"$bardo" "$(series_median config.script)" 0.6
}
