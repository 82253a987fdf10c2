# What the end-to-end tests share: a bardod for each file, and a user with git and ssh.
# shellcheck shell=bash disable=SC2154,SC2119,SC2120
# (bats sets status and output; some arguments are optional.)
#
#	setup_file() { load lib; server_start; }
#	teardown_file() { load lib; server_remove; }
#	setup() { load lib; server_as_usual; }
#
# Names of apps carry the server's slot ("shop-s3"), since several servers, of several
# runs, share an Engine and its names.

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BIN=$BARDO_TEST_ROOT/usr/lib/bardo
export DOCKER_HOST=$BARDO_TEST_ENGINE

SLOTS=60
PORTS_PER_SLOT=40
PORT_FIRST=21000

# ---- waiting: always for something, never for some time ----

# wait_until SECONDS COMMAND ...: until it succeeds; fails when the time is over.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		if [ $SECONDS -ge $deadline ]; then
			echo "still not so after the deadline: $*" >&2
			return 1
		fi
		sleep 0.05
	done
}

# For a loop in the background: until the test makes the file, or is over without having
# come to that.
goes_on() { # [FILE]
	[ ! -e "${1:-$BATS_TEST_TMPDIR/stop}" ] && [ -d "/proc/$$" ]
}

# Whoever opens the record first after a crash holds it for a moment.
sqlite3() {
	command sqlite3 -cmd '.timeout 10000' "$@"
}

# A process that ended but was not waited for counts as ended.
is_running() {
	local state
	state=$(sed -E 's/.*\) (.).*/\1/' "/proc/$1/stat" 2>/dev/null) || return 1
	[ -n "$state" ] && [ "$state" != Z ]
}
is_gone() {
	! is_running "$1"
}

# A process and everything that it started.
family() {
	local child
	echo "$1"
	tr ' ' '\n' 2>/dev/null <"/proc/$1/task/$1/children" | while read -r child; do
		family "$child"
	done
}
# The processes on standard input; one that has ended by itself in the meantime is no fault.
kill_each() { # [SIGNAL]
	xargs -r kill -"${1:-TERM}" 2>/dev/null || true
}
kill_family() { # PID [SIGNAL]
	family "$1" | kill_each "${2:-TERM}"
}

# ---- the server ----

# A number that no other server on this machine has now; the lock falls with the last
# process of this file.
take_slot() {
	local n
	for n in $(seq 0 $((SLOTS - 1))); do
		exec {slot_lock}>"/tmp/bardo-e2e-slot-$n.lock"
		# (Where a run was killed, its HAProxy still has the ports.)
		if flock -n "$slot_lock" &&
			[ -z "$(ss -Hltn "sport = :$((PORT_FIRST + n * PORTS_PER_SLOT))")" ]; then
			export SLOT=$n
			return
		fi
		exec {slot_lock}>&-
	done
	echo "all $SLOTS slots are taken" >&2
	return 1
}

# Where names are served; below the first server's ports.
http_port() {
	echo $((PORT_FIRST - SLOTS + SLOT))
}

https_port() {
	echo $((PORT_FIRST - 2 * SLOTS + SLOT))
}

# Where HAProxy waits for the nginx before it.
front_port() {
	echo $((PORT_FIRST - 3 * SLOTS + SLOT))
}

# The first port of apps without the proxy; above the last server's ports.
published_port() {
	echo $((PORT_FIRST + SLOTS * PORTS_PER_SLOT + SLOT * 10))
}

# A file that wants other settings has a function more_settings, which prints them.
write_config() {
	local port=$((PORT_FIRST + SLOT * PORTS_PER_SLOT))
	cat >"$CONFIG" <<-END
		[server]
			data = $DATA
		[ssh]
			listen = 127.0.0.1:0
			logins-per-minute = 60000
		[engine]
			host = $BARDO_TEST_ENGINE
		[check]
			timeout = 5s
		[deploy]
			drain = 2s
			bake = 0s
		[proxy]
			bind = 127.0.0.1
			http = 127.0.0.1:$(http_port)
			https = 127.0.0.1:$(https_port)
			ports = $port-$((port + PORTS_PER_SLOT - 1))
			published = $(published_port)-$(($(published_port) + 9))
			apps = $PORTS_PER_SLOT
		[network]
			pool = 10.231.$((SLOT * 4)).0/22
	END
	if declare -F more_settings >/dev/null; then more_settings >>"$CONFIG"; fi
}

make_client() {
	mkdir -p "$CLIENT"
	ssh-keygen -q -t ed25519 -N '' -C admin@test -f "$CLIENT/key"
	cat >"$CLIENT/ssh_config" <<-END
		Host *
			User deploy
			IdentitiesOnly yes
			IdentityAgent none
			StrictHostKeyChecking accept-new
			UserKnownHostsFile $CLIENT/known_hosts
			LogLevel ERROR
			BatchMode yes
			ConnectTimeout 10
	END
	cat >"$CLIENT/gitconfig" <<-END
		[user]
			name = Ada
			email = ada@example.org
		[init]
			defaultBranch = main
		[advice]
			detachedHead = false
	END
}

# server_start [AS-USER]: for setup_file. bardod, its settings, and an admin with a key.
server_start() {
	take_slot
	export SERVER=$BARDO_TEST_ROOT/s$SLOT
	export DATA=$SERVER/data CONFIG=$SERVER/bardo.conf CLIENT=$SERVER/client
	mkdir "$SERVER"
	if [ -n "${1:-}" ]; then
		export AS_USER=$1
		chown "$1" "$SERVER"
	fi
	write_config
	make_client
	bardod_start
	bardo ssh-keys:add admin <"$CLIENT/key.pub"
}

# What stands before each program of the server: another user, another network. All of it
# becomes the program, so that $! is bardod's own.
server_prefix() {
	prefix=()
	if [ -n "${SERVER_NETNS:-}" ]; then
		prefix+=(ip netns exec "$SERVER_NETNS")
	fi
	if [ -n "${AS_USER:-}" ]; then
		prefix+=(setpriv --reuid "$AS_USER" --regid "$(id -g "$AS_USER")"
			--groups "$(getent group docker | cut -d : -f 3)" --)
	fi
}

as_server_user() {
	local prefix
	server_prefix
	"${prefix[@]}" "$@"
}

# bardod_start [-c key=value ...]: returns when it serves.
bardod_start() {
	local ready=$SERVER/ready line='' prefix
	server_prefix
	rm -f "$ready"
	mkfifo "$ready"
	chmod 666 "$ready"
	"${prefix[@]}" "$BIN/bardod" --config "$CONFIG" "$@" >"$ready" \
		2>>"$SERVER/bardod.log" </dev/null 3>&- &
	echo $! >"$SERVER/bardod.pid"
	IFS= read -r -t 30 line <"$ready" || true
	case $line in
	"ready ssh="*) ;;
	*)
		echo "bardod says '$line' instead of ready; its log:" >&2
		tail -n 20 "$SERVER/bardod.log" >&2
		return 1
		;;
	esac
	line=${line#ready ssh=}
	line=${line%% *}
	echo "${line##*:}" >"$SERVER/ssh.port"
}

# server_with -c key=value ...: the same server with other settings, for one test; setup
# calls server_as_usual, which takes them back.
server_with() {
	bardod_stop
	touch "$SERVER/other-settings"
	bardod_start "$@"
}
server_as_usual() {
	if [ -e "$SERVER/other-settings" ]; then
		bardod_stop
		bardod_start
		rm "$SERVER/other-settings"
	fi
}

bardod_pid() {
	cat "$SERVER/bardod.pid"
}

# bardod_stop [SIGNAL]
bardod_stop() {
	local pid
	pid=$(bardod_pid)
	kill -"${1:-TERM}" "$pid" 2>/dev/null || true
	wait_until 20 is_gone "$pid"
}

ssh_port() {
	cat "$SERVER/ssh.port"
}

# Everything that has this server's folder on its command line or in its environment.
server_processes() {
	local pid
	# (One that ends meanwhile can't be read.)
	{
		grep -slF "$DATA" /proc/[0-9]*/cmdline || true
		grep -slzxF "BARDO_CONFIG=$CONFIG" /proc/[0-9]*/environ || true
	} | cut -d / -f 3 | sort -u | while read -r pid; do
		if [ "$pid" != "$BASHPID" ] && is_running "$pid"; then
			echo "$pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
		fi 2>/dev/null
	done
}
nobody_works() {
	! server_processes | grep -qF 'bardo --door'
}
no_server_processes() {
	[ -z "$(server_processes)" ]
}

proxy_stop() {
	local pid
	pid=$(cat "$DATA/run/proxy/haproxy.pid" 2>/dev/null) || return 0
	for pid in $pid; do
		kill "$pid" 2>/dev/null || true
		wait_until 10 is_gone "$pid"
	done
}

# For teardown_file: stops the server and removes what it made, and fails if it left
# processes behind.
server_remove() {
	local status=0
	bardod_stop
	proxy_stop
	wait_until 20 no_server_processes || {
		echo 'processes that nobody waits for:' >&2
		server_processes >&2
		status=1
	}
	engine_clean
	if [ "${BARDO_TEST_KEEP:-}" ]; then
		echo "# kept: $SERVER" >&3
	else
		rm -rf "$SERVER"
	fi
	return $status
}

# ---- the Engine: what carries this server's slot in its app's name ----

engine_containers() {
	docker ps -a --format '{{.Names}}' | grep -E "^bardo\.[a-z0-9-]*-s$SLOT\." || true
}
engine_images() {
	docker images --format '{{.Repository}}:{{.Tag}}' |
		grep -E "^bardo/[a-z0-9-]*-s$SLOT:" || true
}
engine_networks() {
	docker network ls --format '{{.Name}}' | grep -E -- "-s$SLOT(\.[0-9]+)?$" || true
}
engine_volumes() {
	docker volume ls --format '{{.Name}}' | grep -E -- "-s$SLOT(\.[0-9]+)?_" || true
}
engine_clean() {
	engine_containers | xargs -r docker rm -f >/dev/null
	engine_networks | xargs -r docker network rm >/dev/null
	engine_volumes | xargs -r docker volume rm -f >/dev/null
	engine_images | xargs -r docker rmi -f >/dev/null
}

# What an app has on the Engine, a line each.
things_of() {
	engine_containers | grep -F "bardo.$1." || true
	engine_images | grep -F "bardo/$1:" || true
	engine_networks | grep -F "$1" || true
	engine_volumes | grep -F "$1_" || true
}
running_containers_of() {
	docker ps --format '{{.Names}}' --filter "label=bardo.app=$1"
}
has_containers() { # APP COUNT
	[ "$(docker ps -aq --filter "label=bardo.app=$1" | wc -l)" = "$2" ]
}

# ---- the user ----

# A command on the host, as its administrator would type it.
bardo() {
	as_server_user "$BIN/bardo" --config "$CONFIG" "$@"
}

# The same from afar: ssh_bardo VERB ... [with KEY= another key].
ssh_bardo() {
	ssh -F "$CLIENT/ssh_config" -i "${KEY:-$CLIENT/key}" -p "$(ssh_port)" \
		127.0.0.1 "$@"
}

# Right after a deploy the old life's tidying up may hold the app: exit status 5. This asks
# again until it doesn't; for `run`.
patiently() {
	local status=5
	for _ in $(seq 100); do
		status=0
		ssh_bardo "$@" >"$BATS_TEST_TMPDIR/patiently" 2>&1 || status=$?
		[ "$status" = 5 ] || break
		sleep 0.1
	done
	cat "$BATS_TEST_TMPDIR/patiently"
	return "$status"
}

new_key() { # NAME: $CLIENT/NAME and .pub
	ssh-keygen -q -t ed25519 -N '' -C "$1@test" -f "$CLIENT/$1"
}

use_git() {
	export GIT_CONFIG_GLOBAL=$CLIENT/gitconfig GIT_CONFIG_NOSYSTEM=1
	export GIT_SSH_COMMAND="ssh -F $CLIENT/ssh_config -i ${KEY:-$CLIENT/key}"
	export GIT_TERMINAL_PROMPT=0
}

remote_url() {
	echo "ssh://127.0.0.1:$(ssh_port)/$1"
}

# new_app_repo NAME: a repository with the example and a remote "production"; sets APP
# and goes there.
new_app_repo() {
	export APP=$1-s$SLOT
	use_git
	cp -r "$TOP/contrib/examples/hello" "$BATS_TEST_TMPDIR/$1"
	cd "$BATS_TEST_TMPDIR/$1" || return 1
	rm README.md
	git init -q
	git remote add production "$(remote_url "$APP")"
	write_version 1
}

# web_app_build FILE: the static server of tests/e2e/web_app.c.
web_app_build() {
	(
		cd "$TOP/tests/support" || exit 1
		cc -O2 -D_GNU_SOURCE -I"$TOP" -static -pthread -o "$1" ../e2e/web_app.c \
			../../config/base/number.c {web,http,stream,websocket}.c -lnettle
	)
}

# write_version TEXT: a commit whose page says so.
write_version() {
	echo "version $1" >www/index.html
	git add -A
	git commit -q -m "Version $1"
}

# dockerfile LINE ...: a commit with that Dockerfile.
dockerfile() {
	printf '%s\n' "$@" >Dockerfile
	git add -A
	git commit -q -m 'Another Dockerfile'
}

# push [REFSPEC or option ...]: what a person sees, on one stream.
push() {
	git push production "${@:-main}" 2>&1
}

deploy_version() {
	write_version "$1"
	push main
}

life() { # APP [INDEX, 0 the newest] [FIELD]
	bardo lives "$1" --format json | jq -r ".[${2:-0}]${3:+.$3}"
}
live_life() { # APP [FIELD]
	bardo lives "$1" --format json |
		jq -r "[.[] | select(.state == \"live\")][0]${2:+.$2}"
}
app_url() {
	live_life "$1" url
}
page() {
	curl -fsS --max-time 10 "$(app_url "$1")"
}
page_is() { # APP TEXT
	[ "$(page "$1")" = "$2" ]
}

# ---- claims; each shows what there was instead ----

show() {
	printf -- '-- %s\nstatus: %s\noutput:\n%s\n--\n' "$1" "${status:-}" "${output:-}" >&2
	return 1
}
assert_success() {
	[ "$status" = 0 ] || show 'it should have worked'
}
assert_status() {
	[ "$status" = "$1" ] || show "the exit status should be $1"
}
assert_failure() {
	[ "$status" != 0 ] || show 'it should have failed'
}
assert_shown() { # these very words
	grep -qF -- "$1" <<<"$output" || show "this should be in the output: $1"
}
assert_output() { # an extended regular expression that some line matches
	grep -qE -- "$1" <<<"$output" || show "this should be in the output: $1"
}
refute_output() {
	! grep -qE -- "$1" <<<"$output" || show "this should not be in the output: $1"
}
assert_equal() { # GOT WANTED
	if [ "$1" != "$2" ]; then
		printf -- '-- got:\n%s\n-- wanted:\n%s\n' "$1" "$2" >&2
		return 1
	fi
}

# ---- a gate: holds a build or a program at one place until the test lets it go ----

# gate_start: makes one. $GATE is the shell command that waits at it, for a Dockerfile's
# RUN or a program inside a container; it differs each time, so that no cache skips it.
gate_start() {
	local port=$((24000 + SLOT * 20 + BATS_TEST_NUMBER % 20))
	gate=$BATS_TEST_TMPDIR/gate
	rm -f "$gate" "$gate.reached"
	mkfifo "$gate"
	exec {gate_in}<>"$gate"
	# Whoever connects waits for the end of what nobody ever writes.
	busybox nc -l -p $port -e sh -c "touch '$gate.reached'; exec cat '$gate'" \
		</dev/null >/dev/null 3>&- {gate_in}>&- &
	GATE_PID=$!
	export GATE=": $RANDOM$RANDOM; nc \$(ip route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p') $port </dev/null || true"
}
# gate_before_start: in an app's repository; its next version listens once the gate opens.
gate_before_start() {
	gate_start
	printf '#!/bin/sh\n%s\nexec /start\n' "$GATE" >gated
	chmod 755 gated
	printf '%s\n' 'FROM busybox' 'COPY start gated /' 'COPY www /www' 'CMD ["/gated"]' \
		>Dockerfile
}
gate_is_reached() {
	[ -e "$gate.reached" ]
}
gate_wait() {
	wait_until 30 gate_is_reached
}
# Also for teardown: a test that failed may have left it closed, with a build waiting.
gate_release() {
	if [ -n "${GATE_PID:-}" ]; then
		kill "$GATE_PID" 2>/dev/null || true
		wait "$GATE_PID" 2>/dev/null || true
		exec {gate_in}>&-
		GATE_PID=''
	fi
}

# push_in_background: its output goes to $PUSHED, its status to what push_result returns.
push_in_background() {
	PUSHED=$BATS_TEST_TMPDIR/pushed
	push "$@" >"$PUSHED" 2>&1 3>&- &
	PUSH_PID=$!
}
push_result() {
	status=0
	wait "$PUSH_PID" || status=$?
	output=$(cat "$PUSHED")
}

# ---- what must be so whatever happened ----

remote_head() { # the commit of the deploy branch on the server
	git ls-remote "$(remote_url "$APP")" "refs/heads/${1:-main}" | cut -f 1
}

# The ref, the record, the traffic and the containers say the same.
all_agree() { # TEXT of the page
	page_is "$APP" "$1" &&
		[ "$(remote_head)" = "$(live_life "$APP" commit)" ] &&
		[ "$(running_containers_of "$APP" | wc -l)" = 1 ]
}
state_is() { # LIFE STATE
	[ "$(bardo lives:info "$APP" "$1" --format json | jq -r .state)" = "$2" ]
}
