#include "builder/life/liveness.h"

#include "builder/check/check.h"
#include "builder/life/body.h"
#include "builder/life/plan.h"
#include "builder/server.h"
#include "config/base/err.h"
#include "config/record/places.h"

#include <cjson/cJSON.h>
#include <string.h>

/* Of a check that names no times: Dokku's three attempts. */
#define TIMEOUT 30000

static bool has_liveness(const struct plan_process *process)
{
	const cJSON *check;

	cJSON_ArrayForEach(check, process->listed_checks)
	{
		if (!strcmp(plan_text(check, "type"), "liveness"))
			return true;
	}
	return false;
}

bool liveness_is_asked(const struct plan *plan)
{
	struct plan_process process;

	for (size_t i = 0; plan_process(plan, i, &process); i++) {
		if (has_liveness(&process))
			return true;
	}
	return false;
}

static int check_place(struct server *s, const struct app *app, const struct plan *plan,
	const struct place *place, const struct mask *mask, struct err *err)
{
	char name[CONTAINER_NAME_SIZE], address[INET_ADDRSTRLEN];
	struct check_failure failure;
	struct plan_process process;
	struct check_options options = {
		.container = place_container_name(app, place, name),
		.address = container_address(s, app, plan, place, address),
		.port = strcmp(place->process, PLAN_WEB) ? 0 : plan_port(plan),
		.timeout = TIMEOUT,
		.mask = mask,
		.liveness = true,
	};
	struct err why = {0};
	int rc;

	/* Scripts and one-off commands are no process types. */
	if (!plan_find_process(plan, place->process, &process) || !has_liveness(&process))
		return 0;
	options.listed = process.listed_checks;
	rc = check_container(s->engine, &options, &failure, &why);
	if (rc != ERR_FAILED || failure.exited)
		return 0;
	return err_set(err, rc, "%s.%d: %s", place->process, place->position, why.msg);
}

int liveness_check(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, const struct mask *mask, struct err *err)
{
	struct place places[CONTAINERS_MAX];
	size_t len;
	int rc = places_read(s->store, app, life->number, places, &len, err);

	for (size_t i = 0; i < len && !rc; i++)
		rc = check_place(s, app, plan, &places[i], mask, err);
	return rc;
}
