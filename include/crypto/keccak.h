/* Keccak-256 as Ethereum uses it: padding 0x01, rate 136. It is not SHA3-256. */
#pragma once

#include "base/str.h"

void keccak256(str bytes, uint8_t out[32]);

struct keccak {
	uint64_t lane[25];
	size_t at; /* bytes absorbed into the current block */
};
void keccak_init(struct keccak *k);
void keccak_add(struct keccak *k, str bytes);
void keccak_end(struct keccak *k, uint8_t out[32]);
