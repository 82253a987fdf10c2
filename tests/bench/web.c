#include "tests/support/web.h"
#include "tests/support/http.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* web PORT TEXT: serves on all addresses until SIGTERM or SIGINT, then ends in good
 * order. As a container's first process it must handle the signals itself. */
int main(int argc, char **argv)
{
	sigset_t ends;
	struct web *w;
	int got;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: web PORT TEXT\n");
		return 2;
	}
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &ends, NULL);
	w = web_start("0.0.0.0", (int)http_number(argv[1]), argv[2]);
	if (!w) {
		(void)fprintf(stderr, "web: port %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	(void)printf("serving on %d\n", web_port(w));
	(void)fflush(stdout);
	while (sigwait(&ends, &got))
		;
	web_stop(w);
	return 0;
}
