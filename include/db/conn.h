/* One connection to PostgreSQL, and a small pool of them shared by threads. */
#pragma once

#include <libpq-fe.h>

#include "base/work.h"

struct conn_conf {
	str url;                 /* postgresql://user@host:port/db */
	str password;            /* { NULL, 0 } = as in url or environment */
	const char *application; /* application_name */
	usec connect_timeout, statement_timeout;
	bool queue_plans; /* generic plans, no seqscan, hashjoin, mergejoin, jit; a transaction left
				alone for 2 s ends: sessions that claim and settle */
};

struct conn; /* a connection with the names of what it has prepared */

/* fails  ERR_RETRY db.unreachable; ERR_INVALID db.refused (authentication, no such database) */
MUST bool conn_open(struct work *w, const struct conn_conf *c, struct conn **out);
void conn_close(struct conn **conn);
PGconn *conn_pg(struct conn *conn);
bool conn_alive(const struct conn *conn);
/* Counts this program's connections, in the order in which they stood: one that was made later has a higher one. */
uint64_t conn_serial(const struct conn *conn);
void conn_cancel(struct conn *conn); /* asks the server to stop what runs; for shutdown */

struct pool; /* at most n connections, opened when first wanted, reopened when broken */
struct pool *pool_new(const struct conn_conf *c, int n); /* c is copied */
/* Waits for a free one until w's deadline.  fails as conn_open; ERR_RETRY db.pool_busy */
MUST bool pool_take(struct work *w, struct pool *p, struct conn **out);
void pool_give(struct pool *p, struct conn *conn); /* a broken one is closed */
void pool_free(struct pool **p);
