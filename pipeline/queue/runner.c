/* The dispatcher: one thread that listens, claims for the others, keeps the leases, rescues, moves what is due, releases what
 * has ended and sends the hints. The others run jobs. */
#include "queue/stage.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "crew.h"
#include "db/listen.h"
#include "runner.h"
#include "sql.h"

#define LOOK (500 * USEC_MS)    /* the stop flag is looked at at least this often */
#define RELEASE (20 * USEC_MS)  /* ended claims are collected for this long */
#define PREFETCH (50 * USEC_MS) /* so much work per thread is claimed ahead */
#define ALL_DUE (60 * USEC_S)
#define PARTITIONS (60 * USEC_S)
#define RESCUE USEC_S
#define CONTROL USEC_S
#define RESCUE_AGAIN (USEC_S / 2)
#define REGAIN_SPAN (60 * USEC_S) /* a backend may go on for so long after its connection broke */
#define REPLAY (100 * USEC_MS)    /* between two looks at the buckets of open replays */
#define REPLAY_IDLE USEC_S        /* with none open */

struct dispatcher {
	struct runner *r;
	struct conn *conn;
	struct listen *listen;
	usec beat, rescue, due, all_due, cron, partitions, release, replay, poll, control, feed,
		regain; /* clock_monotonic() of the next */
};

void runner_point(struct work *w, const char *kind, const char *what)
{
#ifdef PATCHWORK_FAULTS
	FAULT(arena_printf(w->arena, "%s.%s%c", kind, what, '\0').p);
#else
	(void)w, (void)kind, (void)what;
#endif
}

void lane_heat(struct runner *r, str queue)
{
	for (int i = 0; i < r->lanes; i++)
		if (str_eq(queue, str_c(r->lane[i].queue)))
			atomic_store(&r->lane[i].hot, true);
}

static void heat_all(struct runner *r)
{
	for (int i = 0; i < r->lanes; i++) {
		atomic_store(&r->lane[i].hot, true);
		atomic_store(&r->lane[i].aside, true);
	}
}

static struct lane *lane_of(struct runner *r, const char *queue)
{
	for (int i = 0; i < r->lanes; i++)
		if (strcmp(r->lane[i].queue, queue) == 0)
			return &r->lane[i];
	if (r->lanes == RUNNER_LANES)
		return NULL;
	r->lane[r->lanes].queue = queue;
	r->lane[r->lanes].pure = true;
	pthread_mutex_init(&r->lane[r->lanes].lock, NULL);
	return &r->lane[r->lanes++];
}

static bool add_stage(struct work *w, struct runner *r, const struct stage *s)
{
	struct lane *lane = lane_of(r, s->name);

	if (lane == NULL || lane->kinds == LANE_KINDS || s->lease_s < 1 || s->attempts < 1)
		return err_set(w, ERR_BUG, "queue.stage", "%s: too many stages, or no lease or attempts", s->kind);
	if (s->steps != NULL && (s->probe != NULL || s->effect != NULL))
		return err_set(w, ERR_BUG, "queue.stage", "%s: steps, and probe or effect", s->kind);
	lane->kind[lane->kinds++] = s;
	lane->pure &= s->plan == NULL && s->probe == NULL && s->effect == NULL && s->steps == NULL;
	if (r->conf->lease > 0)
		lane->lease = r->conf->lease;
	else if (lane->lease < (usec)s->lease_s * USEC_S)
		lane->lease = (usec)s->lease_s * USEC_S;
	return true;
}

static usec shortest_lease(const struct runner *r)
{
	usec lease = INT64_MAX;

	for (int i = 0; i < r->lanes; i++)
		if (r->lane[i].lease < lease)
			lease = r->lane[i].lease;
	return lease;
}

static usec beat_span(const struct runner *r)
{
	usec span = shortest_lease(r) / 5;

	return span > 5 * USEC_S ? 5 * USEC_S : span;
}

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

static usec earlier(usec a, usec b)
{
	return a < b ? a : b;
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
		if (!lease_rescue(w, tx, d->r))
			return false;
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
	if (!keep_lease(w, &tx, d, now) || !move_due(w, &tx, d, now) || !look_at_schedules(w, &tx, d, now) ||
		!make_partitions(w, &tx, d, now) || !send_hints(w, &tx, d, now, &left) || !release(w, &tx, d, now))
		return false;
	let_out(w, &tx, d, now);
	if (!claim_all(w, &tx, d))
		return false;
	now = clock_monotonic();
	*wait = earlier(earlier(earlier(d->beat, d->rescue), earlier(earlier(d->due, d->cron), d->poll)),
			earlier(earlier(d->control, d->feed), d->replay)) -
		now;
	if (atomic_load(&d->r->lost) != 0)
		*wait = earlier(*wait, d->regain - now);
	*wait = earlier(*wait, earlier(left, LOOK));
	if (crew_has_ended(d->r))
		*wait = earlier(*wait, RELEASE);
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

static void turn(struct work *w, struct dispatcher *d)
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
static void drain(struct work *w, struct dispatcher *d)
{
	usec until = clock_monotonic() + d->r->conf->drain;

	log_event(LOG_INFO, w, "queue.draining", NULL);
	crew_close(w, d->r);
	while (!crew_done(d->r) && clock_monotonic() < until)
		turn(w, d);
	if (!crew_done(d->r)) {
		log_event(LOG_WARN, w, "queue.left_in_hand", NULL);
		_exit(RUNNER_LEFT_IN_HAND);
	}
	crew_join(d->r);
}

static void say_goodbye(struct work *w, struct dispatcher *d)
{
	struct tx tx;
	usec left;

	work_reset(w);
	w->deadline = clock_monotonic() + 5 * USEC_S;
	if (d->conn == NULL || !conn_alive(d->conn))
		return; /* the leases end by themselves */
	tx = tx_auto(d->conn);
	d->release = 0;
	if (!release(w, &tx, d, clock_monotonic()) ||
		!send_hints(w, &tx, d, clock_monotonic() + WAKE_DEBOUNCE, &left) ||
		!sql_queue_leave(w, &tx, &(struct sql_queue_leave_in){ d->r->worker }))
		log_failure(LOG_WARN, w, "queue.goodbye_failed");
}

static struct runner *runner_new(
	struct work *w, const struct runner_conf *c, const struct stage *const stages[], const struct outside *outside)
{
	struct runner *r = calloc(1, sizeof(*r));
	struct conn_conf db = c->db;
	bool ok = true;

	if (r == NULL)
		abort();
	r->conf = c;
	r->outside = outside;
	for (int i = 0; stages[i] != NULL && ok; i++)
		ok = add_stage(w, r, stages[i]);
	if (!ok) {
		free(r);
		return NULL;
	}
	for (int i = 0; i < r->lanes; i++)
		tally_lane(&r->lane[i]);
	db.queue_plans = true;
	r->pool = pool_new(&db, c->connections);
	if (!wake_init(&r->wake))
		abort();
	return r;
}

static void runner_free(struct runner *r)
{
	pool_free(&r->pool);
	wake_end(&r->wake);
	crew_free_all(r);
	for (int i = 0; i < r->lanes; i++)
		pthread_mutex_destroy(&r->lane[i].lock);
	free(r);
}

/* Its number is kept, come what may: it is the lease of all its claims. */
static bool join(struct work *w, struct dispatcher *d)
{
	struct tx tx;

	if (!open_conn(w, d))
		return false;
	tx = tx_auto(d->conn);
	return lease_join(w, &tx, d->r) && hasten(w, d);
}

bool runner_run(struct work *w, const struct runner_conf *c, const struct stage *const stages[],
	const struct outside *outside, volatile sig_atomic_t *stop)
{
	static const char *const channels[] = { WAKE_CHANNEL };
	struct runner *r = runner_new(w, c, stages, outside);
	struct dispatcher d = { .r = r };

	if (r == NULL)
		return false;
	if (!join(w, &d)) {
		conn_close(&d.conn);
		runner_free(r);
		return false;
	}
	d.listen = listen_new(&c->db, channels, 1);
	crew_start(r);
	log_event(LOG_INFO, w, "queue.started", "worker=%lld threads=%d", (long long)r->worker, c->threads);
	while (!*stop)
		turn(w, &d);
	drain(w, &d);
	say_goodbye(w, &d);
	log_event(LOG_INFO, w, "queue.stopped", NULL);
	conn_close(&d.conn);
	listen_free(&d.listen);
	runner_free(r);
	return true;
}
