#ifndef BARDO_SSH_SESSION_H
#define BARDO_SSH_SESSION_H

struct err;
struct options;

/* Serves one client, from the key exchange until the last of its commands has ended,
 * which may be long after the client has gone. Takes both sockets. What a client does
 * wrong goes to the log; ERR_DENIED, without a message, counts it: it tried to log in
 * and did not. Any other error means that it could not even be greeted. */
int session_serve(const struct options *o, int sock, int door, struct err *err);

#endif
