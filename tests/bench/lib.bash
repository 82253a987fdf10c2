# What the measurements share: time, results, and the servers that are compared.
# shellcheck shell=bash disable=SC2154,SC2034
# (tests/bench/run sets work and build, and uses what is set here.)

top=$PWD
rounds=${ROUNDS:-10}

die() {
	printf 'bench: %s\n' "$*" >&2
	exit 1
}
say() {
	printf '== %s\n' "$*" >&2
}

# ---- time and numbers ----

now_ms() {
	local us=${EPOCHREALTIME/./}
	echo $((us / 1000))
}

# timed COMMAND ...: its time in milliseconds; what it says goes to $work/said.
timed() {
	local from=${EPOCHREALTIME/./} to
	"$@" >"$work/said" 2>&1 </dev/null || {
		tail -n 20 "$work/said" >&2
		die "this failed: $*"
	}
	to=${EPOCHREALTIME/./}
	echo $(((to - from) / 1000))
}

# median FILE: of one number a line.
median() {
	sort -g "$1" | awk '{ v[NR] = $1 }
		END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# calc EXPRESSION: with fractions.
calc() {
	awk "BEGIN { printf \"%.4g\n\", $1 }"
}

# wait_until SECONDS COMMAND ...
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $deadline ] || die "still not so after the deadline: $*"
		sleep 0.05
	done
}

# ---- results ----

# take SERIES NUMBER: adds one measured value.
take() {
	mkdir -p "$work/series"
	echo "$2" >>"$work/series/$1"
}
series_median() {
	median "$work/series/$1"
}

# result ID WHAT AGAINST UNIT IS OTHER LIMIT: OTHER "-" where the limit is absolute,
# otherwise the limit is for IS / OTHER.
result() {
	jq -nc --arg id "$1" --arg what "$2" --arg against "$3" --arg unit "$4" \
		--argjson is "$5" --arg other "$6" --argjson limit "$7" '
		{id: $id, what: $what, against: $against, unit: $unit, is: $is,
		 other: (if $other == "-" then null else ($other | tonumber) end),
		 limit: $limit}
		| .compared = (if .other then .is / .other else .is end)
		| .reached = (.compared <= .limit)' >>"$work/results"
}

write_json() {
	local series=$work/series.json file
	for file in "$work"/series/*; do
		[ ! -f "$file" ] || jq -nc --arg name "${file##*/}" --slurpfile v "$file" \
			'{($name): $v}'
	done | jq -sc add >"$series"
	jq -n --slurpfile results "$work/results" --slurpfile series "$series" \
		--arg at "$(date -u +%FT%TZ)" --arg bardo "$("$bin/bardo" version)" \
		--arg commit "$(git -C "$top" rev-parse HEAD)" \
		--arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
		--argjson cpus "$(nproc)" --arg kernel "$(uname -r)" \
		--arg engine "$(docker version -f '{{.Server.Version}}')" \
		--arg git "$(git --version)" --arg sshd "$(ssh -V 2>&1)" \
		--arg haproxy "$(haproxy -v | head -n 1)" --argjson rounds "$rounds" '
		{at: $at, bardo: $bardo, commit: $commit, rounds: $rounds,
		 machine: {cpu: $cpu, cpus: $cpus, kernel: $kernel, engine: $engine,
			git: $git, sshd: $sshd, haproxy: $haproxy},
		 results: $results, series: $series[0]}'
}

print_table() {
	jq -r '.results[] | [.what, .against, "\(.is) \(.unit)",
		(if .other then "\(.other) \(.unit)" else "-" end),
		(if .other then "\(.compared * 100 | round / 100) x" else "" end),
		"\(.limit)\(if .other then " x" else " \(.unit)" end)",
		(if .reached then "reached" else "MISSED" end)] | @tsv' "$1" |
		awk -F '\t' '
		BEGIN {
			row = "%-34s  %-40s  %12s  %12s  %8s  %10s  %s\n"
			printf row, "what", "against", "bardo", "the other", "is", \
				"at most", ""
		}
		{ printf row, $1, $2, $3, $4, $5, $6, $7 }'
	printf '\nThe single measurements are in %s.\n' "$1"
}

# ---- the Engine, the programs, the client ----

prepare() {
	bin=$work/usr/lib/bardo
	make -s BUILD="$build" all "$build"/tests/bench/{web,asker,delay_link}
	make -s BUILD="$build" DESTDIR="$work" PREFIX=/usr install
	contrib/throwaway-engine start "$work/engine"
	export DOCKER_HOST=unix://$work/engine/docker.sock
	contrib/examples/base-image --import
	make_client
}

make_client() {
	ssh-keygen -q -t ed25519 -N '' -C bench -f "$work/key"
	cat >"$work/ssh_config" <<-END
		Host *
			User root
			IdentityFile $work/key
			IdentitiesOnly yes
			IdentityAgent none
			StrictHostKeyChecking accept-new
			UserKnownHostsFile $work/known_hosts
			LogLevel ERROR
			BatchMode yes
	END
	cat >"$work/gitconfig" <<-END
		[user]
			name = Bench
			email = bench@example.org
		[init]
			defaultBranch = main
		[core]
			bigFileThreshold = 4m
			compression = 0
	END
	export GIT_CONFIG_GLOBAL=$work/gitconfig GIT_CONFIG_NOSYSTEM=1
	export GIT_SSH_COMMAND="ssh -F $work/ssh_config" GIT_TERMINAL_PROMPT=0
}

ssh_to() { # PORT COMMAND ...
	local port=$1
	shift
	ssh -F "$work/ssh_config" -p "$port" 127.0.0.1 "$@"
}

# ---- bardo: each server has a folder of its name ----

# server_start NAME PORTS APPS POOL: with so many ports; bardod with an admin; returns when it serves.
server_start() {
	local home=$work/$1 line='' ports
	ports=$(free_ports "$2")
	mkdir "$home"
	cat >"$home/bardo.conf" <<-END
		[server]
			data = $home/data
		[ssh]
			listen = 0.0.0.0:0
			max-per-address = 100
			logins-per-minute = 60000
		[engine]
			host = $DOCKER_HOST
		[deploy]
			drain = 10s
			bake = 0s
		[proxy]
			bind = 127.0.0.1
			http = off
			https = off
			ports = $ports-$((ports + $2 - 1))
			apps = $3
		[network]
			pool = $4
	END
	mkfifo "$home/ready"
	chmod 666 "$home/ready"
	"$bin/bardod" --config "$home/bardo.conf" >"$home/ready" 2>"$home/log" \
		</dev/null &
	echo $! >"$home/pid"
	IFS= read -r -t 60 line <"$home/ready" || true
	case $line in
	"ready ssh="*) ;;
	*)
		tail -n 20 "$home/log" >&2
		die "bardod did not start"
		;;
	esac
	line=${line#ready ssh=}
	line=${line%% *}
	echo "${line##*:}" >"$home/port"
	bardo "$1" ssh-keys:add bench <"$work/key.pub" >/dev/null
}
server_port() {
	cat "$work/$1/port"
}
bardo() { # SERVER VERB ...
	local server=$1
	shift
	"$bin/bardo" --config "$work/$server/bardo.conf" "$@"
}

# A process that ended but was not waited for counts as gone.
is_gone() {
	local state
	state=$(sed -E 's/.*\) (.).*/\1/' "/proc/$1/stat" 2>/dev/null) || return 0
	[ "$state" = Z ]
}
stop_process() { # PID
	kill "$1" 2>/dev/null || return 0
	wait "$1" 2>/dev/null || true
	wait_until 30 is_gone "$1"
}

server_stop() { # NAME
	local home=$work/$1 proxy
	stop_process "$(cat "$home/pid")"
	proxy=$(cat "$home/data/run/proxy/haproxy.pid" 2>/dev/null) || return 0
	stop_process "$proxy"
}

# The default server: as many apps as bardo is made for.
need_server() {
	[ -d "$work/server" ] || server_start server 100 256 10.233.0.0/17
}

proxy_pid() {
	cat "$work/server/data/run/proxy/haproxy.pid"
}

pss_kb() { # PID ...
	local pid
	for pid; do
		cat "/proc/$pid/smaps_rollup" 2>/dev/null || true
	done | awk '/^Pss:/ { kb += $2 } END { print kb + 0 }'
}

app_of() { # SERVER APP: the URL of what is live
	bardo "$1" lives "$2" --format json | jq -r '[.[] | select(.state == "live")][0].url'
}
has_one_container() { # APP
	[ "$(docker ps -aq --filter "label=bardo.app=$1" | wc -l)" = 1 ]
}
# The deploy before has gone: it must not disturb the next measurement.
wait_settled() { # APP
	wait_until 60 has_one_container "$1"
}

# ---- what bardo is compared with: OpenSSH's server ----

need_sshd() {
	[ ! -f "$work/sshd.port" ] || return 0
	mkdir -p /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$work/sshd_key"
	sshd_port=$(free_ports 1)
	cp "$work/key.pub" "$work/sshd_users"
	cat >"$work/sshd_config" <<-END
		Port $sshd_port
		HostKey $work/sshd_key
		AuthorizedKeysFile $work/sshd_users
		PidFile $work/sshd.pid
		StrictModes no
		UsePAM no
		PermitRootLogin prohibit-password
		PasswordAuthentication no
		MaxStartups 100
	END
	/usr/sbin/sshd -f "$work/sshd_config" -E "$work/sshd.log"
	wait_until 10 test -s "$work/sshd.pid"
	wait_until 10 ssh_to "$sshd_port" true
	echo "$sshd_port" >"$work/sshd.port"
}
sshd_port() {
	cat "$work/sshd.port"
}

# free_ports COUNT: the first of so many in a row on which nobody listens and which this did
# not give before, above those of the other tests, below those of outgoing connections.
free_ports() {
	local port taken
	port=$(cat "$work/next-port" 2>/dev/null || echo 28100)
	while taken=$(ss -Hltn "sport >= :$port and sport < :$((port + $1))" |
		sed -E 's/.*:([0-9]+) +[^ ]+ *$/\1/' | sort -n | tail -n 1) && [ "$taken" ]; do
		port=$((taken + 1))
	done
	[ $((port + $1)) -le 32768 ] || die "no $1 free ports"
	echo $((port + $1)) >"$work/next-port"
	echo "$port"
}

# ---- repositories ----

# new_repository FOLDER: the example, with one commit.
new_repository() {
	cp -r "$top/contrib/examples/hello" "$1"
	git -C "$1" init -q
	write_version "$1" 0
}
write_version() { # FOLDER TEXT
	echo "version $2" >"$1/www/index.html"
	git -C "$1" add -A
	git -C "$1" commit -q -m "Version $2"
}

# ---- the end ----

clean_up() {
	local status=$? pid
	set +e
	for pid in "$work"/*/pid; do
		[ ! -f "$pid" ] || server_stop "$(basename "$(dirname "$pid")")"
	done
	[ ! -s "$work/sshd.pid" ] || stop_process "$(cat "$work/sshd.pid")"
	if declare -F network_remove >/dev/null; then network_remove; fi
	docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1
	# The Engine would leave their bridges behind, and those take the next one's traffic.
	docker network ls -q --filter type=custom |
		xargs -r docker network rm >/dev/null 2>&1
	contrib/throwaway-engine stop "$work/engine"
	if [ "$status" -ne 0 ] && [ "${BENCH_KEEP:-}" ]; then
		say "kept: $work"
	else
		rm -rf "$work"
	fi
	exit "$status"
}
