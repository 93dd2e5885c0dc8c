#include "db/tx.h"

#include <assert.h>

#include "db/sqlstate.h"
#include "exchange.h"

bool tx_begin(struct work *w, struct conn *conn, enum tx_mode mode, struct tx *tx)
{
	*tx = (struct tx){ .conn = conn };
	if (!conn_alive(conn))
		return err_set(w, ERR_RETRY, "db.unreachable", "the connection is gone");
	assert(PQtransactionStatus(conn->pg) == PQTRANS_IDLE && conn->begin[0] == NULL);
	conn->begin[0] = mode == TX_READ ? "begin read only" : "begin";
	conn->begin[1] = mode == TX_LAZY ? "set local synchronous_commit = off" : NULL;
	tx->open = true;
	return true;
}

static bool unknown(struct work *w)
{
	return err_set(w, ERR_UNCERTAIN, "db.commit_unknown", "the connection broke before COMMIT was answered");
}

static bool committed(struct work *w, struct tx *tx, PGresult *res)
{
	PGconn *pg = tx->conn->pg;
	bool ok = false;

	if (exchange_failed(res))
		ok = PQstatus(pg) == CONNECTION_OK ? sqlstate_err(w, res, pg) : unknown(w);
	else if (strcmp(PQcmdStatus(res), "COMMIT") != 0)
		ok = err_set(w, ERR_BUG, "db.statement", "COMMIT of a transaction that had failed");
	else
		ok = true;
	PQclear(res);
	return ok;
}

bool tx_commit(struct work *w, struct tx *tx)
{
	struct conn *c = tx->conn;
	usec until = w->deadline;
	PGresult *res;

	assert(tx->open);
	tx->open = false;
	if (c->begin[0] != NULL) { /* nothing was asked */
		c->begin[0] = c->begin[1] = NULL;
		return true;
	}
	if (!exchange_open(c))
		return err_set(w, ERR_RETRY, "db.unreachable", "the connection broke before COMMIT");
	if (until != 0 && until < clock_monotonic() + EXCHANGE_GRACE)
		until = clock_monotonic() + EXCHANGE_GRACE;
	if (!exchange_simple(w, c, "commit", until, &res))
		return unknown(w);
	return committed(w, tx, res);
}

void tx_rollback(struct tx *tx)
{
	struct conn *c = tx->conn;
	struct work w;
	PGresult *res;

	if (!tx->open)
		return;
	tx->open = false;
	if (c->begin[0] != NULL || !conn_alive(c)) {
		c->begin[0] = c->begin[1] = NULL;
		return;
	}
	work_init(&w);
	if (!exchange_simple(&w, c, "rollback", clock_monotonic() + EXCHANGE_GRACE, &res) || exchange_failed(res))
		c->broken = true;
	PQclear(res);
	work_end(&w);
}

struct tx tx_auto(struct conn *conn)
{
	return (struct tx){ .conn = conn };
}
