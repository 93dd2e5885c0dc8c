/* Solidity contract ABI, by type text: "bytes32,bytes32,address,uint256".
 * A call's arguments and an event's data are given and returned as values. */
#pragma once

#include "base/buf.h"
#include "base/u256.h"
#include "base/work.h"

#define ABI_MAX (1 << 20) /* bytes of one encoding */

enum abi_kind {
	ABI_UINT,
	ABI_INT,
	ABI_ADDRESS,
	ABI_BOOL,
	ABI_FIXED_BYTES,
	ABI_BYTES,
	ABI_STRING,
	ABI_ARRAY,
	ABI_TUPLE
};

struct abi_value {
	enum abi_kind kind;
	u256 number;                /* uint, int (two's complement), bool */
	str bytes;                  /* address (20), bytesN (N), bytes, string */
	const struct abi_value *at; /* array, tuple */
	size_t n;
};

void abi_selector(str signature, uint8_t out[4]);
void abi_topic(str signature, uint8_t out[32]);
/* types: what stands between a signature's parentheses, canonical type names.
 * fails  ERR_INVALID abi.types, abi.value */
MUST bool abi_encode(struct work *w, str types, const struct abi_value *values, size_t n, struct buf *out);
/* Checks everything: high bytes of addresses, bools, padding, lengths; offsets are those that encoders write, and every
 * byte of data belongs to a value.
 * fails  ERR_INVALID abi.types, abi.data */
MUST bool abi_decode(struct work *w, str types, str data, const struct abi_value **values, size_t *n);
/* selector and arguments of "name(types)" */
MUST bool abi_call(struct work *w, str signature, const struct abi_value *values, size_t n, str *out);
/* An indexed argument's topic: the word itself, or the hash of what has no fixed size, of arrays and of tuples.
 * fails  ERR_INVALID abi.types, abi.value */
MUST bool abi_indexed(struct work *w, str type, const struct abi_value *value, uint8_t out[32]);
/* Error(string), Panic(uint256) or a custom error's selector as one line; "" when data is empty. */
str abi_revert_text(struct work *w, str data);
