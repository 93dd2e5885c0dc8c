/* Scheduled, retried and snoozed jobs become ready, and ticks of schedules jobs, when their time has come, by the database's
 * clock. */
#include "base/log.h"
#include "runner.h"
#include "sql.h"

#define DUE_BATCH 1000
#define DUE_BACK (60 * USEC_S) /* how far back a usual look begins, so that it does not walk what was moved long ago */
#define DUE_ALL (INT64_C(36500) * 24 * 3600 * USEC_S)

bool due_move(struct work *w, struct tx *tx, struct runner *r, bool all, usec *next)
{
	struct sql_queue_due_out out;

	do {
		if (!sql_queue_due(w, tx, &(struct sql_queue_due_in){ all ? DUE_ALL : DUE_BACK, DUE_BATCH }, &out))
			return false;
		for (size_t i = 0; i < out.queues.n; i++)
			lane_heat(r, out.queues.at[i]);
	} while (out.moved == DUE_BATCH);
	*next = out.has_next ? out.next : INT64_MAX;
	return true;
}

bool due_cron(struct work *w, struct tx *tx, struct runner *r, usec *next)
{
	struct sql_queue_cron_out out;

	if (!sql_queue_cron(w, tx, &out))
		return false;
	for (size_t i = 0; i < out.queues.n; i++)
		lane_heat(r, out.queues.at[i]);
	if (out.failed > 0)
		log_event(LOG_ERROR, w, "cron.failed", "schedules=%d", out.failed);
	*next = out.has_wait ? out.wait : INT64_MAX;
	return true;
}
