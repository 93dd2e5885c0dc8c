/* Applies migrations/NNNN_noun.sql once each, in order, each in its own transaction, under an advisory lock so that two that
 * start at once do it once. Their text is compiled into the program; core.migration keeps number, name, sha256 and time.
 * fails  ERR_INVALID migrate.changed (an applied file differs from ours, or one was left out), migrate.ahead (the
 * database knows newer ones) */
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
