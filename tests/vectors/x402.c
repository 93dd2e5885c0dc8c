#include "wire/x402.h"

#include "base/hex.h"
#include "crypto/keccak.h"
#include "crypto/secp.h"
#include "model/account.h"
#include "tests/vectors/vector.h"

/* The EIP-712 name of the bridged USDC on Cronos; the version is the case's. */
#define CRONOS_TOKEN STR("Bridged USDC (Stargate)")

/* Writing the header that was read again must give the same bytes. */
static bool rewrites(struct vector *v, const struct x402_payment *p)
{
	return want_json(v, "json", x402_cronos_payment(v->w, p)) &&
		want_text(v, "header", base64_str(v->w->arena, x402_cronos_payment(v->w, p)));
}

/* The case's key signs the authorisation to the signature that the header carries. */
static bool want_signer(struct vector *v, const struct x402_payment *p, const uint8_t digest[32])
{
	uint8_t key[32], address[20], recovered[20], sig[65];

	if (!need_fixed(v, v->in, "private_key", key, 32))
		return false;
	if (!secp_address(key, address) || !secp_sign(key, digest, sig) || !str_eq(p->signature, str_of(sig, 65)))
		return differs(v, "the key signs to another signature");
	if (!secp_recover(digest, p->signature, recovered) || memcmp(recovered, p->authorization.from, 20) != 0)
		return differs(v, "the signature is not by `from`");
	return want_address(v, "signer", recovered);
}

bool check_x402_cronos_header(struct vector *v)
{
	struct x402_token token = { .name = CRONOS_TOKEN };
	const cJSON *header = expected(v, "header"), *tree;
	struct x402_payment p;
	uint8_t digest[32];
	str network;

	if (header == NULL || !need_text(v, v->in, "network", &network) ||
		!need_u64(v, v->in, "chain_id", &token.chain_id) ||
		!need_text(v, v->in, "domain_version", &token.version))
		return false;
	if (!cJSON_IsString(header) || !x402_header_decode(v->w, str_c(header->valuestring), &tree) ||
		!x402_payment_read(v->w, tree, &p))
		return failed(v, "header");
	if (p.version != 1 || !str_eq(p.scheme, STR("exact")) || !str_eq(p.network, network))
		return differs(v, "header: another version, scheme or network");
	memcpy(token.address, p.asset, 20);
	x402_digest(&token, &p.authorization, digest);
	return rewrites(v, &p) && want_hash(v, "digest", digest) && want_signer(v, &p, digest);
}

bool check_x402_cronos_body(struct vector *v)
{
	const cJSON *requirements;
	str header, body;

	if (!need_text(v, v->in, "header", &header) || !need_object(v, v->in, "requirements", &requirements))
		return false;
	if (!x402_cronos_body(v->w, header, requirements, &body))
		return failed(v, "body");
	return want_json(v, "body", body);
}

/* base64 of the compact text, and back */
static bool want_header(struct vector *v, const cJSON *given)
{
	str header = x402_header(v->w, given);
	const cJSON *tree;

	if (!want_text(v, "json_text", json_print(v->w, given)) || !want_text(v, "header", header))
		return false;
	if (!x402_header_decode(v->w, header, &tree))
		return failed(v, "decode");
	return same_json(v, "decoded", given, tree);
}

bool check_x402_signature_header(struct vector *v)
{
	const cJSON *given;
	struct x402_payment p;

	if (!need_object(v, v->in, "payload", &given))
		return false;
	if (!x402_payment_read(v->w, given, &p))
		return failed(v, "payload");
	return p.version == 2 ? want_header(v, given) : differs(v, "in: payload is not of version 2");
}

bool check_x402_required_header(struct vector *v)
{
	const cJSON *given, *accepts, *each;
	struct x402_requirements r;

	if (!need_object(v, v->in, "payment_required", &given) || !need_array(v, given, "accepts", &accepts))
		return false;
	cJSON_ArrayForEach(each, accepts)
		if (!x402_requirements_read(v->w, each, &r))
			return failed(v, "accepts");
	return want_header(v, given);
}

bool check_x402_response_header(struct vector *v)
{
	const cJSON *given;
	struct x402_reply reply;

	if (!need_object(v, v->in, "settlement", &given))
		return false;
	x402_reply_read(given, &reply);
	if (cJSON_IsTrue(json_get(given, "success")) != (reply.meaning == X402_SETTLED))
		return differs(v, "in: settlement is neither a success with its transaction nor a failure");
	return want_header(v, given);
}

/* The rule for a payout, where the parts are a payout's. */
static bool payout_rule(struct vector *v, str types, const cJSON *values, const uint8_t nonce[32])
{
	const struct abi_value *part;
	uint8_t own[32];
	uint64_t chain;
	size_t n;

	if (!str_eq(types, STR("string,uint256,address,bytes32")))
		return true;
	if (!abi_values(v, types, values, &part, &n))
		return false;
	if (!str_eq(part[0].bytes, STR("patchwork.payout.v1")) || !u256_u64(part[1].number, &chain))
		return true;
	if (!x402_payout_nonce(v->w, chain, (const uint8_t *)part[2].bytes.p, (const uint8_t *)part[3].bytes.p, own))
		return failed(v, "nonce");
	return memcmp(own, nonce, 32) == 0 || differs(v, "a payout of these parts has another nonce");
}

bool check_x402_nonce(struct vector *v)
{
	const cJSON *parts, *types, *values;
	uint8_t nonce[32];
	str text, encoded;

	if (!need_object(v, v->in, "parts", &parts) || !need_array(v, parts, "types", &types) ||
		!need_array(v, parts, "values", &values) || !joined_types(v, types, &text) ||
		!abi_both_ways(v, text, values, &encoded))
		return false;
	keccak256(encoded, nonce);
	return want_hex(v, "abi_encoded", encoded) && want_hash(v, "nonce", nonce) &&
		payout_rule(v, text, values, nonce);
}

/* The payment that a facilitator is asked about, if it is one. */
static bool asked(struct vector *v, const cJSON *in, struct x402_payment *p, struct x402_requirements *r)
{
	return x402_payment_read(v->w, json_get(in, "request.paymentPayload"), p) &&
		x402_requirements_read(v->w, json_get(in, "request.paymentRequirements"), r);
}

/* The token uses a nonce of `from` once; the cases of a file happen one after another. */
static bool settled_before(struct vector *v, const struct x402_payment *p)
{
	const cJSON *each;

	cJSON_ArrayForEach(each, v->cases) {
		const cJSON *in = json_get(each, "in");
		struct x402_requirements r;
		struct x402_payment other;

		if (each == v->item)
			break;
		if (str_eq(json_get_str(in, "endpoint"), STR("/settle")) && asked(v, in, &other, &r) &&
			x402_refusal(&other, &r, clock_now()) == NULL && memcmp(other.asset, p->asset, 20) == 0 &&
			memcmp(other.authorization.from, p->authorization.from, 20) == 0 &&
			memcmp(other.authorization.nonce, p->authorization.nonce, 32) == 0)
			return true;
	}
	return false;
}

/* What a facilitator replies. The transaction is its own choice: it must be one, and our own reading of the reply must find
 * it; everything else is computed. */
static str verdict(struct vector *v, const struct x402_payment *p, const char *refusal, bool settle)
{
	struct buf b = buf_new(v->w->arena, 1024);
	struct json j = { &b };
	char payer[ADDRESS_TEXT];
	struct x402_reply reply;

	x402_reply_read(json_get(v->out, "response"), &reply);
	address_format(p->authorization.from, payer);
	json_open(&j, NULL, '{');
	json_bool(&j, settle ? "success" : "isValid", refusal == NULL);
	if (refusal != NULL)
		json_str(&j, settle ? "errorReason" : "invalidReason", str_c(refusal));
	if (settle && refusal == NULL && reply.meaning == X402_SETTLED)
		json_hex(&j, "transaction", str_of(reply.transaction, 32));
	else if (settle)
		json_str(&j, "transaction", STR(""));
	if (settle)
		json_str(&j, "network", p->network);
	json_str(&j, "payer", str_of(payer, ADDRESS_TEXT));
	json_close(&j, '}');
	return buf_str(&b);
}

bool check_x402_facilitator(struct vector *v)
{
	struct x402_requirements r;
	struct x402_payment p;
	const char *refusal;
	bool settle;
	str endpoint;

	if (!need_text(v, v->in, "endpoint", &endpoint))
		return false;
	settle = str_eq(endpoint, STR("/settle"));
	if (!settle && !str_eq(endpoint, STR("/verify")))
		return differs(v, "in: endpoint is /verify or /settle");
	if (!asked(v, v->in, &p, &r))
		return failed(v, "request");
	refusal = x402_refusal(&p, &r, clock_now());
	if (refusal == NULL && settled_before(v, &p))
		refusal = x402_refusal_used(settle);
	return want_json(v, "response", verdict(v, &p, refusal, settle));
}
