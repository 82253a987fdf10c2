#include "config/base/message.h"

#include "config/base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * MESSAGE_FDS_MAX)];
};

void message_init(struct message *m)
{
	*m = (struct message){0};
}

void message_finish(struct message *m)
{
	for (size_t i = 0; i < m->fds_len; i++) {
		if (m->fds[i] >= 0)
			(void)close(m->fds[i]);
	}
	free(m->data);
	message_init(m);
}

int message_add(struct message *m, const char *field, struct err *err)
{
	size_t len = strlen(field) + 1;
	size_t at = 0;
	char *data;

	if (m->fields_len == MESSAGE_FIELDS_MAX || len > MESSAGE_MAX - m->len)
		return err_set(err, ERR_USAGE,
			"the command is too large: at most %d KiB; send data on standard "
			"input",
			MESSAGE_MAX / 1024);
	data = realloc(m->data, m->len + len);
	if (!data)
		return err_set(err, ERR_FAILED, "out of memory");
	/* The block may have moved. */
	for (size_t i = 0; i < m->fields_len; i++, at += strlen(data + at) + 1)
		m->fields[i] = data + at;
	memcpy(data + m->len, field, len);
	m->fields[m->fields_len++] = data + m->len;
	m->data = data;
	m->len += len;
	return 0;
}

int message_parse(struct message *m, char *data, size_t len, struct err *err)
{
	m->data = data;
	m->len = len;
	m->fields_len = 0;
	if (!len || len > MESSAGE_MAX || data[len - 1])
		return err_set(err, ERR_USAGE, "a malformed message of %zu bytes", len);
	for (size_t at = 0; at < len; at += strlen(data + at) + 1) {
		if (m->fields_len == MESSAGE_FIELDS_MAX)
			return err_set(err, ERR_USAGE, "a message of more than %d fields",
				MESSAGE_FIELDS_MAX);
		m->fields[m->fields_len++] = data + at;
	}
	return 0;
}

int message_send(int sock, const struct message *m, const int *fds, size_t fds_len,
	struct err *err)
{
	union control control = {0};
	struct iovec iov = {.iov_base = m->data, .iov_len = m->len};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;
	ssize_t n;

	if (fds_len > MESSAGE_FDS_MAX)
		return err_set(err, ERR_FAILED, "too many descriptors in a message");
	if (fds_len) {
		h.msg_control = &control;
		h.msg_controllen = CMSG_SPACE(sizeof(int) * fds_len);
		c = &control.align;
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * fds_len);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * fds_len);
	}
	do {
		n = sendmsg(sock, &h, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(err, "cannot reach bardod");
	return 0;
}

static void take_fds(struct message *m, struct msghdr *h)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n && m->fds_len < MESSAGE_FDS_MAX; i++)
			memcpy(&m->fds[m->fds_len++], CMSG_DATA(c) + i * sizeof(int),
				sizeof(int));
	}
}

int message_receive(int sock, struct message *m, struct err *err)
{
	union control control = {0};
	struct iovec iov;
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
	char *data;
	ssize_t n;

	message_finish(m);
	data = malloc(MESSAGE_MAX);
	if (!data)
		return err_set(err, ERR_FAILED, "out of memory");
	iov = (struct iovec){.iov_base = data, .iov_len = MESSAGE_MAX};
	h.msg_control = &control;
	h.msg_controllen = sizeof(control);
	do {
		n = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n <= 0) {
		free(data);
		if (n == 0 || errno == ECONNRESET)
			return err_set(err, ERR_NOTFOUND, "the other side has closed");
		if (errno == EAGAIN)
			return err_set(err, ERR_BUSY, "nothing there yet");
		return err_errno(err, "receive");
	}
	take_fds(m, &h);
	if (h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		free(data);
		message_finish(m);
		return err_set(
			err, ERR_USAGE, "a message larger than %d bytes", MESSAGE_MAX);
	}
	return message_parse(m, data, (size_t)n, err);
}
