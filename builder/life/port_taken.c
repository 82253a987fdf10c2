#include "builder/life/port_taken.h"

#include "config/base/err.h"
#include "config/base/number.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* By a program: "… listen tcp4 127.0.0.1:8100: bind: address already in use", "failed to
 * bind host port for 0.0.0.0:8100:172.17.0.2:80/tcp: address already in use". By a
 * container: "… Bind for :::8100 failed: port is already allocated". */
#define BY_PROGRAM "address already in use"
#define BY_CONTAINER "port is already allocated"

/* The number behind an address's colon; what stands in brackets is IPv6. */
static int port_at(const char *colon, const char *text)
{
	size_t len = strspn(colon + 1, "0123456789");
	char digits[sizeof("65535")];
	int64_t port;

	if (colon == text || !strchr("0123456789:]*", colon[-1]) ||
		!strchr(": /", colon[1 + len]) || len >= sizeof(digits))
		return 0;
	(void)snprintf(digits, sizeof(digits), "%.*s", (int)len, colon + 1);
	return number_parse(digits, 1, 65535, &port) == 0 ? (int)port : 0;
}

static int find_port(const char *text)
{
	const char *colon = text;
	int port = 0;

	while (!port && (colon = strchr(colon, ':')))
		port = port_at(colon++, text);
	return port;
}

bool port_taken_explain(struct err *err)
{
	bool by_container = err && strstr(err->msg, BY_CONTAINER);
	int port;

	if (!err || (!by_container && !strstr(err->msg, BY_PROGRAM)))
		return false;
	port = find_port(err->msg);
	if (!port)
		return false;
	if (by_container)
		(void)err_set(err, err->code,
			"port %d of this machine is taken by another container: `docker "
			"ps --filter publish=%d` on the host shows which. End that, or "
			"give the app another port (ports:set)",
			port, port);
	else
		(void)err_set(err, err->code,
			"port %d of this machine is taken by another program: `ss -ltnp "
			"sport = :%d` on the host shows which. End that, or give the app "
			"another port (ports:set)",
			port, port);
	return true;
}
