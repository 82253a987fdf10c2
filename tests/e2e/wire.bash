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
		WIRE='' WIRED_ENGINE=''
	fi
	if [ -e "$DATA/run/proxy/behind" ]; then
		mv "$DATA/run/proxy/behind" "$DATA/run/proxy/proxy.sock"
	fi
}

# refuse TEXT ANSWER ...: what holds the text gets the answer ("hang": none).
refuse() {
	printf '%s\t%s\n' "$@" >"$RULES"
}

put_wire_to_engine() { # [SOCKET]
	put_wire "$SERVER/engine.sock" "${1:-${BARDO_TEST_ENGINE#unix://}}"
	WIRED_ENGINE=unix://$WIRED
}
# held_up TEXT ANSWER VERB ...: the command on the host, in the background as $HELD_UP, which
# has said the text to where the wire leads ("hang": nobody has heard of it; "lose": it is
# done); what it prints goes to $RULES.said.
held_up() {
	local point=$1 answer=$2
	shift 2
	rm -f "$RULES.met"
	refuse "$point" "$answer"
	bardo -c "engine.host=${WIRED_ENGINE:-$BARDO_TEST_ENGINE}" "$@" >"$RULES.said" 2>&1 3>&- &
	HELD_UP=$!
	wait_until 30 test -e "$RULES.met"
}
# The same, killed there.
cut_off() {
	held_up "$@"
	kill_family "$HELD_UP" KILL
	wait "$HELD_UP" || true
	: >"$RULES"
}
