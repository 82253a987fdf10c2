#ifndef BARDO_BUILDER_SERVER_H
#define BARDO_BUILDER_SERVER_H

#include <stdint.h>

struct engine;
struct err;
struct mask;
struct settings;
struct store;

/* What every deploy works with, opened once a process. */

#define SERVER_ID_SIZE 17

struct server {
	const struct settings *settings;
	struct store *store;
	struct engine *engine;	 /* connects at its first call */
	char id[SERVER_ID_SIZE]; /* marks our containers on an Engine that several may
				    share */
	/* builder/secrets.h: those of all apps, as of a version of the database. */
	struct mask *secrets;
	int64_t secrets_version;
};

/* settings are borrowed until server_close. ERR_FAILED: no database, no valid host. */
int server_open(struct server *s, const struct settings *settings, struct err *err);
void server_close(struct server *s);

#endif
