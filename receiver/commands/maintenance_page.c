#include "receiver/commands/maintenance_page.h"

#include "builder/proxy/haproxy.h"
#include "config/base/buf.h"
#include "config/base/err.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <string.h>

#define NAME "maintenance.html"
#define READ_SIZE 4096

static int too_long(struct err *err)
{
	return err_set(err, ERR_USAGE,
		"the page is longer than %d bytes: leave pictures out", HAPROXY_PAGE_MAX);
}

static int read_entry(struct archive *a, struct buf *page, struct err *err)
{
	char block[READ_SIZE];
	la_ssize_t n;

	buf_reset(page);
	while ((n = archive_read_data(a, block, sizeof(block))) > 0) {
		if (buf_add(page, block, (size_t)n) < 0)
			return too_long(err);
	}
	return n < 0 ? err_set(err, ERR_USAGE, "the archive is damaged") : 0;
}

static int read_entries(
	struct archive *a, struct buf *page, int *other_files, struct err *err)
{
	struct archive_entry *entry;
	bool found = false;
	int rc = 0;

	while (!rc && archive_read_next_header(a, &entry) == ARCHIVE_OK) {
		const char *path = archive_entry_pathname(entry);
		const char *slash = path ? strrchr(path, '/') : NULL;
		const char *name = slash ? slash + 1 : path;

		if (!name || archive_entry_filetype(entry) != AE_IFREG)
			continue;
		if (strcmp(name, NAME) != 0) {
			(*other_files)++;
			continue;
		}
		rc = read_entry(a, page, err);
		found = true;
	}
	return rc || found ? rc
			   : err_set(err, ERR_USAGE,
				     "there is no " NAME " in the archive, or it is no "
				     "archive: the page comes as HTML, or in a tar");
}

static int read_archive(
	const struct buf *sent, struct buf *page, int *other_files, struct err *err)
{
	struct archive *a = archive_read_new();
	int rc;

	if (!a || archive_read_support_filter_gzip(a) != ARCHIVE_OK ||
		archive_read_support_format_tar(a) != ARCHIVE_OK ||
		archive_read_open_memory(a, sent->data, sent->len) != ARCHIVE_OK)
		rc = err_set(err, ERR_USAGE,
			"that is no HTML: it holds a NUL, and is no tar either");
	else
		rc = read_entries(a, page, other_files, err);
	(void)archive_read_free(a);
	return rc;
}

int maintenance_page_read(
	const struct buf *sent, struct buf *page, int *other_files, struct err *err)
{
	int rc = 0;

	*other_files = 0;
	if (sent->len && memchr(sent->data, '\0', sent->len))
		rc = read_archive(sent, page, other_files, err);
	else if (sent->len && buf_add(page, sent->data, sent->len) < 0)
		rc = too_long(err);
	if (!rc && !page->len)
		rc = err_set(err, ERR_USAGE,
			"nothing came: the page, as HTML or in a tar, goes to standard "
			"input; --clear takes it away");
	if (!rc && memchr(page->data, '\0', page->len))
		rc = err_set(err, ERR_USAGE, "that is no HTML: it holds a NUL");
	return rc;
}
