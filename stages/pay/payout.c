#include "pay.h"
#include "sql.h"

static bool into(str s, uint8_t *out, size_t n)
{
	if (s.p == NULL || s.n != n)
		return false;
	memcpy(out, s.p, n);
	return true;
}

static bool load_attempts(struct work *w, const struct sql_payout_read_out *row, struct payout *out)
{
	struct attempt *a = arena_array(w->arena, row->hashes.n, sizeof(a[0]));

	for (size_t i = 0; i < row->hashes.n; i++) {
		a[i].state = row->states.at[i];
		a[i].nonce = row->nonces.at[i];
		a[i].raw = row->raws.at[i];
		if (!into(row->hashes.at[i], a[i].hash, 32))
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
		.wait = row.wait,
		.amount = row.amount,
		.chain_id = row.chain_id,
		.has_adopted = row.adopted.p != NULL,
	};
	if (!into(row.chain_key, out->name, 32) || !into(row.bounty_key, out->bounty, 32) ||
		!into(row.payee, out->payee, 20) || !into(row.escrow, out->escrow, 20) ||
		(out->has_adopted && !into(row.adopted, out->adopted, 32)) || !load_attempts(w, &row, out))
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

bool payout_chain(struct work *w, const struct payout *p, const struct chain *chain)
{
	const struct chain_conf *c = chain_conf(chain);

	if (c->chain_id == p->chain_id && memcmp(c->escrow, p->escrow, 20) == 0)
		return true;
	return err_set(w, ERR_INVALID, "chain.not_configured", "this worker pays on chain %lld, the payout is on %lld",
		(long long)c->chain_id, (long long)p->chain_id);
}
