#include "token.h"

#include "base/hex.h"
#include "crypto/digest.h"
#include "problem.h"
#include "random.h"
#include "routes.h"

#define SECRET 32
#define CHECK 4
#define YEAR (366 * INT64_C(86400) * USEC_S)

/* pwk_ base32(secret || first bytes of sha256("pwk_" secret)) */
static void checksum(const uint8_t secret[SECRET], uint8_t out[32])
{
	uint8_t bytes[4 + SECRET];

	memcpy(bytes, "pwk_", 4);
	memcpy(bytes + 4, secret, SECRET);
	sha256(str_of(bytes, sizeof(bytes)), out);
}

static str hash(struct call *c, str token)
{
	uint8_t *out = arena_alloc(c->w.arena, 32);

	sha256(token, out);
	return str_of(out, 32);
}

bool token_check(struct call *c, str token)
{
	uint8_t sum[32];
	str raw;

	if (!base32_decode(c->w.arena, str_skip(token, TOKEN_PREFIX.n), &raw) || raw.n != SECRET + CHECK)
		return problem_set(c, "auth.token_malformed");
	checksum((const uint8_t *)raw.p, sum);
	if (memcmp(sum, raw.p + SECRET, CHECK) != 0)
		return problem_set(c, "auth.token_malformed");
	c->machine = hash(c, token);
	return true;
}

static bool known_scope(str scope)
{
	const struct route *r;

	for (size_t i = 0; (r = route_at(i)) != NULL; i++) {
		if (r->scope != NULL && str_eq(scope, str_c(r->scope)))
			return true;
	}
	return false;
}

bool token_create(struct call *c, void *p)
{
	struct sql_token_create_in *in = p;
	uint8_t bytes[SECRET + 32];
	usec now = clock_now();
	str rest = in->scopes, piece;

	while (str_next(&rest, ' ', &piece)) {
		if (!known_scope(piece))
			return problem_set(c, "auth.scope_unknown");
	}
	if (in->expires_at <= now || in->expires_at > now + YEAR)
		return problem_set(c, "auth.token_ttl");
	random_bytes(bytes, SECRET);
	checksum(bytes, bytes + SECRET);
	c->secret = arena_printf(c->w.arena, STR_FMT STR_FMT, STR_ARG(TOKEN_PREFIX),
		STR_ARG(base32_str(c->w.arena, str_of(bytes, SECRET + CHECK))));
	explicit_bzero(bytes, sizeof(bytes));
	in->id = uuid_v7();
	in->token_sha256 = hash(c, c->secret);
	return true;
}

bool token_created(struct call *c, void *p)
{
	const struct sql_token_create_out *row = p;
	struct json j = { .b = &c->out };

	json_open(&j, NULL, '{');
	json_uuid(&j, "id", row->id);
	json_str(&j, "token", c->secret);
	json_str(&j, "name", row->name);
	json_str(&j, "scopes", row->scopes);
	json_time(&j, "expires_at", row->expires_at);
	json_close(&j, '}');
	return true;
}
