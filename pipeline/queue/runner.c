/* A runner, from its stages to its end. */
#include "queue/stage.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/log.h"
#include "crew.h"
#include "dispatch.h"

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

bool runner_run(struct work *w, const struct runner_conf *c, const struct stage *const stages[],
	const struct outside *outside, volatile sig_atomic_t *stop)
{
	static const char *const channels[] = { WAKE_CHANNEL };
	struct runner *r = runner_new(w, c, stages, outside);
	struct dispatcher d = { .r = r };

	if (r == NULL)
		return false;
	if (!dispatch_join(w, &d)) {
		conn_close(&d.conn);
		runner_free(r);
		return false;
	}
	d.listen = listen_new(&c->db, channels, 1);
	crew_start(r);
	log_event(LOG_INFO, w, "queue.started", "worker=%lld threads=%d", (long long)r->worker, c->threads);
	while (!*stop)
		dispatch_turn(w, &d);
	dispatch_drain(w, &d);
	dispatch_leave(w, &d);
	log_event(LOG_INFO, w, "queue.stopped", NULL);
	conn_close(&d.conn);
	listen_free(&d.listen);
	runner_free(r);
	return true;
}
