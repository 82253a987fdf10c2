#ifndef BARDO_BUILDER_MASK_FORMS_H
#define BARDO_BUILDER_MASK_FORMS_H

#include <stddef.h>

struct err;

/*
 * How a secret looks when programs print it: as it is; as JSON writes it (with and
 * without \u003c for <, with \u00e4 for what is not ASCII); as Go's %q, Python's repr and
 * shells quote it; escaped for URLs and for HTML; in base64, alone or amid other text.
 * The same for each of its lines, and without blanks around it. Forms shorter than min
 * are left out.
 *
 * take may get the same text twice; its nonzero return ends it and is returned.
 */
int mask_forms(const char *secret, size_t len, size_t min,
	int (*take)(void *ctx, const char *text, size_t len), void *ctx, struct err *err);

#endif
