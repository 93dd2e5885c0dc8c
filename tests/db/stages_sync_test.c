/* sync on real rows: what a delivery changes, once; what it must not change. */
#include "tests/unit/check.h"

#include "rows.h"
#include "stages/stages.h"
#include "stages/sync/sync.h"

static void deliver(const char *event, const char *body)
{
	str sql = arena_printf(rows_work.arena,
		"insert into ingest.delivery (guid, event, secret_no, body, body_sha256) values (gen_random_uuid(), '%s', 0,"
		" convert_to('%s', 'utf8'), sha256(convert_to('%s', 'utf8')))",
		event, body, body);

	db_test_sql(arena_cstr(rows_work.arena, sql));
}

static struct delivery_task *delivered(const char *event, const char *body)
{
	str args;

	deliver(event, body);
	args = arena_printf(
		rows_work.arena, "{\"delivery_id\": %s}", db_test_value("select max(id) from ingest.delivery"));
	return rows_planned(&sync_delivery, arena_cstr(rows_work.arena, args));
}

#define REPO "\"repository\": {\"id\": 10, \"full_name\": \"octo/hello\"}"

static void resolves_a_project(void **state)
{
	struct project_task *t;

	(void)state;
	db_test_sql(
		"insert into core.project (id, full_name, created_by) values ('" ID(13) "', 'octo/new', '" FUNDER "')");
	t = rows_planned(&sync_project, "{\"project_id\": \"" ID(13) "\"}");
	assert_false(t->known);
	assert_str(t->full_name, "octo/new");
	t->repo = (struct github_repo){ 12, STR("Octo/New"), STR("trunk"), false, false };
	rows_settled_twice(&sync_project, t);
	assert_value(
		"select repo_id || ' ' || full_name || ' ' || default_branch || ' ' || version from core.project where id = '" ID(
			13) "'",
		"12 Octo/New trunk 2");
	assert_value("select count(*) from q.outbox where topic = 'project.resolved'", "1");
	t = rows_planned(&sync_project, "{\"project_id\": \"" ID(13) "\"}");
	assert_true(t->known && t->repo_id == 12);
	t->repo.id = 77; /* the id binds: another repository is not this project */
	assert_false(rows_settle(&rows_work, rows_conn, &sync_project, t));
	assert_err(&rows_work, ERR_INVALID, "sync.project_changed");
}

static void a_private_repository_is_kept_out(void **state)
{
	struct project_task *t;

	(void)state;
	db_test_sql("insert into core.project (id, full_name, created_by) values ('" ID(13) "', 'octo/secret', '" FUNDER
											    "')");
	t = rows_planned(&sync_project, "{\"project_id\": \"" ID(13) "\"}");
	t->repo = (struct github_repo){ 13, STR("octo/secret"), STR("main"), true, false };
	assert_false(rows_settle(&rows_work, rows_conn, &sync_project, t));
	assert_err(&rows_work, ERR_INVALID, "project.private");
	assert_value("select count(*) from core.project where id = '" ID(13) "' and repo_id is null", "1");
	assert_value("select count(*) from q.outbox", "0");
}

static void one_project_per_repository(void **state)
{
	struct project_task *t;

	(void)state;
	db_test_sql("insert into core.project (id, full_name, created_by) values ('" ID(
		13) "', 'octo/renamed', '" FUNDER "')");
	t = rows_planned(&sync_project, "{\"project_id\": \"" ID(13) "\"}");
	t->repo = (struct github_repo){ 10, STR("octo/hello"), STR("main"), false, false };
	assert_false(rows_settle(&rows_work, rows_conn, &sync_project, t));
	assert_err(&rows_work, ERR_INVALID, "project.exists");
	assert_value("select count(*) from q.outbox", "0");
}

static void refuses_unknown_rows(void **state)
{
	void *task = NULL;

	(void)state;
	assert_false(rows_plan(&rows_work, rows_conn, &sync_project, "{\"project_id\": \"" ID(99) "\"}", &task));
	assert_err(&rows_work, ERR_INVALID, "sync.project_unknown");
	task = NULL;
	assert_false(rows_plan(&rows_work, rows_conn, &sync_issue, "{\"issue_id\": \"" ID(99) "\"}", &task));
	assert_err(&rows_work, ERR_INVALID, "sync.issue_unknown");
	task = NULL;
	assert_false(rows_plan(&rows_work, rows_conn, &sync_delivery, "{\"delivery_id\": 99}", &task));
	assert_err(&rows_work, ERR_INVALID, "sync.delivery_unknown");
}

static void observes_an_issue(void **state)
{
	struct issue_task *t = rows_planned(&sync_issue, "{\"issue_id\": \"" ISSUE "\"}");

	(void)state;
	assert_int_equal(t->repo_id, 10);
	assert_int_equal(t->number, 3);
	t->issue = (struct github_issue){ .id = 33,
		.number = 3,
		.title = STR("Bug"),
		.state = STR("closed"),
		.state_reason = STR("completed"),
		.closed_at = 1000 * USEC_S,
		.updated_at = 1000 * USEC_S };
	rows_settled_twice(&sync_issue, t);
	assert_value("select title || ' ' || state || ' ' || state_reason from core.issue", "Bug closed completed");
	t->issue.updated_at = 999 * USEC_S; /* older news */
	t->issue.state = STR("open");
	rows_settled(&sync_issue, t);
	assert_value("select state from core.issue", "closed");
	db_test_sql("update core.project set repo_id = null");
	assert_false(rows_plan(&rows_work, rows_conn, &sync_issue, "", (void **)&t));
	assert_true(rows_work.err.snooze);
	assert_err(&rows_work, ERR_RETRY, "sync.project_unresolved");
}

static void a_ping_verifies(void **state)
{
	struct delivery_task *t;

	(void)state;
	db_test_sql("update core.project set state = 'unverified'");
	t = delivered("ping", "{\"zen\": \"x\", " REPO "}");
	assert_int_equal(t->kind, DELIVERY_PING);
	rows_settled_twice(&sync_delivery, t);
	assert_value("select state || ' ' || (hook_alive_at is not null) from core.project", "verified true");
	assert_value("select count(*) from q.outbox where topic = 'project.verified'", "1");
	rows_settled(&sync_delivery, delivered("ping", "{\"zen\": \"y\", " REPO "}"));
	assert_value("select count(*) from q.outbox where topic = 'project.verified'", "1");
}

static void P5_a_ping_by_the_common_secret_is_no_proof_of_an_owner(void **state)
{
	(void)state;
	db_test_sql("update core.project set state = 'degraded', state_reason = 'ownership.lost'");
	rows_settled(&sync_delivery, delivered("ping", "{\"zen\": \"x\", " REPO "}"));
	assert_value("select state || ' ' || state_reason || ' ' || (hook_alive_at is not null) from core.project",
		"degraded ownership.lost true");
	db_test_sql("update core.project set state = 'lost'");
	rows_settled(&sync_delivery, delivered("ping", "{\"zen\": \"y\", " REPO "}"));
	assert_value("select state || ' ' || state_reason from core.project", "lost ownership.lost");
	assert_value("select count(*) from q.outbox where topic = 'project.verified'", "0");
}

static void an_issue_event_needs_no_fetch(void **state)
{
	struct delivery_task *t = delivered("issues",
		"{\"action\": \"closed\", \"issue\": {\"id\": 34, \"number\": 8, \"title\": \"T\", \"state\": \"closed\","
		" \"state_reason\": \"completed\", \"closed_at\": \"2026-01-01T00:00:00Z\", \"updated_at\": \"2026-01-01T00:00:00Z\"}, " REPO
		"}");

	(void)state;
	assert_int_equal(t->kind, DELIVERY_ISSUE);
	rows_settled_twice(&sync_delivery, t);
	assert_value("select state || ' ' || state_reason from core.issue where number = 8", "closed completed");
	t = delivered("issues",
		"{\"action\": \"transferred\", \"issue\": {\"id\": 34, \"number\": 8, \"title\": \"T\","
		" \"state\": \"open\", \"updated_at\": \"2026-01-02T00:00:00Z\"}, " REPO "}");
	rows_settled_twice(&sync_delivery, t);
	assert_value("select state || ' ' || state_reason from core.issue where number = 8", "closed transferred");
	assert_value(
		"select string_agg(concat_ws(' ', state, action, repo_id, number), ',' order by id) from ingest.delivery",
		"done closed 10 8,done transferred 10 8");
}

/* What GitHub signed when somebody deleted a comment, sent again as another event: the event's name is not signed. */
#define COMMENT_DELETED                                                                                                   \
	"{\"action\": \"deleted\", \"comment\": {\"id\": 5}, \"issue\": {\"id\": 33, \"number\": 3, \"title\": \"Bug\", " \
	"\"state\": \"open\", \"updated_at\": \"2026-01-01T00:00:00Z\"}, " REPO "}"

static void ignores_with_a_reason(void **state)
{
	static const struct {
		const char *event, *body, *reason;
	} cases[] = {
		{ "star", "{}", "event.unsubscribed" },
		{ "pull_request", "{\"action\": \"labeled\", " REPO "}", "action.unsubscribed" },
		{ "issues", "{\"action\": \"pinned\", " REPO "}", "action.unsubscribed" },
		{ "pull_request", "{\"action\": \"opened\", " REPO "}", "delivery.malformed" },
		{ "pull_request", "{\"action\": \"opened\", \"pull_request\": {\"number\": -1}, " REPO "}",
			"delivery.malformed" },
		{ "issues", "{\"action\": \"opened\", \"issue\": 3, " REPO "}", "delivery.malformed" },
		{ "issues", "{\"action\": \"opened\"", "delivery.malformed" },
		{ "issues", COMMENT_DELETED, "delivery.malformed" },
		{ "ping", "{\"zen\": \"z\"}", "delivery.no_repository" },
		{ "ping", "{\"repository\": {\"id\": 4711, \"full_name\": \"a/b\"}}", "project.unknown" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct delivery_task *t = delivered(cases[i].event, cases[i].body);

		assert_int_equal(t->kind, DELIVERY_IGNORED);
		assert_string_equal(t->reason, cases[i].reason);
		rows_settled_twice(&sync_delivery, t);
		assert_value("select state || ' ' || reason from ingest.delivery order by id desc limit 1",
			arena_printf(rows_work.arena, "ignored %s%c", cases[i].reason, '\0').p);
	}
	assert_value("select count(*) from q.outbox", "0");
}

static void waits_for_a_project_to_be_resolved(void **state)
{
	void *task = NULL;

	(void)state;
	db_test_sql("update core.project set repo_id = null");
	deliver("ping", "{\"repository\": {\"id\": 10, \"full_name\": \"OCTO/hello\"}}");
	assert_false(rows_plan(&rows_work, rows_conn, &sync_delivery, "{\"delivery_id\": 1}", &task));
	assert_true(rows_work.err.snooze);
	assert_err(&rows_work, ERR_RETRY, "sync.project_unresolved");
	db_test_sql("update ingest.delivery set received_at = now() - interval '2 hours'");
	assert_string_equal(((struct delivery_task *)rows_planned(&sync_delivery, "{\"delivery_id\": 1}"))->reason,
		"project.unresolved");
	db_test_sql("update ingest.delivery set state = 'conflict'");
	task = NULL;
	assert_false(rows_plan(&rows_work, rows_conn, &sync_delivery, "{\"delivery_id\": 1}", &task));
	assert_err(&rows_work, ERR_INVALID, "sync.delivery_conflict");
}

static const struct github_pull open_pull = {
	.id = 44,
	.author_id = 7,
	.repo_id = 10,
	.number = 4,
	.title = { "Fix", 3 },
	.author_login = { "alice", 5 },
	.author_type = { "User", 4 },
	.state = { "open", 4 },
	.base_ref = { "main", 4 },
	.head_sha = { "aa", 2 },
	.updated_at = 1000 * USEC_S,
};

static struct delivery_task *pull_delivered(const char *action, const struct link *links, size_t n)
{
	struct delivery_task *t = delivered("pull_request",
		arena_printf(rows_work.arena,
			"{\"action\": \"%s\", \"pull_request\": {\"number\": 4, \"body\": \"fixes #3\", \"merged\": %s}, " REPO
			"}%c",
			action, strcmp(action, "closed") == 0 ? "true" : "false", '\0')
			.p);

	assert_int_equal(t->kind, DELIVERY_PULL);
	assert_int_equal(t->pull.number, 4);
	t->pull.pull = open_pull;
	t->pull.links = links;
	t->pull.n_links = n;
	return t;
}

static void merge(struct delivery_task *t)
{
	t->pull.pull.merged = true;
	t->pull.pull.state = STR("closed");
	t->pull.pull.merge_sha = STR(MERGE_SHA);
	t->pull.pull.merged_at = t->pull.pull.updated_at = 2000 * USEC_S;
	t->pull.pull.merged_by_id = 8;
}

static void s1_a_pull_request_becomes_a_submission(void **state)
{
	static const struct link links[] = {
		{ 3, 33, 5, { "closing_reference", 17 } },
		{ 3, 0, 2, { "commit", 6 } },
		{ 999, 0, 4, { "claim", 5 } },
		{ 6, 66, 5, { "closing_reference", 17 } },
	};
	struct delivery_task *t;

	(void)state;
	rows_open();
	rows_settled_twice(&sync_delivery, pull_delivered("opened", links, COUNT(links)));
	assert_value("select state || ' ' || evidence_level || ' ' || (claimant_id = '" ALICE "') from core.submission",
		"seen 5 true");
	/* an issue that GitHub vouches for is made, one that only a text names is not */
	assert_value(
		"select string_agg(number || ' ' || state, ',' order by number) from core.issue", "3 open,6 unknown");
	assert_value("select count(*) from core.pull_issue_link", "3");
	assert_value("select string_agg(topic, ',' order by id) from q.outbox", "pull.synced,submission.seen");
	assert_value("select count(*) from q.job where kind = 'verify.merge'", "0");
	t = pull_delivered("closed", links, COUNT(links));
	assert_str(t->pull.text, "fixes #3");
	merge(t);
	rows_settled_twice(&sync_delivery, t);
	assert_value(
		"select state || ' ' || merge_sha || ' ' || merged_by_uid from core.pull", "merged " MERGE_SHA " 8");
	assert_value(
		"select j.key = 'merge:' || s.id || ':" MERGE_SHA
		"' and j.queue = 'verify' and j.project_id = '" PROJECT
		"' and j.args ->> 'submission_id' = s.id::text from q.job j, core.submission s where kind = 'verify.merge'",
		"t");
	rows_settled(&sync_delivery, pull_delivered("edited", links, COUNT(links))); /* late and old */
	assert_value("select state from core.pull", "merged");
	assert_value("select count(*) from q.job where kind = 'verify.merge'", "1");
	rows_settled_twice(&sync_delivery,
		delivered("pull_request", "{\"action\": \"labeled\", \"pull_request\": {\"number\": 4}, " REPO "}"));
	assert_value(
		"select string_agg(concat_ws(' ', state, action, repo_id, number), ',' order by id) from ingest.delivery",
		"done opened 10 4,done closed 10 4,done edited 10 4,ignored labeled 10 4");
}

static void weak_links_and_dead_bounties_count_nothing(void **state)
{
	static const struct link weak[] = { { 3, 33, 1, { "late_reference", 14 } } };
	static const struct link strong[] = { { 3, 33, 5, { "closing_reference", 17 } } };
	struct delivery_task *t;

	(void)state;
	rows_open();
	t = pull_delivered("closed", weak, 1);
	merge(t);
	rows_settled_twice(&sync_delivery, t);
	assert_value("select count(*) from core.submission", "0");
	db_test_sql("select core.bounty_move('" BOUNTY "', 'deadline', 'test', null)");
	t->pull.links = strong;
	rows_settled_twice(&sync_delivery, t);
	assert_value("select count(*) from core.submission", "0");
	assert_value("select count(*) from q.job where kind = 'verify.merge'", "0");
}

/* An issue was reopened and a bounty put on it: the pull request that closed it before must not take the money. */
static void what_was_merged_before_the_bounty_earns_nothing(void **state)
{
	static const struct link links[] = { { 3, 33, 5, { "closing_reference", 17 } }, { 3, 0, 2, { "commit", 6 } } };
	struct delivery_task *t;

	(void)state;
	rows_open();
	db_test_sql("update core.bounty set created_at = to_timestamp(2121)"); /* the merge is at 2000 */
	t = pull_delivered("edited", links, COUNT(links));
	merge(t);
	rows_settled_twice(&sync_delivery, t);
	assert_value("select state from core.pull", "merged");
	assert_value("select count(*) from core.submission", "0");
	assert_value("select count(*) from q.job where kind = 'verify.merge'", "0");
	db_test_sql("update core.bounty set created_at = to_timestamp(2120)"); /* within what the clocks may differ */
	t = pull_delivered("edited", links, COUNT(links));
	merge(t);
	rows_settled(&sync_delivery, t);
	assert_value("select count(*) from q.job where kind = 'verify.merge'", "1");
}

/* The author links the account later: the next delivery makes them the claimant. */
static void a_claimant_may_come_later(void **state)
{
	static const struct link links[] = { { 3, 33, 4, { "claim", 5 } } };
	struct delivery_task *t;

	(void)state;
	rows_open();
	db_test_sql("update core.external_account set revoked_at = now() where provider_uid = 7");
	t = pull_delivered("opened", links, 1);
	rows_settled_twice(&sync_delivery, t);
	assert_value("select claimant_id is null from core.submission", "t");
	db_test_sql("update core.external_account set revoked_at = null where provider_uid = 7");
	rows_settled_twice(&sync_delivery, t);
	assert_value("select claimant_id = '" ALICE "' from core.submission", "t");
}

/* What a body said counts only when it was signed at the merge or before. */
static void text_after_the_merge_does_not_count(void **state)
{
	struct delivery_task *t = delivered("pull_request",
		"{\"action\": \"edited\", \"pull_request\": {\"number\": 4, \"body\": \"fixes #3\", \"merged\": true}, " REPO
		"}");

	(void)state;
	assert_null(t->pull.text.p);
}

/* The body of a pull request that had the claim, without it. Its delivery is stored now and planned later. */
static void edited(int sender)
{
	deliver("pull_request",
		arena_cstr(rows_work.arena,
			arena_printf(rows_work.arena,
				"{\"action\": \"edited\", \"sender\": {\"id\": %d}, \"changes\": {\"body\": {\"from\": \"x\"}},"
				" \"pull_request\": {\"number\": 4, \"body\": \"\", \"merged\": false, \"user\": {\"id\": 7}}, " REPO
				"}",
				sender)));
}

static void read_edit(int delivery)
{
	struct delivery_task *t = rows_planned(&sync_delivery,
		arena_cstr(rows_work.arena, arena_printf(rows_work.arena, "{\"delivery_id\": %d}", delivery)));

	assert_int_equal(t->kind, DELIVERY_PULL);
	t->pull.pull = open_pull;
	rows_settled(&sync_delivery, t);
}

#define LINK "select (withdrawn_at is not null) || ' ' || (dropped_at is not null) from core.pull_issue_link"

static void f41_what_the_author_took_back_nobody_else_took_out(void **state)
{
	static const struct link links[] = { { 3, 33, 4, { "claim", 5 } } };

	(void)state;
	rows_open();
	rows_settled(&sync_delivery, pull_delivered("opened", links, 1));
	edited(7);
	read_edit(2);
	assert_value(LINK, "true false");
	edited(8); /* a typo elsewhere in the text */
	read_edit(3);
	assert_value(LINK, "true false");
	rows_settled(&sync_delivery, pull_delivered("edited", links, 1));
	assert_value(LINK, "false false");
	edited(8);
	read_edit(5);
	assert_value(LINK, "true true");
}

/* Somebody else took it out, and another delivery showed that it is gone before theirs was read. */
static void f41_what_another_took_out_is_known_though_read_late(void **state)
{
	static const struct link links[] = { { 3, 33, 4, { "claim", 5 } } };

	(void)state;
	rows_open();
	rows_settled(&sync_delivery, pull_delivered("opened", links, 1));
	edited(8);
	rows_settled(&sync_delivery, pull_delivered("synchronize", NULL, 0));
	assert_value(LINK, "true false");
	read_edit(2);
	assert_value(LINK, "true true");
}

static void pinged(const char *age)
{
	db_test_sql(arena_cstr(rows_work.arena,
		arena_printf(rows_work.arena, "update ingest.delivery set received_at = now() - interval '%s'", age)));
	rows_settled(&sync_delivery, rows_planned(&sync_delivery, "{\"delivery_id\": 1}"));
}

#define PING                                                                                                                  \
	"select k.state || ' ' || (h.ping_until = d.received_at + interval '7 days') || ' ' || (h.pinged_at = d.received_at)" \
	" from core.ownership_check k join core.hook h on h.check_id = k.id, ingest.delivery d"

/* GitHub, whether its person may administer the repository */
#define ASKED "select count(*) from q.job where kind = 'sync.check'"

static void p3_a_ping_counts_from_when_it_came(void **state)
{
	(void)state;
	deliver("ping", "{\"zen\": \"x\", " REPO "}");
	db_test_sql("with k as (insert into core.ownership_check (project_id, person_id, method) values ('" PROJECT
		    "', '" FUNDER "', 'ping') returning id) insert into core.hook (project_id, person_id, check_id)"
		    " select '" PROJECT "', '" FUNDER "', id from k");
	db_test_sql("update ingest.delivery set own_hook = (select id from core.hook)");
	pinged("8 days");
	assert_value(PING, "pending true true");
	assert_value(ASKED, "0");
	pinged("2 days");
	assert_value(PING, "pending true true");
	assert_value(ASKED, "1");
	pinged("3 days");
	assert_value(PING, "pending false false");
	assert_value("select ping_until > now() + interval '4.5 days' from core.hook", "t");
}

static void look_at_hooks(void)
{
	struct hook_task t = { 0 };

	rows_settled(&sync_hooks, &t);
}

static void I8_a_hook_with_very_many_missing_deliveries_holds_up_no_other(void **state)
{
	const char *asked =
		"select count(*) filter (where github_id > 0) || ' ' || count(*) filter (where github_id = 0)"
		" from ingest.hook_delivery where asks = 2";

	(void)state;
	db_test_sql("insert into core.hook (project_id, person_id, github_id) values ('" PROJECT "', '" FUNDER
		    "', 1), ('" PROJECT "', '" ALICE "', 2)");
	db_test_sql(
		"insert into ingest.hook_delivery (hook_id, guid, github_id, event, status, delivered_at, asks, ask_at)"
		" select h.id, gen_random_uuid(), n, 'push', 500, now(), 1, now() - interval '1 hour'"
		" from core.hook h, generate_series(1, 250) n where h.github_id = 1"
		" union all select h.id, gen_random_uuid(), 0, 'issues', 500, now(), 1, now()"
		" from core.hook h where h.github_id = 2");
	look_at_hooks();
	assert_value(asked, "200 1");
	look_at_hooks();
	assert_value(asked, "250 1");
	assert_value("select count(*) from q.job where kind = 'sync.redeliver'", "251");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(resolves_a_project, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(a_private_repository_is_kept_out, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(one_project_per_repository, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(refuses_unknown_rows, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(observes_an_issue, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(a_ping_verifies, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(
			P5_a_ping_by_the_common_secret_is_no_proof_of_an_owner, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(an_issue_event_needs_no_fetch, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(ignores_with_a_reason, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(waits_for_a_project_to_be_resolved, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(s1_a_pull_request_becomes_a_submission, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(weak_links_and_dead_bounties_count_nothing, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(what_was_merged_before_the_bounty_earns_nothing, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(a_claimant_may_come_later, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(text_after_the_merge_does_not_count, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(
			f41_what_the_author_took_back_nobody_else_took_out, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(
			f41_what_another_took_out_is_known_though_read_late, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(p3_a_ping_counts_from_when_it_came, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(
			I8_a_hook_with_very_many_missing_deliveries_holds_up_no_other, rows_start, rows_stop),
	};

	return cmocka_run_group_tests_name("stages_sync", tests, rows_begin, rows_end);
}
