#include "session.h"

#include "base/hex.h"
#include "conf.h"
#include "crypto/digest.h"
#include "crypto/jwt.h"
#include "keys.h"
#include "problem.h"
#include "random.h"
#include "sql.h"

#define SECRET_TEXT 43 /* 32 bytes in base64url */

str session_hash(struct call *c, str text)
{
	uint8_t *out = arena_alloc(c->w.arena, 32);

	sha256(text, out);
	return str_of(out, 32);
}

str session_secret(struct call *c, str prefix)
{
	uint8_t bytes[32];

	random_bytes(bytes, sizeof(bytes));
	c->secret = arena_printf(c->w.arena, STR_FMT STR_FMT, STR_ARG(prefix),
		STR_ARG(base64url_str(c->w.arena, str_of(bytes, sizeof(bytes)))));
	explicit_bzero(bytes, sizeof(bytes));
	return session_hash(c, c->secret);
}

bool session_refresh(struct call *c, void *p)
{
	struct sql_auth_refresh_in *in = p;

	if (!str_starts(in->sha256, SESSION_REFRESH) || in->sha256.n != SESSION_REFRESH.n + SECRET_TEXT)
		return problem_set(c, "auth.refresh_unknown");
	in->sha256 = session_hash(c, in->sha256);
	in->next_sha256 = session_secret(c, SESSION_REFRESH);
	return true;
}

const char *const session_members[] = { "token", "token_type", "expires_at", "refresh_token", "session_expires_at",
	"person_id", "session_id", "address", NULL };

void session_reply(struct call *c, struct json *j, uuid person, uuid session, usec expires_at)
{
	usec now = clock_now(),
	     end = (now + api_conf.session_ttl) / USEC_S * USEC_S; /* a token's times are whole seconds */
	struct jwt_claims claims = { .iss = KEYS_ISSUER,
		.aud = api_conf.domain,
		.sub = person,
		.jti = session,
		.iat = now,
		.exp = end < expires_at ? end : expires_at };

	json_str(j, "token", jwt_sign(&c->w, &keys.jwt[0], &claims));
	json_str(j, "token_type", STR("Bearer"));
	json_time(j, "expires_at", claims.exp);
	json_str(j, "refresh_token", c->secret);
	json_time(j, "session_expires_at", expires_at);
	json_uuid(j, "person_id", person);
	json_uuid(j, "session_id", session);
}

bool session_refreshed(struct call *c, void *p)
{
	const struct sql_auth_refresh_out *row = p;
	struct json j = { .b = &c->out };

	json_open(&j, NULL, '{');
	session_reply(c, &j, row->person_id, row->session_id, row->expires_at);
	json_close(&j, '}');
	return true;
}

bool session_jwks(struct call *c, void *row)
{
	(void)row;
	buf_add(&c->out, jwt_jwks(&c->w, keys.jwt, keys.n_jwt));
	return true;
}
