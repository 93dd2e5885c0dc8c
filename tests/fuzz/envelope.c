/* Signed things: no bytes that nobody signed pass for DSSE, a token or a note. */
#include "fuzz.h"

#include "crypto/ed25519.h"
#include "crypto/jwt.h"
#include "wire/dsse.h"
#include "wire/note.h"

static void fuzz(struct work *w, str in)
{
	static const uint8_t seed[32] = { 4, 2 };
	struct jwt_claims claims;
	struct jwt_key key;
	struct dsse d;
	uint8_t pub[32];
	str text;

	ed25519_public(seed, pub);
	jwt_key_init(&key, seed);
	HOLDS(!dsse_parse(w, in, &d) || !dsse_verify(w, &d, pub));
	HOLDS(!jwt_verify(w, &key, 1, in, STR("i"), STR("a"), 0, &claims));
	HOLDS(!note_open(w, in, STR("n"), pub, &text));
}
