#ifndef BARDO_BARDOD_HOSTKEYS_H
#define BARDO_BARDOD_HOSTKEYS_H

struct err;
struct programs;
struct settings;

/* The server's own SSH keys in server.data/keys: makes those that are missing, by
 * bardo-ssh. As root they become root's, readable for bardo-net, writable for neither it
 * nor bardo. */
int hostkeys_prepare(const struct settings *s, const struct programs *p, struct err *err);

#endif
