#include "dispatch.h"

#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "crew.h"
#include "queue/stage.h"
#include "sql.h"

#define LOOK (500 * USEC_MS)   /* the stop flag is looked at at least this often */
#define PREFETCH (3 * USEC_MS) /* so much work per thread is claimed ahead */

static bool open_conn(struct work *w, struct dispatcher *d)
{
	struct conn_conf conf = d->r->conf->db;

	conf.queue_plans = true;
	return conn_open(w, &conf, &d->conn);
}

/* Claims and heartbeats that a crash of the database loses are done again: its commits need not wait for the disk. A lock that
 * another holds is not waited for: heartbeats must go on. */
static bool hasten(struct work *w, struct dispatcher *d)
{
	PGresult *res;
	bool ok;

	res = PQexec(conn_pg(d->conn), "set synchronous_commit = off; set lock_timeout = '300ms'");
	ok = PQresultStatus(res) == PGRES_COMMAND_OK;
	PQclear(res);
	if (ok)
		return true;
	conn_close(&d->conn);
	return err_set(w, ERR_RETRY, "db.unreachable", "the connection broke at its start");
}

/* Its number is kept, come what may: it is the lease of all its claims. */
bool dispatch_join(struct work *w, struct dispatcher *d)
{
	struct tx tx;

	if (!open_conn(w, d))
		return false;
	tx = tx_auto(d->conn);
	return lease_join(w, &tx, d->r) && hasten(w, d);
}

static void heat_all(struct runner *r)
{
	for (int i = 0; i < r->lanes; i++) {
		atomic_store(&r->lane[i].hot, true);
		atomic_store(&r->lane[i].aside, true);
	}
}

/* How many jobs of this lane may be claimed now: what idle threads take at once, and a little ahead for quick ones. */
static int room(struct dispatcher *d, struct lane *lane)
{
	const struct runner_conf *c = d->r->conf;
	usec average = atomic_load(&lane->average);
	int ahead = average == 0 ? 0 : (int)earlier(c->threads * PREFETCH / average, c->batch);
	int free = crew_free(d->r, lane->pure ? 0 : ahead);

	if (lane->pure)
		return free > 0 ? c->batch : 0;
	return free < c->batch ? free : c->batch;
}

/* A paused queue: has it been resumed? Asked when there may be something new, so at least each poll. */
static bool still_stopped(struct work *w, struct tx *tx, struct lane *lane, bool *stopped)
{
	*stopped = claim_stopped(lane);
	if (!*stopped || !atomic_load(&lane->hot))
		return true;
	if (!claim_rules(w, tx, lane))
		return false;
	*stopped = claim_stopped(lane);
	if (*stopped)
		atomic_store(&lane->hot, false);
	return true;
}

static bool claim_lane(struct work *w, struct tx *tx, struct dispatcher *d, struct lane *lane)
{
	struct batch *b;
	bool owned, stopped;
	int want;

	if (!still_stopped(w, tx, lane, &stopped))
		return false;
	while (atomic_load(&lane->hot) && !claim_stopped(lane) && (want = room(d, lane)) > 0) {
		if (!claim_take(w, tx, d->r, lane, &(struct claim_ask){ .want = want, .known = claim_known(lane) },
			    &owned, &b))
			return false;
		if (b == NULL)
			continue;
		FAULT("queue.claimed");
		tally_claimed(b);
		crew_push(d->r, b);
	}
	return true;
}

/* What waits aside is let in when nothing else is there to do; a little of it always. */
static bool feed_lane(struct work *w, struct tx *tx, struct dispatcher *d, struct lane *lane, usec now)
{
	int want = atomic_load(&lane->hot) ? 0 : room(d, lane);
	usec next;

	if (claim_stopped(lane))
		return true;
	if (lane->pure)
		want *= d->r->conf->threads;
	if (!control_feed(w, tx, lane, now, want, &next))
		return false;
	d->feed = earlier(d->feed, next);
	return true;
}

static bool claim_all(struct work *w, struct tx *tx, struct dispatcher *d)
{
	d->feed = INT64_MAX;
	for (int i = 0; i < d->r->lanes && !runner_closing(d->r); i++) {
		struct lane *lane = &d->r->lane[i];

		if (!claim_lane(w, tx, d, lane) || !feed_lane(w, tx, d, lane, clock_monotonic()) ||
			!claim_lane(w, tx, d, lane))
			return false;
	}
	return true;
}

/* Everything that may be due on the dispatcher's connection; *wait = how long nothing will be. */
static bool tend(struct work *w, struct dispatcher *d, usec *wait)
{
	struct tx tx = tx_auto(d->conn);
	usec now = clock_monotonic(), left = INT64_MAX;

	w->deadline = now + 10 * USEC_S;
	if (now >= d->poll) {
		heat_all(d->r);
		d->poll = now + d->r->conf->poll * 9 / 10 + now % (d->r->conf->poll / 5 + 1);
	}
	if (!duties_do(w, &tx, d, now, &left) || !claim_all(w, &tx, d))
		return false;
	now = clock_monotonic();
	*wait = earlier(earlier(duties_next(d), earlier(d->poll, d->feed)) - now, earlier(left, LOOK));
	if (*wait < 0)
		*wait = 0;
	return true;
}

static void pause_for(struct work *w, struct dispatcher *d, usec wait)
{
	str channel, payload;

	if (wait > 0 && listen_wait(w, d->listen, wait, d->r->wake.fd, &channel, &payload)) {
		do {
			if (str_eq(payload, STR(WAKE_CONTROL)))
				d->control = d->poll = 0;
			lane_heat(d->r, payload);
		} while (listen_wait(w, d->listen, 0, -1, &channel, &payload));
	}
	wake_calm(&d->r->wake);
}

void dispatch_turn(struct work *w, struct dispatcher *d)
{
	usec wait = 200 * USEC_MS;

	work_reset(w);
	if (d->conn == NULL || !conn_alive(d->conn)) {
		conn_close(&d->conn);
		atomic_store(&d->r->lost, clock_monotonic()); /* a crash may have undone a release */
		if (!open_conn(w, d) || !hasten(w, d))
			log_failure(LOG_WARN, w, "queue.unreachable");
	}
	if (d->conn != NULL && !tend(w, d, &wait)) {
		log_failure(LOG_WARN, w, "queue.tend_failed");
		wait = 200 * USEC_MS;
	}
	pause_for(w, d, wait);
}

/* What was claimed and not begun goes back at once; what is in hand may end until the drain is over. Then the process ends
 * here: its threads cannot be stopped otherwise, and their leases bring the jobs back. */
void dispatch_drain(struct work *w, struct dispatcher *d)
{
	usec until = clock_monotonic() + d->r->conf->drain;

	log_event(LOG_INFO, w, "queue.draining", NULL);
	crew_close(w, d->r);
	while (!crew_done(d->r) && clock_monotonic() < until)
		dispatch_turn(w, d);
	if (!crew_done(d->r)) {
		log_event(LOG_WARN, w, "queue.left_in_hand", NULL);
		_exit(RUNNER_LEFT_IN_HAND);
	}
	crew_join(d->r);
}

void dispatch_leave(struct work *w, struct dispatcher *d)
{
	struct tx tx;

	work_reset(w);
	w->deadline = clock_monotonic() + 5 * USEC_S;
	if (d->conn == NULL || !conn_alive(d->conn))
		return; /* the leases end by themselves */
	tx = tx_auto(d->conn);
	if (!duties_last(w, &tx, d) || !sql_queue_leave(w, &tx, &(struct sql_queue_leave_in){ d->r->worker }))
		log_failure(LOG_WARN, w, "queue.goodbye_failed");
}
