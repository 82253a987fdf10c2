#include "builder/life/names.h"

#include "builder/certificate/certificate.h"
#include "builder/proxy/certificates.h"
#include "builder/proxy/haproxy.h"
#include "builder/server.h"
#include "config/app/domains.h"
#include "config/app/properties.h"
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
	const struct app *renewed;
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

static int begin_app(struct names *n, const struct domain_routed *d)
{
	n->app_id = d->app_id;
	n->is_covered = false;
	/* One that can't be read any more must not keep the others from visitors. */
	n->has_certificate =
		certificate_read_kept(n->server->settings, d->handle, &n->certificate);
	return n->has_certificate ? read_wishes(n) : 0;
}

static int make_certificate_room(struct names *n)
{
	size_t cap = n->certificates_cap ? n->certificates_cap * 2 : 16;
	struct haproxy_certificate *more;

	if (n->certificates_len < n->certificates_cap)
		return 0;
	more = realloc(n->certificates, cap * sizeof(*more));
	if (!more)
		return out_of_memory(n->err);
	n->certificates = more;
	n->certificates_cap = cap;
	return 0;
}

/* The first name that the app's certificate is for. */
static int add_certificate(struct names *n, const struct domain_routed *d)
{
	struct haproxy_certificate *c;
	int rc = make_certificate_room(n);

	if (rc)
		return rc;
	c = &n->certificates[n->certificates_len++];
	c->changed = n->renewed && n->renewed->id == d->app_id;
	(void)path_certificate(n->server->settings, d->handle, c->path);
	buf_init(&c->names, DOMAINS_MAX * DOMAIN_SIZE);
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
	rc = add_certificate(n, d);
	n->is_covered = !rc;
	return rc;
}

static int make_room(struct names *n)
{
	size_t cap = n->cap ? n->cap * 2 : 64;
	struct haproxy_domain *more;

	if (n->len < n->cap)
		return 0;
	more = realloc(n->domains, cap * sizeof(*more));
	if (!more)
		return out_of_memory(n->err);
	n->domains = more;
	n->cap = cap;
	return 0;
}

static int add_site(struct names *n, const struct domain_routed *d, bool covered)
{
	size_t cap = n->sites_cap ? n->sites_cap * 2 : 64;
	struct front_site *site;

	if (n->sites_len == n->sites_cap) {
		site = realloc(n->sites, cap * sizeof(*site));
		if (!site)
			return out_of_memory(n->err);
		n->sites = site;
		n->sites_cap = cap;
	}
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

	if (!rc)
		rc = make_room(n);
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

/* front_err gets what the nginx before us says against it, 0 or a code in *front. */
static int route(struct server *s, const struct app *renewed, int *front,
	struct err *front_err, struct err *err)
{
	struct names n = {.server = s, .renewed = renewed, .err = err};
	int lock, rc;

	*front = 0;
	if (!settings_have_proxy(s->settings))
		return 0;
	lock = haproxy_lock_map(s->settings, HAPROXY_MAP_DOMAINS, err);
	rc = lock < 0 ? lock : domains_each_routed(s->store, collect, &n, err);
	/* A name leads to HTTPS only when its certificate is there. */
	if (!rc)
		rc = haproxy_use_certificates(
			s->settings, n.certificates, n.certificates_len, err);
	*front = rc ? 0 : front_serve(s, n.sites, n.sites_len, front_err);
	if (!rc)
		rc = haproxy_map_domains(s->settings, n.domains, n.len, err);
	finish(&n);
	if (lock >= 0)
		(void)close(lock);
	return rc;
}

int names_route(struct server *s, const struct app *renewed, struct err *err)
{
	int front, rc = route(s, renewed, &front, err, err);

	return rc ? rc : front;
}

int names_follow(struct server *s, struct err *err)
{
	struct err e = {0};
	int front, rc = route(s, NULL, &front, &e, err);

	if (front)
		log_warn("names: %s", e.msg);
	return rc;
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
	https = is_on(set->proxy_https) && certificate_read_kept(set, app->handle, &c) &&
		certificate_covers(&c, name);
	if (!https && !is_on(set->proxy_http))
		return false;
	(void)snprintf(out, URL_SIZE, "http%s://%s%s/", https ? "s" : "", name,
		https ? visible_port(set->proxy_https, ":443")
		      : visible_port(set->proxy_http, ":80"));
	return true;
}
