#ifndef BARDO_CONFIG_LIVES_H
#define BARDO_CONFIG_LIVES_H

#include "config/people/users.h"
#include "config/record/apps.h"
#include "config/record/events.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct store;

/* Lives in the record. Every step is written here before it is taken; who writes holds
 * the app's lock. */

#define COMMIT_SIZE 41
#define VERSION_SIZE 128
#define TAG_SIZE 192
#define IMAGE_ID_SIZE 80
#define URL_SIZE 600

enum life_state {
	LIFE_QUEUED,
	LIFE_BUILDING,
	LIFE_RELEASING,
	LIFE_STARTING,
	LIFE_CHECKING,
	LIFE_LIVE,
	LIFE_DRAINING,
	LIFE_RETIRED,
	LIFE_FAILED,
};

const char *life_state_name(enum life_state state);

struct life {
	int64_t app_id;
	int number;
	enum life_state state;
	char commit[COMMIT_SIZE];
	char version[VERSION_SIZE]; /* the nearest git tag; "" none */
	char tag[TAG_SIZE];	    /* bardo/APP:…; "" before there is an image */
	char image_id[IMAGE_ID_SIZE];
	char user[NAME_SIZE];
	char key[KEY_FINGERPRINT_SIZE]; /* "" from the host's shell */
	char peer[EVENT_PEER_SIZE];	/* the client's address, likewise */
	char source[16];		/* push, revive, rebuild */
	char ref[BRANCH_SIZE];		/* the branch that it moves to commit; "" none */
	char url[URL_SIZE];
	char reason[512];		       /* why it failed, or why it was made */
	int64_t created_at, live_at, ended_at; /* 0: not yet */
};

/* Gives the life the app's next number and writes it as queued. app->last_life follows.
 */
int life_create(struct store *s, struct app *app, struct life *life, struct err *err);

/* ERR_NOTFOUND: the message names app and number. */
int life_find(struct store *s, const struct app *app, int number, struct life *out,
	struct err *err);

/* The newest life below `before` that was live and ended well; ERR_NOTFOUND. Lives from
 * before the app was made again don't count: their commits went with its repository. */
int life_find_good(struct store *s, const struct app *app, int before, struct life *out,
	struct err *err);

/* The newest life that moved a branch and was live; as above. */
int life_find_last_push(
	struct store *s, const struct app *app, struct life *out, struct err *err);

/* Newest first; limit 0 means all. each's nonzero return ends it and is returned. */
int lives_each(struct store *s, const struct app *app, int limit,
	int (*each)(void *ctx, const struct life *life), void *ctx, struct err *err);

/* Lives in a state that somebody must still do something about: every one that is neither
 * live nor retired nor failed. */
int lives_each_unfinished(struct store *s, const struct app *app,
	int (*each)(void *ctx, const struct life *life), void *ctx, struct err *err);

int life_set_state(
	struct store *s, struct life *life, enum life_state state, struct err *err);
int life_set_image(struct store *s, struct life *life, const char *tag,
	const char *image_id, struct err *err);

/* The frozen configuration, JSON, and the URL; read gives malloc'd text. */
int life_set_config(
	struct store *s, const struct life *life, const char *json, struct err *err);
int life_read_config(
	struct store *s, const struct life *life, char **json, struct err *err);

/* failed, with its reason and time; takes the containers' rows as they are. */
int life_fail(struct store *s, struct life *life, const char *reason, struct err *err);

/* The switch, one transaction: this life is live, the one before drains, the branch that
 * it moved is the deploy branch from now on, and an app that ps:stop stopped is no more
 * so. */
int life_switch(struct store *s, struct app *app, struct life *life, struct err *err);

/* Takes life_switch back: `before` (0 none) is live again and this one in checking; app
 * is as it was before. */
int life_switch_back(
	struct store *s, struct app *app, struct life *life, int before, struct err *err);

/* After the switch: this life has failed, with its reason, and the one before, which
 * drains, is live again. */
int life_fall_back(struct store *s, struct app *app, struct life *life,
	struct life *before, const char *reason, struct err *err);

int life_retire(struct store *s, struct life *life, struct err *err);

/* How long each step took, in order. */
#define PHASES_MAX 16
#define PHASE_NAME_SIZE 16
struct phase {
	char name[PHASE_NAME_SIZE];
	int64_t ms;
};
int life_set_phases(struct store *s, const struct life *life, const struct phase *phases,
	int len, struct err *err);
int life_read_phases(struct store *s, const struct life *life, struct phase *phases,
	int *len, struct err *err);

#endif
