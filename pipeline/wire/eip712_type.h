/* The parts of EIP-712: the types that a document declares, and single values as words. */
#pragma once

#include "wire/eip712.h"

struct eip712_typed {
	struct work *w;
	const cJSON *types;
	const cJSON *made; /* EIP712Domain, when `types` has none */
};

/* Set eip712.types or eip712.value and return false. */
bool eip712_bad_types(const struct eip712_typed *t, const char *what, str at);
bool eip712_bad_value(const struct eip712_typed *t, const char *what, str at);

/* The members of a struct type: an array of {name, type}; NULL when there is no such type. */
const cJSON *eip712_members(const struct eip712_typed *t, str name);
str eip712_text(const cJSON *object, const char *member); /* { NULL, 0 } when it is no text */
str eip712_element(str type);                             /* without its array suffixes */
/* fails  ERR_INVALID eip712.types */
MUST bool eip712_encode_type(const struct eip712_typed *t, str name, str *out);
/* A value that is neither an array nor a struct.
 * fails  ERR_INVALID eip712.types, eip712.value */
MUST bool eip712_encode_atom(const struct eip712_typed *t, str type, const cJSON *v, uint8_t out[32]);
