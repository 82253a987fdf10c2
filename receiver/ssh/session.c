#include "receiver/ssh/session.h"

#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/log.h"
#include "receiver/ssh/ask.h"
#include "receiver/ssh/auth.h"
#include "receiver/ssh/channel.h"
#include "receiver/ssh/confine.h"
#include "receiver/ssh/handshake.h"
#include "receiver/ssh/meter.h"
#include "receiver/ssh/options.h"

#include <libssh/server.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#define CHANNELS_MAX 16

/* libssh reads 4 KiB at a time; this many before the channels get their turn. */
#define READS_PER_TURN 16

/* How long a last message may take to reach a client that we turn away. */
#define FAREWELL_MS 200

/* Places in the poll set; the channels' follow. */
enum { SET_CLIENT, SET_DOOR, SET_CHANNELS };
#define SET_SIZE (SET_CHANNELS + CHANNELS_MAX * PUMP_FDS)

struct session {
	const struct options *options;
	ssh_session ssh; /* NULL once the client has gone */
	ssh_event event;
	struct ssh_server_callbacks_struct callbacks;
	struct auth auth;
	bool turned_away;
	struct asker asker;
	struct meter meter;
	int64_t login_until;
	struct channel *channels[CHANNELS_MAX];
	uint32_t next_id;
	struct pollfd set[SET_SIZE];
};

/* ---- what libssh calls ---- */

static int on_key(ssh_session ssh, const char *user, struct ssh_key_struct *key,
	char signature_state, void *data)
{
	struct session *s = data;

	(void)ssh;
	return auth_judge(&s->auth, user, key, signature_state);
}

/* Asks for Kerberos: refuse before libssh reads any of its files. */
static ssh_string on_kerberos(
	ssh_session ssh, const char *user, int n, ssh_string *oids, void *data)
{
	struct session *s = data;

	(void)ssh;
	(void)user;
	(void)n;
	(void)oids;
	auth_refuse_method(&s->auth, (int)SSH_AUTH_METHOD_GSSAPI_MIC);
	return NULL;
}

/* All that no callback wants; libssh refuses it when we return 1. */
static int on_other(ssh_session ssh, ssh_message message, void *data)
{
	struct session *s = data;

	(void)ssh;
	meter_mark(&s->meter);
	if (ssh_message_type(message) == SSH_REQUEST_AUTH)
		auth_refuse_method(&s->auth, ssh_message_subtype(message));
	return 1;
}

static ssh_channel on_channel(ssh_session ssh, void *data)
{
	struct session *s = data;
	size_t i = 0;

	meter_mark(&s->meter);
	while (i < CHANNELS_MAX && s->channels[i])
		i++;
	if (i == CHANNELS_MAX || !auth_is_done(&s->auth))
		return NULL;
	s->channels[i] = channel_create(ssh, &s->asker, &s->meter, s->next_id);
	if (!s->channels[i])
		return NULL;
	s->next_id++;
	return s->channels[i]->ssh;
}

/* ---- a turn of the loop ---- */

static struct pollfd *set_of(struct session *s, size_t channel)
{
	return &s->set[SET_CHANNELS + channel * PUMP_FDS];
}

static void fill_set(struct session *s)
{
	bool sending = s->ssh && (ssh_get_poll_flags(s->ssh) & SSH_WRITE_PENDING);

	s->set[SET_CLIENT] = (struct pollfd){
		.fd = s->ssh ? ssh_get_fd(s->ssh) : -1,
		.events = (short)(POLLIN | (sending ? POLLOUT : 0)),
	};
	s->set[SET_DOOR] = (struct pollfd){s->asker.sock, POLLIN, 0};
	for (size_t i = 0; i < CHANNELS_MAX; i++) {
		struct pollfd *set = set_of(s, i);

		for (size_t k = 0; k < PUMP_FDS; k++)
			set[k] = (struct pollfd){.fd = -1};
		if (s->channels[i])
			channel_interest(s->channels[i], set);
	}
}

static int64_t next_deadline(const struct session *s)
{
	int64_t next = s->ssh && !auth_is_done(&s->auth) ? s->login_until : INT64_MAX;

	for (size_t i = 0; i < CHANNELS_MAX; i++) {
		int64_t deadline =
			s->channels[i] ? channel_deadline(s->channels[i]) : INT64_MAX;

		if (deadline < next)
			next = deadline;
	}
	return next;
}

static void wait_for_something(struct session *s)
{
	int64_t next = next_deadline(s);
	int64_t ms = next == INT64_MAX ? -1 : next - clock_monotonic_ms();

	fill_set(s);
	if (next != INT64_MAX && ms < 0)
		ms = 0;
	(void)poll(s->set, SET_SIZE, ms > INT_MAX ? INT_MAX : (int)ms);
}

/* Lets libssh read and write what it can, but hears no more of who has failed to log in
 * too often. False when the connection is over. */
static bool run_libssh(struct session *s)
{
	int rc = SSH_OK;

	for (int i = 0; i < READS_PER_TURN && rc == SSH_OK; i++) {
		meter_mark(&s->meter);
		rc = ssh_event_dopoll(s->event, 0);
		if (auth_is_hopeless(&s->auth))
			break;
	}
	return rc != SSH_ERROR;
}

/* Also after the channels' turn, in which libssh may have read and written too. */
static bool is_connected(const struct session *s)
{
	return !(ssh_get_status(s->ssh) & (SSH_CLOSED | SSH_CLOSED_ERROR)) &&
		ssh_get_fd(s->ssh) >= 0;
}

/* bardod never writes to us: what can be read is that it has gone. Commands that run
 * go on; new ones are told. */
static void watch_door(struct session *s)
{
	if (!s->set[SET_DOOR].revents)
		return;
	log_info("bardod has gone; commands that run go on");
	ask_finish(&s->asker);
}

static void step_channels(struct session *s)
{
	int64_t now = clock_monotonic_ms();

	for (size_t i = 0; i < CHANNELS_MAX; i++) {
		if (!s->channels[i])
			continue;
		channel_step(s->channels[i], set_of(s, i), now);
		if (channel_is_over(s->channels[i], now)) {
			channel_destroy(s->channels[i]);
			s->channels[i] = NULL;
		}
	}
}

/* ---- the end ---- */

static void lose_client(struct session *s)
{
	for (size_t i = 0; i < CHANNELS_MAX; i++) {
		if (s->channels[i])
			channel_lose(s->channels[i]);
	}
	ssh_event_remove_session(s->event, s->ssh);
	ssh_disconnect(s->ssh);
	ssh_free(s->ssh);
	s->ssh = NULL;
}

/* Before login only. What is still to be sent goes out first, as far as it can. */
static void turn_away(struct session *s, const char *why)
{
	log_info("%s from %s", why, s->options->peer);
	s->turned_away = true;
	(void)ssh_session_set_disconnect_message(s->ssh, why);
	(void)ssh_blocking_flush(s->ssh, FAREWELL_MS);
	(void)ssh_event_dopoll(s->event, 0);
	lose_client(s);
}

/* libssh answers neither a bad signature nor an algorithm that is refused, and its client
 * would wait until the grace time ends; but it notes an error. */
static void guard_login(struct session *s)
{
	if (auth_is_done(&s->auth))
		return;
	if (auth_is_hopeless(&s->auth))
		turn_away(s, "too many refused logins");
	else if (clock_monotonic_ms() >= s->login_until)
		turn_away(s, "no login in time");
	else if (ssh_get_error_code(s->ssh) == SSH_FATAL)
		turn_away(s, ssh_get_error(s->ssh));
}

static bool has_channels(const struct session *s)
{
	for (size_t i = 0; i < CHANNELS_MAX; i++) {
		if (s->channels[i])
			return true;
	}
	return false;
}

static void loop(struct session *s)
{
	while (s->ssh || has_channels(s)) {
		wait_for_something(s);
		watch_door(s);
		if (s->ssh && s->set[SET_CLIENT].revents && !run_libssh(s))
			lose_client(s);
		step_channels(s);
		if (s->ssh && !is_connected(s))
			lose_client(s);
		if (s->ssh)
			guard_login(s);
	}
}

static void init(struct session *s, const struct options *o, int door)
{
	*s = (struct session){
		.options = o,
		.login_until = clock_monotonic_ms() + o->grace_ms,
		.callbacks =
			{
				.userdata = s,
				.auth_pubkey_function = on_key,
				.gssapi_select_oid_function = on_kerberos,
				.channel_open_request_session_function = on_channel,
			},
	};
	ssh_callbacks_init(&s->callbacks);
	auth_init(&s->auth, o->keys, o->peer, o->max_tries);
	ask_init(&s->asker, door, s->auth.fingerprint, o->peer, o->local);
}

/* Who only looked, and went, did not try. */
static bool was_refused(const struct session *s)
{
	return !auth_is_done(&s->auth) &&
		(s->turned_away || s->auth.tries_left < s->options->max_tries);
}

int session_serve(const struct options *o, int sock, int door, struct err *err)
{
	struct session s;
	int rc;

	init(&s, o, door);
	s.event = ssh_event_new();
	rc = handshake_start(&s.ssh, sock, o->keys, &s.callbacks, err);
	if (!rc && (!s.event || ssh_event_add_session(s.event, s.ssh) != SSH_OK))
		rc = err_set(err, ERR_FAILED, "libssh: out of memory");
	if (!rc) {
		ssh_set_message_callback(s.ssh, on_other, &s);
		meter_init(&s.meter, s.ssh);
		confine_reach(o->keys);
		loop(&s);
	}
	ssh_free(s.ssh);
	ssh_event_free(s.event);
	ask_finish(&s.asker);
	if (!rc && was_refused(&s))
		rc = ERR_DENIED;
	return rc;
}
