#include "wallet.h"

#include "base/hex.h"
#include "conf.h"
#include "keys.h"
#include "model/account.h"
#include "model/login.h"
#include "problem.h"
#include "random.h"
#include "session.h"
#include "sql.h"

#define STATEMENT STR("Sign in to Patchwork. This costs nothing and sends no transaction.")

static bool chain_accepted(int64_t id)
{
	for (size_t i = 0; i < keys.n_chains; i++) {
		if (keys.chains[i] == id)
			return true;
	}
	return false;
}

/* 128 bits in lower-case letters and digits */
static str nonce(struct call *c)
{
	uint8_t bytes[16];

	random_bytes(bytes, sizeof(bytes));
	return base32_str(c->w.arena, str_of(bytes, sizeof(bytes)));
}

static str when(struct call *c, usec t)
{
	char text[CLOCK_TEXT];
	size_t n = clock_format(t, text);

	return arena_str(c->w.arena, str_of(text, n));
}

bool wallet_challenge(struct call *c, void *p)
{
	struct sql_auth_challenge_in *in = p;
	usec now = clock_now() / USEC_S * USEC_S;
	struct login l = { .domain = api_conf.domain, .statement = STATEMENT, .uri = keys.uri, .nonce = nonce(c) };

	if (!address_parse(in->address, l.address))
		return problem_set(c, "auth.address");
	if (!chain_accepted(in->chain_id))
		return problem_set(c, "auth.chain");
	in->expires_at = now + api_conf.challenge_ttl;
	l.chain_id = (uint64_t)in->chain_id;
	l.issued_at = when(c, now);
	l.expires_at = when(c, in->expires_at);
	in->address = arena_str(c->w.arena, str_of(l.address, sizeof(l.address)));
	in->nonce = l.nonce;
	in->message = login_text(&c->w, &l);
	return true;
}

/* n / 2 of secp256k1: above it every signature has a twin below. */
static bool high_s(str sig)
{
	static const uint8_t half[32] = { 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b,
		0x20, 0xa0 };

	return memcmp(sig.p + 32, half, sizeof(half)) > 0;
}

bool wallet_verify(struct call *c, void *p)
{
	struct sql_auth_verify_in *in = p;
	struct login_expected expected = { .domain = api_conf.domain,
		.chain_ids = keys.chains,
		.n_chain_ids = keys.n_chains,
		.uri_prefix = keys.uri,
		.now = clock_now() };
	struct login l;
	uint8_t bytes[65];
	str sig = str_of(bytes, sizeof(bytes));

	if (!hex_0x_fixed(in->caip10, bytes, sizeof(bytes)))
		return problem_set(c, "auth.signature_format");
	if (!login_parse(&c->w, in->message, &l))
		return false;
	expected.nonce = l.nonce; /* whether it is one of ours, the statement knows */
	if (!login_check(&c->w, &l, &expected))
		return false;
	if (high_s(sig))
		return problem_set(c, "auth.signature_high_s");
	if (!login_verify(&c->w, in->message, &l, sig))
		return false;
	in->nonce = l.nonce;
	in->caip10 = account_caip10(c->w.arena, (int64_t)l.chain_id, l.address);
	in->session_id = uuid_v7();
	in->expires_at = (clock_now() + api_conf.refresh_ttl) / USEC_S * USEC_S;
	in->refresh_sha256 = session_secret(c, SESSION_REFRESH);
	return true;
}

bool wallet_token(struct call *c, void *p)
{
	const struct sql_auth_verify_out *row = p;
	struct json j = { .b = &c->out };
	char address[ADDRESS_TEXT];

	address_format((const uint8_t *)row->address.p, address);
	json_open(&j, NULL, '{');
	session_reply(c, &j, row->person_id, row->session_id, row->expires_at);
	json_str(&j, "address", str_of(address, sizeof(address)));
	json_close(&j, '}');
	return true;
}
