/* A pure batch: all its settles in one transaction that also ends the claim and takes the next. */
#include "base/log.h"
#include "runner.h"

#define BATCHES_IN_A_ROW 64 /* then other lanes have their turn */

static void one_by_one(struct work *w, struct runner *r, struct batch *b)
{
	int n = b->n;

	for (int i = 0; i < n; i++)
		attempt_run(w, r, &b->at[i]);
}

static bool plain(struct runner *r, const struct batch *b)
{
	for (int i = 0; i < b->n; i++)
		if (b->at[i].stage == NULL || b->at[i].suspect || b->at[i].burned >= b->at[i].stage->attempts ||
			control_cancelled(r, b->at[i].id))
			return false;
	return true;
}

static bool settle_jobs(struct work *w, struct tx *tx, const struct batch *b, str *outputs, bool *any)
{
	*any = false;
	for (int i = 0; i < b->n; i++) {
		const struct job *j = &b->at[i];
		void *task;

		attempt_name(w, j);
		w->output = (str){ 0 };
		if (!attempt_task(w, j, &task) || (j->stage->settle != NULL && !j->stage->settle(w, tx, task)))
			return false;
		outputs[i] = w->output.p == NULL   ? STR("null")
			: w->output.n > OUTPUT_MAX ? arena_printf(w->arena, "{\"too_large\":%zu}", w->output.n)
						   : w->output;
		*any |= w->output.p != NULL;
	}
	return true;
}

static bool has_settle(const struct lane *lane)
{
	for (int i = 0; i < lane->kinds; i++)
		if (lane->kind[i]->settle != NULL)
			return true;
	return false;
}

/* All of b and the next claim in one transaction. False: nothing of it happened, or it is not known. */
static bool fused_tx(
	struct work *w, struct runner *r, struct conn *conn, struct batch *b, int want, struct batch **next)
{
	str *outputs = arena_array(w->arena, (size_t)b->n, sizeof(*outputs));
	struct claim_ask ask = { .want = want, .known = claim_known(b->lane), .settle = b };
	struct tx tx = { 0 };
	bool any, owned = false, ok;

	ok = tx_begin(w, conn, TX_DURABLE, &tx) && settle_jobs(w, &tx, b, outputs, &any);
	if (ok && any)
		ask.outputs = (struct strs){ outputs, (size_t)b->n };
	ok = ok && claim_take(w, &tx, r, b->lane, &ask, &owned, next);
	if (ok && !owned)
		ok = err_set(w, ERR_RETRY, "queue.lease_lost", "the claim was taken over");
	if (ok) {
		runner_point(w, b->at[0].stage->kind, "settling");
		ok = tx_commit(w, &tx);
	}
	tx_rollback(&tx);
	if (!ok && *next != NULL) {
		batch_free(*next);
		*next = NULL;
		atomic_store(&r->lost, clock_monotonic());
	}
	return ok;
}

/* Without anything to settle the claim's statement is the transaction: one round trip. *owned as in claim_take. */
static bool fused(struct work *w, struct runner *r, struct conn *conn, struct batch *b, int want, bool *owned,
	struct batch **next)
{
	struct tx tx = tx_auto(conn);

	*next = NULL;
	*owned = true;
	if (has_settle(b->lane))
		return fused_tx(w, r, conn, b, want, next);
	runner_point(w, b->at[0].stage->kind, "settling");
	if (!claim_take(w, &tx, r, b->lane,
		    &(struct claim_ask){ .want = want, .known = claim_known(b->lane), .settle = b }, owned, next))
		return false;
	if (!*owned)
		log_event(LOG_WARN, w, "job.stale", "jobs=%d", b->n);
	return true;
}

/* As fused; claims nothing while claims are being looked for. */
static bool fused_once(struct work *w, struct runner *r, struct conn *conn, struct batch *b, bool more, bool *owned,
	struct batch **next)
{
	bool may = claim_enter(r), ok;

	ok = fused(w, r, conn, b, may && more && !runner_closing(r) ? r->conf->batch : 0, owned, next);
	claim_leave(r);
	return ok;
}

/* Each job has its share of the time. */
static void tally_batch(const struct batch *b, bool owned, usec took)
{
	for (int i = 0; i < b->n; i++)
		if (owned)
			tally_ended(&b->at[i], "done", took / b->n);
		else
			tally_stale(&b->at[i]);
}

static void hint_next(struct runner *r, const struct batch *b)
{
	for (int i = 0; i < b->lane->kinds; i++)
		if (b->lane->kind[i]->next != NULL)
			wake_hint(&r->wake, b->lane->kind[i]->next);
}

void pure_run(struct work *w, struct runner *r, struct batch *b)
{
	struct batch *next = NULL;
	struct conn *conn = NULL;
	bool owned;

	for (int i = 0; b != NULL && plain(r, b); i++) {
		usec began = clock_monotonic();

		attempt_begin(w, &b->at[0]);
		attempt_allow(w, &b->at[0]);
		if ((conn == NULL && !pool_take(w, r->pool, &conn)) ||
			!fused_once(w, r, conn, b, i < BATCHES_IN_A_ROW, &owned, &next)) {
			log_failure(LOG_WARN, w, "queue.batch_apart");
			break;
		}
		runner_point(w, b->at[0].stage->kind, "settled");
		tally_batch(b, owned, clock_monotonic() - began);
		hint_next(r, b);
		batch_free(b);
		b = next;
		if (b != NULL)
			tally_claimed(b);
	}
	if (conn != NULL)
		pool_give(r->pool, conn);
	if (b != NULL)
		one_by_one(w, r, b);
}
