#ifndef BARDO_RECEIVER_COMMAND_H
#define BARDO_RECEIVER_COMMAND_H

#include "builder/server.h"
#include "config/people/users.h"
#include "config/record/underway.h"

#include <stdbool.h>
#include <stddef.h>

struct app;
struct cJSON;
struct err;
struct settings;

/* Commands: one table (table.c), one family a file. */

/* One command on its way, whichever door it came by. */
struct request {
	const struct settings *settings;
	struct server server; /* open, unless the command needs nothing */
	struct user user;
	const struct command *command;
	const char *key;	  /* fingerprint; "" from the host's shell */
	const char *peer;	  /* the client's address; "" from the host's shell */
	const char *client_side;  /* the address that the client connected to; "" */
	const char *git_protocol; /* GIT_PROTOCOL that the client sent; "" */
	const char *term;	  /* TERM of a person's terminal; "" */
	int status_fd;		  /* where the door wants the exit status; -1 nowhere */
	bool on_host;		  /* from the host's shell */
	bool as_server;		  /* a job of bardod's */
	bool has_terminal;	  /* standard input and output are a person's terminal */
	bool quiet;		  /* --quiet: results only, no headings */
	bool force;		  /* --force: don't ask */
	/* Set by a command whose exit status is that of a program in a container: it
	 * tells nothing of how bardo itself ended. */
	bool is_status_of_program;
	/* Set by a row that changes something, when it is only asked to show what is. */
	bool only_shows;
	const char *app_name; /* --app; NULL */
	bool app_by_option;   /* argv[1] came from --app */
	int argc;
	char **argv; /* argv[0] is the verb */

	/* For the record. */
	struct underway underway;
	bool options_taken;    /* what stands in argv now are words */
	char about[NAME_SIZE]; /* the app that was looked up first; "" none */
	int64_t about_id;      /* 0: there is none of that name */
};

/* What a user must be to run it. The roles are for the app that it names, and checked by
 * command_app. */
enum command_needs {
	NEEDS_NOTHING, /* not even the database, from the host's shell */
	NEEDS_USER,    /* anybody whose key is known, and doesn't only push */
	NEEDS_READ,
	NEEDS_DEPLOY,
	NEEDS_OWNER,
	NEEDS_CREATE, /* a server admin, or a user who may make apps */
	NEEDS_ADMIN,
	NEEDS_SERVER, /* bardod's own jobs, and the host's shell */
};

/* What it means when the client goes away in the middle. */
enum command_hangup { ON_HANGUP_END, ON_HANGUP_FINISH };

/* Whether the record gets an event of it. */
enum command_does { DOES_READ, DOES_CHANGE };

struct command {
	const char *verb;
	const char *arguments; /* "APP [N]" */
	const char *purpose;   /* NULL: not shown in the help */
	enum command_needs needs;
	enum command_hangup on_hangup;
	enum command_does does;
	/* 0 or an exit status of its own; negative with err, which the caller prints. */
	int (*run)(struct request *r, struct err *err);
};

/* NULL if there is none. */
const struct command *command_find(const char *verb);

/* All, in order, ended by a row without a verb. */
extern const struct command command_table[];

/* The verb that was probably meant by this one and the word after it (NULL none); NULL if
 * none is near. */
const char *command_suggest(const char *verb, const char *next);

/* What to do instead of a verb, or of an option or property of it (part; NULL: of the
 * verb itself), that Dokku has and bardo hasn't; NULL: unknown to both. */
const char *command_elsewhere(const char *verb, const char *part);

/* ---- what the help says beside the table (help_texts.c) ---- */

/* A line about each family: what stands before the colon of its verbs. */
struct command_family {
	const char *name;
	const char *purpose;
};
extern const struct command_family command_families[]; /* ended by a row without a name */

/* What an option means; verb NULL: wherever it stands. */
struct command_option_text {
	const char *verb;
	const char *option; /* "--num N" */
	const char *meaning;
};
extern const struct command_option_text command_option_texts[]; /* likewise ended */

/* ---- options, for the commands ---- */

/* "--format json", "-n 5", "--force": flags have no value. */
struct command_option {
	const char *name;   /* with its dashes */
	const char *letter; /* NULL none */
	bool *flag;	    /* set when it is there */
	const char **value; /* the word after it, or after "=" */
};

/* Takes the options out of the request's words; what stays are argv[1 …], with the app of
 * --app first. --app, --quiet and --force are understood everywhere. ERR_USAGE: an
 * unknown option, a missing value, fewer or more words than min and max. */
int command_options(struct request *r, const struct command_option *options, size_t len,
	int min, int max, struct err *err);

/* The same for "run [--option …] APP COMMAND …": what stands behind the first `words`
 * words is somebody else's, options and all. */
int command_leading_options(struct request *r, const struct command_option *options,
	size_t len, int words, int min, struct err *err);

/* --format's value: json, or text (stdout). */
int command_format(const char *value, bool *json, struct err *err);

/* command_options for a command whose one option is --format. */
int command_only_format(struct request *r, int min, int max, bool *json, struct err *err);

/* A heading, or that something was done: what a script can do without, and --quiet leaves
 * out. */
__attribute__((format(printf, 2, 3))) void command_say(
	const struct request *r, const char *format, ...);

/* One line of JSON on standard output. */
void command_print_json(const struct cJSON *json);

/* A positive life number. */
int command_life_number(const char *text, int *out, struct err *err);

/* ---- the app that a command is about (access.c) ---- */

/* The app that argv[1] names, if the user has the role that the table's row needs. Who
 * has none learns nothing: ERR_DENIED with the role's name, whether there is such an app
 * or not. ERR_NOTFOUND is for those who may know. */
int command_app(struct request *r, struct app *out, struct err *err);

/* As command_app, for another name and need. */
int command_app_named(struct request *r, const char *name, enum command_needs needs,
	struct app *out, struct err *err);

/* As command_app, but a destroyed app is found too, for server admins. */
int command_app_ever(struct request *r, struct app *out, struct err *err);

/* For the record, where no app is looked up: this is the app that it is about. */
void command_is_about(struct request *r, const char *name, int64_t id);

/* Every app for which the user has what the row needs, by name; each's nonzero return
 * ends it and is returned. */
int command_each_app(struct request *r, int (*each)(void *ctx, const struct app *app),
	void *ctx, struct err *err);

/* Whether the user has the role for an app. */
int command_may(struct request *r, const struct app *app, enum command_needs needs,
	bool *may, struct err *err);

/* Server admins, and the host's shell. */
bool command_is_admin(const struct request *r);

/* What is set for every app is for server admins: ERR_DENIED. */
int command_check_global(const struct request *r, struct err *err);

/* For what gives the machine away. ERR_DENIED says why; what: "docker options". */
int command_root(const struct request *r, const char *what, struct err *err);

/* ERR_USAGE: no Procfile could have a process type of this name. */
int command_process(const char *name, struct err *err);

/* Says what makes a setting take effect that only new containers, or builds, have. */
void command_say_later(const struct request *r, const struct app *app, bool build);

/* Asks on a terminal for the name to be typed; elsewhere --force must be there. what:
 * "this destroys shop, its repository and its images". */
int command_confirm(
	struct request *r, const char *name, const char *what, struct err *err);

/* ---- FAMILY:report and FAMILY:set (report.c, property.c) ---- */

/* Fills one app's report: an object of texts, in order. The keys are Dokku's flags
 * without dashes ("ps-restart-policy"); its labels follow from them. app NULL: --global.
 */
typedef int report_fill(
	struct request *r, const struct app *app, struct cJSON *out, struct err *err);

/* "FAMILY:report [APP|--global] [--KEY] [--format json]": one app, one value, or all. In
 * JSON keys that begin with the family's name stand without it, too. global: fill knows
 * of settings for every app. */
int command_report(struct request *r, const char *family, report_fill *fill, bool global,
	struct err *err);

/* Adds a property in Dokku's three rows: FAMILY-computed-NAME (what counts: the app's
 * own, else every app's, else otherwise), FAMILY-global-NAME (every app's, "" unset) and,
 * with an app, FAMILY-NAME (its own). */
int command_report_property(struct request *r, const struct app *app, const char *family,
	const char *name, const char *otherwise, struct cJSON *out, struct err *err);

/* ERR_USAGE for a FAMILY:set of something that it hasn't; names: "this, that". */
int command_no_property(
	const struct request *r, const char *name, const char *names, struct err *err);

struct property {
	const char *name;
	/* ERR_USAGE says what the value should be; NULL: anything. "" takes it away and
	 * is not checked. */
	int (*check)(const char *value, struct err *err);
};

/* "FAMILY:set APP|--global NAME [VALUE]": writes the property and says so. *app is
 * filled (id 0 for --global). The row needs NEEDS_OWNER; --global is for server admins.
 */
int command_property_set(struct request *r, const char *family,
	const struct property *properties, size_t len, struct app *app, struct err *err);

/* The same, where it depends on the app (id 0 for --global) what a value may be: judge is
 * asked before anything is written, but not for "". */
typedef int property_judge(struct request *r, const struct app *app, const char *name,
	const char *value, struct err *err);
int command_property_set_judged(struct request *r, const char *family,
	const struct property *properties, size_t len, property_judge *judge,
	struct app *app, struct err *err);

/* For what visitors see at once: writes one of the app's properties and has route make
 * the proxy follow. Where that is refused the property is as before, in the proxy too;
 * the ERR_AWAY of an nginx that isn't there leaves it. */
typedef int property_route(struct server *s, const struct app *app, struct err *err);
int command_property_route(struct request *r, const struct app *app, const char *family,
	const char *name, const char *value, property_route *route, struct err *err);

/* The same for FAMILY:set. */
int command_property_set_routed(struct request *r, const char *family,
	const struct property *properties, size_t len, property_route *route,
	struct app *app, struct err *err);

#endif
