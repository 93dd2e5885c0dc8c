#include <inttypes.h>

#include "base/output.h"
#include "sql.h"
#include "sync.h"

bool project_plan(struct work *w, struct tx *tx, void *task)
{
	struct project_task *t = task;
	struct sql_project_address_out row;
	bool found;

	if (!sql_project_address(w, tx, &(struct sql_project_address_in){ t->project_id }, &row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "sync.project_unknown", "the project is not in the database");
	t->known = row.has_repo_id;
	t->repo_id = row.repo_id;
	t->full_name = row.full_name;
	if (t->known)
		quota_about(w->quota, "/repositories/%" PRId64, t->repo_id);
	return true;
}

bool project_effect(struct work *w, const struct outside *outside, void *task)
{
	struct project_task *t = task;
	struct evidence ev;

	if (!t->known)
		return github_repo_by_name(w, outside->github, t->full_name, &t->repo, &ev);
	if (github_repo_by_id(w, outside->github, t->repo_id, &t->repo, &ev)) {
		t->lost = t->repo.private_ ? "project.private" : NULL;
		return true;
	}
	if (w->err.kind != ERR_INVALID ||
		!str_one_of(str_c(w->err.code), "github.not_found|github.gone|github.refused"))
		return false;
	t->lost = w->err.code; /* deleted, made private, or the app or token may not read it any more */
	err_clear(w);
	return true;
}

static bool settle_lost(struct work *w, struct tx *tx, const struct project_task *t)
{
	struct sql_project_lose_in in = { { &t->repo_id, 1 }, str_c(t->lost), 0, work_trace(w), 0 };
	struct sql_project_lose_out out;

	output_word(w, "degraded", t->lost, NULL);
	return sql_project_lose(w, tx, &in, &out);
}

bool project_settle(struct work *w, struct tx *tx, void *task)
{
	struct project_task *t = task;
	struct sql_project_resolve_in in = {
		.project_id = t->project_id,
		.repo_id = t->repo.id,
		.full_name = t->repo.full_name,
		.default_branch = t->repo.default_branch,
		.private = t->repo.private_,
		.archived = t->repo.archived,
		.trace = work_trace(w),
	};
	struct sql_project_resolve_out out;
	bool found;

	if (t->lost != NULL)
		return settle_lost(w, tx, t);
	if (t->repo.private_)
		return err_set(w, ERR_INVALID, "project.private",
			"the repository is private: what Patchwork keeps of a project is public");
	if (!sql_project_resolve(w, tx, &in, &out, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "sync.project_changed", "the project is bound to another repository");
	return true;
}
