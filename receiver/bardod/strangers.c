#include "receiver/bardod/strangers.h"

#include "config/base/clock.h"
#include "receiver/bardod/server.h"

#include <stdio.h>
#include <string.h>

#define OTHERS "others"

static struct stranger *find(struct strangers *s, const char *address)
{
	size_t i = 0;

	while (i < s->len && strcmp(s->list[i].address, address))
		i++;
	if (i < s->len)
		return &s->list[i];
	/* The one after STRANGERS_MAX stands for all that come later. */
	if (s->len > STRANGERS_MAX)
		return &s->list[STRANGERS_MAX];
	(void)snprintf(s->list[i].address, sizeof(s->list[i].address), "%s",
		i < STRANGERS_MAX ? address : OTHERS);
	s->len++;
	return &s->list[i];
}

void strangers_note(struct strangers *s, const char *address, enum strangers_kind kind)
{
	struct stranger *one = find(s, address);

	if (one->counts[kind] < UINT32_MAX)
		one->counts[kind]++;
}

void strangers_take(struct strangers *s, char out[STRANGERS_COMMAND_MAX])
{
	size_t used = (size_t)snprintf(out, STRANGERS_COMMAND_MAX, "events:refused");

	for (size_t i = 0; i < s->len; i++) {
		const struct stranger *one = &s->list[i];

		used += (size_t)snprintf(out + used, STRANGERS_COMMAND_MAX - used,
			" %s %u %u", one->address, (unsigned)one->counts[STRANGERS_LOGIN],
			(unsigned)one->counts[STRANGERS_CONNECTION]);
	}
	memset(s->list, 0, sizeof(s->list));
	s->len = 0;
}

int64_t strangers_wait(const struct strangers *s, int64_t now_ms)
{
	int64_t due = s->told ? s->told_at + STRANGERS_GAP_MS : now_ms;

	return due > now_ms + STRANGERS_SOON_MS ? due - now_ms : STRANGERS_SOON_MS;
}

static void on_gap_over(void *data)
{
	struct strangers *s = data;
	char command[STRANGERS_COMMAND_MAX];

	s->told = true;
	s->told_at = clock_monotonic_ms();
	strangers_take(s, command);
	jobs_start(&s->server->jobs, command);
}

void strangers_init(struct strangers *s, struct server *server)
{
	*s = (struct strangers){.server = server, .gap = {.due = on_gap_over, .data = s}};
}

void strangers_count(struct strangers *s, const char *address, enum strangers_kind kind)
{
	strangers_note(s, address, kind);
	if (!s->gap.is_set)
		loop_set_timer(&s->server->loop, &s->gap,
			strangers_wait(s, clock_monotonic_ms()));
}
