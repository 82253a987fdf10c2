#include "builder/mask.h"

#include "builder/mask_forms.h"
#include "config/base/array.h"
#include "config/base/buf.h"
#include "config/base/err.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define STARS_LEN (sizeof(MASK_STARS) - 1)
#define ELLIPSIS "\xe2\x80\xa6"
/* Bits of the filter for each pattern, and at least. */
#define FILTER_RATIO 16
#define FILTER_BITS_MIN 12

struct pattern {
	char *text;
	size_t len;
};

struct patterns {
	struct pattern *items;
	size_t len, cap;
};

/*
 * The patterns are sorted, so that those which a text may still become are always
 * neighbours: following the text byte by byte narrows them down, as in a trie. Where it
 * is worth to begin with that, a filter says: one bit for each hash of a pattern's first
 * MASK_SECRET_MIN bytes.
 */
struct mask {
	struct patterns secrets, patterns;
	size_t bytes;
	uint8_t *filter;
	unsigned int filter_shift;
	bool ready;
};

int mask_create(struct mask **out, struct err *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : err_set(err, ERR_FAILED, "out of memory");
}

/* They have been secrets: don't leave them in freed memory. */
static void patterns_finish(struct patterns *p)
{
	for (size_t i = 0; i < p->len; i++) {
		explicit_bzero(p->items[i].text, p->items[i].len);
		free(p->items[i].text);
	}
	free(p->items);
	*p = (struct patterns){0};
}

void mask_destroy(struct mask *m)
{
	if (!m)
		return;
	patterns_finish(&m->secrets);
	patterns_finish(&m->patterns);
	free(m->filter);
	free(m);
}

static int patterns_add(
	struct mask *m, struct patterns *p, const char *text, size_t len, struct err *err)
{
	struct pattern *new;

	if (len > MASK_BYTES_MAX - m->bytes)
		return err_set(err, ERR_FAILED,
			"the variables are more than can be kept out of the logs");
	if (array_reserve(&p->items, p->len, &p->cap, sizeof(*p->items)))
		return err_set(err, ERR_FAILED, "out of memory");
	new = &p->items[p->len];
	*new = (struct pattern){malloc(len), len};
	if (!new->text)
		return err_set(err, ERR_FAILED, "out of memory");
	memcpy(new->text, text, len);
	p->len++;
	m->bytes += len;
	return 0;
}

int mask_add(struct mask *m, const char *secret, struct err *err)
{
	size_t len = strlen(secret);

	if (len < MASK_SECRET_MIN)
		return 0;
	return patterns_add(m, &m->secrets, secret, len, err);
}

/* ---- making it ready ---- */

static int compare(const void *a, const void *b)
{
	const struct pattern *x = a, *y = b;
	int d = memcmp(x->text, y->text, x->len < y->len ? x->len : y->len);

	return d ? d : x->len < y->len ? -1 : x->len > y->len;
}

static void sort_unique(struct patterns *p)
{
	size_t n = 0;

	if (!p->len)
		return;
	qsort(p->items, p->len, sizeof(*p->items), compare);
	for (size_t i = 1; i < p->len; i++) {
		if (compare(&p->items[n], &p->items[i]))
			p->items[++n] = p->items[i];
		else
			free(p->items[i].text);
	}
	p->len = n + 1;
}

struct expansion {
	struct mask *mask;
	struct err *err;
};

static int add_form(void *ctx, const char *text, size_t len)
{
	struct expansion *x = ctx;

	return patterns_add(x->mask, &x->mask->patterns, text, len, x->err);
}

static size_t hash(const struct mask *m, const char *text)
{
	uint64_t x;

	memcpy(&x, text, sizeof(x));
	return (size_t)((x * UINT64_C(0x9e3779b97f4a7c15)) >> m->filter_shift);
}

static int make_filter(struct mask *m, struct err *err)
{
	unsigned int bits = FILTER_BITS_MIN;

	_Static_assert(MASK_SECRET_MIN == sizeof(uint64_t), "hash() reads as much");
	while ((size_t)1 << bits < m->patterns.len * FILTER_RATIO)
		bits++;
	m->filter_shift = 64 - bits;
	m->filter = calloc(1, ((size_t)1 << bits) / 8);
	if (!m->filter)
		return err_set(err, ERR_FAILED, "out of memory");
	for (size_t i = 0; i < m->patterns.len; i++) {
		size_t h = hash(m, m->patterns.items[i].text);

		m->filter[h / 8] |= (uint8_t)(1 << h % 8);
	}
	return 0;
}

int mask_ready(struct mask *m, struct err *err)
{
	struct expansion x = {m, err};
	int rc = 0;

	/* Several lives have nearly the same variables. */
	sort_unique(&m->secrets);
	for (size_t i = 0; i < m->secrets.len && !rc; i++)
		rc = mask_forms(m->secrets.items[i].text, m->secrets.items[i].len,
			MASK_SECRET_MIN, add_form, &x, err);
	if (rc)
		return rc;
	sort_unique(&m->patterns);
	rc = make_filter(m, err);
	m->ready = !rc;
	return rc;
}

/* ---- following a text ---- */

/* The patterns in [low, high) are those that agree with the text up to depth. */
struct walk {
	size_t low, high, depth;
};

/* The first pattern in the walk whose next byte is `byte` or more. A pattern that ends
 * here stands before them all. */
static size_t lower_bound(const struct mask *m, const struct walk *w, unsigned int byte)
{
	size_t low = w->low, high = w->high;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct pattern *p = &m->patterns.items[middle];

		if (p->len <= w->depth || (unsigned char)p->text[w->depth] < byte)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* One byte further; false when no pattern goes on like that. */
static bool advance(const struct mask *m, struct walk *w, char c)
{
	unsigned int byte = (unsigned char)c;
	size_t low = lower_bound(m, w, byte), high = lower_bound(m, w, byte + 1);

	if (low == high)
		return false;
	*w = (struct walk){low, high, w->depth + 1};
	return true;
}

static bool can_go_on(const struct mask *m, const struct walk *w)
{
	return m->patterns.items[w->high - 1].len > w->depth;
}

enum verdict { NOTHING, FOUND, UNDECIDED, LONG };

/* What stands at the beginning of text. FOUND: a pattern of *length. UNDECIDED: what is
 * there is the beginning of one. LONG: the beginning of one that is not held as a whole;
 * the walk goes on behind it. */
static enum verdict look(const struct mask *m, const char *text, size_t len,
	size_t *length, struct walk *w)
{
	*w = (struct walk){0, m->patterns.len, 0};
	*length = 0;
	while (w->depth < len && w->depth < MASK_HEAD_MAX) {
		if (!advance(m, w, text[w->depth]))
			return *length ? FOUND : NOTHING;
		if (m->patterns.items[w->low].len == w->depth)
			*length = w->depth;
		if (!can_go_on(m, w))
			return FOUND;
	}
	return w->depth == MASK_HEAD_MAX ? LONG : UNDECIDED;
}

static bool worth_a_look(const struct mask *m, const char *text, size_t len)
{
	size_t h;

	if (len < MASK_SECRET_MIN)
		return true;
	h = hash(m, text);
	return m->filter[h / 8] & 1 << h % 8;
}

/* How much of data belongs to the long secret that the stream is inside of. */
static size_t swallow(struct mask_stream *st, const char *data, size_t len)
{
	struct walk w = {st->low, st->high, st->depth};
	size_t n = 0;

	while (n < len && can_go_on(st->mask, &w) && advance(st->mask, &w, data[n]))
		n++;
	st->inside = n == len && can_go_on(st->mask, &w);
	st->low = w.low;
	st->high = w.high;
	st->depth = w.depth;
	return n;
}

enum ending { GOES_ON, ENDS, IS_CUT };

/* What a look at one place leads to: how much of the text is a secret, 0 for none. */
static size_t measure(struct mask_stream *st, const char *text, size_t len,
	enum ending ending, bool *wait)
{
	struct walk w;
	size_t length;

	*wait = false;
	if (!worth_a_look(st->mask, text, len))
		return 0;
	switch (look(st->mask, text, len, &length, &w)) {
	case LONG:
		st->low = w.low;
		st->high = w.high;
		st->depth = w.depth;
		st->inside = can_go_on(st->mask, &w);
		return MASK_HEAD_MAX;
	case UNDECIDED:
		*wait = ending == GOES_ON;
		return ending == IS_CUT && len >= MASK_SECRET_MIN ? len : length;
	default:
		return length;
	}
}

/* Hides n bytes from here on. Secrets that overlap are hidden as one. */
static int hide(struct mask_stream *st, size_t from, size_t at, size_t n, mask_sink *out,
	void *ctx)
{
	int rc = 0;

	if (!st->hidden && at > from)
		rc = out(ctx, st->held + from, at - from);
	if (!st->hidden && !rc)
		rc = out(ctx, MASK_STARS, STARS_LEN);
	if (n > st->hidden)
		st->hidden = n;
	return rc;
}

/* Gives out what is decided and keeps the rest. */
static int scan(struct mask_stream *st, enum ending ending, mask_sink *out, void *ctx)
{
	size_t at = 0, from = 0; /* what is not hidden since `from` is yet to go out */
	int rc = 0;

	while (at < st->len && !rc) {
		size_t n = 0, passed = 1;
		bool wait = false;

		if (st->inside)
			st->hidden = passed = swallow(st, st->held + at, st->len - at);
		else
			n = measure(st, st->held + at, st->len - at, ending, &wait);
		if (wait)
			break;
		if (n)
			rc = hide(st, from, at, n, out, ctx);
		if (st->inside && n)
			passed = n;
		at += passed;
		if (st->hidden) {
			st->hidden -= passed;
			from = at;
		}
	}
	if (at > from && !rc)
		rc = out(ctx, st->held + from, at - from);
	st->len -= at;
	memmove(st->held, st->held + at, st->len);
	return rc;
}

void mask_begin(struct mask_stream *st, const struct mask *m)
{
	st->mask = m && m->ready && m->patterns.len ? m : NULL;
	st->len = st->hidden = 0;
	st->inside = false;
}

int mask_feed(
	struct mask_stream *st, const char *data, size_t len, mask_sink *out, void *ctx)
{
	int rc = 0;

	if (!st->mask)
		return len ? out(ctx, data, len) : 0;
	while (len && !rc) {
		size_t room = sizeof(st->held) - st->len;
		size_t n = len < room ? len : room;

		memcpy(st->held + st->len, data, n);
		st->len += n;
		data += n;
		len -= n;
		rc = scan(st, GOES_ON, out, ctx);
	}
	return rc;
}

int mask_end(struct mask_stream *st, bool is_cut, mask_sink *out, void *ctx)
{
	int rc = st->mask ? scan(st, is_cut ? IS_CUT : ENDS, out, ctx) : 0;

	st->hidden = 0;
	st->inside = false;
	return rc;
}

/* ---- a whole text ---- */

struct in_place {
	char *to;
};

static int put_back(void *ctx, const char *text, size_t len)
{
	struct in_place *p = ctx;

	memmove(p->to, text, len);
	p->to += len;
	return 0;
}

size_t mask_text(const struct mask *m, char *text, size_t len, bool is_cut)
{
	struct in_place place = {text};
	struct mask_stream st;

	mask_begin(&st, m);
	if (!st.mask)
		return len;
	/* What has come out is never more than what went in. */
	(void)mask_feed(&st, text, len, put_back, &place);
	(void)mask_end(&st, is_cut, put_back, &place);
	return (size_t)(place.to - text);
}

/* Text whose end, behind the last `tail` bytes, may be cut. */
static void mask_before(const struct mask *m, char *text, size_t tail, bool is_cut)
{
	size_t len = strlen(text) - tail, n = mask_text(m, text, len, is_cut);

	memmove(text + n, text + len, tail + 1);
}

static bool ends_in_ellipsis(const char *text)
{
	size_t len = strlen(text), end = strlen(ELLIPSIS);

	return len >= end && !strcmp(text + len - end, ELLIPSIS);
}

void mask_string(const struct mask *m, char *text)
{
	if (ends_in_ellipsis(text))
		mask_before(m, text, strlen(ELLIPSIS), true);
	else
		mask_before(m, text, 0, false);
}

void mask_field(const struct mask *m, char *text, size_t size)
{
	if (ends_in_ellipsis(text))
		mask_string(m, text);
	else
		mask_before(m, text, 0, strlen(text) + 1 == size);
}
