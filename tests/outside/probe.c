/* What pipeline/outside says about real servers, one question per run, as a line of JSON: tests/api/outside.test.mjs asks.
 *   probe github REST GRAPHQL TOKEN_FILE VERB ...    probe ipfs URL VERB ...    probe chain URL CONFIRM ESCROW KEY_FILE VERB ... */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/json.h"
#include "outside/chain.h"
#include "outside/github.h"
#include "outside/ipfs.h"
#include "outside/signer.h"
#include "wire/cid.h"

static struct work w;
static struct buf out;
static struct json j = { .b = &out };
static char **args; /* from the verb on */

static bool is(const char *verb)
{
	return strcmp(args[0], verb) == 0;
}

static int64_t number(int i)
{
	return strtoll(args[i], NULL, 10);
}

static const uint8_t *bytes(int i, size_t n)
{
	uint8_t *p = arena_alloc(w.arena, n);

	if (!hex_0x_fixed(str_c(args[i]), p, n))
		exit(2);
	return p;
}

static void evidence(const struct evidence *ev)
{
	json_raw(&j, "evidence", ev->bytes);
	json_hex(&j, "sha256", str_of(ev->sha256, 32));
}

static bool ask_repo(struct github *g)
{
	struct github_repo r;
	struct evidence ev;

	if (is("repo_by_id") ? !github_repo_by_id(&w, g, number(1), &r, &ev)
			     : !github_repo_by_name(&w, g, str_c(args[1]), &r, &ev))
		return false;
	json_i64(&j, "id", r.id);
	json_str(&j, "full_name", r.full_name);
	json_str(&j, "default_branch", r.default_branch);
	evidence(&ev);
	return true;
}

static bool ask_pull(struct github *g)
{
	struct github_pull p;
	struct evidence ev;

	if (!github_pull_get(&w, g, number(1), (int32_t)number(2), &p, &ev))
		return false;
	json_i64(&j, "id", p.id);
	json_i64(&j, "author_id", p.author_id);
	json_str(&j, "author_type", p.author_type);
	json_bool(&j, "merged", p.merged);
	json_str(&j, "head_sha", p.head_sha);
	json_str(&j, "merge_sha", p.merge_sha);
	json_i64(&j, "merged_at", p.merged_at);
	evidence(&ev);
	return true;
}

static bool ask_issue(struct github *g)
{
	struct github_issue i;
	struct evidence ev;

	if (!github_issue_get(&w, g, number(1), (int32_t)number(2), &i, &ev))
		return false;
	json_i64(&j, "id", i.id);
	json_str(&j, "state", i.state);
	json_str(&j, "state_reason", i.state_reason);
	json_bool(&j, "is_pull", i.is_pull);
	evidence(&ev);
	return true;
}

static bool ask_closing(struct github *g)
{
	const struct github_closing *c;
	struct evidence ev;
	size_t n;

	if (!github_closing_issues(&w, g, str_c(args[1]), (int32_t)number(2), &c, &n, &ev))
		return false;
	json_open(&j, "issues", '[');
	for (size_t i = 0; i < n; i++) {
		json_open(&j, NULL, '{');
		json_i64(&j, "id", c[i].issue_id);
		json_i64(&j, "repo", c[i].repo_id);
		json_i64(&j, "number", c[i].number);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	evidence(&ev);
	return true;
}

static bool ask_commits(struct github *g)
{
	const str *messages;
	struct evidence ev;
	size_t n;

	if (!github_pull_commits(&w, g, number(1), (int32_t)number(2), &messages, &n, &ev))
		return false;
	json_open(&j, "messages", '[');
	for (size_t i = 0; i < n; i++)
		json_str(&j, NULL, messages[i]);
	json_close(&j, ']');
	evidence(&ev);
	return true;
}

static bool ask_closer(struct github *g)
{
	struct evidence ev;
	bool found;
	str sha;

	if (!github_issue_closer(&w, g, number(1), (int32_t)number(2), &sha, &found, &ev))
		return false;
	json_bool(&j, "found", found);
	json_str(&j, "sha", sha);
	return true;
}

static bool ask_reachable(struct github *g)
{
	enum github_reach reach;
	struct evidence ev;

	if (!github_reachable(&w, g, number(1), str_c(args[2]), str_c(args[3]), &reach, &ev))
		return false;
	json_bool(&j, "reachable", reach == GITHUB_REACHABLE);
	return true;
}

static bool ask_github(char **where)
{
	static const struct {
		const char *verb;
		bool (*ask)(struct github *g);
	} verbs[] = { { "repo", ask_repo }, { "repo_by_id", ask_repo }, { "pull", ask_pull }, { "issue", ask_issue },
		{ "closing", ask_closing }, { "commits", ask_commits }, { "closer", ask_closer },
		{ "reachable", ask_reachable } };
	const struct github_conf c = { str_c(where[0]), str_c(where[1]), where[2], 8 << 20 };
	struct github *g;
	bool ok = false;

	if (!github_new(&w, &c, &g))
		return false;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (is(verbs[i].verb))
			ok = verbs[i].ask(g);
	github_free(&g);
	return ok;
}

static bool ask_ipfs(char **where)
{
	struct ipfs *i;
	str cid, text;
	bool ok, pinned;

	if (!ipfs_new(&w, &(struct ipfs_conf){ str_c(where[0]) }, &i))
		return false;
	cid = is("add") ? cid_raw_text(w.arena, str_c(args[1])) : str_c(args[1]);
	json_str(&j, "cid", cid);
	if (is("add")) {
		ok = ipfs_add(&w, i, str_c(args[1]), cid);
	} else if (is("has")) {
		ok = ipfs_has(&w, i, cid, &pinned);
		json_bool(&j, "pinned", ok && pinned);
	} else {
		ok = ipfs_get(&w, i, cid, 1 << 20, &text);
		json_str(&j, "text", ok ? text : STR(""));
	}
	ipfs_free(&i);
	return ok;
}

/* release BOUNTY PAYOUT TO AMOUNT [NONCE]: quote, sign, send. */
static bool release(struct chain *c, struct signer *s)
{
	struct evm_tx tx = { .chain_id = (uint64_t)chain_conf(c)->chain_id };
	struct chain_fees fees;
	struct evm_signed raw;
	enum chain_sent sent;
	uint8_t from[20];
	str reason;
	u256 amount;

	signer_address(s, from);
	memcpy(tx.to, chain_conf(c)->escrow, 20);
	if (!u256_parse(str_c(args[4]), &amount) ||
		!escrow_release_data(&w, bytes(1, 32), bytes(2, 32), bytes(3, 20), amount, &tx.data) ||
		!chain_quote(&w, c, from, tx.to, tx.data, &fees) || !chain_nonce(&w, c, from, &tx.nonce))
		return false;
	tx.gas = fees.gas;
	tx.max_fee = fees.max_fee;
	tx.max_priority_fee = fees.max_priority_fee;
	if (args[5] != NULL)
		tx.nonce = (uint64_t)number(5);
	if (!signer_sign(&w, s, &tx, &raw) || !chain_send(&w, c, raw.raw, &sent, &reason))
		return false;
	json_hex(&j, "hash", str_of(raw.hash, 32));
	json_hex(&j, "raw", raw.raw);
	json_i64(&j, "sent", sent);
	json_str(&j, "reason", reason);
	return true;
}

static void locked(const struct escrow_locked *l)
{
	json_hex(&j, "funder", str_of(l->funder, 20));
	json_hex(&j, "token", str_of(l->token, 20));
	json_u256(&j, "amount", l->amount);
	json_i64(&j, "deadline", l->deadline);
}

/* receipt TX locked BOUNTY | receipt TX released PAYOUT */
static bool receipt(struct chain *c)
{
	struct escrow_released r;
	struct chain_receipt rc;
	struct escrow_locked l;

	if (!chain_receipt_of(&w, c, bytes(1, 32), &rc))
		return false;
	json_i64(&j, "seen", rc.seen);
	json_i64(&j, "block", rc.block_number);
	json_i64(&j, "time", rc.block_time);
	if (rc.seen >= CHAIN_SHALLOW)
		json_raw(&j, "receipt", rc.bytes);
	if (strcmp(args[2], "locked") == 0 && escrow_find_locked(&w, &rc, chain_conf(c)->escrow, bytes(3, 32), &l))
		locked(&l);
	if (strcmp(args[2], "released") == 0 &&
		escrow_find_released(&w, &rc, chain_conf(c)->escrow, bytes(3, 32), &r)) {
		json_hex(&j, "to", str_of(r.to, 20));
		json_u256(&j, "amount", r.amount);
	}
	return true;
}

static bool resend(struct chain *c)
{
	enum chain_sent sent;
	str raw, reason;

	if (!hex_0x_decode(w.arena, str_c(args[1]), &raw) || !chain_send(&w, c, raw, &sent, &reason))
		return false;
	json_i64(&j, "sent", sent);
	json_str(&j, "reason", reason);
	return true;
}

static bool ask_contract(struct chain *c)
{
	uint8_t hash[32];
	bool yes;

	if (is("paid") ? !chain_paid(&w, c, bytes(1, 32), &yes) : !chain_find_release(&w, c, bytes(1, 32), &yes, hash))
		return false;
	json_bool(&j, is("paid") ? "paid" : "found", yes);
	if (is("find") && yes)
		json_hex(&j, "hash", str_of(hash, 32));
	return true;
}

static bool ask_chain(char **where)
{
	struct chain_conf conf = {
		.url = str_c(where[0]), .confirm_url = str_c(where[1]), .chain_id = 338, .confirmations = 1
	};
	struct signer *s = NULL;
	struct chain *c = NULL;
	bool ok;

	conf.max_fee_cap = u256_of(UINT64_C(1000000000000));
	if (!hex_0x_fixed(str_c(where[2]), conf.escrow, 20))
		exit(2);
	ok = chain_new(&w, &conf, &c) && signer_load(&w, where[3], &s) &&
		(is("release")                  ? release(c, s)
				: is("receipt") ? receipt(c)
				: is("resend")  ? resend(c)
						: ask_contract(c));
	signer_free(&s);
	chain_free(&c);
	return ok;
}

int main(int argc, char **argv)
{
	int n = argc < 4 ? 0 : strcmp(argv[1], "github") == 0 ? 3 : strcmp(argv[1], "ipfs") == 0 ? 1 : 4;
	bool ok;

	if (n == 0 || argc < n + 3)
		return 2;
	args = argv + 2 + n;
	work_init(&w);
	w.deadline = clock_monotonic() + 30 * USEC_S;
	out = buf_new(w.arena, SIZE_MAX);
	json_open(&j, NULL, '{');
	ok = n == 3 ? ask_github(argv + 2) : n == 1 ? ask_ipfs(argv + 2) : ask_chain(argv + 2);
	if (!ok) {
		json_str(&j, "code", str_c(w.err.code));
		json_str(&j, "kind", str_c(err_kind_name(w.err.kind)));
		json_str(&j, "error", str_c(w.err.text));
		json_i64(&j, "wait", w.err.retry_after / USEC_S);
	}
	json_close(&j, '}');
	printf(STR_FMT "\n", STR_ARG(buf_str(&out)));
	work_end(&w);
	return 0;
}
