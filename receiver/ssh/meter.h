#ifndef BARDO_SSH_METER_H
#define BARDO_SSH_METER_H

#include <libssh/libssh.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How large the packet is that a callback of libssh's was called for. libssh hands texts
 * over as C strings: what a client wrote behind a NUL would be lost without a trace, if
 * the packet were not larger than what we were given.
 */

struct meter {
	struct ssh_counter_struct counter; /* libssh counts here */
	uint64_t packets, bytes;	   /* of it, when last marked */
};

/* Must outlive the session, and may not move. */
void meter_init(struct meter *m, ssh_session session);

/* All packets until now are known; to be called whenever libssh lets us. */
void meter_mark(struct meter *m);

/* Whether the packet that is being looked at is larger than such a payload (RFC 4254's
 * fields, the type included). False, too, if that can't be known, since other packets
 * came with it that we were not told of. */
bool meter_packet_is_larger(const struct meter *m, size_t payload);

#endif
