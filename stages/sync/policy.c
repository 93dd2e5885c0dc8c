/* A project's policy file, as it stands at the end of the default branch: each version is kept, valid or not. */
#include <inttypes.h>

#include "base/output.h"
#include "model/policy.h"
#include "sql.h"
#include "sync.h"

#define COMMITS_LISTED 2048 /* GitHub names no more of them in a push */

static bool names_it(const cJSON *list)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list) {
		if (cJSON_IsString(item) && strcmp(item->valuestring, POLICY_PATH) == 0)
			return true;
	}
	return false;
}

/* A push of nothing new, and one that takes commits back, lists none: then nobody knows. */
static bool may_change(const cJSON *body)
{
	const cJSON *commits = json_get(body, "commits"), *c;
	int n = cJSON_GetArraySize(commits);

	if (n == 0 || n >= COMMITS_LISTED || cJSON_IsTrue(json_get(body, "forced")))
		return true;
	cJSON_ArrayForEach(c, commits) {
		if (names_it(json_get(c, "added")) || names_it(json_get(c, "modified")) ||
			names_it(json_get(c, "removed")))
			return true;
	}
	return false;
}

bool policy_pushed(const cJSON *body, str *after, usec *pushed)
{
	str ref = json_get_str(body, "ref"), branch = json_get_str(body, "repository.default_branch");
	int64_t seconds;

	*after = json_get_str(body, "after");
	*pushed = json_get_i64(body, "repository.pushed_at", &seconds) && seconds > 0 && seconds < INT64_C(1) << 33
		? seconds * USEC_S
		: 0;
	return str_starts(ref, STR("refs/heads/")) && str_eq(str_skip(ref, 11), branch) && branch.n > 0 &&
		after->n <= 64 && may_change(body);
}

bool policy_plan(struct work *w, struct tx *tx, void *task)
{
	struct policy_task *t = task;
	struct sql_policy_address_out row;
	bool found;

	if (!sql_policy_address(w, tx, &(struct sql_policy_address_in){ t->project_id }, &row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "sync.project_unknown", "the project is not in the database");
	if (!row.has_repo_id || row.default_branch.n == 0)
		return err_snooze(
			w, 2 * USEC_S, "sync.project_unresolved", "GitHub has not told the repository's id yet");
	t->repo_id = row.repo_id;
	t->branch = row.default_branch;
	t->planned_at = row.now;
	quota_about(w->quota, "/repositories/%" PRId64, t->repo_id);
	return true;
}

bool policy_effect(struct work *w, const struct outside *outside, void *task)
{
	struct policy_task *t = task;
	struct evidence ev = { 0 };

	if (!github_file(w, outside->github, t->repo_id, t->branch, STR(POLICY_PATH), &t->found, &t->text,
		    &t->commit_sha, &ev)) {
		if (t->commit_sha.n == 0 || strcmp(w->err.code, "github.too_large") != 0)
			return false;
		err_clear(w);
		t->refused = "policy.too_large";
	}
	t->url = ev.url;
	return true;
}

/* A branch that is not there says nothing about the file: what counted before counts on. */
static bool unread(struct work *w)
{
	output_word(w, "policy", "the branch is not there", NULL);
	return true;
}

/* An empty file is one. */
static str text_of(const struct policy_task *t)
{
	if (!t->found || t->refused != NULL)
		return (str){ NULL, 0 };
	return t->text.p != NULL ? t->text : STR("");
}

bool policy_settle(struct work *w, struct tx *tx, void *task)
{
	const struct policy_task *t = task;
	struct project_policy rules;
	struct sql_policy_found_in in = {
		.project_id = t->project_id,
		.commit_sha = t->commit_sha,
		.text = text_of(t),
		.url = t->url.p != NULL ? t->url : STR(POLICY_PATH),
		.code = str_c(t->refused),
		.asked_at = t->planned_at,
		.has_pushed_at = t->pushed_at > 0 && str_eq(t->after, t->commit_sha),
		.pushed_at = t->pushed_at,
		.job = w->job,
		.trace = work_trace(w),
	};
	struct sql_policy_found_out out;
	struct json *j;

	if (t->commit_sha.n == 0)
		return unread(w);
	if (in.text.p != NULL && project_policy_read(w, in.text, &rules)) {
		in.rules = project_policy_text(w, &rules);
	} else if (in.text.p != NULL) {
		in.code = str_c(w->err.code);
		in.detail = arena_printf(w->arena, "%s", w->err.text);
		err_clear(w);
	}
	if (!sql_policy_found(w, tx, &in, &out))
		return false;
	j = output_open(w);
	json_bool(j, "changed", out.changed);
	json_str(j, "code", in.code);
	output_close(w, j);
	return true;
}
