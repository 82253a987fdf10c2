#ifndef BARDO_RECEIVER_COMMANDS_MAINTENANCE_PAGE_H
#define BARDO_RECEIVER_COMMANDS_MAINTENANCE_PAGE_H

#include <stddef.h>

struct buf;
struct err;

/* A maintenance page as somebody sends it. */

/* What is read of it at most: pictures may lie beside the page in an archive. */
#define MAINTENANCE_SENT_MAX (1024 * 1024)

/* Takes HTML, or a tar (also gzipped) with a maintenance.html, as Dokku's plugin has it;
 * page gets the HTML, and other_files how many more the archive has, which nobody can be
 * shown. ERR_USAGE says what is wrong: nothing, no HTML, no such file in it, longer than
 * page may be. */
int maintenance_page_read(
	const struct buf *sent, struct buf *page, int *other_files, struct err *err);

#endif
