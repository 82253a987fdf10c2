#include "receiver/bardod/limits.h"

#include "config/base/err.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MINUTE_US (60 * 1000 * 1000LL)

/* What counts as one address: an IPv4 address (mapped into IPv6), or a /64. */
struct key {
	uint64_t high, low;
};

/* A rate as the time at which all that was admitted would have been due: N at once,
 * then one every minute/N. A zeroed one has admitted nothing. */
struct rate {
	int64_t due_us;
};

struct limits_address {
	struct key key;
	int64_t open;
	struct rate logins;
	int64_t refused;			      /* since a line said so */
	int64_t told_ms;			      /* when it did, 0 never */
	struct limits_address *next;		      /* of its bucket */
	struct limits_address *idle_prev, *idle_next; /* while none is open */
};

struct limits {
	struct limits_settings settings;
	int64_t open;
	struct rate lines;
	uint64_t seed; /* so that nobody can choose addresses that share a bucket */
	struct limits_address *pool;
	size_t pool_len, pool_used;
	struct limits_address **buckets;
	size_t buckets_mask;
	struct limits_address *idle_oldest, *idle_newest;
};

static const struct verdict {
	const char *told;   /* to the one who is refused */
	const char *logged; /* after the address */
} verdicts[LIMITS_VERDICTS] = {
	[LIMITS_ADMIT] = {"", ""},
	[LIMITS_REFUSE_TOTAL] = {"too many connections: try again later",
		"ssh.max-connections is reached"},
	[LIMITS_REFUSE_ADDRESS] = {"too many connections from your address: close one",
		"ssh.max-per-address is reached"},
	[LIMITS_REFUSE_RATE] = {"too many connections a minute from your address: wait",
		"more than ssh.logins-per-minute"},
};

const char *limits_explain(enum limits_verdict v)
{
	return verdicts[v].told;
}

int limits_create(struct limits **out, const struct limits_settings *s, struct err *err)
{
	struct limits *l = calloc(1, sizeof(*l));
	size_t buckets = 1;

	if (!l)
		return err_set(err, ERR_FAILED, "out of memory");
	l->settings = *s;
	l->pool_len = (size_t)s->connections + LIMITS_IDLE_MAX;
	while (buckets < l->pool_len)
		buckets *= 2;
	l->buckets_mask = buckets - 1;
	l->pool = calloc(l->pool_len, sizeof(*l->pool));
	l->buckets = calloc(buckets, sizeof(struct limits_address *));
	if (!l->pool || !l->buckets ||
		getrandom(&l->seed, sizeof(l->seed), 0) != (ssize_t)sizeof(l->seed)) {
		limits_destroy(l);
		return err_set(err, ERR_FAILED, "out of memory");
	}
	*out = l;
	return 0;
}

void limits_destroy(struct limits *l)
{
	if (!l)
		return;
	free(l->pool);
	free(l->buckets);
	free(l);
}

static bool rate_take(struct rate *r, int64_t now_us, int64_t per_minute)
{
	int64_t each = MINUTE_US / per_minute;
	int64_t due = r->due_us > now_us ? r->due_us : now_us;

	if (due - now_us > MINUTE_US - each)
		return false;
	r->due_us = due + each;
	return true;
}

static struct key key_of(const struct sockaddr *from)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)from;
	const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)from;
	const uint8_t *a = six->sin6_addr.s6_addr;
	struct key k = {0};

	if (from->sa_family == AF_INET) {
		k.low = ntohl(four->sin_addr.s_addr);
	} else if (from->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		for (int i = 12; i < 16; i++)
			k.low = k.low << 8 | a[i];
	} else if (from->sa_family == AF_INET6) {
		for (int i = 0; i < 8; i++)
			k.high = k.high << 8 | a[i];
		k.low = UINT64_MAX; /* never an IPv4 address's, ::/64 included */
	}
	return k;
}

static void key_format(struct key k, char *out, size_t size)
{
	struct in6_addr six = {0};
	struct in_addr four = {.s_addr = htonl((uint32_t)k.low)};
	char text[INET6_ADDRSTRLEN] = "";

	for (int i = 0; i < 8; i++)
		six.s6_addr[i] = (uint8_t)(k.high >> (56 - 8 * i));
	if (k.low == UINT64_MAX)
		(void)inet_ntop(AF_INET6, &six, text, sizeof(text));
	else
		(void)inet_ntop(AF_INET, &four, text, sizeof(text));
	(void)snprintf(out, size, "%s%s", text, k.low == UINT64_MAX ? "/64" : "");
}

void limits_address_format(const struct sockaddr *from, char out[LIMITS_ADDRESS_MAX])
{
	key_format(key_of(from), out, LIMITS_ADDRESS_MAX);
}

static struct limits_address **bucket_of(struct limits *l, struct key k)
{
	/* The finaliser of MurmurHash3, over what nobody outside knows. */
	uint64_t h = l->seed ^ k.high ^ (k.low << 32 | k.low >> 32);

	h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return &l->buckets[(h ^ h >> 33) & l->buckets_mask];
}

static void idle_add(struct limits *l, struct limits_address *a)
{
	a->idle_prev = l->idle_newest;
	a->idle_next = NULL;
	if (a->idle_prev)
		a->idle_prev->idle_next = a;
	else
		l->idle_oldest = a;
	l->idle_newest = a;
}

static void idle_remove(struct limits *l, struct limits_address *a)
{
	if (a->idle_prev)
		a->idle_prev->idle_next = a->idle_next;
	else
		l->idle_oldest = a->idle_next;
	if (a->idle_next)
		a->idle_next->idle_prev = a->idle_prev;
	else
		l->idle_newest = a->idle_prev;
}

/* The address that has been idle longest makes room. There is always one: the pool is
 * larger than the number of connections that may be open. */
static struct limits_address *forget_oldest(struct limits *l)
{
	struct limits_address *a = l->idle_oldest;
	struct limits_address **at = bucket_of(l, a->key);

	idle_remove(l, a);
	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	return a;
}

/* Finds the address or begins to remember it; it is then the newest of the idle. */
static struct limits_address *remember(struct limits *l, struct key k)
{
	struct limits_address **bucket = bucket_of(l, k);
	struct limits_address *a = *bucket;

	while (a && (a->key.high != k.high || a->key.low != k.low))
		a = a->next;
	if (a && a->open)
		return a;
	if (a) {
		idle_remove(l, a);
	} else {
		a = l->pool_used < l->pool_len ? &l->pool[l->pool_used++]
					       : forget_oldest(l);
		*a = (struct limits_address){.key = k, .next = *bucket};
		*bucket = a;
	}
	idle_add(l, a);
	return a;
}

static enum limits_verdict judge(
	struct limits *l, struct limits_address *a, int64_t now_us)
{
	if (l->open >= l->settings.connections)
		return LIMITS_REFUSE_TOTAL;
	if (a->open >= l->settings.per_address)
		return LIMITS_REFUSE_ADDRESS;
	if (!rate_take(&a->logins, now_us, l->settings.per_minute))
		return LIMITS_REFUSE_RATE;
	return LIMITS_ADMIT;
}

/* One line an address a minute, and LIMITS_LINES_PER_MINUTE in all. */
static void tell(struct limits *l, struct limits_address *a, enum limits_verdict v,
	int64_t now_ms, char *line)
{
	char address[LIMITS_ADDRESS_MAX];

	a->refused++;
	if (a->told_ms && now_ms - a->told_ms < MINUTE_US / 1000)
		return;
	if (!rate_take(&l->lines, now_ms * 1000, LIMITS_LINES_PER_MINUTE))
		return;
	key_format(a->key, address, sizeof(address));
	(void)snprintf(line, LIMITS_TEXT_MAX, "refused %s: %s (%lld refused so far)",
		address, verdicts[v].logged, (long long)a->refused);
	a->told_ms = now_ms;
}

enum limits_verdict limits_admit(struct limits *l, const struct sockaddr *from,
	int64_t now_ms, struct limits_address **out, char *line)
{
	struct limits_address *a = remember(l, key_of(from));
	enum limits_verdict v = judge(l, a, now_ms * 1000);

	line[0] = '\0';
	if (v != LIMITS_ADMIT) {
		tell(l, a, v, now_ms, line);
		return v;
	}
	if (!a->open++)
		idle_remove(l, a);
	l->open++;
	*out = a;
	return LIMITS_ADMIT;
}

void limits_release(struct limits *l, struct limits_address *a)
{
	l->open--;
	if (!--a->open)
		idle_add(l, a);
}
