# shellcheck shell=bash disable=SC2154
# A wire (wire.c) between bardo and who listens at a unix socket: it passes everything on but
# for what the test refuses.

build_wire() {
	cc -O2 -D_GNU_SOURCE -I"$TOP" -o "$SERVER/wire" "$TOP/tests/e2e/wire.c"
}

# put_wire LISTEN CONNECT
put_wire() {
	WIRED=$1
	RULES=$BATS_TEST_TMPDIR/rules
	: >"$RULES"
	"$SERVER/wire" "$1" "$2" "$RULES" 3>&- &
	WIRE=$!
	wait_until 5 test -S "$1"
}

wire_to_proxy() {
	mv "$DATA/run/proxy/proxy.sock" "$DATA/run/proxy/behind"
	put_wire "$DATA/run/proxy/proxy.sock" "$DATA/run/proxy/behind"
}

remove_wire() {
	if [ -n "${WIRE:-}" ]; then
		: >"$RULES"
		kill_family "$WIRE"
		wait "$WIRE" || true
		rm -f "$WIRED"
		WIRE=''
	fi
	if [ -e "$DATA/run/proxy/behind" ]; then
		mv "$DATA/run/proxy/behind" "$DATA/run/proxy/proxy.sock"
	fi
}

# refuse TEXT ANSWER ...: what holds the text gets the answer ("hang": none).
refuse() {
	printf '%s\t%s\n' "$@" >"$RULES"
}
