# A login and a trivial command, the client's own time included.
# shellcheck shell=bash disable=SC2154

measure_login() {
	local n ms
	need_server
	need_sshd
	for n in $(seq 0 $((2 * rounds))); do
		ms=$(timed ssh_to "$(server_port server)" version)
		[ "$n" = 0 ] || take login.bardo "$ms"
		ms=$(timed ssh_to "$(sshd_port)" true)
		[ "$n" = 0 ] || take login.sshd "$ms"
	done
	result login 'login + version' 'OpenSSH sshd: login + true' ms \
		"$(series_median login.bardo)" "$(series_median login.sshd)" 0.35
}
