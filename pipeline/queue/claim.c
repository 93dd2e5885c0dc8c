/* Batches in: one statement ends the batch in hand and takes the next, from the lane's watermark on. */
#include <stdlib.h>

#include "base/log.h"
#include "runner.h"
#include "sql.h"

static const int32_t prios[WATERMARK_PRIOS] = { -2, -1, 0, 1, 2 };

static struct batch *batch_new(struct lane *lane)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (b == NULL)
		abort();
	work_init(&b->w);
	b->lane = lane;
	return b;
}

void batch_free(struct batch *b)
{
	work_end(&b->w);
	free(b);
}

static const struct stage *stage_of(const struct lane *lane, str kind)
{
	for (int i = 0; i < lane->kinds; i++)
		if (str_eq(kind, str_c(lane->kind[i]->kind)))
			return lane->kind[i];
	return NULL;
}

static void fill(struct batch *b, const struct sql_queue_claim_out *row, size_t n)
{
	b->claim = row[0].claim;
	b->n = (int)n;
	atomic_store(&b->left, (int)n);
	b->at = arena_array(b->w.arena, n, sizeof(*b->at));
	for (size_t i = 0; i < n; i++)
		b->at[i] = (struct job){
			.batch = b,
			.stage = stage_of(b->lane, row[i].kind),
			.id = row[i].job_id,
			.attempt = row[i].attempt,
			.burned = row[i].burned,
			.suspect = row[i].suspect,
			.kind = row[i].kind,
			.args = row[i].args,
			.trace = row[i].trace,
		};
}

/* What the answer says about the watermark. */
static bool saw(
	struct lane *lane, const struct watermark_look *look, const struct sql_queue_claim_out *row, size_t n, int want)
{
	struct snapshot snapshot;
	struct watermark_seen seen = { .snapshot = &snapshot, .head = row[0].head, .full = n == (size_t)want };

	if (!snapshot_read(row[0].snapshot, &snapshot) || row[0].firsts.n != WATERMARK_PRIOS)
		return false;
	memcpy(seen.first, row[0].firsts.at, sizeof(seen.first));
	for (size_t i = 0; i < n; i++) {
		int p = row[i].prio - prios[0];

		if (row[i].seq > seen.last[p])
			seen.last[p] = row[i].seq;
	}
	pthread_mutex_lock(&lane->lock);
	watermark_saw(&lane->mark, clock_monotonic(), look, &seen);
	pthread_mutex_unlock(&lane->lock);
	if (!seen.full)
		atomic_store(&lane->hot, false);
	return true;
}

bool claim_take(struct work *w, struct tx *tx, struct runner *r, struct lane *lane, const struct batch *settle,
	struct strs outputs, int want, bool *owned, struct batch **out)
{
	struct batch *b = batch_new(lane);
	struct watermark_look look;
	struct sql_queue_claim_out *row;
	size_t n;

	*out = NULL;
	b->w.deadline = w->deadline;
	pthread_mutex_lock(&lane->lock);
	watermark_look(&lane->mark, clock_monotonic(), &look);
	pthread_mutex_unlock(&lane->lock);
	if (!sql_queue_claim(&b->w, tx,
		    &(struct sql_queue_claim_in){ .worker = r->worker,
			    .settled = settle == NULL ? 0 : settle->claim,
			    .outputs = outputs,
			    .queue = str_c(lane->queue),
			    .lease = lane->lease,
			    .batch = want,
			    .prios = { prios, WATERMARK_PRIOS },
			    .froms = { look.from, WATERMARK_PRIOS } },
		    &row, &n)) {
		w->err = b->w.err;
		batch_free(b);
		return false;
	}
	*owned = row[0].owned;
	if (!row[0].has_claim)
		n = 0;
	if (want > 0 && !saw(lane, &look, row, n, want)) {
		batch_free(b);
		return err_set(w, ERR_BUG, "db.row", "the claim's answer has no snapshot");
	}
	if (n == 0) {
		batch_free(b);
		return true;
	}
	fill(b, row, n);
	*out = b;
	return true;
}
