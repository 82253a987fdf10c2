/*
 * web_app: what runs in the containers of load.bats and streams.bats. Serves on $PORT the
 * text of /version in the ways of tests/support/web.h, and ends at SIGTERM as a
 * well-behaved server does. Linked statically: its image is FROM scratch.
 */

#include "config/base/number.h"
#include "tests/support/web.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define VERSION_MAX 64

int main(void)
{
	char version[VERSION_MAX] = "";
	FILE *file = fopen("/version", "re");
	sigset_t term;
	struct web *web;
	int64_t port;
	int got;

	(void)sigemptyset(&term);
	(void)sigaddset(&term, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &term, NULL);
	if (!file || !fgets(version, sizeof(version), file))
		return 1;
	(void)fclose(file);
	if (number_parse(getenv("PORT") ? getenv("PORT") : "5000", 1, 65535, &port) < 0)
		return 2;
	web = web_start("0.0.0.0", (int)port, version);
	if (!web)
		return 3;
	(void)sigwait(&term, &got);
	web_stop(web);
	return 0;
}
