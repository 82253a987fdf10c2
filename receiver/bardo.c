#include "hooks/push.h"
#include "receiver/dispatch/entry.h"

#include <signal.h>
#include <string.h>

/* Git knows its hooks by their names; everything else is a command. */
static const struct {
	const char *name;
	int (*run)(void);
} hooks[] = {
	{"pre-receive", hook_pre_receive},
	{"proc-receive", hook_proc_receive},
};

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];

	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		if (!strcmp(name, hooks[i].name))
			return hooks[i].run();
	}
	if (argc == 2 && !strcmp(argv[1], "--door"))
		return entry_from_door();
	return entry_from_shell(argc, argv);
}
