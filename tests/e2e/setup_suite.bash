# Once for a run of bats: bardo installed as a package would, and one Engine for all files.
# With BARDO_TEST_ENGINE=unix:///path/docker.sock the tests use that one instead.

setup_suite() {
	local top
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BARDO_TEST_ROOT=$(mktemp -d /tmp/bardo-e2e.XXXXXX)
	export BARDO_TEST_ROOT
	# Other users than root run some of what lies in here.
	chmod 755 "$BARDO_TEST_ROOT"
	make -s -C "$top" BUILD="${BARDO_TEST_BUILD:-build}" \
		DESTDIR="$BARDO_TEST_ROOT" PREFIX=/usr install >&2
	if [ -z "${BARDO_TEST_ENGINE:-}" ]; then
		"$top/contrib/throwaway-engine" start "$BARDO_TEST_ROOT/engine" >&2
		BARDO_TEST_ENGINE=unix://$BARDO_TEST_ROOT/engine/docker.sock
	fi
	export BARDO_TEST_ENGINE
	DOCKER_HOST=$BARDO_TEST_ENGINE "$top/contrib/examples/base-image" --import >&2
}

teardown_suite() {
	local top
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	if [ -d "$BARDO_TEST_ROOT/engine" ]; then
		"$top/contrib/throwaway-engine" stop "$BARDO_TEST_ROOT/engine" >&2
	fi
	if [ -z "${BARDO_TEST_KEEP:-}" ]; then
		rm -rf "$BARDO_TEST_ROOT"
	fi
}
