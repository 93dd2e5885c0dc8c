#include "wire/rlp.h"

#define DEPTH_MAX 32

/* v without leading zeros, at the end of be[8] */
static str big_endian(uint64_t v, uint8_t be[8])
{
	size_t n = 0;

	for (; v != 0; v >>= 8)
		be[7 - n++] = (uint8_t)v;
	return str_of(be + 8 - n, n);
}

/* base is 0x80 for strings, 0xc0 for lists */
static void header(struct buf *b, uint8_t base, size_t n)
{
	uint8_t be[8];

	if (n <= 55) {
		buf_byte(b, (uint8_t)(base + n));
		return;
	}
	str length = big_endian(n, be);
	buf_byte(b, (uint8_t)(base + 55 + length.n));
	buf_add(b, length);
}

void rlp_bytes(struct buf *b, str bytes)
{
	if (bytes.n != 1 || (uint8_t)*bytes.p >= 0x80)
		header(b, 0x80, bytes.n);
	buf_add(b, bytes);
}

void rlp_u64(struct buf *b, uint64_t v)
{
	uint8_t be[8];

	rlp_bytes(b, big_endian(v, be));
}

void rlp_u256(struct buf *b, u256 v)
{
	uint8_t be[32];
	size_t zeros = 0;

	u256_to_be(v, be);
	while (zeros < 32 && be[zeros] == 0)
		zeros++;
	rlp_bytes(b, str_of(be + zeros, 32 - zeros));
}

void rlp_list(struct buf *b, str encoded_items)
{
	header(b, 0xc0, encoded_items.n);
	buf_add(b, encoded_items);
}

/* The length that follows a long header's first byte: no leading zero, above 55. */
static bool long_length(str rest, size_t width, size_t *out)
{
	uint64_t n = 0;

	if (rest.n < 1 + width || rest.p[1] == 0)
		return false;
	for (size_t i = 1; i <= width; i++)
		n = n << 8 | (uint8_t)rest.p[i];
	if (n <= 55 || n > SIZE_MAX)
		return false;
	*out = (size_t)n;
	return true;
}

bool rlp_next(str *rest, struct rlp_item *out)
{
	uint8_t first = rest->n == 0 ? 0 : (uint8_t)*rest->p;
	uint8_t base = first >= 0xc0 ? 0xc0 : 0x80;
	size_t skip = 1, n;

	if (rest->n == 0)
		return false;
	out->list = first >= 0xc0;
	if (first < 0x80) {
		skip = 0;
		n = 1;
	} else if (first - base <= 55) {
		n = (size_t)(first - base);
	} else {
		skip += (size_t)(first - base - 55);
		if (!long_length(*rest, skip - 1, &n))
			return false;
	}
	if (n > rest->n - skip)
		return false;
	if (first == 0x81 && (uint8_t)rest->p[1] < 0x80) /* such a byte is its own encoding */
		return false;
	out->body = str_of(rest->p + skip, n);
	*rest = str_skip(*rest, skip + n);
	return true;
}

static bool items_valid(str items, int depth)
{
	struct rlp_item item;

	while (items.n > 0)
		if (!rlp_next(&items, &item) ||
			(item.list && (depth == DEPTH_MAX || !items_valid(item.body, depth + 1))))
			return false;
	return true;
}

bool rlp_valid(str encoded)
{
	struct rlp_item item;

	return rlp_next(&encoded, &item) && encoded.n == 0 && (!item.list || items_valid(item.body, 1));
}
