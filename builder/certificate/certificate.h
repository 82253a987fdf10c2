#ifndef BARDO_BUILDER_CERTIFICATE_H
#define BARDO_BUILDER_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct settings;

/* X.509 certificates (RFC 5280) in PEM, by libcrypto: looked at before a visitor does. */

#define CERTIFICATE_TEXT_SIZE 256
#define CERTIFICATE_CHAIN_MAX 8
/* Key, certificate and chain together: what the proxy's socket takes at once. */
#define CERTIFICATE_PEM_MAX (14 * 1024)
/* Any that such a certificate can have. */
#define CERTIFICATE_NAMES_SIZE CERTIFICATE_PEM_MAX

struct certificate {
	char subject[CERTIFICATE_TEXT_SIZE]; /* "CN = shop.example.org" */
	char issuer[CERTIFICATE_TEXT_SIZE];
	char names[CERTIFICATE_NAMES_SIZE]; /* that it is for, with blanks between */
	int64_t starts_at, ends_at;	    /* milliseconds since the epoch */
	bool self_signed;
	bool verified; /* a root that this machine trusts stands behind it */
	bool rare_key; /* of a kind that most browsers don't take */
};

/*
 * Takes certificates (in any order) and a private key without a passphrase, checks that
 * they belong together, and writes one PEM as servers want it: the certificate, those
 * that lead to its root, the key. ERR_USAGE says what is wrong: no PEM, a key that is
 * none of the certificates', a certificate that is no part of the chain, expired, not
 * valid yet, no name of a host in it, a key of a kind that TLS hasn't, an RSA key below
 * 2048 bits, too long. One that comes twice counts once.
 */
int certificate_join(const char *certificates, const char *key, struct buf *pem,
	struct certificate *out, struct err *err);

/* What a PEM of certificate_join is for. ERR_USAGE: it isn't whole any more, and no
 * server would take it. */
int certificate_read(const char *pem, struct certificate *out, struct err *err);

/* The same of the one that is kept for an app, by its handle. ERR_NOTFOUND: there is
 * none. ERR_FAILED: it is damaged. */
int certificate_read_kept(const struct settings *s, const char *handle,
	struct certificate *out, struct err *err);

/* Whether it is for this host (RFC 6125 6.4.3: a wildcard is one whole label). */
bool certificate_covers(const struct certificate *c, const char *host);

/* A self-signed one, P-256, for these names and days. */
int certificate_generate(
	const char *const *names, size_t len, int days, struct buf *pem, struct err *err);

#endif
