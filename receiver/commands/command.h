#ifndef BARDO_RECEIVER_COMMAND_H
#define BARDO_RECEIVER_COMMAND_H

#include "builder/server.h"
#include "config/people/users.h"

#include <stdbool.h>
#include <stddef.h>

struct err;
struct settings;

/* Commands: one table (table.c), one family a file. */

/* One command on its way, whichever door it came by. */
struct request {
	const struct settings *settings;
	struct server server; /* open, unless the command needs nothing */
	struct user user;
	const char *key;	  /* fingerprint; "" from the host's shell */
	const char *peer;	  /* the client's address; "" from the host's shell */
	const char *client_side;  /* the address that the client connected to; "" */
	const char *git_protocol; /* GIT_PROTOCOL that the client sent; "" */
	bool on_host;		  /* from the host's shell */
	bool as_server;		  /* a job of bardod's */
	int argc;
	char **argv; /* argv[0] is the verb */
};

enum command_needs {
	NEEDS_NOTHING, /* not even the database, from the host's shell */
	NEEDS_USER,    /* anybody whose key is known */
	NEEDS_ADMIN,
	NEEDS_SERVER, /* bardod's own jobs, and the host's shell */
};

/* What it means when the client goes away in the middle. */
enum command_hangup { ON_HANGUP_END, ON_HANGUP_FINISH };

struct command {
	const char *verb;
	const char *arguments; /* "APP [N]" */
	const char *purpose;   /* NULL: not shown in the help */
	enum command_needs needs;
	enum command_hangup on_hangup;
	/* 0 or an exit status of its own; negative with err, which the caller prints. */
	int (*run)(struct request *r, struct err *err);
};

/* NULL if there is none. */
const struct command *command_find(const char *verb);

/* All, in order, ended by a row without a verb. */
extern const struct command command_table[];

/* The verb that was probably meant, NULL if none is near. */
const char *command_suggest(const char *verb);

/* ---- options, for the commands ---- */

/* "--format json", "-n 5", "--force": flags have no value. */
struct command_option {
	const char *name;   /* with its dashes */
	const char *letter; /* NULL none */
	bool *flag;	    /* set when it is there */
	const char **value; /* the word after it, or after "=" */
};

/* Takes the options out of the request's words; what stays are argv[1 …]. ERR_USAGE: an
 * unknown option, a missing value, fewer or more words than min and max. */
int command_options(struct request *r, const struct command_option *options, size_t len,
	int min, int max, struct err *err);

/* --format's value: json or text. */
int command_format(const char *value, bool *json, struct err *err);

/* One line of JSON on standard output. */
struct cJSON;
void command_print_json(const struct cJSON *json);

/* A positive life number. */
int command_life_number(const char *text, int *out, struct err *err);

#endif
