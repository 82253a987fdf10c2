#include "builder/secrets.h"

#include "builder/mask.h"
#include "builder/server.h"
#include "config/app/secrets.h"
#include "config/base/err.h"
#include "config/base/log.h"
#include "config/store.h"

#include <stdio.h>
#include <string.h>

struct adding {
	struct mask *mask;
	struct err *err;
};

static int add(void *ctx, const char *value)
{
	const struct adding *a = ctx;

	return mask_add(a->mask, value, a->err);
}

int secrets_mask_with(struct server *s, int64_t app_id, secrets_more *more, void *ctx,
	struct mask **out, struct err *err)
{
	struct adding a = {.err = err};
	int rc = mask_create(&a.mask, err);

	if (!rc)
		rc = secrets_each(s->store, app_id, add, &a, err);
	if (!rc && more)
		rc = more(ctx, a.mask, err);
	if (!rc)
		rc = mask_ready(a.mask, err);
	if (rc)
		mask_destroy(a.mask);
	else
		*out = a.mask;
	return rc;
}

int secrets_mask(struct server *s, int64_t app_id, struct mask **out, struct err *err)
{
	return secrets_mask_with(s, app_id, NULL, NULL, out, err);
}

/* Kept as long as the database is as it was: a server in trouble logs many lines. */
static int read_all(struct server *s, struct err *err)
{
	int64_t version = store_version(s->store);
	struct mask *mask;
	int rc;

	if (s->secrets && s->secrets_version == version)
		return 0;
	rc = secrets_mask(s, SECRETS_OF_ALL, &mask, err);
	if (rc)
		return rc;
	mask_destroy(s->secrets);
	s->secrets = mask;
	s->secrets_version = version;
	return 0;
}

void secrets_hide(struct server *s, char *text, size_t size)
{
	struct err err = {0};

	if (!s->store)
		return;
	if (read_all(s, &err) == 0)
		mask_field(s->secrets, text, size);
	else
		(void)snprintf(text, size,
			"a message that is not shown, since what is secret can't be "
			"read: %.200s",
			err.msg);
}

static void filter(void *ctx, char *text, size_t size)
{
	secrets_hide(ctx, text, size);
}

void secrets_guard_log(struct server *s)
{
	log_filter(filter, s);
}

void secrets_finish(struct server *s)
{
	log_filter(NULL, NULL);
	mask_destroy(s->secrets);
	s->secrets = NULL;
}
