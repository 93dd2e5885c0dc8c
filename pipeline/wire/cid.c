#include "wire/cid.h"

#include "base/buf.h"
#include "base/hex.h"
#include "crypto/digest.h"

#define TEXT_MAX 256

void cid_raw(str document, uint8_t out[CID_RAW_BYTES])
{
	static const uint8_t prefix[4] = { 0x01, 0x55, 0x12, 0x20 }; /* v1, raw, sha2-256, 32 bytes */

	memcpy(out, prefix, sizeof(prefix));
	sha256(document, out + sizeof(prefix));
}

str cid_raw_text(struct arena *arena, str document)
{
	uint8_t bytes[CID_RAW_BYTES];

	cid_raw(document, bytes);
	str digits = base32_str(arena, str_of(bytes, sizeof(bytes)));
	return arena_printf(arena, "b" STR_FMT, STR_ARG(digits));
}

static bool base58_digit(char c, uint8_t *out)
{
	static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	const char *at = c == '\0' ? NULL : strchr(alphabet, c);

	*out = at == NULL ? 0 : (uint8_t)(at - alphabet);
	return at != NULL;
}

/* Base 58 as Bitcoin writes it: each leading '1' is a zero byte, the rest is one big-endian number. */
static bool base58_decode(struct arena *arena, str text, str *out)
{
	size_t zeros = 0, used = 0;
	uint8_t *bytes = arena_zero(arena, text.n + 1), digit;

	while (zeros < text.n && text.p[zeros] == '1')
		zeros++;
	for (size_t i = zeros; i < text.n; i++) {
		if (!base58_digit(text.p[i], &digit))
			return false;
		unsigned carry = digit;
		for (size_t k = 0; k < used || carry != 0; k++) { /* least significant first, from the end */
			carry += 58U * bytes[text.n - k];
			bytes[text.n - k] = (uint8_t)carry;
			carry >>= 8;
			used = k + 1 > used ? k + 1 : used;
		}
	}
	*out = str_of(bytes + text.n + 1 - used - zeros, used + zeros);
	return true;
}

/* An unsigned varint (multiformats): at most nine bytes, the shortest form. */
static bool varint(str *rest, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < 9 && i < rest->n; i++) {
		uint8_t byte = (uint8_t)rest->p[i];

		*out |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*rest = str_skip(*rest, i + 1);
			return byte != 0 || i == 0;
		}
	}
	return false;
}

/* version 1, codec, hash function, length, and exactly that many bytes */
static bool well_formed(str bytes)
{
	uint64_t version, codec, function, length;

	return varint(&bytes, &version) && version == 1 && varint(&bytes, &codec) && varint(&bytes, &function) &&
		varint(&bytes, &length) && length == bytes.n;
}

bool cid_decode(struct arena *arena, str text, str *bytes)
{
	str digits = text.n == 0 ? text : str_skip(text, 1);

	if (text.n < 2 || text.n > TEXT_MAX)
		return false;
	if (*text.p == 'b' ? !base32_decode(arena, digits, bytes)
			   : *text.p != 'z' || !base58_decode(arena, digits, bytes))
		return false;
	return well_formed(*bytes);
}
