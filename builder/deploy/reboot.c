#include "builder/deploy/reboot.h"

#include "builder/server.h"
#include "config/app/properties.h"
#include "config/app/variables.h"
#include "config/base/err.h"
#include "config/record/apps.h"

#include <stdio.h>
#include <string.h>

/* The kernel's name for this boot. */
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_SIZE 64

#define NOTED_FAMILY "server"
#define NOTED "boot"

int reboot_is_restored(struct server *s, const struct app *app, bool *is, struct err *err)
{
	char value[PROPERTY_VALUE_SIZE];
	int rc = property_get_own(s->store, app->id, "ps", REBOOT_RESTORE, value, err);

	*is = rc || strcmp(value, "false") != 0;
	return rc;
}

static int read_boot(char out[BOOT_ID_SIZE], struct err *err)
{
	FILE *f = fopen(BOOT_ID, "re");
	bool read = f && fgets(out, BOOT_ID_SIZE, f);

	if (f)
		(void)fclose(f);
	if (!read)
		return err_errno(err, BOOT_ID);
	out[strcspn(out, "\n")] = '\0';
	return 0;
}

int reboot_has_been(struct server *s, bool *has, struct err *err)
{
	char noted[PROPERTY_VALUE_SIZE], now[BOOT_ID_SIZE] = "";
	int rc = property_get_own(s->store, EVERY_APP, NOTED_FAMILY, NOTED, noted, err);

	if (!rc)
		rc = read_boot(now, err);
	*has = !rc && *noted && strcmp(noted, now) != 0;
	return rc;
}

int reboot_note(struct server *s, struct err *err)
{
	char now[BOOT_ID_SIZE];
	int rc = read_boot(now, err);

	return rc ? rc : property_set(s->store, EVERY_APP, NOTED_FAMILY, NOTED, now, err);
}
