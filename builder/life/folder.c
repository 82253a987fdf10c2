#include "builder/life/folder.h"

#include "builder/engine/engine.h"
#include "builder/life/container.h"
#include "builder/server.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <archive.h>
#include <archive_entry.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TAR_MAX 10240
#define PLACE "/folders"
#define GIVE_TIMEOUT_MS 60000

struct tar {
	char data[TAR_MAX];
	size_t len, sent;
};

/* name NULL: a tar of nothing. */
static int make_tar(struct tar *t, const char *name, int64_t owner)
{
	struct archive *a = archive_write_new();
	struct archive_entry *e = archive_entry_new();
	int rc = a && e && archive_write_set_format_ustar(a) == ARCHIVE_OK &&
			archive_write_open_memory(a, t->data, sizeof(t->data), &t->len) ==
				ARCHIVE_OK
		? 0
		: -1;

	if (!rc && name) {
		archive_entry_set_pathname(e, name);
		archive_entry_set_filetype(e, AE_IFDIR);
		archive_entry_set_perm(e, 0755);
		archive_entry_set_uid(e, owner);
		archive_entry_set_gid(e, owner);
		archive_entry_set_mtime(e, clock_unix_ms() / 1000, 0);
		rc = archive_write_header(a, e) == ARCHIVE_OK ? 0 : -1;
	}
	if (!rc && archive_write_close(a) != ARCHIVE_OK)
		rc = -1;
	archive_entry_free(e);
	(void)archive_write_free(a);
	return rc;
}

static ssize_t read_tar(void *ctx, void *to, size_t len, struct err *err)
{
	struct tar *t = ctx;
	size_t n = t->len - t->sent < len ? t->len - t->sent : len;

	(void)err;
	memcpy(to, t->data + t->sent, n);
	t->sent += n;
	return (ssize_t)n;
}

static int pass_over(void *ctx, const char *line, size_t len, struct err *err)
{
	(void)ctx;
	(void)line;
	(void)len;
	(void)err;
	return 0;
}

static int send_tar(struct server *s, const char *method, const char *path,
	const char *name, int64_t owner, struct err *err)
{
	struct tar tar = {.len = 0};
	const struct engine_stream stream = {
		.method = method,
		.path = path,
		.content_type = "application/x-tar",
		.upload = read_tar,
		.line = pass_over,
		.ctx = &tar,
		.timeout = GIVE_TIMEOUT_MS,
		.what = "folder",
	};

	if (make_tar(&tar, name, owner) < 0)
		return err_set(err, ERR_FAILED, "out of memory");
	return engine_stream(s->engine, &stream, err);
}

static int create(
	struct server *s, const char *container, const char *parent, struct err *err)
{
	cJSON *body = cJSON_CreateObject(), *mount = cJSON_CreateObject();
	cJSON *host;
	int rc;

	(void)cJSON_AddStringToObject(body, "Image", container);
	(void)cJSON_AddItemToArray(
		cJSON_AddArrayToObject(body, "Cmd"), cJSON_CreateString("/none"));
	host = cJSON_AddObjectToObject(body, "HostConfig");
	(void)cJSON_AddStringToObject(host, "NetworkMode", "none");
	(void)cJSON_AddItemToArray(cJSON_AddArrayToObject(host, "Mounts"), mount);
	(void)cJSON_AddStringToObject(mount, "Type", "bind");
	(void)cJSON_AddStringToObject(mount, "Source", parent);
	(void)cJSON_AddStringToObject(mount, "Target", PLACE);
	rc = engine_call(s->engine, NULL, body, err, "POST", "/containers/create?name=%s",
		container);
	cJSON_Delete(body);
	return rc;
}

int folder_give(struct server *s, const char *parent, const char *name, int64_t owner,
	struct err *err)
{
	char container[64], path[160];
	int rc;

	/* The image and the container have the same name, and both go again. */
	(void)snprintf(container, sizeof(container), "bardo-folder-%ld", (long)getpid());
	(void)snprintf(path, sizeof(path), "/images/create?fromSrc=-&repo=%s&tag=latest",
		container);
	rc = send_tar(s, "POST", path, NULL, 0, err);
	if (rc)
		return rc;
	rc = create(s, container, parent, err);
	(void)snprintf(
		path, sizeof(path), "/containers/%s/archive?path=" PLACE, container);
	if (!rc)
		rc = send_tar(s, "PUT", path, name, owner, err);
	(void)container_remove(s, container, NULL);
	(void)engine_call(s->engine, NULL, NULL, NULL, "DELETE", "/images/%s", container);
	return rc;
}
