#include "builder/source/dockerfile.h"

#include "builder/source/dockerfile_args.h"
#include "builder/source/dockerfile_lines.h"
#include "config/base/buf.h"
#include "config/base/err.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STAGES_MAX 256
#define IMAGE_NAME_MAX 1024 /* more than a registry takes, digest and all */
#define FLAG_MAX 4096

struct reader {
	struct dockerfile_images images; /* of FROM */
	/* Of COPY and RUN: which of them are stages is known at the end. */
	struct dockerfile_images others;
	struct dockerfile_args args;
	char *stages[STAGES_MAX];
	size_t stages_len;
	size_t froms;
};

static bool is_stage(const struct reader *r, const char *name)
{
	for (size_t i = 0; i < r->stages_len; i++) {
		if (!strcasecmp(r->stages[i], name))
			return true;
	}
	return false;
}

/* Whether it can only be an image: not empty, no number, not "scratch". */
static bool is_image(const char *name)
{
	if (!*name || !strcmp(name, "scratch") || strlen(name) > IMAGE_NAME_MAX)
		return false;
	for (const char *p = name; *p; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return false;
	}
	return name[strspn(name, "0123456789")] != '\0';
}

static int add_image(struct dockerfile_images *im, const char *name, struct err *err)
{
	char **end;

	if (!is_image(name))
		return 0;
	for (size_t i = 0; i < im->len; i++) {
		if (!strcmp(im->names[i], name))
			return 0;
	}
	if (im->len == DOCKERFILE_IMAGES_MAX)
		return err_set(err, ERR_USAGE, "the Dockerfile names more than %d images",
			DOCKERFILE_IMAGES_MAX);
	end = &im->names[im->len];
	*end = strdup(name);
	if (!*end)
		return err_set(err, ERR_FAILED, "out of memory");
	im->len++;
	return 0;
}

/* ---- instructions ---- */

/* Takes a "--name=value" off the line; false if the next word is none. */
static bool take_flag(const char **line, char escape, char flag[FLAG_MAX])
{
	const char *rest = *line;
	struct dockerfile_word w;

	if (!dockerfile_take_word(&rest, escape, &w) || w.len < 3 ||
		strncmp(w.text, "--", 2) != 0)
		return false;
	if (!dockerfile_unquote(&w, escape, flag, FLAG_MAX))
		*flag = '\0'; /* too long for one that matters */
	*line = rest;
	return true;
}

static int read_stage_name(struct reader *r, const char *line, struct err *err)
{
	struct dockerfile_word w;
	char *name;

	if (!dockerfile_take_word(&line, r->args.escape, &w) || w.len != 2 ||
		strncasecmp(w.text, "AS", 2) != 0 ||
		!dockerfile_take_word(&line, r->args.escape, &w))
		return 0;
	if (r->stages_len == STAGES_MAX)
		return err_set(err, ERR_USAGE,
			"the Dockerfile has more than %d named stages", STAGES_MAX);
	name = strndup(w.text, w.len);
	if (!name)
		return err_set(err, ERR_FAILED, "out of memory");
	r->stages[r->stages_len++] = name;
	return 0;
}

/* FROM [--platform=…] image [AS stage] */
static int read_from(struct reader *r, const char *line, struct err *err)
{
	char flag[FLAG_MAX];
	struct dockerfile_word w;
	struct buf name;
	int rc = 0;

	r->froms++;
	while (take_flag(&line, r->args.escape, flag))
		;
	if (!dockerfile_take_word(&line, r->args.escape, &w))
		return 0;
	buf_init(&name, IMAGE_NAME_MAX);
	/* A stage before this one goes before an image of the same name. */
	if (!dockerfile_args_expand(&r->args, &w, &name) && !is_stage(r, buf_text(&name)))
		rc = add_image(&r->images, buf_text(&name), err);
	buf_finish(&name);
	return rc ? rc : read_stage_name(r, line, err);
}

/* ARG name[=default] … */
static int read_arg(struct reader *r, const char *line, struct err *err)
{
	struct dockerfile_word w;
	int rc = 0;

	/* Those of a stage say nothing about images. */
	while (!r->froms && !rc && dockerfile_take_word(&line, r->args.escape, &w))
		rc = dockerfile_args_add(&r->args, &w, err);
	return rc;
}

/* The image or stage of a flag. No builder puts variables in here. */
static int add_other(struct reader *r, const char *name, struct err *err)
{
	return strchr(name, '$') ? 0 : add_image(&r->others, name, err);
}

/* COPY [--from=…] … */
static int read_copy(struct reader *r, const char *line, struct err *err)
{
	char flag[FLAG_MAX];
	int rc = 0;

	while (!rc && take_flag(&line, r->args.escape, flag)) {
		if (!strncmp(flag, "--from=", 7))
			rc = add_other(r, flag + 7, err);
	}
	return rc;
}

/* RUN [--mount=key=value,…] … */
static int read_run(struct reader *r, const char *line, struct err *err)
{
	char flag[FLAG_MAX];
	char *field, *rest;
	int rc = 0;

	while (!rc && take_flag(&line, r->args.escape, flag)) {
		if (strncmp(flag, "--mount=", 8) != 0)
			continue;
		rest = flag + 8;
		while (!rc && (field = strsep(&rest, ","))) {
			if (!strncasecmp(field, "from=", 5))
				rc = add_other(r, field + 5, err);
		}
	}
	return rc;
}

static const struct instruction {
	const char *name;
	int (*read)(struct reader *r, const char *line, struct err *err);
} instructions[] = {
	{"FROM", read_from},
	{"ARG", read_arg},
	{"COPY", read_copy},
	{"RUN", read_run},
};

static int read_instruction(struct reader *r, const char *line, struct err *err)
{
	size_t len = strcspn(line, " \t\v\f\r");

	for (size_t i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
		if (strlen(instructions[i].name) == len &&
			!strncasecmp(line, instructions[i].name, len))
			return instructions[i].read(r, line + len, err);
	}
	return 0;
}

/* ---- the whole ---- */

static int read_all(struct reader *r, struct dockerfile_lines *l, struct err *err)
{
	const char *line;
	int rc = add_image(&r->images, buf_text(&l->syntax), err);

	r->args.escape = l->escape;
	while (!rc && (rc = dockerfile_lines_next(l, &line, err)) > 0)
		rc = read_instruction(r, line, err);
	for (size_t i = 0; i < r->others.len && !rc; i++) {
		if (!is_stage(r, r->others.names[i]))
			rc = add_image(&r->images, r->others.names[i], err);
	}
	/* Another syntax may need none. */
	if (!rc && !r->froms && !l->syntax.len)
		rc = err_set(err, ERR_USAGE,
			"the Dockerfile has no FROM: begin it with the image to build "
			"on, like FROM debian:12");
	return rc;
}

int dockerfile_images(struct dockerfile_images *out, const char *text, size_t len,
	const char *const *build_args, struct err *err)
{
	struct dockerfile_lines lines;
	struct reader *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return err_set(err, ERR_FAILED, "out of memory");
	r->args.given = build_args;
	rc = dockerfile_lines_init(&lines, text, len, err);
	if (!rc)
		rc = read_all(r, &lines, err);
	if (rc)
		dockerfile_images_finish(&r->images);
	*out = r->images;
	dockerfile_lines_finish(&lines);
	dockerfile_images_finish(&r->others);
	dockerfile_args_finish(&r->args);
	for (size_t i = 0; i < r->stages_len; i++)
		free(r->stages[i]);
	free(r);
	return rc;
}

void dockerfile_images_finish(struct dockerfile_images *im)
{
	for (size_t i = 0; i < im->len; i++)
		free(im->names[i]);
	*im = (struct dockerfile_images){0};
}
