#include "config/people/users.h"

#include "config/base/err.h"
#include "config/base/utf8.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RSA_BITS_MIN 2048

static const char *const types[] = {
	"ssh-ed25519",
	"ecdsa-sha2-nistp256",
	"ecdsa-sha2-nistp384",
	"ecdsa-sha2-nistp521",
	"ssh-rsa",
	"sk-ssh-ed25519@openssh.com",
	"sk-ecdsa-sha2-nistp256@openssh.com",
};

/* A string of the wire format: four bytes of length, then the bytes. */
struct span {
	const unsigned char *data;
	size_t len;
};

static int take_string(struct span *from, struct span *out)
{
	size_t len;

	if (from->len < 4)
		return -1;
	len = (size_t)from->data[0] << 24 | (size_t)from->data[1] << 16 |
		(size_t)from->data[2] << 8 | from->data[3];
	if (len > from->len - 4)
		return -1;
	*out = (struct span){from->data + 4, len};
	from->data += 4 + len;
	from->len -= 4 + len;
	return 0;
}

static size_t bits_of(struct span number)
{
	size_t bits;

	while (number.len && !number.data[0]) {
		number.data++;
		number.len--;
	}
	if (!number.len)
		return 0;
	bits = (number.len - 1) * 8;
	for (unsigned int first = number.data[0]; first; first >>= 1)
		bits++;
	return bits;
}

/* The blob repeats its type, and is strings to its end: of an ssh-rsa e and n. */
static int check_blob(const struct ssh_key *key, struct span blob, struct err *err)
{
	struct span type, last = {0};
	int rc = take_string(&blob, &type);
	bool whole = !rc && blob.len && type.len == strlen(key->type) &&
		!memcmp(type.data, key->type, type.len);

	while (whole && blob.len)
		whole = take_string(&blob, &last) == 0;
	if (!whole)
		return err_set(err, ERR_USAGE,
			"the key is damaged: copy the whole line of the .pub file");
	if (!strcmp(key->type, "ssh-rsa") && bits_of(last) < RSA_BITS_MIN)
		return err_set(err, ERR_USAGE,
			"an RSA key of %zu bits is too weak: make one with ssh-keygen -t "
			"ed25519",
			bits_of(last));
	return 0;
}

static void fingerprint(struct ssh_key *key, struct span blob)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned char text[64];
	unsigned int hash_len = 0;
	int n;

	(void)EVP_Digest(blob.data, blob.len, hash, &hash_len, EVP_sha256(), NULL);
	n = EVP_EncodeBlock(text, hash, (int)hash_len);
	while (n > 0 && text[n - 1] == '=')
		n--;
	(void)snprintf(
		key->fingerprint, sizeof(key->fingerprint), "SHA256:%.*s", n, text);
}

static int read_blob(struct ssh_key *key, const char *base64, size_t len, struct err *err)
{
	unsigned char *blob;
	size_t padding = 0;
	int n, rc;

	while (padding < 2 && padding < len && base64[len - 1 - padding] == '=')
		padding++;
	blob = malloc(len + 4);
	if (!blob)
		return err_set(err, ERR_FAILED, "out of memory");
	n = EVP_DecodeBlock(blob, (const unsigned char *)base64, (int)len);
	if (n < 0 || (size_t)n < padding) {
		rc = err_set(err, ERR_USAGE, "the key is damaged: it is not base64");
	} else {
		struct span span = {blob, (size_t)n - padding};

		rc = check_blob(key, span, err);
		if (!rc)
			fingerprint(key, span);
	}
	free(blob);
	return rc;
}

static bool known_type(const char *type, size_t len)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strlen(types[i]) == len && !memcmp(types[i], type, len))
			return true;
	}
	return false;
}

static int not_a_key(const char *line, struct err *err)
{
	if (!strncmp(line, "-----BEGIN", 10) &&
		memmem(line, strcspn(line, "\r\n"), "PRIVATE", 7))
		return err_set(err, ERR_USAGE,
			"that is a private key: keep it to yourself, and give the .pub "
			"file beside it");
	if (!strncmp(line, "-----BEGIN", 10) || !strncmp(line, "---- BEGIN", 10))
		return err_set(err, ERR_USAGE,
			"a public key in another form: `ssh-keygen -i -f FILE` (with -m "
			"PKCS8 for PEM) makes a line of it");
	if (!strncmp(line, "ssh-dss ", 8))
		return err_set(err, ERR_USAGE,
			"DSA keys are too weak: make one with ssh-keygen -t ed25519");
	return err_set(err, ERR_USAGE,
		"not a public key: give one line like 'ssh-ed25519 AAAA… comment'");
}

/* It is shown on other people's terminals, and in JSON. */
static void copy_comment(char *out, size_t size, const char *text, size_t len)
{
	size_t used = 0;

	while (len) {
		size_t n = utf8_length(text, len);
		bool plain = n && !utf8_is_control(text, n);

		if (used + (plain ? n : 1) >= size)
			break;
		if (plain)
			memcpy(out + used, text, n);
		else
			out[used] = '?';
		used += plain ? n : 1;
		text += n ? n : 1;
		len -= n ? n : 1;
	}
	out[used] = '\0';
}

int ssh_key_parse(struct ssh_key *out, const char *line, struct err *err)
{
	struct ssh_key key = {0};
	size_t type_len, blob_len;
	int rc;

	line += strspn(line, " \t");
	type_len = strcspn(line, " \t\r\n");
	if (strlen(line) > KEY_LINE_MAX)
		return err_set(
			err, ERR_USAGE, "the key is longer than %d bytes", KEY_LINE_MAX);
	if (!known_type(line, type_len))
		return not_a_key(line, err);
	memcpy(key.type, line, type_len);
	line += type_len + strspn(line + type_len, " \t");
	blob_len = strcspn(line, " \t\r\n");
	rc = read_blob(&key, line, blob_len, err);
	if (rc)
		return rc;
	line += blob_len + strspn(line + blob_len, " \t");
	copy_comment(key.comment, sizeof(key.comment), line, strcspn(line, "\r\n"));
	*out = key;
	return 0;
}
