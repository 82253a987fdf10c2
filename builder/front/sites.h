#ifndef BARDO_BUILDER_FRONT_SITES_H
#define BARDO_BUILDER_FRONT_SITES_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;
struct front_site;
struct server;

/* The text of the file that nginx includes
 * (nginx.org/en/docs/http/ngx_http_proxy_module.html).
 */

#define SITES_TEXT_MAX (32 * 1024 * 1024)
#define SITES_GENERATION_SIZE 33

struct sites {
	struct buf *text;
	bool only_text;				/* write no copies */
	char generation[SITES_GENERATION_SIZE]; /* differs with the text */
};

/* Writes it, and copies of the certificates that it names. ERR_FAILED: among others, one
 * that can't be read. */
int sites_write(struct sites *out, const struct server *s, const struct front_site *sites,
	size_t len, struct err *err);

/* Removes copies that no line of this text names. */
void sites_tidy(const struct server *s, const char *text);

/* The name, no app's, at which nginx tells the generation that it serves, and the line of
 * the file that shows it; each into out, of DOMAIN_SIZE. */
char *sites_own_name(const struct server *s, char *out);
char *sites_marker(const char *generation, char *out);

/* Whether a text has a server block for this name. */
bool sites_has(const char *text, const char *name);

#endif
