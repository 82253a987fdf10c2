#ifndef BARDO_BUILDER_ENGINE_PRIVATE_H
#define BARDO_BUILDER_ENGINE_PRIVATE_H

#include "builder/engine/engine.h"
#include "config/base/buf.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

struct err;

/* What the files of the Engine's client share; nobody else includes this. */

#define ENGINE_HOST_MAX 512
#define ENGINE_PATH_MAX 8192
#define ENGINE_VERSION_SIZE 16
/* The body of a refusal, of which a message is made. */
#define ENGINE_ERROR_BODY_MAX (64 * 1024)

#define ENGINE_CONNECT_TIMEOUT 10000
/* For the head of an answer that is followed, which no Engine thinks about for long, and
 * for what a refusal says. */
#define ENGINE_HEAD_TIMEOUT 60000
#define ENGINE_REFUSAL_TIMEOUT 10000
/* A call (not a stream) is over after this: the longest is a stop with its grace time. */
#define ENGINE_CALL_TIMEOUT (15 * 60 * 1000)

struct engine {
	char host[ENGINE_HOST_MAX]; /* as it was given, for messages */
	const char *socket;	    /* into host: the path of a unix socket, or NULL */
	char base[ENGINE_HOST_MAX]; /* "http://host:port" */
	char version[ENGINE_VERSION_SIZE]; /* "" until it was negotiated */

	/* alive.c; times are monotonic, or milliseconds */
	int64_t silence;    /* for so long nobody worries */
	int64_t patience;   /* then it has so long to answer a ping */
	int64_t heard;	    /* when it last said anything, on whatever connection */
	bool pinging;	    /* a ping is under way: */
	int64_t pinged;	    /* since when */
	int64_t looked;	    /* when the clock was last looked at */
	int64_t unanswered; /* how long, as far as we ourselves ran */
	int64_t limit;	    /* how long it may be */
	char theirs[ENGINE_VERSION_SIZE]; /* the newest version that it speaks */
	bool told;			  /* that it doesn't answer */
	bool hangs; /* as of the last look: asked again before anything else is */
	struct engine_listener listener;

	/* Made at the first call, and kept, with their open connection, for the next. */
	bool curl_ready;
	CURLM *multi;
	CURL *easy;
	CURL *ping;
	struct curl_slist *json_headers;
	struct curl_slist *plain_headers;
};

/* What a transfer waits for, beside its own bytes. */
struct engine_wait {
	const char *what; /* "build", for messages; NULL: an answer */
	int64_t timeout;  /* milliseconds, 0: none */
};

/* How a handle of engine_look's ended. */
struct engine_end {
	CURL *easy;
	bool is_over;
	CURLcode result; /* once it is */
};

/* engine.c */
int engine_ready(struct engine *e, struct err *err); /* curl is there, version is known */
int engine_format_path(char path[ENGINE_PATH_MAX], struct err *err, const char *fmt,
	va_list ap) __attribute__((format(printf, 3, 0)));
/* Sets a fresh handle's address (with the version unless it is NULL) and what all calls
 * have in common. */
int engine_prepare(const struct engine *e, CURL *easy, const char *version,
	const char *path, struct err *err);

/* alive.c */
/* A byte came or went: callbacks say so. */
void engine_heard(struct engine *e);
/* Something is waited for from now on. */
void engine_begin_to_listen(struct engine *e);
/* Runs what the multi handle has, and asks a silent Engine whether it is alive. *next is
 * for how long nothing is due. `of` (may be NULL) is filled when that handle is over.
 * ERR_AWAY: it hangs, or is gone. */
int engine_look(struct engine *e, struct engine_end *of, int *next, struct err *err);
/* Asks now, and waits for it: `theirs` is set then. Errors as engine_look. */
int engine_ask_alive(struct engine *e, struct err *err);

/* transfer.c: runs a prepared handle to its end. 0 when an answer came, whatever it says.
 * ERR_FAILED also when a callback of the handle's ended it, which then has the reason. */
int engine_transfer(
	struct engine *e, CURL *easy, const struct engine_wait *w, struct err *err);

/* error.c */
/* The error for an HTTP status that is no success; body is what came with it. */
int engine_refused(long status, const char *body, size_t len, struct err *err);
/* The error for what curl met; os_error is errno's value of the connect or 0. */
int engine_curl_error(const struct engine *e, CURLcode code, long os_error,
	const char *what, struct err *err);
bool engine_is_success(long status);

#endif
