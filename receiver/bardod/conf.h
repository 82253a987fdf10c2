#ifndef BARDO_BARDOD_CONF_H
#define BARDO_BARDOD_CONF_H

struct err;
struct programs;
struct settings;

/* The settings that bardod needs, as `bardo settings` resolves them: reading the file
 * takes a library that the process which binds the ports shall not have. Of s only those
 * in conf.c's table are filled in. ERR_USAGE: bardo said what is wrong with them. */
int conf_load(struct settings *s, const struct programs *p, struct err *err);

/* The same out of text, "key=value" lines, which is taken apart. */
int conf_parse(struct settings *s, char *text, struct err *err);

/* One more for the commands that bardod starts; it wins over what conf_load read. */
int conf_add(const char *key, const char *value, struct err *err);

#endif
