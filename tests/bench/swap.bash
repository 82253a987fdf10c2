# Requests lost while an app is deployed again and again: GET and POST, on connections that
# are kept and on new ones.
# shellcheck shell=bash disable=SC2154

swap_deploys=20
swap_clients=4
swap_rate=50 # requests a second each of them

measure_swap() {
	local n url load=() kind
	need_server
	swap_repository
	swap_push 0
	url=$(app_of server busy)
	for kind in get-kept get-new post-kept post-new; do
		swap_load "$kind" "$url" &
		load+=($!)
	done
	for n in $(seq $swap_deploys); do
		swap_push "$n"
		[ "$(curl -fsS "$url")" = "version $n" ] || die "version $n does not serve"
		wait_settled busy
	done
	kill -INT "${load[@]}"
	wait "${load[@]}" || true
	swap_results
}

# An app that keeps connections and ends in good order.
swap_repository() {
	mkdir "$work/swap"
	cp "$top/$build/tests/bench/web" "$work/swap/web"
	git -C "$work/swap" init -q
	git -C "$work/swap" remote add to "ssh://127.0.0.1:$(server_port server)/busy"
}

swap_push() { # VERSION
	printf '%s\n' 'FROM busybox' 'COPY web /web' \
		"CMD [\"/bin/sh\", \"-c\", \"exec /web \$PORT 'version $1'\"]" \
		>"$work/swap/Dockerfile"
	git -C "$work/swap" add -A
	git -C "$work/swap" commit -q -m "Version $1"
	timed git -C "$work/swap" push -q to main >/dev/null
}

# hey tells what it has counted when it is interrupted.
swap_load() { # KIND URL
	local options=(-z 1h -c "$swap_clients" -q "$swap_rate")
	case $1 in *-new) options+=(-disable-keepalive) ;; esac
	case $1 in post-*) options+=(-m POST -d hello) ;; esac
	exec hey "${options[@]}" "$2" >"$work/swap.$1" 2>&1
}

# What was asked, and what was answered as it should be.
swap_count() { # KIND answered|asked
	awk -v what="$2" '
		/^Status code distribution:/ { part = "status" }
		/^Error distribution:/ { part = "error" }
		match($0, /^  \[[0-9]+\]/) {
			n = substr($0, 4, RLENGTH - 4)
			if (part == "status" && n == 200) good += $2
			if (part == "status" && n != 200) bad += $2
			if (part == "error") bad += n
		}
		END { print what == "answered" ? good + 0 : good + bad }' "$work/swap.$1"
}

swap_results() {
	local kind asked answered lost=0 all=0
	for kind in get-kept get-new post-kept post-new; do
		asked=$(swap_count $kind asked)
		answered=$(swap_count $kind answered)
		[ "$answered" -gt 0 ] || die "hey said nothing: $(cat "$work/swap.$kind")"
		take "swap.$kind.asked" "$asked"
		take "swap.$kind.lost" $((asked - answered))
		all=$((all + asked))
		lost=$((lost + asked - answered))
	done
	result swap "requests lost in $swap_deploys deploys" "of $all" requests $lost - 0
}
