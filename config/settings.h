#ifndef BARDO_CONFIG_SETTINGS_H
#define BARDO_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;

/*
 * The server's settings: a file in git-config syntax, then `-c section.key=value`, over
 * the defaults of the table in settings.c, which also names each key for people.
 * Durations are milliseconds, sizes bytes.
 */

#define SETTING_TEXT_MAX 512
#define SETTING_OFF "off"	/* for proxy.http and proxy.https: listen nowhere */
#define SETTING_NGINX "nginx"	/* for proxy.front */
#define SETTING_NO_PROXY "none" /* for proxy.driver */

/* What is read, if it can be, where no file is named. */
#define SETTINGS_FILE_DEFAULT "/etc/bardo.conf"

struct settings {
	char server_data[SETTING_TEXT_MAX];
	char server_hostname[SETTING_TEXT_MAX]; /* "": what the client connected to */
	bool server_create_on_push;
	char ssh_listen[SETTING_TEXT_MAX];
	int64_t ssh_max_connections;
	int64_t ssh_max_per_address;
	int64_t ssh_logins_per_minute; /* new connections an address a minute */
	int64_t ssh_login_grace;
	int64_t ssh_max_tries;
	char http_listen[SETTING_TEXT_MAX];
	int64_t git_max_pack_size;
	char engine_host[SETTING_TEXT_MAX];
	int64_t engine_timeout; /* silent for so long, it hangs */
	char build_dockerfile[SETTING_TEXT_MAX];
	char build_dir[SETTING_TEXT_MAX];
	int64_t build_timeout;
	char build_builder[SETTING_TEXT_MAX]; /* buildkit, classic */
	int64_t build_min_free;		      /* refuse a push when the disk has less */
	int64_t check_timeout;		      /* to prove that a new life works */
	int64_t deploy_drain;
	int64_t deploy_bake;	    /* how long the life before stays, to fall back to */
	int64_t deploy_keep_images; /* an app's newest tags; older ones are removed */
	int64_t events_keep;	    /* of each kind */
	char proxy_driver[SETTING_TEXT_MAX];
	char proxy_bind[SETTING_TEXT_MAX]; /* address that the apps' ports are bound on */
	char proxy_http[SETTING_TEXT_MAX];
	char proxy_https[SETTING_TEXT_MAX];
	char proxy_front[SETTING_TEXT_MAX]; /* off, nginx: stands before the proxy */
	char proxy_front_listen[SETTING_TEXT_MAX];  /* where the proxy waits for it */
	char proxy_front_file[SETTING_TEXT_MAX];    /* "": under server.data */
	char proxy_front_command[SETTING_TEXT_MAX]; /* nginx and its first arguments */
	char proxy_ports[SETTING_TEXT_MAX];
	int64_t proxy_port_first, proxy_port_last; /* out of proxy_ports */
	char proxy_published[SETTING_TEXT_MAX];	   /* ports of apps with proxy:disable */
	int64_t proxy_published_first, proxy_published_last; /* out of that */
	int64_t proxy_apps;
	int64_t proxy_timeout;
	char network_pool[SETTING_TEXT_MAX];
	uint32_t network_base; /* out of network_pool, host byte order */
	int network_bits;
};

/* false: proxy.driver is none, and nothing stands before any app. */
bool settings_have_proxy(const struct settings *s);

/* Reads the file (NULL: defaults only) and then the overrides. Unknown keys and bad
 * values are ERR_USAGE that names the file and the line, or the -c. */
int settings_load(struct settings *s, const char *file, const char *const *overrides,
	size_t overrides_len, struct err *err);

/* One "section.key=value" a line, resolved, for bardod and for people. 0, or -1. */
int settings_print(const struct settings *s, FILE *to);

/*
 * How settings reach the processes that we start: the file's path and the overrides in
 * the environment, as BARDO_CONFIG and BARDO_OVERRIDES (lines), until bardod has resolved
 * them. It gives its children BARDO_SETTINGS, settings_print's lines, which stand alone:
 * to read the file anew takes a command longer than all else that a small one does.
 */
int settings_export(const char *file, const char *const *overrides, size_t overrides_len,
	struct err *err);
int settings_load_exported(struct settings *s, struct err *err);

#endif
