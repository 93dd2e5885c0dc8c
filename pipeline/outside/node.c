#include "node.h"

#include <inttypes.h>

#include "base/hex.h"

bool node_malformed(struct work *w, const char *what)
{
	return err_set(w, ERR_RETRY, "rpc.malformed", "%s", what);
}

bool node_quantity(struct work *w, const cJSON *item, u256 *out)
{
	return (cJSON_IsString(item) && u256_parse_quantity(str_c(item->valuestring), out)) ||
		node_malformed(w, "no quantity");
}

bool node_u64(struct work *w, const cJSON *item, uint64_t *out)
{
	u256 v;

	return node_quantity(w, item, &v) &&
		((u256_u64(v, out) && *out <= INT64_MAX) || node_malformed(w, "a quantity beyond 2^63"));
}

bool node_bytes(struct work *w, const cJSON *item, void *out, size_t n)
{
	return (cJSON_IsString(item) && hex_0x_fixed(str_c(item->valuestring), out, n)) ||
		node_malformed(w, "no bytes of the right length");
}

static bool call(struct work *w, struct chain *c, struct node *n, const char *method, str params, const cJSON **result,
	struct jsonrpc_error *error)
{
	struct fetch *f = idle_take(&c->idle);
	usec began = clock_monotonic();
	bool ok = jsonrpc_call(w, f, str_c(n->url), method, params, true, result, error);

	meter_exchange(c->idle.service, began, w, ok ? 200 : 0);
	idle_give(&c->idle, f);
	return ok;
}

/* Geth, anvil and Ethermint: code 3 with the revert's data; older ones only say it. */
bool node_reverted(const struct jsonrpc_error *error)
{
	size_t at;

	return error->code == 3 || str_find(error->message, STR("revert"), &at);
}

bool node_refused(struct work *w, const struct jsonrpc_error *error)
{
	str text = error->message;

	if (text.n > 160)
		text.n = 160;
	return err_set(w, ERR_RETRY, "chain.server", "%" PRId64 " " STR_FMT, error->code, STR_ARG(text));
}

bool node_known(struct work *w, struct chain *c, struct node *n)
{
	struct jsonrpc_error error;
	const cJSON *result;
	uint64_t id;

	if (atomic_load(&n->known))
		return true;
	if (!call(w, c, n, "eth_chainId", STR("[]"), &result, &error))
		return false;
	if (error.is)
		return node_refused(w, &error);
	if (!node_u64(w, result, &id))
		return false;
	if (id != (uint64_t)c->conf.chain_id)
		return err_set(w, ERR_INVALID, "chain.wrong_id", "the endpoint is on chain %" PRIu64 ", not %" PRId64,
			id, c->conf.chain_id);
	atomic_store(&n->known, true);
	return true;
}

bool node_ask(struct work *w, struct chain *c, struct node *n, const char *method, str params, const cJSON **result,
	struct jsonrpc_error *error)
{
	struct jsonrpc_error own;

	if (!node_known(w, c, n) || !call(w, c, n, method, params, result, error == NULL ? &own : error))
		return false;
	return error != NULL || !own.is || node_refused(w, &own);
}

static str lower(struct work *w, str s)
{
	char *p = arena_alloc(w->arena, s.n);

	for (size_t i = 0; i < s.n; i++)
		p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];
	return str_of(p, s.n);
}

/* The decimal number after `before`. */
static bool number_after(str text, str before, uint64_t *out)
{
	size_t at, n = 0;

	if (!str_find(text, before, &at))
		return false;
	text = str_skip(text, at + before.n);
	while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
		n++;
	return str_u64(str_of(text.p, n), out);
}

/* Ethermint's and the Cosmos SDK's words: "invalid nonce; got 5, expected 7: invalid sequence". */
static bool nonce_verdict(str text, enum chain_sent *out)
{
	uint64_t got, expected;

	if (!number_after(text, STR("invalid nonce; got "), &got) ||
		!number_after(text, STR(", expected "), &expected) || got == expected)
		return false;
	*out = got < expected ? CHAIN_NONCE_USED : CHAIN_NONCE_GAP;
	return true;
}

bool node_verdict(struct work *w, str text, enum chain_sent *out)
{
	static const struct {
		const char *text;
		enum chain_sent verdict;
	} rows[] = {
		/* the first that is contained; texts of geth, anvil, Ethermint and the Cosmos SDK */
		{ "already known", CHAIN_SENT },
		{ "already in mempool", CHAIN_SENT },
		{ "already imported", CHAIN_SENT },
		{ "already exists", CHAIN_SENT },
		{ "nonce too low", CHAIN_NONCE_USED },
		{ "incorrect account sequence", CHAIN_NONCE_USED },
		{ "nonce too high", CHAIN_NONCE_GAP },
		{ "underpriced", CHAIN_FEE_LOW },
		{ "fit the replacement rule", CHAIN_FEE_LOW },
		{ "less than block base fee", CHAIN_FEE_LOW },
		{ "insufficient fee", CHAIN_FEE_LOW },
		{ "fee cap", CHAIN_FEE_LOW },
		{ "insufficient funds", CHAIN_NO_FUNDS },
		{ "intrinsic gas too low", CHAIN_BAD },
		{ "exceeds block gas limit", CHAIN_BAD },
		{ "invalid chain id", CHAIN_BAD },
		{ "incorrect chain-id", CHAIN_BAD },
		{ "decod", CHAIN_BAD },
		{ "rlp:", CHAIN_BAD },
		{ "typed transaction too short", CHAIN_BAD },
		{ "invalid sender", CHAIN_BAD },
	};
	size_t at;

	text = lower(w, text);
	if (nonce_verdict(text, out))
		return true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_find(text, str_c(rows[i].text), &at)) {
			*out = rows[i].verdict;
			return true;
		}
	return false;
}
