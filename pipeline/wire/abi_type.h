/* ABI type text as a tree. */
#pragma once

#include "wire/abi.h"

struct abi_type {
	enum abi_kind kind;
	unsigned bits;             /* uint, int: 8 to 256 */
	size_t n;                  /* bytesN: N; T[k]: k; tuple: number of parts */
	bool any_length;           /* T[] */
	const struct abi_type *at; /* array: the element; tuple: its parts */
	bool dynamic;
	size_t head; /* bytes in the enclosing head: 32 when dynamic */
};

/* "address,uint256[],(bytes32,string)" as one tuple.
 * fails  ERR_INVALID abi.types */
MUST bool abi_types(struct work *w, str types, struct abi_type *tuple);
