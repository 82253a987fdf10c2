#ifndef BARDO_BUILDER_RECIPE_H
#define BARDO_BUILDER_RECIPE_H

struct cJSON;
struct err;

/* What a repository says about how it runs: its Procfile, app.json and bardo.json, read
 * from a commit. */

struct recipe {
	struct cJSON *processes;     /* [{"name":"web","command":"…"}] in the Procfile's
					order; NULL: there is no Procfile */
	struct cJSON *app;	     /* app.json, validated; NULL: none */
	struct cJSON *configuration; /* the chosen set of bardo.json; NULL: none */
};

#define RECIPE_PROCFILE "Procfile"
#define RECIPE_APP_JSON "app.json"
#define RECIPE_BARDO_JSON "bardo.json"

/* Of each of the files. */
#define RECIPE_FILE_MAX (256 * 1024)

struct recipe_options {
	const char *repository; /* as struct source_options says: NULL is the environment
				   of git's hooks, so that quarantined objects are seen */
	const char *commit;	/* 40 hex */
	const char *dir;	/* folder of the tree that is built; "" the root */
	const char *procfile;	/* path in dir; NULL or "" RECIPE_PROCFILE */
	const char *app_json;	/* path in dir; NULL or "" RECIPE_APP_JSON */
	const char *configuration; /* of bardo.json; NULL or "" none */
};

/* A file that isn't there is no error, but for bardo.json when a configuration is chosen.
 * ERR_FAILED: "Procfile: line 3: …", what is wrong and what to do. Finish it after
 * success. */
int recipe_read(struct recipe *out, const struct recipe_options *o, struct err *err);
void recipe_finish(struct recipe *r);

#endif
