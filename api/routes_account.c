/* Who one is: sessions, wallets, tokens for machines, the account at GitHub. */
#include "routes_table.h"

#include "contract.h"
#include "link.h"
#include "session.h"
#include "statement.h"
#include "token.h"
#include "wallet.h"

static const struct param challenge[] = {
	PARAM(FROM_BODY, FIELD_STR, auth_challenge, address, .min = 42, .max = 68,
		.doc = "EVM address, lower case or EIP-55; or a Casper public key with its tag, lower case or CEP-57"),
	MAYBE(FROM_BODY, FIELD_I64, auth_challenge, chain_id, HAS(auth_challenge, chain_id), .min = 1,
		.max = INT64_C(1) << 53, .doc = "EIP-155"),
	/* read by the bind function into the place of message until there is one */
	MAYBE(FROM_BODY, FIELD_STR, auth_challenge, message, .name = "chain", .max = 80,
		.doc = "CAIP-2, instead of chain_id: eip155:338, casper:casper-test"),
};
static const struct param verify[] = {
	PARAM(FROM_BODY, FIELD_STR, auth_verify, message, .min = 1, .max = 4096,
		.doc = "the challenge's message, unchanged"),
	/* read by the bind function into the place of caip10 until it is known */
	PARAM(FROM_BODY, FIELD_STR, auth_verify, caip10, .name = "signature", .min = 128, .max = 132,
		.doc = "EIP-191 over the message: 0x and 65 bytes r, s, v; low s. Casper: 64 bytes in hex, or the key's tag before them"),
};
static const struct param contract[] = {
	TRACE(auth_contract),
	PARAM(FROM_BODY, FIELD_STR, auth_contract, message, .min = 1, .max = 4096,
		.doc = "the challenge's message, unchanged"),
	PARAM(FROM_BODY, FIELD_STR, auth_contract, signature, .min = 4, .max = 16386, .doc = CONTRACT_DOC),
};
static const struct param check[] = {
	ID(auth_check, "a sign-in under way"),
	/* hashed in its place by the bind function */
	PARAM(FROM_BODY, FIELD_STR, auth_check, secret_sha256, .name = "secret", .min = 1, .max = 128,
		.doc = "as /v1/auth/contract answered"),
};
static const struct param refresh[] = {
	TRACE(auth_refresh),
	/* hashed in its place by the bind function */
	PARAM(FROM_BODY, FIELD_STR, auth_refresh, sha256, .name = "refresh_token", .min = 1, .max = 128,
		.doc = "of the session's last answer; each is good once"),
};
static const struct param logout[] = { SESSION(session_end), TRACE(session_end) };
static const struct param session_list[] = { SESSION(session_list), PAGED(session_list) };
static const struct param session_end[] = {
	SESSION(session_end),
	TRACE(session_end),
	PARAM(FROM_PATH, FIELD_UUID, session_end, id, HAS(session_end, id), .doc = "one of one's own sessions"),
};
static const struct param step_up[] = {
	SESSION(auth_step_up),
	PARAM(FROM_BODY, FIELD_STR, auth_step_up, action, .min = 1, .max = 63, .doc = "x-step-up of a route"),
	PARAM(FROM_BODY, FIELD_STR, auth_step_up, object_id, .min = 36, .max = 36,
		.doc = "what the route's path names; one's own person where it names nothing"),
	PARAM(FROM_BODY, FIELD_STR, auth_step_up, address, .min = 42, .max = 68,
		.doc = "of the wallet that is signed in"),
	/* the bind function puts the text in its place */
	PARAM(FROM_BODY, FIELD_STR, auth_step_up, message, .name = "chain", .min = 1, .max = 80, .doc = CHAIN_DOC),
};
static const struct param step_up_verify[] = {
	SESSION(auth_step_up_verify),
	TRACE(auth_step_up_verify),
	PARAM(FROM_BODY, FIELD_STR, auth_step_up_verify, message, .min = 1, .max = 4096, .doc = "unchanged"),
	/* read in the place of the nonce that the message has */
	PARAM(FROM_BODY, FIELD_STR, auth_step_up_verify, nonce, .name = "signature", .min = 128, .max = 132,
		.doc = SIGNATURE_DOC),
};
static const struct param step_up_contract[] = {
	SESSION(auth_step_up_contract),
	TRACE(auth_step_up_contract),
	PARAM(FROM_BODY, FIELD_STR, auth_step_up_contract, message, .min = 1, .max = 4096, .doc = "unchanged"),
	PARAM(FROM_BODY, FIELD_STR, auth_step_up_contract, signature, .min = 4, .max = 16386, .doc = CONTRACT_DOC),
};
static const struct param statement_check[] = { SESSION(auth_statement_check),
	ID(auth_statement_check, "a contract's signature for an act, which this session handed in") };
/* In places of their own only after the bind function, which makes both texts. */
static const struct param wallet_challenge_params[] = {
	SESSION(wallet_challenge),
	PARAM(FROM_BODY, FIELD_STR, wallet_challenge, address, .min = 42, .max = 68, .doc = "of the wallet that joins"),
	PARAM(FROM_BODY, FIELD_STR, wallet_challenge, caip10, .name = "chain", .min = 1, .max = 80, .doc = CHAIN_DOC),
	PARAM(FROM_BODY, FIELD_STR, wallet_challenge, by_address, .min = 42, .max = 68,
		.doc = "of the wallet that is signed in"),
	PARAM(FROM_BODY, FIELD_STR, wallet_challenge, message, .name = "by_chain", .min = 1, .max = 80,
		.doc = CHAIN_DOC),
};
static const struct param wallet_link[] = {
	SESSION(wallet_link),
	PARAM(FROM_BODY, FIELD_STR, wallet_link, message, .min = 1, .max = 4096,
		.doc = "unchanged, signed by the wallet that is signed in"),
	PARAM(FROM_BODY, FIELD_STR, wallet_link, nonce, .name = "signature", .min = 128, .max = 132,
		.doc = SIGNATURE_DOC),
	PARAM(FROM_BODY, FIELD_STR, wallet_link, other_message, .min = 1, .max = 4096,
		.doc = "unchanged, signed by the wallet that joins"),
	PARAM(FROM_BODY, FIELD_STR, wallet_link, trace, .name = "other_signature", .min = 128, .max = 132,
		.doc = SIGNATURE_DOC),
};
#define EITHER_DOC CONTRACT_DOC "; or what a key signed, as /v1/wallets takes it"
static const struct param wallet_link_contract[] = {
	SESSION(wallet_link_contract),
	TRACE(wallet_link_contract),
	PARAM(FROM_BODY, FIELD_STR, wallet_link_contract, message, .min = 1, .max = 4096,
		.doc = "unchanged, signed by the wallet that is signed in"),
	PARAM(FROM_BODY, FIELD_STR, wallet_link_contract, signature, .min = 4, .max = 16386, .doc = EITHER_DOC),
	PARAM(FROM_BODY, FIELD_STR, wallet_link_contract, other_message, .min = 1, .max = 4096,
		.doc = "unchanged, signed by the wallet that joins"),
	PARAM(FROM_BODY, FIELD_STR, wallet_link_contract, other_signature, .min = 4, .max = 16386, .doc = EITHER_DOC),
};
static const struct param wallet_list[] = { SESSION(wallet_list), PAGED(wallet_list) };
static const struct param wallet_unlink[] = { SESSION(wallet_unlink), TRACE(wallet_unlink),
	ID(wallet_unlink, "one of one's own wallets") };
static const struct param wallet_choose[] = { SESSION(wallet_choose), TRACE(wallet_choose),
	ID(wallet_choose, "one of one's own wallets") };
static const struct param token_create_params[] = {
	SESSION(token_create),
	TRACE(token_create),
	PARAM(FROM_BODY, FIELD_STR, token_create, name, .min = 1, .max = 100, .doc = "what it is for"),
	PARAM(FROM_BODY, FIELD_STR, token_create, scopes, .min = 1, .max = 400,
		.doc = "x-scope of the routes it may call, separated by spaces"),
	PARAM(FROM_BODY, FIELD_TIME, token_create, expires_at, .doc = "at most 366 days from now"),
};
static const struct param token_list[] = { SESSION(token_list), PAGED(token_list) };

static const struct param link_start_params[] = { SESSION(link_start) };
static const struct param link_answer_params[] = {
	/* sealed in its place by the bind function */
	MAYBE(FROM_QUERY, FIELD_STR, link_answer, code, .max = 512, .doc = "of GitHub"),
	MAYBE(FROM_QUERY, FIELD_STR, link_answer, error, .max = 128, .doc = "of GitHub, instead of a code"),
	/* hashed in its place by the bind function */
	PARAM(FROM_QUERY, FIELD_STR, link_answer, state_sha256, .name = "state", .min = 1, .max = 128,
		.doc = "as the address had it that POST /v1/me/github gave"),
};
static const struct param link_confirm_params[] = {
	SESSION(link_confirm),
	TRACE(link_confirm),
	/* hashed in its place by the bind function */
	PARAM(FROM_BODY, FIELD_STR, link_confirm, confirm_sha256, .name = "confirm", .min = 1, .max = 128,
		.doc = "what the browser brought back"),
};
static const struct param link_get[] = { SESSION(link_get), ID(link_get, "one of one's own attempts") };
static const struct param account_github[] = { SESSION(account_github) };
static const struct param account_unlink[] = { SESSION(account_unlink), TRACE(account_unlink) };
static const struct param me[] = { SESSION(account_me) };

static const struct route routes[] = {
	{ WRITE("/v1/auth/challenge", "auth", auth_challenge, 201, "A text for a wallet to sign"), .limit = LIMIT_LOGIN,
		PARAMS(challenge), .bind = wallet_challenge },
	{ WRITE("/v1/auth/verify", "auth", auth_verify, 200, "The signed text, for a session and its token"),
		.limit = LIMIT_LOGIN, PARAMS(verify), .bind = wallet_verify, .finish = wallet_token,
		.members = session_members },
	{ WRITE("/v1/auth/contract", "auth", auth_contract, 202,
		  "The signed text of a wallet that is a contract: the chain will be asked"),
		.limit = LIMIT_LOGIN, PARAMS(contract), .bind = contract_begin, .finish = contract_begun,
		.wakes = "verify" },
	{ WRITE("/v1/auth/checks/{id}", "auth", auth_check, 200,
		  "What the chain said: 202 while it is pending, then a session and its tokens, once"),
		.limit = LIMIT_LOGIN, PARAMS(check), .bind = contract_check, .finish = contract_checked },
	{ WRITE("/v1/auth/refresh", "auth", auth_refresh, 200, "The next tokens of a session, for its refresh token"),
		.limit = LIMIT_LOGIN, PARAMS(refresh), .bind = session_refresh, .finish = session_refreshed,
		.members = session_members },
	{ WRITE("/v1/auth/logout", "auth", session_end, 200, "End this session"), .body_max = 0,
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, PARAMS(logout) },
	{ READ("/v1/sessions", "auth", session_list, REPLY_PAGE, "One's own sessions, newest first"),
		PARAMS(session_list), .access = ACCESS_SESSION },
	{ REMOVE("/v1/sessions/{id}", "auth", session_end, "End one of one's own sessions"), .access = ACCESS_SESSION,
		.limit = LIMIT_WRITE, PARAMS(session_end) },
	{ WRITE("/v1/auth/step-up", "auth", auth_step_up, 201,
		  "A text that names an action and its object, for the session's wallet to sign"),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, PARAMS(step_up), .bind = statement_step_up },
	{ WRITE("/v1/auth/step-up/verify", "auth", auth_step_up_verify, 200,
		  "That text, signed: for five minutes this session may do what it names"),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, PARAMS(step_up_verify),
		.bind = statement_step_up_verify },
	{ WRITE("/v1/auth/step-up/contract", "auth", auth_step_up_contract, 202,
		  "That text, signed by a wallet that is a contract: the chain will be asked"),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, PARAMS(step_up_contract), .bind = contract_step_up,
		.wakes = "verify" },
	{ READ("/v1/auth/checks/{id}", "auth", auth_statement_check, REPLY_OBJECT,
		  "What the chain said of a contract's signature for an act: 202 while it is pending, then what came of it"),
		PARAMS(statement_check), .access = ACCESS_SESSION },
	{ READ("/v1/wallets", "wallets", wallet_list, REPLY_PAGE, "One's own wallets, newest first"),
		PARAMS(wallet_list), .access = ACCESS_SESSION },
	{ WRITE("/v1/wallets/challenge", "wallets", wallet_challenge, 201,
		  "Two texts: for the wallet that is to join this person, and for the one that is signed in"),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, PARAMS(wallet_challenge_params),
		.bind = statement_link },
	{ WRITE("/v1/wallets", "wallets", wallet_link, 201,
		  "Both texts, signed: the wallet joins this person; 200 when it had already"),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, PARAMS(wallet_link), .bind = statement_link_verify },
	{ WRITE("/v1/wallets/contract", "wallets", wallet_link_contract, 202,
		  "Both texts, signed by a wallet that is a contract or by two: the chain will be asked"),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, PARAMS(wallet_link_contract), .bind = contract_link,
		.wakes = "verify" },
	{ REMOVE("/v1/wallets/{id}", "wallets", wallet_unlink, "A wallet leaves this person; its history stays"),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, PARAMS(wallet_unlink), .object = "wallet",
		.action = "wallet.unlink" },
	{ WRITE("/v1/wallets/{id}/payout", "wallets", wallet_choose, 200,
		  "Payouts to come go to this wallet; for 72 hours none is sent to it"),
		.body_max = 0, .access = ACCESS_SESSION, .limit = LIMIT_WRITE, PARAMS(wallet_choose),
		.object = "wallet", .action = "wallet.payout" },
	{ WRITE("/v1/tokens", "auth", token_create, 201, "A token for a machine, told this once"),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, PARAMS(token_create_params), .action = "token.create",
		.bind = token_create, .finish = token_created },
	{ READ("/v1/tokens", "auth", token_list, REPLY_PAGE, "One's own machine tokens, newest first"),
		PARAMS(token_list), .access = ACCESS_SESSION },
	{ REMOVE("/v1/tokens/{id}", "auth", session_end, "Revoke one of one's own machine tokens"),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, PARAMS(session_end) },
	{ OWN("/.well-known/jwks.json", "auth", "application/jwk-set+json", session_jwks,
		"The keys that sign tokens, by kid") },
	{ READ("/v1/me", "auth", account_me, REPLY_OBJECT, "Who is signed in"), PARAMS(me), .access = ACCESS_SESSION,
		.scope = "me:read" },
	{ WRITE("/v1/me/github", "account", link_start, 201,
		  "Begin to link a GitHub account: send the browser to url, where GitHub asks its user"),
		.body_max = 0, .access = ACCESS_SESSION, .limit = LIMIT_WRITE, PARAMS(link_start_params),
		.bind = link_start, .finish = link_started },
	{ READ("/v1/auth/github/callback", "account", link_answer, REPLY_OBJECT,
		  "Where GitHub sends the browser back to; it goes on to the frontend's page with what this session confirms by"),
		.limit = LIMIT_LOGIN, .lenient = true, PARAMS(link_answer_params), .bind = link_answer,
		.finish = link_answered },
	{ WRITE("/v1/me/github/confirm", "account", link_confirm, 202,
		  "Take up what the browser brought back, in the session that began: GitHub will be asked"),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, PARAMS(link_confirm_params), .bind = link_confirm,
		.wakes = "sync" },
	{ READ("/v1/me/github/{id}", "account", link_get, REPLY_OBJECT,
		  "How far an attempt is: 202 until it is linked; a refusal is a problem with its code"),
		PARAMS(link_get), .access = ACCESS_SESSION },
	{ READ("/v1/me/github", "account", account_github, REPLY_OBJECT, "One's own GitHub account"),
		PARAMS(account_github), .access = ACCESS_SESSION, .scope = "me:read" },
	{ REMOVE("/v1/me/github", "account", account_unlink,
		  "The account is linked no more; what was earned stays, GitHub is told to forget the token"),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, PARAMS(account_unlink), .wakes = "sync" },
};
const struct route_table routes_account = TABLE(routes);
