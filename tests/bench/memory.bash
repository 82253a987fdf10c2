# PSS of every process that a server has: at rest, and while a tree of 2 GB is pushed,
# unpacked by git and streamed into a build.
# shellcheck shell=bash disable=SC2154

memory_files=20
memory_mb_each=100

measure_memory() {
	need_server
	# A deploy before: the proxy runs, and every program was used.
	memory_warm_up
	memory_at_rest
	memory_repository
	memory_while_pushing
	rm -rf "$work/memory"
}

memory_warm_up() {
	new_repository "$work/memory.small"
	timed git -C "$work/memory.small" push -q \
		"ssh://127.0.0.1:$(server_port server)/small" main >/dev/null
	wait_until 60 memory_is_at_rest
}

# bardod and all that descends from it.
memory_processes() {
	ps -eo pid=,ppid= | awk -v root="$(cat "$work/server/pid")" '
		{ parent[$1] = $2 }
		END {
			for (pid in parent) {
				for (p = pid; p in parent; p = parent[p]) {
					if (p == root) { print pid; break }
				}
			}
		}'
}
memory_is_at_rest() {
	[ "$(memory_processes | wc -l)" = 1 ]
}
memory_at_rest() {
	local bardo proxy
	bardo=$(pss_kb "$(memory_processes)")
	proxy=$(pss_kb "$(proxy_pid)")
	take memory.rest.bardo "$bardo"
	take memory.rest.haproxy "$proxy"
	result memory.rest.bardo 'memory at rest: bardo' '' MB "$(calc "$bardo / 1024")" - 2
	result memory.rest.all 'memory at rest: with HAProxy' '' MB \
		"$(calc "($bardo + $proxy) / 1024")" - 24
}

memory_repository() {
	local n
	mkdir "$work/memory"
	git -C "$work/memory" init -q
	printf '%s\n' 'FROM busybox' 'COPY . /data' 'CMD ["httpd", "-f", "-p", "5000"]' \
		>"$work/memory/Dockerfile"
	for n in $(seq $memory_files); do
		head -c ${memory_mb_each}M /dev/urandom >"$work/memory/data.$n"
	done
	git -C "$work/memory" add -A
	git -C "$work/memory" commit -q -m 'Two gigabytes'
}

memory_while_pushing() {
	local push pids kb most=0
	git -C "$work/memory" push -q "ssh://127.0.0.1:$(server_port server)/huge" main \
		>"$work/said" 2>&1 &
	push=$!
	while [ -d "/proc/$push" ]; do
		mapfile -t pids < <(memory_processes)
		memory_table "${pids[@]}" >"$work/memory.now"
		kb=$(awk '{ kb += $1 } END { print kb + 0 }' "$work/memory.now")
		take memory.push.samples "$kb"
		if [ "$kb" -gt "$most" ]; then
			most=$kb
			mv "$work/memory.now" "$work/memory.most"
		fi
		sleep 0.2
	done
	wait $push || die "the push of 2 GB failed: $(tail -n 5 "$work/said")"
	say 'processes at the peak, kB:'
	sed -E 's/ -c [^ ]+//g' "$work/memory.most" >&2
	result memory.push 'memory while pushing 2 GB' "bardo's and git's processes" MB \
		"$(calc "$most / 1024")" - 48
}

memory_table() { # PID ...
	local pid line
	for pid; do
		# First its name: it may end meanwhile.
		line=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") || continue
		printf '%8s  %s\n' "$(pss_kb "$pid")" "$line"
	done
}
