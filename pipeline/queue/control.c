/* What operators decide, on the worker's side: which jobs to end, and when what stood aside goes on. */
#include "base/log.h"
#include "runner.h"
#include "sql.h"

#include <stdlib.h>

#define BALANCE (100 * USEC_MS)
#define BALANCE_IDLE USEC_S
#define ASK (20 * USEC_MS)
#define ASK_BUSY USEC_S

bool control_cancels(struct work *w, struct tx *tx, struct runner *r)
{
	struct sql_queue_cancels_out out;
	int64_t *copy = NULL;

	if (!sql_queue_cancels(w, tx, &out))
		return false;
	if (out.jobs.n == 0 && atomic_load(&r->n_cancels) == 0)
		return true;
	if (out.jobs.n > 0) {
		copy = calloc(out.jobs.n, sizeof(*copy));
		if (copy == NULL)
			abort();
		memcpy(copy, out.jobs.at, out.jobs.n * sizeof(*copy));
	}
	pthread_mutex_lock(&r->cancel);
	free(r->cancels);
	r->cancels = copy;
	atomic_store(&r->n_cancels, (int)out.jobs.n);
	pthread_mutex_unlock(&r->cancel);
	return true;
}

static int by_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

bool control_cancelled(struct runner *r, int64_t job)
{
	bool found = false;

	if (atomic_load(&r->n_cancels) == 0)
		return false;
	pthread_mutex_lock(&r->cancel);
	if (r->cancels != NULL)
		found = bsearch(&job, r->cancels, (size_t)atomic_load(&r->n_cancels), sizeof(job), by_id) != NULL;
	pthread_mutex_unlock(&r->cancel);
	return found;
}

static bool balance(struct work *w, struct tx *tx, struct lane *lane, usec now)
{
	static const int32_t prios[WATERMARK_PRIOS] = { -2, -1, 0, 1, 2 };
	int64_t froms[WATERMARK_PRIOS];
	struct sql_queue_balance_out out;

	if (now < lane->balance || !atomic_exchange(&lane->crowded, false))
		return true;
	pthread_mutex_lock(&lane->lock);
	memcpy(froms, lane->mark.safe, sizeof(froms));
	pthread_mutex_unlock(&lane->lock);
	if (!sql_queue_balance(w, tx,
		    &(struct sql_queue_balance_in){
			    str_c(lane->queue), { prios, WATERMARK_PRIOS }, { froms, WATERMARK_PRIOS } },
		    &out))
		return false;
	lane->balance = now + (out.moved > 0 ? BALANCE : BALANCE_IDLE);
	if (out.moved > 0)
		lane->feed = now;
	return true;
}

static void remember(struct lane *lane, str last)
{
	size_t n = last.n < sizeof(lane->after) ? last.n : sizeof(lane->after) - 1;

	if (n > 0)
		memcpy(lane->after, last.p, n);
	lane->after[n] = '\0';
}

/* Nothing was known to wait aside, but something may by now. */
static void ask_again(struct lane *lane, usec now)
{
	usec at = lane->asked + (atomic_load(&lane->hot) ? ASK_BUSY : ASK);

	if (atomic_load(&lane->aside) && at < lane->feed) {
		atomic_store(&lane->aside, false);
		lane->feed = at < now ? now : at;
	}
}

bool control_feed(struct work *w, struct tx *tx, struct lane *lane, usec now, int want, usec *next)
{
	struct sql_queue_feed_out out;

	*next = INT64_MAX;
	if (!balance(w, tx, lane, now))
		return false;
	ask_again(lane, now);
	*next = lane->feed;
	if (now < lane->feed && !(lane->more && want > 0))
		return true;
	if (!sql_queue_feed(w, tx,
		    &(struct sql_queue_feed_in){
			    .queue = str_c(lane->queue), .want = want, .after = str_c(lane->after) },
		    &out))
		return false;
	lane->asked = now;
	remember(lane, out.last);
	lane->more = out.has_next && out.moved > 0;
	lane->feed = out.has_next ? now + out.next : INT64_MAX;
	*next = lane->feed;
	if (out.moved > 0)
		atomic_store(&lane->hot, true);
	return true;
}
