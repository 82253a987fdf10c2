#include "builder/life/names.h"

#include "builder/certificate/certificate.h"
#include "builder/proxy/certificates.h"
#include "builder/proxy/haproxy.h"
#include "builder/proxy/socket.h"
#include "builder/server.h"
#include "config/app/domains.h"
#include "config/app/properties.h"
#include "config/base/array.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/log.h"
#include "config/base/number.h"
#include "config/paths.h"
#include "config/record/lives.h"
#include "config/settings.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is being gathered, app by app. */
struct names {
	struct server *server;
	const struct app *without; /* the app whose certificate is to go; NULL none */
	struct haproxy_domain *domains;
	size_t len, cap;
	struct front_site *sites;
	size_t sites_len, sites_cap;
	struct haproxy_certificate *certificates;
	size_t certificates_len, certificates_cap;
	/* The app whose names are coming. */
	int64_t app_id;
	bool has_certificate;
	struct certificate certificate;
	bool is_covered; /* one of its names is its certificate's: the last that is listed
			  */
	bool to_https;
	int64_t hsts;
	struct err *err;
};

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_FAILED, "out of memory");
}

/* ---- one app ---- */

static int read_wishes(struct names *n)
{
	char value[PROPERTY_VALUE_SIZE];
	struct store *s = n->server->store;
	int rc = property_get(s, n->app_id, "certs", "https-redirect", value, n->err);

	n->to_https = strcmp(value, "false") != 0;
	if (!rc)
		rc = property_get(s, n->app_id, "certs", "hsts", value, n->err);
	if (number_parse(value, 0, INT32_MAX, &n->hsts) < 0)
		n->hsts = 0;
	return rc;
}

/* Its names are still to come. */
static struct haproxy_certificate *add_certificate(
	struct names *n, const struct domain_routed *d)
{
	char path[PATH_TEXT_MAX];
	struct haproxy_certificate *c;

	if (array_reserve(&n->certificates, n->certificates_len, &n->certificates_cap,
		    sizeof(*n->certificates))) {
		(void)out_of_memory(n->err);
		return NULL;
	}
	c = &n->certificates[n->certificates_len++];
	*c = (struct haproxy_certificate){.slot = d->slot};
	(void)path_certificate(n->server->settings, d->handle, c->path);
	c->changed =
		access(path_certificate_changed(n->server->settings, d->handle, path),
			F_OK) == 0;
	buf_init(&c->names, DOMAINS_MAX * DOMAIN_SIZE);
	return c;
}

/* One that can't be read any more keeps no other from its visitors. */
static int note_damage(
	struct names *n, const struct domain_routed *d, const struct err *why)
{
	struct haproxy_certificate *c = add_certificate(n, d);

	if (!c)
		return ERR_FAILED;
	c->damaged = true;
	log_warn("the certificate of %s is not served: %s: %s", d->handle, c->path,
		why->msg);
	return 0;
}

static int begin_app(struct names *n, const struct domain_routed *d)
{
	struct err why = {0};
	int rc = n->without && n->without->id == d->app_id
		? ERR_NOTFOUND
		: certificate_read_kept(
			  n->server->settings, d->handle, &n->certificate, &why);

	n->app_id = d->app_id;
	n->is_covered = false;
	n->has_certificate = rc == 0;
	if (rc == ERR_FAILED)
		return note_damage(n, d, &why);
	return n->has_certificate ? read_wishes(n) : 0;
}

/* The first name that the app's certificate is for. */
static int begin_certificate(struct names *n, const struct domain_routed *d)
{
	struct haproxy_certificate *c = add_certificate(n, d);

	if (!c)
		return ERR_FAILED;
	return buf_adds(&c->names, d->name) < 0 ? out_of_memory(n->err) : 0;
}

static int add_to_certificate(struct names *n, const char *name)
{
	struct buf *names = &n->certificates[n->certificates_len - 1].names;

	return buf_addf(names, " %s", name) < 0 ? out_of_memory(n->err) : 0;
}

static int cover(struct names *n, const struct domain_routed *d)
{
	int rc;

	if (n->is_covered)
		return add_to_certificate(n, d->name);
	rc = begin_certificate(n, d);
	n->is_covered = !rc;
	return rc;
}

static int add_site(struct names *n, const struct domain_routed *d, bool covered)
{
	struct front_site *site;

	if (array_reserve(&n->sites, n->sites_len, &n->sites_cap, sizeof(*n->sites)))
		return out_of_memory(n->err);
	site = &n->sites[n->sites_len++];
	(void)snprintf(site->name, sizeof(site->name), "%s", d->name);
	(void)snprintf(
		site->handle, sizeof(site->handle), "%s", covered ? d->handle : "");
	return 0;
}

static int collect(void *ctx, const struct domain_routed *d)
{
	struct names *n = ctx;
	struct haproxy_domain *domain;
	bool covered;
	int rc = d->app_id == n->app_id ? 0 : begin_app(n, d);

	if (!rc && array_reserve(&n->domains, n->len, &n->cap, sizeof(*n->domains)))
		rc = out_of_memory(n->err);
	if (rc)
		return rc;
	covered = n->has_certificate && certificate_covers(&n->certificate, d->name);
	rc = add_site(n, d, covered);
	if (rc)
		return rc;
	domain = &n->domains[n->len++];
	*domain = (struct haproxy_domain){
		.slot = d->slot,
		.to_https = covered && n->to_https,
		.hsts = covered ? n->hsts : 0,
	};
	(void)snprintf(domain->name, sizeof(domain->name), "%s", d->name);
	return covered ? cover(n, d) : 0;
}

static void finish(struct names *n)
{
	for (size_t i = 0; i < n->certificates_len; i++)
		buf_finish(&n->certificates[i].names);
	free(n->certificates);
	free(n->sites);
	free(n->domains);
}

/* ---- all of them ---- */

/* Who comes by HTTP gets an answer there, as long as the certificate isn't served. */
static void keep_from_https(struct names *n, int slot)
{
	for (size_t i = 0; i < n->len; i++) {
		if (n->domains[i].slot == slot) {
			n->domains[i].to_https = false;
			n->domains[i].hsts = 0;
		}
	}
}

/* What the proxy has read is told it no more; what it refused is for its app to hear. */
static int judge_certificates(struct names *n, const struct app *mine, struct err *err)
{
	char path[PATH_TEXT_MAX + 16];
	int rc = 0;

	for (size_t i = 0; i < n->certificates_len; i++) {
		const struct haproxy_certificate *c = &n->certificates[i];

		if (c->refused) {
			keep_from_https(n, c->slot);
			log_warn("a certificate is not served: %s: %s", c->path, c->why);
			if (mine && mine->slot == c->slot)
				rc = err_set(err, ERR_FAILED, "%s", c->why);
		} else if (c->changed && !c->damaged) {
			(void)snprintf(path, sizeof(path), "%s" PATH_CHANGED, c->path);
			(void)unlink(path);
		}
	}
	return rc;
}

static int use_certificates(struct names *n, const struct app *mine, struct err *err)
{
	struct err why = {0};
	int rc = haproxy_use_certificates(
		n->server->settings, n->certificates, n->certificates_len, &why);

	if (rc == ERR_FAILED && !n->without) {
		log_warn("a certificate that should go is still served: %s", why.msg);
		rc = 0;
	}
	if (rc) {
		(void)err_set(err, rc, "%s", why.msg);
		return haproxy_must_follow(rc, err);
	}
	return judge_certificates(n, mine, err);
}

/* front_err gets what the nginx before us says against it, 0 or a code in *front. */
static int route(struct server *s, const struct app *mine, const struct app *without,
	int *front, struct err *front_err, struct err *err)
{
	struct names n = {.server = s, .without = without, .err = err};
	int lock, rc;

	*front = 0;
	if (!settings_have_proxy(s->settings))
		return 0;
	lock = haproxy_lock_map(s->settings, HAPROXY_MAP_DOMAINS, err);
	rc = lock < 0 ? lock : domains_each_routed(s->store, collect, &n, err);
	/* A name leads to HTTPS only when its certificate is there. */
	if (!rc)
		rc = use_certificates(&n, mine, err);
	*front = rc ? 0 : front_serve(s, n.sites, n.sites_len, front_err);
	if (!rc)
		rc = haproxy_map_domains(s->settings, n.domains, n.len, err);
	finish(&n);
	if (lock >= 0)
		(void)close(lock);
	return rc;
}

int names_route(struct server *s, const struct app *mine, struct err *err)
{
	int front, rc = route(s, mine, NULL, &front, err, err);

	return rc ? rc : front;
}

/* Of what nginx says against it the log hears. */
static int follow(struct server *s, const struct app *without, struct err *err)
{
	struct err e = {0};
	int front, rc = route(s, NULL, without, &front, &e, err);

	if (front)
		log_warn("names: %s", e.msg);
	return rc;
}

int names_follow(struct server *s, struct err *err)
{
	return follow(s, NULL, err);
}

int names_route_without(
	struct server *s, const struct app *app, bool log, struct err *err)
{
	int front, rc;

	if (log)
		return follow(s, app, err);
	rc = route(s, NULL, app, &front, err, err);
	return rc ? rc : front;
}

int names_look(struct server *s, enum front_state *out, struct err *err)
{
	struct names n = {.server = s, .err = err};
	int rc = domains_each_routed(s->store, collect, &n, err);

	if (!rc)
		*out = front_look(s, n.sites, n.sites_len, err);
	finish(&n);
	return rc;
}

/* ---- the URL ---- */

static int take_first(void *ctx, const char *name)
{
	if (name[0] == '*')
		return 0;
	(void)snprintf(ctx, DOMAIN_SIZE, "%s", name);
	return 1;
}

/* ":8080" of where it listens, "" for the port that browsers expect. */
static const char *visible_port(const char *listen, const char *expected)
{
	const char *colon = strrchr(listen, ':');

	return colon && strcmp(colon, expected) != 0 ? colon : "";
}

static bool is_on(const char *listen)
{
	return strcmp(listen, SETTING_OFF) != 0;
}

bool names_url(const struct server *s, const struct app *app, char *out)
{
	const struct settings *set = s->settings;
	char name[DOMAIN_SIZE] = "";
	struct certificate c;
	bool https;

	(void)domains_each_effective(s->store, app, take_first, name, NULL);
	if (!*name)
		return false;
	https = is_on(set->proxy_https) &&
		certificate_read_kept(set, app->handle, &c, NULL) == 0 &&
		certificate_covers(&c, name);
	if (!https && !is_on(set->proxy_http))
		return false;
	(void)snprintf(out, URL_SIZE, "http%s://%s%s/", https ? "s" : "", name,
		https ? visible_port(set->proxy_https, ":443")
		      : visible_port(set->proxy_http, ":80"));
	return true;
}
