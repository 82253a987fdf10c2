#include "receiver/bardod/children.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static struct child **bucket_of(struct children *c, pid_t pid)
{
	return &c->buckets[(size_t)pid % CHILDREN_BUCKETS];
}

void children_add(struct children *c, struct child *child)
{
	struct child **bucket = bucket_of(c, child->pid);

	child->next = *bucket;
	*bucket = child;
	c->len++;
}

static struct child *take(struct children *c, pid_t pid)
{
	struct child **at = bucket_of(c, pid);
	struct child *found;

	while (*at && (*at)->pid != pid)
		at = &(*at)->next;
	found = *at;
	if (found) {
		*at = found->next;
		c->len--;
	}
	return found;
}

void children_reap(struct children *c)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct child *child = take(c, pid);

		/* As process 1 of a container we also inherit strangers. */
		if (child)
			child->ended(child->data, status);
	}
}

bool child_is_abnormal(int status)
{
	int end = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);

	return end >= 128 && end != 128 + SIGHUP;
}

const char *child_describe(int status, char out[CHILD_TEXT_MAX])
{
	if (WIFSIGNALED(status))
		(void)snprintf(out, CHILD_TEXT_MAX, "by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		(void)snprintf(
			out, CHILD_TEXT_MAX, "with status %d", WEXITSTATUS(status));
	return out;
}
