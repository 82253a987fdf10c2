# What a deploy costs on a server with 1,000 apps, against one with a single app; two
# servers in turn.
# shellcheck shell=bash disable=SC2154

apps_many=1000

measure_apps() {
	local n kind
	server_start one 1001 1001 10.234.0.0/17
	server_start many 1001 1001 10.234.128.0/17
	for n in $(seq $((apps_many - 1))); do
		bardo many apps:create "app$n" >/dev/null
	done
	for kind in one many; do
		new_repository "$work/apps.$kind"
		git -C "$work/apps.$kind" remote add to \
			"ssh://127.0.0.1:$(server_port $kind)/only-$kind"
	done
	for n in $(seq 0 "$rounds"); do
		for kind in one many; do
			apps_deploy $kind "$n"
		done
	done
	result apps "deploy at $apps_many apps" 'at 1 app' ms \
		"$(series_median apps.many)" "$(series_median apps.one)" 1.1
}

apps_deploy() { # KIND ROUND
	local ms
	write_version "$work/apps.$1" "$1 $2"
	ms=$(timed git -C "$work/apps.$1" push -q to main)
	wait_settled "only-$1"
	[ "$2" = 0 ] || take "apps.$1" "$ms"
}
