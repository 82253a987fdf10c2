#ifndef BARDO_TESTS_WEB_H
#define BARDO_TESTS_WEB_H

/*
 * A small HTTP/1.1 server of a thread a connection, for tests and benchmarks: keep-alive,
 * request bodies, and
 *   /slow/MS     answers after MS milliseconds
 *   /head        answers with the request's own head
 *   /status/N    answers with that status
 *   /after/N     answers 503 until it was asked that N times
 *   /count       answers with the length of the request's body and its SHA-256
 *   /big/N       answers with N bytes
 *   /events      is a stream of server-sent events: the first at once, and one for each
 *   /tell        that is asked for from then on
 *   Upgrade: websocket   greets with its text, and sends each message back
 *   Upgrade: x   becomes a tunnel that echoes
 * Anything else is answered with its text.
 */
struct web;

#define WEB_CONNECTIONS_MAX 1024

/* Listens on address (IPv4; port 0 picks a free one) and serves. NULL with errno. text is
 * copied. Stop it to free it. */
struct web *web_start(const char *address, int port, const char *text);
int web_port(const struct web *w);

/* What a well-behaved server does at SIGTERM: no new connections, requests under way are
 * finished, idle connections and tunnels are closed. */
void web_stop(struct web *w);

#endif
