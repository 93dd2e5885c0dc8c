/* The text a wallet signs to log in: Sign-In with Ethereum (EIP-4361). Parsed whole by its grammar, never searched. A Casper
 * wallet signs the same with "Casper account", its public key (hex, lower case) and its chain's name. */
#pragma once

#include "base/work.h"
#include "model/casper.h"

struct login {
	str scheme; /* { NULL, 0 } = none */
	str domain;
	uint8_t address[20];
	struct casper_key casper; /* n = 0: an EVM wallet, with address and chain_id */
	str chain;                /* Casper: "casper-test" */
	str statement;            /* { NULL, 0 } = none; "" = an empty one */
	str uri;
	uint64_t chain_id;
	str nonce;
	str issued_at, expires_at, not_before; /* as written; expires_at, not_before may be { NULL, 0 } */
	usec issued, expires, before;          /* the same parsed; 0 where absent */
	str request_id;                        /* { NULL, 0 } = none */
	str resources[16];
	size_t n_resources;
	bool has_resources;
};

str login_text(struct work *w, const struct login *l); /* from the text members; times as written */
/* fails  ERR_INVALID auth.message_malformed */
MUST bool login_parse(struct work *w, str message, struct login *out);
struct login_expected {
	str domain, nonce;
	const int64_t *chain_ids; /* allowed */
	size_t n_chain_ids;
	str casper_chains; /* allowed, separated by commas */
	str uri_prefix;    /* { NULL, 0 } = any */
	usec now; /* against expiry and not-before; issued-at is ours: the caller compares the text with what it handed out */
};
/* fails  ERR_INVALID auth.domain, auth.nonce, auth.chain, auth.uri, auth.expired, auth.not_before */
MUST bool login_check(struct work *w, const struct login *l, const struct login_expected *e);
/* Over the exact bytes received, by the account in the text: EIP-191, or as Casper's wallets sign messages.
 * fails  ERR_INVALID auth.signature */
MUST bool login_verify(struct work *w, str message, const struct login *l, str sig);
