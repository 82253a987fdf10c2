#include "tests/support/ssh_world.h"

#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "receiver/ssh/host_keys.h"
#include "receiver/ssh/options.h"
#include "receiver/ssh/session.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PEER "192.0.2.7:4711"
#define LOCAL "192.0.2.1"
#define TEXT_MAX (64 * 1024)
/* A test that hangs is a failure, not a wait. */
#define TEST_SECONDS 120

static void write_file(const struct world *w, const char *name, const char *text)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", w->folder, name);
	assert_int_equal(io_replace_file(path, 0600, text, strlen(text), NULL), 0);
}

/* An ed25519 key, as the server makes its own; into a folder of its own below w's. The
 * other key that belongs there would take a second, and counts as made. */
static ssh_key make_key(const struct world *w, const char *name)
{
	char folder[96], path[128];
	ssh_key key;

	(void)snprintf(folder, sizeof(folder), "%s/%s", w->folder, name);
	assert_int_equal(io_make_dir(folder, 0700, NULL), 0);
	(void)snprintf(path, sizeof(path), "%s/%s", folder, host_key_names[1]);
	assert_int_equal(io_replace_file(path, 0600, "", 0, NULL), 0);
	assert_int_equal(host_keys_make(folder, NULL), 0);
	(void)snprintf(path, sizeof(path), "%s/%s", folder, host_key_names[0]);
	assert_int_equal(
		ssh_pki_import_privkey_file(path, NULL, NULL, NULL, &key), SSH_OK);
	return key;
}

static char *fingerprint_of(ssh_key key)
{
	unsigned char *hash;
	size_t len;
	char *text;

	assert_int_equal(
		ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len), 0);
	text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, len);
	ssh_clean_pubkey_hash(&hash);
	return text;
}

int world_create(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char snapshot[128];

	assert_non_null(w);
	w->door = -1;
	(void)strncpy(w->folder, "/tmp/bardo-ssh-XXXXXX", sizeof(w->folder) - 1);
	assert_non_null(mkdtemp(w->folder));
	assert_int_equal(host_keys_make(w->folder, NULL), 0);
	w->key = make_key(w, "user");
	w->stranger = make_key(w, "stranger");
	w->fingerprint = fingerprint_of(w->key);
	(void)snprintf(snapshot, sizeof(snapshot), "SHA256:other\n%s\n", w->fingerprint);
	write_file(w, "authorized", snapshot);
	(void)signal(SIGPIPE, SIG_IGN);
	*state = w;
	return 0;
}

int world_destroy(void **state)
{
	struct world *w = *state;

	ssh_key_free(w->key);
	ssh_key_free(w->stranger);
	ssh_string_free_char(w->fingerprint);
	(void)io_remove_tree(w->folder, NULL);
	free(w);
	return 0;
}

int world_clean(void **state)
{
	struct world *w = *state;

	(void)alarm(0);
	if (w->client) {
		ssh_disconnect(w->client);
		ssh_free(w->client);
	}
	w->client = NULL;
	if (w->door >= 0)
		(void)close(w->door);
	w->door = -1;
	if (w->server > 0) {
		(void)kill(w->server, SIGKILL);
		(void)waitpid(w->server, NULL, 0);
	}
	w->server = 0;
	return 0;
}

static void connect_pair(int pair[2])
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(pair[0], (struct sockaddr *)&addr, sizeof(addr)), 0);
	pair[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(pair[1] >= 0);
	(void)close(listener);
}

static _Noreturn void serve(
	struct world *w, const struct options *o, int client, int door)
{
	char path[128];
	int log;

	(void)snprintf(path, sizeof(path), "%s/log", w->folder);
	log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (log < 0 || dup2(log, STDERR_FILENO) < 0)
		_exit(99);
	_exit(err_exit_status(session_serve(o, client, door, NULL)));
}

static ssh_session new_client(int fd)
{
	ssh_session client = ssh_new();
	const bool no = false;
	const long seconds = TEST_SECONDS;

	assert_non_null(client);
	(void)ssh_options_set(client, SSH_OPTIONS_PROCESS_CONFIG, &no);
	(void)ssh_options_set(client, SSH_OPTIONS_HOST, "localhost");
	(void)ssh_options_set(client, SSH_OPTIONS_USER, "anybody");
	(void)ssh_options_set(client, SSH_OPTIONS_TIMEOUT, &seconds);
	(void)ssh_options_set(client, SSH_OPTIONS_FD, &fd);
	return client;
}

void world_connect(struct world *w, int64_t grace_ms, int64_t max_tries)
{
	const struct options o = {
		.peer = PEER,
		.local = LOCAL,
		.keys = w->folder,
		.grace_ms = grace_ms,
		.max_tries = max_tries,
	};
	int pair[2], door[2];

	(void)alarm(TEST_SECONDS);
	connect_pair(pair);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, door), 0);
	w->server = fork();
	assert_true(w->server >= 0);
	if (w->server == 0) {
		(void)close(pair[0]);
		(void)close(door[0]);
		serve(w, &o, pair[1], door[1]);
	}
	(void)close(pair[1]);
	(void)close(door[1]);
	w->door = door[0];
	w->client = new_client(pair[0]);
	assert_int_equal(ssh_connect(w->client), SSH_OK);
}

void world_login(struct world *w)
{
	world_connect(w, TEST_SECONDS * 1000, 10);
	assert_int_equal(
		ssh_userauth_publickey(w->client, NULL, w->key), SSH_AUTH_SUCCESS);
}

ssh_channel world_channel(struct world *w)
{
	ssh_channel channel = ssh_channel_new(w->client);

	assert_non_null(channel);
	assert_int_equal(ssh_channel_open_session(channel), SSH_OK);
	return channel;
}

void world_ask(struct world *w, struct message *m, struct door_request *r)
{
	struct err err = {0};

	message_init(m);
	if (message_receive(w->door, m, &err) || door_decode(r, m, &err))
		fail_msg("the door: %s", err.msg);
}

void world_run(struct world *w, ssh_channel channel, const char *line, struct command *c)
{
	assert_int_equal(*line ? ssh_channel_request_exec(channel, line)
			       : ssh_channel_request_shell(channel),
		SSH_OK);
	world_ask(w, &c->message, &c->request);
	if (c->request.kind == DOOR_LOGIN) {
		assert_string_equal(c->request.fingerprint, w->fingerprint);
		message_finish(&c->message);
		world_ask(w, &c->message, &c->request);
	}
	assert_int_equal(c->request.kind, DOOR_RUN);
	c->in = c->message.fds[DOOR_STDIN];
	c->out = c->message.fds[DOOR_STDOUT];
	c->err = c->message.fds[DOOR_STDERR];
	c->status = c->message.fds[DOOR_STATUS];
	for (int i = 0; i < DOOR_FDS; i++)
		c->message.fds[i] = -1;
}

void command_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void command_end(struct command *c, const char *status)
{
	assert_int_equal(io_write_all(c->status, status, strlen(status)), 0);
	command_close(&c->in);
	command_close(&c->out);
	command_close(&c->err);
	command_close(&c->status);
	message_finish(&c->message);
}

void command_read(struct command *c, void *to, size_t len)
{
	char *p = to;

	while (len) {
		ssize_t n = read(c->in, p, len);

		assert_true(n > 0);
		p += n;
		len -= (size_t)n;
	}
}

void client_read(ssh_channel channel, void *to, size_t len, int is_stderr)
{
	char *p = to;

	while (len) {
		int n = ssh_channel_read(channel, p, (uint32_t)len, is_stderr);

		assert_true(n > 0);
		p += n;
		len -= (size_t)n;
	}
}

char *client_read_text(ssh_channel channel, int is_stderr)
{
	struct buf text;
	char *to;
	int n;

	buf_init(&text, TEXT_MAX);
	do {
		to = buf_reserve(&text, 1024);
		assert_non_null(to);
		n = ssh_channel_read(channel, to, 1024, is_stderr);
		assert_true(n >= 0);
		text.len += (size_t)n;
	} while (n > 0);
	assert_int_equal(buf_add(&text, "", 1), 0);
	return text.data;
}

int client_status(ssh_channel channel)
{
#if LIBSSH_VERSION_INT >= SSH_VERSION_INT(0, 11, 0)
	uint32_t status = 0;

	if (ssh_channel_get_exit_state(channel, &status, NULL, NULL) != SSH_OK)
		return -1;
	return (int)status;
#else
	return ssh_channel_get_exit_status(channel);
#endif
}

void random_bytes(void *to, size_t len)
{
	char *p = to;

	while (len) {
		ssize_t n = getrandom(p, len, 0);

		assert_true(n > 0);
		p += n;
		len -= (size_t)n;
	}
}

int world_wait(struct world *w)
{
	int status;

	while (waitpid(w->server, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	w->server = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

char *world_log(const struct world *w)
{
	char path[128];
	struct buf text;

	(void)snprintf(path, sizeof(path), "%s/log", w->folder);
	buf_init(&text, TEXT_MAX);
	assert_int_equal(io_read_file(path, &text, NULL), 0);
	return text.data;
}
