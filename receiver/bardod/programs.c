#include "receiver/bardod/programs.h"

#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/spawn.h"
#include "config/door.h"
#include "config/settings.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What bardo-ssh expects of its descriptors. */
#define SSH_CONNECTION_FD 3
#define SSH_DOOR_FD 4

#define NUMBER_SIZE 24

static char path_env[] =
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
static char lang_env[] = "LANG=C.UTF-8";

/* NAME=VALUE as it stands in our own environment, or NULL. */
static char *inherited(const char *name)
{
	size_t len = strlen(name);

	for (char **e = environ; *e; e++) {
		if (!strncmp(*e, name, len) && (*e)[len] == '=')
			return *e;
	}
	return NULL;
}

static void set_environment(struct programs *p)
{
	/* Where the Engine is may be said by DOCKER_HOST alone, before the settings are
	 * resolved. */
	static const char *const passed_on[] = {
		"BARDO_CONFIG", "BARDO_OVERRIDES", "BARDO_SETTINGS", "DOCKER_HOST"};
	size_t n = 0;

	p->env[n++] = path_env;
	p->env[n++] = lang_env;
	p->env[n++] = p->home;
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++) {
		char *e = inherited(passed_on[i]);

		if (e)
			p->env[n++] = e;
	}
	p->env[n] = NULL;
}

void programs_set_home(struct programs *p, const char *server_data)
{
	(void)snprintf(p->home, sizeof(p->home), "HOME=%s", server_data);
	/* The settings have become known with the folder. */
	set_environment(p);
}

int programs_init(struct programs *p, struct err *err)
{
	int rc;

	*p = (struct programs){.as_root = geteuid() == 0};
	(void)path_beside_us("bardo", p->bardo);
	(void)path_beside_us("bardo-ssh", p->ssh);
	(void)path_beside_us("hooks.d", p->hooks);
	programs_set_home(p, "/");
	if (!p->as_root) {
		/* Only for the log: containers have users without a name. */
		if (privilege_find_apart(&p->server, NULL, NULL))
			(void)snprintf(p->server.name, sizeof(p->server.name),
				"number %d", (int)geteuid());
		return 0;
	}
	rc = privilege_find_apart(&p->server, PRIVILEGE_SERVER, err);
	return rc ? rc : privilege_find_apart(&p->net, PRIVILEGE_NET, err);
}

const struct privilege_user *programs_server_user(const struct programs *p)
{
	return p->as_root ? &p->server : NULL;
}

const struct privilege_user *programs_net_user(const struct programs *p)
{
	return p->as_root ? &p->net : NULL;
}

/* Starts s with what is the same for all. exec(3) takes argv as strings that it might
 * change, and changes none. */
static pid_t start(struct spawn s, const char *const *argv,
	const struct privilege_user *user, struct err *err)
{
	struct spawn_user u;

	s.argv = (char *const *)argv;
	s.cwd = "/";
	if (user) {
		u = (struct spawn_user){
			.uid = user->uid,
			.gid = user->gid,
			.groups = user->groups,
			.groups_len = user->groups_len,
		};
		s.user = &u;
	}
	return spawn_start(&s, err);
}

int programs_read_settings(const struct programs *p, struct buf *out, struct err *err)
{
	const char *const argv[] = {"bardo", "settings", NULL};
	int output[2], status, rc;
	pid_t pid;

	if (pipe2(output, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	pid = start(
		(struct spawn){
			.path = p->bardo,
			.env = p->env,
			.fds = (struct spawn_fd[]){{output[1], 1}, {2, 2}},
			.fds_len = 2,
		},
		argv, programs_server_user(p), err);
	(void)close(output[1]);
	rc = pid < 0 ? (int)pid : io_read_all(output[0], out, err);
	(void)close(output[0]);
	if (pid < 0)
		return rc;
	status = spawn_wait(pid);
	if (status == 2)
		return err_set(err, ERR_USAGE, "the settings are not valid");
	if (status)
		return err_set(err, ERR_FAILED, "`%s settings` ended with status %d",
			p->bardo, status);
	return rc;
}

int programs_make_host_keys(const struct programs *p, const char *folder, struct err *err)
{
	const char *const argv[] = {"bardo-ssh", "--make-host-keys", folder, NULL};
	int status;
	pid_t pid;

	pid = start(
		(struct spawn){
			.path = p->ssh,
			.env = p->env,
			.fds = (struct spawn_fd[]){{2, 2}},
			.fds_len = 1,
		},
		argv, programs_server_user(p), err);
	if (pid < 0)
		return (int)pid;
	status = spawn_wait(pid);
	if (status)
		return err_set(err, ERR_FAILED,
			"`%s --make-host-keys %s` ended with status %d", p->ssh, folder,
			status);
	return 0;
}

pid_t programs_start_bardo(const struct programs *p, int request, struct err *err)
{
	const char *const argv[] = {"bardo", "--door", NULL};

	return start(
		(struct spawn){
			.path = p->bardo,
			.env = p->env,
			.fds = (struct spawn_fd[]){{request, DOOR_REQUEST_FD}, {2, 2}},
			.fds_len = 2,
			.new_session = true,
			.hold_hangup = true,
		},
		argv, programs_server_user(p), err);
}

pid_t programs_start_ssh(const struct programs *p, const struct settings *s,
	const struct programs_ssh *c, struct err *err)
{
	char grace[NUMBER_SIZE], tries[NUMBER_SIZE];
	const char *const argv[] = {"bardo-ssh", "--peer", c->peer, "--local", c->local,
		"--grace", grace, "--max-tries", tries, "--keys", c->keys, NULL};
	char *env[] = {path_env, lang_env, NULL};

	(void)snprintf(grace, sizeof(grace), "%lld", (long long)s->ssh_login_grace);
	(void)snprintf(tries, sizeof(tries), "%lld", (long long)s->ssh_max_tries);
	return start(
		(struct spawn){
			.path = p->ssh,
			.env = env,
			.fds = (struct spawn_fd[]){{c->connection, SSH_CONNECTION_FD},
				{c->door, SSH_DOOR_FD}, {2, 2}},
			.fds_len = 3,
			.new_session = true,
		},
		argv, programs_net_user(p), err);
}

/* Writes where it is into out (PATH_TEXT_MAX), and gives that; NULL: nowhere. */
static const char *find_program(const char *name, char *out)
{
	static const char *const folders[] = {
		"/usr/sbin",
		"/usr/local/sbin",
		"/usr/bin",
		"/usr/local/bin",
	};

	if (name[0] == '/')
		return access(name, X_OK) == 0 ? name : NULL;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		(void)snprintf(out, PATH_TEXT_MAX, "%s/%s", folders[i], name);
		if (access(out, X_OK) == 0)
			return out;
	}
	return NULL;
}

pid_t programs_start_haproxy(const char *config, const char *backends, struct err *err)
{
	const char *const argv[] = {"haproxy", "-D", "-f", config, "-f", backends, NULL};
	char *env[] = {path_env, lang_env, NULL};
	char found[PATH_TEXT_MAX];
	const char *path = find_program("haproxy", found);

	if (!path)
		return err_set(err, ERR_NOTFOUND,
			"haproxy is not installed: contrib/install-deps installs it");
	return start(
		(struct spawn){
			.path = path,
			.env = env,
			.fds = (struct spawn_fd[]){{2, 2}},
			.fds_len = 1,
			.new_session = true,
		},
		argv, NULL, err);
}

/* Takes text apart at its blanks: how many words there are, at most max. */
static size_t split_words(char *text, const char **words, size_t max)
{
	char *save = NULL;
	size_t len = 0;

	for (char *word = strtok_r(text, " \t", &save); word && len < max;
		word = strtok_r(NULL, " \t", &save))
		words[len++] = word;
	return len;
}

pid_t programs_start_front(
	const char *command, const char *const *arguments, int output, struct err *err)
{
	char text[SETTING_TEXT_MAX], found[PATH_TEXT_MAX];
	const char *argv[FRONT_WORDS_MAX + 1];
	char *env[] = {path_env, lang_env, NULL};
	const char *path;
	size_t len;

	(void)snprintf(text, sizeof(text), "%s", command);
	len = split_words(text, argv, FRONT_WORDS_MAX);
	path = len ? find_program(argv[0], found) : NULL;
	if (!path)
		return err_set(err, ERR_NOTFOUND,
			"%s of proxy.front-command is not installed",
			len ? argv[0] : "nothing");
	while (*arguments && len < FRONT_WORDS_MAX)
		argv[len++] = *arguments++;
	argv[len] = NULL;
	return start(
		(struct spawn){
			.path = path,
			.env = env,
			.fds = (struct spawn_fd[]){{output, 1}, {output, 2}},
			.fds_len = 2,
			.new_session = true,
		},
		argv, NULL, err);
}
