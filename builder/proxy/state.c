#include "builder/proxy/haproxy.h"

#include "builder/proxy/config.h"
#include "builder/proxy/socket.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/number.h"

#include <stdio.h>
#include <string.h>

#define DESCRIPTION_KEY "\ndescription: "

/* The columns of "show stat" that we read, found by their names in its first line: each
 * version adds some. */
enum column { NAME, ADDRESS, STATUS, SESSIONS, QUEUED, COLUMNS };

static const char *const column_names[COLUMNS] = {
	[NAME] = "svname",
	[ADDRESS] = "addr",
	[STATUS] = "status",
	[SESSIONS] = "scur",
	[QUEUED] = "qcur",
};

struct field {
	const char *text;
	size_t len;
};

/* The field that starts at *at, which moves behind its comma; false at the line's end. */
static bool next_field(const char **at, struct field *f)
{
	if (!**at || **at == '\n')
		return false;
	*f = (struct field){*at, strcspn(*at, ",\n")};
	*at += f->len + ((*at)[f->len] == ',');
	return true;
}

static bool field_is(const struct field *f, const char *text)
{
	return strlen(text) == f->len && !strncmp(f->text, text, f->len);
}

static bool field_starts(const struct field *f, const char *text)
{
	return strlen(text) <= f->len && !strncmp(f->text, text, strlen(text));
}

static int read_columns(const char *header, size_t columns[COLUMNS])
{
	size_t found = 0, n = 0;
	struct field f;

	while (next_field(&header, &f)) {
		for (size_t i = 0; i < COLUMNS; i++) {
			if (field_is(&f, column_names[i])) {
				columns[i] = n;
				found++;
			}
		}
		n++;
	}
	return found == COLUMNS ? 0 : -1;
}

static int copy_field(char *out, size_t size, const struct field *f)
{
	if (!f->len || f->len >= size)
		return -1;
	memcpy(out, f->text, f->len);
	out[f->len] = '\0';
	return 0;
}

static int read_count(const struct field *f, int64_t *out)
{
	char text[32];

	return copy_field(text, sizeof(text), f) < 0
		? -1
		: number_parse(text, 0, INT64_MAX, out);
}

/* A server that isn't looked at is never UP, but "no check"; one that is DOWN would be
 * ready, if only it accepted. */
static int read_status(const struct field *f, enum haproxy_state *out)
{
	static const struct {
		const char *starts;
		enum haproxy_state state;
	} statuses[] = {
		{"no check", HAPROXY_READY},
		{"UP", HAPROXY_READY},
		{"DOWN", HAPROXY_READY},
		{"DRAIN", HAPROXY_DRAIN},
		{"MAINT", HAPROXY_MAINT},
	};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (field_starts(f, statuses[i].starts)) {
			*out = statuses[i].state;
			return 0;
		}
	}
	return -1;
}

static int read_server(
	const char *line, const size_t columns[COLUMNS], struct haproxy_shown *out)
{
	struct field f, wanted[COLUMNS] = {{NULL, 0}};
	int64_t sessions, queued;

	for (size_t n = 0; next_field(&line, &f); n++) {
		for (size_t i = 0; i < COLUMNS; i++) {
			if (columns[i] == n)
				wanted[i] = f;
		}
	}
	if (copy_field(out->server.name, sizeof(out->server.name), &wanted[NAME]) < 0 ||
		copy_field(out->server.address, sizeof(out->server.address),
			&wanted[ADDRESS]) < 0 ||
		read_status(&wanted[STATUS], &out->state) < 0 ||
		read_count(&wanted[SESSIONS], &sessions) < 0 ||
		read_count(&wanted[QUEUED], &queued) < 0)
		return -1;
	out->connections = sessions + queued;
	return 0;
}

static int refuse_answer(const char *command, const char *answer, struct err *err)
{
	return err_set(err, ERR_FAILED,
		"HAProxy's answer to \"%s\" is not understood: %.*s", command,
		(int)strcspn(answer, "\n"), answer);
}

static int read_servers(const char *command, const char *text,
	struct haproxy_shown out[HAPROXY_SERVERS_MAX], size_t *len, struct err *err)
{
	size_t columns[COLUMNS];

	*len = 0;
	if (read_columns(text, columns) < 0)
		return refuse_answer(command, text, err);
	while (*(text += strcspn(text, "\n"))) {
		text++;
		if (*len == HAPROXY_SERVERS_MAX)
			return err_set(err, ERR_FAILED,
				"a slot holds more than %d servers", HAPROXY_SERVERS_MAX);
		if (read_server(text, columns, &out[*len]) < 0)
			return refuse_answer(command, text, err);
		(*len)++;
	}
	return 0;
}

int haproxy_show(const struct settings *s, int slot,
	struct haproxy_shown out[HAPROXY_SERVERS_MAX], size_t *len, struct err *err)
{
	char command[64];
	struct buf reply;
	int rc;

	/* "4 -1": servers, all of them. */
	(void)snprintf(command, sizeof(command), "show stat " SLOT_FORMAT " 4 -1", slot);
	buf_init(&reply, HAPROXY_REPLY_MAX);
	rc = haproxy_ask(s, command, &reply, err);
	if (!rc && !strcmp(buf_text(&reply), "No such proxy."))
		rc = err_set(err, ERR_FAILED,
			"HAProxy runs without a backend " SLOT_FORMAT
			": it was started before proxy.apps grew; end it, and bardod "
			"starts it "
			"again (run/proxy/haproxy.pid)",
			slot);
	else if (!rc)
		rc = read_servers(command, buf_text(&reply), out, len, err);
	buf_finish(&reply);
	return rc;
}

int haproxy_connections(const struct settings *s, int slot, const char *server,
	int64_t *out, struct err *err)
{
	struct haproxy_shown there[HAPROXY_SERVERS_MAX] = {0};
	size_t len;
	int rc = haproxy_show(s, slot, there, &len, err);

	*out = 0;
	for (size_t i = 0; !rc && i < len; i++) {
		if (!strcmp(there[i].server.name, server))
			*out = there[i].connections;
	}
	return rc;
}

int haproxy_ping(const struct settings *s, struct err *err)
{
	struct buf reply;
	int rc;

	buf_init(&reply, HAPROXY_REPLY_MAX);
	rc = haproxy_ask(s, "show version", &reply, err);
	buf_finish(&reply);
	return rc;
}

int haproxy_is_current(const struct settings *s, bool *current, struct err *err)
{
	char wanted[HAPROXY_FINGERPRINT_SIZE];
	const char *found;
	struct buf reply;
	int rc;

	buf_init(&reply, HAPROXY_REPLY_MAX);
	rc = haproxy_fingerprint(s, wanted, err);
	if (!rc)
		rc = haproxy_ask(s, "show info", &reply, err);
	if (!rc) {
		found = strstr(buf_text(&reply), DESCRIPTION_KEY);
		found = found ? found + strlen(DESCRIPTION_KEY) : "";
		*current = !strncmp(found, wanted, strlen(wanted)) &&
			strcspn(found, "\n") == strlen(wanted);
	}
	buf_finish(&reply);
	return rc;
}
