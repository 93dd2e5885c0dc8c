/* EVM transactions: EIP-1559 (type 2) and legacy with EIP-155. The hash is known before anything is sent. */
#pragma once

#include "base/u256.h"
#include "base/work.h"

struct evm_tx_access {
	uint8_t address[20];
	const uint8_t (*keys)[32];
	size_t n_keys;
};

struct evm_tx {
	bool legacy;
	uint64_t chain_id, nonce, gas;
	u256 gas_price;                 /* legacy */
	u256 max_priority_fee, max_fee; /* EIP-1559 */
	bool create;                    /* no `to` */
	uint8_t to[20];
	u256 value;
	str data;
	const struct evm_tx_access *access;
	size_t n_access;
};

struct evm_signed {
	str unsigned_bytes, raw; /* in w's arena */
	uint8_t signing_hash[32], hash[32];
	uint8_t r[32], s[32];
	uint8_t y_parity;
	uint64_t v; /* legacy: chain_id * 2 + 35 + y_parity */
};
/* fails  ERR_INVALID evm_tx.key, evm_tx.too_long */
MUST bool evm_tx_sign(struct work *w, const struct evm_tx *tx, const uint8_t key[32], struct evm_signed *out);
void evm_create_address(const uint8_t sender[20], uint64_t nonce, uint8_t out[20]);
void evm_create2_address(
	const uint8_t deployer[20], const uint8_t salt[32], const uint8_t init_hash[32], uint8_t out[20]);
