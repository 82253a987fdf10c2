#include "builder/front/front.h"

#include "builder/front/nginx.h"
#include "builder/front/probe.h"
#include "builder/front/sites.h"
#include "builder/proxy/config.h"
#include "builder/server.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/paths.h"
#include "config/settings.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char empty[] = "# Written by bardo: no name is served yet.\n";

char *front_file(const struct server *s, char *out)
{
	if (!*s->settings->proxy_front_file)
		return path_run(s->settings, "nginx/bardo.conf", out);
	(void)snprintf(out, PATH_TEXT_MAX, "%s", s->settings->proxy_front_file);
	return out;
}

/* What nginx took last, to go back to. */
static char *proven_file(const struct server *s, char *out)
{
	return path_run(s->settings, "nginx/proven", out);
}

static int write_text(const char *path, const char *text, struct err *err)
{
	return io_replace_file(path, 0600, text, strlen(text), err);
}

/* A change of the names. */
struct change {
	const struct server *server;
	const struct front_site *sites;
	size_t len;
	struct sites next;
	struct buf text, proven; /* next's, and what nginx has */
	char file[PATH_TEXT_MAX];
};

static bool file_is(const char *path, const char *text)
{
	struct buf b;
	bool same;

	buf_init(&b, SITES_TEXT_MAX);
	same = io_read_file(path, &b, NULL) == 0 && !strcmp(buf_text(&b), text);
	buf_finish(&b);
	return same;
}

/* What nginx is to read, should it be started now: only what it has taken before. */
static void go_back(const struct change *c)
{
	(void)write_text(c->file, c->proven.len ? c->proven.data : empty, NULL);
}

/* nginx warns of a name that two sites have, and leaves the one out that it reads last:
 * ours could take another site's visitors. Such a name of text's that known (NULL: none)
 * doesn't have, and nginx's line for why; false: there is none. */
static bool find_conflict(
	const char *says, const char *text, const char *known, struct err *why)
{
	static const char words[] = "conflicting server name \"";

	for (const char *at = says; (at = strstr(at, words));) {
		char name[DOMAIN_SIZE];
		const char *line = at;

		at += strlen(words);
		while (line > says && line[-1] != '\n')
			line--;
		(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, "\"\n"), at);
		if (!sites_has(text, name) || (known && sites_has(known, name)))
			continue;
		(void)err_set(why, ERR_FAILED,
			"nginx has another site with this name: %.*s",
			(int)strcspn(line, "\n"), line);
		return true;
	}
	return false;
}

/* Whether nginx would take the configuration as it stands there. */
static int judge(const struct change *c, bool *included, struct err *err)
{
	char marker[DOMAIN_SIZE];
	struct nginx_answer a;
	int rc;

	nginx_answer_init(&a);
	rc = nginx_test(
		c->server->settings, sites_marker(c->next.generation, marker), &a, err);
	*included = a.is_included;
	if (!rc && a.status)
		rc = err_set(
			err, ERR_FAILED, "nginx refuses it: %s", nginx_complaint(&a));
	/* One that we have had before is told by doctor, and keeps no other from
	 * visitors.
	 */
	if (!rc &&
		find_conflict(buf_text(&a.says), c->text.data, buf_text(&c->proven), err))
		rc = ERR_FAILED;
	nginx_answer_finish(&a);
	return rc;
}

static int tell_left_out(const struct change *c, struct err *err)
{
	return err_set(err, ERR_AWAY,
		"nginx does not include %s: it must stand in its http block, behind the "
		"other sites (`bardo doctor` says how)",
		c->file);
}

/* Its file has been judged: has nginx serve it, and sees that it does. */
static int put_into_force(const struct change *c, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int rc = nginx_reload(c->server->settings, err);

	if (rc)
		return rc;
	rc = probe_await(c->server, c->next.generation, err);
	if (rc) {
		go_back(c);
		(void)nginx_reload(c->server->settings, NULL);
		return rc;
	}
	rc = write_text(proven_file(c->server, path), c->text.data, err);
	if (!rc)
		sites_tidy(c->server, c->text.data);
	return rc;
}

static int change(const struct change *c, struct err *err)
{
	bool included;
	int rc = write_text(c->file, c->text.data, err);

	if (rc)
		return err_prefix(err, "the file of proxy.front-file: ");
	rc = judge(c, &included, err);
	if (rc) {
		go_back(c);
		return rc;
	}
	return included ? put_into_force(c, err) : tell_left_out(c, err);
}

static int serve(struct change *c, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int rc;

	c->next.text = &c->text;
	rc = sites_write(&c->next, c->server, c->sites, c->len, err);
	if (rc)
		return rc;
	(void)io_read_file(proven_file(c->server, path), &c->proven, NULL);
	if (!strcmp(buf_text(&c->proven), c->text.data) && file_is(c->file, c->text.data))
		return 0;
	return change(c, err);
}

int front_serve(const struct server *s, const struct front_site *sites, size_t len,
	struct err *err)
{
	struct change c = {.server = s, .sites = sites, .len = len};
	int rc;

	if (!haproxy_is_behind_nginx(s->settings))
		return 0;
	buf_init(&c.text, SITES_TEXT_MAX);
	buf_init(&c.proven, SITES_TEXT_MAX);
	(void)front_file(s, c.file);
	rc = serve(&c, err);
	buf_finish(&c.text);
	buf_finish(&c.proven);
	return rc;
}

/* ---- for doctor ---- */

/* The generation that a text says it is; "" if it is none of ours. */
static void find_generation(const char *text, char out[SITES_GENERATION_SIZE])
{
	char marker[DOMAIN_SIZE];
	const char *at = strstr(text, sites_marker("", marker));

	(void)snprintf(out, SITES_GENERATION_SIZE, "%s", at ? at + strlen(marker) : "");
}

static enum front_state look_at_configuration(
	const struct server *s, const char *text, const char *generation, struct err *why)
{
	char marker[DOMAIN_SIZE];
	struct nginx_answer a;
	enum front_state state = FRONT_SERVES;

	nginx_answer_init(&a);
	if (nginx_test(s->settings, sites_marker(generation, marker), &a, why)) {
		state = FRONT_AWAY;
	} else if (a.status) {
		state = FRONT_REFUSED;
		(void)err_set(why, ERR_FAILED, "nginx refuses its configuration: %s",
			nginx_complaint(&a));
	} else if (!*generation || !a.is_included) {
		state = FRONT_LEFT_OUT;
		(void)err_set(why, ERR_FAILED, "nginx does not include bardo's file");
	} else if (find_conflict(buf_text(&a.says), text, NULL, why)) {
		state = FRONT_CONFLICT;
	}
	nginx_answer_finish(&a);
	return state;
}

static enum front_state look(
	const struct server *s, const char *text, const char *wanted, struct err *why)
{
	char generation[SITES_GENERATION_SIZE], shown[SITES_GENERATION_SIZE];
	enum front_state state;

	find_generation(text, generation);
	state = look_at_configuration(s, text, generation, why);
	if (state != FRONT_SERVES)
		return state;
	if (probe_generation(s, shown, why))
		return FRONT_STOPPED;
	if (strcmp(shown, generation) != 0) {
		(void)err_set(why, ERR_FAILED, "nginx runs with an older configuration");
		return FRONT_OLD;
	}
	if (strcmp(text, wanted) != 0) {
		(void)err_set(why, ERR_FAILED,
			"nginx serves the names, or certificates, of before");
		return FRONT_BEHIND;
	}
	return FRONT_SERVES;
}

enum front_state front_look(const struct server *s, const struct front_site *sites,
	size_t len, struct err *why)
{
	char path[PATH_TEXT_MAX];
	enum front_state state = FRONT_AWAY;
	struct buf text, wanted;
	struct sites w = {.text = &wanted, .only_text = true};

	buf_init(&text, SITES_TEXT_MAX);
	buf_init(&wanted, SITES_TEXT_MAX);
	(void)io_read_file(front_file(s, path), &text, NULL);
	if (!sites_write(&w, s, sites, len, why))
		state = look(s, buf_text(&text), wanted.data, why);
	buf_finish(&wanted);
	buf_finish(&text);
	return state;
}
