#ifndef BARDO_BUILDER_RECIPE_H
#define BARDO_BUILDER_RECIPE_H

struct cJSON;
struct err;

struct recipe {
	struct cJSON *processes;
	struct cJSON *app;
	struct cJSON *configuration;
};

struct recipe_options {
	const char *repository;
	const char *commit;
	const char *dir;
	const char *procfile;
	const char *app_json;
	const char *configuration;
};

int recipe_read(struct recipe *out, const struct recipe_options *o, struct err *err);
void recipe_finish(struct recipe *r);

#endif
