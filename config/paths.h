#ifndef BARDO_CONFIG_PATHS_H
#define BARDO_CONFIG_PATHS_H

#include <stddef.h>

struct app;
struct err;
struct settings;

/* Where everything is under server.data (docs/DESIGN "On disk"), and beside our programs.
 */

#define PATH_TEXT_MAX 1024

/* Each writes an absolute path into out (PATH_TEXT_MAX) and returns out. */
char *path_database(const struct settings *s, char *out);
/* Under the app's handle, which stays when its name changes. */
char *path_repository(const struct settings *s, const struct app *app, char *out);
char *path_life_log(const struct settings *s, const struct app *app, int life, char *out);
char *path_life_logs(const struct settings *s, const struct app *app, char *out);
char *path_app_lock(const struct settings *s, const struct app *app, char *out);
/* A byte for each command that changes something and is under way. */
char *path_commands_lock(const struct settings *s, char *out);
/* A byte for each one-off container: held by whoever is attached to it. */
char *path_app_runs(const struct settings *s, const struct app *app, char *out);
/* Shared by all who push to this name, from before there is an app. */
char *path_app_pushes(const struct settings *s, const char *name, char *out);
/* Its TLS certificate, chain and key, by its handle. */
char *path_certificate(const struct settings *s, const char *handle, char *out);
/* There as long as the proxy has still to read that: its path, and PATH_CHANGED. */
#define PATH_CHANGED ".changed"
char *path_certificate_changed(const struct settings *s, const char *handle, char *out);
/* What visitors see while its maintenance is on, by its handle. */
char *path_maintenance_page(const struct settings *s, const char *handle, char *out);
char *path_key_snapshot(const struct settings *s, char *out);
char *path_host_keys(const struct settings *s, char *out); /* the folder */
char *path_door(const struct settings *s, char *out);
/* Folders that storage:ensure-directory makes. */
char *path_storage(const struct settings *s, char *out);
char *path_run(const struct settings *s, const char *name, char *out);

/* A file beside this program, found by /proc/self/exe: "hooks", "bardo-ssh" … */
char *path_beside_us(const char *name, char *out);

/* Makes the folders, each with its mode. Ownership is config/privilege.h's. */
int paths_prepare(const struct settings *s, struct err *err);

#endif
