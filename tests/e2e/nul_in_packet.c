/*
 * Loaded into a real ssh (LD_PRELOAD), it makes each MARK in what ssh sends a NUL, just
 * before it is encrypted: no command line can carry one. For ciphers whose MAC is made of
 * what was encrypted, such as AES-GCM.
 */

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define MARK "%NUL%"

/* As in openssl/evp.h, whose own declaration calls it deprecated. */
struct evp_cipher_ctx_st;
int EVP_Cipher(struct evp_cipher_ctx_st *ctx, unsigned char *out, const unsigned char *in,
	unsigned int len);

typedef int cipher(struct evp_cipher_ctx_st *ctx, unsigned char *out,
	const unsigned char *in, unsigned int len);

int EVP_Cipher(struct evp_cipher_ctx_st *ctx, unsigned char *out, const unsigned char *in,
	unsigned int len)
{
	unsigned char *changed = in ? malloc(len + 1) : NULL, *at = changed;
	cipher *real;
	void *symbol = dlsym(RTLD_NEXT, "EVP_Cipher");
	int rc;

	memcpy(&real, &symbol, sizeof(real));
	if (!changed)
		return real(ctx, out, in, len);
	memcpy(changed, in, len);
	/* Each byte of it, so that no length changes. */
	while ((at = memmem(at, len - (size_t)(at - changed), MARK, strlen(MARK))))
		memset(at, 0, strlen(MARK));
	rc = real(ctx, out, changed, len);
	free(changed);
	return rc;
}
