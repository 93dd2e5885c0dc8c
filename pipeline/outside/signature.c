/* Signatures of wallets that are contracts: EIP-1271, and EIP-6492 for those that are not deployed yet. */
#include <inttypes.h>

#include "base/hex.h"
#include "node.h"
#include "signature_code.h"
#include "wire/abi.h"

#define GAS "0x4c4b40" /* 5 million: the call is the wallet's own code */

static const uint8_t accepted[32] = { 0x16, 0x26, 0xba, 0x7e }; /* isValidSignature's selector, as bytes4 in a word */

/* The wrapper's end: 32 bytes of 6492. */
static bool is_wrapped(str sig)
{
	if (sig.n < 32)
		return false;
	for (size_t i = 0; i < 32; i++) {
		if ((uint8_t)sig.p[sig.n - 32 + i] != (i % 2 == 0 ? 0x64 : 0x92))
			return false;
	}
	return true;
}

/* The latest block of a node: all is asked at that one. */
static bool latest(struct work *w, struct chain *c, struct node *n, struct chain_signature *out, str *number)
{
	const cJSON *block;
	uint64_t height;

	if (!node_ask(w, c, n, "eth_getBlockByNumber", STR("[\"latest\",false]"), &block, NULL) ||
		!node_u64(w, json_get(block, "number"), &height) ||
		!node_bytes(w, json_get(block, "hash"), out->block_hash, 32))
		return false;
	if (height > INT64_MAX)
		return node_malformed(w, "a block beyond 2^63");
	out->block_number = (int64_t)height;
	*number = arena_printf(w->arena, "0x%" PRIx64, height);
	return true;
}

/* A revert is an answer, and it is no. */
static bool call(struct work *w, struct chain *c, struct node *n, str to, str data, str number, str *answer)
{
	struct jsonrpc_error error;
	const cJSON *result = NULL;
	str params =
		arena_printf(w->arena, "[{" STR_FMT "\"data\":\"" STR_FMT "\",\"gas\":\"" GAS "\"},\"" STR_FMT "\"]",
			STR_ARG(to), STR_ARG(data), STR_ARG(number));

	*answer = (str){ NULL, 0 };
	if (!node_ask(w, c, n, "eth_call", params, &result, &error))
		return false;
	if (error.is)
		return node_reverted(&error) || node_refused(w, &error);
	if (!cJSON_IsString(result) || !hex_0x_decode(w->arena, str_c(result->valuestring), answer))
		return node_malformed(w, "no data");
	return true;
}

static bool has_code(struct work *w, struct chain *c, struct node *n, const uint8_t address[20], str number, bool *has)
{
	str a = hex_0x(w->arena, str_of(address, 20)), code;
	const cJSON *result = NULL;

	if (!node_ask(w, c, n, "eth_getCode",
		    arena_printf(w->arena, "[\"" STR_FMT "\",\"" STR_FMT "\"]", STR_ARG(a), STR_ARG(number)), &result,
		    NULL))
		return false;
	if (!cJSON_IsString(result) || !hex_0x_decode(w->arena, str_c(result->valuestring), &code))
		return node_malformed(w, "no code");
	*has = code.n > 0;
	return true;
}

struct question {
	const uint8_t *address, *hash;
	str sig;
};

static bool ask_wallet(struct work *w, struct chain *c, struct node *n, const struct question *q, str number,
	struct chain_signature *out)
{
	const struct abi_value v[] = { { .kind = ABI_FIXED_BYTES, .bytes = str_of(q->hash, 32) },
		{ .kind = ABI_BYTES, .bytes = q->sig } };
	str to = arena_printf(w->arena, "\"to\":\"" STR_FMT "\",", STR_ARG(hex_0x(w->arena, str_of(q->address, 20))));
	str data, answer;
	bool has = false;

	if (!has_code(w, c, n, q->address, number, &has))
		return false;
	if (!has) {
		out->said = CHAIN_NO_CODE;
		return true;
	}
	if (!abi_call(w, STR("isValidSignature(bytes32,bytes)"), v, 2, &data) ||
		!call(w, c, n, to, hex_0x(w->arena, data), number, &answer))
		return false;
	out->said = str_eq(answer, str_of(accepted, 32)) ? CHAIN_SIGNED : CHAIN_NOT_SIGNED;
	return true;
}

/* What the wrapper holds: factory, its call, the signature proper. Not one is not signed. */
static bool unwrap(struct work *w, str sig, const struct abi_value **inner)
{
	size_t n;

	if (abi_decode(w, STR("address,bytes,bytes"), str_of(sig.p, sig.n - 32), inner, &n))
		return true;
	err_clear(w);
	return false;
}

static bool ask_wrapped(struct work *w, struct chain *c, struct node *n, const struct question *q, str number,
	struct chain_signature *out)
{
	struct buf b = buf_new(w->arena, ABI_MAX);
	const struct abi_value *inner;
	str data, answer;

	out->said = CHAIN_NOT_SIGNED;
	if (!unwrap(w, q->sig, &inner))
		return true;
	const struct abi_value v[] = { { .kind = ABI_ADDRESS, .bytes = str_of(q->address, 20) },
		{ .kind = ABI_FIXED_BYTES, .bytes = str_of(q->hash, 32) }, inner[0], inner[1], inner[2] };

	if (!abi_encode(w, STR("address,bytes32,address,bytes,bytes"), v, 5, &b))
		return false;
	data = arena_printf(w->arena, "%s" STR_FMT, signature_code, STR_ARG(hex_str(w->arena, buf_str(&b))));
	if (!call(w, c, n, STR(""), data, number, &answer))
		return false;
	if (answer.n == 1 && answer.p[0] == 1)
		out->said = CHAIN_SIGNED;
	return true;
}

bool chain_signature(struct work *w, struct chain *c, const uint8_t address[20], const uint8_t hash[32], str sig,
	struct chain_signature *out)
{
	struct question q = { address, hash, sig };

	*out = (struct chain_signature){ .said = CHAIN_NOT_SIGNED };
	for (int i = 0; i < c->n_nodes; i++) {
		struct node *n = &c->node[i];
		str number = { NULL, 0 };

		if (!latest(w, c, n, out, &number) ||
			!(is_wrapped(sig) ? ask_wrapped : ask_wallet)(w, c, n, &q, number, out))
			return false;
		if (out->said != CHAIN_SIGNED)
			break;
	}
	return true;
}
