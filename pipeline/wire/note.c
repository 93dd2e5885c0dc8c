#include "wire/note.h"

#include "base/buf.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "crypto/ed25519.h"

#define DASH "\xe2\x80\x94 " /* U+2014, a space */
#define ED25519 0x01
#define KEY_ID 4

static void key_id(struct work *w, str name, const uint8_t pub[32], uint8_t out[32])
{
	struct buf b = buf_new(w->arena, NOTE_MAX);

	buf_add(&b, name);
	buf_byte(&b, '\n');
	buf_byte(&b, ED25519);
	buf_add(&b, str_of(pub, 32));
	sha256(buf_str(&b), out);
}

str note_sign(struct work *w, str text, str name, const uint8_t seed[32])
{
	uint8_t pub[32], id[32], blob[KEY_ID + 64];

	ed25519_public(seed, pub);
	key_id(w, name, pub, id);
	memcpy(blob, id, KEY_ID);
	ed25519_sign(seed, text, blob + KEY_ID);
	return arena_printf(w->arena, STR_FMT "\n" DASH STR_FMT " " STR_FMT "\n", STR_ARG(text), STR_ARG(name),
		STR_ARG(base64_str(w->arena, str_of(blob, sizeof(blob)))));
}

/* A line "— NAME BLOB"; false when it is another's. */
static bool signature_of(struct work *w, str line, str name, const uint8_t pub[32], uint8_t sig[64])
{
	uint8_t id[32];
	str who, blob;

	if (!str_starts(line, STR(DASH)))
		return false;
	line = str_skip(line, sizeof(DASH) - 1);
	if (!str_next(&line, ' ', &who) || !str_eq(who, name) || !base64_decode(w->arena, line, &blob) ||
		blob.n != KEY_ID + 64)
		return false;
	key_id(w, name, pub, id);
	memcpy(sig, blob.p + KEY_ID, 64);
	return memcmp(blob.p, id, KEY_ID) == 0;
}

bool note_open(struct work *w, str note, str name, const uint8_t pub[32], str *text)
{
	uint8_t sig[64];
	str lines, line;
	size_t at;

	if (note.n > NOTE_MAX || !str_utf8(note) || !str_find(note, STR("\n\n"), &at) || !str_ends(note, STR("\n")))
		return err_set(w, ERR_INVALID, "note.malformed", "it is not a signed note");
	*text = str_of(note.p, at + 1);
	lines = str_skip(note, at + 2);
	while (str_next(&lines, '\n', &line))
		if (signature_of(w, line, name, pub, sig) && ed25519_verify(pub, *text, sig))
			return true;
	return err_set(
		w, ERR_INVALID, "note.signature", "it is not signed by " STR_FMT " with this key", STR_ARG(name));
}
