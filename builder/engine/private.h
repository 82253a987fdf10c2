#ifndef BARDO_BUILDER_ENGINE_PRIVATE_H
#define BARDO_BUILDER_ENGINE_PRIVATE_H

#include "config/base/buf.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

struct cJSON;
struct engine_stream;
struct err;

/* What the files of the Engine's client share; nobody else includes this. */

#define ENGINE_HOST_MAX 512
#define ENGINE_PATH_MAX 8192
#define ENGINE_VERSION_SIZE 16
/* The body of a refusal, of which a message is made. */
#define ENGINE_ERROR_BODY_MAX (64 * 1024)

#define ENGINE_CONNECT_TIMEOUT 10000
/* Silence after which an Engine is asked whether it is alive, and how long it may take to
 * say so. A stop or a pull may well be silent for longer than this. */
#define ENGINE_SILENCE 30000
#define ENGINE_PING_TIMEOUT 10000
/* A call (not a stream) is over after this: the longest is a stop with its grace time. */
#define ENGINE_CALL_TIMEOUT (15 * 60 * 1000)

struct engine {
	char host[ENGINE_HOST_MAX]; /* as it was given, for messages */
	const char *socket;	    /* into host: the path of a unix socket, or NULL */
	char base[ENGINE_HOST_MAX]; /* "http://host:port" */
	char version[ENGINE_VERSION_SIZE]; /* "" until it was negotiated */
	int64_t silence;		   /* milliseconds; tests shorten both */
	long ping_timeout;

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
	int (*idle)(void *ctx, struct err *err);
	void *ctx;
	int64_t heard; /* monotonic: when a byte last came or went; callbacks set it */
};

/* engine.c */
int engine_ready(struct engine *e, struct err *err); /* curl is there, version is known */
int engine_format_path(char path[ENGINE_PATH_MAX], struct err *err, const char *fmt,
	va_list ap) __attribute__((format(printf, 3, 0)));
/* Sets a fresh handle's address (with the version unless it is NULL) and what all calls
 * have in common. */
int engine_prepare(const struct engine *e, CURL *easy, const char *version,
	const char *path, struct err *err);
size_t engine_ignore_body(char *data, size_t size, size_t n, void *ctx);

/* engine_transfer.c: runs a prepared handle to its end. 0 when an answer came, whatever
 * it says. ERR_FAILED also when a callback of the handle's ended it, which then has the
 * reason. */
int engine_transfer(struct engine *e, CURL *easy, struct engine_wait *w, struct err *err);

/* engine_error.c */
/* The error for an HTTP status that is no success; body is what came with it. */
int engine_refused(long status, const char *body, size_t len, struct err *err);
/* The error for what curl met; os_error is errno's value of the connect or 0. */
int engine_curl_error(const struct engine *e, CURLcode code, long os_error,
	const char *what, struct err *err);
bool engine_is_success(long status);

#endif
