/* Contracts' data: what is decoded encodes to the same bytes, whatever types it is taken for. */
#include "fuzz.h"

#include "wire/abi.h"

static void decode(struct work *w, str types, str data)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);
	const struct abi_value *values;
	size_t n;

	if (!abi_decode(w, types, data, &values, &n)) {
		err_clear(w);
		return;
	}
	HOLDS(abi_encode(w, types, values, n, &b));
	HOLDS(str_eq(buf_str(&b), data));
}

static void fuzz(struct work *w, str in)
{
	static const char *const types[] = { "bytes32,bytes32,address,uint256", "bool", "string", "bytes",
		"bytes32,bytes", "uint256[]", "bytes,uint8[]", "bool,int64,bytes4", "(address,uint256,string)[],bytes",
		"uint256[2][],(bool,(bytes,int8))", "string[],address[3]" };

	(void)abi_revert_text(w, in);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		decode(w, str_c(types[i]), in);
		decode(w, str_c(types[i]), str_skip(in, in.n < 4 ? in.n : 4)); /* behind a selector */
	}
}
