#include "model/casper.h"

#include "base/hex.h"
#include "crypto/digest.h"
#include "crypto/ed25519.h"
#include "crypto/secp.h"

enum { TAG_ED25519 = 1, TAG_SECP256K1 = 2 };

static size_t length_of(uint8_t tag)
{
	return tag == TAG_ED25519 ? 33 : tag == TAG_SECP256K1 ? 34 : 0;
}

bool casper_key_of(str bytes, struct casper_key *out)
{
	if (bytes.n == 0 || bytes.n != length_of((uint8_t)bytes.p[0]))
		return false;
	memcpy(out->bytes, bytes.p, bytes.n);
	out->n = bytes.n;
	return out->bytes[0] == TAG_ED25519 || secp_compressed_valid(out->bytes + 1);
}

static bool has(str text, char first, char last)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] >= first && text.p[i] <= last)
			return true;
	return false;
}

/* CEP-57: the letters of the raw key are upper case where the bits of its BLAKE2b-256, lowest first, say so. */
static void checksummed(const struct casper_key *key, char *out)
{
	uint8_t hash[32];
	size_t bit = 0;

	hex_encode(key->bytes, key->n, out);
	blake2b_256(str_of(key->bytes + 1, key->n - 1), hash);
	for (size_t i = 2; i < 2 * key->n; i++) {
		if (out[i] < 'a')
			continue;
		if (hash[bit / 8] >> bit % 8 & 1)
			out[i] = (char)(out[i] - 'a' + 'A');
		bit++;
	}
}

bool casper_key_parse(str text, struct casper_key *out)
{
	uint8_t bytes[34];
	char right[CASPER_KEY_TEXT];

	if (text.n % 2 != 0 || text.n / 2 > sizeof(bytes) || !hex_decode(text, bytes, text.n / 2) ||
		!casper_key_of(str_of(bytes, text.n / 2), out))
		return false;
	if (!has(text, 'a', 'f') || !has(text, 'A', 'F'))
		return true;
	checksummed(out, right);
	return str_eq(text, str_of(right, text.n));
}

str casper_key_text(struct arena *arena, const struct casper_key *key)
{
	return hex_str(arena, str_of(key->bytes, key->n));
}

str casper_key_checksummed(struct arena *arena, const struct casper_key *key)
{
	char text[CASPER_KEY_TEXT];

	checksummed(key, text);
	return arena_str(arena, str_of(text, 2 * key->n));
}

void casper_account_hash(const struct casper_key *key, uint8_t out[32])
{
	str name = key->bytes[0] == TAG_ED25519 ? STR("ed25519") : STR("secp256k1");
	uint8_t bytes[9 + 1 + 33];

	memcpy(bytes, name.p, name.n);
	bytes[name.n] = 0;
	memcpy(bytes + name.n + 1, key->bytes + 1, key->n - 1);
	blake2b_256(str_of(bytes, name.n + key->n), out);
}

str casper_caip10(struct arena *arena, str chain, const struct casper_key *key)
{
	return arena_printf(arena, "casper:" STR_FMT ":" STR_FMT, STR_ARG(chain), STR_ARG(casper_key_text(arena, key)));
}

str casper_signed_bytes(struct arena *arena, str message)
{
	static const char head[] = "Casper Message:\n";
	char *p = arena_alloc(arena, sizeof(head) - 1 + message.n);

	memcpy(p, head, sizeof(head) - 1);
	if (message.n > 0)
		memcpy(p + sizeof(head) - 1, message.p, message.n);
	return str_of(p, sizeof(head) - 1 + message.n);
}

bool casper_message_verify(struct arena *arena, const struct casper_key *key, str message, str sig)
{
	str bytes = casper_signed_bytes(arena, message);
	uint8_t digest[32];

	if (sig.n == 65 && (uint8_t)sig.p[0] == key->bytes[0])
		sig = str_skip(sig, 1);
	if (sig.n != 64)
		return false;
	if (key->bytes[0] == TAG_ED25519)
		return ed25519_verify(key->bytes + 1, bytes, (const uint8_t *)sig.p);
	sha256(bytes, digest);
	return secp_verify(key->bytes + 1, digest, (const uint8_t *)sig.p);
}
