/* What this folder knows of a connection: its state, and sending and waiting with a deadline. */
#pragma once

#include "db/query.h"

struct conn {
	PGconn *pg;
	PGcancel *cancel;
	uint64_t serial;
	bool broken;          /* given up: what the server may still answer is never read */
	const char *begin[2]; /* not sent yet: they travel with the transaction's first statement */
	const struct sql **prepared;
	size_t n_prepared, cap_prepared;
};

#define EXCHANGE_GRACE (5 * USEC_S) /* what a cancelled statement, a COMMIT and a ROLLBACK get beyond the deadline */

/* poll() of one or two descriptors (fd_wake -1 = none) until a time of clock_monotonic(), 0 = no limit.
 * Returns the events on fd; 0 when the time is over or fd_wake became readable. */
short exchange_poll(int fd, short events, int fd_wake, usec until);

/* False when the server has closed the connection while nothing was asked. */
bool exchange_open(struct conn *c);

/* The next result, NULL after a command's last one; the caller clears it. Past `until` the statement is cancelled.
 * A lost connection is a result too, PGRES_FATAL_ERROR without SQLSTATE.
 * fails  ERR_RETRY db.busy when even the cancelled statement did not end: c is broken then */
MUST bool exchange_result(struct work *w, struct conn *c, usec until, PGresult **res);

/* One command in the simple protocol; its last result, or its first that failed. *until as in exchange_result */
MUST bool exchange_simple(struct work *w, struct conn *c, const char *text, usec until, PGresult **res);

bool exchange_failed(const PGresult *res); /* an error, not rows and not a completed command */

/* Connecting in steps. The state is PQconnectPoll's: wait for the socket as it says, then step again. */
struct conn *conn_start(struct work *w, const struct conn_conf *c); /* NULL: err is set */
PostgresPollingStatusType conn_step(struct conn *conn);
bool conn_refused(struct work *w, struct conn *conn); /* sets w->err from what went wrong, returns false */
void conn_conf_copy(struct conn_conf *to, const struct conn_conf *from);
void conn_conf_wipe(struct conn_conf *c);
