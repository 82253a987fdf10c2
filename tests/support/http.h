#ifndef BARDO_TESTS_HTTP_H
#define BARDO_TESTS_HTTP_H

/* A small HTTP/1.1 client of 127.0.0.1, for tests. It waits 10 s at most. */

#define HTTP_ANSWER_MAX 65536

/* The decimal number that text begins with, 0 if there is none. */
long http_number(const char *text);

/* A connection, or -1. */
int http_connect(int port);

/* Sends a request as it stands and reads one whole answer, with a Content-Length: its
 * status, or -1. */
int http_ask(int fd, const char *request, char answer[HTTP_ANSWER_MAX]);

/* GET on a connection of its own: the status, or -1. */
int http_get(int port, const char *path, char answer[HTTP_ANSWER_MAX]);

#endif
