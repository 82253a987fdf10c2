/*
 * wire LISTEN CONNECT RULES: carries bytes between two unix sockets, a connection to
 * CONNECT for each to LISTEN, until it is killed. RULES is a file that is read anew for
 * each piece of what clients send: a line "TEXT<tab>ANSWER" has a piece that holds TEXT
 * answered with ANSWER, "\n" in it being a line's end, and the connection closed; with
 * "hang" for an ANSWER there is none for as long as the rule stands and the client waits,
 * and RULES.met is made. With "lose" the piece passes, and its answer gets lost:
 * RULES.met is made when that has come. So something that otherwise works refuses one
 * thing.
 */

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PIECE_MAX 65536
#define RULE_MAX 1024
#define BETWEEN_LOOKS_MS 50

static int unix_socket(const char *path, bool listening)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(at.sun_path))
		return -1;
	memcpy(at.sun_path, path, strlen(path) + 1);
	if (!listening)
		return connect(fd, (struct sockaddr *)&at, sizeof(at)) ? -1 : fd;
	(void)unlink(path);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) || chmod(path, 0666) ||
		listen(fd, 64))
		return -1;
	return fd;
}

static bool send_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* The answer of the first rule that the piece meets. */
static bool is_ruled(const char *rules, const char *piece, char answer[RULE_MAX])
{
	FILE *file = fopen(rules, "re");
	char line[RULE_MAX];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		char *tab = strchr(line, '\t');

		line[strcspn(line, "\n")] = '\0';
		if (!tab)
			continue;
		*tab = '\0';
		found = strstr(piece, line);
		(void)snprintf(answer, RULE_MAX, "%s", tab + 1);
	}
	if (file)
		(void)fclose(file);
	return found;
}

static void say(int fd, const char *answer)
{
	for (const char *end; *answer; answer = *end ? end + 2 : end) {
		end = strstr(answer, "\\n");
		end = end ? end : answer + strlen(answer);
		(void)send_all(fd, answer, (size_t)(end - answer));
		if (*end)
			(void)send_all(fd, "\n", 1);
	}
}

static void note_meeting(const char *rules)
{
	char path[RULE_MAX];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s.met", rules);
	file = fopen(path, "we");
	if (file)
		(void)fclose(file);
}

enum verdict { PASSES, REFUSED, PASSES_AND_LOSES_THE_ANSWER };

static enum verdict judge(const char *rules, int client, const char *piece)
{
	struct pollfd leaves = {client, POLLRDHUP, 0};
	char answer[RULE_MAX];

	while (is_ruled(rules, piece, answer)) {
		if (!strcmp(answer, "lose"))
			return PASSES_AND_LOSES_THE_ANSWER;
		if (strcmp(answer, "hang") != 0) {
			say(client, answer);
			return REFUSED;
		}
		note_meeting(rules);
		if (poll(&leaves, 1, BETWEEN_LOOKS_MS) > 0)
			return REFUSED;
	}
	return PASSES;
}

/* Until one of them gives up. */
static void lose_answer(const char *rules, int client, int server)
{
	struct pollfd comes = {server, POLLIN, 0};
	struct pollfd leaves[2] = {{client, POLLRDHUP, 0}, {server, POLLRDHUP, 0}};

	(void)poll(&comes, 1, -1);
	note_meeting(rules);
	(void)poll(leaves, 2, -1);
}

static void carry(const char *rules, int client, int server)
{
	struct pollfd ends[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
	static char piece[PIECE_MAX];

	for (;;) {
		if (poll(ends, 2, -1) < 0)
			return;
		for (int i = 0; i < 2; i++) {
			enum verdict verdict = PASSES;
			ssize_t n;

			if (!ends[i].revents)
				continue;
			n = read(ends[i].fd, piece, sizeof(piece) - 1);
			if (n <= 0)
				return;
			piece[n] = '\0';
			if (!i)
				verdict = judge(rules, client, piece);
			if (verdict == REFUSED ||
				!send_all(ends[!i].fd, piece, (size_t)n))
				return;
			if (verdict == PASSES_AND_LOSES_THE_ANSWER) {
				lose_answer(rules, client, server);
				return;
			}
		}
	}
}

int main(int argc, char **argv)
{
	int listener = argc == 4 ? unix_socket(argv[1], true) : -1;

	if (listener < 0)
		return 2;
	(void)signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int client = accept(listener, NULL, NULL);

		if (client >= 0 && fork() == 0) {
			int server = unix_socket(argv[2], false);

			if (server >= 0)
				carry(argv[3], client, server);
			_exit(0);
		}
		(void)close(client);
	}
}
