#include "base/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/hex.h"

#define FLAGS_AT 53

static bool lower_hex(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return true;
}

static bool id(str s)
{
	bool other = false;

	for (size_t i = 0; i < s.n; i++)
		other |= s.p[i] != '0';
	return other && lower_hex(s);
}

/* A later version may go on after another '-'; version ff is none. */
bool trace_valid(str v)
{
	if (v.n < TRACE_TEXT || v.p[2] != '-' || v.p[35] != '-' || v.p[52] != '-' || !lower_hex(str_of(v.p, 2)) ||
		memcmp(v.p, "ff", 2) == 0)
		return false;
	if (v.n > TRACE_TEXT && (memcmp(v.p, "00", 2) == 0 || v.p[TRACE_TEXT] != '-'))
		return false;
	return id(str_of(v.p + 3, 32)) && id(str_of(v.p + 36, 16)) && lower_hex(str_of(v.p + FLAGS_AT, 2));
}

void trace_span(str from, const uint8_t fresh[TRACE_RANDOM], char out[TRACE_TEXT + 1])
{
	uint8_t bytes[TRACE_RANDOM];
	char hex[2 * TRACE_RANDOM];

	memcpy(bytes, fresh, sizeof(bytes));
	bytes[0] |= 1; /* neither is all zeros */
	bytes[16] |= 1;
	hex_encode(bytes, sizeof(bytes), hex);
	if (trace_valid(from))
		snprintf(out, TRACE_TEXT + 1, "00-%.32s-%.16s-%.2s", from.p + 3, hex + 32, from.p + FLAGS_AT);
	else
		snprintf(out, TRACE_TEXT + 1, "00-%.32s-%.16s-01", hex, hex + 32);
}

void trace_next(str from, char out[TRACE_TEXT + 1])
{
	uint8_t fresh[TRACE_RANDOM];

	if (getrandom(fresh, sizeof(fresh), 0) != sizeof(fresh))
		abort();
	trace_span(from, fresh, out);
}
