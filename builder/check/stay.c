#include "builder/check/private.h"

#include "builder/engine/engine.h"
#include "builder/say.h"
#include "config/base/clock.h"

#include <stdio.h>

int check_stays_up(struct check *c, int64_t how_long, struct err *err)
{
	int64_t up = clock_unix_ms() - c->state.started;
	int64_t until = clock_monotonic_ms() + how_long;
	char text[SAY_DURATION_SIZE];

	/* Several are looked at one after the other: all have been up meanwhile. */
	if (engine_is_local(c->engine) && up > 0)
		until -= up < how_long ? up : how_long;
	(void)snprintf(c->failure->probed, sizeof(c->failure->probed),
		"whether it stays up for %s", say_duration(how_long, text));
	return check_rest(c, until, err);
}
