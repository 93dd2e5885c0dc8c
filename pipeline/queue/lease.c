/* Leases: a claim lasts as long as its worker is seen. One row per worker is updated; claims never are. */
#include <unistd.h>

#include "base/log.h"
#include "dispatch.h"
#include "runner.h"
#include "sql.h"

#define RESCUE_CLAIMS 100

usec lease_shortest(const struct runner *r)
{
	usec lease = INT64_MAX;

	for (int i = 0; i < r->lanes; i++)
		lease = earlier(lease, r->lane[i].lease);
	return lease;
}

bool lease_join(struct work *w, struct tx *tx, struct runner *r)
{
	char host[128] = "";
	str queues[RUNNER_LANES];
	struct sql_queue_join_out out;
	usec sent = clock_monotonic();

	gethostname(host, sizeof(host) - 1);
	for (int i = 0; i < r->lanes; i++)
		queues[i] = str_c(r->lane[i].queue);
	if (!sql_queue_join(w, tx,
		    &(struct sql_queue_join_in){ .name = arena_printf(w->arena, "%s:%d", host, (int)getpid()),
			    .queues = { queues, (size_t)r->lanes },
			    .lease = lease_shortest(r) },
		    &out))
		return false;
	r->worker = out.id;
	atomic_store(&r->seen, sent);
	return true;
}

/* Claims whose jobs may still touch the world; a pure batch meets its loss in its settle. */
static struct i64s in_hand(struct runner *r, struct arena *arena)
{
	struct i64s out = { 0 };
	int64_t *at;
	size_t n = 0;

	pthread_mutex_lock(&r->lock);
	for (const struct batch *b = r->held; b != NULL; b = b->next)
		n += !b->lane->pure;
	at = arena_array(arena, n + 1, sizeof(*at));
	for (const struct batch *b = r->held; b != NULL; b = b->next)
		if (!b->lane->pure)
			at[out.n++] = b->claim;
	pthread_mutex_unlock(&r->lock);
	out.at = at;
	return out;
}

static void lose(struct work *w, struct runner *r, struct i64s claims)
{
	pthread_mutex_lock(&r->lock);
	for (struct batch *b = r->held; b != NULL; b = b->next)
		for (size_t i = 0; i < claims.n; i++)
			if (claims.at[i] == b->claim)
				atomic_store(&b->lost, true);
	pthread_mutex_unlock(&r->lock);
	log_event(LOG_WARN, w, "queue.lost", "claims=%zu", claims.n);
}

/* Before the lease counts as held again, who asks lease_held finds what was lost, and that there was a gap. */
bool lease_beat(struct work *w, struct tx *tx, struct runner *r)
{
	struct sql_queue_heartbeat_out out;
	usec sent = clock_monotonic();

	if (!sql_queue_heartbeat(w, tx, &(struct sql_queue_heartbeat_in){ r->worker, in_hand(r, w->arena) }, &out))
		return false;
	if (out.lost.n > 0)
		lose(w, r, out.lost);
	if (out.late)
		atomic_fetch_add(&r->gaps, 1);
	atomic_store(&r->seen, sent);
	return true;
}

bool lease_held(const struct runner *r, const struct batch *b)
{
	return clock_monotonic() - atomic_load(&r->seen) < b->lane->lease && !atomic_load(&b->lost);
}

bool lease_rescue(struct work *w, struct tx *tx, struct runner *r, bool all)
{
	struct sql_queue_rescue_out out;

	do {
		if (!sql_queue_rescue(w, tx, &(struct sql_queue_rescue_in){ RESCUE_CLAIMS, all }, &out))
			return false;
		tally_rescued(out.jobs);
		if (out.claims > 0)
			log_event(LOG_WARN, w, "queue.rescued", "claims=%lld jobs=%lld", (long long)out.claims,
				(long long)out.jobs);
		for (size_t i = 0; i < out.queues.n; i++)
			lane_heat(r, out.queues.at[i]);
	} while (out.claims == RESCUE_CLAIMS);
	return true;
}

/* What this runner has in hand, or has yet to release. */
static struct i64s known(struct runner *r, struct arena *arena)
{
	struct i64s out = { 0 };
	int64_t *at;
	size_t n = 0;

	pthread_mutex_lock(&r->lock);
	for (const struct batch *b = r->held; b != NULL; b = b->next)
		n++;
	at = arena_array(arena, n + (size_t)r->n_ended + 1, sizeof(*at));
	for (const struct batch *b = r->held; b != NULL; b = b->next)
		at[out.n++] = b->claim;
	for (int i = 0; i < r->n_ended; i++)
		at[out.n++] = r->ended[i];
	pthread_mutex_unlock(&r->lock);
	out.at = at;
	return out;
}

bool lease_regain(struct work *w, struct tx *tx, struct runner *r, bool *waits)
{
	struct sql_queue_regain_out out;
	bool ok;

	atomic_store(&r->gate, true); /* who claims from now on takes nothing */
	*waits = atomic_load(&r->claiming) > 0;
	if (*waits)
		return true;
	ok = sql_queue_regain(w, tx, &(struct sql_queue_regain_in){ r->worker, known(r, w->arena) }, &out);
	atomic_store(&r->gate, false);
	if (!ok)
		return false;
	if (out.claims > 0)
		log_event(LOG_WARN, w, "queue.regained", "claims=%lld jobs=%lld", (long long)out.claims,
			(long long)out.jobs);
	for (size_t i = 0; i < out.queues.n; i++)
		lane_heat(r, out.queues.at[i]);
	return true;
}

void lease_mark(struct work *w, struct runner *r, const struct job *j)
{
	struct conn *conn;
	struct tx tx;
	bool ok = false;

	while (!ok) {
		w->deadline = clock_monotonic() + 10 * USEC_S;
		if (pool_take(w, r->pool, &conn)) {
			tx = tx_auto(conn);
			ok = sql_queue_mark(w, &tx, &(struct sql_queue_mark_in){ j->batch->claim, j->id });
			pool_give(r->pool, conn);
		}
		if (!ok) {
			log_failure(LOG_WARN, w, "job.unmarked");
			err_clear(w);
			clock_sleep(USEC_S);
		}
	}
}
