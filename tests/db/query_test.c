/* Every type through a real server and back; what a statement's failure means. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "db_test.h"
#include "trial.h"

static struct work w;
static struct conn *conn;
static struct tx tx;

static int open_database(void **state)
{
	(void)state;
	db_test_open();
	db_test_sql("create table trial (id int8 constraint \"trial.exists\" primary key,"
		    " parent int8 constraint \"trial.no_parent\" references trial,"
		    " size int4 constraint \"trial.too_small\" check (size > 0) constraint plain check (size < 1000));"
		    "create function trial_raise(state text, words text) returns void language plpgsql as"
		    " $$ begin raise exception '%', words using errcode = state; end $$");
	return 0;
}

static int close_database(void **state)
{
	(void)state;
	db_test_close();
	return 0;
}

static int start(void **state)
{
	(void)state;
	work_init(&w);
	conn = db_test_conn(&w, NULL);
	tx = tx_auto(conn);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	conn_close(&conn);
	work_end(&w);
	return 0;
}

#define assert_err(KIND, CODE)                                                                                         \
	do {                                                                                                           \
		assert_string_equal(w.err.code, CODE);                                                                 \
		assert_int_equal(w.err.kind, KIND);                                                                    \
	} while (0)

static void assert_str(str got, const char *want)
{
	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p, want, got.n);
}

static u256 max_u256(void)
{
	return (u256){ { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX } };
}

static struct sql_trial_echo_in plain_values(void)
{
	return (struct sql_trial_echo_in){
		.b = true,
		.i4 = 42,
		.i8 = 43,
		.t = STR("text"),
		.j = STR("{\"a\": [1, null]}"),
		.y = STR("\0\xff\0"),
		.u = { { 1, 2, 3, 0xff } },
		.n = u256_of(44),
		.s = STR("-4.50"),
		.at = 45,
		.span = 46,
	};
}

static struct sql_trial_echo_out echo(struct sql_trial_echo_in in)
{
	struct sql_trial_echo_out out;

	if (!sql_trial_echo(&w, &tx, &in, &out))
		fail_msg("%s %s", w.err.code, w.err.text);
	return out;
}

static void scalars_come_back(void **state)
{
	struct sql_trial_echo_in in = plain_values();
	struct sql_trial_echo_out out = echo(in);

	(void)state;
	assert_true(out.b);
	assert_int_equal(out.i4, 42);
	assert_int_equal(out.i8, 43);
	assert_str(out.t, "text");
	assert_str(out.j, "{\"a\": [1, null]}");
	assert_true(str_eq(out.y, in.y));
	assert_memory_equal(out.u.b, in.u.b, 16);
	assert_str(out.n_text, "44");
	assert_str(out.s, "-4.50");
	assert_int_equal(out.at, 45);
	assert_str(out.at_text, "1970-01-01 00:00:00.000045");
	assert_int_equal(out.span, 46);
}

static void extremes_come_back(void **state)
{
	struct sql_trial_echo_in in = plain_values();
	struct sql_trial_echo_out out;

	(void)state;
	in.b = false, in.i4 = INT32_MIN, in.i8 = INT64_MIN, in.n = max_u256(), in.span = INT64_MIN;
	in.t = STR(""), in.y = (str){ NULL, 0 }, in.at = INT64_MAX;
	out = echo(in);
	assert_false(out.b);
	assert_int_equal(out.i4, INT32_MIN);
	assert_int_equal(out.i8, INT64_MIN);
	assert_int_equal(u256_cmp(out.n, max_u256()), 0);
	assert_int_equal(out.span, INT64_MIN);
	assert_non_null(out.t.p);
	assert_int_equal(out.t.n, 0);
	assert_non_null(out.y.p); /* empty, not NULL */
	assert_int_equal(out.y.n, 0);
	assert_int_equal(out.at, INT64_MAX);
	assert_str(out.at_text, "infinity");
	in.i4 = INT32_MAX, in.i8 = INT64_MAX, in.n = u256_of(0), in.span = INT64_MAX, in.at = INT64_MIN;
	out = echo(in);
	assert_int_equal(out.i4, INT32_MAX);
	assert_int_equal(out.i8, INT64_MAX);
	assert_true(u256_is_zero(out.n));
	assert_str(out.n_text, "0");
	assert_int_equal(out.span, INT64_MAX);
	assert_str(out.at_text, "-infinity");
}

static void times_keep_microseconds(void **state)
{
	static const struct {
		usec at;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01 00:00:00" },
		{ -1, "1969-12-31 23:59:59.999999" },
		{ INT64_C(946684800000000), "2000-01-01 00:00:00" },
		{ INT64_C(1709210096789012), "2024-02-29 12:34:56.789012" },
	};
	struct sql_trial_echo_in in = plain_values();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		in.at = cases[i].at;
		assert_int_equal(echo(in).at, cases[i].at);
		assert_str(echo(in).at_text, cases[i].text);
	}
	in.at = INT64_MIN + 5; /* before PostgreSQL's first day */
	assert_false(sql_trial_echo(&w, &tx, &in, &(struct sql_trial_echo_out){ 0 }));
	assert_err(ERR_BUG, "db.statement");
}

static void check_amount(u256 v)
{
	struct sql_trial_echo_in in = plain_values();
	struct sql_trial_echo_out out;
	char text[U256_DEC];

	in.n = v;
	out = echo(in);
	text[u256_format(v, text)] = '\0';
	assert_int_equal(u256_cmp(out.n, v), 0);
	assert_str(out.n_text, text);
}

static void amounts_are_exact(void **state)
{
	u256 v = u256_of(1), nine;

	(void)state;
	for (uint64_t i = 0; i <= 20; i++) {
		check_amount(u256_of(i * 9999));
		check_amount(u256_of(UINT64_MAX - i));
	}
	for (;;) { /* each power of ten that fits, and its neighbours */
		check_amount(v);
		if (u256_sub(v, u256_of(1), &nine))
			check_amount(nine);
		if (u256_add(v, u256_of(10000), &nine))
			check_amount(nine);
		if (!u256_mul_u64(v, 10, &v))
			break;
	}
	srandom(7);
	for (int i = 0; i < 200; i++) {
		for (int limb = 0; limb < 4; limb++)
			v.limb[limb] = ((uint64_t)random() << 33) ^ (uint64_t)random() >> (i % 31);
		for (int limb = 3; limb > i % 5; limb--)
			v.limb[limb] = 0;
		check_amount(v);
		work_reset(&w);
	}
}

static void numbers_that_are_no_amount_are_refused(void **state)
{
	static const char *const texts[] = {
		"-1",
		"NaN",
		"Infinity",
		"-Infinity",
		"1.5",
		"0.5",
		"1.0",
		"-0.1",
		"115792089237316195423570985008687907853269984665640564039457584007913129639936", /* 2^256 */
		"1e100",
		"1e1000",
	};
	struct sql_trial_number_out out;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_false(sql_trial_number(&w, &tx, &(struct sql_trial_number_in){ str_c(texts[i]) }, &out));
		assert_err(ERR_BUG, "db.row");
	}
	assert_true(sql_trial_number(&w, &tx, &(struct sql_trial_number_in){ STR("100000000") }, &out));
	assert_int_equal(u256_cmp(out.n, u256_of(100000000)), 0);
}

static void signed_text_is_the_servers(void **state)
{
	static const char *const texts[] = {
		"0",
		"0.0",
		"0.00000",
		"-1",
		"1",
		"-0.5",
		"123.4500",
		"0.0001",
		"0.00001",
		"0.000012345678",
		"-0.10000",
		"9999",
		"10000",
		"10001",
		"100000000",
		"99999999.99999999",
		"-123456789012345678901234567890.123456789",
		"1e80",
		"-1e-40",
		"1e1000",
		"12345.6",
		"10000.00010000",
	};
	struct sql_trial_signed_out out;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_true(sql_trial_signed(&w, &tx, &(struct sql_trial_signed_in){ str_c(texts[i]) }, &out));
		assert_true(str_eq(out.s, out.text));
	}
	assert_false(sql_trial_signed(&w, &tx, &(struct sql_trial_signed_in){ STR("NaN") }, &out));
	assert_err(ERR_BUG, "db.row");
}

static void spans_have_days_and_no_months(void **state)
{
	struct sql_trial_moment_out out;

	(void)state;
	assert_true(sql_trial_moment(
		&w, &tx, &(struct sql_trial_moment_in){ STR("1970-01-02Z"), STR("-2 days 00:00:01") }, &out));
	assert_int_equal(out.at, 86400 * USEC_S);
	assert_int_equal(out.span, (-2 * 86400 + 1) * USEC_S);
	assert_false(
		sql_trial_moment(&w, &tx, &(struct sql_trial_moment_in){ STR("1970-01-02Z"), STR("1 month") }, &out));
	assert_err(ERR_BUG, "db.row");
	assert_false(sql_trial_moment(&w, &tx, &(struct sql_trial_moment_in){ STR("294276-12-31Z"), STR("1s") }, &out));
	assert_err(ERR_BUG, "db.row"); /* later than 2^63 microseconds after 1970 */
}

static void nulls_come_back(void **state)
{
	struct sql_trial_echo_null_in in = { 0 };
	struct sql_trial_echo_null_out out;

	(void)state;
	memset(&out, 0xff, sizeof(out));
	assert_true(sql_trial_echo_null(&w, &tx, &in, &out));
	assert_int_equal(out.nulls, 12);
	assert_false(out.has_b || out.has_i4 || out.has_i8 || out.has_u || out.has_n || out.has_at || out.has_span ||
		out.has_i8s);
	assert_true(out.t.p == NULL && out.j.p == NULL && out.y.p == NULL && out.s.p == NULL && out.t.n == 0);
	in = (struct sql_trial_echo_null_in){
		.has_b = true,
		.b = true,
		.has_i4 = true,
		.i4 = -1,
		.has_i8 = true,
		.i8 = -2,
		.t = STR(""),
		.j = STR("null"),
		.y = STR(""),
		.has_u = true,
		.has_n = true,
		.n = u256_of(3),
		.s = STR("-3"),
		.has_at = true,
		.at = 4,
		.has_span = true,
		.span = -5,
		.has_i8s = true,
	};
	assert_true(sql_trial_echo_null(&w, &tx, &in, &out));
	assert_int_equal(out.nulls, 0);
	assert_true(out.has_b && out.b && out.has_i4 && out.i4 == -1 && out.has_i8 && out.i8 == -2 && out.has_n &&
		out.has_u);
	assert_true(out.t.p != NULL && out.t.n == 0 && out.y.p != NULL && out.has_at && out.at == 4 && out.span == -5);
	assert_str(out.j, "null");
	assert_str(out.s, "-3");
	assert_true(out.has_i8s && out.i8s.n == 0);
}

static struct sql_trial_arrays_out arrays(struct sql_trial_arrays_in in)
{
	struct sql_trial_arrays_out out;

	if (!sql_trial_arrays(&w, &tx, &in, &out))
		fail_msg("%s %s", w.err.code, w.err.text);
	return out;
}

static void empty_arrays_come_back(void **state)
{
	struct sql_trial_arrays_out out = arrays((struct sql_trial_arrays_in){ 0 });

	(void)state;
	assert_int_equal(out.i4s.n + out.i8s.n + out.ts.n + out.ys.n + out.js.n + out.us.n, 0);
	for (int i = 0; i < 6; i++)
		assert_int_equal(out.lengths.at[i], 0);
}

static void arrays_come_back(void **state)
{
	static const int32_t i4s[] = { INT32_MIN, 0, INT32_MAX };
	static const int64_t i8s[] = { INT64_MIN, INT64_MAX };
	static const str ts[] = { { "a\"b{},", 6 }, { NULL, 0 }, { "", 0 }, { "\xc3\xa9", 2 } };
	static const str ys[] = { { "\0\xff", 2 }, { "", 0 } }, js[] = { { "[1, 2]", 6 }, { NULL, 0 }, { "\"x\"", 3 } };
	static const uuid us[] = { { { 1 } }, { { 0xff, 0xfe } } };
	struct sql_trial_arrays_out out = arrays(
		(struct sql_trial_arrays_in){ { i4s, 3 }, { i8s, 2 }, { ts, 4 }, { ys, 2 }, { js, 3 }, { us, 2 } });

	(void)state;
	assert_int_equal(out.i4s.n, 3);
	assert_memory_equal(out.i4s.at, i4s, sizeof(i4s));
	assert_memory_equal(out.i8s.at, i8s, sizeof(i8s));
	assert_memory_equal(out.us.at, us, sizeof(us));
	assert_int_equal(out.ts.n, 4);
	assert_true(str_eq(out.ts.at[0], ts[0]) && str_eq(out.ts.at[3], ts[3]));
	assert_true(out.ts.at[1].p == NULL && out.ts.at[2].p != NULL && out.ts.at[2].n == 0);
	assert_int_equal(out.nulls, 1);
	assert_true(str_eq(out.ys.at[0], ys[0]) && out.ys.at[1].n == 0);
	assert_true(str_eq(out.js.at[0], js[0]) && out.js.at[1].p == NULL && str_eq(out.js.at[2], js[2]));
	assert_int_equal(out.lengths.at[2], 4);
}

static void large_arrays_come_back(void **state)
{
	const size_t n = 200000;
	int64_t *i8s = arena_array(w.arena, n, sizeof(*i8s));
	str *ts = arena_array(w.arena, n, sizeof(*ts));
	struct sql_trial_arrays_out out;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		i8s[i] = (int64_t)(i * i);
		ts[i] = arena_printf(w.arena, "%zu", i);
	}
	out = arrays((struct sql_trial_arrays_in){ .i8s = { i8s, n }, .ts = { ts, n } });
	assert_int_equal(out.i8s.n, n);
	assert_memory_equal(out.i8s.at, i8s, n * sizeof(*i8s));
	assert_true(str_eq(out.ts.at[n - 1], ts[n - 1]));
	assert_int_equal(out.lengths.at[2], n);
}

static void shapes_are_kept(void **state)
{
	struct sql_trial_count_out *rows;
	struct sql_trial_find_out found_row;
	struct sql_trial_single_out row;
	bool found = true;
	size_t n = 7;

	(void)state;
	assert_true(sql_trial_count(&w, &tx, &(struct sql_trial_count_in){ 1000 }, &rows, &n));
	assert_int_equal(n, 1000);
	assert_int_equal(rows[999].i, 1000);
	assert_str(rows[999].name, "row 1000");
	assert_true(sql_trial_count(&w, &tx, &(struct sql_trial_count_in){ 0 }, &rows, &n));
	assert_int_equal(n, 0);
	assert_true(sql_trial_find(&w, &tx, &(struct sql_trial_find_in){ 0 }, &found_row, &found));
	assert_false(found);
	assert_true(sql_trial_find(&w, &tx, &(struct sql_trial_find_in){ 1 }, &found_row, &found));
	assert_true(found);
	assert_false(sql_trial_find(&w, &tx, &(struct sql_trial_find_in){ 2 }, &found_row, &found));
	assert_err(ERR_BUG, "db.row_count");
	assert_true(sql_trial_single(&w, &tx, &(struct sql_trial_single_in){ 1 }, &row));
	assert_false(sql_trial_single(&w, &tx, &(struct sql_trial_single_in){ 0 }, &row));
	assert_err(ERR_BUG, "db.row_count");
	assert_true(sql_trial_none(&w, &tx));
	assert_false(sql_trial_null(&w, &tx, &(struct sql_trial_null_out){ 0 }));
	assert_err(ERR_BUG, "db.row");
}

static bool add(int64_t id, int64_t parent, int32_t size)
{
	return sql_trial_add(&w, &tx, &(struct sql_trial_add_in){ id, parent != 0, parent, true, size },
		&(struct sql_trial_add_out){ 0 });
}

static void constraints_carry_codes(void **state)
{
	(void)state;
	assert_true(add(1, 0, 5));
	assert_false(add(1, 0, 5));
	assert_err(ERR_INVALID, "trial.exists");
	assert_false(add(2, 99, 5));
	assert_err(ERR_INVALID, "trial.no_parent");
	assert_false(add(2, 0, 0));
	assert_err(ERR_INVALID, "trial.too_small");
	assert_false(add(2, 0, 5000)); /* its constraint's name is no code */
	assert_err(ERR_BUG, "db.statement");
	assert_true(conn_alive(conn));
	assert_true(add(2, 1, 5));
}

static bool raised(const char *sqlstate, const char *text)
{
	return sql_trial_raise(&w, &tx, &(struct sql_trial_raise_in){ str_c(sqlstate), str_c(text) });
}

static void sqlstates_have_kinds(void **state)
{
	static const struct {
		const char *sqlstate, *text;
		enum err_kind kind;
		const char *code;
	} cases[] = {
		{ "PW001", "bounty.closed", ERR_INVALID, "bounty.closed" },
		{ "PW001", "bounty.closed: since Monday", ERR_INVALID, "bounty.closed" },
		{ "PW001", "Bounty closed", ERR_BUG, "db.statement" },
		{ "PW001", ".closed", ERR_BUG, "db.statement" },
		{ "PW001", "bounty.", ERR_BUG, "db.statement" },
		{ "PW001", "bounty..closed", ERR_BUG, "db.statement" },
		{ "40001", "x", ERR_RETRY, "db.conflict" },
		{ "40P01", "x", ERR_RETRY, "db.conflict" },
		{ "55P03", "x", ERR_RETRY, "db.conflict" },
		{ "23505", "x", ERR_RETRY, "db.conflict" },
		{ "53100", "x", ERR_RETRY, "db.busy" },
		{ "53300", "x", ERR_RETRY, "db.busy" },
		{ "57014", "x", ERR_RETRY, "db.busy" },
		{ "58030", "x", ERR_RETRY, "db.busy" },
		{ "25006", "x", ERR_RETRY, "db.read_only" },
		{ "08006", "x", ERR_RETRY, "db.unreachable" },
		{ "57P03", "x", ERR_RETRY, "db.unreachable" },
		{ "P0001", "bounty.closed", ERR_BUG, "db.statement" },
		{ "22003", "x", ERR_BUG, "db.statement" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(raised(cases[i].sqlstate, cases[i].text));
		assert_err(cases[i].kind, cases[i].code);
	}
	assert_false(raised("PW001", "bounty.closed: since Monday\nand more"));
	assert_string_equal(w.err.text, "since Monday");
}

/* When two wait for a lock, the first may go on. */
static void *let_first_go_on(void *arg)
{
	struct conn *locker = arg;
	usec end = clock_monotonic() + 30 * USEC_S;
	bool both = false;

	while (!both && clock_monotonic() < end) {
		PGresult *res = PQexec(conn_pg(locker), "select count(*) >= 2 from pg_locks where not granted");

		both = strcmp(PQgetvalue(res, 0, 0), "t") == 0;
		PQclear(res);
		clock_sleep(5 * USEC_MS);
	}
	PQclear(PQexec(conn_pg(locker), "select pg_advisory_unlock(7)"));
	return both ? arg : NULL;
}

/* The first insert of a row by two at once: the other index has the first one's entry, the one that ON CONFLICT names not yet. */
static void two_first_inserts_meet_at_another_index(void **state)
{
	struct conn *first = db_test_conn(&w, NULL), *locker = db_test_conn(&w, NULL);
	usec end = clock_monotonic() + 30 * USEC_S;
	pthread_t thread;
	void *met;

	(void)state;
	db_test_sql(
		"create table twin (id int8, name text constraint plain_name unique);"
		/* a session with trial.hold = on waits for the test when its insert asks for the second time */
		"create function held_once(id int8) returns int8 immutable language plpgsql as $$ begin"
		" if current_setting('trial.hold', true) = 'on' then perform set_config('trial.hold', 'next', false);"
		" elsif current_setting('trial.hold', true) = 'next' then perform pg_advisory_xact_lock_shared(7); end if;"
		" return id; end $$;"
		"create unique index on twin (held_once(id))");
	PQclear(PQexec(conn_pg(locker), "select pg_advisory_lock(7)"));
	PQclear(PQexec(conn_pg(first), "set trial.hold = 'on'"));
	assert_true(
		PQsendQuery(conn_pg(first), "insert into twin values (1, 'x') on conflict (held_once(id)) do nothing"));
	while (strcmp(db_test_value("select count(*) from pg_locks where not granted"), "1") != 0) {
		assert_true(clock_monotonic() < end);
		clock_sleep(5 * USEC_MS);
	}
	assert_int_equal(pthread_create(&thread, NULL, let_first_go_on, locker), 0);
	assert_false(sql_trial_twin(&w, &tx, &(struct sql_trial_twin_in){ 1, STR("x") }));
	assert_err(ERR_RETRY, "db.conflict");
	pthread_join(thread, &met);
	assert_non_null(met);
	assert_true(sql_trial_twin(&w, &tx, &(struct sql_trial_twin_in){ 1, STR("x") })); /* once more: it is there */
	PQclear(PQgetResult(conn_pg(first)));
	assert_string_equal(db_test_value("select count(*) from twin"), "1");
	conn_close(&first);
	conn_close(&locker);
}

static void statements_are_prepared_once(void **state)
{
	(void)state;
	assert_true(sql_trial_none(&w, &tx) && sql_trial_none(&w, &tx));
	for (int i = 0; i < 2; i++)
		assert_true(query_none(&w, &tx, &sql_trial_find_stmt, &(struct sql_trial_find_in){ 3 }));
	for (int i = 0; i < 2; i++) {
		assert_false(sql_trial_missing(&w, &tx));
		assert_err(ERR_BUG, "db.statement");
	}
	assert_true(sql_trial_none(&w, &tx));
	PGresult *res = PQexec(conn_pg(conn), "select string_agg(name, ' ' order by name) from pg_prepared_statements");
	assert_string_equal(PQgetvalue(res, 0, 0), "trial.find trial.none");
	PQclear(res);
}

static void deadline_cancels(void **state)
{
	usec before = clock_monotonic();

	(void)state;
	w.deadline = before + 200 * USEC_MS;
	assert_false(sql_trial_sleep(&w, &tx, &(struct sql_trial_sleep_in){ 20 }));
	assert_err(ERR_RETRY, "db.busy");
	assert_in_range(clock_monotonic() - before, 200 * USEC_MS, 15 * USEC_S);
	assert_false(sql_trial_none(&w, &tx)); /* no time left: nothing is sent */
	assert_err(ERR_RETRY, "db.busy");
	w.deadline = 0;
	assert_true(conn_alive(conn) && sql_trial_none(&w, &tx));
}

static void stale_plan_asks_for_another_connection(void **state)
{
	struct sql_trial_all_out *rows;
	size_t n;

	(void)state;
	assert_true(sql_trial_all(&w, &tx, &rows, &n));
	db_test_sql("alter table trial add column more text");
	assert_false(sql_trial_all(&w, &tx, &rows, &n));
	assert_err(ERR_RETRY, "db.conflict");
	assert_false(conn_alive(conn));
	conn_close(&conn);
	conn = db_test_conn(&w, NULL);
	tx = tx_auto(conn);
	assert_false(sql_trial_all(&w, &tx, &rows, &n)); /* the head promises three columns */
	assert_err(ERR_BUG, n == 0 ? "db.row" : "");
	db_test_sql("alter table trial drop column more");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {
		T(scalars_come_back),
		T(extremes_come_back),
		T(times_keep_microseconds),
		T(amounts_are_exact),
		T(numbers_that_are_no_amount_are_refused),
		T(signed_text_is_the_servers),
		T(spans_have_days_and_no_months),
		T(nulls_come_back),
		T(empty_arrays_come_back),
		T(arrays_come_back),
		T(large_arrays_come_back),
		T(shapes_are_kept),
		T(constraints_carry_codes),
		T(sqlstates_have_kinds),
		T(two_first_inserts_meet_at_another_index),
		T(statements_are_prepared_once),
		T(deadline_cancels),
		T(stale_plan_asks_for_another_connection),
	};

	return cmocka_run_group_tests_name("query", tests, open_database, close_database);
}
