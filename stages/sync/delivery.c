/* A stored webhook: what it is about, and what follows from it. A body is trusted (its signature was checked), but it may be
 * old, repeated or out of order: pull requests are fetched anew, issues carry GitHub's own time. */
#include <inttypes.h>

#include "base/json.h"
#include "base/output.h"
#include "sql.h"
#include "sync.h"

static void ignore(struct delivery_task *t, const char *reason)
{
	t->kind = DELIVERY_IGNORED;
	t->reason = reason;
}

/* The text of a body that was signed before the merge or by the merge itself. */
static str text_at_merge(const cJSON *body, const struct delivery_task *t)
{
	if (cJSON_IsTrue(json_get(body, "pull_request.merged")) && !str_eq(t->action, STR("closed")))
		return (str){ NULL, 0 };
	return json_get_str(body, "pull_request.body");
}

/* Also of what is ignored: it belongs to the pull request's lineage. */
static int32_t subject_number(const cJSON *subject)
{
	int64_t number;

	return json_get_i64(subject, "number", &number) && number >= 1 && number <= INT32_MAX ? (int32_t)number : 0;
}

static void read_pull(const cJSON *body, struct delivery_task *t)
{
	t->number = subject_number(json_get(body, "pull_request"));
	if (t->number == 0)
		return ignore(t, "delivery.malformed");
	t->kind = DELIVERY_PULL;
	t->pull.repo_id = t->repo_id;
	t->pull.full_name = t->full_name;
	t->pull.number = t->number;
	t->pull.text = text_at_merge(body, t);
	if (!clock_parse(json_get_str(body, "pull_request.updated_at"), &t->pull.text_at))
		t->pull.text_at = 0;
	t->pull.at_merge = str_eq(t->action, STR("closed")) && cJSON_IsTrue(json_get(body, "pull_request.merged"));
	if (comment_edited_by_other(body, "pull_request.user.id") && cJSON_IsObject(json_get(body, "changes.body")))
		t->pull.edited_at = t->received_at;
}

static const struct field issue_fields[] = {
	FIELD(FIELD_I64, struct github_issue, id, .min = 1, .max = INT64_MAX),
	FIELD(FIELD_I32, struct github_issue, number, .min = 1, .max = INT32_MAX),
	FIELD(FIELD_STR, struct github_issue, title),
	FIELD(FIELD_STR, struct github_issue, state, .one_of = "open|closed"),
	FIELD(FIELD_STR, struct github_issue, state_reason, .optional = true),
	FIELD(FIELD_TIME, struct github_issue, closed_at, .optional = true),
	FIELD(FIELD_TIME, struct github_issue, updated_at),
};

static void read_issue(struct work *w, const cJSON *body, struct delivery_task *t)
{
	t->number = subject_number(json_get(body, "issue"));
	/* what happened to a comment, by another event's name: that is not signed */
	if (json_get(body, "comment") != NULL || !cJSON_IsObject(json_get(body, "issue")) ||
		!json_read(w, json_get(body, "issue"), FIELDS(struct github_issue, issue_fields), 0, &t->issue)) {
		err_clear(w);
		return ignore(t, "delivery.malformed");
	}
	t->kind = DELIVERY_ISSUE;
	if (str_one_of(t->action, "deleted|transferred")) { /* it is no longer there to be solved */
		t->issue.state = STR("closed");
		t->issue.state_reason = t->action;
	}
	if (str_eq(t->action, STR("transferred")) && json_get_i64(body, "changes.new_repository.id", &t->moved_repo))
		t->moved_number = subject_number(json_get(body, "changes.new_issue"));
}

static void add_repos(const cJSON *list, int64_t *ids, size_t *n)
{
	const cJSON *repo;

	cJSON_ArrayForEach(repo, list)
		if (json_get_i64(repo, "id", &ids[*n]))
			++*n;
}

/* An app that may no longer read leaves its projects degraded; one that may again has them looked at. */
static void read_installation(struct work *w, const cJSON *body, str event, struct delivery_task *t)
{
	const cJSON *all = json_get(body, "repositories"), *gone = json_get(body, "repositories_removed"),
		    *come = json_get(body, "repositories_added");
	bool removed = str_eq(t->action, STR("removed"));
	int64_t *ids = arena_array(w->arena,
		(size_t)(cJSON_GetArraySize(all) + cJSON_GetArraySize(gone) + cJSON_GetArraySize(come)) + 1,
		sizeof(*ids));

	t->kind = DELIVERY_INSTALLATION;
	if (!json_get_i64(body, "installation.id", &t->installation) || t->installation < 1)
		t->installation = 0;
	if (!json_get_i64(body, "installation.account.id", &t->account))
		t->account = 0;
	t->account_login = json_get_str(body, "installation.account.login");
	if (str_eq(event, STR("installation")))
		add_repos(all, ids, &t->n_repos);
	else
		add_repos(removed ? gone : come, ids, &t->n_repos);
	t->repos = ids;
	if (removed)
		t->lost = "installation.removed";
	else if (str_eq(t->action, STR("deleted")))
		t->lost = "installation.deleted";
	else if (str_eq(t->action, STR("suspend")))
		t->lost = "installation.suspended";
}

/* Of the pull request's author: what it claimed may be gone, which is seen now and remembered. */
static bool is_dropped(const cJSON *body)
{
	int64_t uid, author;

	return cJSON_IsObject(json_get(body, "issue.pull_request")) &&
		comment_edited_by_other(body, "comment.user.id") && json_get_i64(body, "comment.user.id", &uid) &&
		json_get_i64(body, "issue.user.id", &author) && uid == author;
}

static void read_dropped(struct delivery_task *t)
{
	t->kind = DELIVERY_PULL;
	t->reason = "command.edited_by_other";
	t->pull = (struct pull_sync){
		.repo_id = t->repo_id, .full_name = t->full_name, .number = t->number, .edited_at = t->received_at
	};
}

static void read_comment(struct work *w, const cJSON *body, struct delivery_task *t)
{
	const char *why = comment_read(w, body, &t->comment);

	t->number = subject_number(json_get(body, "issue"));
	if (t->number > 0 && is_dropped(body))
		return read_dropped(t);
	if (why != NULL)
		return ignore(t, why);
	if (t->number == 0)
		return ignore(t, "delivery.malformed");
	t->kind = DELIVERY_COMMENT;
}

static void read_push(const cJSON *body, struct delivery_task *t)
{
	if (!policy_pushed(body, &t->after, &t->pushed))
		return ignore(t, "push.elsewhere");
	t->kind = DELIVERY_PUSH;
}

static void read_subject(struct work *w, const cJSON *body, enum delivery_kind kind, struct delivery_task *t)
{
	switch (kind) {
	case DELIVERY_PULL: return read_pull(body, t);
	case DELIVERY_ISSUE: return read_issue(w, body, t);
	case DELIVERY_COMMENT: return read_comment(w, body, t);
	case DELIVERY_PUSH: return read_push(body, t);
	default: t->kind = kind;
	}
}

static void classify(struct work *w, str event, str bytes, struct delivery_task *t)
{
	const cJSON *body;

	const struct event_rule *rule = event_rule(event);

	if (rule == NULL || rule->kind == DELIVERY_IGNORED)
		return ignore(t, "event.unsubscribed");
	if (!json_parse(w, bytes, &body)) {
		err_clear(w);
		return ignore(t, "delivery.malformed");
	}
	t->action = json_get_str(body, "action");
	if (rule->kind == DELIVERY_INSTALLATION && event_takes(rule, t->action))
		return read_installation(w, body, event, t);
	t->full_name = json_get_str(body, "repository.full_name");
	if (!json_get_i64(body, "repository.id", &t->repo_id) || t->repo_id < 1 || t->full_name.n == 0)
		return ignore(t, "delivery.no_repository");
	read_subject(w, body, rule->kind, t);
	if (!event_takes(rule, t->action))
		ignore(t, "action.unsubscribed");
}

static bool find_project(struct work *w, struct tx *tx, bool stale, struct delivery_task *t)
{
	struct sql_project_of_repo_out project;
	bool found;

	if (!sql_project_of_repo(w, tx, &(struct sql_project_of_repo_in){ t->repo_id, t->full_name }, &project, &found))
		return false;
	if (!found)
		ignore(t, "project.unknown");
	else if (!project.resolved && stale)
		ignore(t, "project.unresolved");
	else if (!project.resolved)
		return err_snooze(
			w, 2 * USEC_S, "sync.project_unresolved", "GitHub has not told the repository's id yet");
	t->project_id = project.id;
	return true;
}

static void about(struct work *w, const struct delivery_task *t)
{
	if (w->quota == NULL)
		return;
	w->quota->idle = t->kind != DELIVERY_PULL;
	quota_about(w->quota, "/repositories/%" PRId64 "/pulls/%d", t->repo_id, t->number);
}

/* The secret of one repository's hook speaks for that repository alone. */
static void confine(struct delivery_task *t, int64_t own_repo)
{
	if (t->kind != DELIVERY_IGNORED && (t->kind == DELIVERY_INSTALLATION || t->repo_id != own_repo))
		ignore(t, "hook.repository");
}

bool delivery_plan(struct work *w, struct tx *tx, void *task)
{
	struct delivery_task *t = task;
	struct sql_delivery_read_out row;
	bool found;

	if (!sql_delivery_read(w, tx, &(struct sql_delivery_read_in){ t->delivery_id }, &row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "sync.delivery_unknown", "the delivery is not in the database");
	if (str_eq(row.state, STR("conflict")))
		return err_set(w, ERR_INVALID, "sync.delivery_conflict", "its id was used with another body");
	t->received_at = row.received_at;
	t->planned_at = row.now;
	t->own = row.has_own_hook;
	t->own_hook = row.own_hook;
	classify(w, row.event, row.body, t);
	if (t->own)
		confine(t, row.has_own_repo ? row.own_repo : 0);
	about(w, t);
	return t->kind == DELIVERY_IGNORED || t->kind == DELIVERY_INSTALLATION || find_project(w, tx, row.stale, t);
}

bool delivery_effect(struct work *w, const struct outside *outside, void *task)
{
	struct delivery_task *t = task;

	return t->kind != DELIVERY_PULL || pull_fetch(w, outside->github, &t->pull);
}

/* Of a hook of ours it is about the person that the hook was made for; of any other, about the project alone. */
static bool settle_ping(struct work *w, struct tx *tx, const struct delivery_task *t)
{
	struct sql_project_alive_in in = {
		.project_id = t->project_id,
		.delivery_id = t->delivery_id,
		.received_at = t->received_at,
		.trace = work_trace(w),
	};
	struct sql_project_alive_out out;
	struct sql_hook_pinged_in pinged = { t->own_hook, w->job, work_trace(w), t->received_at };
	struct sql_hook_pinged_out waited;

	return t->own ? sql_hook_pinged(w, tx, &pinged, &waited) : sql_project_alive(w, tx, &in, &out);
}

/* What stands for somebody's ownership may have fallen. */
static bool settle_owners(struct work *w, struct tx *tx, const int64_t *repos, size_t n, int64_t delivery_id)
{
	struct sql_ownership_recheck_in in = { { repos, n }, delivery_id, w->job, work_trace(w) };
	struct sql_ownership_recheck_out jobs;

	return sql_ownership_recheck(w, tx, &in, &jobs);
}

static bool settle_installed(struct work *w, struct tx *tx, const struct delivery_task *t)
{
	struct sql_ownership_installed_in in = {
		.installation = t->installation,
		.has_account_id = t->account > 0,
		.account_id = t->account,
		.login = t->account_login,
		.suspended = str_eq(t->action, STR("suspend")),
		.deleted = str_eq(t->action, STR("deleted")),
		.repo_ids = { t->repos, t->n_repos },
		.removed = str_eq(t->action, STR("removed")),
	};
	struct sql_ownership_installed_out out;

	return t->installation == 0 || sql_ownership_installed(w, tx, &in, &out);
}

/* Whether they can be read without it is asked at once. What changes for the whole installation may name few of its repositories. */
static bool settle_installation(struct work *w, struct tx *tx, const struct delivery_task *t)
{
	int64_t whole = str_one_of(t->action, "deleted|suspend|unsuspend") ? t->installation : 0;
	struct sql_project_lose_in lose = { { t->repos, t->n_repos }, str_c(t->lost), t->delivery_id, work_trace(w),
		whole };
	struct sql_project_recheck_in again = { { t->repos, t->n_repos }, t->delivery_id, w->job, work_trace(w),
		whole };
	struct sql_project_recheck_out jobs;
	struct sql_project_lose_out lost;

	if (!settle_installed(w, tx, t) || !settle_owners(w, tx, t->repos, t->n_repos, t->delivery_id))
		return false;
	if (t->lost != NULL && !sql_project_lose(w, tx, &lose, &lost))
		return false;
	return sql_project_recheck(w, tx, &again, &jobs);
}

static bool settle_repository(struct work *w, struct tx *tx, const struct delivery_task *t)
{
	struct sql_project_recheck_in again = { { &t->repo_id, 1 }, t->delivery_id, w->job, work_trace(w), 0 };
	struct sql_project_recheck_out jobs;

	return settle_owners(w, tx, &t->repo_id, 1, t->delivery_id) && sql_project_recheck(w, tx, &again, &jobs);
}

static bool settle_issue(struct work *w, struct tx *tx, const struct delivery_task *t)
{
	struct sql_issue_gone_in gone = {
		.project_id = t->project_id,
		.number = t->number,
		.reason = t->action,
		.has_to_repo = t->moved_repo > 0,
		.to_repo = t->moved_repo,
		.has_to_number = t->moved_number > 0,
		.to_number = t->moved_number,
		.job = w->job,
		.trace = work_trace(w),
	};
	struct sql_issue_gone_out out;

	if (!issue_store(w, tx, t->project_id, &t->issue, 0))
		return false;
	return !str_one_of(t->action, "deleted|transferred") || sql_issue_gone(w, tx, &gone, &out);
}

static bool settle_comment(struct work *w, struct tx *tx, const struct delivery_task *t)
{
	struct sql_command_ask_in in = {
		.delivery_id = t->delivery_id,
		.comment_id = t->comment.id,
		.body_sha256 = str_of(t->comment.sha256, 32),
		.job = w->job,
		.trace = work_trace(w),
		.has_edited_at = t->comment.edited && t->comment.said_at > 0,
		.edited_at = t->comment.said_at,
	};
	struct sql_command_ask_out out;

	return sql_command_ask(w, tx, &in, &out);
}

static bool settle_push(struct work *w, struct tx *tx, const struct delivery_task *t)
{
	struct sql_policy_ask_in in = {
		.project_id = t->project_id,
		.after = t->after,
		.has_pushed_at = t->pushed > 0,
		.pushed_at = t->pushed,
		.delivery_id = t->delivery_id,
		.job = w->job,
		.trace = work_trace(w),
	};
	struct sql_policy_ask_out out;

	return sql_policy_ask(w, tx, &in, &out);
}

static bool settle_as(struct work *w, struct tx *tx, const struct delivery_task *t)
{
	switch (t->kind) {
	case DELIVERY_PING: return settle_ping(w, tx, t);
	case DELIVERY_PULL: return pull_store(w, tx, &t->pull, t->project_id, t->delivery_id, t->planned_at);
	case DELIVERY_ISSUE: return settle_issue(w, tx, t);
	case DELIVERY_COMMENT: return settle_comment(w, tx, t);
	case DELIVERY_PUSH: return settle_push(w, tx, t);
	case DELIVERY_INSTALLATION: return settle_installation(w, tx, t);
	case DELIVERY_REPOSITORY: return settle_repository(w, tx, t);
	default:
		delivery_count_ignored(t->reason);
		output_word(w, "ignored", t->reason, NULL);
		return true;
	}
}

bool delivery_settle(struct work *w, struct tx *tx, void *task)
{
	struct delivery_task *t = task;

	return settle_as(w, tx, t) &&
		sql_delivery_finish(w, tx,
			&(struct sql_delivery_finish_in){
				.delivery_id = t->delivery_id,
				.state = t->kind == DELIVERY_IGNORED ? STR("ignored") : STR("done"),
				.reason = str_c(t->reason),
				.action = t->action,
				.has_repo_id = t->repo_id > 0,
				.repo_id = t->repo_id,
				.has_number = t->number > 0,
				.number = t->number,
			});
}
