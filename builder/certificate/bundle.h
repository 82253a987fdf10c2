#ifndef BARDO_BUILDER_CERTIFICATE_BUNDLE_H
#define BARDO_BUILDER_CERTIFICATE_BUNDLE_H

#include <stddef.h>

struct buf;
struct err;

#define BUNDLE_MAX (1024 * 1024)

/*
 * What people hand over as a certificate: PEM texts, one behind the other, or an archive
 * (tar, gzipped or not) with one *.key and one or more *.crt, *.cer or *.pem in it. Adds
 * the texts to certificates and key, which may be the same text. ERR_USAGE: neither, or
 * something is missing.
 */
int bundle_read(const char *data, size_t len, struct buf *certificates, struct buf *key,
	struct err *err);

#endif
