#include "builder/doctor/private.h"

#include "builder/server.h"
#include "config/base/err.h"
#include "config/lock.h"
#include "config/paths.h"
#include "config/people/users.h"
#include "config/record/lives.h"
#include "config/settings.h"
#include "config/store.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What the record says of people, lives and settings. */

void doctor_check_people(const struct doctor *d)
{
	struct err err = {0};
	bool have = false;

	if (users_check_snapshot(d->server->store, d->server->settings, &err) < 0)
		doctor_tell(d, "keys", DOCTOR_PROBLEM,
			"`bardo reconcile` on the host writes it anew", "%s", err.msg);
	else
		doctor_tell(d, "keys", DOCTOR_OK, "",
			"logins know the keys that are recorded");
	if (users_have_admin(d->server->store, &have, &err) < 0)
		doctor_tell(d, "admins", DOCTOR_PROBLEM, "", "%s", err.msg);
	else if (!have)
		doctor_tell(d, "admins", DOCTOR_WARNING,
			"on the host: bardo ssh-keys:add NAME --admin < KEY.pub",
			"nobody can log in as a server admin");
}

/* ---- lives ---- */

struct unfinished {
	const struct doctor *doctor;
	const struct app *app;
	int found;
};

static int tell_unfinished(void *ctx, const struct life *life)
{
	struct unfinished *u = ctx;
	char todo[NAME_SIZE + 64];

	if (life->state == LIFE_DRAINING)
		return 0;
	u->found++;
	(void)snprintf(
		todo, sizeof(todo), "on the host: bardo reconcile %s", u->app->name);
	doctor_tell(u->doctor, "lives", DOCTOR_PROBLEM, todo,
		"life %d of %s is %s, and nobody is at it: its deploy was killed",
		life->number, u->app->name, life_state_name(life->state));
	return 0;
}

/* Whoever deploys holds the lock; a life that is unfinished while we do is left over. */
static int look_at_app(void *ctx, const struct app *app)
{
	struct unfinished *u = ctx;
	struct server *s = u->doctor->server;
	char path[PATH_TEXT_MAX];
	int lock = lock_open(path_app_lock(s->settings, app, path), NULL);

	u->app = app;
	if (lock < 0)
		return 0;
	if (lock_try(lock, NULL) == 0)
		(void)lives_each_unfinished(s->store, app, tell_unfinished, u, NULL);
	(void)close(lock);
	return 0;
}

void doctor_check_lives(const struct doctor *d)
{
	struct unfinished u = {.doctor = d};
	struct err err = {0};

	if (apps_each(d->server->store, look_at_app, &u, &err) < 0)
		doctor_tell(d, "lives", DOCTOR_PROBLEM, "", "%s", err.msg);
	else if (!u.found)
		doctor_tell(d, "lives", DOCTOR_OK, "", "no deploy was left unfinished");
}

/* ---- settings ---- */

void doctor_check_settings(const struct doctor *d)
{
	static const struct {
		const char *key;
		size_t offset;
		const char *fallback;
	} idle[] = {
		{"http.listen", offsetof(struct settings, http_listen), "127.0.0.1:8080"},
	};
	const struct settings *set = d->server->settings;

	for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++) {
		const char *value = (const char *)set + idle[i].offset;

		if (strcmp(value, idle[i].fallback))
			doctor_tell(d, "settings", DOCTOR_WARNING,
				"take it out of the settings",
				"%s = %s has no effect yet", idle[i].key, value);
	}
	if (!*set->server_hostname)
		doctor_tell(d, "settings", DOCTOR_WARNING,
			"set server.hostname to the name by which visitors reach this "
			"machine",
			"server.hostname is not set: URLs have the address that somebody "
			"deployed from");
}
