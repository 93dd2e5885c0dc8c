/* The one comment of ours under an issue: where its bounties stand, and what was refused; made once, then edited in place. */
#include <inttypes.h>

#include "base/buf.h"
#include "crypto/digest.h"
#include "model/command.h"
#include "sql.h"
#include "sync.h"

#define TEXT_MAX 16384

static const char *usage_of(str verb)
{
	for (int v = 0; v < COMMAND_VERBS; v++)
		if (str_eq(verb, str_c(command_name((enum command_verb)v))))
			return command_usage_of((enum command_verb)v);
	return "";
}

static bool add_bounties(struct work *w, struct tx *tx, const struct status_task *t, struct buf *b)
{
	struct sql_status_bounties_out *rows;
	size_t n;

	if (!sql_status_bounties(w, tx, &(struct sql_status_bounties_in){ t->project_id, t->number }, &rows, &n))
		return false;
	if (n == 0)
		buf_printf(b, "No bounty is on this issue.\n");
	else
		buf_printf(b, "| bounty | state | until |\n|---|---|---|\n");
	for (size_t i = 0; i < n; i++) {
		char until[CLOCK_TEXT];

		clock_format(rows[i].deadline_at, until);
		buf_printf(b, "| " STR_FMT " " STR_FMT " | " STR_FMT "%s" STR_FMT " | %.10s |\n",
			STR_ARG(rows[i].amount), STR_ARG(rows[i].symbol), STR_ARG(rows[i].state),
			rows[i].blocker.n > 0 ? ": " : "", STR_ARG(rows[i].blocker), until);
	}
	return true;
}

static bool add_refusals(struct work *w, struct tx *tx, const struct status_task *t, struct buf *b)
{
	struct sql_status_refusals_out *rows;
	size_t n;

	if (!sql_status_refusals(w, tx, &(struct sql_status_refusals_in){ t->project_id, t->number }, &rows, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		bool malformed = str_eq(rows[i].code, STR("command.malformed"));

		buf_printf(b, "%s- `/" STR_FMT "` of " STR_FMT ": `" STR_FMT "`%s%s%s\n", i == 0 ? "\nRefused:\n" : "",
			STR_ARG(rows[i].verb), STR_ARG(rows[i].login), STR_ARG(rows[i].code),
			malformed ? ", it is `" : "", malformed ? usage_of(rows[i].verb) : "", malformed ? "`" : "");
	}
	return true;
}

/* The text that is to stand there, and whether it does. */
static bool compose(
	struct work *w, struct tx *tx, struct status_task *t, const struct sql_status_begin_out *row, bool found)
{
	struct buf b = buf_new(w->arena, TEXT_MAX);
	char nonce[UUID_TEXT];

	if (found) {
		uuid_format(row->nonce, nonce);
		t->marker = arena_printf(w->arena, "<!-- patchwork:status:%.*s -->", UUID_TEXT, nonce);
		t->repo_id = row->repo_id;
		quota_about(w->quota, "/repositories/%" PRId64, t->repo_id);
		t->comment_id = row->has_comment_id ? row->comment_id : 0;
		buf_printf(&b, STR_FMT "\n", STR_ARG(t->marker));
		if (!add_bounties(w, tx, t, &b) || !add_refusals(w, tx, t, &b))
			return false;
		t->text = buf_str(&b);
		sha256(t->text, t->sha256);
	}
	t->silent = !found || (t->comment_id != 0 && str_eq(row->body_sha256, str_of(t->sha256, 32)));
	return true;
}

bool status_peek(struct work *w, struct tx *tx, void *task)
{
	struct status_task *t = task;
	struct sql_status_read_out row;
	bool found;

	if (!sql_status_read(w, tx, &(struct sql_status_read_in){ t->project_id, t->number }, &row, &found))
		return false;
	return compose(w, tx, t,
		&(struct sql_status_begin_out){ .repo_id = row.repo_id,
			.nonce = row.nonce,
			.has_comment_id = row.has_comment_id,
			.comment_id = row.comment_id,
			.body_sha256 = row.body_sha256 },
		found);
}

bool status_plan(struct work *w, struct tx *tx, void *task)
{
	struct status_task *t = task;
	struct sql_status_begin_out row;
	bool found;

	if (!sql_status_begin(w, tx, &(struct sql_status_begin_in){ t->project_id, t->number }, &row, &found) ||
		!compose(w, tx, t, &row, found))
		return false;
	if (w->quota != NULL)
		w->quota->idle = t->silent;
	return true;
}

/* Whether it was written is only asked while nobody knows: an edit may be done any number of times. */
bool status_probe(struct work *w, const struct outside *outside, void *task, bool *done)
{
	struct status_task *t = task;

	*done = t->silent;
	if (t->silent || t->comment_id != 0)
		return true;
	return github_comment_find(w, outside->github, t->repo_id, t->number, t->marker, &t->comment_id);
}

bool status_effect(struct work *w, const struct outside *outside, void *task)
{
	struct status_task *t = task;

	return github_comment_put(w, outside->github, t->repo_id, t->number, t->text, &t->comment_id);
}

bool status_settle(struct work *w, struct tx *tx, void *task)
{
	const struct status_task *t = task;

	return t->silent ||
		sql_status_written(w, tx,
			&(struct sql_status_written_in){
				t->project_id, t->number, t->comment_id, str_of(t->sha256, 32) });
}
