#include "config/base/io.h"
#include "hooks/pktline.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What git writes to a hook, as if it could be anything. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char line[PKT_LINE_MAX + 1];
	int fd = memfd_create("pktline", MFD_CLOEXEC);
	size_t len;
	int kind;

	if (fd < 0 || io_write_all(fd, data, size) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return 0;
	do {
		kind = pkt_read(fd, line, &len, NULL);
		if (kind == PKT_LINE && line[len])
			__builtin_trap();
	} while (kind == PKT_LINE || kind == PKT_FLUSH);
	(void)close(fd);
	return 0;
}
