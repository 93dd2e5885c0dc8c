/* prove: the statement, signed, stored, then pinned on IPFS under an address that was known before. */
#include "base/hex.h"
#include "base/output.h"
#include "crypto/digest.h"
#include "crypto/ed25519.h"
#include "outside/ipfs.h"
#include "queue/progress.h"
#include "sql.h"
#include "stages/stages.h"
#include "statement.h"
#include "wire/cid.h"
#include "wire/dsse.h"

static const struct secret *key;

void prove_use_key(const struct secret *ed25519_seed)
{
	key = ed25519_seed;
}

struct task {
	uuid submission_id;
	bool decided, lock_ends;
	str payload, cid, payee;
};
static const struct field fields[] = {
	FIELD(FIELD_UUID, struct task, submission_id),
};

static bool build(struct work *w, const struct sql_proof_context_out *row, str *payload)
{
	struct statement s = {
		.verdict = row->verdict,
		.evidence = row->evidence.at,
		.n_evidence = row->evidence.n,
		.bounty = row->bounty_id,
		.amount = row->amount,
		.chain = row->chain,
		.asset = row->asset,
		.deposits = row->deposits,
	};

	if (!row->has_verdict_id || row->policy_sha256.n != sizeof(s.policy_sha256))
		return err_set(w, ERR_INVALID, "prove.no_verdict", "no verdict says that it passed");
	memcpy(s.policy_sha256, row->policy_sha256.p, sizeof(s.policy_sha256));
	return statement_text(w, &s, payload);
}

static bool store(struct work *w, struct tx *tx, struct task *t, uuid verdict_id)
{
	const uint8_t *seed = (const uint8_t *)secret_bytes(key).p;
	uint8_t pub[32], hash[32];
	str kid;

	ed25519_public(seed, pub);
	kid = hex_str(w->arena, str_of(pub, sizeof(pub)));
	sha256(t->payload, hash);
	return sql_proof_add(w, tx,
		&(struct sql_proof_add_in){
			.submission_id = t->submission_id,
			.verdict_id = verdict_id,
			.payload = t->payload,
			.sha256 = str_of(hash, sizeof(hash)),
			.cid = t->cid,
			.kid = kid,
			.envelope = dsse_sign(w, DSSE_INTOTO, t->payload, kid, seed),
			.job = w->job,
		});
}

static bool plan(struct work *w, struct tx *tx, void *task)
{
	struct task *t = task;
	struct sql_proof_context_out row;
	bool found;

	if (!sql_proof_context(w, tx, &(struct sql_proof_context_in){ t->submission_id }, &row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "prove.submission_unknown", "the submission is not in the database");
	t->decided = row.pinned || !str_eq(row.state, STR("verified"));
	if (t->decided)
		return true;
	if (row.payee.p == NULL)
		return err_snooze(w, 600 * USEC_S, "prove.no_wallet", "the claimant has no wallet to be paid at");
	t->lock_ends = row.lock_ends;
	if (t->lock_ends)
		return true;
	t->payee = row.payee;
	t->payload = row.payload;
	t->cid = row.cid;
	if (t->payload.p != NULL) /* an earlier attempt stored it: those bytes stay */
		return true;
	if (!build(w, &row, &t->payload))
		return false;
	t->cid = cid_raw_text(w->arena, t->payload);
	return store(w, tx, t, row.verdict_id);
}

static bool probe(struct work *w, const struct outside *outside, void *task, bool *done)
{
	struct task *t = task;

	*done = t->decided || t->lock_ends;
	return *done || ipfs_has(w, outside->ipfs, t->cid, done);
}

static bool effect(struct work *w, const struct outside *outside, void *task)
{
	struct task *t = task;

	progress_effect(w, "ipfs.add", t->cid);
	return ipfs_add(w, outside->ipfs, t->payload, t->cid);
}

/* The funder could take the money back before the hold is over: nothing is scheduled on it. */
static bool refuse(struct work *w, struct tx *tx, const struct task *t)
{
	struct sql_proof_refuse_in in = { t->submission_id, w->job, work_trace(w) };
	struct sql_proof_refuse_out out;

	output_word(w, "refused", "prove.lock_ends", NULL);
	return sql_proof_refuse(w, tx, &in, &out);
}

static bool settle(struct work *w, struct tx *tx, void *task)
{
	struct task *t = task;
	struct sql_proof_pin_out out;

	if (t->decided)
		return true;
	if (t->lock_ends)
		return refuse(w, tx, t);
	output_word(w, "cid", arena_cstr(w->arena, t->cid), NULL);
	return sql_proof_pin(
		w, tx, &(struct sql_proof_pin_in){ t->submission_id, t->payee, w->job, work_trace(w) }, &out);
}

const struct stage prove_proof = {
	.name = "prove",
	.kind = "prove.proof",
	.task = FIELDS(struct task, fields),
	.lease_s = 30,
	.attempts = 30,
	.retry_base = USEC_S,
	.retry_cap = 300 * USEC_S,
	.next = "verify",
	.decided = offsetof(struct task, decided),
	.plan = plan,
	.probe = probe,
	.effect = effect,
	.settle = settle,
};
