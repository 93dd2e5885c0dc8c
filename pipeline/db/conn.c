#include "db/conn.h"

#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "exchange.h"

#define MAX_PARAMS 16

static void quiet(void *arg, const char *message)
{
	(void)arg, (void)message; /* notices say nothing that an error or a row does not */
}

static char *copied(str s)
{
	char *p;

	if (s.p == NULL)
		return NULL;
	p = strndup(s.p, s.n);
	if (p == NULL)
		abort();
	return p;
}

void conn_conf_copy(struct conn_conf *to, const struct conn_conf *from)
{
	*to = *from;
	to->url.p = copied(from->url);
	to->password.p = copied(from->password);
	to->application = from->application == NULL ? NULL : copied(str_c(from->application));
}

void conn_conf_wipe(struct conn_conf *c)
{
	if (c->password.p != NULL)
		explicit_bzero((char *)c->password.p, c->password.n);
	if (c->url.p != NULL)
		explicit_bzero((char *)c->url.p, c->url.n);
	free((char *)c->password.p);
	free((char *)c->url.p);
	free((char *)c->application);
	*c = (struct conn_conf){ 0 };
}

/* The session's settings; those of the URL come first and ours win. */
static char *session_options(struct work *w, const struct conn_conf *c, const PQconninfoOption *url)
{
	const char *own = "";

	for (; url->keyword != NULL; url++) {
		if (strcmp(url->keyword, "options") == 0 && url->val != NULL)
			own = url->val;
	}
	return (char *)arena_printf(w->arena,
		"%s -c synchronous_commit=on -c jit=off -c statement_timeout=%" PRId64 "%s%c", own,
		(c->statement_timeout + USEC_MS - 1) / USEC_MS,
		c->queue_plans ? " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off"
				 " -c enable_hashjoin=off -c enable_mergejoin=off"
				 " -c idle_in_transaction_session_timeout=2s"
			       : "",
		'\0')
		.p;
}

/* What the URL says goes before the password, which stands in front of it, and after the rest. */
struct conn *conn_start(struct work *w, const struct conn_conf *c)
{
	const char *keys[MAX_PARAMS] = { "password", "dbname", "client_encoding", "fallback_application_name",
		"tcp_user_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count", "options" };
	const char *values[MAX_PARAMS] = { c->password.p == NULL ? NULL : arena_cstr(w->arena, c->password),
		arena_cstr(w->arena, c->url), "UTF8", "patchwork", "30000", "15", "5", "3" };
	PQconninfoOption *parsed = PQconninfoParse(values[1], NULL);
	struct conn *conn;
	int n = 9;

	if (parsed == NULL) { /* libpq's own message would repeat the URL, password and all */
		err_set(w, ERR_INVALID, "db.refused", "the database URL is malformed");
		return NULL;
	}
	values[8] = session_options(w, c, parsed);
	PQconninfoFree(parsed);
	if (c->application != NULL)
		keys[n] = "application_name", values[n++] = c->application;
	conn = calloc(1, sizeof(*conn));
	if (conn == NULL || (conn->pg = PQconnectStartParams(keys, values, 1)) == NULL)
		abort();
	PQsetErrorVerbosity(conn->pg, PQERRORS_VERBOSE); /* the only way to the SQLSTATE of a refused login */
	PQsetNoticeProcessor(conn->pg, quiet, NULL);
	return conn;
}

PostgresPollingStatusType conn_step(struct conn *conn)
{
	PostgresPollingStatusType next = PQconnectPoll(conn->pg);

	if (next != PGRES_POLLING_OK)
		return next;
	PQsetErrorVerbosity(conn->pg, PQERRORS_DEFAULT);
	conn->cancel = PQgetCancel(conn->pg);
	return next;
}

/* The SQLSTATE in "... FATAL:  28P01: no such ..."; the text after it in *rest. */
static const char *state_in(const char *message, const char **rest)
{
	for (const char *p = strstr(message, ":  "); p != NULL; p = strstr(p + 1, ":  ")) {
		size_t n = strspn(p + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");

		if (n == 5 && p[8] == ':' && p[9] == ' ') {
			*rest = p + 10;
			return p + 3;
		}
	}
	*rest = message;
	return "";
}

bool conn_refused(struct work *w, struct conn *conn)
{
	const char *message = PQerrorMessage(conn->pg), *password = PQpass(conn->pg), *rest;
	const char *state = state_in(message, &rest);
	bool final = strncmp(state, "28", 2) == 0 || strncmp(state, "3D000", 5) == 0 ||
		strncmp(state, "42501", 5) == 0 || PQconnectionNeedsPassword(conn->pg) == 1;

	if (password != NULL && password[0] != '\0' && strstr(message, password) != NULL)
		rest = "the reason holds the password and is not shown";
	return err_set(w, final ? ERR_INVALID : ERR_RETRY, final ? "db.refused" : "db.unreachable", "%.*s",
		(int)strcspn(rest, "\r\n"), rest);
}

static usec connect_until(const struct work *w, const struct conn_conf *c)
{
	usec until = c->connect_timeout == 0 ? 0 : clock_monotonic() + c->connect_timeout;

	return w->deadline != 0 && (until == 0 || w->deadline < until) ? w->deadline : until;
}

static atomic_uint_fast64_t opened;

bool conn_open(struct work *w, const struct conn_conf *c, struct conn **out)
{
	usec until = connect_until(w, c);
	struct conn *conn = conn_start(w, c);
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;

	*out = NULL;
	if (conn == NULL)
		return false;
	while (PQstatus(conn->pg) != CONNECTION_BAD && next != PGRES_POLLING_OK && next != PGRES_POLLING_FAILED) {
		short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;

		if (exchange_poll(PQsocket(conn->pg), events, -1, until) == 0) {
			conn_close(&conn);
			return err_set(w, ERR_RETRY, "db.unreachable", "no connection in time");
		}
		next = conn_step(conn);
	}
	if (next != PGRES_POLLING_OK) {
		conn_refused(w, conn);
		conn_close(&conn);
		return false;
	}
	conn->serial = atomic_fetch_add(&opened, 1) + 1;
	*out = conn;
	return true;
}

uint64_t conn_serial(const struct conn *conn)
{
	return conn->serial;
}

void conn_close(struct conn **conn)
{
	struct conn *c = *conn;

	if (c == NULL)
		return;
	PQfreeCancel(c->cancel);
	PQfinish(c->pg);
	free(c->prepared);
	free(c);
	*conn = NULL;
}

/* Whoever speaks to the server directly is inside the transaction that was begun. */
PGconn *conn_pg(struct conn *conn)
{
	for (int i = 0; i < 2 && conn->begin[i] != NULL; i++)
		PQclear(PQexec(conn->pg, conn->begin[i]));
	conn->begin[0] = conn->begin[1] = NULL;
	return conn->pg;
}

bool conn_alive(const struct conn *conn)
{
	return !conn->broken && PQstatus(conn->pg) == CONNECTION_OK;
}

void conn_cancel(struct conn *conn)
{
	char why[128];

	if (conn->cancel != NULL)
		(void)PQcancel(conn->cancel, why, sizeof(why)); /* it may be too late; then there is nothing to stop */
}
