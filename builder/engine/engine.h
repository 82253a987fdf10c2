#ifndef BARDO_BUILDER_ENGINE_H
#define BARDO_BUILDER_ENGINE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct cJSON;
struct err;

/*
 * A client of the Docker Engine API (docs.docker.com/reference/api/engine), over a unix
 * socket or TCP, by libcurl. The version is negotiated at the first call: the smaller of
 * the Engine's and ENGINE_API_MAX. Not for several threads.
 */
struct engine;

#define ENGINE_API_MIN "1.40"
#define ENGINE_API_MAX "1.47"
#define ENGINE_REPLY_MAX (16 * 1024 * 1024)

/* host is unix:///path or tcp://host:port. Opens no connection yet. ERR_USAGE for
 * anything else. */
int engine_open(struct engine **out, const char *host, struct err *err);
/* Another client of the same Engine, for another thread: it knows what the first one
 * knows, and tells nobody of silence. */
int engine_open_like(struct engine **out, const struct engine *e, struct err *err);
void engine_close(struct engine *e);

/* A call may be silent for as long as it takes. But when nothing has come for a third of
 * this time, the Engine is asked `/_ping` beside it, and one that leaves that unanswered
 * for the rest hangs: whatever waits for it gives up with ERR_AWAY, and what is asked of
 * it later gives up sooner. Milliseconds; ENGINE_TIMEOUT at first. */
#define ENGINE_TIMEOUT 30000
void engine_set_timeout(struct engine *e, int64_t ms);

/* Who is told, in a sentence without a full stop, when it leaves a ping unanswered, and
 * when it answers again; nobody at first. Gives whoever was told before. */
struct engine_listener {
	void (*tell)(void *ctx, const char *text);
	void *ctx;
};
struct engine_listener engine_on_silence(
	struct engine *e, struct engine_listener listener);

/* Whether it speaks this version of the API ("1.45", none above ENGINE_API_MAX). Errors
 * as engine_call. */
int engine_speaks(struct engine *e, const char *version, bool *does, struct err *err);

/* Whether the containers' processes are this machine's own: the Engine is at a unix
 * socket. */
bool engine_is_local(const struct engine *e);

/*
 * One call with a JSON answer. body may be NULL; *reply may be asked for (the caller
 * frees it with cJSON_Delete; NULL if the answer had no body) or be NULL. path starts
 * with "/", without the version, and is formatted; user text in it must be escaped by the
 * caller with engine_escape. 2xx and 304 are success; 404 ERR_NOTFOUND; 409 ERR_EXISTS;
 * other answers ERR_FAILED with the Engine's own message. ERR_AWAY: no connection, or
 * it hangs (engine_set_timeout); the message says what to try.
 */
int engine_call(struct engine *e, struct cJSON **reply, const struct cJSON *body,
	struct err *err, const char *method, const char *path, ...)
	__attribute__((format(printf, 6, 7)));

/* Percent-encodes text for a path or query into out; returns out. ERR: NULL if too long.
 */
char *engine_escape(const char *text, char *out, size_t size);

/* A call whose answer arrives as lines (build, pull). */
struct engine_stream {
	const char *method;
	const char *path;
	const char *content_type;  /* of what upload gives; NULL: no body */
	const char *registry_auth; /* X-Registry-Auth, base64url; NULL: none */
	/* The body: as source_read. */
	ssize_t (*upload)(void *ctx, void *to, size_t len, struct err *err);
	/* Called for every line (no newline) of a 2xx answer, at most ENGINE_LINE_MAX. A
	 * negative return ends the call with that code. */
	int (*line)(void *ctx, const char *line, size_t len, struct err *err);
	void *ctx;
	int64_t timeout;  /* milliseconds for the whole; 0: none */
	const char *what; /* "build": what a broken connection broke, for the message */
};

#define ENGINE_LINE_MAX (4 * 1024 * 1024)

/* Errors as engine_call; ERR_BUSY when it took longer than the timeout. Whenever this
 * fails the connection is closed, which stops a build on the Engine too. */
int engine_stream(struct engine *e, const struct engine_stream *s, struct err *err);

/*
 * A connection whose descriptor can be polled: events, a container's log, attach, exec.
 * The answer's head is read before engine_follow returns; what follows is read as the
 * Engine sends it, chunked coding taken off.
 */
struct engine_follow;

int engine_follow(struct engine *e, struct engine_follow **out, const struct cJSON *body,
	struct err *err, const char *method, const char *path, ...)
	__attribute__((format(printf, 6, 7)));
void engine_follow_close(struct engine_follow *f);
int engine_follow_fd(const struct engine_follow *f);

/* poll(2) for who waits for what the Engine sends, at most ms milliseconds (negative: no
 * end): how many are ready, 0 also for a signal, or ERR_AWAY when it hangs. */
int engine_poll(
	struct engine *e, struct pollfd *polls, nfds_t len, int64_t ms, struct err *err);

/* 1 to len bytes, 0 at the end, ERR_BUSY when nothing is there yet, other negatives. Read
 * until ERR_BUSY before polling again. */
ssize_t engine_follow_read(
	struct engine_follow *f, void *to, size_t len, struct err *err);

/* For an upgraded connection (attach, exec): takes 1 to len bytes, or ERR_BUSY when the
 * Engine takes nothing now: poll for writing and go on reading meanwhile, since a program
 * that echoes its input would else block both sides. Then half-close. */
ssize_t engine_follow_write(
	struct engine_follow *f, const void *data, size_t len, struct err *err);
int engine_follow_end_write(struct engine_follow *f);

/* Takes frames (8-byte heads, "Attach to a container" in the API) apart: calls out for
 * stream 1 and 2. Keep one zeroed for each connection. 0, out's first negative, or
 * ERR_FAILED for what is no frame. */
struct engine_frames {
	unsigned char head[8];
	size_t head_len;
	uint32_t left;
};
/* Within out: whether what it is given is a frame's beginning. */
bool engine_frames_at_start(const struct engine_frames *fr);
int engine_frames_feed(struct engine_frames *fr, const char *data, size_t len,
	int (*out)(void *ctx, int stream, const char *data, size_t len), void *ctx);

#endif
