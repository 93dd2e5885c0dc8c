#include "rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"

struct work rows_work;
struct conn *rows_conn;

/* Everything but the rules and the list of migrations. The ledger's guard against truncation is for programs, not for tests. */
static void empty(void)
{
	db_test_sql(
		"do $$ declare tables text; begin"
		" set local session_replication_role = replica;"
		" select string_agg(format('%I.%I', n.nspname, c.relname), ', ') into tables from pg_class c join pg_namespace n"
		" on n.oid = c.relnamespace where c.relkind in ('r', 'p') and not c.relispartition"
		" and n.nspname in ('core', 'ingest', 'proof', 'ledger', 'rep', 'q')"
		" and c.relname not in ('bounty_state_rule', 'migration');"
		" execute 'truncate ' || tables || ' restart identity'; end $$");
}

void rows_world(void)
{
	empty();
	db_test_sql(
		"insert into core.chain (id, caip2, confirmations, escrow) values (338, 'eip155:338', 1, decode(repeat('ee', 20), 'hex'));"
		"insert into core.asset (id, caip19, chain_id, token, symbol, decimals) values ('" ASSET
		"', 'eip155:338/erc20:0xdd', 338, decode(repeat('dd', 20), 'hex'), 'USD', 6);"
		"insert into core.person (id) values ('" FUNDER "'), ('" ALICE "'), ('" BOB "');"
		"insert into core.wallet (person_id, chain_id, caip10, address) values"
		" ('" FUNDER "', 338, 'f', decode(repeat('f1', 20), 'hex')), ('" ALICE
		"', 338, 'a', decode(repeat('a1', 20), 'hex')),"
		" ('" BOB "', 338, 'b', decode(repeat('b1', 20), 'hex'));"
		"insert into core.external_account (person_id, provider, provider_uid, login_display, method) values"
		" ('" ALICE "', 'github', 7, 'alice', 'operator'), ('" BOB "', 'github', 9, 'bob', 'operator');"
		"insert into core.project (id, repo_id, full_name, default_branch, state, created_by) values ('" PROJECT
		"', 10, 'octo/hello', 'main', 'verified', '" FUNDER "');"
		"insert into core.issue (id, project_id, provider_issue_id, number, state) values ('" ISSUE
		"', '" PROJECT "', 33, 3, 'open');");
}

void rows_bounty(void)
{
	db_test_sql(
		"insert into core.bounty (id, project_id, issue_id, asset_id, amount, hold, deadline_at, created_by, created_at) values ('" BOUNTY
		"', '" PROJECT "', '" ISSUE "', '" ASSET "', 1000, '0', '2030-01-01', '" FUNDER
		"', '1970-01-01 00:30:00Z');"
		"insert into core.contribution (id, bounty_id, funder_id, asset_id, deposit_tx) values ('" CONTRIBUTION
		"', '" BOUNTY "', '" FUNDER "', '" ASSET "', decode(repeat('c0', 32), 'hex'));"
		"select core.bounty_move('" BOUNTY "', 'deposit_seen', 'test', null)");
}

void rows_open(void)
{
	rows_bounty();
	db_test_sql(
		"update core.contribution set state = 'confirmed', funder = decode(repeat('f1', 20), 'hex'), amount = 1000,"
		" log_index = 0, block_hash = decode(repeat('bb', 32), 'hex'), confirmed_at = now();"
		"select ledger.move('deposit:" CONTRIBUTION "', 'deposit', 'funder', '" FUNDER "', 'escrow', '" BOUNTY
		"', '" ASSET "', 1000, null);"
		"select core.bounty_move('" BOUNTY "', 'deposit_confirmed', 'test', null)");
}

void rows_pulls(void)
{
	db_test_sql(
		"insert into core.pull (id, project_id, provider_pull_id, number, author_uid, author_login, author_type, state, base_ref,"
		" head_sha, merge_sha, merged_at, merged_by_uid, source_updated_at) values"
		" ('" PULL "', '" PROJECT "', 44, 4, 7, 'alice', 'User', 'merged', 'main', 'aa', '" MERGE_SHA
		"', '2026-01-02 03:04:05Z', 8, '2026-01-02 03:04:06Z'),"
		" ('" RIVAL "', '" PROJECT "', 45, 5, 9, 'bob', 'User', 'merged', 'main', 'bb', repeat('f', 40),"
		" '2026-01-02 03:05:05Z', 8, '2026-01-02 03:05:06Z');"
		"insert into core.pull_issue_link (pull_id, issue_id, level, source) values ('" PULL "', '" ISSUE
		"', 5, 'closing_reference'), ('" RIVAL "', '" ISSUE "', 2, 'commit');"
		"insert into core.submission (id, bounty_id, pull_id, claimant_id, evidence_level) values ('" SUBMISSION
		"', '" BOUNTY "', '" PULL "', '" ALICE "', 5), ('" RIVAL_SUBMISSION "', '" BOUNTY "', '" RIVAL
		"', '" BOB "', 2)");
}

uuid rows_id(const char *text)
{
	uuid id;

	if (!uuid_parse(str_c(text), &id))
		abort();
	return id;
}

int64_t rows_job(void)
{
	return strtoll(
		db_test_value("select q.enqueue('test', 'test.parent', null, '{}', project_id => '" PROJECT "')"), NULL,
		10);
}

static bool in_tx(
	struct work *w, struct conn *conn, bool (*step)(struct work *w, struct tx *tx, void *task), void *task)
{
	struct tx tx;
	bool ok;

	if (step == NULL)
		return true;
	ok = tx_begin(w, conn, TX_DURABLE, &tx) && step(w, &tx, task) && tx_commit(w, &tx);
	tx_rollback(&tx);
	return ok;
}

bool rows_plan(struct work *w, struct conn *conn, const struct stage *s, const char *args, void **task)
{
	if (*task == NULL) {
		*task = arena_zero(w->arena, s->task.size);
		if (!json_read_text(w, str_c(args), s->task, 0, *task))
			return false;
	}
	return in_tx(w, conn, s->plan, *task);
}

bool rows_settle(struct work *w, struct conn *conn, const struct stage *s, void *task)
{
	return in_tx(w, conn, s->settle, task);
}

const char *rows_digest(struct work *w)
{
	const char *hash = db_test_value(
		"select encode(sha256(convert_to(concat_ws(E'\\n', "
		"(select string_agg(concat_ws(' ', 'project', id, repo_id, full_name, state, hook_alive_at, version), '; ') from core.project),"
		"(select string_agg(concat_ws(' ', 'issue', number, provider_issue_id, state, state_reason, title, updated_at), '; '"
		" order by number) from core.issue),"
		"(select string_agg(concat_ws(' ', 'pull', number, state, head_sha, merge_sha, updated_at), '; ' order by number)"
		" from core.pull),"
		"(select string_agg(concat_ws(' ', 'link', pull_id, issue_id, level, source), '; ' order by source, pull_id, issue_id)"
		" from core.pull_issue_link),"
		"(select string_agg(concat_ws(' ', 'bounty', id, state, version, blocker), '; ' order by id) from core.bounty),"
		"(select string_agg(concat_ws(' ', 'moved', bounty_id, seq, event, from_state, to_state), '; ' order by id)"
		" from core.bounty_event),"
		"(select string_agg(concat_ws(' ', 'contribution', id, state, reason, amount), '; ' order by id) from core.contribution),"
		"(select string_agg(concat_ws(' ', 'submission', id, state, reason, claimant_id, evidence_level, updated_at), '; '"
		" order by id) from core.submission),"
		"(select string_agg(concat_ws(' ', 'award', comment_id, ordinal, submission_id, reason, at), '; ' order by comment_id, ordinal)"
		" from core.award),"
		"(select concat_ws(' ', 'evidence', count(*), 'verdicts', (select count(*) from proof.verdict)) from ingest.evidence),"
		"(select string_agg(concat_ws(' ', 'proof', submission_id, cid, pinned_at), '; ') from proof.proof),"
		"(select concat_ws(' ', 'signatures', count(*)) from proof.signature),"
		"(select string_agg(concat_ws(' ', 'transfer', t.key, e.line, a.kind, e.amount), '; ' order by t.key, e.line)"
		" from ledger.transfer t join ledger.entry e on e.transfer_id = t.id join ledger.account a on a.id = e.account_id),"
		"(select string_agg(concat_ws(' ', 'balance', a.kind, b.posted), '; ' order by a.kind, a.owner_id)"
		" from ledger.balance b join ledger.account a on a.id = b.account_id),"
		"(select string_agg(concat_ws(' ', 'payout', key, state, blocker, encode(tx_hash, 'hex'), paid_at, updated_at), '; '"
		" order by key) from ledger.payout),"
		"(select string_agg(concat_ws(' ', 'refund', key, amount, state, blocker, encode(tx_hash, 'hex'), refunded_at, updated_at), '; '"
		" order by key) from ledger.refund),"
		"(select string_agg(concat_ws(' ', 'signer', next_nonce, stopped), '; ') from ledger.chain_key),"
		"(select string_agg(concat_ws(' ', 'intent', key, attempt, nonce, state, sent_at, encode(raw, 'hex')), '; '"
		" order by key, attempt) from ledger.tx_intent),"
		"(select concat_ws(' ', 'observations', count(*)) from ledger.tx_observation),"
		"(select string_agg(concat_ws(' ', 'event', kind, person_id, points_micro, source_id), '; ' order by id) from rep.event),"
		"(select string_agg(concat_ws(' ', 'score', person_id, scope, points_micro, event_count, updated_at), '; '"
		" order by person_id, scope) from rep.score),"
		"(select string_agg(concat_ws(' ', 'account', person_id, provider_uid, login_display, method, revoked_at, revoked_reason,"
		" relink_reason), '; '"
		" order by id) from core.external_account),"
		"(select concat_ws(' ', 'tokens', count(*), count(account_id), sum(renewals), min(renewing_at)) from core.account_token),"
		"(select string_agg(concat_ws(' ', 'attempt', id, state, reason, decided_at), '; ' order by id) from core.account_link),"
		"(select string_agg(concat_ws(' ', 'job', queue, key), '; ' order by queue, key) from q.job_key),"
		"(select string_agg(concat_ws(' ', 'told', topic, key), '; ' order by topic, key) from q.outbox)), 'utf8')), 'hex')");

	return arena_cstr(w->arena, str_c(hash));
}

int rows_begin(void **state)
{
	(void)state;
	db_test_open();
	return 0;
}

int rows_end(void **state)
{
	(void)state;
	db_test_close();
	return 0;
}

int rows_start(void **state)
{
	(void)state;
	rows_world();
	work_init(&rows_work);
	rows_conn = db_test_conn(&rows_work, "patchwork_worker");
	rows_work.job = rows_job();
	return 0;
}

int rows_stop(void **state)
{
	(void)state;
	conn_close(&rows_conn);
	work_end(&rows_work);
	return 0;
}

void *rows_planned(const struct stage *s, const char *args)
{
	void *task = NULL;

	if (!rows_plan(&rows_work, rows_conn, s, args, &task))
		fail_msg("%s: %s", rows_work.err.code, rows_work.err.text);
	return task;
}

void rows_settled(const struct stage *s, void *task)
{
	if (!rows_settle(&rows_work, rows_conn, s, task))
		fail_msg("%s: %s", rows_work.err.code, rows_work.err.text);
}

void rows_settled_twice(const struct stage *s, void *task)
{
	const char *once;

	rows_settled(s, task);
	once = rows_digest(&rows_work);
	rows_settled(s, task);
	assert_string_equal(rows_digest(&rows_work), once);
}
