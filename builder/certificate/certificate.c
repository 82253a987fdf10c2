#include "builder/certificate/certificate.h"

#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/paths.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define RSA_BITS_MIN 2048
#define CURVE_NAME_SIZE 80

/* ---- reading ---- */

struct chain {
	X509 *certificates[CERTIFICATE_CHAIN_MAX]; /* the server's own first, once ordered
						    */
	int len;
	EVP_PKEY *key;
};

static void chain_finish(struct chain *c)
{
	for (int i = 0; i < c->len; i++)
		X509_free(c->certificates[i]);
	EVP_PKEY_free(c->key);
	*c = (struct chain){0};
}

/* What ended the reading was something other than the text's end. */
static bool is_torn(void)
{
	unsigned long e = ERR_peek_last_error();

	return e &&
		(ERR_GET_LIB(e) != ERR_LIB_PEM ||
			ERR_GET_REASON(e) != PEM_R_NO_START_LINE);
}

/* cert.pem and fullchain.pem begin with the same one. */
static bool has(const struct chain *c, const X509 *one)
{
	for (int i = 0; i < c->len; i++) {
		if (X509_cmp(c->certificates[i], one) == 0)
			return true;
	}
	return false;
}

static int read_certificates(struct chain *c, const char *text, struct err *err)
{
	BIO *in = BIO_new_mem_buf(text, -1);
	X509 *one = NULL;
	int rc = 0;

	ERR_clear_error();
	while (in && !rc && (one = PEM_read_bio_X509(in, NULL, NULL, NULL))) {
		if (has(c, one)) {
			X509_free(one);
		} else if (c->len < CERTIFICATE_CHAIN_MAX) {
			c->certificates[c->len++] = one;
		} else {
			X509_free(one);
			rc = err_set(err, ERR_USAGE, "more than %d certificates",
				CERTIFICATE_CHAIN_MAX);
		}
	}
	if (!rc && c->len && is_torn())
		rc = err_set(err, ERR_USAGE, "a certificate in it is not whole");
	ERR_clear_error();
	BIO_free(in);
	if (!rc && !c->len)
		rc = err_set(err, ERR_USAGE,
			"there is no certificate in it: it begins with -----BEGIN "
			"CERTIFICATE-----");
	return rc;
}

/* Nobody is there to type one. */
static int no_passphrase(char *buf, int size, int rwflag, void *data)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)data;
	return -1;
}

/* What visitors can agree on with us: TLS 1.3's (RFC 8446 4.2.3), and of these those that
 * browsers take, too. */
enum key_kind { KEY_COMMON, KEY_RARE, KEY_USELESS };

static enum key_kind kind_of_curve(const EVP_PKEY *key)
{
	char curve[CURVE_NAME_SIZE] = "";

	(void)EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL);
	if (!strcmp(curve, "prime256v1") || !strcmp(curve, "secp384r1"))
		return KEY_COMMON;
	return strcmp(curve, "secp521r1") ? KEY_USELESS : KEY_RARE;
}

static enum key_kind kind_of(const EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		return KEY_COMMON;
	case EVP_PKEY_EC:
		return kind_of_curve(key);
	case EVP_PKEY_RSA_PSS:
	case EVP_PKEY_ED25519:
	case EVP_PKEY_ED448:
		return KEY_RARE;
	default:
		return KEY_USELESS;
	}
}

static int read_key(struct chain *c, const char *text, struct err *err)
{
	BIO *in = BIO_new_mem_buf(text, -1);

	c->key = in ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL) : NULL;
	ERR_clear_error();
	BIO_free(in);
	if (!c->key)
		return err_set(err, ERR_USAGE,
			"there is no private key in it that needs no passphrase: it "
			"begins with -----BEGIN PRIVATE KEY-----");
	if (EVP_PKEY_get_base_id(c->key) == EVP_PKEY_RSA &&
		EVP_PKEY_get_bits(c->key) < RSA_BITS_MIN)
		return err_set(err, ERR_USAGE,
			"the RSA key has %d bits: browsers want %d",
			EVP_PKEY_get_bits(c->key), RSA_BITS_MIN);
	if (kind_of(c->key) == KEY_USELESS)
		return err_set(err, ERR_USAGE,
			"no visitor takes a key of this kind: use EC (P-256, P-384) or "
			"RSA");
	return 0;
}

/* ---- telling ---- */

static void print_name(const X509_NAME *name, char out[CERTIFICATE_TEXT_SIZE])
{
	BIO *to = BIO_new(BIO_s_mem());
	int n = 0;

	if (to &&
		X509_NAME_print_ex(
			to, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0)
		n = BIO_read(to, out, CERTIFICATE_TEXT_SIZE - 1);
	out[n > 0 ? n : 0] = '\0';
	BIO_free(to);
}

static int64_t to_ms(const ASN1_TIME *time)
{
	struct tm tm;

	return ASN1_TIME_to_tm(time, &tm) ? (int64_t)timegm(&tm) * 1000 : 0;
}

static void add_host(char out[CERTIFICATE_NAMES_SIZE], const ASN1_STRING *host)
{
	const char *text = (const char *)ASN1_STRING_get0_data(host);
	size_t len = (size_t)ASN1_STRING_length(host), has = strlen(out);

	/* A NUL or a blank in a name is somebody's trick. */
	if (!len || memchr(text, '\0', len) || memchr(text, ' ', len) ||
		has + len + 2 > CERTIFICATE_NAMES_SIZE)
		return;
	(void)snprintf(out + has, CERTIFICATE_NAMES_SIZE - has, "%s%.*s", has ? " " : "",
		(int)len, text);
}

/* The alternative names, as browsers look at nothing else. */
static void read_names(const X509 *x, char out[CERTIFICATE_NAMES_SIZE])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	out[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DNS)
			add_host(out, name->d.dNSName);
	}
	GENERAL_NAMES_free(names);
}

/* Against the roots that the machine trusts. */
static bool is_verified(const struct chain *c)
{
	X509_STORE *roots = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *others = sk_X509_new_null();
	bool fine = false;

	for (int i = 1; others && i < c->len; i++)
		(void)sk_X509_push(others, c->certificates[i]);
	if (roots && ctx && others && X509_STORE_set_default_paths(roots) &&
		X509_STORE_CTX_init(ctx, roots, c->certificates[0], others))
		fine = X509_verify_cert(ctx) == 1;
	ERR_clear_error();
	sk_X509_free(others);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(roots);
	return fine;
}

static void describe(const struct chain *c, struct certificate *out)
{
	X509 *own = c->certificates[0];

	*out = (struct certificate){
		.starts_at = to_ms(X509_get0_notBefore(own)),
		.ends_at = to_ms(X509_get0_notAfter(own)),
		.self_signed = X509_self_signed(own, 0) == 1,
		.rare_key = kind_of(c->key) == KEY_RARE,
	};
	print_name(X509_get_subject_name(own), out->subject);
	print_name(X509_get_issuer_name(own), out->issuer);
	read_names(own, out->names);
	out->verified = !out->self_signed && is_verified(c);
}

int certificate_read(const char *pem, struct certificate *out, struct err *err)
{
	struct chain c = {0};
	int rc = read_certificates(&c, pem, err);

	if (!rc)
		rc = read_key(&c, pem, err);
	if (!rc && X509_check_private_key(c.certificates[0], c.key) != 1)
		rc = err_set(err, ERR_USAGE, "certificate and key are of two pairs");
	ERR_clear_error();
	if (!rc)
		describe(&c, out);
	chain_finish(&c);
	return rc;
}

int certificate_read_kept(const struct settings *s, const char *handle,
	struct certificate *out, struct err *err)
{
	char path[PATH_TEXT_MAX];
	struct err why = {0};
	struct buf pem;
	int rc;

	buf_init(&pem, CERTIFICATE_PEM_MAX);
	rc = io_read_file(path_certificate(s, handle, path), &pem, &why);
	if (!rc && certificate_read(buf_text(&pem), out, &why) < 0)
		rc = ERR_FAILED;
	if (pem.data)
		explicit_bzero(pem.data, pem.len);
	buf_finish(&pem);
	return rc ? err_set(err, rc, "%s", why.msg) : 0;
}

/* ---- checking ---- */

static void swap(struct chain *c, int a, int b)
{
	X509 *x = c->certificates[a];

	c->certificates[a] = c->certificates[b];
	c->certificates[b] = x;
}

static int find_own(struct chain *c, struct err *err)
{
	for (int i = 0; i < c->len; i++) {
		if (X509_check_private_key(c->certificates[i], c->key) == 1) {
			swap(c, 0, i);
			return 0;
		}
		ERR_clear_error();
	}
	return err_set(err, ERR_USAGE,
		"the private key belongs to none of the certificates: they must be of "
		"one pair");
}

static bool has_issued(X509 *issuer, X509 *subject)
{
	return X509_check_issued(issuer, subject) == X509_V_OK &&
		X509_verify(subject, X509_get0_pubkey(issuer)) == 1;
}

/* Each is followed by the one that signed it. */
static int order(struct chain *c, struct err *err)
{
	char name[CERTIFICATE_TEXT_SIZE];

	for (int i = 1; i < c->len; i++) {
		int next = i;

		while (next < c->len &&
			!has_issued(c->certificates[next], c->certificates[i - 1]))
			next++;
		ERR_clear_error();
		if (next == c->len) {
			print_name(X509_get_subject_name(c->certificates[i]), name);
			return err_set(err, ERR_USAGE,
				"the certificate of %s is no part of the chain: leave it "
				"out, or add the one that it signed",
				name);
		}
		swap(c, i, next);
	}
	return 0;
}

static int check_dates(const struct chain *c, struct err *err)
{
	for (int i = 0; i < c->len; i++) {
		const X509 *x = c->certificates[i];
		char name[CERTIFICATE_TEXT_SIZE];
		bool over = X509_cmp_current_time(X509_get0_notAfter(x)) < 0;
		bool early = X509_cmp_current_time(X509_get0_notBefore(x)) > 0;

		if (!over && !early)
			continue;
		print_name(X509_get_subject_name(x), name);
		return err_set(err, ERR_USAGE, "the certificate of %s %s", name,
			over ? "has expired: get a new one" : "isn't valid yet");
	}
	return 0;
}

static int write_chain(const struct chain *c, struct buf *pem, struct err *err)
{
	BIO *to = BIO_new(BIO_s_mem());
	char *data = NULL;
	long len;
	bool fine = to;
	int rc;

	for (int i = 0; fine && i < c->len; i++)
		fine = PEM_write_bio_X509(to, c->certificates[i]) == 1;
	fine = fine &&
		PEM_write_bio_PKCS8PrivateKey(to, c->key, NULL, NULL, 0, NULL, NULL) == 1;
	len = fine ? BIO_get_mem_data(to, &data) : 0;
	if (!fine)
		rc = err_set(err, ERR_FAILED, "the certificate could not be written");
	else if (len > CERTIFICATE_PEM_MAX || buf_add(pem, data, (size_t)len) < 0)
		rc = err_set(err, ERR_USAGE,
			"certificates and key are longer than %d KiB: leave the root out",
			CERTIFICATE_PEM_MAX / 1024);
	else
		rc = 0;
	if (data)
		OPENSSL_cleanse(data, (size_t)len);
	BIO_free(to);
	return rc;
}

int certificate_join(const char *certificates, const char *key, struct buf *pem,
	struct certificate *out, struct err *err)
{
	struct chain c = {0};
	int rc = read_certificates(&c, certificates, err);

	if (!rc)
		rc = read_key(&c, key, err);
	if (!rc)
		rc = find_own(&c, err);
	if (!rc)
		rc = order(&c, err);
	if (!rc)
		rc = check_dates(&c, err);
	if (!rc)
		describe(&c, out);
	if (!rc && !*out->names)
		rc = err_set(err, ERR_USAGE,
			"the certificate names no host (subjectAltName): browsers want "
			"that");
	if (!rc)
		rc = write_chain(&c, pem, err);
	chain_finish(&c);
	return rc;
}

/* ---- names ---- */

bool certificate_covers(const struct certificate *c, const char *host)
{
	const char *rest = strchr(host, '.');

	for (const char *name = c->names; *name;) {
		size_t len = strcspn(name, " ");

		if (strlen(host) == len && !strncasecmp(name, host, len))
			return true;
		if (rest && host[0] != '*' && !strncmp(name, "*.", 2) &&
			strlen(rest) == len - 1 && !strncasecmp(name + 1, rest, len - 1))
			return true;
		name += len + (name[len] == ' ');
	}
	return false;
}
