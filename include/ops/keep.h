/* What every worker does beside its jobs, on a thread and a connection of its own: it seals the audit log each second, signs and
 * exports checkpoints, lets expired sessions, challenges and idempotency keys go, and writes what a search of the history goes by.
 * Any number of processes may. */
#pragma once

#include "crypto/secret.h"
#include "db/conn.h"

struct keep_conf {
	struct conn_conf db;
	str origin;                /* of checkpoints, ops/audit.h; lives until keep_stop */
	const struct secret *seed; /* NULL = this process signs none */
	const char *folder;        /* checkpoints are exported here; NULL = nowhere */
	int rows;                  /* a checkpoint after so many new rows */
	usec every;                /* or when the oldest new row has waited for so long */
	usec idempotency;          /* answers are kept for this long */
};

struct keep;
struct keep *keep_start(const struct keep_conf *c);
void keep_stop(struct keep **k);
