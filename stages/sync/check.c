/* Is a repository this person's? Each way asks GitHub, now, by numeric ids; what it said is kept as evidence. */
#include <inttypes.h>

#include "base/output.h"
#include "sql.h"
#include "sync.h"

/* The file of our own; or our member of the one that other funders' programs read, too. */
#define FILE_PATH STR(".well-known/patchwork.json")
#define FUNDING_PATH STR("FUNDING.json")
#define FUNDING_MEMBER "patchwork"

bool check_plan(struct work *w, struct tx *tx, void *task)
{
	struct check_task *t = task;
	struct sql_ownership_read_out row;
	bool found;

	if (!sql_ownership_read(w, tx, &(struct sql_ownership_read_in){ t->check_id }, &row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "sync.check_unknown", "the check is not in the database");
	if (!row.has_repo_id)
		return err_snooze(
			w, 2 * USEC_S, "sync.project_unresolved", "GitHub has not told the repository's id yet");
	t->project_id = row.project_id;
	t->method = row.method;
	t->challenge = row.challenge;
	t->branch = row.default_branch;
	t->repo_id = row.repo_id;
	t->login = row.login;
	t->uid = row.has_uid ? row.uid : 0;
	t->stood = str_eq(row.state, STR("passed"));
	quota_about(w->quota, "/repositories/%" PRId64, t->repo_id);
	t->lapsed = row.lapsed;
	if (t->lapsed.p != NULL) {
		if (w->quota != NULL)
			w->quota->idle = true;
		return true;
	}
	t->own_token = row.has_token_id && str_one_of(t->method, "permission|ping");
	return !t->own_token ||
		ask_as(w, tx, &(struct own_token){ t->uid, row.token_id, row.token, row.token_ends }, &t->wait);
}

static bool refuse(struct check_task *t, const char *code)
{
	t->passed = false;
	t->code = code;
	return true;
}

/* Whose token it is was found out when it was linked: the account's number. A token that GitHub takes no more shows nothing. */
static bool by_own_token(struct work *w, struct github *g, struct check_task *t)
{
	if (!github_repo_admin(w, g, t->repo_id, &t->passed, &t->ev)) {
		if (strcmp(w->err.code, "github.refused") != 0)
			return false;
		err_clear(w);
		return refuse(t, "ownership.token_refused");
	}
	return t->passed || refuse(t, "ownership.not_admin");
}

static bool by_permission(struct work *w, struct github *g, struct check_task *t)
{
	str permission;

	if (t->uid == 0)
		return refuse(t, "ownership.account_unlinked");
	if (t->own_token)
		return by_own_token(w, g, t);
	if (!github_permission_of(w, g, t->repo_id, t->login, t->uid, &permission, &t->ev))
		return false;
	t->passed = str_eq(permission, STR("admin"));
	return t->passed || refuse(t, "ownership.not_admin");
}

/* One question in the installation's name. It is another account's than the turn's, so nothing of its limits is kept. */
static bool as_installation(struct work *w, struct github *g, struct check_task *t)
{
	struct quota_left left;
	int64_t before;
	bool ok;

	if (w->quota == NULL)
		return by_permission(w, g, t);
	left = w->quota->at[QUOTA_CORE];
	before = w->quota->installation;
	w->quota->installation = t->installation.id;
	ok = by_permission(w, g, t);
	w->quota->installation = before;
	w->quota->at[QUOTA_CORE] = left;
	return ok;
}

static bool by_app(struct work *w, struct github *g, struct check_task *t)
{
	if (!github_installation_of(w, g, t->repo_id, &t->installation))
		return false;
	t->asked_app = true;
	if (t->installation.id == 0)
		return refuse(t, "ownership.not_installed");
	if (t->installation.suspended)
		return refuse(t, "ownership.suspended");
	return as_installation(w, g, t);
}

static bool holds(const cJSON *file, str challenge)
{
	const cJSON *item;

	if (str_eq(json_get_str(file, "challenge"), challenge))
		return true;
	cJSON_ArrayForEach(item, json_get(file, "challenges"))
		if (cJSON_IsString(item) && str_eq(str_c(item->valuestring), challenge))
			return true;
	return false;
}

/* member  of the file; NULL = the file is all ours
 * says    it has something for us */
static bool file_says(struct work *w, struct github *g, struct check_task *t, str path, const char *member, bool *says)
{
	const cJSON *file;
	bool found;
	str text;

	*says = false;
	if (!github_file(w, g, t->repo_id, t->branch, path, &found, &text, &t->commit_sha, &t->ev))
		return false;
	if (!found)
		return true;
	if (!json_parse(w, text, &file)) {
		err_clear(w);
		*says = member == NULL;
		return true;
	}
	if (member != NULL)
		file = json_get(file, member);
	*says = file != NULL;
	t->passed = holds(file, t->challenge);
	return true;
}

static bool by_file(struct work *w, struct github *g, struct check_task *t)
{
	bool ours, funding = false;

	if (!file_says(w, g, t, FILE_PATH, NULL, &ours) ||
		(!t->passed && !file_says(w, g, t, FUNDING_PATH, FUNDING_MEMBER, &funding)))
		return false;
	return t->passed || refuse(t, ours || funding ? "ownership.file_challenge" : "ownership.file_missing");
}

bool check_effect(struct work *w, const struct outside *outside, void *task)
{
	struct check_task *t = task;
	struct github *g = outside->github;
	bool ok;

	if (t->wait > 0)
		return token_wait(w, t->wait);
	if (t->lapsed.p != NULL)
		return refuse(t, arena_cstr(w->arena, t->lapsed));
	ok = str_eq(t->method, STR("app"))       ? by_app(w, g, t)
		: str_eq(t->method, STR("file")) ? by_file(w, g, t)
						 : by_permission(w, g, t);
	/* that we may not ask says nothing about who passed before */
	if (ok || w->err.kind != ERR_INVALID || t->stood ||
		!str_one_of(str_c(w->err.code), "github.refused|github.no_app"))
		return ok;
	refuse(t, w->err.code);
	err_clear(w);
	return true;
}

static bool store_installation(struct work *w, struct tx *tx, const struct check_task *t)
{
	struct sql_ownership_installation_in in = { t->project_id, t->installation.id, t->installation.account_id,
		t->installation.account_login, t->installation.suspended };
	struct sql_ownership_installation_out out;

	return sql_ownership_installation(w, tx, &in, &out);
}

bool check_settle(struct work *w, struct tx *tx, void *task)
{
	const struct check_task *t = task;
	struct sql_ownership_settle_in in = {
		.check_id = t->check_id,
		.passed = t->passed,
		.code = str_c(t->code),
		.evidence_sha256 = str_of(t->ev.bytes.p == NULL ? NULL : t->ev.sha256, t->ev.bytes.p == NULL ? 0 : 32),
		.commit_sha = t->commit_sha,
		.job = w->job,
		.trace = work_trace(w),
	};
	struct sql_ownership_settle_out out;
	struct json *j;

	if (t->asked_app && !store_installation(w, tx, t))
		return false;
	if (!sql_ownership_settle(w, tx, &in, &out))
		return false;
	j = output_open(w);
	json_bool(j, "passed", t->passed);
	json_str(j, "project", out.state);
	output_close(w, j);
	return true;
}

bool reverify_settle(struct work *w, struct tx *tx, void *task)
{
	struct sql_ownership_due_out out;

	(void)task;
	if (!sql_ownership_due(w, tx, &(struct sql_ownership_due_in){ w->job, work_trace(w) }, &out))
		return false;
	w->output = arena_printf(w->arena, "{\"checks\":%" PRId64 ",\"projects\":%" PRId64 ",\"lost\":%d}", out.checks,
		out.projects, out.lost);
	return true;
}
