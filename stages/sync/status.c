/* The one comment of ours under an issue: where its bounties stand, and what was refused; made once, then edited in place, until
 * a person edits or removes it. */
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
		const char *why = refusal_text(rows[i].code);

		buf_printf(b, "%s- `/" STR_FMT "` of " STR_FMT ": %s%s%s%s (`" STR_FMT "`)\n",
			i == 0 ? "\nRefused:\n" : "", STR_ARG(rows[i].verb), STR_ARG(rows[i].login),
			why != NULL ? why : "refused", malformed ? ": `" : "", malformed ? usage_of(rows[i].verb) : "",
			malformed ? "`" : "", STR_ARG(rows[i].code));
	}
	return true;
}

static bool add_people(struct work *w, struct tx *tx, const struct status_task *t, struct buf *b)
{
	struct sql_status_people_out *rows;
	size_t n;

	if (!sql_status_people(w, tx, &(struct sql_status_people_in){ t->project_id, t->number }, &rows, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		char until[CLOCK_TEXT] = "";

		if (rows[i].has_until)
			clock_format(rows[i].until, until);
		if (rows[i].awarded)
			buf_printf(b, "\n#%d was awarded by " STR_FMT ": `" STR_FMT "`\n", (int)rows[i].pull,
				STR_ARG(rows[i].login), STR_ARG(rows[i].note));
		else if (rows[i].has_pull)
			buf_printf(b, "\n#%d was refused: `" STR_FMT "`\n", (int)rows[i].pull, STR_ARG(rows[i].note));
		else
			buf_printf(b, "\n" STR_FMT " is at work, until %.10s\n", STR_ARG(rows[i].login), until);
	}
	return true;
}

/* What holds instead is said where people ask. */
static bool add_policy(struct work *w, struct tx *tx, const struct status_task *t, struct buf *b)
{
	struct sql_status_policy_out row;
	bool found;

	if (!sql_status_policy(w, tx, &(struct sql_status_policy_in){ t->project_id }, &row, &found))
		return false;
	if (found)
		buf_printf(b,
			"\nThe policy file `" POLICY_PATH "` is not valid since " STR_FMT ": `" STR_FMT
			"`. What it said before counts on.\n",
			STR_ARG(row.commit_sha), STR_ARG(row.code));
	return true;
}

static bool write_text(struct work *w, struct tx *tx, uuid nonce, struct status_task *t)
{
	struct buf b = buf_new(w->arena, TEXT_MAX);
	char text[UUID_TEXT];

	uuid_format(nonce, text);
	t->marker = arena_printf(w->arena, "<!-- patchwork:status:%.*s -->", UUID_TEXT, text);
	buf_printf(&b, STR_FMT "\n", STR_ARG(t->marker));
	if (!add_bounties(w, tx, t, &b) || !add_people(w, tx, t, &b) || !add_refusals(w, tx, t, &b) ||
		!add_policy(w, tx, t, &b))
		return false;
	t->text = buf_str(&b);
	sha256(t->text, t->sha256);
	return true;
}

/* The first answer comes at once; edits wait for each other. */
static bool intend(struct work *w, struct tx *tx, const struct sql_status_begin_out *row, struct status_task *t)
{
	struct sql_status_intend_in in = { t->project_id, t->number, str_of(t->sha256, 32) };

	if (t->comment_id != 0 && row->wait > 0)
		return err_snooze(w, row->wait, "sync.status_fresh", "our comment was written a moment ago");
	return sql_status_intend(w, tx, &in);
}

/* The text that is to stand there, and whether it does. */
static bool compose(
	struct work *w, struct tx *tx, struct status_task *t, const struct sql_status_begin_out *row, bool found)
{
	t->silent = !found || row->held.n > 0;
	if (t->silent)
		return true;
	t->repo_id = row->repo_id;
	t->comment_id = row->has_comment_id ? row->comment_id : 0;
	t->stood = row->body_sha256;
	t->written = row->intended;
	quota_about(w->quota, "/repositories/%" PRId64, t->repo_id);
	if (!write_text(w, tx, row->nonce, t))
		return false;
	t->silent = t->comment_id != 0 && str_eq(t->stood, str_of(t->sha256, 32));
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
			.body_sha256 = row.body_sha256,
			.intended = row.intended,
			.held = row.held },
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
	return t->silent || intend(w, tx, &row, t);
}

/* GitHub may have touched line ends and the end. */
static bool is_ours(struct work *w, const struct status_task *t, str text)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);
	uint8_t sum[32];
	str line;

	text = str_trim(text);
	while (str_next(&text, '\n', &line))
		buf_printf(&b, STR_FMT "\n", STR_ARG(str_ends(line, STR("\r")) ? str_of(line.p, line.n - 1) : line));
	sha256(buf_str(&b), sum);
	if (str_eq(t->stood, str_of(sum, 32)) || memcmp(t->sha256, sum, 32) == 0)
		return true;
	for (size_t i = 0; i < t->written.n; i++)
		if (str_eq(t->written.at[i], str_of(sum, 32)))
			return true;
	return false;
}

/* Whether it was written is asked while nobody knows, whether it is still ours before each edit. */
bool status_probe(struct work *w, const struct outside *outside, void *task, bool *done)
{
	struct status_task *t = task;
	bool found;
	str text;

	*done = t->silent;
	if (t->silent)
		return true;
	if (t->comment_id == 0)
		return github_comment_find(w, outside->github, t->repo_id, t->number, t->marker, &t->comment_id);
	if (!github_comment_get(w, outside->github, t->repo_id, t->comment_id, &found, &text))
		return false;
	if (!found || !is_ours(w, t, text))
		t->held = found ? "edited" : "removed";
	*done = t->held != NULL;
	return true;
}

bool status_effect(struct work *w, const struct outside *outside, void *task)
{
	struct status_task *t = task;

	return github_comment_put(w, outside->github, t->repo_id, t->number, t->text, &t->comment_id);
}

bool status_settle(struct work *w, struct tx *tx, void *task)
{
	const struct status_task *t = task;

	if (t->held != NULL)
		return sql_status_hold(
			w, tx, &(struct sql_status_hold_in){ t->project_id, t->number, t->comment_id, str_c(t->held) });
	return t->silent ||
		sql_status_written(w, tx,
			&(struct sql_status_written_in){
				t->project_id, t->number, t->comment_id, str_of(t->sha256, 32) });
}
