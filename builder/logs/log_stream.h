#ifndef BARDO_BUILDER_LOG_STREAM_H
#define BARDO_BUILDER_LOG_STREAM_H

#include "builder/engine/engine.h"
#include "config/base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* One container's log out of the Engine, as lines. */

/* A longer line is cut, its time included. */
#define LOG_LINE_MAX (64 * 1024)

struct log_stream {
	struct engine_follow *follow; /* NULL: not open, or at its end */
	struct engine_frames frames;
	bool bare;	  /* of a terminal: not in frames */
	struct buf line;  /* what has come of the line that isn't whole yet */
	bool in_time;	  /* that of a further piece of the line */
	struct buf ready; /* whole lines, each ended by a newline */
	size_t taken;	  /* bytes of them that were taken */
};

struct log_source {
	const char *container;
	int64_t lines; /* the last ones; LOG_ALL */
	int64_t since; /* ns since the epoch: only what is later; 0 all */
	bool follow;
};
#define LOG_ALL (-1)

/* ERR_NOTFOUND: no such container. Close it in any case. */
int log_stream_open(struct log_stream *st, struct engine *e,
	const struct log_source *source, struct err *err);
void log_stream_close(struct log_stream *st);

/* Reads until a line is whole. 1: there is one; 0: the log has ended; ERR_BUSY: nothing
 * is there yet, poll its descriptor. */
int log_stream_fill(struct log_stream *st, struct err *err);

/* "TIME text" without the newline; it may be written to until the stream is filled again.
 * LOG_LINE_MAX long ones were cut. */
struct log_line {
	char *text;
	size_t len;
	int64_t at; /* ns since the epoch */
};

/* The next line, without taking it. false: fill first. */
bool log_stream_peek(struct log_stream *st, struct log_line *out);
void log_stream_take(struct log_stream *st, const struct log_line *line);

/* What the Engine puts before a line ("2026-11-21T08:09:10.123456789Z"), in ns since the
 * epoch; 0 for what is no time. */
int64_t log_time_parse(const char *text, size_t len);

#endif
