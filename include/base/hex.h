/* Bytes as text: hex (RFC 4648 base16, lower case out, either case in), base32 (lower, no padding, as multibase 'b'),
 * base64 and base64url (RFC 4648). Decoders take canonical text only: no spaces, no stray bits. */
#pragma once

#include "base/arena.h"

void hex_encode(const void *p, size_t n, char *out);              /* 2 * n bytes, not terminated */
MUST bool hex_decode(str text, uint8_t *out, size_t n);           /* text is exactly 2 * n digits, no "0x" */
str hex_str(struct arena *arena, str bytes);                      /* lower case */
str hex_0x(struct arena *arena, str bytes);                       /* with "0x" */
MUST bool hex_0x_decode(struct arena *arena, str text, str *out); /* "0x" and an even number of digits */
MUST bool hex_0x_fixed(str text, uint8_t *out, size_t n);

str base32_str(struct arena *arena, str bytes);
MUST bool base32_decode(struct arena *arena, str text, str *out);
str base64_str(struct arena *arena, str bytes);    /* with '=' */
str base64url_str(struct arena *arena, str bytes); /* without */
MUST bool base64_decode(struct arena *arena, str text, str *out);
MUST bool base64url_decode(struct arena *arena, str text, str *out);

str percent_str(struct arena *arena, str s); /* RFC 3986: all but the unreserved characters as %XX */
