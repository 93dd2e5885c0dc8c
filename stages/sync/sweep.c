/* What no delivery told, and a repository's first reading: issues and pull requests in the order of their changes, one page a
 * job. The cursor moves in the transaction that stores the page, so a sweep that stops anywhere goes on there. */
#include <inttypes.h>

#include "queue/progress.h"
#include "sql.h"
#include "sync.h"

bool reconcile_settle(struct work *w, struct tx *tx, void *task)
{
	struct sql_sweep_start_out out;

	(void)task;
	if (!sql_sweep_start(w, tx, &(struct sql_sweep_start_in){ w->job, work_trace(w) }, &out))
		return false;
	w->output = arena_printf(w->arena, "{\"sweeps\":%" PRId64 "}", out.sweeps);
	return true;
}

bool sweep_plan(struct work *w, struct tx *tx, void *task)
{
	struct sweep_task *t = task;
	struct sql_sweep_read_out row;
	bool found;

	if (!sql_sweep_read(w, tx, &(struct sql_sweep_read_in){ t->project_id }, &row, &found))
		return false;
	if (!found || !row.has_repo_id)
		return err_set(w, ERR_INVALID, "sync.project_unknown", "no sweep of this project was begun");
	t->repo_id = row.repo_id;
	t->serial = row.serial;
	t->page = row.page;
	t->seen = row.seen;
	t->since = row.has_since ? row.since : 0;
	t->next = row.next;
	t->planned_at = row.now;
	quota_about(w->quota, "/repositories/%" PRId64 "/issues", t->repo_id);
	return true;
}

bool sweep_effect(struct work *w, const struct outside *outside, void *task)
{
	struct sweep_task *t = task;

	if (t->serial == 0)
		progress_report(w, t->seen, 0, STR("issues and pull requests of the first reading"));
	return github_issues_changed(
		w, outside->github, t->repo_id, t->since, t->next, &t->issues, &t->n_issues, &t->more);
}

static bool keep(struct work *w, struct tx *tx, const struct sweep_task *t, struct sql_sweep_keep_out *out)
{
	size_t n = t->n_issues;
	int64_t *uids = arena_array(w->arena, n + 1, sizeof(*uids)),
		*closed = arena_array(w->arena, n + 1, sizeof(*closed)),
		*updated = arena_array(w->arena, n + 1, sizeof(*updated));
	int32_t *numbers = arena_array(w->arena, n + 1, sizeof(*numbers)),
		*pulls = arena_array(w->arena, n + 1, sizeof(*pulls));
	str *titles = arena_array(w->arena, n + 1, sizeof(*titles)),
	    *states = arena_array(w->arena, n + 1, sizeof(*states)),
	    *reasons = arena_array(w->arena, n + 1, sizeof(*reasons));

	for (size_t i = 0; i < n; i++) {
		const struct github_issue *g = &t->issues[i];

		uids[i] = g->id;
		numbers[i] = g->number;
		titles[i] = g->title;
		states[i] = g->state;
		reasons[i] = g->state_reason;
		closed[i] = g->closed_at;
		updated[i] = g->updated_at;
		pulls[i] = g->is_pull;
	}
	return sql_sweep_keep(w, tx,
		&(struct sql_sweep_keep_in){ t->project_id, { uids, n }, { numbers, n }, { titles, n }, { states, n },
			{ reasons, n }, { closed, n }, { updated, n }, { pulls, n }, t->serial == 0, t->planned_at,
			w->job, work_trace(w) },
		out);
}

/* From the last change on, again: a list that changes under our hands moves its pages, not its order. Only when one second fills
 * a page is the Link header followed. */
bool sweep_settle(struct work *w, struct tx *tx, void *task)
{
	const struct sweep_task *t = task;
	usec last = t->n_issues > 0 ? t->issues[t->n_issues - 1].updated_at : t->since;
	bool stuck = t->more.n > 0 && last <= t->since;
	struct sql_sweep_advance_in in = {
		.project_id = t->project_id,
		.serial = t->serial,
		.page = t->page,
		.has_since = last > 0,
		.since = last,
		.next = stuck ? t->more : (str){ 0 },
		.seen = (int32_t)t->n_issues,
		.done = t->more.n == 0,
		.job = w->job,
		.trace = work_trace(w),
	};
	struct sql_sweep_advance_out advanced;
	struct sql_sweep_keep_out kept;

	if (!keep(w, tx, t, &kept) || !sql_sweep_advance(w, tx, &in, &advanced))
		return false;
	w->output = arena_printf(w->arena,
		"{\"read\":%zu,\"changed\":%" PRId64 ",\"pulls\":%" PRId64 ",\"missed\":%" PRId64 "}", t->n_issues,
		kept.changed, kept.fetched, kept.missed);
	return true;
}

bool one_pull_plan(struct work *w, struct tx *tx, void *task)
{
	struct one_pull_task *t = task;
	struct sql_pull_address_out row;
	bool found;

	if (!sql_pull_address(w, tx, &(struct sql_pull_address_in){ t->project_id }, &row, &found))
		return false;
	if (!found || !row.has_repo_id)
		return err_set(w, ERR_INVALID, "sync.project_unknown", "the project is not in the database");
	t->pull = (struct pull_sync){ .repo_id = row.repo_id, .full_name = row.full_name, .number = t->number };
	t->planned_at = row.now;
	quota_about(w->quota, "/repositories/%" PRId64 "/pulls/%d", row.repo_id, t->number);
	return true;
}

bool one_pull_effect(struct work *w, const struct outside *outside, void *task)
{
	struct one_pull_task *t = task;

	return pull_fetch(w, outside->github, &t->pull);
}

bool one_pull_settle(struct work *w, struct tx *tx, void *task)
{
	const struct one_pull_task *t = task;

	return pull_store(w, tx, &t->pull, t->project_id, 0, t->planned_at);
}
