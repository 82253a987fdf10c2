#ifndef BARDO_BARDOD_LISTEN_H
#define BARDO_BARDOD_LISTEN_H

#include <sys/socket.h>

struct err;

/* Addresses as settings and people write them: 127.0.0.1:2222, [::]:2222, *:2222. */

/* An IPv6 address with its zone, brackets, a colon and a port. */
#define ADDRESS_TEXT_MAX 96

/* Binds and listens; the socket, close-on-exec and non-blocking. `*` and [::] take IPv4
 * too. ERR_USAGE: where is no address; ERR_BUSY: taken; each says what to do. */
int listen_open(const char *where, struct err *err);

/* Both write an IPv4 address that is mapped into IPv6 as the IPv4 address that it is. */
void address_format(const struct sockaddr *a, char out[ADDRESS_TEXT_MAX]);
void address_format_host(const struct sockaddr *a, char out[ADDRESS_TEXT_MAX]);

#endif
