/* What the escrow holds of a bounty, and until when, on every endpoint. */
#include "base/hex.h"
#include "escrow.h"
#include "node.h"

static bool ask_time(struct work *w, struct chain *c, struct node *n, int64_t *out)
{
	const cJSON *block;
	uint64_t time;

	if (!node_ask(w, c, n, "eth_getBlockByNumber", STR("[\"latest\",false]"), &block, NULL) ||
		!node_u64(w, json_get(block, "timestamp"), &time))
		return false;
	*out = (int64_t)time;
	return true;
}

/* The time first: what is told after it is no older. */
static bool ask(struct work *w, struct chain *c, struct node *n, const uint8_t bounty[32], struct chain_lock *out)
{
	str to = hex_0x(w->arena, str_of(c->conf.escrow, 20)), data = hex_0x(w->arena, escrow_locks_data(w, bounty)),
	    answer;
	const cJSON *result;

	*out = (struct chain_lock){ 0 };
	if (!ask_time(w, c, n, &out->now) ||
		!node_ask(w, c, n, "eth_call",
			arena_printf(w->arena, "[{\"to\":\"" STR_FMT "\",\"data\":\"" STR_FMT "\"},\"latest\"]",
				STR_ARG(to), STR_ARG(data)),
			&result, NULL))
		return false;
	if (!cJSON_IsString(result) || !hex_0x_decode(w->arena, str_c(result->valuestring), &answer))
		return node_malformed(w, "no data");
	if (answer.n == 0)
		return err_set(w, ERR_INVALID, "chain.no_escrow", "no contract at " STR_FMT, STR_ARG(to));
	return escrow_read_lock(w, answer, out) || node_malformed(w, "locks() answers no lock");
}

bool chain_lock_of(struct work *w, struct chain *c, const uint8_t bounty[32], struct chain_lock *out)
{
	struct chain_lock other;

	if (!ask(w, c, &c->node[0], bounty, out))
		return false;
	if (c->n_nodes == 1)
		return true;
	if (!ask(w, c, &c->node[1], bounty, &other))
		return false;
	if (memcmp(out->funder, other.funder, 20) != 0 || memcmp(out->token, other.token, 20) != 0 ||
		u256_cmp(out->balance, other.balance) != 0 || out->deadline != other.deadline)
		return err_set(w, ERR_RETRY, "chain.disagrees", "endpoints tell different things about one lock");
	if (other.now < out->now)
		out->now = other.now;
	return true;
}
