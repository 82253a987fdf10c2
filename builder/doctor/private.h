#ifndef BARDO_BUILDER_DOCTOR_PRIVATE_H
#define BARDO_BUILDER_DOCTOR_PRIVATE_H

#include "builder/doctor/doctor.h"

#include <stddef.h>
#include <stdint.h>

/* What the checks have, and the checks. */

struct doctor {
	struct server *server;
	void (*each)(void *ctx, const struct doctor_finding *f);
	void *ctx;
};

#define DOCTOR_TEXT_MAX 2048

/* Tells of one finding; todo "" is nothing to do. */
void doctor_tell(const struct doctor *d, const char *check, enum doctor_level level,
	const char *todo, const char *text, ...) __attribute__((format(printf, 5, 6)));

/* "2.29.1" is at least 2.29; false also for what is no version. */
int doctor_version_is(const char *version, int major, int minor);

/* Tells how full the file system is that has path. */
void doctor_look_at_disk(const struct doctor *d, const char *check, const char *what,
	const char *path, int64_t least);

/* A socket that is connected there within a few seconds ("" is this machine), or -1. */
int doctor_connect(const char *host, const char *port);

void doctor_check_engine(const struct doctor *d);
void doctor_check_programs(const struct doctor *d);
void doctor_check_machine(const struct doctor *d);
void doctor_check_bardod(const struct doctor *d);
void doctor_check_proxy(const struct doctor *d);
void doctor_check_front(const struct doctor *d);
void doctor_check_published(const struct doctor *d);
void doctor_check_files(const struct doctor *d);
void doctor_check_people(const struct doctor *d);
void doctor_check_lives(const struct doctor *d);
void doctor_check_certificates(const struct doctor *d);
void doctor_check_pages(const struct doctor *d);
void doctor_check_strays(const struct doctor *d);
void doctor_check_settings(const struct doctor *d);

#endif
