#include "receiver/bardod/conf.h"

#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/settings.h"
#include "receiver/bardod/programs.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Some thirty lines of up to SETTING_TEXT_MAX each. */
#define OUTPUT_MAX (64 * 1024)

#define AT(field) offsetof(struct settings, field)

static const struct wanted {
	const char *key;
	enum { TEXT, COUNT, DURATION } type;
	size_t offset;
} table[] = {
	{"server.data", TEXT, AT(server_data)},
	{"ssh.listen", TEXT, AT(ssh_listen)},
	{"ssh.max-connections", COUNT, AT(ssh_max_connections)},
	{"ssh.max-per-address", COUNT, AT(ssh_max_per_address)},
	{"ssh.logins-per-minute", COUNT, AT(ssh_logins_per_minute)},
	{"ssh.login-grace", DURATION, AT(ssh_login_grace)},
	{"ssh.max-tries", COUNT, AT(ssh_max_tries)},
	{"proxy.front-command", TEXT, AT(proxy_front_command)},
};

#define WANTED (sizeof(table) / sizeof(table[0]))

static int store(struct settings *s, const struct wanted *w, const char *value)
{
	char *at = (char *)s + w->offset;

	switch (w->type) {
	case TEXT:
		if (strlen(value) >= SETTING_TEXT_MAX)
			return -1;
		(void)snprintf(at, SETTING_TEXT_MAX, "%s", value);
		return 0;
	case COUNT:
		return number_parse(value, 1, 65535, (int64_t *)(void *)at);
	case DURATION:
		return number_parse_duration(value, (int64_t *)(void *)at);
	}
	return -1;
}

static const struct wanted *find(const char *key)
{
	for (size_t i = 0; i < WANTED; i++) {
		if (!strcmp(table[i].key, key))
			return &table[i];
	}
	return NULL;
}

int conf_parse(struct settings *s, char *text, struct err *err)
{
	bool seen[WANTED] = {false};
	char *save = NULL;

	*s = (struct settings){0};
	for (char *line = strtok_r(text, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, '=');
		const struct wanted *w;

		if (!value)
			continue;
		*value++ = '\0';
		w = find(line);
		if (w)
			seen[w - table] = store(s, w, value) == 0;
	}
	for (size_t i = 0; i < WANTED; i++) {
		if (!seen[i])
			return err_set(err, ERR_FAILED,
				"`bardo settings` gave no usable %s: are bardo and "
				"bardod of the same version?",
				table[i].key);
	}
	return 0;
}

int conf_add(const char *key, const char *value, struct err *err)
{
	struct buf text;
	int rc = 0;

	buf_init(&text, OUTPUT_MAX);
	if (buf_addf(&text, "%s%s=%s\n", getenv("BARDO_SETTINGS"), key, value) < 0)
		rc = err_set(err, ERR_FAILED, "too many settings");
	else if (setenv("BARDO_SETTINGS", buf_text(&text), 1) < 0)
		rc = err_errno(err, "the environment");
	buf_finish(&text);
	return rc;
}

int conf_load(struct settings *s, const struct programs *p, struct err *err)
{
	struct buf output;
	int rc;

	buf_init(&output, OUTPUT_MAX);
	rc = programs_read_settings(p, &output, err);
	if (!rc && !output.data)
		rc = err_set(err, ERR_FAILED, "`bardo settings` said nothing");
	if (!rc && setenv("BARDO_SETTINGS", output.data, 1) < 0)
		rc = err_errno(err, "the environment");
	if (!rc)
		rc = conf_parse(s, output.data, err);
	buf_finish(&output);
	return rc;
}
