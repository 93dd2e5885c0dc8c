#include "model/account.h"

#include <inttypes.h>

#include "base/hex.h"
#include "crypto/keccak.h"

/* EIP-55: a letter is upper case where the same nibble of the hash of the lower-case digits is 8 or more. */
void address_format(const uint8_t address[20], char out[ADDRESS_TEXT])
{
	char *digits = out + 2;
	uint8_t hash[32];

	out[0] = '0';
	out[1] = 'x';
	hex_encode(address, 20, digits);
	keccak256(str_of(digits, 40), hash);
	for (int i = 0; i < 40; i++) {
		int nibble = i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15;

		if (nibble >= 8 && digits[i] >= 'a')
			digits[i] = (char)(digits[i] - 'a' + 'A');
	}
}

static bool all_lower(str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] >= 'A' && text.p[i] <= 'F')
			return false;
	return true;
}

bool address_parse(str text, uint8_t out[20])
{
	uint8_t bytes[20];
	char right[ADDRESS_TEXT];

	if (text.n != ADDRESS_TEXT || !hex_0x_fixed(text, bytes, 20))
		return false;
	address_format(bytes, right);
	if (!all_lower(text) && !str_eq(text, str_of(right, ADDRESS_TEXT)))
		return false;
	memcpy(out, bytes, 20);
	return true;
}

str account_caip10(struct arena *arena, int64_t chain_id, const uint8_t address[20])
{
	char text[ADDRESS_TEXT];

	address_format(address, text);
	return arena_printf(arena, "eip155:%" PRId64 ":%.*s", chain_id, ADDRESS_TEXT, text);
}
