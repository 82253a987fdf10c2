#ifndef BARDO_BUILDER_FILE_NETWORK_H
#define BARDO_BUILDER_FILE_NETWORK_H

struct app;
struct err;
struct store;

/* Whether a configuration of bardo.json may open this shared network. Whoever may push
 * writes that file: it opens only networks that an owner of the app made, or a server
 * admin where nobody else may push. ERR_FAILED in the same words for one that isn't
 * there. */
int file_network_check(
	struct store *s, const struct app *app, const char *name, struct err *err);

#endif
