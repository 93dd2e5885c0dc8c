#include "problem.h"

#include "routes.h"

const struct problem problems[] = {
	{ "account.linked", 409, "The account is somebody else's", "let that person unlink it first" },
	{ "account.not_linked", 404, "No account is linked", "begin with POST /v1/me/github" },
	{ "account.person_linked", 409, "Another account is linked", "unlink that one first" },
	{ "api.body_too_large", 413, "Body too large", "send less; the route's limit is in openapi.json" },
	{ "api.busy", 503, "Too busy", "repeat after Retry-After" },
	{ "api.database_down", 503, "The database does not answer", "repeat after Retry-After" },
	{ "api.duplicate_header", 400, "A header is there twice", "send it once" },
	{ "api.internal", 500, "Internal error", "report it with the request_id" },
	{ "api.media_type", 415, "Unsupported media type", "send application/json" },
	{ "api.method_not_allowed", 405, "Method not allowed", "use one of those in Allow" },
	{ "api.not_found", 404, "No such route", "see openapi.json" },
	{ "api.outcome_unknown", 503, "The outcome is unknown", "repeat the same request: it is done once" },
	{ "api.rate_limited", 429, "Too many requests", "repeat after Retry-After" },
	{ "api.schema", 503, "The database's schema is an older one",
		"run patchwork migrate with the version that runs here" },
	{ "auth.action_unknown", 422, "Unknown action or object", "see x-step-up of the routes in openapi.json" },
	{ "auth.address", 422, "Not an address", "0x and 40 hex digits, lower case or in EIP-55's case" },
	{ "auth.chain", 401, "Chain not accepted", "ask for a challenge on an accepted chain" },
	{ "auth.check_unknown", 404, "No such check",
		"send what /v1/auth/contract answered, or ask in the session that signed" },
	{ "auth.domain", 401, "Signed for another site", "ask for a challenge here and sign that" },
	{ "auth.expired", 401, "Challenge expired", "ask for a new one" },
	{ "auth.message_changed", 401, "Not the text that was handed out", "sign the challenge's message unchanged" },
	{ "auth.message_malformed", 400, "Not a sign-in message", "sign the challenge's message unchanged" },
	{ "auth.missing", 401, "Not signed in", "send Authorization: Bearer with a token from /v1/auth/verify" },
	{ "auth.no_contract", 401, "No contract at this address",
		"deploy it, wrap the signature by EIP-6492, or use /v1/auth/verify" },
	{ "auth.nonce", 401, "Another nonce", "sign the challenge's message unchanged" },
	{ "auth.nonce_unknown", 401, "Unknown challenge", "ask for a new one" },
	{ "auth.nonce_used", 401, "Challenge used before", "ask for a new one" },
	{ "auth.not_before", 401, "Not valid yet", "ask for a new challenge" },
	{ "auth.refresh_reused", 401, "Refresh token used before", "sign in again; the session is over" },
	{ "auth.refresh_unknown", 401, "Unknown refresh token", "sign in again" },
	{ "auth.role", 403, "Not your role", "see x-roles of the route in openapi.json" },
	{ "auth.scope", 403, "Outside the token's scopes", "see x-scope of the route in openapi.json" },
	{ "auth.scope_unknown", 422, "Unknown scope", "see x-scope of the routes in openapi.json" },
	{ "auth.session_ended", 401, "Session over", "sign in again" },
	{ "auth.signature", 401, "Signature does not match", "sign the message with the wallet named in it" },
	{ "auth.signature_format", 422, "Not a signature", "0x and 65 bytes in hex: r, s, v" },
	{ "auth.signature_high_s", 401, "Signature with a high s",
		"sign with a wallet that keeps s in the lower half" },
	{ "auth.step_up_required", 403, "A fresh signature is needed",
		"sign a text from /v1/auth/step-up, then repeat within five minutes" },
	{ "auth.suspended", 403, "Account suspended", "write to the operator" },
	{ "auth.token_audience", 401, "Token for another service", "sign in here" },
	{ "auth.token_expired", 401, "Token expired", "sign in again" },
	{ "auth.token_malformed", 401, "Not a token", "sign in and send what /v1/auth/verify answered" },
	{ "auth.token_signature", 401, "Token not signed by us", "sign in again" },
	{ "auth.token_ttl", 422, "Not an end for a token", "name a time within 366 days" },
	{ "auth.token_unknown", 401, "Unknown token", "make one with /v1/tokens" },
	{ "auth.uri", 401, "Signed for another address of this site", "sign the challenge's message unchanged" },
	{ "auth.wallet", 401, "Not the session's wallet", "name the wallet that is signed in" },
	{ "bounty.amount_least", 422, "The amount is less than a bounty in this token may offer", "offer more" },
	{ "bounty.amount_zero", 422, "The amount is zero", "offer something" },
	{ "bounty.asset_unknown", 422, "Unknown token", "use a token that the operator has added on that chain" },
	{ "bounty.deadline", 422, "The deadline is too near",
		"name a later one: a bounty lives at least bounty.least" },
	{ "bounty.deadline_past", 422, "The deadline is past", "name a time to come" },
	{ "bounty.deposit_taken", 409, "This deposit funds something else",
		"lock money for this bounty and name that transaction" },
	{ "bounty.deposits_pending", 409, "Twenty deposits of yours are being looked for",
		"wait until the chain has decided about some of them" },
	{ "bounty.issue_closed", 409, "The issue is closed", "reopen it, or choose another one" },
	{ "bounty.not_found", 404, "No such bounty", "check the id" },
	{ "bounty.not_fundable", 409, "The bounty takes no deposit now", "look at its state" },
	{ "bounty.project_unknown", 422, "No such project", "register the repository first" },
	{ "bounty.token", 422, "Not a token's address", "0x and 40 hex digits, lower case or in EIP-55's case" },
	{ "bounty.transition", 409, "Not possible in this state", "look at the bounty's state" },
	{ "db.busy", 503, "The database is busy", "repeat after Retry-After" },
	{ "db.conflict", 503, "Two requests met", "repeat it" },
	{ "db.read_only", 503, "The database takes no writes", "repeat after Retry-After" },
	{ "db.unreachable", 503, "The database does not answer", "repeat after Retry-After" },
	{ "hook.none", 409, "No webhook of ours", "have one made: POST /v1/projects/{id}/hook" },
	{ "hook.rotated", 409, "Its secret was replaced less than a day ago",
		"repeat it when the one before is accepted no more" },
	{ "idempotency.in_flight", 409, "The same request is being worked on", "repeat it in a second for its answer" },
	{ "idempotency.invalid", 400, "Not an Idempotency-Key", "1 to 255 visible ASCII characters" },
	{ "idempotency.mismatch", 422, "This key belongs to another body", "use a new key for a new request" },
	{ "idempotency.missing", 400, "Idempotency-Key is missing", "send one, and the same again with a repeat" },
	{ "job.ended", 409, "The job has ended", "replay it: POST /v1/replays" },
	{ "job.not_waiting", 409, "The job does not wait for a retry", "look at its state: it runs, or is next" },
	{ "json.duplicate_key", 400, "A member is there twice", "send each once" },
	{ "json.malformed", 400, "Not JSON", "send one JSON object in UTF-8" },
	{ "json.missing", 422, "A member is missing", "see the request's schema in openapi.json" },
	{ "json.range", 422, "A value is out of range", "see the request's schema in openapi.json" },
	{ "json.too_deep", 400, "Nested too deep", "send at most 32 levels" },
	{ "json.type", 422, "A value of the wrong type",
		"see the request's schema in openapi.json; amounts are strings" },
	{ "json.unknown", 422, "An unknown member", "see the request's schema in openapi.json" },
	{ "link.account_type", 409, "Not a person's account", "sign in to GitHub as yourself" },
	{ "link.client", 503, "GitHub does not take our word", "write to the operator: the app's settings are wrong" },
	{ "link.code", 409, "GitHub does not take the code", "begin again; a code is good once, for ten minutes" },
	{ "link.denied", 403, "Denied at GitHub", "begin again, and authorize the app" },
	{ "link.expired", 410, "Too late", "begin again" },
	{ "link.github_refused", 409, "GitHub refused", "begin again" },
	{ "link.interrupted", 409, "Interrupted after GitHub had answered", "begin again" },
	{ "link.no_code", 400, "Neither code nor error", "come here from GitHub alone" },
	{ "link.session", 403, "Begun in another session",
		"begin in this one; do not open addresses that others send" },
	{ "link.state_unknown", 403, "No attempt has this state", "begin again" },
	{ "link.state_used", 409, "The state was used", "begin again" },
	{ "link.token", 409, "GitHub does not take its own token", "begin again" },
	{ "link.unconfigured", 503, "No account can be linked here", "the operator sets auth.github_client_id" },
	{ "link.unknown", 404, "No such attempt", "send what the browser brought back" },
	{ "ownership.account_unlinked", 409, "No GitHub account is linked",
		"link the account that owns the repository" },
	{ "payout.not_held", 409, "The payout is not held", "look at its state" },
	{ "project.exists", 409, "The repository is registered",
		"if it is yours, have that checked: POST /v1/projects/{id}/checks" },
	{ "project.name", 422, "Not a repository's name", "owner/name as on GitHub" },
	{ "project.name_taken", 409, "The repository is being registered", "find it in /v1/projects" },
	{ "project.not_opted_in", 403, "The project has not opted in to this",
		"its owner shows that it is theirs, or lets anyone put bounties on it" },
	{ "project.unverified", 409, "The project is not verified", "have its owner checked: see the project" },
	{ "project_account.many", 409, "The project has 20 accounts", "unlink one first" },
	{ "project_account.unproven", 409, "Nobody has shown whose the project is",
		"have that checked: POST /v1/projects/{id}/checks" },
	{ "query.cursor", 400, "Not a cursor of this list",
		"use next_cursor with the filters it came from, or start again" },
	{ "query.duplicate", 400, "A parameter is there twice", "send it once" },
	{ "query.malformed", 400, "Not a query string", "percent-encode UTF-8 text" },
	{ "query.unknown", 400, "Unknown parameter", "see the route in openapi.json" },
	{ "query.value", 400, "Not a value of this parameter", "see the route in openapi.json" },
	{ "queue.pause_unknown", 422, "No such stage, kind or project", "see GET /v1/stages and the jobs' kinds" },
	{ "replay.empty", 422, "No ended job is found by this", "preview it: POST /v1/replays/preview" },
	{ "replay.ended", 409, "All of it was let out already", "cancel its jobs: GET /v1/jobs?batch=" },
	{ "replay.rate", 422, "Not a rate", "0.001 to 10000 a second, as 50/s, 600/m or 1000/h" },
	{ "replay.too_wide", 422, "The replay would look at too many jobs",
		"name ids, a code, a project or a later since; patchwork jobs replay has no such limit" },
	{ "role.person_unknown", 422, "No such person", "check the id" },
	{ "role.scope", 422, "Role and object do not belong together",
		"name a project for its roles, a bounty for its arbiter, nothing for the others" },
	{ "wallet.cool_down", 409, "The payout wallet was changed while this one was linked",
		"wait until that change is good: notices of /v1/me say when" },
	{ "wallet.no_payouts", 409, "Nothing is paid to this kind of wallet", "choose an EVM wallet" },
	{ "wallet.paid_to", 409, "Payouts go to this wallet", "choose another one first" },
	{ "wallet.signed_in", 409, "This session is the wallet's", "sign in with another wallet of yours" },
	{ "wallet.taken", 409, "The wallet is somebody else's", "let it be unlinked there first" },
	{ "webhook.header", 400, "A GitHub header is missing or wrong",
		"send X-GitHub-Delivery and X-GitHub-Event as GitHub does" },
	{ "webhook.signature", 401, "Signature does not match", "sign the raw body with the webhook's secret" },
	{ "webhook.unconfigured", 503, "No webhook secret is set here", "the operator sets webhook.secret" },
};
const size_t n_problems = sizeof(problems) / sizeof(problems[0]);

static int by_code(const void *key, const void *p)
{
	return strcmp(key, ((const struct problem *)p)->code);
}

static const struct problem *find(const char *code)
{
	return bsearch(code, problems, n_problems, sizeof(problems[0]), by_code);
}

/* A code that is not in the table is judged by its last word and the kind of error. */
static struct problem problem_of(const struct err *err)
{
	const struct problem *p = err->code == NULL ? NULL : find(err->code);
	struct problem other = { .code = err->code };

	if (err->kind == ERR_BUG || err->kind == ERR_NONE)
		return *find("api.internal");
	if (p != NULL)
		return *p;
	if (str_ends(str_c(err->code), STR(".not_found")))
		other.status = 404, other.title = "Not found", other.next = "check the id";
	else if (err->kind == ERR_INVALID)
		other.status = 400, other.title = "Refused", other.next = "see docs/errors.md";
	else
		other.status = 503, other.title = "Not now", other.next = "repeat after Retry-After";
	return other;
}

bool problem_set(struct call *c, const char *code)
{
	const struct problem *p = find(code);

	return err_set(
		&c->w, p != NULL && p->status == 503 ? ERR_RETRY : ERR_INVALID, code, "%s", p == NULL ? "" : p->next);
}

static void log_problem(struct call *c, const struct problem *p)
{
	if (p->status < 500)
		return;
	log_event(p->status == 500 ? LOG_ERROR : LOG_WARN, &c->w, "api.problem", "route=%s code=%s kind=%s text=%s",
		c->route == NULL ? "-" : c->route->path, c->w.err.code == NULL ? "-" : c->w.err.code,
		err_kind_name(c->w.err.kind), LOG_Q(str_c(c->w.err.text)));
}

void problem_reply(struct call *c)
{
	struct problem p = problem_of(&c->w.err);
	bool ours = p.status >= 500; /* what went wrong inside is for the log */
	struct json j = { .b = &c->out };

	log_problem(c, &p);
	c->out = buf_new(c->w.arena, 8192);
	c->status = p.status;
	c->media = "application/problem+json";
	c->cache = STR("no-store");
	json_open(&j, NULL, '{');
	json_str(&j, "type", arena_printf(c->w.arena, "urn:patchwork:problem:%s", p.code));
	json_str(&j, "title", str_c(p.title));
	json_i64(&j, "status", p.status);
	json_str(&j, "detail", str_c(ours || c->w.err.text[0] == '\0' ? p.next : c->w.err.text));
	json_str(&j, "instance", str_c(c->req->path));
	json_str(&j, "code", str_c(p.code));
	if (c->has_subject)
		json_uuid(&j, "id", c->subject);
	json_str(&j, "request_id", c->w.request_id);
	json_close(&j, '}');
}
