#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/spawn.h"
#include "config/people/users.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A program run to its end, its output put into a file. */
static void run(const char *out, const char *const *argv)
{
	char *const env[] = {NULL};
	int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct spawn_fd fds[] = {{fd, STDOUT_FILENO}, {STDERR_FILENO, STDERR_FILENO}};
	struct spawn s = {.path = argv[0],
		.argv = (char *const *)argv,
		.env = env,
		.fds = fds,
		.fds_len = 2};
	struct err err = {0};
	pid_t pid = spawn_start(&s, &err);

	assert_true(fd >= 0 && pid > 0);
	assert_int_equal(spawn_wait(pid), 0);
	(void)close(fd);
}

/* What real ssh-keygen makes, and what it says of it. */
static void agrees_with_ssh_keygen(void **state)
{
	static const char *const kinds[][2] = {
		{"ed25519", "256"}, {"rsa", "2048"}, {"ecdsa", "384"}};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char folder[] = "/tmp/bardo-key-XXXXXX", path[64], public[80], said[64];
		const char *const make[] = {"/usr/bin/ssh-keygen", "-q", "-t",
			kinds[i][0], "-b", kinds[i][1], "-N", "", "-C", "ann@home", "-f",
			path, NULL};
		const char *const show[] = {"/usr/bin/ssh-keygen", "-lf", path, NULL};
		struct buf line, text;
		struct ssh_key key;
		struct err err = {0};

		assert_non_null(mkdtemp(folder));
		(void)snprintf(path, sizeof(path), "%s/key", folder);
		(void)snprintf(public, sizeof(public), "%s.pub", path);
		(void)snprintf(said, sizeof(said), "%s/said", folder);
		run(said, make);
		run(said, show);
		buf_init(&line, KEY_LINE_MAX);
		buf_init(&text, KEY_LINE_MAX);
		assert_int_equal(io_read_file(public, &line, &err), 0);
		assert_int_equal(io_read_file(said, &text, &err), 0);
		assert_int_equal(ssh_key_parse(&key, buf_text(&line), &err), 0);
		assert_non_null(strstr(buf_text(&text), key.fingerprint));
		assert_string_equal(key.comment, "ann@home");
		buf_finish(&line);
		buf_finish(&text);
		assert_int_equal(io_remove_tree(folder, &err), 0);
	}
}

static void refuses(const char *line, const char *because)
{
	struct ssh_key key;
	struct err err = {0};

	assert_int_equal(ssh_key_parse(&key, line, &err), ERR_USAGE);
	assert_non_null(strstr(err.msg, because));
}

static void says_what_is_wrong_with_a_key(void **state)
{
	(void)state;
	refuses("", "not a public key");
	refuses("hello", "not a public key");
	refuses("command=\"x\" ssh-ed25519 AAAA", "not a public key");
	refuses("ssh-ed25519-cert-v01@openssh.com AAAA", "not a public key");
	refuses("-----BEGIN OPENSSH PRIVATE KEY-----", "private key");
	refuses("-----BEGIN PUBLIC KEY-----", "another form");
	refuses("---- BEGIN SSH2 PUBLIC KEY ----", "another form");
	refuses("ssh-dss AAAAB3NzaC1kc3M=", "DSA");
	refuses("ssh-ed25519 !!!!", "base64");
	refuses("ssh-ed25519", "damaged");
	refuses("ssh-ed25519 AAAAB3NzaC1yc2E=", "damaged");
	refuses("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAw==", "damaged");
	/* The end is cut off. */
	refuses("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHab", "damaged");
	refuses("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "damaged");
}

static void refuses_a_weak_rsa_key(void **state)
{
	/* ssh-rsa, e = 65537, n of 1024 bits. */
	unsigned char blob[7 + 4 + 4 + 3 + 4 + 129] = {0, 0, 0, 7, 's', 's', 'h', '-',
		'r', 's', 'a', 0, 0, 0, 3, 1, 0, 1, 0, 0, 0, 129, 0, 0x80};
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char line[512] = "ssh-rsa ";
	size_t at = strlen(line), len = 151;

	(void)state;
	for (size_t i = 0; i < len; i += 3) {
		unsigned int v = (unsigned int)blob[i] << 16;

		v |= i + 1 < len ? (unsigned int)blob[i + 1] << 8 : 0;
		v |= i + 2 < len ? blob[i + 2] : 0;
		for (int shift = 18; shift >= 0; shift -= 6)
			line[at++] = digits[v >> shift & 63];
	}
	line[at - 1] = line[at - 2] = '=';
	refuses(line, "too weak");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_ssh_keygen),
		cmocka_unit_test(says_what_is_wrong_with_a_key),
		cmocka_unit_test(refuses_a_weak_rsa_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
