/* One run of a job: plan, probe, effect, settle, to its end. */
#include "base/json.h"
#include "base/log.h"
#include "base/trace.h"
#include "budget.h"
#include "queue/progress.h"
#include "runner.h"

#define KIND_WAIT (30 * USEC_S) /* a kind that this program does not know may be a newer one's */

/* What the work is about, for its log lines and its statements. */
void attempt_name(struct work *w, const struct job *j)
{
	size_t n = trace_valid(j->trace) && j->trace.n < sizeof(w->trace) ? j->trace.n : 0; /* anyone may enqueue */

	w->job = j->id;
	w->attempt = j->attempt;
	w->stage = j->stage == NULL ? j->batch->lane->queue : j->stage->kind;
	if (n > 0)
		memcpy(w->trace, j->trace.p, n);
	w->trace[n] = '\0';
}

void attempt_begin(struct work *w, const struct job *j)
{
	work_reset(w);
	attempt_name(w, j);
}

static void begin_run(struct work *w, struct runner *r, const struct job *j)
{
	attempt_begin(w, j);
	w->run = ARENA_NEW(w->arena, struct running);
	*w->run = (struct running){ .runner = r, .job = j };
}

void attempt_allow(struct work *w, const struct job *j)
{
	w->deadline = clock_monotonic() + (usec)j->stage->lease_s * USEC_S;
}

bool attempt_task(struct work *w, const struct job *j, void **task)
{
	*task = arena_zero(w->arena, j->stage->task.size > 0 ? j->stage->task.size : 1);
	return j->stage->task.n == 0 || json_read_text(w, j->args, j->stage->task, 0, *task);
}

/* Does it ask of an outside that counts? */
static bool is_counted(const struct runner *r, const struct job *j)
{
	return r->conf->account[0] != 0 && j->stage->quota.core + j->stage->quota.graphql > 0;
}

static bool check_lease(struct work *w, const struct runner *r, const struct job *j)
{
	return lease_held(r, j->batch) ||
		err_retry_after(w, 0, "queue.lease_lost", "not seen by the database for the lease, or taken over");
}

static bool plan(struct work *w, struct runner *r, const struct job *j, void *task)
{
	struct conn *conn;
	struct tx tx = { 0 };
	bool ok;

	if (j->stage->plan == NULL)
		return true;
	if (!check_lease(w, r, j))
		return false;
	if (is_counted(r, j))
		w->quota = quota_new(w->arena);
	attempt_allow(w, j);
	if (!pool_take(w, r->pool, &conn))
		return false;
	ok = tx_begin(w, conn, TX_DURABLE, &tx) && j->stage->plan(w, &tx, task) && tx_commit(w, &tx);
	tx_rollback(&tx);
	pool_give(r->pool, conn);
	if (ok)
		runner_point(w, j->stage->kind, "planned");
	return ok;
}

static bool take_turn(struct work *w, struct runner *r, const struct job *j)
{
	struct conn *conn;
	struct tx tx;
	bool ok;

	if (w->quota == NULL || w->quota->idle)
		return true;
	attempt_allow(w, j);
	if (!pool_take(w, r->pool, &conn))
		return false;
	tx = tx_auto(conn);
	/* the wait for probe and effect, and some more: a turn that outlives its job ends with the job's run anyway */
	ok = budget_take(w, &tx, r->conf, &j->stage->quota, 3 * (usec)j->stage->lease_s * USEC_S);
	pool_give(r->pool, conn);
	return ok;
}

/* What was learned is kept however it went; when the database does not answer, the turn ends by itself. */
static void end_turn(struct work *w, struct runner *r, const struct job *j)
{
	struct err why = w->err;
	struct conn *conn;
	struct tx tx;
	bool ok;

	if (w->quota == NULL || w->quota->idle)
		return;
	attempt_allow(w, j);
	ok = pool_take(w, r->pool, &conn);
	if (ok) {
		tx = tx_auto(conn);
		ok = budget_report(w, &tx);
		pool_give(r->pool, conn);
	}
	if (!ok)
		log_failure(LOG_WARN, w, "job.turn_unreported");
	w->err = why;
}

static bool check_cancel(struct work *w, struct runner *r, const struct job *j)
{
	return !control_cancelled(r, j->id) ||
		err_set(w, ERR_INVALID, "queue.cancelled", "ended by an operator before its effect");
}

bool attempt_may_act(struct work *w, struct runner *r, const struct job *j)
{
	return check_lease(w, r, j) && check_cancel(w, r, j);
}

static bool probe(struct work *w, struct runner *r, const struct job *j, void *task, bool *done)
{
	bool ok;

	*done = false;
	if (j->stage->probe == NULL)
		return true;
	attempt_allow(w, j);
	w->run->outside = true;
	ok = j->stage->probe(w, r->outside, task, done);
	w->run->outside = false;
	if (!ok)
		return false;
	if (*done)
		progress_effect(w, "probe.found", (str){ 0 });
	runner_point(w, j->stage->kind, "probed");
	return true;
}

/* What it found counts only as long as the lease was held since: in a gap another may have run the job. False *done: the effect
 * may be called now. */
static bool probe_held(struct work *w, struct runner *r, const struct job *j, void *task, bool *done)
{
	int gaps;

	do {
		if (!check_lease(w, r, j))
			return false;
		gaps = atomic_load(&r->gaps);
		if (!probe(w, r, j, task, done))
			return false;
		if (*done || j->stage->effect == NULL)
			return true;
		if (!attempt_may_act(w, r, j))
			return false;
	} while (gaps != atomic_load(&r->gaps));
	return true;
}

static bool effect(struct work *w, struct runner *r, const struct job *j, void *task)
{
	bool ok;

	attempt_allow(w, j);
	w->run->outside = true;
	progress_effect(w, "effect.called", (str){ 0 });
	ok = j->stage->effect(w, r->outside, task);
	w->run->outside = false;
	if (ok)
		runner_point(w, j->stage->kind, "effected");
	return ok;
}

/* The world: what an earlier attempt did is not done again, and is not left unsettled by a cancel. */
static bool act(struct work *w, struct runner *r, const struct job *j, void *task)
{
	const struct stage *s = j->stage;
	bool done;

	if (s->probe == NULL && !check_cancel(w, r, j))
		return false;
	if (s->steps != NULL)
		return steps_run(w, r, j, task);
	if (s->probe == NULL && s->effect == NULL)
		return true;
	if (!probe_held(w, r, j, task, &done))
		return false;
	return s->effect == NULL || done || effect(w, r, j, task);
}

static bool act_in_turn(struct work *w, struct runner *r, const struct job *j, void *task)
{
	bool ok;

	if (!take_turn(w, r, j))
		return false;
	ok = act(w, r, j, task);
	end_turn(w, r, j);
	return ok;
}

static bool settle_tx(struct work *w, struct runner *r, const struct job *j, void *task, usec began, bool *fresh)
{
	static const struct end done = { .state = "done" };
	struct conn *conn;
	struct tx tx = { 0 };
	bool ok;

	*fresh = true;
	attempt_allow(w, j);
	if (!pool_take(w, r->pool, &conn))
		return false;
	ok = tx_begin(w, conn, TX_DURABLE, &tx) && (j->stage->settle == NULL || j->stage->settle(w, &tx, task)) &&
		settle_in(w, &tx, r, j, &done, clock_monotonic() - began, fresh);
	if (ok && *fresh) {
		runner_point(w, j->stage->kind, "settling");
		ok = tx_commit(w, &tx);
	}
	tx_rollback(&tx);
	pool_give(r->pool, conn);
	return ok;
}

/* Only the database stood in the way: the same settle may be tried again. */
static bool database_said_no(const struct err *e)
{
	return (e->kind == ERR_RETRY || e->kind == ERR_UNCERTAIN) && e->code != NULL && strncmp(e->code, "db.", 3) == 0;
}

static bool settle(struct work *w, struct runner *r, const struct job *j, void *task, usec began)
{
	usec pause = 20 * USEC_MS;
	bool fresh, ended, ours;

	while (!settle_tx(w, r, j, task, began, &fresh)) {
		if (!database_said_no(&w->err))
			return false;
		log_failure(LOG_WARN, w, "job.settle_again");
		clock_sleep(pause);
		pause = pause < 2 * USEC_S ? 2 * pause : pause;
		ended = ours = false;
		while (!settle_look(w, r, j, &ended, &ours))
			clock_sleep(pause);
		err_clear(w);
		if (ended && ours)
			break; /* COMMIT had arrived, its answer had not */
	}
	if (fresh) {
		tally_ended(j, "done", clock_monotonic() - began);
	} else {
		log_event(LOG_WARN, w, "job.stale", "state=done");
		tally_stale(j);
	}
	return true;
}

/* True: the end is written (or another's is). False: w->err says why it must be written as a failure. */
static bool run(struct work *w, struct runner *r, const struct job *j, usec began)
{
	void *task;

	if (j->stage == NULL)
		return err_snooze(w, KIND_WAIT, "queue.kind_unknown", "this worker has no " STR_FMT, STR_ARG(j->kind));
	if (j->burned >= j->stage->attempts)
		return err_set(
			w, ERR_INVALID, "queue.attempts_spent", "its workers ended before it did, %d times", j->burned);
	if ((j->attempt == 1 || j->stage->probe == NULL) && !check_cancel(w, r, j))
		return false;
	runner_point(w, j->stage->kind, "claimed");
	if (!attempt_task(w, j, &task) || !plan(w, r, j, task) || !act_in_turn(w, r, j, task) ||
		!settle(w, r, j, task, began))
		return false;
	runner_point(w, j->stage->kind, "settled");
	if (j->stage->next != NULL)
		wake_hint(&r->wake, j->stage->next);
	return true;
}

static void note_span(struct lane *lane, usec took)
{
	usec before = atomic_load(&lane->average);

	atomic_store(&lane->average, before == 0 ? took + 1 : (before * 7 + took) / 8 + 1);
}

static void log_end(struct work *w, const struct end *end, usec took)
{
	enum log_level level = strcmp(end->state, "parked") == 0 ? LOG_ERROR
		: strcmp(end->state, "failed") == 0              ? LOG_WARN
								 : LOG_INFO;

	log_event(level, w, "job.ended", "state=%s took_ms=%lld code=%s text=%s", end->state,
		(long long)(took / USEC_MS), end->why.code, LOG_Q(str_c(end->why.text)));
}

static void run_to_end(struct work *w, struct runner *r, const struct job *j)
{
	usec began = clock_monotonic(), took;
	struct end end;

	begin_run(w, r, j);
	tally_hand(j, 1);
	if (run(w, r, j, began)) {
		log_event(LOG_DEBUG, w, "job.done", "took_ms=%lld", (long long)((clock_monotonic() - began) / USEC_MS));
		note_span(j->batch->lane, clock_monotonic() - began);
		tally_hand(j, -1);
		return;
	}
	took = clock_monotonic() - began;
	end = end_of_failure(w, j);
	log_end(w, &end, took);
	settle_surely(w, r, j, &end, took);
	note_span(j->batch->lane, took);
	tally_hand(j, -1);
}

/* A suspect is marked before it runs, and alone among suspects, so that the next death tells who did it. */
static void run_suspect(struct work *w, struct runner *r, const struct job *j)
{
	pthread_mutex_lock(&r->suspect);
	attempt_begin(w, j);
	if (j->stage != NULL && j->burned < j->stage->attempts)
		lease_mark(w, r, j);
	run_to_end(w, r, j);
	pthread_mutex_unlock(&r->suspect);
}

void attempt_run(struct work *w, struct runner *r, struct job *j)
{
	struct batch *b = j->batch;

	if (j->suspect)
		run_suspect(w, r, j);
	else
		run_to_end(w, r, j);
	if (atomic_fetch_sub(&b->left, 1) == 1)
		runner_ended(r, b);
}
