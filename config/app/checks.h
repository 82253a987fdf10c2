#ifndef BARDO_CONFIG_CHECKS_H
#define BARDO_CONFIG_CHECKS_H

#include "config/app/properties.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct settings;
struct store;

/* What owners set about checks: properties of this family. */

#define CHECKS_FAMILY "checks"

/* Process types, with commas between them: those whose new containers aren't checked
 * (checks:skip), and those whose old ones stop before the new ones start
 * (checks:disable). */
#define CHECKS_SKIPPED "skipped"
#define CHECKS_DISABLED "disabled"
#define CHECKS_EVERY_TYPE "_all_"

/* Seconds. */
#define CHECKS_WAIT_TO_RETIRE "wait-to-retire"
#define CHECKS_STARTUP_TIMEOUT "startup-timeout"
#define CHECKS_SECONDS_MAX 86400

/* For checks of app.json that don't say it themselves, by the file's own names. */
#define CHECKS_ATTEMPTS "attempts"
#define CHECKS_ATTEMPTS_MAX 1000
#define CHECKS_TIMEOUT "timeout"
#define CHECKS_WAIT "wait"
/* How long what has no check must stay up. */
#define CHECKS_DEFAULT_WAIT "default-wait"

/* Whether a list has the process type by name; CHECKS_EVERY_TYPE is a name, too. */
bool checks_has(const char *list, const char *process);

/* Adds it, or takes it away; ERR_USAGE when there is no room. */
int checks_add(char list[PROPERTY_VALUE_SIZE], const char *process, struct err *err);
void checks_remove(char list[PROPERTY_VALUE_SIZE], const char *process);

/* In milliseconds: the app's value, else every app's, else the setting. How long requests
 * to the old life may take (deploy.drain), and a new one may need to answer
 * (check.timeout). */
int64_t checks_drain(struct store *s, int64_t app_id, const struct settings *set);
int64_t checks_timeout(struct store *s, int64_t app_id, const struct settings *set);

#endif
