#include "builder/mask_forms.h"

#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/utf8.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* "\U0001f600" for one byte is the most. */
#define GROWTH_MAX 12

/* ---- one way to write controls, quotes and what is not ASCII ---- */

struct style {
	const char *escaped;   /* these get a backslash */
	const char *named;     /* controls that have a letter: pairs of byte and letter */
	const char *hex;       /* the other controls, a printf format's beginning */
	int digits;	       /* 0: controls stay as they are */
	const char *u_escaped; /* these become \u00xx */
	bool ascii;	       /* \u00e4, and pairs of \ud83d\ude00 */
};

#define JSON_LETTERS "\bb\ff\nn\rr\tt"
#define OLD_JSON_LETTERS "\nn\rr\tt"
#define C_LETTERS "\aa\bb\ff\nn\rr\tt\vv"
#define PYTHON_LETTERS "\nn\rr\tt"

static const struct style styles[] = {
	{"\"\\", JSON_LETTERS, "\\u", 4, "", false},
	{"\"\\", JSON_LETTERS, "\\u", 4, "<>&", false},
	{"\"\\", OLD_JSON_LETTERS, "\\u", 4, "<>&", false},
	{"\"\\", JSON_LETTERS, "\\u", 4, "", true},
	{"\"\\/", JSON_LETTERS, "\\u", 4, "", true}, /* PHP */
	{"\"\\", C_LETTERS, "\\x", 2, "", false},    /* Go's %q, Ruby */
	{"\\", PYTHON_LETTERS, "\\x", 2, "", false}, /* Python, Node */
	{"'\\", PYTHON_LETTERS, "\\x", 2, "", false},
	{"\"\\$`", "", "", 0, "", false}, /* export -p */
};

#define STYLES (sizeof(styles) / sizeof(styles[0]))

static const char *letter_of(const struct style *s, unsigned char c)
{
	for (const char *p = s->named; *p; p += 2) {
		if ((unsigned char)*p == c)
			return p + 1;
	}
	return NULL;
}

static void add_ascii_byte(struct buf *out, const struct style *s, unsigned char c)
{
	const char *letter = letter_of(s, c);

	if (letter)
		(void)buf_addf(out, "\\%c", *letter);
	else if (s->digits && (c < 0x20 || c == 0x7f))
		(void)buf_addf(out, "%s%0*x", s->hex, s->digits, c);
	else if (strchr(s->u_escaped, c))
		(void)buf_addf(out, "\\u%04x", c);
	else if (strchr(s->escaped, c))
		(void)buf_addf(out, "\\%c", c);
	else
		(void)buf_add(out, &c, 1);
}

/* UTF-16's code units (RFC 8259, 7). */
static void add_escaped_character(struct buf *out, uint32_t character)
{
	if (character < 0x10000) {
		(void)buf_addf(out, "\\u%04x", character);
		return;
	}
	character -= 0x10000;
	(void)buf_addf(out, "\\u%04x\\u%04x", 0xd800 + (character >> 10),
		0xdc00 + (character & 0x3ff));
}

static void write_style(
	struct buf *out, const struct style *s, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(text + i, len - i);

		if (n <= 1)
			add_ascii_byte(out, s, (unsigned char)text[i]);
		else if (s->ascii)
			add_escaped_character(out, utf8_character(text + i, n));
		else
			(void)buf_add(out, text + i, n);
		i += n ? n : 1;
	}
}

/* ---- one text for one byte ---- */

struct replacement {
	char byte;
	const char *text;
};

static const struct replacement shell[] = {{'\'', "'\\''"}, {0}};
static const struct replacement shlex[] = {{'\'', "'\"'\"'"}, {0}};
static const struct replacement html[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"},
	{'"', "&quot;"}, {'\'', "&#39;"}, {0}};
static const struct replacement go_html[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"},
	{'"', "&#34;"}, {'\'', "&#39;"}, {0}};
static const struct replacement python_html[] = {{'&', "&amp;"}, {'<', "&lt;"},
	{'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#x27;"}, {0}};
static const struct replacement terminal[] = {{'\n', "\r\n"}, {0}};
/* As our own messages of one line have it. */
static const struct replacement flat[] = {{'\n', " "}, {'\r', " "}, {'\t', " "}, {0}};

static const struct replacement *const tables[] = {
	shell, shlex, html, go_html, python_html, terminal, flat};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

static void write_replaced(
	struct buf *out, const struct replacement *table, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const struct replacement *r = table;

		while (r->byte && r->byte != text[i])
			r++;
		if (r->byte)
			(void)buf_adds(out, r->text);
		else
			(void)buf_add(out, text + i, 1);
	}
}

/* ---- URLs (RFC 3986) ---- */

struct url_style {
	const char *kept;
	bool plus;  /* for a blank */
	bool lower; /* %c3 */
};

static const struct url_style url_styles[] = {
	{"-._~", false, false}, {"-._~", false, true}, {"-._~", true, false},
	{"-._~!*'()", false, false},		/* encodeURIComponent */
	{"-._~!*'();/?:@&=+$,#", false, false}, /* encodeURI */
	{"-._~/", false, false},		/* Python's quote */
};

#define URL_STYLES (sizeof(url_styles) / sizeof(url_styles[0]))

static void write_url(
	struct buf *out, const struct url_style *s, const char *text, size_t len)
{
	static const char digits[2][17] = {"0123456789ABCDEF", "0123456789abcdef"};
	const char *digit = digits[s->lower];

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		char escaped[3] = {'%', digit[c >> 4], digit[c & 15]};

		if (isalnum(c) || strchr(s->kept, c))
			(void)buf_add(out, text + i, 1);
		else if (c == ' ' && s->plus)
			(void)buf_add(out, "+", 1);
		else
			(void)buf_add(out, escaped, sizeof(escaped));
	}
}

/* ---- base64 (RFC 4648), without the padding: that may stay ---- */

static char base64_letter(uint32_t six, bool url)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	return six < 62 ? letters[six] : (url ? "-_" : "+/")[six - 62];
}

/* Six bits of the text from a place on; beyond its end they are 0. */
static uint32_t six_bits(const char *text, size_t len, size_t bit)
{
	size_t at = bit / 8;
	uint32_t first = at < len ? (unsigned char)text[at] : 0;
	uint32_t second = at + 1 < len ? (unsigned char)text[at + 1] : 0;

	return (first << 8 | second) >> (10 - bit % 8) & 63;
}

static void write_base64(struct buf *out, bool url, const char *text, size_t len)
{
	for (size_t bit = 0; bit < 8 * len; bit += 6) {
		char letter = base64_letter(six_bits(text, len, bit), url);

		(void)buf_add(out, &letter, 1);
	}
}

/* Amid other text, as "user:secret" is for HTTP: the letters that are the secret's alone,
 * which has `before` bytes in front of it in its group of three. */
static void write_base64_within(
	struct buf *out, bool url, size_t before, const char *text, size_t len)
{
	static const size_t others[] = {0, 4, 2}; /* bits of the first shared letter */

	for (size_t bit = others[before]; bit + 6 <= 8 * len; bit += 6) {
		char letter = base64_letter(six_bits(text, len, bit), url);

		(void)buf_add(out, &letter, 1);
	}
}

/* ---- all of them ---- */

struct forms {
	size_t min;
	int (*take)(void *ctx, const char *text, size_t len);
	void *ctx;
	struct buf out;
	const char *text;
	size_t len;
};

/* Gives it away, unless writing changed nothing. */
static int give(struct forms *f)
{
	bool same = f->out.len == f->len && !memcmp(f->out.data, f->text, f->len);
	int rc = same || f->out.len < f->min ? 0
					     : f->take(f->ctx, f->out.data, f->out.len);

	buf_reset(&f->out);
	return rc;
}

/* Most secrets are of such letters alone, which nobody quotes. */
static bool is_plain(const struct forms *f)
{
	for (size_t i = 0; i < f->len; i++) {
		if (!isalnum((unsigned char)f->text[i]) &&
			(!f->text[i] || !strchr("-._~", f->text[i])))
			return false;
	}
	return true;
}

static int write_quoted(struct forms *f)
{
	int rc = 0;

	for (size_t i = 0; i < STYLES && !rc; i++) {
		write_style(&f->out, &styles[i], f->text, f->len);
		rc = give(f);
	}
	for (size_t i = 0; i < TABLES && !rc; i++) {
		write_replaced(&f->out, tables[i], f->text, f->len);
		rc = give(f);
	}
	for (size_t i = 0; i < URL_STYLES && !rc; i++) {
		write_url(&f->out, &url_styles[i], f->text, f->len);
		rc = give(f);
	}
	return rc;
}

static int write_all(struct forms *f)
{
	int rc = is_plain(f) ? 0 : write_quoted(f);

	for (int url = 0; url < 2 && !rc; url++) {
		write_base64(&f->out, url, f->text, f->len);
		rc = give(f);
		for (size_t before = 0; before < 3 && !rc; before++) {
			write_base64_within(&f->out, url, before, f->text, f->len);
			rc = give(f);
		}
	}
	return rc;
}

static int all_forms(struct forms *f, const char *text, size_t len, struct err *err)
{
	int rc;

	if (len < f->min)
		return 0;
	f->text = text;
	f->len = len;
	rc = f->take(f->ctx, text, len);
	/* With room from the start, no writing fails half-way and is taken for the whole.
	 */
	if (!rc && !buf_reserve(&f->out, len * GROWTH_MAX))
		rc = err_set(err, ERR_FAILED, "out of memory");
	return rc ? rc : write_all(f);
}

static void trim(const char **text, size_t *len)
{
	while (*len && isspace((unsigned char)**text))
		(*text)++, (*len)--;
	while (*len && isspace((unsigned char)(*text)[*len - 1]))
		(*len)--;
}

/* A text of blanks is in every text. */
static int forms_and_trimmed(
	struct forms *f, const char *text, size_t len, struct err *err)
{
	const char *inner = text;
	size_t inner_len = len;
	int rc = 0;

	trim(&inner, &inner_len);
	if (inner_len < f->min)
		return 0;
	rc = all_forms(f, inner, inner_len, err);
	return rc || inner_len == len ? rc : all_forms(f, text, len, err);
}

int mask_forms(const char *secret, size_t len, size_t min,
	int (*take)(void *ctx, const char *text, size_t len), void *ctx, struct err *err)
{
	struct forms f = {.min = min, .take = take, .ctx = ctx};
	const char *nl = memchr(secret, '\n', len);
	int rc;

	buf_init(&f.out, len * GROWTH_MAX + 1);
	rc = forms_and_trimmed(&f, secret, len, err);
	while (nl && !rc) {
		rc = forms_and_trimmed(&f, secret, (size_t)(nl - secret), err);
		len -= (size_t)(nl + 1 - secret);
		secret = nl + 1;
		nl = memchr(secret, '\n', len);
		if (!nl && !rc)
			rc = forms_and_trimmed(&f, secret, len, err);
	}
	if (f.out.data)
		explicit_bzero(f.out.data, f.out.cap);
	buf_finish(&f.out);
	return rc;
}
