/* Runs out: the end of one run of a job, fenced by (job, attempt), with what comes next for the job. */
#include "base/log.h"
#include "runner.h"
#include "sql.h"

struct end end_of_failure(const struct work *w, const struct job *j)
{
	struct end end = { .state = "failed", .why = w->err, .wait = w->err.retry_after, .burned = j->burned };

	if (str_eq(str_c(w->err.code), STR("queue.cancelled"))) {
		end.state = "cancelled";
		return end;
	}
	if (w->err.snooze) {
		end.state = "snoozed";
		return end;
	}
	end.burned++;
	if (w->err.kind == ERR_INVALID || w->err.kind == ERR_BUG || j->stage == NULL ||
		end.burned >= j->stage->attempts)
		end.state = "parked";
	else
		end.jitter = clock_doubled(j->stage->retry_base, j->burned, j->stage->retry_cap);
	return end;
}

bool settle_in(struct work *w, struct tx *tx, const struct runner *r, const struct job *j, const struct end *end,
	usec took, bool *fresh)
{
	struct sql_queue_finish_out out;
	bool failed = end->why.kind != ERR_NONE;

	if (!sql_queue_finish(w, tx,
		    &(struct sql_queue_finish_in){ .job_id = j->id,
			    .attempt = j->attempt,
			    .state = str_c(end->state),
			    .worker = r->worker,
			    .claim = j->batch->claim,
			    .took = took,
			    .error_kind = failed ? str_c(err_kind_name(end->why.kind)) : (str){ 0 },
			    .error_code = failed ? str_c(end->why.code) : (str){ 0 },
			    .error = failed ? str_c(end->why.text) : (str){ 0 },
			    .output = w->output,
			    .effects = progress_effects(w),
			    .wait = end->wait,
			    .jitter = end->jitter,
			    .burned = end->burned },
		    &out))
		return false;
	*fresh = out.fresh;
	return true;
}

static bool settle_once(struct work *w, struct runner *r, const struct job *j, const struct end *end, usec took)
{
	struct conn *conn;
	struct tx tx;
	bool ok, fresh = true;

	w->deadline = clock_monotonic() + 10 * USEC_S;
	if (!pool_take(w, r->pool, &conn))
		return false;
	tx = tx_auto(conn);
	ok = settle_in(w, &tx, r, j, end, took, &fresh);
	pool_give(r->pool, conn);
	if (ok && !fresh) {
		log_event(LOG_WARN, w, "job.stale", "state=%s", end->state);
		tally_stale(j);
	} else if (ok) {
		tally_ended(j, end->state, took);
	}
	return ok;
}

void settle_surely(struct work *w, struct runner *r, const struct job *j, const struct end *end, usec took)
{
	usec pause = 50 * USEC_MS;

	while (!settle_once(w, r, j, end, took)) {
		log_failure(LOG_WARN, w, "job.unsettled");
		if (w->err.kind == ERR_INVALID || w->err.kind == ERR_BUG)
			w->output = (str){ 0 }; /* the row itself is refused: without what the stage put into it */
		err_clear(w);
		clock_sleep(pause);
		pause = pause < 2 * USEC_S ? 2 * pause : pause;
	}
}

bool settle_look(struct work *w, struct runner *r, const struct job *j, bool *ended, bool *ours)
{
	struct sql_queue_settled_out out;
	struct conn *conn;
	struct tx tx;
	bool ok;

	w->deadline = clock_monotonic() + 10 * USEC_S;
	if (!pool_take(w, r->pool, &conn))
		return false;
	tx = tx_auto(conn);
	ok = sql_queue_settled(
		w, &tx, &(struct sql_queue_settled_in){ .job_id = j->id, .attempt = j->attempt }, &out, ended);
	pool_give(r->pool, conn);
	*ours = ok && *ended && str_eq(out.state, STR("done")) && out.worker == r->worker &&
		out.claim == j->batch->claim;
	return ok;
}
