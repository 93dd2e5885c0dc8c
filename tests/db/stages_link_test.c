/* Linked accounts on real rows: A5, a code becomes a token and an account once; A6, numbers decide whose. */
#include "tests/unit/check.h"

#include "base/hex.h"
#include "crypto/seal.h"
#include "rows.h"
#include "stages/stages.h"
#include "stages/sync/sync.h"

#define SESSION ID(50)
#define LINK ID(51)
#define OTHER_LINK ID(52)
#define TOKEN "gho_16C7e42F292c6912E7710c838347Ae178B4a"
#define REFRESH "ghr_1B4a2e77838347a7E420ce178F2E7c6912E169246c"
#define HOUR (3600 * USEC_S)

static const uint8_t key[32] = { 7 }, another[32] = { 8 };
static struct seal *seal;

static const char *sealed(const char *about, str plain)
{
	str state = arena_printf(rows_work.arena, "link %s %s", about,
		"0101010101010101010101010101010101010101010101010101010101010101");
	str text = hex_str(rows_work.arena, seal_close(rows_work.arena, seal, state, plain));

	return arena_cstr(rows_work.arena, text);
}

/* Bob, who has GitHub's 9 by an operator's word, has confirmed what a browser brought back. */
static int start(void **state)
{
	str sql;

	if (rows_start(state) != 0)
		return -1;
	seal = seal_of(key, NULL);
	sync_use_seal(seal);
	sql = arena_printf(rows_work.arena,
		"insert into core.session (id, person_id, wallet_id, expires_at) select '" SESSION "', person_id, id,"
		" now() + interval '1 hour' from core.wallet where person_id = '" BOB "';"
		"insert into core.account_link (id, session_id, person_id, state_sha256, redirect_uri, state, verifier, code, expires_at)"
		" values ('" LINK "', '" SESSION "', '" BOB
		"', decode(repeat('01', 32), 'hex'), 'https://here/back', 'pending',"
		" decode('%s', 'hex'), decode('%s', 'hex'), now() + interval '10 minutes')",
		sealed("verifier", STR("the verifier")), sealed("code", STR("the code")));
	db_test_sql(arena_cstr(rows_work.arena, sql));
	return 0;
}

static int stop(void **state)
{
	sync_use_seal(NULL);
	seal_free(&seal);
	return rows_stop(state);
}

#define LINK_ARGS "{\"link_id\": \"" LINK "\"}"
#define TOKEN_ARGS "{\"token_id\": \"" LINK "\"}"

static struct account_task *token_of(int64_t id, const char *login, const char *type)
{
	struct link_task *t = rows_planned(&sync_link, LINK_ARGS);
	struct account_task *a;

	t->grant = (struct github_grant){ .token = STR(TOKEN) };
	rows_settled_twice(&sync_link, t);
	a = rows_planned(&sync_account, TOKEN_ARGS);
	a->user = (struct github_user){ .id = id, .login = str_c(login), .type = str_c(type), .created_at = USEC_S };
	return a;
}

static void a5_a_code_becomes_a_token_once(void **state)
{
	struct link_task *t = rows_planned(&sync_link, LINK_ARGS);
	struct account_task *a;

	(void)state;
	assert_false(t->decided || t->again || t->late);
	assert_str(t->code, "the code");
	assert_str(t->verifier, "the verifier");
	assert_str(t->redirect_uri, "https://here/back");
	t = rows_planned(&sync_link, LINK_ARGS);
	assert_true(t->again); /* the first run may have had the token */
	a = token_of(9, "bob", "User");
	assert_str(a->token, TOKEN);
	assert_value("select state || ' ' || (code is null) || ' ' || (verifier is null) from core.account_link",
		"exchanged true true");
	assert_value(
		"select position(convert_to('gho_', 'utf8') in sealed) || ' ' || (key_id = encode(substr(sealed, 2, 8), 'hex'))"
		" from core.account_token",
		"0 true");
	rows_settled_twice(&sync_account, a);
	assert_value("select state from core.account_link", "linked");
	assert_value(
		"select method || ' ' || provider_uid || ' ' || (created_at = 'epoch'::timestamptz + interval '1 second')"
		" from core.external_account where person_id = '" BOB "'",
		"oauth 9 true");
	t = rows_planned(&sync_link, LINK_ARGS);
	assert_true(t->decided);
}

static void a6_an_account_is_one_persons(void **state)
{
	(void)state;
	db_test_sql("update core.external_account set revoked_at = now() where provider_uid = 9");
	rows_settled_twice(&sync_account, token_of(7, "alice", "User"));
	assert_value("select state || ' ' || reason from core.account_link", "refused account.linked");
	assert_value("select count(*) from core.account_token", "0");
	assert_value(
		"select count(*) || ' ' || (select count(*) from q.outbox) from core.external_account where revoked_at is null",
		"1 0");
}

static void a6_a_person_has_one_account(void **state)
{
	(void)state;
	rows_settled_twice(&sync_account, token_of(10, "bob2", "User"));
	assert_value("select state || ' ' || reason from core.account_link", "refused account.person_linked");
}

static void a6_no_organization_and_no_bot(void **state)
{
	(void)state;
	rows_settled(&sync_account, token_of(9, "acme", "Organization"));
	assert_value("select state || ' ' || reason from core.account_link", "refused link.account_type");
}

/* Asked again: a name that changed is shown, a token that was taken back ends the link. Its row stays. */
static void a5_a_token_that_is_refused_ends_the_link(void **state)
{
	struct account_task *a = token_of(9, "bob", "User");

	(void)state;
	rows_settled(&sync_account, a);
	a = rows_planned(&sync_account, TOKEN_ARGS);
	assert_true(a->bound && a->github_id == 9);
	a->user = (struct github_user){ .id = 9, .login = STR("robert") };
	rows_settled_twice(&sync_account, a);
	assert_value("select login_display from core.external_account where provider_uid = 9", "robert");
	a->state = GITHUB_TOKEN_REFUSED;
	rows_settled_twice(&sync_account, a);
	assert_value("select revoked_reason from core.external_account where provider_uid = 9", "link.token_revoked");
	assert_value("select count(*) from core.account_token", "0");
	assert_value("select topic || ' ' || (body ->> 'reason') from q.outbox", "account.unlinked link.token_revoked");
	assert_value(
		"select (audit.log.detail::jsonb ->> 'provider_uid') || ' ' || actor_kind || ':' || actor_id from audit.log"
		" where action = 'account.revoked' order by id desc limit 1",
		"9 stage:sync");
	a = rows_planned(&sync_account, TOKEN_ARGS);
	assert_true(a->decided);
}

static void a5_a_token_without_an_account_is_not_kept(void **state)
{
	struct account_task *all = NULL;

	(void)state;
	(void)token_of(9, "bob", "User");
	db_test_sql("update core.account_token set created_at = now() - interval '2 days'");
	all = rows_planned(&sync_accounts, "{}");
	rows_settled(&sync_accounts, all);
	assert_value("select count(*) from core.account_token", "0");
}

static void a5_another_key_opens_nothing(void **state)
{
	struct seal *other = seal_of(another, NULL), *both = seal_of(another, key);
	void *task = NULL;

	(void)state;
	sync_use_seal(other);
	assert_false(rows_plan(&rows_work, rows_conn, &sync_link, LINK_ARGS, &task));
	assert_err(&rows_work, ERR_INVALID, "seal.key_unknown");
	sync_use_seal(NULL);
	task = NULL;
	assert_false(rows_plan(&rows_work, rows_conn, &sync_link, LINK_ARGS, &task));
	assert_err(&rows_work, ERR_INVALID, "link.unconfigured");
	task = NULL;
	assert_false(rows_plan(&rows_work, rows_conn, &sync_link, "{\"link_id\": \"" OTHER_LINK "\"}", &task));
	assert_err(&rows_work, ERR_INVALID, "sync.link_unknown");
	sync_use_seal(both);
	assert_str(((struct link_task *)rows_planned(&sync_link, LINK_ARGS))->code, "the code");
	sync_use_seal(seal);
	seal_free(&other);
	seal_free(&both);
}

#define RENEW_ARGS(N) "{\"token_id\": \"" LINK "\", \"renewals\": " #N "}"

/* Bob's account by a token of eight hours that has come to its end. */
static void ends(void)
{
	struct link_task *t = rows_planned(&sync_link, LINK_ARGS);
	struct account_task *a;

	t->grant = (struct github_grant){ STR(TOKEN), STR(""), 8 * HOUR, STR(REFRESH), 4380 * HOUR };
	rows_settled_twice(&sync_link, t);
	a = rows_planned(&sync_account, TOKEN_ARGS);
	a->user = (struct github_user){ .id = 9, .login = STR("bob"), .type = STR("User") };
	rows_settled_twice(&sync_account, a);
	assert_value("select (expires_at - now() between '7 hours' and '8 hours') || ' ' ||"
		     " (refresh_expires_at - now() between '4379 hours' and '4380 hours') || ' ' || renewals || ' ' ||"
		     " position(convert_to('ghr_', 'utf8') in refresh) from core.account_token",
		"true true 0 0");
	db_test_sql("update core.account_token set expires_at = now()");
}

static const struct github_grant next_pair = { STR("ghu_next"), STR(""), 8 * HOUR, STR("ghr_next"), HOUR };

/* Who needs the token waits, and all who do wait for one job. */
static void a5_a_token_that_ends_is_renewed_once(void **state)
{
	struct account_task *a;
	struct renew_task *t;

	(void)state;
	ends();
	a = rows_planned(&sync_account, TOKEN_ARGS);
	assert_true(a->wait > 0 && a->wait < 10 * USEC_S && !a->decided);
	assert_false(account_effect(&rows_work, NULL, a));
	assert_err(&rows_work, ERR_RETRY, "link.renewing");
	err_clear(&rows_work);
	(void)rows_planned(&sync_account, TOKEN_ARGS);
	assert_value("select string_agg(key || ' ' || (args ->> 'renewals'), ',') from q.job where kind = 'sync.renew'",
		"renew:" LINK ":0 0");
	t = rows_planned(&sync_renew, RENEW_ARGS(0));
	assert_str(t->refresh, REFRESH);
	assert_false(t->again || t->decided);
	t->grant = next_pair;
	rows_settled_twice(&sync_renew, t);
	assert_value(
		"select renewals || ' ' || (renewing_at is null) || ' ' || (expires_at > now() + interval '7 hours') from"
		" core.account_token",
		"1 true true");
	a = rows_planned(&sync_account, TOKEN_ARGS);
	assert_str(a->token, "ghu_next");
	assert_true(a->wait == 0 && a->renewals == 1);
	t = rows_planned(&sync_renew, RENEW_ARGS(0));
	assert_true(t->decided); /* this refresh token is not sent again */
	t = rows_planned(&sync_renew, RENEW_ARGS(1));
	assert_str(t->refresh, "ghr_next");
}

/* Those who have the token of before are done with it before GitHub ends it. */
static void a5_a_renewal_waits_for_those_who_have_the_token(void **state)
{
	struct account_task *a;

	(void)state;
	ends();
	db_test_sql("update core.account_token set expires_at = now() + interval '4 minutes'");
	a = rows_planned(&sync_account, TOKEN_ARGS);
	assert_true(a->wait > 60 * USEC_S && a->wait < 180 * USEC_S);
	assert_value(
		"select s.run_at = t.expires_at - interval '2 minutes' from q.scheduled s join q.job j on j.id = s.job_id,"
		" core.account_token t where j.kind = 'sync.renew'",
		"t");
	db_test_sql("update core.account_token set expires_at = now() + interval '6 minutes'");
	a = rows_planned(&sync_account, TOKEN_ARGS);
	assert_str(a->token, TOKEN);
}

/* Two workers have the same renewal in hand, as after a lease that ended: what the first one got is kept, whatever the other is told. */
static void a5_of_two_renewals_the_first_is_kept(void **state)
{
	struct renew_task *one, *other;

	(void)state;
	ends();
	one = rows_planned(&sync_renew, RENEW_ARGS(0));
	other = rows_planned(&sync_renew, RENEW_ARGS(0));
	assert_true(!one->again && other->again);
	one->grant = next_pair;
	other->refused = "link.renewal_lost";
	rows_settled(&sync_renew, one);
	rows_settled_twice(&sync_renew, other);
	other->refused = "link.token_revoked";
	rows_settled_twice(&sync_renew, other);
	assert_value(
		"select t.renewals || ' ' || (a.relink_reason is null) || ' ' || (a.revoked_at is null) from core.account_token t"
		" join core.external_account a on a.id = t.account_id",
		"1 true true");
}

static const char *shown(void)
{
	return db_test_value(
		"select concat_ws(' ', (select count(*) from core.account_token), a.relink_reason, a.revoked_reason)"
		" from core.external_account a where provider_uid = 9");
}

/* Killed between GitHub's answer and our commit: the pair is nobody's. The link stays, and says that it must be made anew. */
static void a5_a_renewal_that_is_lost_is_told_and_linking_again_mends_it(void **state)
{
	struct account_task *a;
	struct renew_task *t;

	(void)state;
	ends();
	(void)rows_planned(&sync_renew, RENEW_ARGS(0));
	t = rows_planned(&sync_renew, RENEW_ARGS(0));
	assert_true(t->again);
	t->refused = "link.renewal_lost";
	rows_settled_twice(&sync_renew, t);
	assert_string_equal(shown(), "0 link.renewal_lost");
	a = rows_planned(&sync_account, TOKEN_ARGS);
	assert_true(a->decided);
	assert_value("select count(*) from q.outbox where topic = 'account.unlinked'", "0");
	db_test_sql(
		"insert into core.account_link (id, session_id, person_id, state_sha256, redirect_uri, state, expires_at) values ('" OTHER_LINK
		"', '" SESSION "', '" BOB "', decode(repeat('02', 32), 'hex'), 'https://here/back', 'exchanged',"
		" now() + interval '1 hour');"
		"insert into core.account_token (id, person_id, sealed, scopes) values ('" OTHER_LINK "', '" BOB
		"', decode(repeat('00', 60), 'hex'), '')");
	a = arena_zero(rows_work.arena, sizeof(*a));
	a->token_id = rows_id(OTHER_LINK);
	a->user = (struct github_user){ .id = 9, .login = STR("bob"), .type = STR("User") };
	rows_settled_twice(&sync_account, a);
	assert_string_equal(shown(), "1");
}

static void a5_a_refresh_token_ends_with_its_months(void **state)
{
	struct renew_task *t;

	(void)state;
	ends();
	db_test_sql("update core.account_token set refresh_expires_at = now()");
	t = rows_planned(&sync_renew, RENEW_ARGS(0));
	assert_true(renew_effect(&rows_work, NULL, t)); /* GitHub is not asked */
	rows_settled_twice(&sync_renew, t);
	assert_string_equal(shown(), "0 link.renewal_expired");
}

static void a5_a_refresh_token_that_is_refused_ends_the_link_and_both_tokens(void **state)
{
	struct renew_task *t;

	(void)state;
	ends();
	t = rows_planned(&sync_renew, RENEW_ARGS(0));
	t->refused = "link.token_revoked";
	rows_settled_twice(&sync_renew, t);
	assert_string_equal(shown(), "0 link.token_revoked");
	assert_value("select topic || ' ' || (body ->> 'reason') from q.outbox where topic = 'account.unlinked'",
		"account.unlinked link.token_revoked");
}

/* That GitHub refuses the token of before says nothing. */
static void a5_a_token_of_before_a_renewal_ends_no_link(void **state)
{
	struct account_task *a;
	struct renew_task *t;

	(void)state;
	ends();
	db_test_sql("update core.account_token set expires_at = now() + interval '6 minutes'");
	a = rows_planned(&sync_account, TOKEN_ARGS);
	t = rows_planned(&sync_renew, RENEW_ARGS(0));
	t->grant = next_pair;
	rows_settled(&sync_renew, t);
	a->state = GITHUB_TOKEN_REFUSED;
	rows_settled_twice(&sync_account, a);
	assert_string_equal(shown(), "1");
}

/* A renewal that an operator has to look at holds up nobody who can do without the token. */
static void a5_a_parked_renewal_is_not_waited_for(void **state)
{
	struct account_task *a;
	struct hook_task none = { 0 };
	usec wait = 1;

	(void)state;
	ends();
	(void)rows_planned(&sync_account, TOKEN_ARGS);
	db_test_sql(
		"insert into q.parked (job_id, queue, kind, attempt, error_code) select id, queue, kind, 1, 'link.renewal_client' from q.job"
		" where kind = 'sync.renew'");
	a = rows_planned(&sync_account, TOKEN_ARGS);
	assert_true(a->decided && a->wait == 0);
	rows_work.quota = quota_new(rows_work.arena);
	sync_use_hooks(seal, STR("https://here/hooks"));
	{
		struct own_token token = { 9, rows_id(LINK), STR("a box"), true };
		struct tx tx;

		assert_true(tx_begin(&rows_work, rows_conn, TX_DURABLE, &tx));
		assert_true(ask_as(&rows_work, &tx, &token, &wait));
		tx_rollback(&tx);
	}
	sync_use_hooks(NULL, STR(""));
	assert_true(wait == 0 && rows_work.quota->token.p == NULL && !rows_work.quota->idle);
	none.wait = USEC_S;
	assert_false(rotate_effect(&rows_work, NULL, &none));
	assert_err(&rows_work, ERR_RETRY, "link.renewing");
	err_clear(&rows_work);
	rows_work.quota = NULL;
}

#define RENEWAL "(select max(id) from q.job where kind = 'sync.renew')"

static void waits(void)
{
	struct account_task *a = rows_planned(&sync_account, TOKEN_ARGS);

	assert_true(!a->decided && a->wait > 0);
}

static void goes_without(void)
{
	struct account_task *a = rows_planned(&sync_account, TOKEN_ARGS);

	assert_true(a->decided && a->wait == 0);
}

/* One that was cancelled is as one that is parked, and the next who needs the token asks for another. A replay is waited for, and
 * while it lives there is no other. */
static void a5_a_renewal_that_ended_without_one_is_not_waited_for(void **state)
{
	(void)state;
	ends();
	waits();
	db_test_sql("select q.cancel(" RENEWAL ", 'cli:me', 'not wanted')");
	goes_without();
	waits();
	waits();
	assert_value("select string_agg(key, ',' order by id) from q.job where kind = 'sync.renew'",
		"renew:" LINK ":0,renew:" LINK ":0:1");
	db_test_sql(
		"delete from q.ready where job_id = " RENEWAL ";"
		"insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, error_kind, error_code)"
		" values (" RENEWAL ", 1, 'parked', 1, 1, now(), now(), 'invalid', 'x');"
		"insert into q.parked (job_id, queue, kind, attempt, error_code) values (" RENEWAL
		", 'sync', 'sync.renew', 1, 'x')");
	goes_without();
	goes_without();
	db_test_sql("select q.replay_begin(array[" RENEWAL
		    "], null, null, null, null, null, null, null, 1000, 'cli:me', 'why')");
	db_test_sql("update q.batch set filled_at = filled_at - interval '1 second'");
	db_test_sql("select q.replay_release()");
	assert_value("select count(*) from q.job where kind = 'sync.renew' and replay_of is not null", "1");
	waits();
	waits();
	assert_value("select count(*) from q.job where kind = 'sync.renew'", "3");
	db_test_sql("select q.cancel(" RENEWAL ", 'cli:me', 'not wanted')");
	goes_without();
	waits();
	assert_value("select key from q.job where id = " RENEWAL, "renew:" LINK ":0:2");
}

/* What the API stored it cannot read back; neither can an auditor. */
static void a5_who_can_read_what_is_sealed(void **state)
{
	(void)state;
	assert_value(
		"select string_agg(r || ':' || c, ' ') from unnest(array['patchwork_api', 'patchwork_auditor', 'patchwork_relay',"
		" 'patchwork_operator', 'patchwork_producer']) r, unnest(array['verifier', 'code']) c"
		" where has_column_privilege(r, 'core.account_link', c, 'select')",
		"");
	assert_value(
		"select string_agg(r, ' ') from unnest(array['patchwork_api', 'patchwork_auditor', 'patchwork_relay',"
		" 'patchwork_operator', 'patchwork_producer']) r"
		" where has_column_privilege(r, 'core.account_token', 'sealed', 'select')"
		" or has_column_privilege(r, 'core.account_token', 'refresh', 'select')",
		"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a5_a_code_becomes_a_token_once, start, stop),
		cmocka_unit_test_setup_teardown(a6_an_account_is_one_persons, start, stop),
		cmocka_unit_test_setup_teardown(a6_a_person_has_one_account, start, stop),
		cmocka_unit_test_setup_teardown(a6_no_organization_and_no_bot, start, stop),
		cmocka_unit_test_setup_teardown(a5_a_token_that_is_refused_ends_the_link, start, stop),
		cmocka_unit_test_setup_teardown(a5_a_token_without_an_account_is_not_kept, start, stop),
		cmocka_unit_test_setup_teardown(a5_another_key_opens_nothing, start, stop),
		cmocka_unit_test_setup_teardown(a5_a_token_that_ends_is_renewed_once, start, stop),
		cmocka_unit_test_setup_teardown(a5_a_renewal_waits_for_those_who_have_the_token, start, stop),
		cmocka_unit_test_setup_teardown(a5_of_two_renewals_the_first_is_kept, start, stop),
		cmocka_unit_test_setup_teardown(
			a5_a_renewal_that_is_lost_is_told_and_linking_again_mends_it, start, stop),
		cmocka_unit_test_setup_teardown(a5_a_refresh_token_ends_with_its_months, start, stop),
		cmocka_unit_test_setup_teardown(
			a5_a_refresh_token_that_is_refused_ends_the_link_and_both_tokens, start, stop),
		cmocka_unit_test_setup_teardown(a5_a_token_of_before_a_renewal_ends_no_link, start, stop),
		cmocka_unit_test_setup_teardown(a5_a_parked_renewal_is_not_waited_for, start, stop),
		cmocka_unit_test_setup_teardown(a5_a_renewal_that_ended_without_one_is_not_waited_for, start, stop),
		cmocka_unit_test_setup_teardown(a5_who_can_read_what_is_sealed, start, stop),
	};

	return cmocka_run_group_tests_name("stages_link", tests, rows_begin, rows_end);
}
