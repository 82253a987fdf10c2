#include "builder/deploy/branch.h"

#include "builder/git/ref.h"
#include "builder/server.h"
#include "config/base/err.h"
#include "config/base/log.h"
#include "config/paths.h"
#include "config/record/lives.h"

#include <string.h>

int branch_follow_record(struct server *s, const struct app *app, struct err *err)
{
	char repository[PATH_TEXT_MAX], now[COMMIT_SIZE];
	struct life last;
	int rc;

	(void)path_repository(s->settings, app, repository);
	rc = ref_remove_stale_locks(repository, err);
	if (rc)
		return rc;
	rc = life_find_last_push(s->store, app, &last, NULL);
	if (rc)
		return rc == ERR_NOTFOUND ? 0 : err_set(err, rc, "cannot read the lives");
	rc = ref_read(repository, last.ref, now, err);
	if (rc || !strcmp(now, last.commit))
		return rc;
	log_info("%s: moving %s to %.12s of life %d", app->name, last.ref, last.commit,
		last.number);
	return ref_force(repository, last.ref, last.commit, err);
}
