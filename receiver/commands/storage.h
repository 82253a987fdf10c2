#ifndef BARDO_RECEIVER_STORAGE_H
#define BARDO_RECEIVER_STORAGE_H

#include <stdbool.h>

struct app;
struct cJSON;
struct err;
struct request;
struct volume;

/* What the storage commands share: whose volume is whose. */

/* Whether the user may mount, show and take away a volume: the owner of its app may, and
 * server admins. ERR_DENIED in the same words whether there is one or not. */
int storage_check_volume(struct request *r, const struct volume *v, struct err *err);

/* The volume of this name, if the user may have it. ERR_NOTFOUND is for those who may
 * know. */
int storage_find_volume(
	struct request *r, const char *name, struct volume *out, struct err *err);

/* storage:list-entries. */
int storage_list_all(struct request *r, bool json, struct err *err);

/* Makes a volume of this name for the app, or finds one that it may have. */
int storage_have_volume(
	struct request *r, const struct app *app, const char *name, struct err *err);

/* A folder of the host that could be mounted, by a server admin. */
int storage_check_path(struct request *r, const char *path, struct err *err);

/* Adds a life's number to the "lives" of an entry, once. */
void storage_add_life(struct cJSON *entry, int life);

/* "1-3, 5": out of the "lives" of an entry. */
void storage_lives_text(const struct cJSON *entry, char *out, int size);

#endif
