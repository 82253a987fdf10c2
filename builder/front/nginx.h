#ifndef BARDO_BUILDER_FRONT_NGINX_H
#define BARDO_BUILDER_FRONT_NGINX_H

#include "config/base/buf.h"

#include <stdbool.h>

struct err;
struct settings;

/* nginx's own program, run by bardod (config/door.h), and nginx itself. */

#define NGINX_SAYS_MAX 16384

struct nginx_answer {
	struct buf says;  /* what it thinks of it, lines: "[warn] …" */
	bool is_included; /* `marker` stands in its configuration */
	int status;
};

void nginx_answer_init(struct nginx_answer *a);
void nginx_answer_finish(struct nginx_answer *a);

/* Judges its whole configuration as it stands there (nginx -T). 0 whatever its status is;
 * ERR_AWAY: it isn't there, bardod isn't, or it takes longer than a minute. */
int nginx_test(const struct settings *s, const char *marker, struct nginx_answer *out,
	struct err *err);

/* Tells it to read that anew. ERR_AWAY: as above, or it doesn't run. */
int nginx_reload(const struct settings *s, struct err *err);

/* What went wrong: its gravest line, else the last that it said. Borrowed until the
 * answer is finished or asked again. */
const char *nginx_complaint(struct nginx_answer *a);

#endif
