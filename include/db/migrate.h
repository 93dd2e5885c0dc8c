/* Applies migrations/NNNN_noun.sql once each, in order, each in its own transaction, under an advisory lock so that two that
 * start at once do it once. Their text is compiled into the program; core.migration keeps number, name, sha256 and time.
 * Numbers may have gaps; one that arrives later with a lower number than an applied one is applied, too, so files that are
 * made side by side must not depend on each other.
 * fails  ERR_INVALID migrate.changed (an applied file differs from ours), migrate.ahead (the database knows one that we do
 * not) */
#pragma once

#include "db/conn.h"

struct migration {
	int number;
	const char *name, *text;
};
extern const struct migration migrations[]; /* generated; number 0 at the end */

struct migrate_report {
	int applied, total;
};
MUST bool migrate_run(struct work *w, struct conn *conn, bool dry_run, struct migrate_report *out);
