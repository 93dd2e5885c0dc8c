#include "pay.h"
#include "sql.h"

static bool load_attempts(struct work *w, const struct sql_payout_read_out *row, struct payout *out)
{
	struct attempt *a = arena_array(w->arena, row->hashes.n, sizeof(a[0]));

	for (size_t i = 0; i < row->hashes.n; i++) {
		a[i].state = row->states.at[i];
		a[i].nonce = row->nonces.at[i];
		a[i].raw = row->raws.at[i];
		if (!str_into(row->hashes.at[i], a[i].hash, 32))
			return false;
	}
	out->attempts = a;
	out->n_attempts = row->hashes.n;
	return true;
}

bool payout_load(struct work *w, struct tx *tx, uuid payout_id, struct payout *out)
{
	struct sql_payout_read_out row;
	bool found;

	if (!sql_payout_read(w, tx, &(struct sql_payout_read_in){ payout_id }, &row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "pay.payout_unknown", "the payout is not in the database");
	*out = (struct payout){
		.state = row.state,
		.bounty_state = row.bounty_state,
		.project = row.project,
		.wait = row.wait,
		.rechecked = row.rechecked,
		.amount = row.amount,
		.chain_id = row.chain_id,
		.has_adopted = row.adopted.p != NULL,
	};
	if (!str_into(row.chain_key, out->name, 32) || !str_into(row.bounty_key, out->bounty, 32) ||
		!str_into(row.payee, out->payee, 20) || !str_into(row.escrow, out->escrow, 20) ||
		(out->has_adopted && !str_into(row.adopted, out->adopted, 32)) || !load_attempts(w, &row, out))
		return err_set(w, ERR_BUG, "db.row", "a chain name in the database has the wrong length");
	return true;
}

const struct attempt *payout_live(const struct payout *p)
{
	for (size_t i = 0; i < p->n_attempts; i++)
		if (str_one_of(p->attempts[i].state, "prepared|sent"))
			return &p->attempts[i];
	return NULL;
}

bool payout_data(struct work *w, const struct payout *p, str *out)
{
	return escrow_release_data(w, p->bounty, p->name, p->payee, p->amount, out);
}
