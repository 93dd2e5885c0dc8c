/* A stored webhook: what it is about, and what follows from it. A body is trusted (its signature was checked), but it may be
 * old, repeated or out of order: pull requests are fetched anew, issues carry GitHub's own time. */
#include <inttypes.h>

#include "base/json.h"
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
	if (!str_one_of(t->action, "opened|edited|synchronize|reopened|closed|ready_for_review|converted_to_draft"))
		return ignore(t, "action.unsubscribed");
	if (t->number == 0)
		return ignore(t, "delivery.malformed");
	t->kind = DELIVERY_PULL;
	t->pull.repo_id = t->repo_id;
	t->pull.full_name = t->full_name;
	t->pull.number = t->number;
	t->pull.text = text_at_merge(body, t);
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
	if (!str_one_of(t->action, "opened|edited|closed|reopened|deleted|transferred"))
		return ignore(t, "action.unsubscribed");
	if (!cJSON_IsObject(json_get(body, "issue")) ||
		!json_read(w, json_get(body, "issue"), FIELDS(struct github_issue, issue_fields), 0, &t->issue)) {
		err_clear(w);
		return ignore(t, "delivery.malformed");
	}
	t->kind = DELIVERY_ISSUE;
	if (str_one_of(t->action, "deleted|transferred")) { /* it is no longer there to be solved */
		t->issue.state = STR("closed");
		t->issue.state_reason = t->action;
	}
}

static void classify(struct work *w, str event, str bytes, struct delivery_task *t)
{
	const cJSON *body;

	if (!str_one_of(event, "ping|pull_request|issues"))
		return ignore(t, "event.unsubscribed");
	if (!json_parse(w, bytes, &body)) {
		err_clear(w);
		return ignore(t, "delivery.malformed");
	}
	t->action = json_get_str(body, "action");
	t->full_name = json_get_str(body, "repository.full_name");
	if (!json_get_i64(body, "repository.id", &t->repo_id) || t->repo_id < 1 || t->full_name.n == 0)
		return ignore(t, "delivery.no_repository");
	if (str_eq(event, STR("ping")))
		t->kind = DELIVERY_PING;
	else if (str_eq(event, STR("pull_request")))
		read_pull(body, t);
	else
		read_issue(w, body, t);
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
	classify(w, row.event, row.body, t);
	about(w, t);
	return t->kind == DELIVERY_IGNORED || find_project(w, tx, row.stale, t);
}

bool delivery_effect(struct work *w, const struct outside *outside, void *task)
{
	struct delivery_task *t = task;

	return t->kind != DELIVERY_PULL || pull_fetch(w, outside->github, &t->pull);
}

static bool settle_ping(struct work *w, struct tx *tx, const struct delivery_task *t)
{
	struct sql_project_alive_in in = {
		.project_id = t->project_id,
		.delivery_id = t->delivery_id,
		.received_at = t->received_at,
		.trace = work_trace(w),
	};
	struct sql_project_alive_out out;

	return sql_project_alive(w, tx, &in, &out);
}

bool delivery_settle(struct work *w, struct tx *tx, void *task)
{
	struct delivery_task *t = task;
	bool ok = true;

	if (t->kind == DELIVERY_PING)
		ok = settle_ping(w, tx, t);
	else if (t->kind == DELIVERY_PULL)
		ok = pull_store(w, tx, &t->pull, t->project_id, t->delivery_id);
	else if (t->kind == DELIVERY_ISSUE)
		ok = issue_store(w, tx, t->project_id, &t->issue);
	else
		w->output = arena_printf(w->arena, "{\"ignored\":\"%s\"}", t->reason);
	return ok &&
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
