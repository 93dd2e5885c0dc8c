/* The steps of a long job. */
#include <assert.h>

#include "queue/progress.h"
#include "runner.h"

bool step_output(const struct work *w, const char *name, str *output)
{
	const struct running *a = w->run;

	for (size_t i = 0; a != NULL && i < a->n_steps; i++)
		if (str_eq(a->steps[i].name, str_c(name))) {
			*output = a->steps[i].output;
			return true;
		}
	return false;
}

/* The later steps of this attempt ask for it. */
static void remember(struct work *w, const char *name, str output)
{
	struct running *a = w->run;
	struct sql_queue_steps_out *steps = arena_array(w->arena, a->n_steps + 1, sizeof(*steps));

	if (a->n_steps > 0)
		memcpy(steps, a->steps, a->n_steps * sizeof(*steps));
	steps[a->n_steps] = (struct sql_queue_steps_out){ .name = str_c(name), .output = output };
	a->steps = steps;
	a->n_steps++;
}

/* The step is done if and only if tx commits. */
static bool step_done(struct work *w, struct tx *tx, const char *name, str output)
{
	const struct running *a = w->run;
	struct sql_queue_step_out out;

	if (output.n > OUTPUT_MAX)
		return err_set(w, ERR_INVALID, "queue.step_output", "%s left %zu bytes", name, output.n);
	if (!sql_queue_step(w, tx,
		    &(struct sql_queue_step_in){ .job_id = a->job->id,
			    .attempt = a->job->attempt,
			    .worker = a->runner->worker,
			    .claim = a->job->batch->claim,
			    .name = str_c(name),
			    .output = output },
		    &out))
		return false;
	if (!out.ours)
		return err_retry_after(w, 0, "queue.lease_lost", "step %s: the claim was taken over", name);
	assert(out.fresh); /* what is behind the job was read under this claim */
	return true;
}

static bool load(struct work *w, struct runner *r)
{
	struct running *a = w->run;
	struct conn *conn;
	struct tx tx;
	bool ok;

	if (!pool_take(w, r->pool, &conn))
		return false;
	tx = tx_auto(conn);
	ok = sql_queue_steps(w, &tx, &(struct sql_queue_steps_in){ a->job->id }, &a->steps, &a->n_steps);
	pool_give(r->pool, conn);
	return ok;
}

static bool act(struct work *w, struct runner *r, const struct job *j, const struct step *s, void *task)
{
	bool ok;

	if (s->effect == NULL)
		return true;
	if (!attempt_may_act(w, r, j))
		return false;
	attempt_allow(w, j);
	w->run->outside = true;
	progress_effect(w, "step.called", str_c(s->name));
	ok = s->effect(w, r->outside, task);
	w->run->outside = false;
	return ok;
}

static bool settle(struct work *w, struct runner *r, const struct job *j, const struct step *s, void *task)
{
	struct conn *conn;
	struct tx tx = { 0 };
	bool ok;

	attempt_allow(w, j);
	if (!pool_take(w, r->pool, &conn))
		return false;
	ok = tx_begin(w, conn, TX_DURABLE, &tx) && (s->settle == NULL || s->settle(w, &tx, task)) &&
		step_done(w, &tx, s->name, w->output);
	if (ok) {
		runner_point(w, j->stage->kind, arena_printf(w->arena, "%s.settling%c", s->name, '\0').p);
		ok = tx_commit(w, &tx);
	}
	tx_rollback(&tx);
	pool_give(r->pool, conn);
	return ok;
}

bool steps_run(struct work *w, struct runner *r, const struct job *j, void *task)
{
	str before;

	attempt_allow(w, j);
	if (!load(w, r))
		return false;
	for (const struct step *s = j->stage->steps; s->name != NULL; s++) {
		if (step_output(w, s->name, &before))
			continue;
		w->output = (str){ 0 };
		if (!act(w, r, j, s, task) || !settle(w, r, j, s, task))
			return false;
		remember(w, s->name, w->output);
		w->output = (str){ 0 };
		runner_point(w, j->stage->kind, arena_printf(w->arena, "%s.settled%c", s->name, '\0').p);
	}
	return true;
}
