#include "builder/doctor/private.h"

#include "builder/life/expiry.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <stdio.h>

struct certificates {
	const struct doctor *doctor;
	int all, found;
};

static int look_at(void *ctx, const struct app *app, const struct certificate *c)
{
	struct certificates *seen = ctx;
	enum expiry how = expiry_of(c, clock_unix_ms());
	char when[CLOCK_TEXT_MAX], todo[NAME_SIZE + 64];

	seen->all++;
	if (how == EXPIRY_FAR)
		return 0;
	seen->found++;
	clock_format(c->ends_at, when);
	(void)snprintf(todo, sizeof(todo), "get a new one, and: certs:add %s", app->name);
	if (how == EXPIRY_OVER)
		doctor_tell(seen->doctor, "certificates", DOCTOR_PROBLEM, todo,
			"the certificate of %s expired %s: browsers refuse %s", app->name,
			when, c->names);
	else
		doctor_tell(seen->doctor, "certificates", DOCTOR_WARNING, todo,
			"the certificate of %s expires %s, in less than %d days",
			app->name, when,
			how == EXPIRY_NEAR ? EXPIRY_NEAR_DAYS : EXPIRY_SOON_DAYS);
	return 0;
}

void doctor_check_certificates(const struct doctor *d)
{
	struct certificates seen = {.doctor = d};
	struct err err = {0};

	if (expiry_each(d->server, look_at, &seen, &err) < 0)
		doctor_tell(d, "certificates", DOCTOR_PROBLEM, "", "%s", err.msg);
	else if (!seen.found)
		doctor_tell(d, "certificates", DOCTOR_OK, "",
			"of %d certificates none expires within %d days", seen.all,
			EXPIRY_SOON_DAYS);
}
