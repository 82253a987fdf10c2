#include "builder/certificate/certificate.h"

#include "config/base/buf.h"
#include "config/base/err.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#define DAY_SECONDS (24L * 60 * 60)
/* The clocks of visitors are not ours. */
#define EARLIER_SECONDS 3600L
#define SERIAL_BYTES 16
#define COMMON_NAME_MAX 64

static bool add_names(X509 *x, const char *const *names, size_t len)
{
	X509_EXTENSION *extension;
	struct buf text;
	bool fine = true;

	buf_init(&text, CERTIFICATE_NAMES_SIZE);
	for (size_t i = 0; i < len && fine; i++)
		fine = buf_addf(&text, "%sDNS:%s", i ? "," : "", names[i]) == 0;
	extension = fine
		? X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, buf_text(&text))
		: NULL;
	fine = extension && X509_add_ext(x, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	buf_finish(&text);
	return fine;
}

static bool set_subject(X509 *x, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(x);

	/* Too long for a common name: the alternative names hold it. */
	if (strlen(name) > COMMON_NAME_MAX)
		name = "bardo";
	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
		       (const unsigned char *)name, -1, -1, 0) == 1 &&
		X509_set_issuer_name(x, subject) == 1;
}

static bool set_serial(X509 *x)
{
	unsigned char bytes[SERIAL_BYTES];
	BIGNUM *number = NULL;
	bool fine = RAND_bytes(bytes, sizeof(bytes)) == 1;

	bytes[0] &= 0x7f;
	number = fine ? BN_bin2bn(bytes, sizeof(bytes), NULL) : NULL;
	fine = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
	BN_free(number);
	return fine;
}

static bool fill(X509 *x, EVP_PKEY *key, const char *const *names, size_t len, int days)
{
	return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
		X509_gmtime_adj(X509_getm_notBefore(x), -EARLIER_SECONDS) &&
		X509_gmtime_adj(X509_getm_notAfter(x), DAY_SECONDS * days) &&
		X509_set_pubkey(x, key) == 1 && set_subject(x, names[0]) &&
		add_names(x, names, len) && X509_sign(x, key, EVP_sha256()) > 0;
}

static bool write_pem(const X509 *x, const EVP_PKEY *key, struct buf *pem)
{
	BIO *to = BIO_new(BIO_s_mem());
	char *data = NULL;
	long len = 0;
	bool fine = to && PEM_write_bio_X509(to, x) == 1 &&
		PEM_write_bio_PKCS8PrivateKey(to, key, NULL, NULL, 0, NULL, NULL) == 1;

	if (fine)
		len = BIO_get_mem_data(to, &data);
	fine = fine && buf_add(pem, data, (size_t)len) == 0;
	if (data)
		OPENSSL_cleanse(data, (size_t)len);
	BIO_free(to);
	return fine;
}

int certificate_generate(
	const char *const *names, size_t len, int days, struct buf *pem, struct err *err)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	bool fine = key && x && fill(x, key, names, len, days) && write_pem(x, key, pem);

	X509_free(x);
	EVP_PKEY_free(key);
	return fine ? 0
		    : err_set(err, ERR_FAILED, "a certificate for %s could not be made",
			      names[0]);
}
