/* bardod: binds the ports, starts and reaps every other process, and is the door. */

#include "config/base/err.h"
#include "config/base/log.h"
#include "config/settings.h"
#include "receiver/bardod/server.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#define OVERRIDES_MAX 64

static const char usage[] =
	"usage: bardod [--config FILE] [-c section.key=value ...]\n"
	"\n"
	"Runs in the foreground, logs to standard error, and prints one line on\n"
	"standard output once it serves: ready ssh=ADDRESS:PORT.\n"
	"Without --config it reads " SETTINGS_FILE_DEFAULT " if that is there.\n"
	"`bardo settings` lists the settings.\n";

struct options {
	const char *config;
	const char *overrides[OVERRIDES_MAX];
	size_t overrides_len;
};

/* 0 to go on, 1 when all is said, ERR_USAGE. */
static int parse_options(struct options *o, int argc, char **argv, struct err *err)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int c;

	*o = (struct options){0};
	if (access(SETTINGS_FILE_DEFAULT, R_OK) == 0)
		o->config = SETTINGS_FILE_DEFAULT;
	while ((c = getopt_long(argc, argv, "c:h", known, NULL)) != -1) {
		if (c == 'f') {
			o->config = optarg;
		} else if (c == 'c' && o->overrides_len < OVERRIDES_MAX) {
			o->overrides[o->overrides_len++] = optarg;
		} else if (c == 'h' || c == 'V') {
			(void)fputs(
				c == 'h' ? usage : "bardod " BARDO_VERSION "\n", stdout);
			return 1;
		} else {
			return err_set(err, ERR_USAGE, "`bardod --help` says how");
		}
	}
	if (optind < argc)
		return err_set(
			err, ERR_USAGE, "%s: `bardod --help` says how", argv[optind]);
	return 0;
}

/* What else whoever started us had open stays with them: in a server, a pipe would not
 * end and a lock not fall for as long as it runs. Standard input, output and error are
 * there, so that nothing of ours takes their numbers. */
static void tidy_descriptors(void)
{
	int fd;

	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
}

static int run(struct err *err)
{
	struct server s;
	int rc = server_init(&s, err);

	if (!rc)
		rc = server_run(&s, err);
	server_finish(&s);
	return rc;
}

int main(int argc, char **argv)
{
	struct options o;
	struct err e = {0};
	int rc;

	tidy_descriptors();
	log_name("bardod");
	rc = parse_options(&o, argc, argv, &e);
	if (rc > 0)
		return 0;
	if (!rc)
		rc = settings_export(o.config, o.overrides, o.overrides_len, &e);
	/* Relative names are absolute by now, and a folder that we hold can't be
	 * unmounted. */
	if (!rc && chdir("/") < 0)
		rc = err_errno(&e, "/");
	if (!rc)
		rc = run(&e);
	if (rc)
		(void)fprintf(stderr, "bardod: %s\n", e.msg);
	return err_exit_status(rc);
}
