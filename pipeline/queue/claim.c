/* Batches in: one statement ends the batch in hand and takes the next, from the lane's watermark on. */
#include <stdlib.h>

#include "base/log.h"
#include "runner.h"
#include "sql.h"

#define LOWEST_PRIO (-2)
#define CROWDED 1000 /* seqs from the last one taken to the head */

static struct batch *batch_new(struct lane *lane)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (b == NULL)
		abort();
	work_init(&b->w);
	b->lane = lane;
	return b;
}

/* From here on the runner knows of the claim. */
static void hold(struct runner *r, struct batch *b)
{
	pthread_mutex_lock(&r->lock);
	b->holder = r;
	b->before = NULL;
	b->next = r->held;
	if (b->next != NULL)
		b->next->before = b;
	r->held = b;
	pthread_mutex_unlock(&r->lock);
}

static void let_go(struct batch *b)
{
	struct runner *r = b->holder;

	pthread_mutex_lock(&r->lock);
	if (b->next != NULL)
		b->next->before = b->before;
	if (b->before != NULL)
		b->before->next = b->next;
	else
		r->held = b->next;
	pthread_mutex_unlock(&r->lock);
}

bool claim_enter(struct runner *r)
{
	atomic_fetch_add(&r->claiming, 1);
	return !atomic_load(&r->gate);
}

void claim_leave(struct runner *r)
{
	atomic_fetch_sub(&r->claiming, 1);
}

void batch_free(struct batch *b)
{
	if (b->holder != NULL)
		let_go(b);
	work_end(&b->w);
	free(b);
}

/* -1: a kind that this program does not know. */
static int kind_of(const struct lane *lane, str kind)
{
	for (int i = 0; i < lane->kinds; i++)
		if (str_eq(kind, str_c(lane->kind[i]->kind)))
			return i;
	return -1;
}

static void fill(struct batch *b, const struct sql_queue_claim_out *row, size_t n)
{
	b->claim = row[0].claim;
	b->n = (int)n;
	atomic_store(&b->left, (int)n);
	b->at = arena_array(b->w.arena, n, sizeof(*b->at));
	for (size_t i = 0; i < n; i++) {
		int kind = kind_of(b->lane, row[i].kind);

		b->at[i] = (struct job){
			.batch = b,
			.stage = kind < 0 ? NULL : b->lane->kind[kind],
			.tally = kind < 0 ? 0 : b->lane->kind_tally[kind],
			.waited = row[i].age,
			.id = row[i].job_id,
			.attempt = row[i].attempt,
			.burned = row[i].burned,
			.suspect = row[i].suspect,
			.kind = row[i].kind,
			.args = row[i].args,
			.trace = row[i].trace,
		};
	}
}

/* Both statements have the same head, so their rows are the same struct. */
_Static_assert(sizeof(struct sql_queue_claim_in) == sizeof(struct sql_queue_claim_ruled_in) &&
		sizeof(struct sql_queue_claim_out) == sizeof(struct sql_queue_claim_ruled_out),
	"queue/claim.sql and queue/claim_ruled.sql differ");

/* What a claim is sent with: the lane's view of its queue at that moment. */
struct view {
	usec asked; /* clock_monotonic() */
	struct watermark_look look;
	struct aging_order order;
	int32_t prios[WATERMARK_PRIOS];
	int64_t froms[WATERMARK_PRIOS];
	int64_t epoch;
	bool ruled;
	int want;
};

struct claim_known claim_known(struct lane *lane)
{
	struct claim_known known;

	pthread_mutex_lock(&lane->lock);
	known = (struct claim_known){ lane->mark.head, lane->mark.life };
	pthread_mutex_unlock(&lane->lock);
	return known;
}

/* life: of the connection that the claim goes by. After a crash of the server every connection is a later one. */
static void view(struct lane *lane, uint64_t life, const struct claim_ask *ask, struct view *v)
{
	pthread_mutex_lock(&lane->lock);
	v->want = lane->stopped ? 0 : ask->want;
	v->epoch = lane->epoch;
	v->ruled = lane->ruled;
	v->asked = clock_monotonic();
	watermark_live(&lane->mark, life);
	watermark_look(&lane->mark, v->asked, &v->look);
	v->look.head = ask->known.life == v->look.life ? ask->known.head : 0;
	v->order = aging_order(&lane->aging, v->want);
	pthread_mutex_unlock(&lane->lock);
	for (int i = 0; i < WATERMARK_PRIOS; i++) {
		v->prios[i] = LOWEST_PRIO + v->order.order[i];
		v->froms[i] = v->look.from[v->order.order[i]];
	}
}

/* By priority again; true when the claim took all that it might have of everything, or of one. */
static bool count(const struct view *v, const struct sql_queue_claim_out *row, size_t n, struct watermark_seen *seen)
{
	int taken[WATERMARK_PRIOS] = { 0 };
	bool full = (int)n + row[0].aside == v->want;

	for (int i = 0; i < WATERMARK_PRIOS; i++) {
		seen->first[v->order.order[i]] = row[0].firsts.at[i];
		seen->last[v->order.order[i]] = row[0].has_asides ? row[0].asides.at[i] : 0;
	}
	for (size_t i = 0; i < n; i++) {
		int p = row[i].prio - LOWEST_PRIO;

		taken[p]++;
		if (row[i].seq > seen->last[p])
			seen->last[p] = row[i].seq;
	}
	for (int i = 0; i < WATERMARK_PRIOS; i++)
		full |= v->order.most[i] < v->want && taken[v->order.order[i]] == v->order.most[i];
	return full;
}

static int64_t last_of(const struct watermark_seen *seen)
{
	int64_t last = 0;

	for (int p = 0; p < WATERMARK_PRIOS; p++)
		if (seen->last[p] > last)
			last = seen->last[p];
	return last;
}

/* What the answer says about the watermark, about what waits, and how long its rows have waited: their age becomes that. */
static bool saw(struct runner *r, struct lane *lane, const struct view *v, struct sql_queue_claim_out *row, size_t n)
{
	struct snapshot snapshot;
	struct watermark_seen seen = { .snapshot = &snapshot, .bound = (uint64_t)row[0].bound, .head = row[0].head };
	usec now = clock_monotonic();

	if (!snapshot_read(row[0].snapshot, &snapshot) || row[0].firsts.n != WATERMARK_PRIOS ||
		(row[0].has_asides && row[0].asides.n != WATERMARK_PRIOS))
		return false;
	seen.full = count(v, row, n, &seen);
	pthread_mutex_lock(&lane->lock);
	watermark_saw(&lane->mark, now, &v->look, &seen);
	aging_saw(&lane->aging, now, r->conf->aging > 0 ? r->conf->aging : AGING_SPAN, row[0].head, seen.first);
	for (size_t k = 0; k < n; k++)
		row[k].age = tally_wait(lane, now, row[k].seq, row[k].age);
	tally_head(lane, v->asked, row[0].head);
	pthread_mutex_unlock(&lane->lock);
	if (!seen.full)
		atomic_store(&lane->hot, false);
	if (seen.full || row[0].aside > 0)
		atomic_store(&lane->aside, true);
	if (seen.full && row[0].head - last_of(&seen) > CROWDED)
		atomic_store(&lane->crowded, true);
	return true;
}

bool claim_stopped(struct lane *lane)
{
	bool stopped;

	pthread_mutex_lock(&lane->lock);
	stopped = lane->stopped;
	pthread_mutex_unlock(&lane->lock);
	return stopped;
}

bool claim_rules(struct work *w, struct tx *tx, struct lane *lane)
{
	struct sql_queue_rules_out out;

	if (!sql_queue_rules(w, tx, &(struct sql_queue_rules_in){ str_c(lane->queue) }, &out))
		return false;
	pthread_mutex_lock(&lane->lock);
	lane->epoch = out.epoch;
	lane->stopped = out.stopped;
	lane->ruled = out.ruled;
	pthread_mutex_unlock(&lane->lock);
	return true;
}

static bool learn(struct work *w, struct tx *tx, struct runner *r, struct lane *lane, const struct view *v,
	struct sql_queue_claim_out *row, size_t n)
{
	if (v->want == 0)
		return true;
	if (row[0].epoch != v->epoch) {
		atomic_store(&lane->aside, true);
		return claim_rules(w, tx, lane); /* nothing was taken: the next claim will */
	}
	return saw(r, lane, v, row, n) || err_set(w, ERR_BUG, "db.row", "the claim's answer has no snapshot");
}

bool claim_take(struct work *w, struct tx *tx, struct runner *r, struct lane *lane, const struct claim_ask *ask,
	bool *owned, struct batch **out)
{
	struct batch *b = batch_new(lane);
	struct sql_queue_claim_out *row;
	void *rows = NULL;
	struct view v;
	size_t n;

	*out = NULL;
	b->w.deadline = w->deadline;
	view(lane, conn_serial(tx->conn), ask, &v);
	if (!query_many(&b->w, tx, v.ruled ? &sql_queue_claim_ruled_stmt : &sql_queue_claim_stmt,
		    &(struct sql_queue_claim_in){ .worker = r->worker,
			    .settled = ask->settle == NULL ? 0 : ask->settle->claim,
			    .outputs = ask->outputs,
			    .queue = str_c(lane->queue),
			    .lease = lane->lease,
			    .batch = v.want,
			    .prios = { v.prios, WATERMARK_PRIOS },
			    .mosts = { v.order.most, WATERMARK_PRIOS },
			    .froms = { v.froms, WATERMARK_PRIOS },
			    .epoch = v.epoch },
		    &rows, &n)) {
		w->err = b->w.err;
		batch_free(b);
		atomic_store(&r->lost, clock_monotonic());
		return false;
	}
	row = rows;
	*owned = row[0].owned;
	if (!row[0].has_claim)
		n = 0;
	if (!learn(w, tx, r, lane, &v, row, n)) {
		batch_free(b);
		atomic_store(&r->lost, clock_monotonic());
		return false;
	}
	if (n == 0) {
		batch_free(b);
		return true;
	}
	fill(b, row, n);
	hold(r, b);
	*out = b;
	return true;
}
