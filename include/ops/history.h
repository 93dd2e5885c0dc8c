/* Partitions of the history: a partition as a file, and how it leaves (docs/operating.md, Old history).
 * The file is text: a line of JSON that says what it is, one per job with its runs, by number, and one that counts them. */
#pragma once

#include "db/conn.h"
#include "db/tx.h"

struct history_file {
	int64_t jobs, runs, bytes;
	uint8_t sha256[32];
};

/* Writes the partition as a new file, which is there only when all of it is on disk; dry_run: reads it all and writes nothing.
 * fails  history.file_exists, history.file, history.partition_unknown */
MUST bool history_export(
	struct work *w, struct tx *tx, int64_t part, const char *path, bool dry_run, struct history_file *out);

struct history_leave {
	int64_t part;
	const char *path; /* of its export */
	usec keep;        /* younger ones stay */
	str actor, reason;
	bool dry_run;
};
/* Detaches the partition when the file says what the database has. No transaction is open; w's deadline is for the waiting of both
 * tables for those who read them.
 * fails  history.file, history.differs, history.live, history.young, history.detached, history.partition_unknown */
MUST bool history_detach(struct work *w, struct conn *conn, const struct history_leave *l, struct history_file *out);
/* Drops the tables of a partition that was detached, while its export is there.
 * fails  history.file, history.differs, history.not_detached */
MUST bool history_drop(struct work *w, struct conn *conn, const struct history_leave *l, struct history_file *out);
