#include "builder/source/ignore_pattern.h"

#include "builder/source/ignore_steps.h"

#include <stdlib.h>
#include <string.h>

uint32_t ignore_next_char(const char **p)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)*p;
	size_t more = s[0] >= 0xf0 ? 3 : s[0] >= 0xe0 ? 2 : s[0] >= 0xc0 ? 1 : 0;
	uint32_t c = more ? s[0] & (0x3fU >> more) : s[0];
	size_t i;

	for (i = 1; i <= more && (s[i] & 0xc0) == 0x80; i++)
		c = c << 6 | (s[i] & 0x3f);
	if (s[0] < 0x80) {
		*p += 1;
		return c;
	}
	if (!more || s[0] > 0xf4 || i <= more || c < least[more] || c > 0x10ffff ||
		(c >= 0xd800 && c <= 0xdfff)) {
		*p += 1;
		return IGNORE_INVALID_BYTE + s[0];
	}
	*p += more + 1;
	return c;
}

bool ignore_is_word(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		(c >= 'a' && c <= 'z') || c == '_';
}

int ignore_pattern_init(struct ignore_pattern *p, const char *text, const char **why)
{
	*p = (struct ignore_pattern){0};
	*why = "is too long";
	if (strlen(text) > IGNORE_PATTERN_MAX)
		return -1;
	/* No character of a pattern makes more than one step. */
	p->steps = malloc((strlen(text) + 1) * sizeof(*p->steps));
	*why = p->steps ? ignore_parse(p, text) : IGNORE_OUT_OF_MEMORY;
	return *why ? -1 : 0;
}

void ignore_pattern_finish(struct ignore_pattern *p)
{
	free(p->steps);
	free(p->ranges);
	*p = (struct ignore_pattern){0};
}

/* The steps that may come next; [steps_len] stands for the end of the pattern. */
struct run {
	const struct ignore_pattern *p;
	bool possible[2][IGNORE_PATTERN_MAX + 1];
	bool *now, *then;
	uint32_t before; /* the character that was gone over last */
};

static bool in_class(
	const struct ignore_pattern *p, const struct ignore_step *s, uint32_t c)
{
	const struct ignore_range *r = p->ranges + s->value;

	for (size_t i = 0; i < s->ranges_len; i++) {
		if (c >= r[i].first && c <= r[i].last)
			return !s->negated;
	}
	return s->negated;
}

static bool assert_holds(uint32_t what, uint32_t before, uint32_t after)
{
	switch (what) {
	case 'b':
	case 'B':
		return after == IGNORE_ANY_CHAR ||
			(ignore_is_word(before) != ignore_is_word(after)) ==
			(what == 'b');
	case 'z':
		return after == IGNORE_ANY_CHAR || after == IGNORE_NO_CHAR;
	default: /* ^ and A */
		return before == IGNORE_NO_CHAR;
	}
}

/* Adds what is possible without a further character. Such steps only lead forward, so
 * that one pass does. */
static bool skip_steps(struct run *r, uint32_t before, uint32_t after)
{
	bool any = false;

	for (size_t i = 0; i < r->p->steps_len; i++) {
		const struct ignore_step *s = &r->p->steps[i];

		if (!r->now[i])
			continue;
		any = true;
		if (s->kind == STEP_OPTIONAL)
			r->now[i + 1] = r->now[i + 2] = true;
		else if (s->kind == STEP_MANY_BUT ||
			(s->kind == STEP_ASSERT && assert_holds(s->value, before, after)))
			r->now[i + 1] = true;
	}
	return any || r->now[r->p->steps_len];
}

static bool takes(const struct ignore_pattern *p, const struct ignore_step *s, uint32_t c)
{
	switch ((enum step_kind)s->kind) {
	case STEP_CHAR:
		return c == s->value;
	case STEP_ONE_BUT:
	case STEP_MANY_BUT:
	case STEP_FOLDERS:
		return c != s->value;
	case STEP_CLASS:
		return in_class(p, s, c);
	case STEP_OPTIONAL:
	case STEP_ASSERT:
		break;
	}
	return false;
}

static void take_char(struct run *r, uint32_t c)
{
	bool *was = r->now;

	memset(r->then, 0, r->p->steps_len + 1);
	for (size_t i = 0; i < r->p->steps_len; i++) {
		const struct ignore_step *s = &r->p->steps[i];
		const bool repeats = s->kind == STEP_MANY_BUT || s->kind == STEP_FOLDERS;

		if (!was[i] || !takes(r->p, s, c))
			continue;
		if (repeats)
			r->then[i] = true;
		if (!repeats || (s->kind == STEP_FOLDERS && c == '/'))
			r->then[i + 1] = true;
	}
	r->now = r->then;
	r->then = was;
}

/* Goes over one character; whether anything was possible before it. */
static bool go_over(struct run *r, uint32_t c)
{
	if (!skip_steps(r, r->before, c))
		return false;
	take_char(r, c);
	r->before = c;
	return true;
}

static bool go_over_path(struct run *r, const struct ignore_pattern *p, const char *path)
{
	r->p = p;
	r->now = r->possible[0];
	r->then = r->possible[1];
	r->before = IGNORE_NO_CHAR;
	memset(r->now, 0, p->steps_len + 1);
	r->now[0] = true;
	while (*path) {
		if (!go_over(r, ignore_next_char(&path)))
			return false;
	}
	return true;
}

bool ignore_pattern_matches(const struct ignore_pattern *p, const char *path)
{
	struct run r;

	return go_over_path(&r, p, path) && skip_steps(&r, r.before, IGNORE_NO_CHAR) &&
		r.now[p->steps_len];
}

bool ignore_pattern_may_match_below(const struct ignore_pattern *p, const char *path)
{
	struct run r;

	return go_over_path(&r, p, path) && go_over(&r, '/') &&
		skip_steps(&r, r.before, IGNORE_ANY_CHAR);
}
