#include "wire/evm_tx.h"

#include "crypto/keccak.h"
#include "crypto/secp.h"
#include "wire/rlp.h"

#define DATA_MAX (4 << 20) /* far above any transaction that a node takes */

static struct buf scratch(struct work *w)
{
	return buf_new(w->arena, DATA_MAX);
}

/* to, value, data: in this order in both forms */
static void payment(struct buf *b, const struct evm_tx *tx)
{
	rlp_bytes(b, tx->create ? STR("") : str_of(tx->to, 20));
	rlp_u256(b, tx->value);
	rlp_bytes(b, tx->data);
}

static void legacy_fields(struct buf *b, const struct evm_tx *tx)
{
	rlp_u64(b, tx->nonce);
	rlp_u256(b, tx->gas_price);
	rlp_u64(b, tx->gas);
	payment(b, tx);
}

static void access_entry(struct work *w, struct buf *b, const struct evm_tx_access *a)
{
	struct buf keys = scratch(w), entry = scratch(w);

	for (size_t i = 0; i < a->n_keys; i++)
		rlp_bytes(&keys, str_of(a->keys[i], 32));
	rlp_bytes(&entry, str_of(a->address, 20));
	rlp_list(&entry, buf_str(&keys));
	rlp_list(b, buf_str(&entry));
}

static void typed_fields(struct work *w, struct buf *b, const struct evm_tx *tx)
{
	struct buf entries = scratch(w);

	rlp_u64(b, tx->chain_id);
	rlp_u64(b, tx->nonce);
	rlp_u256(b, tx->max_priority_fee);
	rlp_u256(b, tx->max_fee);
	rlp_u64(b, tx->gas);
	payment(b, tx);
	for (size_t i = 0; i < tx->n_access; i++)
		access_entry(w, &entries, &tx->access[i]);
	rlp_list(b, buf_str(&entries));
}

/* The fields, and for a signed transaction its signature, as the bytes that are hashed or sent. */
static str encode(struct work *w, const struct evm_tx *tx, const struct evm_signed *signature)
{
	struct buf fields = scratch(w), out = scratch(w);
	u256 r, s;

	if (tx->legacy)
		legacy_fields(&fields, tx);
	else
		typed_fields(w, &fields, tx);
	if (signature != NULL && u256_from_be(signature->r, 32, &r) && u256_from_be(signature->s, 32, &s)) {
		rlp_u64(&fields, tx->legacy ? signature->v : signature->y_parity);
		rlp_u256(&fields, r);
		rlp_u256(&fields, s);
	} else if (tx->legacy) { /* EIP-155 */
		rlp_u64(&fields, tx->chain_id);
		rlp_u64(&fields, 0);
		rlp_u64(&fields, 0);
	}
	if (!tx->legacy)
		buf_byte(&out, 0x02);
	rlp_list(&out, buf_str(&fields));
	return buf_full(&out) || buf_full(&fields) ? STR("") : buf_str(&out);
}

bool evm_tx_sign(struct work *w, const struct evm_tx *tx, const uint8_t key[32], struct evm_signed *out)
{
	uint8_t sig[65];

	*out = (struct evm_signed){ .unsigned_bytes = encode(w, tx, NULL) };
	if (out->unsigned_bytes.n == 0)
		return err_set(w, ERR_INVALID, "evm_tx.too_long", "more than %d bytes", DATA_MAX);
	keccak256(out->unsigned_bytes, out->signing_hash);
	if (!secp_sign(key, out->signing_hash, sig))
		return err_set(w, ERR_INVALID, "evm_tx.key", "no valid secp256k1 key");
	memcpy(out->r, sig, 32);
	memcpy(out->s, sig + 32, 32);
	out->y_parity = (uint8_t)(sig[64] - 27);
	out->v = tx->legacy ? tx->chain_id * 2 + 35 + out->y_parity : 0;
	out->raw = encode(w, tx, out);
	keccak256(out->raw, out->hash);
	return true;
}

void evm_create_address(const uint8_t sender[20], uint64_t nonce, uint8_t out[20])
{
	struct arena *arena = arena_new();
	struct buf fields = buf_new(arena, 64), list = buf_new(arena, 64);
	uint8_t hash[32];

	rlp_bytes(&fields, str_of(sender, 20));
	rlp_u64(&fields, nonce);
	rlp_list(&list, buf_str(&fields));
	keccak256(buf_str(&list), hash);
	memcpy(out, hash + 12, 20);
	arena_free(&arena);
}

/* EIP-1014 */
void evm_create2_address(
	const uint8_t deployer[20], const uint8_t salt[32], const uint8_t init_hash[32], uint8_t out[20])
{
	uint8_t hash[32];
	struct keccak k;

	keccak_init(&k);
	keccak_add(&k, STR("\xff"));
	keccak_add(&k, str_of(deployer, 20));
	keccak_add(&k, str_of(salt, 32));
	keccak_add(&k, str_of(init_hash, 32));
	keccak_end(&k, hash);
	memcpy(out, hash + 12, 20);
}
