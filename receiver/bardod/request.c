#include "receiver/bardod/request.h"

#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/message.h"
#include "config/door.h"

#include <sys/socket.h>
#include <unistd.h>

/* One of the largest requests and a login before it; the kernel counts twice this. */
#define REQUEST_BUFFER (MESSAGE_MAX + 4096)

int request_init(struct request *q, struct err *err)
{
	int size = REQUEST_BUFFER;
	int ends[2];

	*q = (struct request){.ours = -1, .child = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_errno(err, "socketpair");
	q->ours = ends[0];
	q->child = ends[1];
	(void)setsockopt(q->ours, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (io_set_nonblocking(q->ours, true) < 0)
		return err_errno(err, "the request");
	return 0;
}

int request_add(struct request *q, const struct door_request *r, const int *fds,
	size_t fds_len, struct err *err)
{
	struct message m;
	int rc;

	message_init(&m);
	rc = door_encode(&m, r, err);
	if (!rc)
		rc = message_send(q->ours, &m, fds, fds_len, err);
	message_finish(&m);
	return rc;
}

void request_finish(struct request *q)
{
	if (q->ours >= 0)
		(void)close(q->ours);
	if (q->child >= 0)
		(void)close(q->child);
	*q = (struct request){.ours = -1, .child = -1};
}
