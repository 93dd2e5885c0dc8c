/* Recursive Length Prefix (Ethereum Yellow Paper, appendix B). The decoder takes canonical encodings only. */
#pragma once

#include "base/buf.h"
#include "base/u256.h"

void rlp_bytes(struct buf *b, str bytes);
void rlp_u64(struct buf *b, uint64_t v); /* big endian, no leading zeros; 0 is the empty string */
void rlp_u256(struct buf *b, u256 v);
void rlp_list(struct buf *b, str encoded_items); /* the header and the items */

struct rlp_item {
	bool list;
	str body; /* a string's bytes, or a list's encoded items */
};
MUST bool rlp_next(str *rest, struct rlp_item *out); /* takes the first item off *rest */
/* One item that is the whole text, every nested item checked too; at most 32 levels. */
MUST bool rlp_valid(str encoded);
