#ifndef BARDO_BUILDER_SAY_H
#define BARDO_BUILDER_SAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct mask;

/*
 * What a deploy tells people, as it happens: to the terminal of who asked for it and to
 * the life's log. A terminal that is gone never fails a deploy, and one that nobody reads
 * holds it up for SAY_PATIENCE_MS once: then lines are left out there, until it is read
 * again.
 * "-----> Building", "       detail", " !     what is wrong".
 */
struct say {
	int terminal; /* -1: nobody there */
	int log;      /* -1: no life yet */
	int64_t room; /* bytes of output that the log still takes; 0 no more */
	int patience; /* ms that a line waits for who reads the terminal */
	bool stalled; /* nobody read for so long: lines are left out there */
	const struct mask
		*mask; /* takes the secrets out of it all; borrowed; NULL none */
	bool quiet;    /* the terminal gets problems alone, and what is told of them */
	bool problem;  /* the last step was one */
};

/* A longer line is cut, and ends in "…" then. */
#define SAY_LINE_MAX 2000
#define SAY_PATIENCE_MS 30000
/* A release that prints without end must not fill the disk. */
#define SAY_LOG_MAX (32 * 1024 * 1024)

/* The terminal stays the caller's. SIGPIPE must be ignored: writing to somebody who has
 * left is no error here. */
void say_init(struct say *s, int terminal);
/* From here on everything is written to the life's log too; appends. Of what programs
 * print it takes SAY_LOG_MAX bytes, and says that the rest is missing. */
int say_open_log(struct say *s, const char *path, struct err *err);
void say_finish(struct say *s);

/* Each is one or more whole lines; no newline at the end. Control characters of programs
 * (colours apart) are left out. */
void say_step(struct say *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void say_detail(struct say *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void say_problem(struct say *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A line of a program's output, shown under the step. */
void say_output(struct say *s, const char *line, size_t len);

/* A copy of text without secrets, malloc'd: for texts that are cut before they are said,
 * since half a secret isn't found. NULL without memory. */
char *say_masked(const struct say *s, const char *text);

/* A time span for people, "40 ms", "0.4 s", "12 s", "1m 40s", "30m"; returns
 * out. */
#define SAY_DURATION_SIZE 32
char *say_duration(int64_t ms, char out[SAY_DURATION_SIZE]);

/* Makes text fit for a status line, in place: control characters become blanks. */
void say_plain(char *text);

#endif
