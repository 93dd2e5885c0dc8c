/* The outbox to NATS: committed events in (xid, id) order, at least once, each under an id that stays the same.
 * An event is read when no transaction older than its own is still open, so nothing is skipped; the position moves
 * after the broker has acknowledged. One relay leads per database, others stand by; the one that leads makes the
 * stream when it is missing. That NATS is away is this process's problem only. */
#pragma once

#include <signal.h>

#include "db/conn.h"
#include "db/tx.h"
#include "net/bus.h"

struct relay_conf {
	struct conn_conf db;
	struct bus_conf bus; /* subject_prefix is not read: it is "pw.ENV" */
	str env;             /* letters, digits, '-' and '_' */
	int batch;           /* events published before the position is stored */
	usec poll;           /* between two looks when there was nothing */
};
/* Until *stop is set: then it ends with the batch in hand. What the database or the broker refuse is tried again for ever.
 * fails  ERR_INVALID relay.env */
MUST bool relay_run(struct work *w, const struct relay_conf *c, const volatile sig_atomic_t *stop);
/* Starts again with the first event that the outbox still holds, for a stream that was lost; also while a relay runs.
 * actor ("kind:id") and reason ({ NULL, 0 }) go into the audit log, in the same transaction. */
MUST bool relay_rewind(struct work *w, struct tx *tx, str actor, str reason);
