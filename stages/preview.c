#include "preview.h"

#include "base/json.h"
#include "queue/stage.h"
#include "stages.h"

#define LEAST (60 * USEC_S)

const char *const preview_names[PREVIEW_OUTCOMES] = { "done", "acts", "asks", "rows", "waits", "parks" };

static const struct stage *stage_of(str kind)
{
	for (size_t i = 0; all_stages[i] != NULL; i++)
		if (str_eq(kind, str_c(all_stages[i]->kind)))
			return all_stages[i];
	return NULL;
}

static enum preview_outcome of_error(const struct work *w)
{
	if (strncmp(w->err.text, "25006 ", 6) == 0) /* plan wanted to write its intent: there is none yet */
		return PREVIEW_ACTS;
	return w->err.kind == ERR_RETRY || w->err.kind == ERR_UNCERTAIN ? PREVIEW_WAITS : PREVIEW_PARKS;
}

static bool peek(struct work *w, struct conn *conn, const struct stage *s, void *task)
{
	bool (*look)(struct work *, struct tx *, void *) = s->peek != NULL ? s->peek : s->plan;
	struct tx tx = { 0 };
	bool ok = look == NULL || (tx_begin(w, conn, TX_READ, &tx) && look(w, &tx, task));

	tx_rollback(&tx);
	return ok;
}

static bool is_decided(const struct stage *s, const void *task)
{
	return s->decided != 0 && *(const bool *)((const char *)task + s->decided);
}

/* False: w->err says why not. */
static bool judge(struct work *w, struct conn *conn, const struct outside *outside, const struct stage *s, str args,
	enum preview_outcome *out)
{
	void *task = arena_zero(w->arena, s->task.size > 0 ? s->task.size : 1);
	bool done = false;

	*out = s->effect == NULL ? PREVIEW_ROWS : PREVIEW_ASKS;
	if (s->task.n > 0 && !json_read_text(w, args, s->task, 0, task))
		return false;
	if (s->decided == 0 && s->probe == NULL)
		return true;
	if (!peek(w, conn, s, task))
		return false;
	if (!is_decided(s, task) && s->probe != NULL && !s->probe(w, outside, task, &done))
		return false;
	if (is_decided(s, task) || done)
		*out = PREVIEW_DONE;
	else if (s->probe != NULL)
		*out = PREVIEW_ACTS;
	return true;
}

static void preview_one(struct work *w, struct conn *conn, const struct outside *outside,
	const struct sql_replay_pick_out *job, struct preview *out)
{
	const struct stage *s = stage_of(job->kind);
	enum preview_outcome outcome = PREVIEW_WAITS;

	*out = (struct preview){ .job_id = job->job_id, .kind = job->kind, .state = job->state };
	w->deadline = clock_monotonic() + (s == NULL ? LEAST : (usec)s->lease_s * USEC_S);
	if (s == NULL)
		(void)err_snooze(w, 0, "queue.kind_unknown", "this program has no " STR_FMT, STR_ARG(job->kind));
	if (s == NULL || !judge(w, conn, outside, s, job->args, &outcome)) {
		outcome = of_error(w);
		if (outcome != PREVIEW_ACTS) {
			out->code = str_c(w->err.code);
			out->text = arena_str(w->arena, str_c(w->err.text));
		}
	}
	out->outcome = str_c(preview_names[outcome]);
	err_clear(w);
	w->deadline = 0;
}

/* How many of the jobs before this one are of its kind. */
static int64_t rank(const struct sql_replay_pick_out *jobs, size_t at, int64_t most)
{
	int64_t n = 0;

	for (size_t i = 0; i < at && n < most; i++)
		n += str_eq(jobs[i].kind, jobs[at].kind);
	return n;
}

/* The stages whose outside is asked; their keys are not. */
static struct invocation stages_of(
	struct work *w, const struct invocation *in, const struct sql_replay_pick_out *jobs, size_t n)
{
	struct invocation out = *in;

	out.argv = arena_array(w->arena, n + 1, sizeof(*out.argv));
	out.argc = 0;
	for (size_t i = 0; i < n; i++) {
		const struct stage *s = stage_of(jobs[i].kind);

		if (s != NULL && s->probe != NULL && rank(jobs, i, 1) == 0)
			out.argv[out.argc++] = arena_cstr(w->arena, str_c(s->name));
	}
	return out;
}

bool preview_jobs(struct work *w, const struct invocation *in, const struct sql_replay_pick_out *jobs, size_t n,
	int64_t most, struct preview **out, size_t *n_out)
{
	struct conn_conf c = command_db(in, "patchwork preview");
	struct invocation stages = stages_of(w, in, jobs, n);
	struct outside outside = { 0 };
	struct conn *conn = NULL;
	bool ok = most == 0 || (command_open_outside(w, &stages, &outside) && conn_open(w, &c, &conn));

	*out = arena_array(w->arena, n + 1, sizeof(**out));
	*n_out = 0;
	for (size_t i = 0; ok && most > 0 && i < n; i++)
		if (rank(jobs, i, most) < most)
			preview_one(w, conn, &outside, &jobs[i], &(*out)[(*n_out)++]);
	conn_close(&conn);
	command_close_outside(&outside);
	return ok;
}
