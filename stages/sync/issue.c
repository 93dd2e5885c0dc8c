#include <inttypes.h>

#include "sql.h"
#include "sync.h"

bool issue_plan(struct work *w, struct tx *tx, void *task)
{
	struct issue_task *t = task;
	struct sql_issue_address_out row;
	bool found;

	if (!sql_issue_address(w, tx, &(struct sql_issue_address_in){ t->issue_id }, &row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "sync.issue_unknown", "the issue is not in the database");
	if (!row.has_repo_id)
		return err_snooze(
			w, 5 * USEC_S, "sync.project_unresolved", "GitHub has not told the repository's id yet");
	t->project_id = row.project_id;
	t->repo_id = row.repo_id;
	t->number = row.number;
	t->planned_at = row.now;
	quota_about(w->quota, "/repositories/%" PRId64 "/issues/%d", t->repo_id, t->number);
	return true;
}

bool issue_effect(struct work *w, const struct outside *outside, void *task)
{
	struct issue_task *t = task;
	struct evidence ev;

	if (!github_issue_get(w, outside->github, t->repo_id, t->number, &t->issue, &ev)) {
		t->gone = w->err.kind == ERR_INVALID && strcmp(w->err.code, "github.gone") == 0;
		if (t->gone)
			err_clear(w);
		return t->gone;
	}
	if (t->issue.is_pull)
		return err_set(w, ERR_INVALID, "sync.issue_is_pull", "number %d is a pull request", t->number);
	return true;
}

bool issue_store(struct work *w, struct tx *tx, uuid project_id, const struct github_issue *i, usec planned_at)
{
	struct sql_issue_observe_in in = {
		.project_id = project_id,
		.uid = i->id,
		.number = i->number,
		.title = i->title,
		.state = i->state,
		.state_reason = i->state_reason,
		.has_closed_at = i->closed_at > 0,
		.closed_at = i->closed_at,
		.updated_at = i->updated_at,
		.has_read_after = planned_at > 0,
		.read_after = planned_at,
		.job = w->job,
		.trace = work_trace(w),
	};
	struct sql_issue_observe_out out;

	return sql_issue_observe(w, tx, &in, &out);
}

bool issue_settle(struct work *w, struct tx *tx, void *task)
{
	struct issue_task *t = task;
	struct sql_issue_gone_in gone = { .project_id = t->project_id,
		.number = t->number,
		.reason = STR("deleted"),
		.job = w->job,
		.trace = work_trace(w) };
	struct sql_issue_gone_out out;

	if (t->gone)
		return sql_issue_gone(w, tx, &gone, &out);
	return issue_store(w, tx, t->project_id, &t->issue, t->planned_at);
}
