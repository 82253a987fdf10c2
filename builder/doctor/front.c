#include "builder/doctor/private.h"

#include "builder/life/names.h"
#include "builder/proxy/config.h"
#include "builder/server.h"
#include "config/base/err.h"
#include "config/paths.h"
#include "config/settings.h"

#include <stdio.h>

/* The nginx before the proxy, where there is one. */

/* The end of a line of its configuration: file names sort, and ours comes last. */
static const char how_to_include[] =
	"ln -s %s /etc/nginx/sites-enabled/zz-bardo.conf (or write `include %s;` at the "
	"end of its http block), then as root: nginx -t && nginx -s reload";

void doctor_check_front(const struct doctor *d)
{
	static const struct {
		enum doctor_level level;
		const char *todo;
	} states[] = {
		[FRONT_SERVES] = {DOCTOR_OK, ""},
		[FRONT_OLD] = {DOCTOR_PROBLEM,
			"as root: nginx -s reload; its error log says what is in the "
			"way"},
		[FRONT_STOPPED] = {DOCTOR_PROBLEM, "start it: systemctl start nginx"},
		[FRONT_AWAY] = {DOCTOR_PROBLEM,
			"install and start it, or set proxy.front-command, or "
			"proxy.front = "
			"off"},
		[FRONT_REFUSED] = {DOCTOR_PROBLEM,
			"`nginx -t` says the same; until it is mended, no name changes"},
		[FRONT_CONFLICT] = {DOCTOR_WARNING,
			"take the name from one of them: domains:remove, or nginx's own "
			"configuration"},
		[FRONT_BEHIND] = {DOCTOR_PROBLEM,
			"on the host: bardo reconcile; its log says why nginx refused "
			"them"},
		[FRONT_LEFT_OUT] = {DOCTOR_PROBLEM, NULL},
	};
	char path[PATH_TEXT_MAX], todo[3 * PATH_TEXT_MAX];
	struct err why = {0};
	enum front_state state = FRONT_AWAY;

	if (!haproxy_is_behind_nginx(d->server->settings))
		return;
	(void)names_look(d->server, &state, &why);
	(void)front_file(d->server, path);
	(void)snprintf(todo, sizeof(todo), how_to_include, path, path);
	doctor_tell(d, "nginx", states[state].level,
		states[state].todo ? states[state].todo : todo, "%s%s%s",
		why.msg[0] ? why.msg : "nginx passes the names on, by ",
		why.msg[0] ? ": " : "", path);
}
