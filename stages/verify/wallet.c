/* Does a contract that is a wallet call a signature its own? The API cannot ask a node, so a sign-in waits for this job, and
 * so does what was signed for an act: deciding it binds it. */
#include <inttypes.h>

#include "base/output.h"
#include "crypto/secp.h"
#include "outside/chain.h"
#include "sql.h"
#include "stages/stages.h"

struct wallet_task {
	uuid check_id;
	bool decided; /* by an earlier run */
	uint8_t address[20];
	int64_t chain_id;
	str message, signature;
	bool late;
	/* what the chain says */
	struct chain_signature answer;
	const char *refused; /* error code; NULL = it is the wallet's */
};

static bool plan(struct work *w, struct tx *tx, void *task)
{
	struct wallet_task *t = task;
	struct sql_wallet_check_read_out row;
	bool found;

	if (!sql_wallet_check_read(w, tx, &(struct sql_wallet_check_read_in){ t->check_id }, &row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "verify.wallet_unknown", "the check is not in the database");
	t->decided = !str_eq(row.state, STR("pending"));
	t->chain_id = row.chain_id;
	t->message = row.message;
	t->signature = row.signature;
	t->late = row.late;
	return str_into(row.address, t->address, 20) ||
		err_set(w, ERR_BUG, "db.row", "an address has the wrong length");
}

static bool judge(struct wallet_task *t)
{
	switch (t->answer.said) {
	case CHAIN_SIGNED: t->refused = NULL; break;
	case CHAIN_NO_CODE: t->refused = "auth.no_contract"; break;
	default: t->refused = "auth.signature"; break;
	}
	return true;
}

static bool effect(struct work *w, const struct outside *outside, void *task)
{
	struct wallet_task *t = task;
	uint8_t digest[32];

	if (t->decided)
		return true;
	if (t->late) { /* nobody waits for it */
		t->refused = "auth.expired";
		return true;
	}
	if (t->chain_id != chain_conf(outside->chain)->chain_id)
		return err_set(w, ERR_INVALID, "chain.not_configured", "chain %" PRId64 " is not served", t->chain_id);
	secp_personal_digest(t->message, digest);
	return chain_signature(w, outside->chain, t->address, digest, t->signature, &t->answer) && judge(t);
}

static bool settle(struct work *w, struct tx *tx, void *task)
{
	const struct wallet_task *t = task;
	struct sql_wallet_check_decide_in in = {
		.check_id = t->check_id,
		.reason = str_c(t->refused),
		.has_block_number = t->answer.block_number > 0,
		.block_number = t->answer.block_number,
		.block_hash = t->answer.block_number > 0 ? str_of(t->answer.block_hash, 32) : (str){ NULL, 0 },
	};

	struct sql_wallet_check_decide_out row;
	bool found;

	if (t->decided)
		return true;
	if (!sql_wallet_check_decide(w, tx, &in, &row, &found))
		return false;
	if (found)
		output_word(w, "wallet", row.reason.p == NULL ? "accepted" : "refused",
			row.reason.p == NULL ? NULL : arena_cstr(w->arena, row.reason));
	return true;
}

static const struct field fields[] = {
	FIELD(FIELD_UUID, struct wallet_task, check_id),
};
const struct stage verify_wallet = {
	.name = "verify",
	.kind = "verify.wallet",
	.task = FIELDS(struct wallet_task, fields),
	.lease_s = 30,
	.attempts = 10,
	.retry_base = USEC_S,
	.retry_cap = 30 * USEC_S,
	.decided = offsetof(struct wallet_task, decided),
	.plan = plan,
	.effect = effect,
	.settle = settle,
};
