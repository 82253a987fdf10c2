#include "config/git_library.h"

#include <git2.h>
#include <stdbool.h>
#include <sys/resource.h>

/* Built with mbedTLS, as Debian's is, libgit2 parses every certificate that the machine
 * trusts when it starts. That takes ten times as long as all the rest of a start, and
 * there is no option that comes before it. It does without when it can open no file. */
void git_library_start(void)
{
	struct rlimit as_it_was, no_files;
	bool limited = getrlimit(RLIMIT_NOFILE, &as_it_was) == 0;
	int rc;

	no_files = (struct rlimit){0, as_it_was.rlim_max};
	limited = limited && setrlimit(RLIMIT_NOFILE, &no_files) == 0;
	rc = git_libgit2_init();
	if (limited)
		(void)setrlimit(RLIMIT_NOFILE, &as_it_was);
	/* One that is built otherwise may need what it could not open. */
	if (rc < 0)
		(void)git_libgit2_init();
	else if (rc == 1) /* and not only counted */
		git_error_clear();
}
