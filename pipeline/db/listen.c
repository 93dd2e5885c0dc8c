#include "db/listen.h"

#include <poll.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "exchange.h"

#define BACKOFF_MIN (100 * USEC_MS)
#define BACKOFF_MAX (5 * USEC_S)

enum listen_state { DOWN, CONNECTING, UP };

struct listen {
	struct conn_conf conf;
	char **channels;
	int n;
	enum listen_state state;
	struct conn *conn;                /* NULL when down */
	PostgresPollingStatusType polled; /* while connecting */
	usec retry_at, give_up_at, backoff;
};

struct listen *listen_new(const struct conn_conf *c, const char *const channels[], int n)
{
	struct listen *l = calloc(1, sizeof(*l));

	if (l == NULL || (l->channels = calloc((size_t)n, sizeof(char *))) == NULL)
		abort();
	conn_conf_copy(&l->conf, c);
	l->n = n;
	for (int i = 0; i < n; i++) {
		l->channels[i] = strdup(channels[i]);
		if (l->channels[i] == NULL)
			abort();
	}
	return l;
}

void listen_free(struct listen **listen)
{
	struct listen *l = *listen;

	if (l == NULL)
		return;
	conn_close(&l->conn);
	conn_conf_wipe(&l->conf);
	for (int i = 0; i < l->n; i++)
		free(l->channels[i]);
	free(l->channels);
	free(l);
	*listen = NULL;
}

/* Says why once per loss, and doubles the pause up to its ceiling. */
static void lose(struct work *w, struct listen *l)
{
	struct err before = w->err;

	if (l->conn != NULL) {
		conn_refused(w, l->conn);
		conn_close(&l->conn);
	}
	if (l->backoff == 0)
		log_failure(LOG_WARN, w, "listen.lost");
	w->err = before;
	l->state = DOWN;
	l->backoff = l->backoff == 0 ? BACKOFF_MIN : 2 * l->backoff > BACKOFF_MAX ? BACKOFF_MAX : 2 * l->backoff;
	l->retry_at = clock_monotonic() + l->backoff;
}

static void start(struct work *w, struct listen *l)
{
	struct err before = w->err;

	l->conn = conn_start(w, &l->conf);
	l->polled = PGRES_POLLING_WRITING;
	l->give_up_at = clock_monotonic() + (l->conf.connect_timeout == 0 ? 10 * USEC_S : l->conf.connect_timeout);
	l->state = CONNECTING;
	if (l->conn == NULL || PQstatus(l->conn->pg) == CONNECTION_BAD)
		lose(w, l);
	w->err = before;
}

static bool subscribe(struct work *w, struct listen *l)
{
	struct buf text = buf_new(w->arena, 1 << 12);

	for (int i = 0; i < l->n; i++) {
		char *name = PQescapeIdentifier(l->conn->pg, l->channels[i], strlen(l->channels[i]));

		buf_printf(&text, "listen %s;", name == NULL ? "" : name);
		PQfreemem(name);
	}
	buf_byte(&text, '\0');
	return !buf_full(&text) && PQsendQuery(l->conn->pg, text.p) == 1;
}

static void connecting(struct work *w, struct listen *l)
{
	l->polled = conn_step(l->conn);
	if (l->polled == PGRES_POLLING_FAILED || (l->polled == PGRES_POLLING_OK && !subscribe(w, l)))
		lose(w, l);
	else if (l->polled == PGRES_POLLING_OK)
		l->state = UP;
}

/* Takes what has arrived; LISTEN's own answers are read here too. */
static bool notified(struct work *w, struct listen *l, str *channel, str *payload)
{
	PGnotify *note;
	PGresult *res;

	if (PQconsumeInput(l->conn->pg) == 0 || PQstatus(l->conn->pg) != CONNECTION_OK) {
		lose(w, l);
		return false;
	}
	while (!PQisBusy(l->conn->pg) && (res = PQgetResult(l->conn->pg)) != NULL) {
		l->backoff = 0;
		PQclear(res);
	}
	note = PQnotifies(l->conn->pg);
	if (note == NULL)
		return false;
	*channel = arena_str(w->arena, str_c(note->relname));
	*payload = arena_str(w->arena, str_c(note->extra));
	PQfreemem(note);
	return true;
}

/* Sleeps until the connection, fd_wake or the time wants something; true when the call is over. */
static bool rest(struct listen *l, usec until, int fd_wake)
{
	short events = l->state == CONNECTING && l->polled == PGRES_POLLING_WRITING ? POLLOUT : POLLIN;
	usec next = l->state == DOWN ? l->retry_at : l->state == CONNECTING ? l->give_up_at : until;
	int fd = l->state == DOWN ? -1 : PQsocket(l->conn->pg);
	struct pollfd wake = { .fd = fd_wake, .events = POLLIN };

	if (exchange_poll(fd, events, fd_wake, next < until ? next : until) != 0)
		return false;
	return clock_monotonic() >= until || (fd_wake >= 0 && poll(&wake, 1, 0) > 0);
}

bool listen_wait(struct work *w, struct listen *l, usec wait, int fd_wake, str *channel, str *payload)
{
	usec until = clock_monotonic() + wait;

	for (;;) {
		if (l->state == DOWN && clock_monotonic() >= l->retry_at)
			start(w, l);
		if (l->state == CONNECTING && clock_monotonic() >= l->give_up_at)
			lose(w, l);
		if (l->state == UP && notified(w, l, channel, payload))
			return true;
		if (rest(l, until, fd_wake))
			return false;
		if (l->state == CONNECTING)
			connecting(w, l);
	}
}
