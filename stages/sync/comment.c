/* Commands in comments. The comment is a signed body; who may what is asked of GitHub when the command is carried out. */
#include <inttypes.h>

#include "base/hex.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "model/command.h"
#include "sql.h"
#include "sync.h"

#define AWARD_MAX 8192

static bool is_person(const cJSON *body)
{
	return str_eq(json_get_str(body, "comment.user.type"), STR("User")) &&
		!cJSON_IsObject(json_get(body, "comment.performed_via_github_app"));
}

bool comment_edited_by_other(const cJSON *body, const char *author)
{
	int64_t sender, uid;

	return str_eq(json_get_str(body, "action"), STR("edited")) &&
		(!json_get_i64(body, "sender.id", &sender) || !json_get_i64(body, author, &uid) || sender != uid);
}

const char *comment_read(struct work *w, const cJSON *body, struct comment *out)
{
	struct command commands[COMMANDS_MAX];

	out->text = json_get_str(body, "comment.body");
	out->login = json_get_str(body, "comment.user.login");
	if (!json_get_i64(body, "comment.id", &out->id) || !json_get_i64(body, "comment.user.id", &out->uid) ||
		out->text.p == NULL || out->login.n == 0)
		return "delivery.malformed";
	if (!is_person(body))
		return "comment.not_human";
	if (comment_edited_by_other(body, "comment.user.id"))
		return "command.edited_by_other";
	sha256(out->text, out->sha256);
	out->edited = str_eq(json_get_str(body, "action"), STR("edited"));
	if (!clock_parse(json_get_str(body, "comment.updated_at"), &out->said_at))
		out->said_at = 0;
	return commands_read(w->arena, out->text, commands) > 0 ? NULL : "comment.no_command";
}

bool command_plan(struct work *w, struct tx *tx, void *task)
{
	struct command_task *t = task;
	struct sql_delivery_read_out row;
	struct sql_project_of_repo_out project;
	const cJSON *body;
	int64_t number = 0;
	bool found;

	if (!sql_delivery_read(w, tx, &(struct sql_delivery_read_in){ t->delivery_id }, &row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "sync.delivery_unknown", "the delivery is not in the database");
	if (!json_parse(w, row.body, &body) || comment_read(w, body, &t->comment) != NULL ||
		!json_get_i64(body, "repository.id", &t->repo_id) || !json_get_i64(body, "issue.number", &number) ||
		number < 1 || number > INT32_MAX)
		return err_set(w, ERR_INVALID, "sync.command_unknown", "the delivery holds no command");
	t->number = (int32_t)number;
	if (!sql_project_of_repo(w, tx,
		    &(struct sql_project_of_repo_in){ t->repo_id, json_get_str(body, "repository.full_name") },
		    &project, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "sync.project_unknown", "the project is not in the database");
	t->project_id = project.id;
	quota_about(w->quota, "/repositories/%" PRId64, t->repo_id);
	return true;
}

bool command_effect(struct work *w, const struct outside *outside, void *task)
{
	struct command_task *t = task;

	return github_permission(w, outside->github, t->repo_id, t->comment.login, t->comment.uid, &t->permission);
}

/* The end of that day, in UTC. */
static usec end_of(str date)
{
	char text[] = "0000-00-00T23:59:59Z";
	usec at = 0;

	memcpy(text, date.p, 10);
	return clock_parse(str_c(text), &at) ? at : 0;
}

static bool apply(struct work *w, struct tx *tx, const struct command_task *t, const struct command *c,
	struct sql_command_apply_out *out)
{
	struct sql_command_apply_in in = {
		.project_id = t->project_id,
		.number = t->number,
		.comment_id = t->comment.id,
		.body_sha256 = str_of(t->comment.sha256, 32),
		.ordinal = c->ordinal,
		.uid = t->comment.uid,
		.login = t->comment.login,
		.permission = t->permission,
		.verb = str_c(command_name(c->verb)),
		.good = c->good,
		.plain = c->n_shares == 0,
		.job = w->job,
		.trace = work_trace(w),
		.has_said_at = t->comment.said_at > 0,
		.said_at = t->comment.said_at,
		.edited = t->comment.edited,
		.delivery_id = t->delivery_id,
	};

	if (c->good) {
		in.amount = c->amount;
		in.symbol = c->asset;
		in.chain = c->chain.n > 0 ? c->chain : (str){ 0 };
		in.has_until = c->date.n > 0;
		in.until = c->date.n > 0 ? end_of(c->date) : 0;
		in.word = c->word;
		in.has_pull = c->verb == COMMAND_REJECT || c->verb == COMMAND_AWARD;
		in.pull = c->numbers[0];
		in.reason = c->reason;
	}
	return sql_command_apply(w, tx, &in, out);
}

static bool claim(struct work *w, struct tx *tx, const struct command_task *t, const struct command *c, uuid pull)
{
	int32_t levels[COMMAND_NUMBERS];
	int64_t uids[COMMAND_NUMBERS] = { 0 };
	str sources[COMMAND_NUMBERS];
	struct sql_pull_link_out out;
	struct sql_pull_lock_out locked;

	for (size_t i = 0; i < c->n_numbers; i++) {
		levels[i] = 4;
		sources[i] = STR("claim_comment");
	}
	if (!sql_pull_lock(w, tx, &(struct sql_pull_lock_in){ pull }, &locked))
		return false;
	return sql_pull_link(w, tx,
		&(struct sql_pull_link_in){
			.project_id = t->project_id,
			.pull_id = pull,
			.author_uid = t->comment.uid,
			.numbers = { c->numbers, c->n_numbers },
			.uids = { uids, c->n_numbers },
			.levels = { levels, c->n_numbers },
			.sources = { sources, c->n_numbers },
			.job = w->job,
			.trace = work_trace(w),
			.frozen = locked.frozen,
		},
		&out);
}

/* What was said, by whom and about what: evidence, the same bytes whenever it is written. */
static bool award_text(struct work *w, const struct command_task *t, const struct command *c, str *out)
{
	struct buf b = buf_new(w->arena, AWARD_MAX);
	struct json j = { .b = &b };

	json_open(&j, NULL, '{');
	json_i64(&j, "comment_id", t->comment.id);
	json_str(&j, "body_sha256", hex_str(w->arena, str_of(t->comment.sha256, 32)));
	json_i64(&j, "ordinal", c->ordinal);
	json_i64(&j, "repo_id", t->repo_id);
	json_i64(&j, "issue_number", t->number);
	json_i64(&j, "pull_number", c->numbers[0]);
	json_i64(&j, "actor_uid", t->comment.uid);
	json_str(&j, "actor_login", t->comment.login);
	json_str(&j, "permission", t->permission);
	json_str(&j, "reason", c->reason);
	json_close(&j, '}');
	return json_canonical_buf(w, &b, "sync.command_unknown", out);
}

static bool award(struct work *w, struct tx *tx, const struct command_task *t, const struct command *c)
{
	struct sql_award_add_out out;
	uint8_t sum[32];
	str text;

	if (!award_text(w, t, c, &text))
		return false;
	sha256(text, sum);
	return sql_award_add(w, tx,
		&(struct sql_award_add_in){
			.comment_id = t->comment.id,
			.body_sha256 = str_of(t->comment.sha256, 32),
			.ordinal = c->ordinal,
			.pull = c->numbers[0],
			.document = text,
			.sha256 = str_of(sum, 32),
			.url = arena_printf(w->arena, "patchwork:comment/%" PRId64 "/%d", t->comment.id, c->ordinal),
			.job = w->job,
			.trace = work_trace(w),
		},
		&out);
}

/* What a command that was taken asks for beside its row; a repeat asks for nothing. */
static bool follow(struct work *w, struct tx *tx, const struct command_task *t, const struct command *c,
	const struct sql_command_apply_out *out)
{
	if (out->has_pull_id)
		return claim(w, tx, t, c, out->pull_id);
	return c->verb != COMMAND_AWARD || !out->fresh || out->code.p != NULL || award(w, tx, t, c);
}

bool attempt_settle(struct work *w, struct tx *tx, void *task)
{
	const struct attempt_task *t = task;
	struct sql_attempt_lapse_out out;

	if (!sql_attempt_lapse(w, tx, &(struct sql_attempt_lapse_in){ t->attempt_id, w->job, work_trace(w) }, &out))
		return false;
	return out.ended || out.wait <= 0 || err_snooze(w, out.wait, "command.not_due", "the attempt has time left");
}

bool command_settle(struct work *w, struct tx *tx, void *task)
{
	const struct command_task *t = task;
	struct command c[COMMANDS_MAX];
	size_t n = commands_read(w->arena, t->comment.text, c);
	struct sql_status_ask_out asked;
	int done = 0;

	for (size_t i = 0; i < n; i++) {
		struct sql_command_apply_out out;

		if (!apply(w, tx, t, &c[i], &out) || !follow(w, tx, t, &c[i], &out))
			return false;
		done += out.code.p == NULL;
	}
	w->output = arena_printf(w->arena, "{\"commands\":%zu,\"done\":%d}", n, done);
	return sql_status_ask(
		w, tx, &(struct sql_status_ask_in){ t->project_id, { &t->number, 1 }, w->job, work_trace(w) }, &asked);
}
