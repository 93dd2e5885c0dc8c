/* Keys, addresses, transactions, personal_sign. */
#include <inttypes.h>

#include "base/hex.h"
#include "crypto/secp.h"
#include "model/account.h"
#include "tests/vectors/vector.h"
#include "wire/evm_tx.h"

static bool need_key(struct vector *v, uint8_t key[32], uint8_t address[20])
{
	return need_fixed(v, v->in, "private_key", key, 32) &&
		(secp_address(key, address) || differs(v, "in: private_key is no key"));
}

bool check_key(struct vector *v)
{
	uint8_t key[32], address[20], pub[65];

	if (!need_key(v, key, address))
		return false;
	if (!secp_public(key, pub))
		return differs(v, "no public key");
	return want_hex(v, "public_key", str_of(pub, 65)) && want_address(v, "address", address);
}

bool check_checksum(struct vector *v)
{
	uint8_t address[20];

	return need_fixed(v, v->in, "address", address, 20) && want_address(v, "checksummed", address);
}

bool check_validate(struct vector *v)
{
	uint8_t address[20];
	str text;

	return need_text(v, v->in, "text", &text) && want_bool(v, "valid", address_parse(text, address));
}

bool check_create(struct vector *v)
{
	uint8_t sender[20], address[20];
	uint64_t nonce;

	if (!need_address(v, v->in, "sender", sender) || !need_u64(v, v->in, "nonce", &nonce))
		return false;
	evm_create_address(sender, nonce, address);
	return want_address(v, "address", address);
}

bool check_create2(struct vector *v)
{
	uint8_t deployer[20], salt[32], hash[32], address[20];

	if (!need_address(v, v->in, "deployer", deployer) || !need_fixed(v, v->in, "salt", salt, 32) ||
		!need_fixed(v, v->in, "init_code_hash", hash, 32))
		return false;
	evm_create2_address(deployer, salt, hash, address);
	return want_address(v, "address", address);
}

/* Transactions */

/* [address, [storage keys]] */
static bool read_entry(struct vector *v, const cJSON *entry, struct evm_tx_access *out)
{
	const cJSON *address = cJSON_GetArrayItem(entry, 0), *keys = cJSON_GetArrayItem(entry, 1), *key;
	uint8_t(*bytes)[32];

	if (cJSON_GetArraySize(entry) != 2 || !cJSON_IsString(address) || !cJSON_IsArray(keys) ||
		!address_parse(str_c(address->valuestring), out->address))
		return differs(v, "in: an access_list entry is [address, [keys]]");
	bytes = arena_array(v->w->arena, (size_t)cJSON_GetArraySize(keys), 32);
	cJSON_ArrayForEach(key, keys)
		if (!cJSON_IsString(key) || !hex_0x_fixed(str_c(key->valuestring), bytes[out->n_keys++], 32))
			return differs(v, "in: a storage key is 32 bytes of hex");
	out->keys = (const uint8_t(*)[32])bytes;
	return true;
}

static bool read_access(struct vector *v, const cJSON *tx, struct evm_tx *out)
{
	const cJSON *list, *entry;
	struct evm_tx_access *entries;

	if (!need_array(v, tx, "access_list", &list))
		return false;
	entries = arena_zero(v->w->arena, (size_t)cJSON_GetArraySize(list) * sizeof(*entries));
	cJSON_ArrayForEach(entry, list)
		if (!read_entry(v, entry, &entries[out->n_access++]))
			return false;
	out->access = entries;
	return true;
}

static bool read_fees(struct vector *v, const cJSON *tx, struct evm_tx *out)
{
	str type;

	if (!need_text(v, tx, "type", &type))
		return false;
	out->legacy = str_eq(type, STR("legacy"));
	if (out->legacy)
		return need_u256(v, tx, "gas_price", &out->gas_price);
	if (!str_eq(type, STR("eip1559")))
		return differs(v, "in: no such type of transaction");
	return need_u256(v, tx, "max_priority_fee_per_gas", &out->max_priority_fee) &&
		need_u256(v, tx, "max_fee_per_gas", &out->max_fee) && read_access(v, tx, out);
}

static bool read_tx(struct vector *v, struct evm_tx *out)
{
	const cJSON *tx;

	if (!need_object(v, v->in, "tx", &tx) || !need_u64(v, tx, "chain_id", &out->chain_id) ||
		!need_u64(v, tx, "nonce", &out->nonce) || !need_u64(v, tx, "gas", &out->gas) ||
		!need_u256(v, tx, "value", &out->value) || !need_hex(v, tx, "data", &out->data) ||
		!read_fees(v, tx, out))
		return false;
	if (cJSON_GetArraySize(tx) != (out->legacy ? 8 : 10))
		return differs(v, "in: tx has members that are not signed");
	out->create = cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(tx, "to"));
	return out->create || need_address(v, tx, "to", out->to);
}

bool check_evm_tx(struct vector *v)
{
	uint8_t key[32], from[20], sig[65];
	struct evm_signed got;
	struct evm_tx tx = { 0 };

	if (!need_key(v, key, from) || !read_tx(v, &tx))
		return false;
	if (!evm_tx_sign(v->w, &tx, key, &got))
		return failed(v, "sign");
	memcpy(sig, got.r, 32);
	memcpy(sig + 32, got.s, 32);
	sig[64] = got.y_parity;
	if (!secp_recover(got.signing_hash, str_of(sig, 65), from))
		return differs(v, "the signature does not recover");
	if (tx.legacy && !want_text(v, "v", arena_printf(v->w->arena, "%" PRIu64, got.v)))
		return false;
	return want_hex(v, "unsigned", got.unsigned_bytes) && want_hash(v, "signing_hash", got.signing_hash) &&
		want_u64(v, "y_parity", got.y_parity) && want_hash(v, "r", got.r) && want_hash(v, "s", got.s) &&
		want_hex(v, "raw", got.raw) && want_hash(v, "hash", got.hash) && want_address(v, "from", from);
}

/* personal_sign */

bool check_personal_sign(struct vector *v)
{
	uint8_t key[32], address[20], digest[32], sig[65];
	str message;

	if (!need_key(v, key, address) || !need_hex(v, v->in, "message", &message))
		return false;
	secp_personal_digest(message, digest);
	if (!secp_sign(key, digest, sig))
		return differs(v, "cannot sign");
	return want_hash(v, "eip191_hash", digest) && want_hex(v, "signature", str_of(sig, 65)) &&
		want_address(v, "address", address);
}

bool check_personal_recover(struct vector *v)
{
	uint8_t digest[32], address[20];
	str message, sig;
	bool accepted;

	if (!need_hex(v, v->in, "message", &message) || !need_hex(v, v->in, "signature", &sig))
		return false;
	secp_personal_digest(message, digest);
	accepted = secp_recover(digest, sig, address);
	if (!want_bool(v, "accept", accepted))
		return false;
	if (accepted)
		return want_address(v, "address", address);
	if (cJSON_HasObjectItem(v->out, "reason")) /* a remark for people */
		expected(v, "reason");
	return true;
}
