/* What PostgreSQL's refusal means. A CHECK, UNIQUE or FOREIGN KEY constraint's name, and the message of
 * raise exception '%' using errcode 'PW001', may be an error code of ours ("bounty.exists"): it reaches the caller as is.
 *   ERR_INVALID  a constraint or PW001 with a code of ours
 *   ERR_RETRY    db.conflict (40001, 40P01, 55P03, 23505), db.busy (53xxx, 58xxx, 57014), db.read_only (25006), db.unreachable (08xxx, 57P0x, broken)
 *   ERR_BUG      db.statement for everything else */
#pragma once

#include "db/conn.h"

bool sqlstate_err(struct work *w, const PGresult *res, const PGconn *pg); /* sets w->err, returns false */
/* The server does not know our prepared statement as we do: a migration changed its result, or a pooler discarded it. Nothing
 * was executed; another connection prepares it again. */
bool sqlstate_stale(const PGresult *res);
