#ifndef BARDO_CONFIG_DOOR_H
#define BARDO_CONFIG_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct message;

/*
 * The door: what may be asked of bardod, and how it is written in a message
 * (config/base/message.h; docs/ARCHITECTURE.md draws who asks whom).
 *
 *   login FINGERPRINT              once a connection, before anything else
 *   run ID PEER LOCAL TTY COMMAND [NAME=VALUE …]
 *                                  4 descriptors: stdin, stdout, stderr, status
 *   signal ID NAME                 NAME without SIG, as RFC 4254 6.9 has it
 *   hangup ID                      nobody listens any more
 *   job COMMAND                    from our own commands only: run it as the server
 *   proxy                          from our own commands only: start HAProxy
 *   front ACTION                   from our own commands only: have nginx do what
 * door_front says; 2 descriptors: what it says, its status
 *
 * bardod starts `bardo --door` with a socket on DOOR_REQUEST_FD in which the connection's
 * `login` and the `run` wait, descriptors and all, just as they were asked; or a `job`
 * alone. The command writes its exit status as decimal text to the status descriptor;
 * if that is closed without one, the asker reports 255. One that must not wait for its
 * reader, since it holds a lock that others wait for, writes DOOR_FINISHES there first:
 * its output is taken whether the client reads or not.
 */

#define DOOR_ENV_MAX 32
#define DOOR_FINISHES "finishes\n"

enum door_kind {
	DOOR_LOGIN,
	DOOR_RUN,
	DOOR_SIGNAL,
	DOOR_HANGUP,
	DOOR_JOB,
	DOOR_PROXY,
	DOOR_FRONT,
};

/* Descriptors of a `run`, in the order in which they travel. */
enum door_fd { DOOR_STDIN, DOOR_STDOUT, DOOR_STDERR, DOOR_STATUS, DOOR_FDS };

/* Descriptors of a `front`. */
enum door_front_fd { DOOR_FRONT_OUTPUT, DOOR_FRONT_STATUS, DOOR_FRONT_FDS };

/* Judge the whole configuration and show it; have it read anew. */
#define DOOR_FRONT_TEST "test"
#define DOOR_FRONT_RELOAD "reload"

/* Where bardo finds its request when bardod starts it. */
#define DOOR_REQUEST_FD 3

struct door_request {
	enum door_kind kind;
	/* The asker's own number for a run, its signals and hang-up. What bardo gets from
	 * bardod counts the runs of the connection, from 0. */
	uint32_t id;
	const char *fingerprint; /* login: SHA256:… as ssh-keygen -l prints it */
	const char *peer;	 /* run: the client's address and port, for the record */
	const char *local;	 /* run: the address that the client connected to */
	bool tty;		 /* run: stdin, stdout and stderr are one terminal */
	const char *command; /* run, job: one line, POSIX quoting; "" is a plain login */
	const char *signal;  /* signal: KILL, INT, TERM … */
	const char *action;  /* front: one of DOOR_FRONT_… */
	const char *env[DOOR_ENV_MAX]; /* run: NAME=VALUE */
	size_t env_len;
};

/* Writes r into m (initialised, empty). ERR_USAGE if it is too large. */
int door_encode(struct message *m, const struct door_request *r, struct err *err);

/* Reads m into r, whose pointers are borrowed from m. ERR_USAGE for anything that
 * door_encode would not have written: unknown kinds, bad numbers, missing descriptors. */
int door_decode(struct door_request *r, const struct message *m, struct err *err);

/* Asks the bardod that serves this data folder to run a command as the server, and does
 * not wait for it. ERR_AWAY if no bardod answers there. */
int door_job(const char *door_path, const char *command, struct err *err);

/* 0 if a bardod answers there; ERR_AWAY. */
int door_ping(const char *door_path, struct err *err);

/* Asks it to start the proxy. ERR_AWAY as above. */
int door_start_proxy(const char *door_path, struct err *err);

/* Asks it to run the program of proxy.front-command, which may need its rights. fds are
 * DOOR_FRONT_FDS and stay the caller's: both outputs go to the first, and the exit status
 * comes on the second as decimal text. ERR_AWAY as above. */
int door_front(
	const char *door_path, const char *action, const int *fds, struct err *err);

#endif
