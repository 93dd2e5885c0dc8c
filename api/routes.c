#include "routes.h"

#include "bounty.h"
#include "contract.h"
#include "health.h"
#include "lineage.h"
#include "link.h"
#include "openapi.h"
#include "operator.h"
#include "page.h"
#include "proof.h"
#include "role.h"
#include "session.h"
#include "statement.h"
#include "token.h"
#include "wallet.h"
#include "webhook.h"

#define BODY_MAX 65536
#define DELIVERY_MAX (25 << 20) /* GitHub sends no larger event */

#define PARAM(FROM, TYPE, S, member, ...)                                                                              \
	{                                                                                                              \
		FROM, FIELD(TYPE, struct sql_##S##_in, member, __VA_ARGS__)                                            \
	}
#define MAYBE(FROM, TYPE, S, member, ...) PARAM(FROM, TYPE, S, member, .optional = true, __VA_ARGS__)
#define HAS(S, member) .has = offsetof(struct sql_##S##_in, has_##member)
#define SESSION(S) PARAM(FROM_SESSION, FIELD_UUID, S, session_id)
#define SEEN(S) MAYBE(FROM_SESSION, FIELD_UUID, S, session_id, HAS(S, session_id))
#define TRACE(S) PARAM(FROM_TRACE, FIELD_STR, S, trace)
#define ID(S, what) PARAM(FROM_PATH, FIELD_UUID, S, id, .doc = what)
#define PAGED(S) PARAM(FROM_CURSOR, FIELD_STR, S, after), PARAM(FROM_LIMIT, FIELD_I32, S, page)

#define STATES                                                                                                         \
	"draft|funding|open|in_progress|merged|verified|hold|payable|paying|paid|expired|refunding|refunded|"          \
	"cancelled|disputed|frozen"

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
	PARAM(FROM_BODY, FIELD_STR, auth_contract, signature, .min = 4, .max = 16386,
		.doc = "0x and up to 8192 bytes: what the contract takes, wrapped by EIP-6492 while it is not deployed"),
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
#define CHAIN_DOC "its chain, CAIP-2: eip155:338, casper:casper-test"
#define SIGNATURE_DOC "over that message, as for /v1/auth/verify"
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

#define REASON(S) PARAM(FROM_BODY, FIELD_STR, S, reason, .min = 1, .max = 500, .doc = "goes into the audit log")
#define GRANTEE(S) PARAM(FROM_BODY, FIELD_UUID, S, person_id, HAS(S, person_id), .doc = "who gets the role")
static const struct param role_list_params[] = {
	PAGED(role_list),
	MAYBE(FROM_QUERY, FIELD_UUID, role_list, project_id, HAS(role_list, project_id), .doc = "only of this project"),
	MAYBE(FROM_QUERY, FIELD_UUID, role_list, person_id, HAS(role_list, person_id), .doc = "only of this person"),
	MAYBE(FROM_QUERY, FIELD_BOOL, role_list, revoked, HAS(role_list, revoked), .doc = "also those taken away"),
};
static const struct param role_grant_params[] = {
	TRACE(role_grant),
	GRANTEE(role_grant),
	PARAM(FROM_BODY, FIELD_STR, role_grant, role,
		.one_of = "admin|operator|auditor|owner|maintainer|reviewer|contributor|arbiter", .doc = "the role"),
	MAYBE(FROM_BODY, FIELD_UUID, role_grant, project_id, HAS(role_grant, project_id),
		.doc = "of owner, maintainer, reviewer, contributor"),
	MAYBE(FROM_BODY, FIELD_UUID, role_grant, bounty_id, HAS(role_grant, bounty_id), .doc = "of arbiter"),
	REASON(role_grant),
};
static const struct param role_revoke_params[] = {
	TRACE(role_revoke),
	PARAM(FROM_PATH, FIELD_UUID, role_revoke, id, .doc = "a grant"),
};
static const struct param project_roles[] = {
	PAGED(role_list),
	PARAM(FROM_PATH, FIELD_UUID, role_list, project_id, .name = "id", HAS(role_list, project_id),
		.doc = "a project"),
	MAYBE(FROM_QUERY, FIELD_BOOL, role_list, revoked, HAS(role_list, revoked), .doc = "also those taken away"),
};
static const struct param project_role_grant[] = {
	TRACE(role_grant),
	PARAM(FROM_PATH, FIELD_UUID, role_grant, project_id, .name = "id", HAS(role_grant, project_id),
		.doc = "a project"),
	GRANTEE(role_grant),
	PARAM(FROM_BODY, FIELD_STR, role_grant, role, .one_of = "maintainer|reviewer|contributor", .doc = "the role"),
	REASON(role_grant),
};
static const struct param project_role_revoke[] = {
	TRACE(role_revoke),
	PARAM(FROM_PATH, FIELD_UUID, role_revoke, project_id, .name = "id", HAS(role_revoke, project_id),
		.doc = "a project"),
	PARAM(FROM_PATH, FIELD_UUID, role_revoke, id, .name = "grant", .doc = "a grant in it"),
};
static const struct param payout_retry[] = {
	TRACE(payout_retry),
	ID(payout_retry, "a payout that is held"),
	PARAM(FROM_PERSON, FIELD_UUID, payout_retry, person_id),
	REASON(payout_retry),
};

/* Filters of jobs, from the query or the body. */
#define JOB_STATES "ready|running|scheduled|held|parked|done|cancelled|replayed"
#define STAGE_DOC "sync, verify, prove, pay, score"
#define MADE(FROM, S)                                                                                                  \
	MAYBE(FROM, FIELD_STR, S, code, .max = 63, .doc = "that a run of it ended with: github.rate_limited ..."),     \
		MAYBE(FROM, FIELD_UUID, S, project_id, HAS(S, project_id), .doc = "only of this project"),             \
		MAYBE(FROM, FIELD_TIME, S, since, HAS(S, since), .doc = "made then or later"),                         \
		MAYBE(FROM, FIELD_TIME, S, until, HAS(S, until), .doc = "made before")
#define OPERATOR(S)                                                                                                    \
	PARAM(FROM_PERSON, FIELD_UUID, S, person_id),                                                                  \
		PARAM(FROM_BODY, FIELD_STR, S, reason, .min = 1, .max = 1000, .doc = "goes into the audit log")
#define NUMBER(S, what) PARAM(FROM_PATH, FIELD_I64, S, id, .min = 1, .max = INT64_MAX, .doc = what)
#define PAUSED(S)                                                                                                      \
	PARAM(FROM_BODY, FIELD_STR, S, what, .one_of = "stage|kind|project", .doc = "what name names"),                \
		PARAM(FROM_BODY, FIELD_STR, S, name, .min = 1, .max = 128, .doc = "of a project its id")
#define REPLAYED(S)                                                                                                    \
	MAYBE(FROM_BODY, FIELD_JSON, S, ids, .doc = "[1, 2, ...]: only these jobs, 1000 at most"),                     \
		MAYBE(FROM_BODY, FIELD_STR, S, stage, .max = 63, .doc = STAGE_DOC),                                    \
		MAYBE(FROM_BODY, FIELD_STR, S, kind, .max = 63, .doc = "verify.merge ..."),                            \
		MAYBE(FROM_BODY, FIELD_STR, S, state, .one_of = "done|parked|cancelled|replayed",                      \
			.doc = "only those that ended so"),                                                            \
		MADE(FROM_BODY, S)
static const struct param pause_ask[] = { OPERATOR(pause_ask), PAUSED(pause_ask) };
static const struct param pause_end[] = { OPERATOR(pause_end), PAUSED(pause_end) };
static const struct param job_retry[] = { OPERATOR(job_ask_retry), SESSION(job_ask_retry),
	NUMBER(job_ask_retry, "a parked or scheduled job") };
static const struct param job_cancel[] = { OPERATOR(job_ask_cancel),
	NUMBER(job_ask_cancel, "a job that has not ended") };
static const struct param replay_list[] = { PAGED(replay_list) };
static const struct param replay_preview[] = { REPLAYED(replay_preview) };
static const struct param replay_ask[] = {
	OPERATOR(replay_ask),
	SESSION(replay_ask),
	REPLAYED(replay_ask),
	MAYBE(FROM_BODY, FIELD_STR, replay_ask, rate, .max = 31,
		.doc = "of letting out: 50/s, 600/m, 1000/h; 50/s unless told"),
};
static const struct param replay_stop[] = { OPERATOR(replay_ask_stop), NUMBER(replay_ask_stop, "a batch") };
static const struct param audit_page[] = {
	PAGED(audit_page),
	MAYBE(FROM_QUERY, FIELD_STR, audit_page, actor, .max = 256, .doc = "kind:id, or id: person:UUID, cli:ann ..."),
	MAYBE(FROM_QUERY, FIELD_STR, audit_page, action, .max = 63, .doc = "queue.pause ..."),
	MAYBE(FROM_QUERY, FIELD_STR, audit_page, object, .min = 3, .max = 256,
		.doc = "type/id: job/4711, bounty/UUID ..."),
	MAYBE(FROM_QUERY, FIELD_TIME, audit_page, since, HAS(audit_page, since), .doc = "done then or later"),
	MAYBE(FROM_QUERY, FIELD_TIME, audit_page, until, HAS(audit_page, until), .doc = "done before"),
};
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

static const struct param project_create[] = {
	SESSION(project_create),
	TRACE(project_create),
	PARAM(FROM_BODY, FIELD_STR, project_create, full_name, .min = 3, .max = 170,
		.doc = "owner/name on GitHub, or the address of its page, with .git or without"),
};
static const struct param project_check[] = {
	SESSION(project_check),
	TRACE(project_check),
	ID(project_check, "a project"),
	PARAM(FROM_BODY, FIELD_STR, project_check, method, .one_of = "permission|app|ping|file",
		.doc = "how: docs/stages.md says what each looks at and grants"),
};
static const struct param project_checks[] = {
	PAGED(project_checks),
	ID(project_checks, "a project"),
	SEEN(project_checks),
};
static const struct param hook_ask[] = { SESSION(hook_ask), TRACE(hook_ask), ID(hook_ask, "a project") };
static const struct param hook_rotate[] = { SESSION(hook_rotate), TRACE(hook_rotate), ID(hook_rotate, "a project") };
static const struct param account_challenge[] = {
	SESSION(project_account_challenge),
	ID(project_account_challenge, "a project"),
	/* in places of their own only after the bind function */
	PARAM(FROM_BODY, FIELD_STR, project_account_challenge, nonce, .name = "address", .min = 42, .max = 68,
		.doc = "of the account: EVM, lower case or EIP-55; or a Casper public key with its tag"),
	PARAM(FROM_BODY, FIELD_STR, project_account_challenge, caip10, .name = "chain", .min = 1, .max = 80,
		.doc = CHAIN_DOC),
};
static const struct param project_account_link[] = {
	SESSION(project_account_link),
	TRACE(project_account_link),
	ID(project_account_link, "a project"),
	PARAM(FROM_BODY, FIELD_STR, project_account_link, message, .min = 1, .max = 4096,
		.doc = "unchanged, signed by the account"),
	PARAM(FROM_BODY, FIELD_STR, project_account_link, signature, .min = 128, .max = 132, .doc = SIGNATURE_DOC),
};
static const struct param project_account_list[] = { PAGED(project_account_list),
	ID(project_account_list, "a project") };
static const struct param project_account_unlink[] = {
	SESSION(project_account_unlink),
	TRACE(project_account_unlink),
	PARAM(FROM_PATH, FIELD_UUID, project_account_unlink, project_id, .name = "id", .doc = "a project"),
	PARAM(FROM_PATH, FIELD_UUID, project_account_unlink, id, .name = "account", .doc = "an account of it"),
};
static const struct param project_get[] = { ID(project_get, "a project"), SEEN(project_get) };
static const struct param project_list[] = {
	PAGED(project_list),
	SEEN(project_list),
	MAYBE(FROM_QUERY, FIELD_STR, project_list, state, .one_of = "unverified|verified|degraded|lost",
		.doc = "only these"),
};

static const struct param bounty_create[] = {
	SESSION(bounty_create),
	TRACE(bounty_create),
	PARAM(FROM_KEY, FIELD_STR, bounty_create, key),
	PARAM(FROM_DIGEST, FIELD_HEX, bounty_create, request_sha256),
	PARAM(FROM_BODY, FIELD_UUID, bounty_create, project_id, .doc = "a verified project"),
	PARAM(FROM_BODY, FIELD_I32, bounty_create, issue_number, .min = 1, .max = INT32_MAX, .doc = "of an open issue"),
	PARAM(FROM_BODY, FIELD_I64, bounty_create, chain_id, .min = 1, .max = INT64_C(1) << 53, .doc = "EIP-155"),
	PARAM(FROM_BODY, FIELD_STR, bounty_create, token, .min = 42, .max = 42, .doc = "the ERC-20 contract, EIP-55"),
	PARAM(FROM_BODY, FIELD_U256, bounty_create, amount, .doc = "smallest unit of the token"),
	MAYBE(FROM_BODY, FIELD_STR, bounty_create, title, .max = 200, .doc = "shown in lists"),
	MAYBE(FROM_BODY, FIELD_TIME, bounty_create, deadline_at, .doc = "default: bounty.deadline from now"),
};
static const struct param bounty_get[] = { ID(bounty_get, "a bounty"), SEEN(bounty_get) };
static const struct param bounty_list[] = {
	PAGED(bounty_list),
	SEEN(bounty_list),
	MAYBE(FROM_QUERY, FIELD_STR, bounty_list, state, .one_of = STATES, .doc = "only these"),
	MAYBE(FROM_QUERY, FIELD_UUID, bounty_list, project_id, HAS(bounty_list, project_id),
		.doc = "only of this project"),
};
static const struct param bounty_fund[] = {
	SESSION(bounty_fund),
	TRACE(bounty_fund),
	PARAM(FROM_PATH, FIELD_UUID, bounty_fund, bounty_id, .name = "id", .doc = "a bounty in state draft or funding"),
	PARAM(FROM_BODY, FIELD_HEX, bounty_fund, tx_hash, .max = 32,
		.doc = "the transaction that called lock() of the escrow"),
};

static const struct param submission_get[] = { ID(submission_get, "a submission"), SEEN(submission_get) };
static const struct param payout_get[] = { ID(payout_get, "a payout"), SEEN(payout_get) };
static const struct param proof_get[] = {
	SEEN(proof_get),
	PARAM(FROM_PATH, FIELD_STR, proof_get, cid, .min = 8, .max = 128, .doc = "CIDv1 of the proof's payload"),
};
static const struct param block_get[] = {
	SEEN(block_get),
	PARAM(FROM_PATH, FIELD_STR, block_get, cid, .min = 8, .max = 128, .doc = "CIDv1, raw codec, sha2-256, base32"),
};
static const struct param score_board[] = {
	PAGED(score_board),
	SEEN(score_board),
	MAYBE(FROM_QUERY, FIELD_UUID, score_board, project_id, HAS(score_board, project_id),
		.doc = "points of this project alone"),
};
static const struct param job_list[] = {
	PAGED(job_list),
	SEEN(job_list),
	MAYBE(FROM_QUERY, FIELD_STR, job_list, queue, .max = 63, .doc = STAGE_DOC),
	MAYBE(FROM_QUERY, FIELD_STR, job_list, kind, .max = 63, .doc = "verify.merge ..."),
	MAYBE(FROM_QUERY, FIELD_BOOL, job_list, parked, HAS(job_list, parked),
		.doc = "only those that wait for a person, or only the others"),
	MAYBE(FROM_QUERY, FIELD_STR, job_list, state, .one_of = JOB_STATES, .doc = "only these"),
	MADE(FROM_QUERY, job_list),
	MAYBE(FROM_QUERY, FIELD_I64, job_list, batch, HAS(job_list, batch), .min = 1, .max = INT64_MAX,
		.doc = "only what this replay let out"),
};
static const struct param job_get[] = {
	SEEN(job_get),
	PARAM(FROM_PATH, FIELD_I64, job_get, id, .min = 1, .max = INT64_MAX, .doc = "a job"),
};
static const struct param history_list[] = {
	PAGED(history_list),
	MAYBE(FROM_QUERY, FIELD_I64, history_list, job, HAS(history_list, job), .min = 1, .max = INT64_MAX,
		.doc = "only of this job"),
	MAYBE(FROM_QUERY, FIELD_UUID, history_list, project_id, HAS(history_list, project_id),
		.doc = "only of this project"),
	MAYBE(FROM_QUERY, FIELD_STR, history_list, queue, .max = 63, .doc = STAGE_DOC),
	MAYBE(FROM_QUERY, FIELD_STR, history_list, kind, .max = 63, .doc = "verify.merge ..."),
	MAYBE(FROM_QUERY, FIELD_STR, history_list, state,
		.one_of = "done|failed|parked|snoozed|rescued|returned|cancelled", .doc = "how the run ended"),
	MAYBE(FROM_QUERY, FIELD_STR, history_list, code, .max = 63, .doc = "github.rate_limited ..."),
	MAYBE(FROM_QUERY, FIELD_STR, history_list, actor, .max = 200, .doc = "who made the job"),
	MAYBE(FROM_QUERY, FIELD_TIME, history_list, since, HAS(history_list, since), .doc = "ended then or later"),
	MAYBE(FROM_QUERY, FIELD_TIME, history_list, until, HAS(history_list, until), .doc = "ended before"),
};
static const struct param lineage_get[] = {
	SEEN(lineage_get),
	PARAM(FROM_PATH, FIELD_STR, lineage_get, kind, .one_of = "pull|submission|bounty|payout|delivery|job",
		.doc = "what id names"),
};
static const struct param receive[] = {
	TRACE(delivery_receive),
};

static const struct param receive_own[] = {
	TRACE(delivery_receive),
	PARAM(FROM_PATH, FIELD_UUID, delivery_receive, own_hook, .name = "id", HAS(delivery_receive, own_hook),
		.doc = "a webhook of ours"),
};

#define READERS "admin|operator|auditor"
#define WRITERS "admin|operator"
#define PARAMS(table) .params = table, .n_params = sizeof(table) / sizeof((table)[0])
#define READ(p, noun, statement, REPLY, text)                                                                          \
	.method = "GET", .path = p, .limit = LIMIT_READ, .sql = &sql_##statement##_stmt, .status = 200,                \
	.reply = REPLY, .tag = noun, .doc = text
#define WRITE(p, noun, statement, code, text)                                                                          \
	.method = "POST", .path = p, .sql = &sql_##statement##_stmt, .status = code, .body_max = BODY_MAX,             \
	.tag = noun, .doc = text
#define REMOVE(p, noun, statement, text)                                                                               \
	.method = "DELETE", .path = p, .sql = &sql_##statement##_stmt, .status = 200, .tag = noun, .doc = text
#define OWN(p, noun, type, fn, text)                                                                                   \
	.method = "GET", .path = p, .status = 200, .reply = REPLY_OWN, .media = type, .finish = fn, .tag = noun,       \
	.doc = text
#define SCRIPT(p, text) OWN(p, "page", "text/javascript; charset=utf-8", page_serve, text)

const struct route routes[] = {
	{ WRITE("/v1/auth/challenge", "auth", auth_challenge, 201, "A text for a wallet to sign"), .limit = LIMIT_LOGIN,
		PARAMS(challenge), .bind = wallet_challenge },
	{ WRITE("/v1/auth/verify", "auth", auth_verify, 200, "The signed text, for a session and its token"),
		.limit = LIMIT_LOGIN, PARAMS(verify), .bind = wallet_verify, .finish = wallet_token },
	{ WRITE("/v1/auth/contract", "auth", auth_contract, 202,
		  "The signed text of a wallet that is a contract: the chain will be asked"),
		.limit = LIMIT_LOGIN, PARAMS(contract), .bind = contract_begin, .finish = contract_begun,
		.wakes = "verify" },
	{ WRITE("/v1/auth/checks/{id}", "auth", auth_check, 200,
		  "What the chain said: 202 while it is pending, then a session and its tokens, once"),
		.limit = LIMIT_LOGIN, PARAMS(check), .bind = contract_check, .finish = contract_checked },
	{ WRITE("/v1/auth/refresh", "auth", auth_refresh, 200, "The next tokens of a session, for its refresh token"),
		.limit = LIMIT_LOGIN, PARAMS(refresh), .bind = session_refresh, .finish = session_refreshed },
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
	{ READ("/v1/wallets", "wallets", wallet_list, REPLY_PAGE, "One's own wallets, newest first"),
		PARAMS(wallet_list), .access = ACCESS_SESSION },
	{ WRITE("/v1/wallets/challenge", "wallets", wallet_challenge, 201,
		  "Two texts: for the wallet that is to join this person, and for the one that is signed in"),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, PARAMS(wallet_challenge_params),
		.bind = statement_link },
	{ WRITE("/v1/wallets", "wallets", wallet_link, 201,
		  "Both texts, signed: the wallet joins this person; 200 when it had already"),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, PARAMS(wallet_link), .bind = statement_link_verify },
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

	{ WRITE("/v1/projects", "projects", project_create, 201, "Register a repository; 200 when it is yours already"),
		PARAMS(project_create), .access = ACCESS_SESSION, .scope = "projects:write", .limit = LIMIT_PROJECT,
		.bind = bounty_repository, .wakes = "sync" },
	{ READ("/v1/projects", "projects", project_list, REPLY_PAGE, "Projects, newest first"), PARAMS(project_list),
		.access = ACCESS_ANYONE },
	{ READ("/v1/projects/{id}", "projects", project_get, REPLY_OBJECT, "One project"), PARAMS(project_get),
		.access = ACCESS_ANYONE },

	{ WRITE("/v1/projects/{id}/checks", "projects", project_check, 202,
		  "Have it checked whether the repository is yours; the answer is in the list of checks"),
		PARAMS(project_check), .access = ACCESS_SESSION, .scope = "projects:write", .limit = LIMIT_PROJECT,
		.wakes = "sync" },
	{ READ("/v1/projects/{id}/checks", "projects", project_checks, REPLY_PAGE,
		  "Who has shown, or tried to show, that the repository is theirs, newest first"),
		PARAMS(project_checks), .access = ACCESS_SESSION, .object = "project" },

	{ WRITE("/v1/projects/{id}/hook", "projects", hook_ask, 202,
		  "Have a webhook made in the repository; 200 when there is one of yours"),
		.body_max = 0, PARAMS(hook_ask), .access = ACCESS_SESSION, .limit = LIMIT_PROJECT, .object = "project",
		.roles = "admin|owner", .wakes = "sync" },
	{ WRITE("/v1/projects/{id}/hook/rotate", "projects", hook_rotate, 202,
		  "Have its secret replaced; the one of now is accepted for another day"),
		.body_max = 0, PARAMS(hook_rotate), .access = ACCESS_SESSION, .limit = LIMIT_PROJECT,
		.object = "project", .roles = "admin|owner", .wakes = "sync" },

	{ WRITE("/v1/projects/{id}/accounts/challenge", "projects", project_account_challenge, 201,
		  "A text that names the project, for an account on a chain to sign"),
		PARAMS(account_challenge), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .object = "project",
		.roles = "admin|owner|maintainer", .bind = statement_account },
	{ WRITE("/v1/projects/{id}/accounts", "projects", project_account_link, 201,
		  "That text, signed: the account is the project's; 200 when it was already"),
		PARAMS(project_account_link), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .object = "project",
		.roles = "admin|owner|maintainer", .action = "project.link_account", .bind = statement_account_verify },
	{ READ("/v1/projects/{id}/accounts", "projects", project_account_list, REPLY_PAGE,
		  "A project's accounts on chains and what each of them signed, newest first"),
		PARAMS(project_account_list), .access = ACCESS_SESSION, .object = "project" },
	{ REMOVE("/v1/projects/{id}/accounts/{account}", "projects", project_account_unlink,
		  "An account leaves the project; its history stays"),
		PARAMS(project_account_unlink), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .object = "project",
		.roles = "admin|owner|maintainer", .action = "project.unlink_account" },

	{ READ("/v1/projects/{id}/roles", "roles", role_list, REPLY_PAGE, "Who has a role in a project, newest first"),
		PARAMS(project_roles), .access = ACCESS_SESSION, .object = "project",
		.roles = "admin|operator|auditor|owner|maintainer" },
	{ WRITE("/v1/projects/{id}/roles", "roles", role_grant, 201, "Give a role in a project; 200 when it is held"),
		PARAMS(project_role_grant), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .object = "project",
		.roles = "admin|owner", .action = "role.grant", .bind = role_grant },
	{ REMOVE("/v1/projects/{id}/roles/{grant}", "roles", role_revoke, "Take a role in a project away"),
		PARAMS(project_role_revoke), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .object = "project",
		.roles = "admin|owner", .bind = role_revoke },
	{ READ("/v1/roles", "roles", role_list, REPLY_PAGE, "All roles that were granted, newest first"),
		PARAMS(role_list_params), .access = ACCESS_SESSION, .roles = READERS },
	{ WRITE("/v1/roles", "roles", role_grant, 201, "Give a role; 200 when it is held"), PARAMS(role_grant_params),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, .roles = "admin", .action = "role.grant",
		.bind = role_grant },
	{ REMOVE("/v1/roles/{id}", "roles", role_revoke, "Take a role away"), PARAMS(role_revoke_params),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, .roles = "admin", .bind = role_revoke },

	{ WRITE("/v1/bounties", "bounties", bounty_create, 201,
		  "A bounty on an issue, and what a wallet needs to lock its money"),
		PARAMS(bounty_create), .access = ACCESS_SESSION, .scope = "bounties:write", .limit = LIMIT_WRITE,
		.bind = bounty_create_bind, .wakes = "sync" },
	{ READ("/v1/bounties", "bounties", bounty_list, REPLY_PAGE, "Bounties, newest first"), PARAMS(bounty_list),
		.access = ACCESS_ANYONE },
	{ READ("/v1/bounties/{id}", "bounties", bounty_get, REPLY_OBJECT, "One bounty"), PARAMS(bounty_get),
		.access = ACCESS_ANYONE },
	{ WRITE("/v1/bounties/{id}/fund", "bounties", bounty_fund, 202, "Name the transaction that locked the money"),
		PARAMS(bounty_fund), .access = ACCESS_SESSION, .scope = "bounties:write", .limit = LIMIT_WRITE,
		.wakes = "verify" },

	{ READ("/v1/submissions/{id}", "contributions", submission_get, REPLY_OBJECT, "One submission"),
		PARAMS(submission_get), .access = ACCESS_ANYONE },
	{ READ("/v1/payouts/{id}", "contributions", payout_get, REPLY_OBJECT, "One payout"), PARAMS(payout_get),
		.access = ACCESS_ANYONE },
	{ WRITE("/v1/payouts/{id}/retry", "contributions", payout_retry, 202, "Try a held payout again"),
		PARAMS(payout_retry), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .object = "payout",
		.roles = "admin|operator", .action = "payout.retry", .wakes = "pay" },
	{ READ("/v1/proofs/{cid}", "contributions", proof_get, REPLY_OBJECT,
		  "One proof; with Accept: application/vnd.dsse.envelope.v1+json the envelope alone, as `patchwork proof verify` reads it"),
		PARAMS(proof_get), .access = ACCESS_ANYONE, .finish = proof_envelope },
	{ READ("/ipfs/{cid}", "contributions", block_get, REPLY_OWN,
		  "The block that a proof's address stands for, never changing"),
		PARAMS(block_get), .access = ACCESS_ANYONE, .finish = proof_block,
		.media = "application/vnd.ipld.raw" },
	{ READ("/v1/leaderboard", "contributions", score_board, REPLY_PAGE, "People by points"), PARAMS(score_board),
		.access = ACCESS_ANYONE },
	{ READ("/v1/lineage/{kind}/{id}", "contributions", lineage_get, REPLY_OBJECT,
		  "Everything that belongs to one contribution, from any of its ids: id is a UUID, or a number for delivery and job"),
		PARAMS(lineage_get), .access = ACCESS_ANYONE, .bind = lineage_bind },

	{ READ("/v1/jobs", "jobs", job_list, REPLY_PAGE,
		  "Jobs, newest first; a page may be short and have a next_cursor all the same"),
		PARAMS(job_list), .access = ACCESS_ANYONE },
	{ READ("/v1/runs", "jobs", history_list, REPLY_PAGE,
		  "The history of runs, the newest job's first; a page may be short and have a next_cursor all the same"),
		PARAMS(history_list), .access = ACCESS_SESSION, .roles = READERS },
	{ READ("/v1/jobs/{id}", "jobs", job_get, REPLY_OBJECT, "One job and its runs"), PARAMS(job_get),
		.access = ACCESS_ANYONE },

	{ WRITE("/v1/jobs/{id}/retry", "jobs", job_ask_retry, 202,
		  "A parked or scheduled job runs now, as its next attempt"),
		PARAMS(job_retry), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .roles = WRITERS,
		.may_want = "jobs.pay" },
	{ WRITE("/v1/jobs/{id}/cancel", "jobs", job_ask_cancel, 202,
		  "A job that waits ends now, one that runs before its next effect; 200 when that was asked for before"),
		PARAMS(job_cancel), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .roles = WRITERS },

	{ READ("/v1/stages", "operators", control_stages, REPLY_PAGE,
		  "Each stage: is it paused, what waits in it, for how many seconds, its limits"),
		.bind = operator_stages, .access = ACCESS_SESSION, .roles = READERS },
	{ READ("/v1/pauses", "operators", pause_list, REPLY_PAGE, "What is paused, by whom and why"),
		.access = ACCESS_SESSION, .roles = READERS },
	{ WRITE("/v1/pauses", "operators", pause_ask, 201,
		  "A stage, kind or project starts nothing new; 200 when it was paused before"),
		PARAMS(pause_ask), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .roles = WRITERS,
		.bind = operator_pause },
	{ WRITE("/v1/pauses/end", "operators", pause_end, 200, "A stage, kind or project goes on"), PARAMS(pause_end),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, .roles = WRITERS },
	{ READ("/v1/replays", "operators", replay_list, REPLY_PAGE, "Replays, newest first, and how far each is"),
		PARAMS(replay_list), .access = ACCESS_SESSION, .roles = READERS },
	{ WRITE("/v1/replays/preview", "operators", replay_preview, 200,
		  "What a replay would take, and what its kinds do; `patchwork jobs replay --dry-run` asks the outside, too"),
		PARAMS(replay_preview), .access = ACCESS_SESSION, .limit = LIMIT_READ, .roles = READERS,
		.bind = operator_preview, .finish = operator_previewed },
	{ WRITE("/v1/replays", "operators", replay_ask, 202,
		  "Ended jobs run once more, each as a new job; twice the same are two replays"),
		PARAMS(replay_ask), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .roles = WRITERS,
		.may_want = "jobs.pay", .bind = operator_replay },
	{ WRITE("/v1/replays/{id}/stop", "operators", replay_ask_stop, 200,
		  "What a replay has not let out stays where it is"),
		PARAMS(replay_stop), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .roles = WRITERS },
	{ READ("/v1/explain/{kind}/{id}", "operators", explain_find, REPLY_OBJECT,
		  "Why it is where it is, and who must act: kind is job, bounty, submission, payout or account, id a job's number or a UUID"),
		.access = ACCESS_SESSION, .roles = READERS, .bind = operator_explain, .finish = operator_explained },
	{ READ("/v1/audit", "operators", audit_page, REPLY_PAGE,
		  "The audit log, newest first; a page may be short and have a next_cursor all the same"),
		PARAMS(audit_page), .access = ACCESS_SESSION, .roles = READERS },

	{ WRITE("/v1/webhooks/github", "webhooks", delivery_receive, 202,
		  "A signed delivery; 200 for one that is known, and for ping"),
		PARAMS(receive), .body_max = DELIVERY_MAX, .access = ACCESS_GITHUB, .bind = webhook_bind,
		.finish = webhook_count, .wakes = "sync" },

	{ WRITE("/v1/webhooks/github/{id}", "webhooks", delivery_receive, 202,
		  "A delivery to a webhook that was made by us, signed with its own secret"),
		PARAMS(receive_own), .body_max = DELIVERY_MAX, .access = ACCESS_HOOK, .bind = webhook_own_bind,
		.finish = webhook_count, .wakes = "sync" },

	{ OWN("/livez", "health", "text/plain; charset=utf-8", health_live, "This process answers") },
	{ OWN("/readyz", "health", "application/json", health_ready,
		  "Database and schema are usable; lists what is degraded"),
		.sql = &sql_health_ready_stmt, .bind = health_ready_bind, .always = true },
	{ OWN("/metrics", "health", "text/plain; version=0.0.4; charset=utf-8", health_metrics, "Prometheus text"),
		.sql = &sql_health_jobs_stmt, .always = true },
	{ OWN("/openapi.json", "description", "application/json", openapi_serve, "This description") },
	{ OWN("/", "page", "text/html; charset=utf-8", page_serve,
		"The page that shows the board, bounties and one lineage") },
	{ OWN("/style.css", "page", "text/css; charset=utf-8", page_serve, "Its looks") },
	{ SCRIPT("/page.js", "Its program") },
	{ OWN("/icon.svg", "page", "image/svg+xml", page_serve, "Its icon") },
	{ OWN("/console", "page", "text/html; charset=utf-8", page_serve, "The operators' console") },
	{ OWN("/console.css", "page", "text/css; charset=utf-8", page_serve, "Its looks, over those of the page") },
	{ SCRIPT("/dom.js", "What both pages are made of") },
	{ SCRIPT("/lineage.js", "One contribution as a story, for both") },
	{ SCRIPT("/console.js", "The console's program: its views by their addresses") },
	{ SCRIPT("/console_history.js", "Runs, audit, lineage") },
	{ SCRIPT("/console_jobs.js", "Jobs, and one job") },
	{ SCRIPT("/console_keys.js", "What keys do") },
	{ SCRIPT("/console_parts.js", "Tables, filters, dialogs") },
	{ SCRIPT("/console_replays.js", "Replays, and what one would do") },
	{ SCRIPT("/console_session.js", "Who is signed in") },
	{ SCRIPT("/console_stages.js", "Stages, and what is paused") },
};
const size_t n_routes = sizeof(routes) / sizeof(routes[0]);

int routes_split(const char *path, str segments[PATH_SEGMENTS])
{
	const char *end;
	int n = 0;

	if (path[0] != '/' || path[1] == '\0')
		return 0;
	do {
		end = strchrnul(++path, '/');
		if (n == PATH_SEGMENTS)
			return -1;
		segments[n++] = str_of(path, (size_t)(end - path));
		path = end;
	} while (*end == '/');
	return n;
}

static bool matches(const char *pattern, const str segments[], int n)
{
	str rest = str_c(pattern + 1), piece;
	int i = 0;

	while (str_next(&rest, '/', &piece)) {
		if (i >= n)
			return false;
		if (piece.n > 0 && piece.p[0] == '{' ? segments[i].n == 0 : !str_eq(piece, segments[i]))
			return false;
		i++;
	}
	return i == n;
}

size_t routes_body_max(const char *path)
{
	str segments[PATH_SEGMENTS];
	int n = routes_split(path, segments);
	size_t most = 0;

	for (size_t i = 0; i < n_routes; i++) {
		if (routes[i].body_max > most && matches(routes[i].path, segments, n))
			most = routes[i].body_max;
	}
	return most;
}

static void allow(struct call *c, const struct route *r)
{
	c->allow = arena_printf(c->w.arena, STR_FMT "%s%s%s", STR_ARG(c->allow), c->allow.n > 0 ? ", " : "", r->method,
		strcmp(r->method, "GET") == 0 ? ", HEAD" : "");
}

const struct route *route_find(struct call *c, const char *method)
{
	for (size_t i = 0; i < n_routes; i++) {
		if (!matches(routes[i].path, c->segments, c->n_segments))
			continue;
		if (strcmp(routes[i].method, strcmp(method, "HEAD") == 0 ? "GET" : method) == 0)
			return &routes[i];
		allow(c, &routes[i]);
	}
	return NULL;
}
