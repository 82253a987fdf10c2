#include "builder/certificate/bundle.h"

#include "config/base/buf.h"
#include "config/base/err.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <string.h>

#define PEM_BEGIN "-----BEGIN "
#define PEM_KEY_END "PRIVATE KEY-----"
#define PEM_CERTIFICATE_END "CERTIFICATE-----"
#define READ_SIZE 4096

static bool ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), e = strlen(end);

	return n > e && !strcmp(name + n - e, end);
}

static int add_entry(struct archive *a, struct buf *to, struct err *err)
{
	char block[READ_SIZE];
	la_ssize_t n;

	while ((n = archive_read_data(a, block, sizeof(block))) > 0) {
		if (memchr(block, '\0', (size_t)n))
			return err_set(err, ERR_USAGE, "a file in it is no PEM text");
		if (buf_add(to, block, (size_t)n) < 0)
			return err_set(err, ERR_USAGE, "it is too long");
	}
	explicit_bzero(block, sizeof(block));
	return n < 0 || buf_adds(to, "\n") < 0
		? err_set(err, ERR_USAGE, "the archive is damaged")
		: 0;
}

/* certbot's privkey.pem is a key by its text alone. */
static bool is_key(const char *name, const struct buf *text)
{
	return ends_in(name, ".key") ||
		(ends_in(name, ".pem") && strstr(buf_text(text), PEM_KEY_END) &&
			!strstr(buf_text(text), PEM_CERTIFICATE_END));
}

/* An entry's text, and where it belongs. */
static int take_entry(struct archive *a, struct archive_entry *entry, const char *name,
	struct buf *certificates, struct buf *key, struct err *err)
{
	struct buf text, *to = certificates;
	int rc;

	if (archive_entry_symlink(entry) || archive_entry_hardlink(entry))
		return err_set(err, ERR_USAGE,
			"%.60s is a link: pack what it leads to (tar -h)", name);
	buf_init(&text, BUNDLE_MAX);
	rc = add_entry(a, &text, err);
	if (!rc && is_key(name, &text))
		to = key;
	if (!rc && to == key && key->len)
		rc = err_set(err, ERR_USAGE, "there is more than one key in it");
	if (!rc && buf_add(to, text.data, text.len) < 0)
		rc = err_set(err, ERR_USAGE, "it is too long");
	if (text.data)
		explicit_bzero(text.data, text.len);
	buf_finish(&text);
	return rc;
}

static int read_entries(
	struct archive *a, struct buf *certificates, struct buf *key, struct err *err)
{
	struct archive_entry *entry;
	int rc = 0;

	while (!rc && archive_read_next_header(a, &entry) == ARCHIVE_OK) {
		const char *path = archive_entry_pathname(entry);
		const char *slash = path ? strrchr(path, '/') : NULL;
		const char *name = slash ? slash + 1 : path;

		/* macOS packs a shadow of every file. */
		if (!name || !strncmp(name, "._", 2))
			continue;
		if (ends_in(name, ".key") || ends_in(name, ".crt") ||
			ends_in(name, ".cer") || ends_in(name, ".pem"))
			rc = take_entry(a, entry, name, certificates, key, err);
	}
	return rc;
}

static int read_archive(const char *data, size_t len, struct buf *certificates,
	struct buf *key, struct err *err)
{
	struct archive *a = archive_read_new();
	int rc = 0;

	if (!a || archive_read_support_filter_gzip(a) != ARCHIVE_OK ||
		archive_read_support_format_tar(a) != ARCHIVE_OK ||
		archive_read_open_memory(a, data, len) != ARCHIVE_OK)
		rc = err_set(err, ERR_USAGE,
			"that is neither PEM text nor a tar with a *.crt and a *.key");
	else
		rc = read_entries(a, certificates, key, err);
	(void)archive_read_free(a);
	if (!rc && (!certificates->len || !key->len))
		rc = err_set(err, ERR_USAGE, "there is no %s in the archive",
			certificates->len ? "*.key" : "*.crt");
	return rc;
}

int bundle_read(const char *data, size_t len, struct buf *certificates, struct buf *key,
	struct err *err)
{
	if (!len)
		return err_set(err, ERR_USAGE,
			"nothing came: a tar with a *.crt and a *.key, or both as PEM, "
			"goes to standard input");
	if (memchr(data, '\0', len) || !memmem(data, len, PEM_BEGIN, strlen(PEM_BEGIN)))
		return read_archive(data, len, certificates, key, err);
	if (buf_add(certificates, data, len) < 0 || buf_add(key, data, len) < 0)
		return err_set(err, ERR_USAGE, "it is too long");
	return 0;
}
