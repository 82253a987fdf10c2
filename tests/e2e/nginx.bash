# A real nginx with a site of somebody else's, on the ports of this server's names, that
# passes bardo's names on. For files whose server stands behind it:
#
#	setup_file() { load lib; load nginx; server_start; nginx_start; }
#	teardown_file() { load lib; load nginx; nginx_stop; server_remove; }
# shellcheck shell=bash disable=SC2119,SC2120

NGINX=${SERVER:-}/nginx

# Settings of a server with nginx before it (tests/e2e/lib.bash, write_config).
more_settings() {
	NGINX=$SERVER/nginx
	cat <<-END
		[proxy]
			front = nginx
			front-listen = 127.0.0.1:$(front_port)
			front-command = nginx -p $NGINX -c $NGINX/nginx.conf
	END
}

# nginx_main [LINE of its http block ...]: its configuration, ours included last.
nginx_main() {
	cat >"$NGINX/nginx.conf" <<-END
		worker_processes 2;
		pid $NGINX/pid;
		error_log $NGINX/error.log notice;
		events {}
		http {
			access_log $NGINX/access.log;
			client_body_temp_path $NGINX/tmp;
			proxy_temp_path $NGINX/tmp;
			fastcgi_temp_path $NGINX/tmp;
			uwsgi_temp_path $NGINX/tmp;
			scgi_temp_path $NGINX/tmp;
			default_type text/plain;
			server {
				listen 127.0.0.1:$(http_port);
				server_name other.example.net;
				return 200 "the other site";
			}
			$(printf '%s\n' "$@")
			include $NGINX/sites/*;
		}
	END
}

nginx_run() {
	nginx -p "$NGINX" -c "$NGINX/nginx.conf" "$@" 2>&1
}

# nginx_start: after server_start, which has written the file that is included.
nginx_start() {
	mkdir -p "$NGINX/sites" "$NGINX/tmp"
	ln -sfn "$DATA/run/nginx/bardo.conf" "$NGINX/sites/zz-bardo.conf"
	nginx_main
	nginx_run 3>&-
}
nginx_pid() {
	cat "$NGINX/pid" 2>/dev/null
}
nginx_stop() {
	local pid
	pid=$(nginx_pid) || return 0
	kill "$pid" 2>/dev/null || true
	wait_until 20 is_gone "$pid"
}

# Who answers: a reload would have others.
nginx_workers() {
	tr ' ' '\n' <"/proc/$(nginx_pid)/task/$(nginx_pid)/children" | sort
}
nginx_reloads() {
	grep -c 'SIGHUP) received' "$NGINX/error.log" || true
}
