#ifndef BARDO_TESTS_WEBSOCKET_H
#define BARDO_TESTS_WEBSOCKET_H

#include "tests/support/stream.h"

/*
 * The server's side of a WebSocket (RFC 6455) whose client sent key: shakes hands, greets
 * with the first line of text, and sends every message back, of any size. Answers pings,
 * and returns when the client closes or the connection ends. key ends at a CR.
 */
void websocket_serve(struct stream *s, const char *key, const char *text);

#endif
