#include "builder/proxy/certificates.h"

#include "builder/certificate/certificate.h"
#include "builder/proxy/haproxy.h"
#include "builder/proxy/socket.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/paths.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIST_MAX (4 * 1024 * 1024)
#define OWN_NAME "bardo.invalid"
#define OWN_DAYS 3650
/* What HAProxy's answers to these commands end in when it has done them. */
#define DONE_NEW "New empty certificate store"
#define DONE_BEFORE "already exists"
#define DONE_SET "Transaction created for certificate"
#define DONE_SUCCESS "Success!"
#define DONE_DELETED "deleted"
#define DONE_IN_USE "in use"

char *haproxy_certificate_list(const struct settings *s, char *out)
{
	return path_run(s, "proxy/certificates.list", out);
}

static char *own_path(const struct settings *s, char *out)
{
	return path_run(s, "proxy/bardo.pem", out);
}

int haproxy_make_certificates(const struct settings *s, struct err *err)
{
	static const char *const names[] = {OWN_NAME};
	char own[PATH_TEXT_MAX], list[PATH_TEXT_MAX];
	struct certificate c;
	struct buf b;
	int rc = 0;

	(void)own_path(s, own);
	(void)haproxy_certificate_list(s, list);
	buf_init(&b, CERTIFICATE_PEM_MAX);
	if (io_read_file(own, &b, NULL) || certificate_read(buf_text(&b), &c, NULL)) {
		buf_reset(&b);
		rc = certificate_generate(names, 1, OWN_DAYS, &b, err);
		if (!rc)
			rc = io_replace_file(own, 0600, b.data, b.len, err);
	}
	buf_reset(&b);
	if (!rc && access(list, F_OK) < 0) {
		rc = buf_addf(&b, "%s\n", own);
		rc = rc ? ERR_FAILED : io_replace_file(list, 0600, b.data, b.len, err);
	}
	buf_finish(&b);
	return rc;
}

/* ---- the file ---- */

static int write_list(const struct settings *s,
	const struct haproxy_certificate *certificates, size_t len, struct err *err)
{
	char path[PATH_TEXT_MAX];
	struct buf b;
	int rc;

	buf_init(&b, LIST_MAX);
	rc = buf_addf(&b, "%s\n", own_path(s, path));
	for (size_t i = 0; i < len; i++) {
		const struct haproxy_certificate *c = &certificates[i];

		if (!c->damaged && !c->refused)
			rc |= buf_addf(&b, "%s [] %s\n", c->path, buf_text(&c->names));
	}
	rc = rc ? err_set(err, ERR_FAILED, "too many certificates")
		: io_replace_file(
			  haproxy_certificate_list(s, path), 0600, b.data, b.len, err);
	buf_finish(&b);
	return rc;
}

/* ---- the running proxy ---- */

/* One command, whose answer must hold `done`. */
static int command(const struct settings *s, const struct buf *text, const char *done,
	struct err *err)
{
	struct buf reply;
	int rc;

	buf_init(&reply, HAPROXY_REPLY_MAX);
	rc = haproxy_ask(s, text->data, &reply, err);
	if (!rc && !strstr(buf_text(&reply), done))
		rc = err_set(err, ERR_FAILED, "HAProxy refused \"%.*s\": %s",
			(int)strcspn(text->data, "\n;"), text->data, buf_text(&reply));
	buf_finish(&reply);
	return rc;
}

static int commandf(const struct settings *s, const char *done, struct err *err,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static int commandf(
	const struct settings *s, const char *done, struct err *err, const char *fmt, ...)
{
	char text[HAPROXY_COMMAND_MAX];
	struct buf b;
	va_list ap;
	int n, rc;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		return err_set(err, ERR_FAILED, "a certificate has too many names");
	buf_init(&b, sizeof(text));
	rc = buf_add(&b, text, (size_t)n) ? ERR_FAILED : command(s, &b, done, err);
	buf_finish(&b);
	return rc;
}

static void give_up_transaction(const struct settings *s, const char *path)
{
	(void)commandf(s, "", NULL, "abort ssl cert %s", path);
}

/* HAProxy has one transaction at a time: what a bardo that was killed left open would
 * keep every other certificate out. It stands in the list's head, behind a "*". */
static void end_left_over(const struct settings *s)
{
	char path[PATH_TEXT_MAX];
	const char *line;
	struct buf reply;

	buf_init(&reply, LIST_MAX);
	if (haproxy_ask(s, "show ssl cert", &reply, NULL) == 0 &&
		(line = strstr(buf_text(&reply), "\n*"))) {
		(void)snprintf(path, sizeof(path), "%.*s", (int)strcspn(line + 2, "\n"),
			line + 2);
		give_up_transaction(s, path);
	}
	buf_finish(&reply);
}

/* An empty one for load to fill; it may be there from an attempt that was cut off. */
static int make_store(const struct settings *s, const char *path, struct err *err)
{
	return commandf(s, DONE_NEW, NULL, "new ssl cert %s", path) &&
			commandf(s, DONE_BEFORE, err, "new ssl cert %s", path)
		? ERR_FAILED
		: 0;
}

/* Gives the proxy a file's content: it may not be able to read the file by now. The empty
 * line that ends a payload is the command's own end. */
static int load(const struct settings *s, const char *path, struct err *err)
{
	struct buf pem, b;
	int rc;

	buf_init(&pem, CERTIFICATE_PEM_MAX);
	buf_init(&b, HAPROXY_COMMAND_MAX);
	rc = io_read_file(path, &pem, err);
	if (!rc && buf_addf(&b, "set ssl cert %s <<\n%s", path, pem.data) < 0)
		rc = err_set(err, ERR_FAILED, "%s is too long", path);
	if (!rc)
		rc = command(s, &b, DONE_SET, err);
	if (pem.data)
		explicit_bzero(pem.data, pem.len);
	if (b.data)
		explicit_bzero(b.data, b.len);
	buf_finish(&pem);
	buf_finish(&b);
	if (!rc)
		rc = commandf(s, DONE_SUCCESS, err, "commit ssl cert %s", path);
	if (rc)
		give_up_transaction(s, path);
	return rc;
}

static int add(
	const struct settings *s, const struct haproxy_certificate *c, struct err *err)
{
	char list[PATH_TEXT_MAX];

	return commandf(s, DONE_SUCCESS, err, "add ssl crt-list %s <<\n%s [] %s\n",
		haproxy_certificate_list(s, list), c->path, buf_text(&c->names));
}

/* A line of `show ssl crt-list -n`: "PATH:LINE [] NAMES". */
struct shown {
	char path[PATH_TEXT_MAX];
	char entry[PATH_TEXT_MAX + 16]; /* with its line, as del wants it */
	const char *names;
	size_t names_len;
};

static bool read_shown(const char *line, size_t len, struct shown *out)
{
	const char *end = memchr(line, ' ', len);
	size_t entry_len = end ? (size_t)(end - line) : len;
	const char *colon = memrchr(line, ':', entry_len);
	const char *names = end ? memchr(end, ']', len - entry_len) : NULL;

	if (line[0] != '/' || !colon || entry_len >= sizeof(out->entry))
		return false;
	(void)snprintf(out->path, sizeof(out->path), "%.*s", (int)(colon - line), line);
	(void)snprintf(out->entry, sizeof(out->entry), "%.*s", (int)entry_len, line);
	out->names = names ? names + 1 : "";
	out->names_len = names ? len - (size_t)(names + 1 - line) : 0;
	while (out->names_len && *out->names == ' ') {
		out->names++;
		out->names_len--;
	}
	return true;
}

/* The next line that shows an entry; NULL at the end. */
static const char *next_shown(const char *text, struct shown *out)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		bool is_entry = len && read_shown(text, len, out);

		text += len + (text[len] == '\n');
		if (is_entry)
			return text;
	}
	return NULL;
}

static bool is_same(const struct shown *shown, const struct haproxy_certificate *c)
{
	return c->names.len == shown->names_len &&
		!memcmp(c->names.data, shown->names, shown->names_len);
}

/* The new entry goes first: no visitor finds none. */
static int apply_one(const struct settings *s, const struct haproxy_certificate *c,
	const char *shown_list, struct err *err)
{
	char list[PATH_TEXT_MAX];
	struct shown shown;
	bool same = false, found = false;
	int rc = 0;

	for (const char *at = shown_list; (at = next_shown(at, &shown));) {
		if (strcmp(shown.path, c->path) != 0)
			continue;
		found = true;
		same = same || is_same(&shown, c);
	}
	if (!found)
		rc = make_store(s, c->path, err);
	if (!rc && (!found || c->changed))
		rc = load(s, c->path, err);
	if (!rc && !same)
		rc = add(s, c, err);
	for (const char *at = shown_list; !rc && (at = next_shown(at, &shown));) {
		if (!strcmp(shown.path, c->path) && !is_same(&shown, c))
			rc = commandf(s, DONE_DELETED, err, "del ssl crt-list %s %s",
				haproxy_certificate_list(s, list), shown.entry);
	}
	return rc;
}

static bool is_wanted(const struct settings *s, const char *path,
	const struct haproxy_certificate *certificates, size_t len)
{
	char own[PATH_TEXT_MAX];

	if (!strcmp(path, own_path(s, own)))
		return true;
	for (size_t i = 0; i < len; i++) {
		if (!strcmp(path, certificates[i].path))
			return true;
	}
	return false;
}

/* Another entry, whose turn comes, may still use the certificate. */
static int remove_entry(
	const struct settings *s, const struct shown *shown, struct err *err)
{
	char list[PATH_TEXT_MAX];
	int rc = commandf(s, DONE_DELETED, err, "del ssl crt-list %s %s",
		haproxy_certificate_list(s, list), shown->entry);

	if (!rc && commandf(s, DONE_DELETED, NULL, "del ssl cert %s", shown->path))
		rc = commandf(s, DONE_IN_USE, err, "del ssl cert %s", shown->path);
	return rc;
}

static int remove_others(const struct settings *s, const char *shown_list,
	const struct haproxy_certificate *certificates, size_t len, struct err *err)
{
	struct shown shown;
	int first = 0;

	for (const char *at = shown_list; (at = next_shown(at, &shown));) {
		int rc = is_wanted(s, shown.path, certificates, len)
			? 0
			: remove_entry(s, &shown, first ? NULL : err);

		first = first ? first : rc;
	}
	return first;
}

/* One that is refused is its app's affair alone. */
static int apply_each(const struct settings *s, struct haproxy_certificate *certificates,
	size_t len, const char *shown_list, struct err *err)
{
	for (size_t i = 0; i < len; i++) {
		struct haproxy_certificate *c = &certificates[i];
		struct err why = {0};
		int rc = c->damaged ? 0 : apply_one(s, c, shown_list, &why);

		if (rc == ERR_AWAY)
			return err_set(err, rc, "%s", why.msg);
		c->refused = rc < 0;
		(void)snprintf(c->why, sizeof(c->why), "%.500s", rc ? why.msg : "");
	}
	return 0;
}

static bool any_is_refused(const struct haproxy_certificate *certificates, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (certificates[i].refused)
			return true;
	}
	return false;
}

static int apply(const struct settings *s, struct haproxy_certificate *certificates,
	size_t len, struct err *err)
{
	char list[PATH_TEXT_MAX], text[PATH_TEXT_MAX + 32];
	struct buf shown;
	int rc;

	end_left_over(s);
	buf_init(&shown, LIST_MAX);
	(void)snprintf(text, sizeof(text), "show ssl crt-list -n %s",
		haproxy_certificate_list(s, list));
	rc = haproxy_ask(s, text, &shown, err);
	if (!rc)
		rc = apply_each(s, certificates, len, buf_text(&shown), err);
	if (!rc && any_is_refused(certificates, len))
		rc = write_list(s, certificates, len, err);
	if (!rc)
		rc = remove_others(s, buf_text(&shown), certificates, len, err);
	buf_finish(&shown);
	return rc;
}

int haproxy_use_certificates(const struct settings *s,
	struct haproxy_certificate *certificates, size_t len, struct err *err)
{
	char list[PATH_TEXT_MAX];
	struct buf reply;
	bool serves;
	int rc = write_list(s, certificates, len, err);

	if (rc || !haproxy_is_there(s))
		return rc;
	/* Without HTTPS it knows of no list. */
	buf_init(&reply, HAPROXY_REPLY_MAX);
	(void)haproxy_certificate_list(s, list);
	rc = haproxy_ask(s, "show ssl crt-list", &reply, err);
	serves = !rc && strstr(buf_text(&reply), list);
	buf_finish(&reply);
	return serves ? apply(s, certificates, len, err) : rc;
}
