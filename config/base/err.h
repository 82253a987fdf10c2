#ifndef BARDO_BASE_ERR_H
#define BARDO_BASE_ERR_H

/*
 * Errors: what can fail returns 0 or one of these negative codes, and takes a
 * `struct err *` last. The caller owns it; it is untouched on success, and
 * reporting an error never allocates. NULL is allowed where only the code counts.
 */

#define ERR_MSG_MAX 2048

enum err_code {
	ERR_FAILED = -1,   /* it was tried and did not work */
	ERR_USAGE = -2,	   /* what was asked for is malformed */
	ERR_DENIED = -3,   /* this user may not */
	ERR_NOTFOUND = -4, /* no such app or thing */
	ERR_BUSY = -5,	   /* somebody else is at it */
	ERR_EXISTS = -6,   /* it is there already */
	ERR_AWAY = -7,	   /* a server that is needed does not answer */
};

struct err {
	int code; /* an err_code, 0 as long as nothing failed */
	char msg[ERR_MSG_MAX];
};

/* Stores code and message and returns the code. Too long a message is cut. */
int err_set(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As err_set with ERR_FAILED, followed by ": " and the text of errno. */
int err_errno(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts text before the message that is there, and returns its code. */
int err_prefix(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The exit status that docs/DESIGN promises for a code: 0 to 5. */
int err_exit_status(int code);

#endif
