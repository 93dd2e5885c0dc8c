#include <inttypes.h>

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

	if (t->known)
		return github_repo_by_id(w, outside->github, t->repo_id, &t->repo, &ev);
	return github_repo_by_name(w, outside->github, t->full_name, &t->repo, &ev);
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

	if (t->repo.private_)
		return err_set(w, ERR_INVALID, "project.private",
			"the repository is private: what Patchwork keeps of a project is public");
	if (!sql_project_resolve(w, tx, &in, &out, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "sync.project_changed", "the project is bound to another repository");
	return true;
}
