#include "builder/doctor/private.h"

#include <stdarg.h>
#include <stdio.h>

const char *doctor_level_name(enum doctor_level level)
{
	static const char *const names[] = {"ok", "warning", "problem"};

	return names[level];
}

void doctor_tell(const struct doctor *d, const char *check, enum doctor_level level,
	const char *todo, const char *text, ...)
{
	char line[DOCTOR_TEXT_MAX];
	struct doctor_finding f = {check, level, line, todo};
	va_list ap;

	va_start(ap, text);
	(void)vsnprintf(line, sizeof(line), text, ap);
	va_end(ap);
	d->each(d->ctx, &f);
}

void doctor_run(struct server *s, void (*each)(void *ctx, const struct doctor_finding *f),
	void *ctx)
{
	static void (*const checks[])(const struct doctor *d) = {
		doctor_check_engine,
		doctor_check_programs,
		doctor_check_machine,
		doctor_check_bardod,
		doctor_check_proxy,
		doctor_check_front,
		doctor_check_published,
		doctor_check_files,
		doctor_check_people,
		doctor_check_lives,
		doctor_check_certificates,
		doctor_check_pages,
		doctor_check_strays,
		doctor_check_settings,
	};
	const struct doctor d = {s, each, ctx};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](&d);
}
