#include "receiver/bardod/reach.h"

#include "config/base/err.h"
#include "config/paths.h"
#include "config/settings.h"
#include "receiver/bardod/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEEDS_MAX 4

struct need {
	const char *path;
	int mode;	     /* access(2)'s */
	const char *missing; /* what to do when it isn't there */
	const char *closed;  /* or when it is, and closed */
};

struct check {
	const char *user; /* NULL: we ourselves */
	struct need needs[NEEDS_MAX];
	size_t len;
};

static int reaches(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}

/* The first folder on the way to path that can't be gone through, else path itself. */
static void find_obstacle(const char *path, char *out)
{
	(void)snprintf(out, PATH_TEXT_MAX, "%s", path);
	for (char *slash = strchr(out + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (reaches(out, X_OK) < 0)
			return;
		*slash = '/';
	}
}

static int explain(const struct check *c, const struct need *n, struct err *err)
{
	static const char *const rights[] = {
		[R_OK] = "read", [W_OK] = "write to", [X_OK] = "execute or enter"};
	const char *who = c->user ? c->user : "which started bardod";
	char obstacle[PATH_TEXT_MAX];

	if (errno == ENOENT)
		return err_set(
			err, ERR_NOTFOUND, "%s is missing: %s", n->path, n->missing);
	if (errno != EACCES)
		return err_errno(err, "%s", n->path);
	find_obstacle(n->path, obstacle);
	if (strcmp(obstacle, n->path) != 0)
		return err_set(err, ERR_DENIED,
			"the user %s cannot %s %s, for the folder %s is closed to it: "
			"`chmod o+x %s`, or keep it elsewhere",
			who, rights[n->mode], n->path, obstacle, obstacle);
	return err_set(err, ERR_DENIED, "the user %s cannot %s %s: %s", who,
		rights[n->mode], n->path, n->closed);
}

static int check_needs(void *data, struct err *err)
{
	const struct check *c = data;

	for (size_t i = 0; i < c->len; i++) {
		if (reaches(c->needs[i].path, c->needs[i].mode) < 0)
			return explain(c, &c->needs[i], err);
	}
	return 0;
}

static int check_as(const struct privilege_user *user, struct check *c, struct err *err)
{
	c->user = user ? user->name : NULL;
	return privilege_run_as(user, check_needs, c, err);
}

int reach_programs(const struct programs *p, struct err *err)
{
	static const char build[] = "`make` builds it, `make install` installs it";
	static const char mode[] = "`make install` gives it the right mode";
	const char *config = getenv("BARDO_CONFIG");
	struct check server = {
		.needs =
			{
				{p->bardo, X_OK, build, mode},
				{p->hooks, X_OK, build, mode},
				{config, R_OK, "--config names the settings file",
					"give it the file (chgrp) and let it read (chmod "
					"g+r)"},
			},
		.len = config && *config ? 3 : 2,
	};
	struct check net = {.needs = {{p->ssh, X_OK, build, mode}}, .len = 1};
	int rc = check_as(programs_server_user(p), &server, err);

	return rc ? rc : check_as(programs_net_user(p), &net, err);
}

int reach_data(const struct programs *p, const struct settings *s, struct err *err)
{
	static const char restart[] = "start bardod again, which makes it";
	static const char owner[] = "give it the whole folder (chown -R)";
	char keys[PATH_TEXT_MAX], ed25519[PATH_TEXT_MAX + 32], rsa[PATH_TEXT_MAX + 32];
	struct check server = {
		.needs = {{s->server_data, W_OK, restart, owner},
			{s->server_data, X_OK, restart, owner}},
		.len = 2,
	};
	struct check net = {
		.needs = {{keys, X_OK, restart, owner}, {ed25519, R_OK, restart, owner},
			{rsa, R_OK, restart, owner}},
		.len = 3,
	};
	int rc = check_as(programs_server_user(p), &server, err);

	(void)path_host_keys(s, keys);
	(void)snprintf(ed25519, sizeof(ed25519), "%s/ssh_host_ed25519_key", keys);
	(void)snprintf(rsa, sizeof(rsa), "%s/ssh_host_rsa_key", keys);
	return rc ? rc : check_as(programs_net_user(p), &net, err);
}
