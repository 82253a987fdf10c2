#include "builder/proxy/haproxy.h"

#include "builder/proxy/config.h"
#include "builder/proxy/map.h"
#include "config/base/buf.h"
#include "config/base/err.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <string.h>

/* Base64 in a map is one word, whatever the page holds. */
#define ENCODED_MAX (HAPROXY_PAGE_MAX / 3 * 4 + 8)

static int add_page(struct buf *b, const struct haproxy_page *page, struct err *err)
{
	char plain[HAPROXY_PAGE_MAX + 1], encoded[ENCODED_MAX];
	size_t len = strlen(page->html);

	if (len > HAPROXY_PAGE_MAX || page->slot < 0 || page->slot >= HAPROXY_SLOTS_MAX)
		return err_set(err, ERR_USAGE, "a page of %zu bytes for slot %d", len,
			page->slot);
	for (size_t i = 0; i < len; i++)
		plain[i] = iscntrl((unsigned char)page->html[i]) ? ' ' : page->html[i];
	(void)EVP_EncodeBlock(
		(unsigned char *)encoded, (const unsigned char *)plain, (int)len);
	return buf_addf(b, SLOT_FORMAT " %s\n", page->slot, encoded) < 0
		? err_set(err, ERR_FAILED, "too many pages")
		: 0;
}

int haproxy_map_pages(const struct settings *s, const struct haproxy_page *pages,
	size_t len, struct err *err)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, HAPROXY_MAP_MAX);
	for (size_t i = 0; i < len && !rc; i++)
		rc = add_page(&b, &pages[i], err);
	if (!rc)
		rc = haproxy_replace_map(s, HAPROXY_MAP_PAGES, buf_text(&b), err);
	buf_finish(&b);
	return rc;
}
