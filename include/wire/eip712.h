/* Typed structured data (EIP-712), from the JSON form that wallets use. */
#pragma once

#include "base/json.h"

struct eip712 {
	str encode_type; /* "Mail(Person from,...)Person(...)" */
	uint8_t type_hash[32], domain_separator[32], struct_hash[32], digest[32];
};
/* Numbers may be JSON numbers or decimal / 0x strings; without types.EIP712Domain the domain's own members make it.
 * fails  ERR_INVALID eip712.types, eip712.value */
MUST bool eip712_hash(struct work *w, const cJSON *types, str primary_type, const cJSON *domain, const cJSON *message,
	struct eip712 *out);
