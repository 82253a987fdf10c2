#ifndef BARDO_BUILDER_HAPROXY_MAP_H
#define BARDO_BUILDER_HAPROXY_MAP_H

struct err;
struct settings;

/* HAProxy's maps ("KEY VALUE" a line): files under server.data/run/proxy that it reads at
 * its start, and the same by its socket while it runs. */

/* Room for a page of every backend, and for the longest of names. */
#define HAPROXY_MAP_MAX (8 * 1024 * 1024)

/* Replaces a map of this name as a whole, in its file and at run time: visitors see the
 * one before or the one after, nothing between. A proxy that doesn't run reads the file
 * when it starts: success. text is whole lines. */
int haproxy_replace_map(
	const struct settings *s, const char *name, const char *text, struct err *err);

/* An empty file, unless it is there. HAProxy doesn't start without. */
int haproxy_make_map(const struct settings *s, const char *name, struct err *err);

/* The map's path, by which the socket knows it too; out has PATH_TEXT_MAX bytes. */
char *haproxy_map_path(const struct settings *s, const char *name, char *out);

#endif
