#include "builder/deploy/passage.h"

#include "builder/say.h"
#include "builder/server.h"
#include "config/base/clock.h"

#include <stdio.h>
#include <string.h>

void passage_end_phase(struct passage *p, const char *name)
{
	int64_t now = clock_monotonic_ms();
	struct phase *phase = &p->phases[p->phases_len];

	if (p->phases_len == PHASES_MAX)
		return;
	(void)snprintf(phase->name, sizeof(phase->name), "%s", name);
	phase->ms = now - p->mark;
	p->mark = now;
	p->phases_len++;
}

static int64_t phase_of(const struct phase *phases, int len, const char *name)
{
	for (int i = 0; i < len; i++) {
		if (!strcmp(phases[i].name, name))
			return phases[i].ms;
	}
	return -1;
}

void passage_say_times(struct passage *p)
{
	struct phase old[PHASES_MAX];
	char line[512] = "";
	int old_len = 0;
	size_t at = 0;

	if (p->before.number)
		(void)life_read_phases(p->server->store, &p->before, old, &old_len, NULL);
	for (int i = 0; i < p->phases_len && at < sizeof(line) - 80; i++) {
		int64_t ms = p->phases[i].ms;
		int64_t was = phase_of(old, old_len, p->phases[i].name);

		at += (size_t)snprintf(line + at, sizeof(line) - at, "%s%s %lld.%02lld s",
			i ? ", " : "", p->phases[i].name, (long long)(ms / 1000),
			(long long)(ms % 1000 / 10));
		if (was >= 0)
			at += (size_t)snprintf(line + at, sizeof(line) - at,
				" (last %lld.%02lld)", (long long)(was / 1000),
				(long long)(was % 1000 / 10));
	}
	say_detail(p->say, "%s", line);
}

void passage_add_total(struct passage *p)
{
	int64_t total = 0;

	for (int i = 0; i < p->phases_len; i++)
		total += p->phases[i].ms;
	if (p->phases_len < PHASES_MAX) {
		struct phase *phase = &p->phases[p->phases_len++];

		(void)snprintf(phase->name, sizeof(phase->name), "total");
		phase->ms = total;
	}
}
