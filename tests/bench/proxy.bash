# What stands between an app and its visitors costs: the time of an answer and memory; and
# how long a new life that is ready waits for its first visitor.
# shellcheck shell=bash disable=SC2154

proxy_seconds=2
proxy_visitors=4
proxy_crowd=200

measure_proxy() {
	local asker
	need_server
	proxy_repository
	proxy_push first
	"$top/$build/tests/bench/asker" paced 127.0.0.1 "$(proxy_port)" \
		>"$work/proxy.answers" &
	asker=$!
	proxy_measure_ready
	stop_process "$asker"
	proxy_measure_latency
	proxy_measure_memory
	proxy_results
}

# An app that says in its log when it listens.
proxy_repository() {
	mkdir "$work/proxy"
	cp "$top/$build/tests/bench/web" "$work/proxy/web"
	git -C "$work/proxy" init -q
	git -C "$work/proxy" remote add to "ssh://127.0.0.1:$(server_port server)/front"
}

proxy_push() { # TEXT [SECONDS that it takes to start]
	printf '%s\n' 'FROM busybox' 'COPY web /web' \
		"CMD [\"/bin/sh\", \"-c\", \"sleep ${2:-0}; exec /web \$PORT '$1'\"]" \
		>"$work/proxy/Dockerfile"
	git -C "$work/proxy" add -A
	git -C "$work/proxy" commit -q -m "$1"
	timed git -C "$work/proxy" push -q to main >/dev/null
	wait_settled front
}

proxy_port() {
	app_of server front | sed -E 's|.*:([0-9]+)/$|\1|'
}
proxy_container() {
	docker ps --format '{{.Names}}' --filter label=bardo.app=front
}

# ---- from ready to the first visitor ----

proxy_measure_ready() {
	local n
	for n in $(seq 0 "$rounds"); do
		proxy_push "quick $n."
		[ "$n" = 0 ] || take proxy.ready.quick "$(proxy_waited "quick $n.")"
		proxy_push "slow $n." 1
		[ "$n" = 0 ] || take proxy.ready.slow "$(proxy_waited "slow $n.")"
	done
}

# proxy_waited TEXT: milliseconds from the line in the app's log to the first answer.
proxy_waited() {
	local ready served
	ready=$(docker logs -t "$(proxy_container)" 2>&1 | sed -n 's/ serving on .*//p')
	wait_until 10 grep -q -F " 200 $1" "$work/proxy.answers"
	served=$(grep -m 1 -F " 200 $1" "$work/proxy.answers" | cut -d ' ' -f 2)
	calc "($served - $(date -d "$ready" +%s%N)) / 1000000"
}

# ---- the time of an answer ----

proxy_measure_latency() {
	local n through direct
	through=$(app_of server front)
	direct=http://$(docker inspect -f \
		'{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' \
		"$(proxy_container)"):5000/
	for n in $(seq 0 "$rounds"); do
		proxy_load "$n" direct "$direct"
		proxy_load "$n" through "$through"
	done
}

# What one of a hundred answers takes longer than, in microseconds.
proxy_load() { # ROUND SERIES URL
	local said
	said=$(wrk -t 1 -c $proxy_visitors -d ${proxy_seconds}s --latency "$3")
	[ "$1" = 0 ] || take "proxy.p99.$2" "$(awk '
		$1 == "99%" {
			us = $2 + 0
			if ($2 ~ /ms$/) us *= 1000
			else if ($2 !~ /us$/) us *= 1000000
			print us
		}' <<<"$said")"
}

# ---- memory ----

proxy_measure_memory() {
	local url crowd
	url=$(app_of server front)
	take proxy.memory.rest "$(pss_kb "$(proxy_pid)")"
	wrk -t 1 -c $proxy_crowd -d ${proxy_seconds}s "$url" >/dev/null &
	crowd=$!
	while [ -d "/proc/$crowd" ]; do
		take proxy.memory.crowd "$(pss_kb "$(proxy_pid)")"
		sleep 0.1
	done
}

proxy_results() {
	result proxy.ready 'candidate ready to first request' 'an app that listens at once' \
		ms "$(series_median proxy.ready.quick)" - 100
	result proxy.ready.slow 'candidate ready to first request' 'one that takes a second' \
		ms "$(series_median proxy.ready.slow)" - 150
	result proxy.p99 'p99 of an answer, through the proxy' "the container's address" us \
		"$(series_median proxy.p99.through)" "$(series_median proxy.p99.direct)" 5
	result proxy.memory 'memory of HAProxy' "with $proxy_crowd visitors" MB \
		"$(calc "$(sort -g "$work/series/proxy.memory.crowd" | tail -n 1) / 1024")" - 32
}
