#include "config/base/err.h"
#include "config/users.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Keys that real ssh-keygen makes, and what it says of them. */
static void run(const char *command, char *out, size_t size)
{
	FILE *p = popen(command, "r");
	size_t n;

	assert_non_null(p);
	n = fread(out, 1, size - 1, p);
	out[n] = '\0';
	assert_int_equal(pclose(p), 0);
}

static void agrees_with_ssh_keygen(void **state)
{
	static const char *const kinds[] = {"ed25519", "rsa -b 2048", "ecdsa -b 384"};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char folder[] = "/tmp/bardo-key-XXXXXX", command[256], line[4096],
		     said[512];
		struct ssh_key key;
		struct err err = {0};

		assert_non_null(mkdtemp(folder));
		(void)snprintf(command, sizeof(command),
			"ssh-keygen -q -t %s -N '' -C 'ann@home' -f %s/k && cat %s/k.pub",
			kinds[i], folder, folder);
		run(command, line, sizeof(line));
		(void)snprintf(command, sizeof(command),
			"ssh-keygen -lf %s/k.pub; rm -r %s", folder, folder);
		run(command, said, sizeof(said));
		assert_int_equal(ssh_key_parse(&key, line, &err), 0);
		assert_non_null(strstr(said, key.fingerprint));
		assert_string_equal(key.comment, "ann@home");
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
	refuses("ssh-ed25519 !!!!", "base64");
	refuses("ssh-ed25519", "damaged");
	refuses("ssh-ed25519 AAAAB3NzaC1yc2E=", "damaged");
	refuses("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAw==", "damaged");
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
