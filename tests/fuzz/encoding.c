/* Numbers, names and encodings: what is read is written as it was. */
#include "fuzz.h"

#include <string.h>

#include "base/hex.h"
#include "base/trace.h"
#include "base/u256.h"
#include "base/uuid.h"
#include "model/account.h"
#include "model/casper.h"
#include "wire/cid.h"

static void encodings(struct work *w, str in)
{
	str out;

	if (base32_decode(w->arena, in, &out))
		HOLDS(str_eq(base32_str(w->arena, out), in));
	if (base64_decode(w->arena, in, &out))
		HOLDS(str_eq(base64_str(w->arena, out), in));
	if (base64url_decode(w->arena, in, &out))
		HOLDS(str_eq(base64url_str(w->arena, out), in));
	if (hex_0x_decode(w->arena, in, &out))
		HOLDS(hex_0x(w->arena, out).n == in.n);
	(void)cid_decode(w->arena, in, &out);
}

static void numbers(str in)
{
	char text[U256_DEC];
	u256 v;

	if (u256_parse(in, &v))
		HOLDS(str_eq(str_of(text, u256_format(v, text)), in));
	(void)u256_parse_quantity(in, &v);
}

static void names(struct work *w, str in)
{
	char text[UUID_TEXT], trace[TRACE_TEXT + 1];
	struct casper_key key, again;
	uint8_t address[20];
	uuid id, same;

	if (uuid_parse(in, &id)) {
		uuid_format(id, text);
		HOLDS(uuid_parse(str_of(text, UUID_TEXT), &same) && memcmp(&id, &same, sizeof(id)) == 0);
	}
	(void)address_parse(in, address);
	if (casper_key_parse(in, &key))
		HOLDS(casper_key_parse(casper_key_checksummed(w->arena, &key), &again));
	if (trace_valid(in)) {
		trace_next(in, trace);
		HOLDS(trace_valid(str_of(trace, TRACE_TEXT)));
	}
}

static void fuzz(struct work *w, str in)
{
	encodings(w, in);
	numbers(in);
	names(w, in);
}
