#ifndef BARDO_RECEIVER_STORAGE_H
#define BARDO_RECEIVER_STORAGE_H

#include <stdbool.h>

#include "builder/life/plan.h"
#include "config/app/listed.h"

struct app;
struct cJSON;
struct err;
struct request;
struct volume;

/* What the storage commands share: what is mounted where, and whose volume is whose. */

struct storage_mount {
	char source[LISTED_TEXT_MAX + 1];
	char target[LISTED_TEXT_MAX + 1]; /* "": any, to unmount */
	char options[PLAN_MOUNT_OPTIONS_SIZE];
	const char *phase; /* "" both */
	const char *process;
};

/* Takes "SOURCE[:/PATH[:OPTIONS]]" apart; phase and process stay. ERR_USAGE. */
int storage_split(const char *text, struct storage_mount *m, struct err *err);

/* The options of storage:mount and storage:unmount. */
struct storage_words {
	const char *directory, *options, *process, *subpath; /* NULL: not said */
	char phases[64]; /* with commas between; "" none was said */
	bool read_only, replace, all;
};

/* Takes them out of the request's words; what stays are the app and at least one mount
 * (mounts: one, unless there is --replace), with --all none. ERR_USAGE. */
int storage_take_words(struct request *r, struct storage_words *w, bool mounts,
	struct app *app, struct err *err);

/* The mount that a word and the options mean; its phase and process are borrowed from
 * them. ERR_USAGE. */
int storage_read_mount(struct storage_mount *m, const char *text,
	const struct storage_words *w, struct err *err);

/* ERR_USAGE: no folder of a container that something could be mounted at. */
int storage_check_target(const char *target, struct err *err);

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
