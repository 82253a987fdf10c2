#include "builder/engine/http.h"

#include "config/base/err.h"
#include "config/base/number.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define VERSION "HTTP/1."
#define STATUS_AT (sizeof(VERSION) + 1) /* behind the minor version and a space */
#define CHUNK_MAX (UINT64_C(1) << 40)
#define LINE_MAX_LEN 4096

static int no_http(struct err *err)
{
	return err_set(
		err, ERR_FAILED, "what answers is no Docker Engine; look at engine.host");
}

static bool is_header(const char *line, size_t len, const char *name, const char **value,
	size_t *value_len)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return false;
	line += n + 1;
	len -= n + 1;
	while (len && isspace((unsigned char)line[0]))
		line++, len--;
	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	*value = line;
	*value_len = len;
	return true;
}

static int take_header(struct http_head *h, const char *line, size_t len, struct err *err)
{
	const char *value;
	size_t value_len;
	char text[24];
	int64_t n;

	if (is_header(line, len, "Transfer-Encoding", &value, &value_len)) {
		h->chunked = value_len >= 7 &&
			!strncasecmp(value + value_len - 7, "chunked", 7);
	} else if (is_header(line, len, "Content-Length", &value, &value_len)) {
		(void)snprintf(text, sizeof(text), "%.*s",
			value_len < sizeof(text) ? (int)value_len : 0, value);
		if (number_parse(text, 0, INT64_MAX, &n) < 0)
			return no_http(err);
		h->has_length = true;
		h->length = (uint64_t)n;
	}
	return 0;
}

static int take_status(struct http_head *h, const char *line, size_t len, struct err *err)
{
	const char *p = line + STATUS_AT;

	if (len < STATUS_AT + 3 || strncmp(line, VERSION, strlen(VERSION)) != 0 ||
		!isdigit((unsigned char)p[0]) || !isdigit((unsigned char)p[1]) ||
		!isdigit((unsigned char)p[2]))
		return no_http(err);
	h->status = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
	return 0;
}

ssize_t http_head_parse(
	struct http_head *out, const char *data, size_t len, struct err *err)
{
	const char *line = data, *nl;
	size_t left = len;

	*out = (struct http_head){0};
	while ((nl = memchr(line, '\n', left))) {
		size_t n = (size_t)(nl - line);
		size_t text = n && line[n - 1] == '\r' ? n - 1 : n;
		int rc;

		if (line == data)
			rc = take_status(out, line, text, err);
		else
			rc = take_header(out, line, text, err);
		if (rc)
			return rc;
		line += n + 1;
		left -= n + 1;
		if (!text)
			return line - data;
	}
	return len > HTTP_HEAD_MAX ? no_http(err) : 0;
}

void http_body_init(struct http_body *b, const struct http_head *h)
{
	*b = (struct http_body){.state = HTTP_BODY_RAW};
	if (h->status == 101)
		return;
	if (h->status == 204 || h->status == 304) {
		b->state = HTTP_BODY_DONE;
	} else if (h->chunked) {
		b->state = HTTP_BODY_SIZE;
	} else if (h->has_length) {
		b->state = h->length ? HTTP_BODY_LEFT : HTTP_BODY_DONE;
		b->left = h->length;
	}
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at;

	at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* A size line, byte by byte, since it may arrive in pieces; what stands behind ";" is
 * skipped. */
static int take_size(struct http_body *b, char c, struct err *err)
{
	int digit = hex_digit(c);

	if (c == '\n') {
		if (!b->line_len)
			return no_http(err);
		b->state = b->left ? HTTP_BODY_CHUNK : HTTP_BODY_TRAILER;
		b->line_len = 0;
		b->in_extension = false;
		return 0;
	}
	if (++b->line_len > LINE_MAX_LEN)
		return no_http(err);
	if (c == ';' || c == '\r' || c == ' ')
		b->in_extension = true;
	if (b->in_extension)
		return 0;
	if (digit < 0 || b->left > CHUNK_MAX)
		return no_http(err);
	b->left = b->left * 16 + (uint64_t)digit;
	return 0;
}

/* One byte that is coding, not content. */
static int take_coding(struct http_body *b, char c, struct err *err)
{
	if (b->state == HTTP_BODY_SIZE)
		return take_size(b, c, err);
	if (b->state == HTTP_BODY_CHUNK_END) {
		if (c == '\n')
			b->state = HTTP_BODY_SIZE;
		else if (c != '\r')
			return no_http(err);
		return 0;
	}
	if (c == '\n' && !b->line_len)
		b->state = HTTP_BODY_DONE;
	else if (c == '\n')
		b->line_len = 0;
	else if (c != '\r' && ++b->line_len > LINE_MAX_LEN)
		return no_http(err);
	return 0;
}

ssize_t http_body_decode(struct http_body *b, const char *in, size_t in_len, size_t *used,
	char *out, size_t out_len, struct err *err)
{
	size_t i = 0, n = 0;

	while (i < in_len && n < out_len && b->state != HTTP_BODY_DONE) {
		size_t room = out_len - n < in_len - i ? out_len - n : in_len - i;

		if (b->state > HTTP_BODY_LEFT && b->state != HTTP_BODY_CHUNK) {
			int rc = take_coding(b, in[i++], err);

			if (rc)
				return rc;
			continue;
		}
		if (b->state != HTTP_BODY_RAW && room > b->left)
			room = (size_t)b->left;
		memcpy(out + n, in + i, room);
		i += room;
		n += room;
		if (b->state == HTTP_BODY_RAW)
			continue;
		b->left -= room;
		if (!b->left)
			b->state = b->state == HTTP_BODY_LEFT ? HTTP_BODY_DONE
							      : HTTP_BODY_CHUNK_END;
	}
	*used = i;
	return (ssize_t)n;
}
