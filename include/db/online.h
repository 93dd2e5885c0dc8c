/* Changes to tables that are in use, which PostgreSQL makes outside a transaction: they wait for others and nobody waits for them.
 * The caller is the tables' owner and has no transaction open. What was interrupted is taken up by the next call. */
#pragma once

#include "db/conn.h"

/* Takes the table out of its parent. True when it is out, also when it was before. */
MUST bool online_detach(struct work *w, struct conn *conn, const char *schema, const char *parent, const char *part);
