#ifndef BARDO_BARDOD_SERVER_H
#define BARDO_BARDOD_SERVER_H

#include "config/settings.h"
#include "receiver/bardod/children.h"
#include "receiver/bardod/connections.h"
#include "receiver/bardod/daily.h"
#include "receiver/bardod/front.h"
#include "receiver/bardod/hostdoor.h"
#include "receiver/bardod/jobs.h"
#include "receiver/bardod/loop.h"
#include "receiver/bardod/programs.h"
#include "receiver/bardod/proxy.h"
#include "receiver/bardod/strangers.h"

#include <stdbool.h>

struct err;

/* All that bardod is: one a process, passed down to every part. */
struct server {
	struct settings settings; /* those that conf.c reads */
	struct programs programs;
	struct loop loop;
	struct children children;
	struct connections connections;
	struct strangers strangers;
	struct hostdoor hostdoor;
	struct jobs jobs;
	struct daily daily;
	struct proxy proxy;
	struct front front;
	struct watch signals;
	struct timer patience; /* for the first reconcile, before we serve */
	int lock;	       /* held as long as we serve this server.data */
	bool serving;
};

/* Does all that can fail: settings, users, folders, keys, ports. ERR_USAGE: the settings
 * are wrong. Finish it in any case. */
int server_init(struct server *s, struct err *err);

/* Makes the state of the machine right, says that it is ready on standard output, and
 * serves until SIGTERM or SIGINT. */
int server_run(struct server *s, struct err *err);

/* For jobs: a reconcile has ended, well or not. */
void server_reconciled(struct server *s);

/* Closes what is ours. Every process that we started goes on without us. */
void server_finish(struct server *s);

#endif
