#include "receiver/commands/families.h"
#include "receiver/commands/proxy.h"
#include "receiver/dispatch/command.h"

#include "builder/certificate/bundle.h"
#include "builder/certificate/certificate.h"
#include "builder/life/expiry.h"
#include "builder/life/install.h"
#include "builder/life/names.h"
#include "config/app/domains.h"
#include "config/app/properties.h"
#include "config/app/variables.h"
#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/number.h"
#include "config/paths.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Certificates for the names of apps. They are looked at before they count, and served
 * from the next connection on: nothing reloads. */

#define GENERATED_DAYS 365
#define PEM_BEGIN "-----BEGIN "

/* What held a key. */
static void forget(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->len);
	buf_finish(b);
}

/* The app's certificate as it is kept, for `forget` whatever comes back. */
static int read_own(
	struct request *r, const struct app *app, struct buf *pem, struct err *err)
{
	char path[PATH_TEXT_MAX];

	buf_init(pem, CERTIFICATE_PEM_MAX);
	return io_read_file(path_certificate(r->settings, app->handle, path), pem, err);
}

/* ---- reading ---- */

/* Two files, for who is on the host anyway; else standard input. */
static int read_bundle(
	struct request *r, struct buf *certificates, struct buf *key, struct err *err)
{
	struct buf data;
	int rc;

	if (r->argc == 4 && r->on_host) {
		rc = io_read_file(r->argv[2], certificates, err);
		return rc ? rc : io_read_file(r->argv[3], key, err);
	}
	if (r->argc > 2)
		return err_set(err, ERR_USAGE,
			r->on_host ? "certs:add APP CERTIFICATE KEY takes two files"
				   : "from afar certificate and key come on standard "
				     "input: tar c server.crt server.key | ssh … "
				     "certs:add APP");
	buf_init(&data, BUNDLE_MAX);
	rc = io_read_all(STDIN_FILENO, &data, err);
	if (!rc)
		rc = bundle_read(buf_text(&data), data.len, certificates, key, err);
	forget(&data);
	return rc;
}

static int read_pem(struct request *r, const struct app *app, struct buf *pem,
	struct certificate *out, struct err *err)
{
	struct buf certificates, key;
	int rc;

	(void)app;
	buf_init(&certificates, BUNDLE_MAX);
	buf_init(&key, BUNDLE_MAX);
	rc = read_bundle(r, &certificates, &key, err);
	if (!rc && (!buf_text(&certificates)[0] || !buf_text(&key)[0]))
		rc = err_set(err, ERR_USAGE, "a file is empty");
	if (!rc)
		rc = certificate_join(certificates.data, key.data, pem, out, err);
	forget(&key);
	buf_finish(&certificates);
	return rc;
}

/* ---- installing ---- */

static int warn_if_uncovered(void *ctx, const char *name)
{
	if (!certificate_covers(ctx, name))
		(void)printf(" !     it is not for %s: visitors of that name get no "
			     "valid certificate\n",
			name);
	return 0;
}

static void tell_time(const struct request *r, const char *what, int64_t ms)
{
	char when[CLOCK_TEXT_MAX];

	clock_format(ms, when);
	command_say(r, "       %s %s\n", what, when);
}

static void tell(struct request *r, const struct app *app, struct certificate *c)
{
	command_say(r, "-----> %s has a certificate for %s\n", app->name, c->names);
	tell_time(r, "valid until", c->ends_at);
	if (expiry_of(c, clock_unix_ms()) != EXPIRY_FAR)
		(void)printf(
			" !     it expires in less than %d days\n", EXPIRY_SOON_DAYS);
	if (!c->verified)
		(void)printf(" !     %s\n",
			c->self_signed ? "it is self-signed: browsers warn of it"
				       : "no root that this machine trusts stands "
					 "behind it: is the chain complete?");
	if (c->rare_key)
		(void)printf(
			" !     most browsers don't take a key of its kind: EC (P-256, "
			"P-384) and RSA are for all\n");
	(void)domains_each_effective(r->server.store, app, warn_if_uncovered, c, NULL);
	if (!strcmp(r->settings->proxy_https, SETTING_OFF))
		(void)printf(" !     proxy.https is off: it is not served until that is "
			     "set\n");
}

/* Where a certificate and its key come from. */
typedef int find_pem(struct request *r, const struct app *app, struct buf *pem,
	struct certificate *out, struct err *err);

static int give(struct request *r, int max_words, find_pem *find, struct err *err)
{
	struct certificate certificate;
	struct app app = {0};
	struct buf pem;
	int rc = command_options(r, NULL, 0, 1, max_words, err);

	if (!rc)
		rc = command_app(r, &app, err);
	if (!rc)
		rc = proxy_is_needed(r, &app, "a certificate", err);
	if (rc)
		return rc;
	buf_init(&pem, CERTIFICATE_PEM_MAX);
	rc = find(r, &app, &pem, &certificate, err);
	if (!rc)
		rc = certificate_install(&r->server, &app, &pem, err);
	forget(&pem);
	if (!rc)
		tell(r, &app, &certificate);
	return rc;
}

int run_certs_add(struct request *r, struct err *err)
{
	return give(r, 3, read_pem, err);
}

/* ---- self-signed ---- */

struct wanted {
	char texts[DOMAINS_MAX][DOMAIN_SIZE];
	const char *names[DOMAINS_MAX];
	size_t len;
};

static int add_wanted(void *ctx, const char *name)
{
	struct wanted *w = ctx;

	if (w->len == DOMAINS_MAX)
		return 0;
	(void)snprintf(w->texts[w->len], DOMAIN_SIZE, "%s", name);
	w->names[w->len] = w->texts[w->len];
	w->len++;
	return 0;
}

static int find_wanted(
	struct request *r, const struct app *app, struct wanted *w, struct err *err)
{
	int rc = 0;

	w->len = 0;
	for (int i = 2; i < r->argc && !rc; i++) {
		char name[DOMAIN_SIZE];

		rc = domain_check(r->argv[i], name, err);
		if (!rc)
			rc = add_wanted(w, name);
	}
	if (!rc && !w->len)
		rc = domains_each_effective(r->server.store, app, add_wanted, w, err);
	if (!rc && !w->len)
		rc = err_set(err, ERR_USAGE,
			"%s has no names: domains:add %s DOMAIN first, or name them here",
			app->name, app->name);
	return rc;
}

static int generate(struct request *r, const struct app *app, struct buf *pem,
	struct certificate *out, struct err *err)
{
	struct wanted wanted;
	int rc = find_wanted(r, app, &wanted, err);

	if (!rc)
		rc = certificate_generate(
			wanted.names, wanted.len, GENERATED_DAYS, pem, err);
	return rc ? rc : certificate_read(pem->data, out, err);
}

int run_certs_generate(struct request *r, struct err *err)
{
	return give(r, DOMAINS_MAX + 1, generate, err);
}

/* ---- the rest ---- */

/* The blocks of a PEM file that are keys, or those that aren't. */
static void print_blocks(const char *pem, bool keys)
{
	bool inside = false;

	while (*pem) {
		size_t len = strcspn(pem, "\n");

		len += pem[len] == '\n';
		if (!strncmp(pem, PEM_BEGIN, strlen(PEM_BEGIN)))
			inside = (memmem(pem, len, "PRIVATE KEY", 11) != NULL) == keys;
		if (inside)
			(void)fwrite(pem, 1, len, stdout);
		pem += len;
	}
}

int run_certs_show(struct request *r, struct err *err)
{
	struct app app = {0};
	struct buf pem;
	bool key = false;
	int rc = command_options(r, NULL, 0, 2, 2, err);

	if (!rc)
		rc = command_app(r, &app, err);
	if (!rc)
		key = !strcmp(r->argv[2], "key");
	if (!rc && !key && strcmp(r->argv[2], "crt") != 0)
		rc = err_set(err, ERR_USAGE, "%.40s: it is crt or key", r->argv[2]);
	if (rc)
		return rc;
	rc = read_own(r, &app, &pem, NULL);
	if (rc)
		rc = err_set(err, ERR_NOTFOUND, "%s has no certificate", app.name);
	else
		print_blocks(buf_text(&pem), key);
	forget(&pem);
	return rc;
}

int run_certs_remove(struct request *r, struct err *err)
{
	struct app app = {0};
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = command_app(r, &app, err);
	if (!rc)
		rc = certificate_uninstall(&r->server, &app, err);
	if (!rc)
		command_say(r, "-----> %s has no certificate any more\n", app.name);
	return rc;
}

static int check_redirect(const char *value, struct err *err)
{
	if (!strcmp(value, "true") || !strcmp(value, "false"))
		return 0;
	return err_set(err, ERR_USAGE, "%.40s: it is true or false", value);
}

static int check_hsts(const char *value, struct err *err)
{
	int64_t seconds;

	if (number_parse(value, 0, INT32_MAX, &seconds) == 0)
		return 0;
	return err_set(err, ERR_USAGE,
		"%.40s: it is the seconds that browsers remember it, like 31536000 for a "
		"year, or 0",
		value);
}

int run_certs_set(struct request *r, struct err *err)
{
	static const struct property properties[] = {
		{"https-redirect", check_redirect},
		{"hsts", check_hsts},
	};
	struct app app = {0};

	return command_property_set_routed(r, "certs", properties,
		sizeof(properties) / sizeof(properties[0]), names_route, &app, err);
}

static void add_date(cJSON *out, const char *key, int64_t ms)
{
	char when[CLOCK_TEXT_MAX] = "";

	if (ms)
		clock_format(ms, when);
	(void)cJSON_AddStringToObject(out, key, when);
}

/* What https-redirect and hsts come to. */
static int add_visitors(
	struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	int64_t id = app ? app->id : EVERY_APP;
	char redirect[PROPERTY_VALUE_SIZE], hsts[PROPERTY_VALUE_SIZE];
	int rc = property_get(
		r->server.store, id, "certs", "https-redirect", redirect, err);

	if (!rc)
		rc = property_get(r->server.store, id, "certs", "hsts", hsts, err);
	if (rc)
		return rc;
	(void)cJSON_AddStringToObject(
		out, "ssl-https-redirect", *redirect ? redirect : "true");
	(void)cJSON_AddStringToObject(out, "ssl-hsts", *hsts ? hsts : "0");
	return 0;
}

static int fill_report(
	struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	struct certificate c = {0};
	bool has;

	if (!app)
		return add_visitors(r, app, out, err);
	has = certificate_read_kept(r->settings, app->handle, &c, NULL) == 0;
	(void)cJSON_AddStringToObject(out, "ssl-enabled", has ? "true" : "false");
	(void)cJSON_AddStringToObject(out, "ssl-hostnames", c.names);
	add_date(out, "ssl-starts-at", c.starts_at);
	add_date(out, "ssl-expires-at", c.ends_at);
	(void)cJSON_AddStringToObject(out, "ssl-issuer", c.issuer);
	(void)cJSON_AddStringToObject(out, "ssl-subject", c.subject);
	(void)cJSON_AddStringToObject(out, "ssl-verified",
		!has			? ""
			: c.verified	? "verified"
			: c.self_signed ? "self signed"
					: "not verified");
	return add_visitors(r, app, out, err);
}

int run_certs_report(struct request *r, struct err *err)
{
	return command_report(r, "ssl", fill_report, true, err);
}

/* For bardod, once a day. */
int run_certs_watch(struct request *r, struct err *err)
{
	int rc = command_options(r, NULL, 0, 0, 0, err);

	return rc ? rc : expiry_record(&r->server, err);
}
