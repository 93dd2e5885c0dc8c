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

/* "casper:casper-test" */
static bool casper_chain(str caip2, str *name)
{
	str rest = api_conf.casper_chains, piece;

	if (!str_starts(caip2, STR("casper:")))
		return false;
	*name = str_skip(caip2, sizeof("casper:") - 1);
	while (str_next(&rest, ',', &piece))
		if (str_eq(str_trim(piece), *name))
			return true;
	return false;
}

/* "eip155:338" says the same as chain_id */
static bool evm_chain(str caip2, bool has_id, int64_t *id)
{
	if (str_starts(caip2, STR("eip155:")) == has_id)
		return false;
	return (has_id ? caip2.p == NULL : str_i64(str_skip(caip2, sizeof("eip155:") - 1), id)) && chain_accepted(*id);
}

bool wallet_account(struct call *c, str address, str chain, bool has_chain_id, int64_t *chain_id, struct login *l)
{
	if (casper_key_parse(address, &l->casper))
		return (!has_chain_id && casper_chain(chain, &l->chain)) || problem_set(c, "auth.chain");
	l->casper.n = 0;
	if (!address_parse(address, l->address))
		return problem_set(c, "auth.address");
	if (!evm_chain(chain, has_chain_id, chain_id))
		return problem_set(c, "auth.chain");
	l->chain_id = (uint64_t)*chain_id;
	return true;
}

str wallet_address(struct call *c, const struct login *l)
{
	uint8_t hash[32];

	if (l->casper.n == 0)
		return arena_str(c->w.arena, str_of(l->address, sizeof(l->address)));
	casper_account_hash(&l->casper, hash);
	return arena_str(c->w.arena, str_of(hash, sizeof(hash)));
}

str wallet_public_key(struct call *c, const struct login *l)
{
	return l->casper.n == 0 ? (str){ NULL, 0 } : arena_str(c->w.arena, str_of(l->casper.bytes, l->casper.n));
}

str wallet_caip10(struct call *c, const struct login *l)
{
	return l->casper.n > 0 ? casper_caip10(c->w.arena, l->chain, &l->casper)
			       : account_caip10(c->w.arena, (int64_t)l->chain_id, l->address);
}

usec wallet_begin(struct call *c, struct login *l)
{
	usec now = clock_now() / USEC_S * USEC_S;

	l->domain = api_conf.domain;
	l->uri = keys.uri;
	if (l->nonce.p == NULL)
		l->nonce = nonce(c);
	l->issued_at = when(c, now);
	l->expires_at = when(c, now + api_conf.challenge_ttl);
	return now + api_conf.challenge_ttl;
}

bool wallet_challenge(struct call *c, void *p)
{
	struct sql_auth_challenge_in *in = p;
	struct login l = { .statement = STATEMENT };

	if (!wallet_account(c, in->address, in->message, in->has_chain_id, &in->chain_id, &l))
		return false;
	in->has_chain_id = l.casper.n == 0;
	in->expires_at = wallet_begin(c, &l);
	in->address = wallet_address(c, &l);
	in->public_key = wallet_public_key(c, &l);
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

/* EVM: 0x and 65 bytes. Casper: 64 bytes, or 65 with the key's tag, in hex. */
static bool read_signature(struct call *c, str text, const struct login *l, str *sig)
{
	bool evm = l->casper.n == 0;

	if (!evm && !str_starts(text, STR("0x")))
		text = arena_printf(c->w.arena, "0x" STR_FMT, STR_ARG(text));
	if (!hex_0x_decode(c->w.arena, text, sig) || (sig->n != 65 && (evm || sig->n != 64)))
		return problem_set(c, "auth.signature_format");
	if (evm ? high_s(*sig) : l->casper.bytes[0] == 2 && high_s(str_skip(*sig, sig->n - 64)))
		return problem_set(c, "auth.signature_high_s");
	return true;
}

bool wallet_text(struct call *c, str message, struct login *l)
{
	struct login_expected expected = { .domain = api_conf.domain,
		.chain_ids = keys.chains,
		.n_chain_ids = keys.n_chains,
		.casper_chains = api_conf.casper_chains,
		.uri_prefix = keys.uri,
		.now = clock_now() };

	if (!login_parse(&c->w, message, l))
		return false;
	expected.nonce = l->nonce; /* whether it is one of ours, the statement knows */
	return login_check(&c->w, l, &expected);
}

bool wallet_key_signed(struct call *c, str message, str signature, const struct login *l)
{
	str sig;

	return read_signature(c, signature, l, &sig) && login_verify(&c->w, message, l, sig);
}

bool wallet_signed(struct call *c, str message, str signature, struct login *l)
{
	return wallet_text(c, message, l) && wallet_key_signed(c, message, signature, l);
}

bool wallet_verify(struct call *c, void *p)
{
	struct sql_auth_verify_in *in = p;
	struct login l;

	if (!wallet_signed(c, in->message, in->caip10, &l))
		return false;
	in->nonce = l.nonce;
	in->caip10 = wallet_caip10(c, &l);
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
	str account = hex_str(c->w.arena, row->public_key);

	if (row->public_key.p == NULL) {
		address_format((const uint8_t *)row->address.p, address);
		account = str_of(address, sizeof(address));
	}
	json_open(&j, NULL, '{');
	session_reply(c, &j, row->person_id, row->session_id, row->expires_at);
	json_str(&j, "address", account);
	json_close(&j, '}');
	return true;
}
