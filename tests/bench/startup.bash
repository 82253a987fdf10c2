# What it costs to start bardo for a command that does next to nothing: beside a program
# of the same libraries that does nothing either, and at 1,000 apps beside one.
# shellcheck shell=bash disable=SC2154

startup_times=10
startup_apps=1000

measure_startup() {
	local n
	server_start few 1001 1001 10.235.0.0/17
	server_start lots 1001 1001 10.235.128.0/17
	bardo few apps:create only >/dev/null
	for n in $(seq $startup_apps); do
		bardo lots apps:create "app$n" >/dev/null
	done
	for n in $(seq 0 "$rounds"); do
		startup_take "$n" version "$bin/bardo" version
		startup_take "$n" git git --version
		startup_take "$n" docker docker --version
		startup_take "$n" few bardo few apps:list
		startup_take "$n" lots bardo lots apps:list
	done
	startup_results
}

# The time of one run, out of several in a row: a millisecond is too coarse.
startup_take() { # ROUND SERIES COMMAND ...
	local round=$1 series=$2 ms
	shift 2
	ms=$(timed repeat $startup_times "$@")
	[ "$round" = 0 ] || take "startup.$series" "$(calc "$ms / $startup_times")"
}

repeat() { # TIMES COMMAND ...
	local n times=$1
	shift
	for n in $(seq "$times"); do "$@" || return; done
}

startup_results() {
	result startup.version 'bardo version' 'docker --version' ms \
		"$(series_median startup.version)" "$(series_median startup.docker)" 1
	result startup.list "apps:list at $startup_apps apps" 'at 1 app' ms \
		"$(series_median startup.lots)" "$(series_median startup.few)" 1.5
}
