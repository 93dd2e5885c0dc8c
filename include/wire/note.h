/* Signed notes (C2SP signed-note): text, an empty line, and a line "— NAME base64(key id, signature)". The key id is the first
 * four bytes of SHA-256(NAME, newline, 0x01, public key), the signature Ed25519 over the text with its last newline. */
#pragma once

#include "base/work.h"

#define NOTE_MAX (1 << 16)

/* text ends with a newline and has no empty line; name has no space or '+'. The note in w's arena. */
str note_sign(struct work *w, str text, str name, const uint8_t seed[32]);
/* *text = what is signed, a view of note.  fails  ERR_INVALID note.malformed; note.signature (not by this name and key) */
MUST bool note_open(struct work *w, str note, str name, const uint8_t pub[32], str *text);
