/* What a payment is worth, and what a facilitator says of it. The words are those of the reference facilitator
 * (@x402/evm), and the rules come in its order, so that a payment with two faults is refused with the same word. */
#include "base/hex.h"
#include "crypto/secp.h"
#include "wire/x402.h"

#define SETTLE_S 6 /* an authorisation must live this much longer, or it expires on its way into a block */

static const struct {
	const char *name;
	uint64_t chain_id;
} networks[] = { { "cronos-mainnet", 25 }, { "cronos-testnet", 338 } };

/* "eip155:338", or a name of version 1 */
static bool chain_id_of(str network, uint64_t *out)
{
	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
		*out = networks[i].chain_id;
		if (str_eq(network, str_c(networks[i].name)))
			return true;
	}
	return str_starts(network, STR("eip155:")) && str_u64(str_skip(network, 7), out);
}

static bool signed_by_payer(const struct x402_payment *p, const struct x402_requirements *r)
{
	struct x402_token token = { .name = r->name, .version = r->version_712 };
	uint8_t digest[32], signer[20];

	if (!chain_id_of(r->network, &token.chain_id))
		return false;
	memcpy(token.address, r->asset, 20);
	x402_digest(&token, &p->authorization, digest);
	return secp_recover(digest, p->signature, signer) && memcmp(signer, p->authorization.from, 20) == 0;
}

const char *x402_refusal(const struct x402_payment *p, const struct x402_requirements *r, usec now)
{
	const struct x402_authorization *a = &p->authorization;
	uint64_t seconds = now < 0 ? 0 : (uint64_t)(now / USEC_S);

	if (!str_eq(p->scheme, STR("exact")) || !str_eq(r->scheme, STR("exact")))
		return "invalid_exact_evm_scheme";
	if (r->name.n == 0 || r->version_712.n == 0)
		return "invalid_exact_evm_missing_eip712_domain";
	if (!str_eq(p->network, r->network))
		return "invalid_exact_evm_network_mismatch";
	if (!signed_by_payer(p, r))
		return "invalid_exact_evm_signature";
	if (memcmp(a->to, r->pay_to, 20) != 0)
		return "invalid_exact_evm_recipient_mismatch";
	if (u256_cmp(a->valid_before, u256_of(seconds + SETTLE_S)) < 0)
		return "invalid_exact_evm_payload_authorization_valid_before";
	if (u256_cmp(a->valid_after, u256_of(seconds)) > 0)
		return "invalid_exact_evm_payload_authorization_valid_after";
	if (u256_cmp(a->value, r->amount) != 0)
		return "invalid_exact_evm_payload_authorization_value_mismatch";
	return NULL;
}

/* Reasons that the payment's own bytes give: no other chain state makes the same header good. An expired one is not
 * among them, since it may have been settled before it expired. */
static bool lies_in_payment(str reason)
{
	static const char *const known[] = {
		"invalid_exact_evm_scheme",
		"invalid_exact_evm_missing_eip712_domain",
		"invalid_exact_evm_network_mismatch",
		"invalid_exact_evm_signature",
		"invalid_exact_evm_recipient_mismatch",
		"invalid_exact_evm_payload_authorization_value_mismatch",
		"invalid_exact_evm_payload_signature",
		"invalid_exact_evm_payload_recipient_mismatch",
		"invalid_payload",
		"invalid_scheme",
		"invalid_network",
		"invalid_x402_version",
		"Recipient does not match payTo address",
		"Invalid EIP-3009 signature",
		"Invalid Base64 paymentHeader",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(reason, str_c(known[i])))
			return true;
	return str_starts(reason, STR("Unsupported ")) || str_starts(reason, STR("Invalid amount: "));
}

/* The first of the members that is a text. */
static str first_of(const cJSON *tree, const char *a, const char *b, const char *c)
{
	str s = json_get_str(tree, a);

	if (s.p == NULL)
		s = json_get_str(tree, b);
	return s.p == NULL ? json_get_str(tree, c) : s;
}

static bool is_settled(const cJSON *tree)
{
	return cJSON_IsTrue(json_get(tree, "success")) || str_eq(json_get_str(tree, "event"), STR("payment.settled"));
}

void x402_reply_read(const cJSON *tree, struct x402_reply *out)
{
	str hash = first_of(tree, "transaction", "txHash", "");
	bool valid = cJSON_IsTrue(json_get(tree, "isValid"));

	*out = (struct x402_reply){ .reason = first_of(tree, "invalidReason", "errorReason", "error") };
	out->network = json_get_str(tree, "network");
	out->payer = first_of(tree, "payer", "from", "");
	if (is_settled(tree))
		out->meaning = hex_0x_fixed(hash, out->transaction, 32) ? X402_SETTLED : X402_UNCLEAR;
	else if (valid)
		out->meaning = out->reason.p == NULL ? X402_VALID : X402_UNCLEAR;
	else if (out->reason.p != NULL && lies_in_payment(out->reason))
		out->meaning = X402_REFUSED;
}

const char *x402_refusal_used(bool settle)
{
	return settle ? "invalid_exact_evm_nonce_already_used" : "invalid_exact_evm_transaction_simulation_failed";
}
