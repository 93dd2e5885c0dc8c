#include "wire/x402.h"

#include "base/hex.h"
#include "crypto/keccak.h"
#include "model/account.h"
#include "wire/abi.h"

#define TEXT_MAX (X402_HEADER_MAX / 4 * 3)

static const uint8_t domain_type[] =
	"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
static const uint8_t transfer_type[] = "TransferWithAuthorization(address from,address to,uint256 value,"
				       "uint256 validAfter,uint256 validBefore,bytes32 nonce)";

/* A word of a struct's encoding. */

static void add_number(struct keccak *k, u256 v)
{
	uint8_t be[32];

	u256_to_be(v, be);
	keccak_add(k, str_of(be, 32));
}

static void add_address(struct keccak *k, const uint8_t address[20])
{
	uint8_t word[32] = { 0 };

	memcpy(word + 12, address, 20);
	keccak_add(k, str_of(word, 32));
}

static void add_hash(struct keccak *k, str bytes)
{
	uint8_t hash[32];

	keccak256(bytes, hash);
	keccak_add(k, str_of(hash, 32));
}

static void separator(const struct x402_token *token, uint8_t out[32])
{
	struct keccak k;

	keccak_init(&k);
	add_hash(&k, str_of(domain_type, sizeof(domain_type) - 1));
	add_hash(&k, token->name);
	add_hash(&k, token->version);
	add_number(&k, u256_of(token->chain_id));
	add_address(&k, token->address);
	keccak_end(&k, out);
}

static void authorization_hash(const struct x402_authorization *a, uint8_t out[32])
{
	struct keccak k;

	keccak_init(&k);
	add_hash(&k, str_of(transfer_type, sizeof(transfer_type) - 1));
	add_address(&k, a->from);
	add_address(&k, a->to);
	add_number(&k, a->value);
	add_number(&k, a->valid_after);
	add_number(&k, a->valid_before);
	keccak_add(&k, str_of(a->nonce, 32));
	keccak_end(&k, out);
}

void x402_digest(const struct x402_token *token, const struct x402_authorization *a, uint8_t digest[32])
{
	uint8_t hash[32];
	struct keccak k;

	keccak_init(&k);
	keccak_add(&k, STR("\x19\x01"));
	separator(token, hash);
	keccak_add(&k, str_of(hash, 32));
	authorization_hash(a, hash);
	keccak_add(&k, str_of(hash, 32));
	keccak_end(&k, digest);
}

bool x402_payout_nonce(
	struct work *w, uint64_t chain_id, const uint8_t token[20], const uint8_t payout_id[32], uint8_t nonce[32])
{
	struct abi_value values[4] = {
		{ .kind = ABI_STRING, .bytes = STR("patchwork.payout.v1") },
		{ .kind = ABI_UINT, .number = u256_of(chain_id) },
		{ .kind = ABI_ADDRESS, .bytes = str_of(token, 20) },
		{ .kind = ABI_FIXED_BYTES, .bytes = str_of(payout_id, 32) },
	};
	struct buf b = buf_new(w->arena, 512);

	if (!abi_encode(w, STR("string,uint256,address,bytes32"), values, 4, &b))
		return false;
	keccak256(buf_str(&b), nonce);
	return true;
}

str x402_header(struct work *w, const cJSON *tree)
{
	return base64_str(w->arena, json_print(w, tree));
}

bool x402_header_decode(struct work *w, str header, const cJSON **tree)
{
	str text;

	if (header.n == 0 || header.n > X402_HEADER_MAX || !base64_decode(w->arena, header, &text))
		return err_set(w, ERR_INVALID, "x402.header", "no base64 of at most %d bytes", X402_HEADER_MAX);
	if (!json_parse(w, text, tree) || !cJSON_IsObject(*tree))
		return err_set(w, ERR_INVALID, "x402.header", "no JSON object inside");
	return true;
}

static bool malformed(struct work *w, const char *code, const char *member)
{
	return err_set(w, ERR_INVALID, code, "%s is missing or not well formed", member);
}

/* Seconds: a decimal string in version 2, a number in the flat form. */
static bool read_seconds(const cJSON *tree, const char *member, u256 *out)
{
	int64_t n;

	if (u256_parse(json_get_str(tree, member), out))
		return true;
	if (!json_get_i64(tree, member, &n) || n < 0)
		return false;
	*out = u256_of((uint64_t)n);
	return true;
}

static bool read_authorization(struct work *w, const cJSON *tree, struct x402_authorization *out)
{
	const char *code = "x402.payment";

	if (!address_parse(json_get_str(tree, "from"), out->from))
		return malformed(w, code, "from");
	if (!address_parse(json_get_str(tree, "to"), out->to))
		return malformed(w, code, "to");
	if (!u256_parse(json_get_str(tree, "value"), &out->value))
		return malformed(w, code, "value");
	if (!read_seconds(tree, "validAfter", &out->valid_after))
		return malformed(w, code, "validAfter");
	if (!read_seconds(tree, "validBefore", &out->valid_before))
		return malformed(w, code, "validBefore");
	return hex_0x_fixed(json_get_str(tree, "nonce"), out->nonce, 32) || malformed(w, code, "nonce");
}

/* what names the scheme and the network: the payment itself in version 1, the accepted requirements in version 2 */
static bool read_frame(struct work *w, const cJSON *frame, const char *asset, struct x402_payment *out)
{
	out->scheme = json_get_str(frame, "scheme");
	out->network = json_get_str(frame, "network");
	if (out->scheme.p == NULL || out->network.p == NULL)
		return malformed(w, "x402.payment", "scheme or network");
	return address_parse(json_get_str(frame, asset), out->asset) || malformed(w, "x402.payment", "asset");
}

bool x402_payment_read(struct work *w, const cJSON *tree, struct x402_payment *out)
{
	const cJSON *payload = json_get(tree, "payload");
	int64_t version = 0;

	*out = (struct x402_payment){ 0 };
	if (!json_get_i64(tree, "x402Version", &version) || (version != 1 && version != 2))
		return malformed(w, "x402.payment", "x402Version");
	out->version = (int)version;
	if (version == 1 ? !read_frame(w, tree, "payload.asset", out)
			 : !read_frame(w, json_get(tree, "accepted"), "asset", out))
		return false;
	if (!hex_0x_decode(w->arena, json_get_str(payload, "signature"), &out->signature))
		return malformed(w, "x402.payment", "signature");
	return read_authorization(w, version == 1 ? payload : json_get(payload, "authorization"), &out->authorization);
}

static void write_address(struct json *j, const char *key, const uint8_t address[20])
{
	char text[ADDRESS_TEXT];

	address_format(address, text);
	json_str(j, key, str_of(text, ADDRESS_TEXT));
}

/* The flat form has seconds as JSON numbers; what does not fit one is no time. */
static void write_seconds(struct json *j, const char *key, u256 v)
{
	uint64_t n;

	json_i64(j, key, u256_u64(v, &n) && n <= INT64_C(9007199254740991) ? (int64_t)n : INT64_C(9007199254740991));
}

str x402_cronos_payment(struct work *w, const struct x402_payment *p)
{
	const struct x402_authorization *a = &p->authorization;
	struct buf b = buf_new(w->arena, TEXT_MAX);
	struct json j = { &b };

	json_open(&j, NULL, '{');
	json_i64(&j, "x402Version", 1);
	json_str(&j, "scheme", p->scheme);
	json_str(&j, "network", p->network);
	json_open(&j, "payload", '{');
	write_address(&j, "from", a->from);
	write_address(&j, "to", a->to);
	json_u256(&j, "value", a->value);
	write_seconds(&j, "validAfter", a->valid_after);
	write_seconds(&j, "validBefore", a->valid_before);
	json_hex(&j, "nonce", str_of(a->nonce, 32));
	json_hex(&j, "signature", p->signature);
	write_address(&j, "asset", p->asset);
	json_close(&j, '}');
	json_close(&j, '}');
	return buf_str(&b);
}

bool x402_requirements_read(struct work *w, const cJSON *tree, struct x402_requirements *out)
{
	const char *code = "x402.requirements";
	str v1 = json_get_str(tree, "maxAmountRequired"), v2 = json_get_str(tree, "amount");

	*out = (struct x402_requirements){ .version = v2.p != NULL ? 2 : 1 };
	out->scheme = json_get_str(tree, "scheme");
	out->network = json_get_str(tree, "network");
	out->name = json_get_str(tree, "extra.name");
	out->version_712 = json_get_str(tree, "extra.version");
	if (out->scheme.p == NULL || out->network.p == NULL)
		return malformed(w, code, "scheme or network");
	if ((v1.p != NULL) == (v2.p != NULL) || !u256_parse(v2.p != NULL ? v2 : v1, &out->amount))
		return malformed(w, code, "amount or maxAmountRequired");
	if (!address_parse(json_get_str(tree, "asset"), out->asset))
		return malformed(w, code, "asset");
	if (!address_parse(json_get_str(tree, "payTo"), out->pay_to))
		return malformed(w, code, "payTo");
	return (json_get_i64(tree, "maxTimeoutSeconds", &out->max_timeout_s) && out->max_timeout_s > 0) ||
		malformed(w, code, "maxTimeoutSeconds");
}

bool x402_cronos_body(struct work *w, str header, const cJSON *requirements, str *out)
{
	struct buf b = buf_new(w->arena, X402_HEADER_MAX * 2);
	struct json j = { &b };
	struct x402_requirements r;
	struct x402_payment p;
	const cJSON *tree;

	if (!x402_header_decode(w, header, &tree) || !x402_payment_read(w, tree, &p) ||
		!x402_requirements_read(w, requirements, &r))
		return false;
	if (p.version != 1 || r.version != 1)
		return malformed(w, "x402.payment", "x402Version");
	json_open(&j, NULL, '{');
	json_i64(&j, "x402Version", 1);
	json_str(&j, "paymentHeader", header);
	json_raw(&j, "paymentRequirements", json_print(w, requirements));
	json_close(&j, '}');
	*out = buf_str(&b);
	return !buf_full(&b) || malformed(w, "x402.requirements", "a text of this length");
}
