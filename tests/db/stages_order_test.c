/* I7, F8: what GitHub tells of one pull request or issue, in any order, doubled, and read late, ends in one row. A thousand lives
 * in one run; PATCHWORK_SEED=N plays the same ones again. */
#include "tests/unit/check.h"

#include <stdio.h>

#include "rows.h"
#include "sql.h"
#include "stages/sync/sync.h"

#define LIVES 1000
#define FAR (INT64_C(4102444800) * USEC_S) /* 2100: surely read after what is stored */
#define LONG_AGO 1                         /* surely read before */

static struct work w;
static struct conn *conn;
static uint64_t seed;

static int open_database(void **state)
{
	const char *given = getenv("PATCHWORK_SEED");

	(void)state;
	db_test_open();
	work_init(&w);
	seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)clock_now();
	print_message("# PATCHWORK_SEED=%llu\n", (unsigned long long)seed);
	return 0;
}

static int close_database(void **state)
{
	(void)state;
	work_end(&w);
	db_test_close();
	return 0;
}

static int start(void **state)
{
	(void)state;
	rows_world();
	rows_open();
	conn = db_test_conn(&w, "patchwork_worker");
	w.job = rows_job();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	conn_close(&conn);
	return 0;
}

static uint64_t draw(uint64_t below) /* splitmix64 */
{
	uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % below;
}

/* 0 .. n-1 in any order, some of them twice. */
static size_t shuffled(size_t n, size_t out[32])
{
	size_t all = n + draw(4);

	for (size_t i = 0; i < all; i++)
		out[i] = i < n ? i : draw(n);
	for (size_t i = all - 1; i > 0; i--) {
		size_t k = draw(i + 1), kept = out[i];

		out[i] = out[k];
		out[k] = kept;
	}
	return all;
}

#define CLAIM                                                                                                          \
	{                                                                                                              \
		3, 0, 4,                                                                                               \
		{                                                                                                      \
			"claim", 5                                                                                     \
		}                                                                                                      \
	}
#define COMMIT                                                                                                         \
	{                                                                                                              \
		3, 0, 2,                                                                                               \
		{                                                                                                      \
			"commit", 6                                                                                    \
		}                                                                                                      \
	}
#define REFERENCE                                                                                                      \
	{                                                                                                              \
		3, 33, 5,                                                                                              \
		{                                                                                                      \
			"closing_reference", 17                                                                        \
		}                                                                                                      \
	}
static const struct link claim[] = { CLAIM }, work[] = { CLAIM, COMMIT }, all[] = { REFERENCE, COMMIT };

/* What GitHub had at each moment; several of them within one of its seconds. */
static const struct moment {
	const char *title, *head, *state;
	bool draft, merged;
	int at;
	const struct link *links;
	size_t n_links;
} pull_life[] = {
	{ "Fix", "aa", "open", false, false, 2000, NULL, 0 },
	{ "Fix it", "aa", "open", false, false, 2000, claim, 1 },
	{ "Fix it", "aa", "open", true, false, 2001, claim, 1 },
	{ "Fix it", "aa", "open", false, false, 2002, claim, 1 },
	{ "Fix it", "bb", "open", false, false, 2002, work, 2 },
	{ "Fix it", "bb", "closed", false, false, 2003, work, 2 },
	{ "Fix it well", "bb", "open", false, false, 2003, work, 2 },
	{ "Fix it well", "bb", "closed", false, true, 2004, all, 2 },
};

static bool tell_pull(struct tx *tx, int number, const struct moment *m, usec planned_at)
{
	struct pull_sync p = {
		.repo_id = 10,
		.full_name = STR("octo/hello"),
		.number = number,
		.pull = { .id = 1000 + number,
			.author_id = 7,
			.number = number,
			.title = str_c(m->title),
			.author_login = STR("alice"),
			.author_type = STR("User"),
			.state = str_c(m->state),
			.base_ref = STR("main"),
			.head_sha = str_c(m->head),
			.draft = m->draft,
			.merged = m->merged,
			.merge_sha = m->merged ? STR(MERGE_SHA) : (str){ 0 },
			.merged_at = m->merged ? m->at * USEC_S : 0,
			.merged_by_id = m->merged ? 8 : 0,
			.updated_at = m->at * USEC_S },
		.links = m->links,
		.n_links = m->n_links,
	};

	return pull_store(&w, tx, &p, rows_id(PROJECT), 0, planned_at);
}

/* The delivery comes once more and reads what GitHub has by then. */
static const struct moment *newest(const struct moment *life, size_t n, const struct moment *of)
{
	const struct moment *m = of;

	for (size_t i = 0; i < n; i++)
		if (life[i].at == of->at && &life[i] > m)
			m = &life[i];
	return m;
}

static void play_pull(int number, size_t moments)
{
	struct arena_mark mark = arena_mark(w.arena);
	size_t order[32], n = shuffled(moments, order);
	struct tx tx;

	assert_true(tx_begin(&w, conn, TX_LAZY, &tx));
	for (size_t i = 0; i < n; i++) {
		const struct moment *m = &pull_life[order[i]];

		if (!tell_pull(&tx, number, m, LONG_AGO)) {
			assert_err(&w, ERR_RETRY, "sync.pull_raced");
			err_clear(&w);
			if (!tell_pull(&tx, number, newest(pull_life, moments, m), FAR))
				fail_msg("%s: %s", w.err.code, w.err.text);
		}
	}
	assert_true(tx_commit(&w, &tx));
	arena_rewind(w.arena, mark);
}

#define PULL_HASH                                                                                                               \
	"select count(distinct encode(sha256(convert_to(concat_ws('|', p.title, p.state, p.draft, p.head_sha, p.merge_sha,"     \
	" p.merged_at, p.merged_by_uid, p.source_updated_at, s.state, s.claimant_id, s.evidence_level,"                         \
	" (select string_agg(l.level || l.source, ',' order by l.source) from core.pull_issue_link l where l.pull_id = p.id))," \
	" 'UTF8')), 'hex')) || ' of ' || count(*) || ' ' || min(p.title) || ' ' || min(p.state) || ' ' || min(p.head_sha)"      \
	" from core.pull p left join core.submission s on s.pull_id = p.id"

static void pull_requests_end_in_one_row(void **state)
{
	(void)state;
	db_test_sql("update core.bounty set created_at = to_timestamp(1990)");
	for (int i = 0; i < LIVES / 2; i++) {
		play_pull(1000 + i, COUNT(pull_life));
		play_pull(2000 + i, COUNT(pull_life) - 1);
	}
	assert_string_equal(db_test_value(PULL_HASH " where p.number < 2000"), "1 of 500 Fix it well merged bb");
	assert_string_equal(db_test_value(PULL_HASH " where p.number >= 2000"), "1 of 500 Fix it well open bb");
	assert_string_equal(db_test_value("select count(*) from q.job where kind = 'verify.merge'"), "500");
}

static const struct moment issue_life[] = {
	{ "Bug", NULL, "open", .at = 2000 },
	{ "A bug", NULL, "open", .at = 2000 },
	{ "A bug", NULL, "closed", .at = 2001 },
	{ "A bug", NULL, "open", .at = 2001 },
	{ "A real bug", NULL, "open", .at = 2002 },
	{ "A real bug", NULL, "closed", .at = 2003 },
};

static bool tell_issue(struct tx *tx, int number, const struct moment *m, str reason, usec planned_at)
{
	struct sql_issue_observe_in in = {
		.project_id = rows_id(PROJECT),
		.uid = 5000 + number,
		.number = number,
		.title = str_c(m->title),
		.state = str_c(m->state),
		.state_reason = reason.p != NULL          ? reason
			: strcmp(m->state, "closed") == 0 ? STR("completed")
							  : reason,
		.updated_at = m->at * USEC_S,
		.has_read_after = planned_at > 0,
		.read_after = planned_at,
		.job = w.job,
	};
	struct sql_issue_observe_out out;

	assert_true(sql_issue_observe(&w, tx, &in, &out));
	return out.asked;
}

/* A signed body may be as old as it likes; when two of one second differ, GitHub is asked in the end. */
static void play_issue(int number, size_t moments, bool deleted)
{
	struct arena_mark mark = arena_mark(w.arena);
	size_t order[32], n = shuffled(moments + deleted, order);
	bool asked = false;
	struct tx tx;

	assert_true(tx_begin(&w, conn, TX_LAZY, &tx));
	for (size_t i = 0; i < n; i++) {
		bool last = order[i] == moments;
		struct moment m = issue_life[last ? moments - 1 : order[i]];

		if (last)
			m.state = "closed";
		asked = tell_issue(&tx, number, &m, last ? STR("deleted") : (str){ 0 }, 0) || asked;
	}
	if (asked)
		tell_issue(&tx, number, &issue_life[moments - 1], (str){ 0 }, FAR);
	assert_true(tx_commit(&w, &tx));
	arena_rewind(w.arena, mark);
}

#define ISSUE_HASH                                                                                                             \
	"select count(distinct concat_ws('|', title, state, state_reason, source_updated_at)) || ' of ' || count(*) || ' ' ||" \
	" min(state) || ' ' || min(coalesce(state_reason, '-')) from core.issue where number "

static void issues_end_in_one_row(void **state)
{
	(void)state;
	for (int i = 0; i < LIVES / 4; i++) {
		play_issue(1000 + i, COUNT(issue_life), false);
		play_issue(2000 + i, COUNT(issue_life) - 1, false);
		play_issue(3000 + i, 4, false);
		play_issue(4000 + i, COUNT(issue_life), true);
	}
	assert_string_equal(db_test_value(ISSUE_HASH "between 1000 and 1999"), "1 of 250 closed completed");
	assert_string_equal(db_test_value(ISSUE_HASH "between 2000 and 2999"), "1 of 250 open -");
	assert_string_equal(db_test_value(ISSUE_HASH "between 3000 and 3999"), "1 of 250 open -");
	assert_string_equal(
		db_test_value("select count(*) from core.issue where number >= 4000 and state = 'closed' and"
			      " state_reason = 'deleted'"),
		"250");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pull_requests_end_in_one_row, start, stop),
		cmocka_unit_test_setup_teardown(issues_end_in_one_row, start, stop),
	};

	return cmocka_run_group_tests_name("I7 F8 stages_order", tests, open_database, close_database);
}
