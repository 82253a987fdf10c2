#ifndef BARDO_BUILDER_REBOOT_H
#define BARDO_BUILDER_REBOOT_H

#include <stdbool.h>

struct app;
struct err;
struct server;

/* Apps that stay stopped after a reboot of the machine: a property of ps. */

#define REBOOT_RESTORE "restore"

/* Whether the app is started again after a reboot: true unless it was set to false. */
int reboot_is_restored(
	struct server *s, const struct app *app, bool *is, struct err *err);

/* Whether the machine was booted after reboot_note was last called; false if it never
 * was. */
int reboot_has_been(struct server *s, bool *has, struct err *err);

/* What is to stay stopped after this boot is. */
int reboot_note(struct server *s, struct err *err);

#endif
