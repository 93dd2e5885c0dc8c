#include "cursor.h"

#include "base/hex.h"
#include "crypto/digest.h"
#include "keys.h"
#include "problem.h"
#include "routes.h"

#define MAC 16

static void mac(struct call *c, size_t key, str position, uint8_t out[32])
{
	hmac_sha256(str_of(keys.cursor[key], sizeof(keys.cursor[key])),
		arena_printf(c->w.arena, "%s%c" STR_FMT "%c" STR_FMT, c->route->path, '\0', STR_ARG(c->filters), '\0',
			STR_ARG(position)),
		out);
}

str cursor_seal(struct call *c, str position)
{
	uint8_t full[32];
	char *p = arena_alloc(c->w.arena, MAC + position.n);

	mac(c, 0, position, full);
	memcpy(p, full, MAC);
	memcpy(p + MAC, position.p, position.n);
	return base64url_str(c->w.arena, str_of(p, MAC + position.n));
}

bool cursor_open(struct call *c, str cursor, str *position)
{
	uint8_t full[32];
	str raw;

	if (cursor.n > CURSOR_MAX || !base64url_decode(c->w.arena, cursor, &raw) || raw.n <= MAC)
		return problem_set(c, "query.cursor");
	*position = str_skip(raw, MAC);
	for (size_t i = 0; i < keys.n_jwt; i++) {
		mac(c, i, *position, full);
		if (str_eq_secret(str_of(full, MAC), str_of(raw.p, MAC)))
			return true;
	}
	return problem_set(c, "query.cursor");
}
