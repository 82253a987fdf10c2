#include "builder/life/resource_lines.h"

#include "builder/life/plan.h"
#include "builder/options/docker_options.h"
#include "config/app/resources.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LINE_SIZE 256
#define VALUE_MAX 64
#define SHARES_PER_CPU 1024
#define BUILD_PERIOD 100000 /* microseconds */

static int bad_value(
	const char *name, const char *value, const char *wanted, struct err *err)
{
	return err_set(err, ERR_USAGE, "%s %.60s: it is %s", name, value, wanted);
}

/* A number without a unit is in megabytes. */
static int write_memory(const char *option, const char *name, const char *value,
	char out[LINE_SIZE], struct err *err)
{
	size_t digits = strspn(value, "0123456789");

	if (strcmp(value, "-1") &&
		(!digits || digits + 2 < strlen(value) ||
			value[digits + strspn(value + digits, "bkmgBKMG")]))
		return bad_value(
			name, value, "a size: 512m, 2g; without a unit in MB", err);
	(void)snprintf(out, LINE_SIZE, "%s %s%s", option, value,
		digits && !value[digits] ? "m" : "");
	return 0;
}

/* Thousandths of a processor; -1 for what is no number. */
static int64_t read_cpu(const char *value)
{
	size_t whole = strspn(value, "0123456789");
	const char *part = value + whole + (value[whole] == '.');
	size_t part_len = part > value + whole ? strspn(part, "0123456789") : 0;
	int64_t n = 0;

	if (!(whole + part_len) || whole > 4 || part[part_len])
		return -1;
	for (size_t i = 0; i < whole; i++)
		n = n * 10 + (value[i] - '0');
	for (size_t i = 0; i < 3; i++)
		n = n * 10 + (i < part_len ? part[i] - '0' : 0);
	return n;
}

static int write_cpu(
	const char *kind, const char *value, char out[LINE_SIZE], struct err *err)
{
	int64_t thousandths = read_cpu(value);

	if (thousandths <= 0)
		return bad_value("cpu", value, "a number of processors: 0.5, 2", err);
	if (strcmp(kind, RESOURCE_RESERVE) != 0)
		(void)snprintf(out, LINE_SIZE, "--cpus %s", value);
	else
		(void)snprintf(out, LINE_SIZE, "--cpu-shares %lld",
			(long long)(thousandths * SHARES_PER_CPU / 1000));
	return 0;
}

static int write_line(const char *kind, const char *name, const char *value,
	char out[LINE_SIZE], struct err *err)
{
	bool limit = !strcmp(kind, RESOURCE_LIMIT);

	if (strlen(value) > VALUE_MAX)
		return bad_value(name, value, "shorter", err);
	if (!strcmp(name, "memory"))
		return write_memory(limit ? "--memory" : "--memory-reservation", name,
			value, out, err);
	if (!strcmp(name, "cpu"))
		return write_cpu(kind, value, out, err);
	if (limit && !strcmp(name, "memory-swap"))
		return write_memory("--memory-swap", name, value, out, err);
	if (limit && !strcmp(name, "nvidia-gpu")) {
		(void)snprintf(out, LINE_SIZE, "--gpus %s", value);
		return 0;
	}
	return err_set(err, ERR_USAGE, "the Engine can't %s %.40s: it can %s", kind, name,
		limit ? "limit cpu, memory, memory-swap and nvidia-gpu"
		      : "reserve cpu and memory");
}

int resource_check(const char *kind, const char *name, const char *value, struct err *err)
{
	cJSON *scratch = cJSON_CreateObject();
	char line[LINE_SIZE];
	int rc = write_line(kind, name, value, line, err);

	if (!rc)
		rc = docker_option_apply(scratch, line, err);
	cJSON_Delete(scratch);
	return rc;
}

/* What is set for every process comes first, and the process's own takes its place. */
static int apply_of(
	cJSON *body, const struct plan *plan, const char *process, struct err *err)
{
	const cJSON *entry;
	int rc = 0;

	cJSON_ArrayForEach(entry, plan_part(plan, "resources"))
	{
		char line[LINE_SIZE];

		if (rc || strcmp(plan_text(entry, "process"), process) != 0)
			continue;
		rc = write_line(plan_text(entry, "kind"), plan_text(entry, "name"),
			plan_text(entry, "value"), line, err);
		if (!rc)
			rc = docker_option_apply(body, line, err);
	}
	return rc;
}

int resources_apply(
	cJSON *body, const struct plan *plan, const char *process, struct err *err)
{
	int rc = apply_of(body, plan, "", err);

	return rc ? rc : apply_of(body, plan, process, err);
}

int resource_apply_build(
	cJSON *parameters, const char *name, const char *value, struct err *err)
{
	char line[LINE_SIZE];
	int rc = write_line(RESOURCE_LIMIT, name, value, line, err);

	if (!rc && !strcmp(name, "cpu"))
		(void)snprintf(line, sizeof(line), "--cpu-period %d --cpu-quota %lld",
			BUILD_PERIOD,
			(long long)(read_cpu(value) * (BUILD_PERIOD / 1000)));
	return rc ? rc : docker_option_apply_build(parameters, line, err);
}
