# A push of 200 MB, on this machine and from a client at a round trip of 100 ms. It is a
# tag, which both take without deploying anything.
# shellcheck shell=bash disable=SC2154

upload_files=200 # more than receive.unpackLimit: git keeps the pack as it came
upload_mb_each=1
upload_delay_ms=50 # each way
upload_namespace=bardo-bench-$$
upload_here=10.233.254.1
upload_there=10.233.254.2

measure_upload() {
	need_server
	need_sshd
	upload_prepare
	upload_rounds near 127.0.0.1
	network_make
	upload_rounds far $upload_here ip netns exec "$upload_namespace"
	network_remove
	rm -rf "$work/upload"
	result upload.near 'push of 200 MB' 'sshd + git' ms \
		"$(series_median upload.near.bardo)" "$(series_median upload.near.sshd)" 0.95
	result upload.far 'push of 200 MB at 100 ms' 'sshd + git' ms \
		"$(series_median upload.far.bardo)" "$(series_median upload.far.sshd)" 0.6
}

upload_prepare() {
	local n
	new_repository "$work/upload"
	# What the client itself computes is the same for both: little of it.
	git -C "$work/upload" config pack.window 0
	for n in $(seq $upload_files); do
		head -c ${upload_mb_each}M /dev/urandom >"$work/upload/data.$n"
	done
	git -C "$work/upload" add -A
	git -C "$work/upload" commit -q -m 'Much'
	git -C "$work/upload" tag much
}

# Each push is to a repository of its own, so that all of it must travel.
upload_rounds() { # SERIES HOST [COMMAND ... that runs git]
	local series=$1 host=$2 n times=$(((rounds + 2) / 3))
	shift 2
	for n in $(seq $times); do
		bardo server apps:create "big$n" >/dev/null
		take "upload.$series.bardo" "$(upload_push \
			"ssh://$host:$(server_port server)/big$n" "$@")"
		bardo server apps:destroy --force "big$n" >/dev/null
		git init -q --bare "$work/big.git"
		take "upload.$series.sshd" "$(upload_push \
			"ssh://$host:$(sshd_port)$work/big.git" "$@")"
		rm -rf "$work/big.git"
	done
}

upload_push() { # URL [COMMAND ... that runs git]
	local url=$1
	shift
	timed "$@" git -C "$work/upload" push -q "$url" much
}

# ---- a client far away: a network namespace at the end of a slow wire ----

network_make() {
	local line=''
	mkfifo "$work/wire"
	"$build/tests/bench/delay_link" $upload_delay_ms bench-here bench-there \
		>"$work/wire" &
	echo $! >"$work/wire.pid"
	read -r line <"$work/wire" || true
	[ "$line" = ready ] || die 'the slow network could not be made'
	ip netns add "$upload_namespace"
	ip link set bench-there netns "$upload_namespace"
	network_end bench-here $upload_here $upload_there
	network_end bench-there $upload_there $upload_here -n "$upload_namespace"
	# Without a network card that cuts packets itself, each of 1,500 bytes takes 2.3 kB of
	# the send buffer: so much holds what the usual 4 MB hold elsewhere.
	ip netns exec "$upload_namespace" \
		sh -c 'echo "4096 16384 8388608" >/proc/sys/net/ipv4/tcp_wmem'
}

# A queue for all that is on its way, so that nothing is dropped.
network_end() { # INTERFACE ADDRESS OTHER-END [OPTION of ip ...]
	local name=$1 address=$2 peer=$3
	shift 3
	ip "$@" addr add "$address" peer "$peer" dev "$name"
	ip "$@" link set "$name" txqueuelen 20000 up
}

network_remove() {
	[ -s "$work/wire.pid" ] || return 0
	stop_process "$(cat "$work/wire.pid")"
	ip netns del "$upload_namespace" 2>/dev/null || true
	rm -f "$work/wire.pid" "$work/wire"
}
