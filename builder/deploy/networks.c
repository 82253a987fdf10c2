#include "builder/deploy/passage.h"

#include "builder/life/life.h"
#include "builder/server.h"
#include "config/app/listed.h"
#include "config/base/err.h"
#include "config/people/users.h"
#include "config/record/networks.h"

#include <cjson/cJSON.h>
#include <string.h>

/* A file in a repository may ask for a network that apps share; whether the app may have
 * it is not the repository's to say. */

struct search {
	const char *name;
	bool found;
};

static int find_set(void *ctx, const struct listed *l)
{
	struct search *s = ctx;

	s->found = s->found || !strcmp(l->text, s->name);
	return 0;
}

/* Somebody who may has set it (network:set), or it was let in with the life that serves.
 */
static int is_granted(struct passage *p, const char *name, bool *granted, struct err *err)
{
	struct search search = {.name = name};
	struct plan before = {0};
	const cJSON *one;
	int rc = listed_each(
		p->server->store, p->app->id, LISTED_NETWORK, find_set, &search, err);

	if (!rc && !search.found && p->before.number &&
		life_read_plan(p->server, &p->before, &before, NULL) == 0) {
		cJSON_ArrayForEach(one, plan_part(&before, "networks"))
		{
			if (!strcmp(cJSON_GetStringValue(one), name))
				search.found = true;
		}
	}
	plan_finish(&before);
	*granted = search.found;
	return rc;
}

/* Who made the network, a server admin, or the host's shell, which has no key. A push's
 * own process knows no more of its user than the name. */
static bool may_have(struct passage *p, const struct shared_network *n)
{
	struct user user = {0};

	if (!*p->d->key || !strcmp(n->user, p->d->user->name))
		return true;
	return users_find(p->server->store, p->d->user->name, &user, NULL) == 0 &&
		user.admin;
}

static int check_network(struct passage *p, const char *name, struct err *err)
{
	struct shared_network network;
	bool granted = false;
	int rc = is_granted(p, name, &granted, err);

	if (rc || granted)
		return rc;
	rc = shared_network_find(p->server->store, name, &network, err);
	if (rc || may_have(p, &network))
		return rc;
	return err_set(err, ERR_FAILED,
		"the network %s is %s's: they, or a server admin, let the app in by "
		"network:set %s attach-post-create %s",
		name, network.user, p->app->name, name);
}

int passage_check_networks(struct passage *p, struct err *err)
{
	const cJSON *one;
	int rc = 0;

	cJSON_ArrayForEach(one,
		cJSON_GetObjectItemCaseSensitive(p->recipe.configuration, "networks"))
	{
		if (!rc)
			rc = check_network(p, cJSON_GetStringValue(one), err);
	}
	return rc;
}
