/* A turn to ask GitHub: taken before a unit sees the network, ended with what it learned, each in a statement of its own, so that
 * nobody holds a connection while somebody outside is slow. */
#pragma once

#include "db/tx.h"
#include "queue/stage.h"

/* fails  ERR_RETRY as a snooze, with when to come back: github.budget (the window's requests are spent, or kept for those who
 * go first), github.blocked (GitHub refuses until then), github.turn (others are asking), github.pace (too many a minute) */
MUST bool budget_take(
	struct work *w, struct tx *tx, const struct runner_conf *c, const struct quota_need *need, usec span);
/* Also after an effect that failed: what it learned counts. */
MUST bool budget_report(struct work *w, struct tx *tx);
