/* What a worker owes the others, beside claims: its lease, the rescue of those who lost theirs, what is due, what has ended. */
#include "base/log.h"
#include "crew.h"
#include "dispatch.h"
#include "sql.h"

#define RELEASE (20 * USEC_MS) /* ended claims are collected for this long */
#define ALL_DUE (60 * USEC_S)
#define PARTITIONS (60 * USEC_S)
#define RESCUE USEC_S
#define RESCUE_ALL (60 * USEC_S)
#define CONTROL USEC_S
#define RESCUE_AGAIN (USEC_S / 2)
#define REGAIN_SPAN (60 * USEC_S) /* a backend may go on for so long after its connection broke */
#define REPLAY (100 * USEC_MS)    /* between two looks at the buckets of open replays */
#define REPLAY_IDLE USEC_S        /* with none open */

static usec beat_span(const struct runner *r)
{
	usec span = lease_shortest(r) / 5;

	return span > 5 * USEC_S ? 5 * USEC_S : span;
}

/* After a claim whose answer was lost: was it made? And after a crash: are claims there again that were released? */
static bool look_for_lost(struct work *w, struct tx *tx, struct dispatcher *d, usec now)
{
	usec lost = atomic_load(&d->r->lost);
	bool waits;

	if (lost == 0 || now < d->regain)
		return true;
	if (!lease_regain(w, tx, d->r, &waits))
		return false;
	d->regain = now + (waits ? RELEASE : RESCUE);
	if (!waits && now > lost + REGAIN_SPAN)
		atomic_compare_exchange_strong(&d->r->lost, &lost, 0);
	return true;
}

static bool keep_lease(struct work *w, struct tx *tx, struct dispatcher *d, usec now)
{
	if (now >= d->beat) {
		if (!lease_beat(w, tx, d->r))
			return false;
		d->beat = now + beat_span(d->r);
	}
	if (now >= d->rescue) {
		d->rescue = now + RESCUE_AGAIN; /* a stopped worker's transaction may hold a row for a moment */
		if (!lease_rescue(w, tx, d->r, now >= d->rescue_all))
			return false;
		if (now >= d->rescue_all)
			d->rescue_all = now + RESCUE_ALL;
		d->rescue = now + RESCUE;
	}
	if (!look_for_lost(w, tx, d, now))
		return false;
	if (now >= d->control) {
		d->control = now + CONTROL;
		if (!control_cancels(w, tx, d->r))
			return false;
	}
	return true;
}

static bool move_due(struct work *w, struct tx *tx, struct dispatcher *d, usec now)
{
	bool all = now >= d->all_due;
	usec next;

	if (now < d->due)
		return true;
	if (!due_move(w, tx, d->r, all, &next))
		return false;
	d->due = now + earlier(next, USEC_S);
	if (all)
		d->all_due = now + ALL_DUE;
	return true;
}

static bool look_at_schedules(struct work *w, struct tx *tx, struct dispatcher *d, usec now)
{
	usec next;

	if (now < d->cron)
		return true;
	d->cron = now + USEC_S; /* also after a failure: the rest goes on */
	if (!due_cron(w, tx, d->r, &next))
		return false;
	d->cron = now + earlier(next, USEC_S);
	return true;
}

static bool make_partitions(struct work *w, struct tx *tx, struct dispatcher *d, usec now)
{
	struct sql_queue_partitions_out out;

	if (now < d->partitions)
		return true;
	d->partitions = now + PARTITIONS;
	return sql_queue_partitions(w, tx, &out);
}

/* Jobs of open replays are let out at their rates, by whichever worker comes first. */
static void let_out(struct work *w, struct tx *tx, struct dispatcher *d, usec now)
{
	struct sql_replay_release_out out;

	if (now < d->replay)
		return;
	d->replay = now + REPLAY_IDLE;
	if (runner_closing(d->r))
		return;
	if (sql_replay_release(w, tx, &out)) {
		d->replay = now + (out.has_let_out ? REPLAY : REPLAY_IDLE);
		return;
	}
	log_failure(LOG_WARN, w, "queue.replay_failed");
	err_clear(w);
}

static bool release(struct work *w, struct tx *tx, struct dispatcher *d, usec now)
{
	struct i64s claims;

	if (now < d->release)
		return true;
	claims = crew_ended(d->r, w->arena);
	if (claims.n == 0)
		return true;
	d->release = now + RELEASE;
	if (sql_queue_release(w, tx, &(struct sql_queue_release_in){ d->r->worker, claims }))
		return true;
	crew_ended_again(d->r, claims);
	return false;
}

static bool send_hints(struct work *w, struct tx *tx, struct dispatcher *d, usec now, usec *left)
{
	const char *names[WAKE_QUEUES];
	str queues[WAKE_QUEUES];
	int n = wake_take(&d->r->wake, now, names, left);

	for (int i = 0; i < n; i++) {
		queues[i] = str_c(names[i]);
		lane_heat(d->r, queues[i]);
	}
	return n == 0 || sql_queue_hint(w, tx, &(struct sql_queue_hint_in){ { queues, (size_t)n } });
}

bool duties_do(struct work *w, struct tx *tx, struct dispatcher *d, usec now, usec *left)
{
	if (!keep_lease(w, tx, d, now) || !move_due(w, tx, d, now) || !look_at_schedules(w, tx, d, now) ||
		!make_partitions(w, tx, d, now) || !send_hints(w, tx, d, now, left) || !release(w, tx, d, now))
		return false;
	let_out(w, tx, d, now);
	return true;
}

bool duties_last(struct work *w, struct tx *tx, struct dispatcher *d)
{
	usec left;

	d->release = 0;
	return release(w, tx, d, clock_monotonic()) && send_hints(w, tx, d, clock_monotonic() + WAKE_DEBOUNCE, &left);
}

usec duties_next(const struct dispatcher *d)
{
	usec next =
		earlier(earlier(earlier(d->beat, d->rescue), earlier(d->due, d->cron)), earlier(d->control, d->replay));

	if (atomic_load(&d->r->lost) != 0)
		next = earlier(next, d->regain);
	return crew_has_ended(d->r) ? earlier(next, clock_monotonic() + RELEASE) : next;
}
