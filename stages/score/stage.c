/* score: a paid payout becomes one event and is added to the boards. Nothing outside is touched. */
#include "formula.h"
#include "sql.h"
#include "stages/stages.h"

struct task {
	uuid payout_id;
};
static const struct field fields[] = {
	FIELD(FIELD_UUID, struct task, payout_id),
};

static bool add(
	struct work *w, struct tx *tx, const struct task *t, uuid person_id, const struct sql_score_inputs_out *in)
{
	uint8_t hash[32], first[32];
	struct sql_score_add_in row = {
		.person_id = person_id,
		.project_id = in->project_id,
		.payout_id = t->payout_id,
		.points = formula_points(in->earlier, in->self_merge, in->reciprocal),
		.version = FORMULA_VERSION,
		.sha256 = str_of(hash, sizeof(hash)),
		.occurred_at = in->merged_at,
		.job = w->job,
		.trace = work_trace(w),
		.first = FORMULA_FIRST,
		.first_sha256 = str_of(first, sizeof(first)),
	};
	struct sql_score_add_out out;

	if (!formula_text(w, FORMULA_VERSION, &row.formula, hash) ||
		!formula_text(w, FORMULA_FIRST, &row.first_formula, first))
		return false;
	if (in->formula.p != NULL && !str_eq(in->formula, row.sha256))
		return err_set(w, ERR_BUG, "score.formula_changed",
			"version %d was other rules before: give it a new number", FORMULA_VERSION);
	w->output = arena_printf(w->arena, "{\"points_micro\":%lld}", (long long)row.points);
	return sql_score_add(w, tx, &row, &out);
}

/* The person's lock comes first: two payouts at once would both count as the first of the month. */
static bool settle(struct work *w, struct tx *tx, void *task)
{
	const struct task *t = task;
	struct sql_score_lock_out payout;
	struct sql_score_inputs_out in;
	bool found;

	if (!sql_score_lock(w, tx, &(struct sql_score_lock_in){ t->payout_id }, &payout, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "score.payout_unknown", "the payout is not in the database");
	if (!str_eq(payout.state, STR("paid")))
		return err_set(w, ERR_INVALID, "score.not_paid", "only what was paid counts");
	if (!sql_score_inputs(w, tx, &(struct sql_score_inputs_in){ t->payout_id, FORMULA_VERSION }, &in))
		return false;
	return add(w, tx, t, payout.person_id, &in);
}

const struct stage score_payout = {
	.name = "score",
	.kind = "score.payout",
	.task = FIELDS(struct task, fields),
	.lease_s = 20,
	.attempts = 30,
	.retry_base = USEC_S,
	.retry_cap = 300 * USEC_S,
	.settle = settle,
};
