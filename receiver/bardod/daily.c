#include "receiver/bardod/daily.h"

#include "receiver/bardod/server.h"

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

static void on_due(void *data)
{
	daily_begin(data);
}

void daily_init(struct daily *d, struct server *server)
{
	*d = (struct daily){.server = server, .next = {.due = on_due, .data = d}};
}

void daily_begin(struct daily *d)
{
	jobs_start(&d->server->jobs, "certs:watch");
	loop_set_timer(&d->server->loop, &d->next, DAY_MS);
}
