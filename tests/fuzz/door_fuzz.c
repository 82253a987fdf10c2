/* A message at the door: what bardo-ssh, which reads strangers' bytes, may send bardod.
 * The first byte says how many descriptors come along. */

#include "config/base/err.h"
#include "config/base/message.h"
#include "config/door.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was understood must be what is written again. */
static void check_round_trip(const struct message *m, const struct door_request *r)
{
	struct door_request again;
	struct message copy;

	message_init(&copy);
	if (door_encode(&copy, r, NULL) || copy.fields_len != m->fields_len)
		abort();
	for (size_t i = 0; i < m->fields_len; i++) {
		/* A number may have been written with zeros before it. */
		if (i != 1 && strcmp(copy.fields[i], m->fields[i]))
			abort();
	}
	copy.fds_len = m->fds_len;
	memcpy(copy.fds, m->fds, sizeof(copy.fds));
	if (door_decode(&again, &copy, NULL) || again.id != r->id)
		abort();
	message_finish(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct door_request r;
	struct message m;
	struct err e;
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	message_init(&m);
	if (!message_parse(&m, text, size - 1, &e)) {
		m.fds_len = data[0] % (MESSAGE_FDS_MAX + 1);
		for (size_t i = 0; i < m.fds_len; i++)
			m.fds[i] = -1;
		if (!door_decode(&r, &m, &e))
			check_round_trip(&m, &r);
	}
	message_finish(&m);
	return 0;
}
