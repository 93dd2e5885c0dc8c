/* RLP: a canonical decoder takes only what the encoder writes. */
#include "fuzz.h"

#include "wire/rlp.h"

static void write(struct work *w, str encoded, struct buf *b)
{
	struct rlp_item item;

	while (encoded.n > 0) {
		struct buf inner = buf_new(w->arena, SIZE_MAX);

		HOLDS(rlp_next(&encoded, &item));
		if (!item.list) {
			rlp_bytes(b, item.body);
			continue;
		}
		write(w, item.body, &inner);
		rlp_list(b, buf_str(&inner));
	}
}

static void fuzz(struct work *w, str in)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);

	if (!rlp_valid(in))
		return;
	write(w, in, &b);
	HOLDS(str_eq(buf_str(&b), in));
}
