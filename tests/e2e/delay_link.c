/*
 * delay_link MS NAME_A NAME_B: a wire with a delay each way, for kernels without netem.
 * It makes two TUN interfaces, prints "ready", and passes each packet from the one to the
 * other MS milliseconds later, until it is killed. The caller moves the interfaces to
 * namespaces of its own. What doesn't fit the wire is dropped, as on a real one.
 */

#include "config/base/number.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PACKET_MAX 2048
#define WIRE_PACKETS 32768
#define DELAY_MAX_MS 10000

struct packet {
	int64_t due_ns;
	ssize_t len;
	char bytes[PACKET_MAX];
};

/* One direction: a ring of packets on their way. */
struct wire {
	int from, to;
	struct packet *ring;
	size_t first, len;
};

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int open_tun(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0) {
		(void)fprintf(stderr, "delay_link: %s: %s\n", name, strerror(errno));
		return -1;
	}
	return fd;
}

static void take_packets(struct wire *w, int64_t delay_ns)
{
	char dropped[PACKET_MAX] = {0};
	ssize_t n;

	do {
		bool full = w->len == WIRE_PACKETS;
		struct packet *p = &w->ring[(w->first + w->len) % WIRE_PACKETS];

		n = read(w->from, full ? dropped : p->bytes, PACKET_MAX);
		if (n > 0 && !full) {
			p->due_ns = now_ns() + delay_ns;
			p->len = n;
			w->len++;
		}
	} while (n > 0);
}

/* Gives the time until the next one is due, -1 if none is on its way. */
static int64_t deliver_packets(struct wire *w)
{
	while (w->len) {
		struct packet *p = &w->ring[w->first];
		int64_t wait = p->due_ns - now_ns();

		if (wait > 0)
			return wait;
		/* An interface that is down takes nothing: the packet is lost. */
		(void)!write(w->to, p->bytes, (size_t)p->len);
		w->first = (w->first + 1) % WIRE_PACKETS;
		w->len--;
	}
	return -1;
}

static void run(struct wire wires[2], int64_t delay_ns)
{
	for (;;) {
		int64_t a = deliver_packets(&wires[0]);
		int64_t b = deliver_packets(&wires[1]);
		int64_t wait = a < 0 || (b >= 0 && b < a) ? b : a;
		struct timespec t = {wait / 1000000000, wait % 1000000000};
		struct pollfd set[2] = {
			{wires[0].from, POLLIN, 0}, {wires[1].from, POLLIN, 0}};

		(void)ppoll(set, 2, wait < 0 ? NULL : &t, NULL);
		for (int i = 0; i < 2; i++) {
			if (set[i].revents)
				take_packets(&wires[i], delay_ns);
		}
	}
}

int main(int argc, char **argv)
{
	struct wire wires[2];
	int64_t ms;

	if (argc != 4 || number_parse(argv[1], 1, DELAY_MAX_MS, &ms) < 0) {
		(void)fprintf(stderr, "usage: delay_link MS NAME_A NAME_B\n");
		return 2;
	}
	for (int i = 0; i < 2; i++) {
		wires[i].from = open_tun(argv[2 + i]);
		wires[i].ring = calloc(WIRE_PACKETS, sizeof(struct packet));
		wires[i].first = wires[i].len = 0;
		if (wires[i].from < 0 || !wires[i].ring)
			return 1;
	}
	wires[0].to = wires[1].from;
	wires[1].to = wires[0].from;
	if (puts("ready") == EOF || fflush(stdout) == EOF)
		return 1;
	run(wires, ms * 1000000);
}
