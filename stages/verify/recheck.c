/* Before money is sent: is the work still there? At the end of the hold; a run before it, by a person or a clock that went back, can
 * stop the payout, and looks again at the end. */
#include "base/output.h"
#include "verify.h"

bool recheck_peek(struct work *w, struct tx *tx, void *task)
{
	struct recheck_task *t = task;
	struct sql_payout_judge_out row;
	bool found;

	if (!sql_payout_judge(w, tx, &(struct sql_payout_judge_in){ t->payout_id }, &row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "pay.payout_unknown", "the payout is not in the database");
	t->merge.decided = row.rechecked || !str_one_of(row.state, "hold|payable|held") ||
		!str_one_of(row.bounty_state, "hold|payable");
	t->wait = row.wait;
	t->late = row.late;
	t->merge.submission_id = row.submission_id;
	return true;
}

bool recheck_plan(struct work *w, struct tx *tx, void *task)
{
	struct recheck_task *t = task;
	struct sql_submission_begin_out own;

	if (!recheck_peek(w, tx, task))
		return false;
	if (!t->merge.decided && (!merge_rows(w, tx, &t->merge, &own) || !merge_policy_known(w, &t->merge)))
		return false;
	merge_about(w, &t->merge, t->merge.decided);
	return true;
}

bool recheck_effect(struct work *w, const struct outside *outside, void *task)
{
	struct merge_task *t = &((struct recheck_task *)task)->merge;

	if (t->decided)
		return true;
	if (!merge_collect(w, outside->github, t) || !merge_judge(w, t, &policy_hold))
		return false;
	if (t->verdict.result != CHECK_WAIT)
		return true;
	return err_snooze(w, clock_doubled(USEC_S, w->attempt - 1, 600 * USEC_S), t->verdict.decided->code, "%s",
		t->verdict.decided->detail);
}

static bool stop(struct work *w, struct tx *tx, const struct recheck_task *t, const char *code, const char *detail)
{
	struct sql_payout_stop_in in = {
		.payout_id = t->payout_id,
		.code = str_c(code),
		.blocker = arena_printf(w->arena, "a maintainer: %s", detail),
		.job = w->job,
		.trace = work_trace(w),
	};
	struct sql_payout_stop_out out;

	return sql_payout_stop(w, tx, &in, &out);
}

static bool not_due(struct work *w, usec wait)
{
	return err_snooze(w, wait, "pay.not_due", "the work stands, and the hold is not over");
}

bool recheck_settle(struct work *w, struct tx *tx, void *task)
{
	const struct recheck_task *t = task;
	struct sql_payout_recheck_out out;
	struct json *j;

	if (t->merge.decided)
		return true;
	j = output_open(w);
	json_str(j, "verdict", str_c(check_result_name(t->merge.verdict.result)));
	json_bool(j, "due", t->wait <= 0);
	output_close(w, j);
	if (t->merge.verdict.result == CHECK_PASS && t->wait > 0)
		return not_due(w, t->wait);
	if (!merge_keep(w, tx, &t->merge))
		return false;
	if (t->merge.verdict.result != CHECK_PASS)
		return stop(w, tx, t, t->merge.verdict.decided->code, t->merge.verdict.decided->detail);
	if (t->late)
		return stop(w, tx, t, "verify.policy_late",
			"the project's policy at the merge was read only after the verdict");
	if (!sql_payout_recheck(w, tx, &(struct sql_payout_recheck_in){ t->payout_id, w->job, work_trace(w) }, &out))
		return false;
	return out.rechecked || out.wait <= 0 || not_due(w, out.wait);
}
