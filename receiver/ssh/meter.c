#include "receiver/ssh/meter.h"

void meter_init(struct meter *m, ssh_session session)
{
	*m = (struct meter){0};
	ssh_set_counters(session, NULL, &m->counter);
}

void meter_mark(struct meter *m)
{
	m->packets = m->counter.in_packets;
	m->bytes = m->counter.in_bytes;
}

bool meter_packet_is_larger(const struct meter *m, size_t payload)
{
	return m->counter.in_packets - m->packets == 1 &&
		m->counter.in_bytes - m->bytes > payload;
}
