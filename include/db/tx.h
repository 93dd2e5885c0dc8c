/* A transaction. Code that holds one cannot see the network: no function takes a struct tx and a struct outside. */
#pragma once

#include "db/conn.h"

struct tx {
	struct conn *conn;
	bool open;
};

enum tx_mode {
	TX_DURABLE, /* synchronous_commit on */
	TX_LAZY,    /* off: what is lost by a crash is done again (claims, heartbeats) */
	TX_READ,    /* read only */
};

MUST bool tx_begin(struct work *w, struct conn *conn, enum tx_mode mode, struct tx *tx);
/* fails  ERR_RETRY with what the server said when it said no; ERR_UNCERTAIN db.commit_unknown when the connection broke
 * after COMMIT had left: the caller must look for its own natural key */
MUST bool tx_commit(struct work *w, struct tx *tx);
void tx_rollback(struct tx *tx); /* nothing when it is not open */
/* A statement that is its own transaction: no BEGIN, no COMMIT, one round trip. */
struct tx tx_auto(struct conn *conn);
