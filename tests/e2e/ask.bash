# Visitors (asker.c) who ask an app again and again, and take down what they get.
# shellcheck shell=bash disable=SC2154

ASKERS=()

# ask FILE KIND HOST PORT [PAUSE-MS]: from now on, until stop_asking.
ask() {
	local file=$1 sources=(asker.c ../support/http.c ../../config/base/number.c)
	shift
	if [ ! -x "$SERVER/asker" ]; then
		(cd "$TOP/tests/e2e" &&
			cc -O2 -D_GNU_SOURCE -I"$TOP" -o "$SERVER/asker" "${sources[@]}")
	fi
	"$SERVER/asker" "$@" >"$file" 3>&- &
	ASKERS+=($!)
	wait_until 20 test -s "$file"
}
# The page at http://127.0.0.1:PORT/, a connection for each request, into "answers": many a
# second, and still the machine is free for what is tested.
asks() { # URL
	local port=${1##*:}
	ask "$BATS_TEST_TMPDIR/answers" new 127.0.0.1 "${port%/}" 10
}
stop_asking() {
	local pid
	for pid in "${ASKERS[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" || true
	done
	ASKERS=()
}
# "STATUS TEXT" of all answers, each kind of them once; -1 where there was none.
answers_seen() {
	cut -d ' ' -f 3- "$BATS_TEST_TMPDIR/answers" | sort -u
}
