#include "builder/life/at_once.h"

#include "builder/engine/engine.h"
#include "builder/server.h"
#include "config/base/err.h"
#include "config/record/places.h"

#include <pthread.h>
#include <stdbool.h>

struct task {
	struct server server;
	const struct engine *engine; /* of whoever waits for it */
	char container[CONTAINER_NAME_SIZE];
	const struct place *place;
	at_once_call *call;
	pthread_t thread;
	bool is_thread;
	int rc;
	struct err err;
};

static void *run(void *arg)
{
	struct task *t = arg;

	t->rc = engine_open_like(&t->server.engine, t->engine, &t->err);
	if (t->rc)
		return NULL;
	t->rc = t->call(&t->server, t->container, &t->err);
	engine_close(t->server.engine);
	return NULL;
}

/* Without a thread it is done here and now. */
static void begin(struct task *t, const struct server *s, const struct app *app)
{
	t->server = *s;
	t->server.store = NULL;
	t->engine = s->engine;
	(void)place_container_name(app, t->place, t->container);
	t->is_thread = pthread_create(&t->thread, NULL, run, t) == 0;
	if (!t->is_thread)
		(void)run(t);
}

static int end(struct task *t, struct err *err)
{
	if (t->is_thread)
		(void)pthread_join(t->thread, NULL);
	if (!t->rc)
		return 0;
	return err_set(err, t->rc, "%s.%d: %s", t->place->process, t->place->position,
		t->err.msg);
}

int at_once(struct server *s, const struct app *app, const struct place *places,
	size_t len, at_once_call *call, struct err *err)
{
	struct task tasks[CONTAINERS_MAX] = {0};
	char name[CONTAINER_NAME_SIZE];
	int first = 0;

	if (len == 1)
		return call(s, place_container_name(app, &places[0], name), err);
	for (size_t i = 0; i < len; i++) {
		tasks[i].place = &places[i];
		tasks[i].call = call;
		begin(&tasks[i], s, app);
	}
	for (size_t i = 0; i < len; i++) {
		int rc = end(&tasks[i], first ? NULL : err);

		first = first ? first : rc;
	}
	return first;
}
