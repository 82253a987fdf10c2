#ifndef BARDO_CONFIG_VARIABLES_WRITE_H
#define BARDO_CONFIG_VARIABLES_WRITE_H

struct buf;
struct err;
struct variables;

/* Variables as text, in Dokku's formats. */

/* "exports" (export NAME='VALUE', a line each), "shell" (NAME='VALUE' … in one line),
 * "envfile", "docker-args" (--env=NAME='VALUE' …), "docker-args-keys", "json",
 * "json-list", "pretty". Each ends with a newline. ERR_USAGE: there is no such format. */
int variables_write(
	struct buf *out, const struct variables *v, const char *format, struct err *err);

/* 'VALUE', as POSIX shells read it. */
void variables_write_quoted(struct buf *out, const char *value);

/* What variables_write may make of them at most. */
#define VARIABLES_TEXT_MAX (32 * 1024 * 1024)

#endif
