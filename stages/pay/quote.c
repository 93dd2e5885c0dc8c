/* The hold is over: would a release work, and what would it cost? */
#include "base/output.h"
#include "pay.h"
#include "sql.h"

#define HELD_WAIT (600 * USEC_S)
#define RECHECK_WAIT (10 * USEC_S)

bool quote_plan(struct work *w, struct tx *tx, void *task)
{
	struct quote_task *t = task;

	if (!payout_load(w, tx, t->payout_id, &t->payout))
		return false;
	t->decided = !str_one_of(t->payout.state, "hold|payable|held");
	if (t->decided)
		return true;
	if (str_one_of(t->payout.bounty_state, "frozen|disputed"))
		return err_snooze(
			w, HELD_WAIT, "pay.bounty_held", "the bounty is " STR_FMT, STR_ARG(t->payout.bounty_state));
	if (!str_one_of(t->payout.bounty_state, "hold|payable"))
		return err_set(
			w, ERR_INVALID, "pay.bounty_state", "the bounty is " STR_FMT, STR_ARG(t->payout.bounty_state));
	if (str_one_of(t->payout.project, "degraded|lost"))
		return err_snooze(
			w, HELD_WAIT, "pay.project_degraded", "the project is " STR_FMT, STR_ARG(t->payout.project));
	if (t->payout.wait > 0)
		return err_snooze(w, t->payout.wait, "pay.not_due", "the hold is not over");
	if (!t->payout.rechecked && str_eq(t->payout.state, STR("hold")))
		return err_snooze(w, RECHECK_WAIT, "pay.not_rechecked", "the work is being looked at once more");
	return true;
}

/* A release that the escrow refuses is for a person to see on the payout: most often the money was taken back. */
static bool would_revert(struct work *w, struct quote_task *t)
{
	size_t at;

	if (!pay_would_revert(w))
		return false;
	t->why = arena_str(w->arena, str_c(w->err.text));
	t->reverts = str_find(t->why, STR("Insufficient"), &at) ? "pay.escrow_short" : "chain.reverts";
	err_clear(w);
	return true;
}

bool quote_effect(struct work *w, const struct outside *outside, void *task)
{
	struct quote_task *t = task;
	uint8_t from[20];
	str data;
	bool found;

	if (t->decided)
		return true;
	if (!chain_serves(w, outside->chain, t->payout.chain_id, t->payout.escrow) ||
		!chain_paid(w, outside->chain, t->payout.name, &t->paid))
		return false;
	if (t->paid) {
		if (!chain_find_release(w, outside->chain, t->payout.name, &found, t->paid_by))
			return false;
		return found ||
			err_set(w, ERR_RETRY, "pay.release_not_found", "the escrow has paid it, the node finds no log");
	}
	signer_address(pay_signer(), from);
	if (!payout_data(w, &t->payout, &data))
		return false;
	if (!chain_quote(w, outside->chain, from, t->payout.escrow, data, &t->fees))
		return would_revert(w, t);
	return chain_nonce(w, outside->chain, from, &t->nonce);
}

static bool settle_paid(struct work *w, struct tx *tx, const struct quote_task *t)
{
	struct sql_payout_adopt_in in = { t->payout_id, str_of(t->paid_by, 32), w->job, work_trace(w) };
	struct sql_payout_adopt_out out;

	return sql_payout_adopt(w, tx, &in, &out);
}

static bool settle_reverts(struct work *w, struct tx *tx, const struct quote_task *t)
{
	struct sql_payout_stop_in in = {
		.payout_id = t->payout_id,
		.code = str_c(t->reverts),
		.blocker = arena_printf(
			w->arena, "an operator: the escrow would refuse the release: " STR_FMT, STR_ARG(t->why)),
		.job = w->job,
		.trace = work_trace(w),
	};
	struct sql_payout_stop_out out;

	output_word(w, "stopped", t->reverts, NULL);
	return sql_payout_stop(w, tx, &in, &out);
}

bool quote_settle(struct work *w, struct tx *tx, void *task)
{
	struct quote_task *t = task;
	uint8_t from[20];
	struct sql_payout_quoted_in in = {
		.payout_id = t->payout_id,
		.signer = str_of(from, 20),
		.chain_nonce = (int64_t)t->nonce,
		.max_fee = t->fees.max_fee,
		.priority_fee = t->fees.max_priority_fee,
		.gas = (int64_t)t->fees.gas,
		.job = w->job,
		.trace = work_trace(w),
	};
	struct sql_payout_quoted_out out;

	if (t->decided)
		return true;
	if (t->paid)
		return settle_paid(w, tx, t);
	if (t->reverts != NULL)
		return settle_reverts(w, tx, t);
	signer_address(pay_signer(), from);
	if (!sql_payout_quoted(w, tx, &in, &out))
		return false;
	return out.queued ||
		err_set(w, ERR_RETRY, "pay.bounty_moved", "the bounty changed while the chain was asked: once more");
}
