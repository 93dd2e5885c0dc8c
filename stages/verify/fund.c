/* Is the money there: the deposit's receipt is final, and the escrow itself says what was locked for this bounty, by whom. */
#include "base/output.h"
#include "crypto/digest.h"
#include "sql.h"
#include "verify.h"

#define WAIT_MAX (30 * USEC_S)
#define ABSENT_MAX (300 * USEC_S) /* anybody can name a transaction that there is not */

bool fund_plan(struct work *w, struct tx *tx, void *task)
{
	struct fund_task *t = task;
	struct sql_contribution_read_out row;
	bool found;

	if (!sql_contribution_read(w, tx, &(struct sql_contribution_read_in){ t->contribution_id }, &row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "verify.contribution_unknown", "the deposit is not in the database");
	t->decided = !str_eq(row.state, STR("pending"));
	t->amount = row.amount;
	t->chain_id = row.chain_id;
	t->keep_until = row.keep_until;
	t->wallets = row.wallets.at;
	t->n_wallets = row.wallets.n;
	t->stale = row.stale;
	t->other_asset = row.other_asset;
	if (!str_into(row.chain_key, t->bounty, 32) || !str_into(row.token, t->token, 20) ||
		!str_into(row.escrow, t->escrow, 20) || !str_into(row.deposit_tx, t->tx, 32))
		return err_set(w, ERR_BUG, "db.row", "a chain name in the database has the wrong length");
	return true;
}

static bool refuse(struct fund_task *t, const char *code, const char *detail)
{
	t->refused = code;
	t->detail = detail;
	return true;
}

static bool funders_wallet(const struct fund_task *t)
{
	for (size_t i = 0; i < t->n_wallets; i++)
		if (str_eq(t->wallets[i], str_of(t->locked.funder, 20)))
			return true;
	return false;
}

static bool judge(struct work *w, struct fund_task *t)
{
	if (!escrow_find_locked(w, &t->receipt, t->escrow, t->bounty, &t->locked))
		return refuse(t, "deposit.no_lock", "the transaction locked nothing for this bounty in the escrow");
	if (memcmp(t->locked.token, t->token, 20) != 0)
		return refuse(t, "deposit.token", "another token was locked than the bounty's");
	if (u256_cmp(t->locked.amount, t->amount) < 0)
		return refuse(t, "deposit.amount", "less was locked than the bounty promises");
	if (t->locked.deadline < t->keep_until / USEC_S)
		return refuse(t, "deposit.deadline",
			"the money could be taken back too soon after the bounty's deadline: see escrow.lock_until");
	if (!funders_wallet(t))
		return refuse(t, "deposit.funder", "the wallet that locked the money is not linked to the funder");
	return true;
}

/* 1 s, 2 s, 4 s ... from one look to the next */
static usec wait(const struct work *w, usec most)
{
	return clock_doubled(USEC_S, w->attempt - 1, most);
}

bool fund_effect(struct work *w, const struct outside *outside, void *task)
{
	struct fund_task *t = task;

	if (t->decided)
		return true;
	if (t->other_asset)
		return refuse(
			t, "deposit.token", "the bounty was changed to another token while the deposit was named");
	if (!chain_serves(w, outside->chain, t->chain_id, t->escrow) ||
		!chain_receipt_of(w, outside->chain, t->tx, &t->receipt))
		return false;
	switch (t->receipt.seen) {
	case CHAIN_DONE: return judge(w, t);
	case CHAIN_REVERTED: return refuse(t, "deposit.reverted", "the transaction failed on chain");
	case CHAIN_ABSENT:
		if (t->stale)
			return refuse(t, "deposit.not_found", "the chain has not seen the transaction for a day");
		return err_snooze(
			w, wait(w, ABSENT_MAX), "verify.deposit_absent", "the chain does not know the transaction yet");
	default:
		return err_snooze(
			w, wait(w, WAIT_MAX), "verify.deposit_shallow", "the transaction is not deep enough yet");
	}
}

static bool settle_refused(struct work *w, struct tx *tx, const struct fund_task *t)
{
	struct sql_contribution_refuse_in in = {
		.contribution_id = t->contribution_id,
		.reason = str_c(t->refused),
		.detail = str_c(t->detail),
		.job = w->job,
		.trace = work_trace(w),
	};
	struct sql_contribution_refuse_out out;

	return sql_contribution_refuse(w, tx, &in, &out);
}

/* The escrow takes any deadline of 64 bits: what lies beyond the year 9999 is as good as that. */
static usec lock_end(int64_t seconds)
{
	const int64_t latest = INT64_C(253402300799);

	return (seconds < latest ? seconds : latest) * USEC_S;
}

static bool settle_confirmed(struct work *w, struct tx *tx, const struct fund_task *t)
{
	uint8_t hash[32];
	struct sql_contribution_confirm_in in = {
		.contribution_id = t->contribution_id,
		.funder = str_of(t->locked.funder, 20),
		.log_index = t->locked.log_index,
		.amount = t->locked.amount,
		.block_number = t->receipt.block_number,
		.block_hash = str_of(t->receipt.block_hash, 32),
		.sha256 = str_of(hash, 32),
		.receipt = t->receipt.bytes,
		.url = t->receipt.endpoint,
		.job = w->job,
		.trace = work_trace(w),
		.lock_until = lock_end(t->locked.deadline),
	};
	struct sql_contribution_confirm_out out;

	sha256(t->receipt.bytes, hash);
	return sql_contribution_confirm(w, tx, &in, &out);
}

bool fund_settle(struct work *w, struct tx *tx, void *task)
{
	const struct fund_task *t = task;

	if (t->decided)
		return true;
	output_word(w, "deposit", t->refused == NULL ? "confirmed" : "refused", t->refused);
	return t->refused != NULL ? settle_refused(w, tx, t) : settle_confirmed(w, tx, t);
}
