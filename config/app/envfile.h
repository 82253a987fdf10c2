#ifndef BARDO_CONFIG_ENVFILE_H
#define BARDO_CONFIG_ENVFILE_H

#include <stddef.h>

struct err;
struct variables;

/*
 * Reads variables as people keep them in files; adds to out.
 *
 * An envfile (".env") has a line NAME=VALUE each, maybe with `export` before it; blank
 * lines and those that begin with # say nothing. A value without quotes goes to the end
 * of its line, without the blanks around it and what follows " #". Quoted ones may hold
 * newlines: in '…' everything is itself, in "…" \n \r \t \" \\ \$ and \` are what C and
 * shells mean by them. Quoted parts and \' may follow each other, as shells write
 * 'it'\''s'. Nothing is expanded.
 *
 * ERR_USAGE names the line, and never what stands in it: that may be a secret.
 */
int envfile_parse(struct variables *out, const char *text, size_t len, struct err *err);

/* The same from JSON: {"NAME": "VALUE"}, or [{"name": "NAME", "value": "VALUE"}]. Numbers
 * and booleans become what they are written like. */
int variables_parse_json(
	struct variables *out, const char *text, size_t len, struct err *err);

#endif
