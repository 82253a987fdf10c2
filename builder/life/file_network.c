#include "builder/life/file_network.h"

#include "builder/recipe/recipe.h"
#include "config/base/err.h"
#include "config/people/roles.h"
#include "config/people/users.h"
#include "config/record/apps.h"
#include "config/record/networks.h"

#include <stddef.h>

static int find_other(void *ctx, const struct user *u, enum role role)
{
	(void)ctx;
	return role >= ROLE_DEPLOY && !u->admin;
}

/* The host's shell is a server admin's. */
static int find_maker(struct store *s, const struct shared_network *n, struct user *out,
	struct err *err)
{
	int rc;

	if (n->user_id <= 0) {
		out->admin = n->user_id == 0;
		return 0;
	}
	rc = users_find(s, n->user, out, err);
	return rc == ERR_NOTFOUND ? 0 : rc;
}

int file_network_check(
	struct store *s, const struct app *app, const char *name, struct err *err)
{
	struct shared_network network;
	enum role role = ROLE_NONE;
	struct user maker = {.admin = false};
	int rc = shared_network_find(s, name, &network, err);

	if (!rc)
		rc = find_maker(s, &network, &maker, err);
	if (!rc)
		rc = role_find(s, network.user_id, app->id, &role, err);
	if (!rc && role == ROLE_OWNER)
		return 0;
	if (!rc && maker.admin) {
		rc = roles_each(s, app->id, find_other, NULL, err);
		if (rc <= 0)
			return rc;
	}
	if (rc < 0 && rc != ERR_NOTFOUND)
		return rc;
	/* The same words for one that isn't there: whoever pushes learns nothing. */
	return err_set(err, ERR_FAILED,
		RECIPE_BARDO_JSON
		": there is no network %s of an owner of %s: who made it "
		"lets the app in with network:set %s "
		"attach-post-create %s",
		name, app->name, app->name, name);
}
