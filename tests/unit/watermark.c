/* The watermark against a small model of transactions: whatever the order of commits, every row is claimed, and what a claim
 * walks stays near the head. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "queue/watermark.h"

#define ROWS 4000
#define P 2 /* the place of priority 0 */

static struct {
	uint64_t xid;
	int64_t ends; /* the step at which its transaction commits */
	bool aborts, claimed;
} row[ROWS + 1];

/* As PostgreSQL takes it: xmax is one above the last id that has ended, and ids from there on may be out, too. */
static struct snapshot take(int64_t step, int64_t head)
{
	struct snapshot s = { .xmax = 1 };

	for (int64_t i = 1; i <= head; i++)
		if (row[i].ends <= step && row[i].xid >= s.xmax)
			s.xmax = row[i].xid + 1;
	s.xmin = s.xmax;
	for (int64_t i = 1; i <= head; i++)
		if (row[i].ends > step && row[i].xid < s.xmax) {
			if (s.n < WATERMARK_XIPS)
				s.xip[s.n++] = row[i].xid;
			if (row[i].xid < s.xmin)
				s.xmin = row[i].xid;
		}
	return s;
}

/* One claim as the statement does it: walks from look.from, takes what is committed. Returns how many entries it walked. */
static int64_t claim(struct watermark *m, int64_t step, int64_t head, int limit, int *got)
{
	struct watermark_look look;
	struct snapshot s = take(step, head);
	struct watermark_seen seen = { .snapshot = &s, .bound = (uint64_t)head + 1, .head = head };
	int64_t walked = 0;

	watermark_look(m, step * USEC_MS, &look);
	for (int p = 0; p < WATERMARK_PRIOS; p++)
		seen.first[p] = WATERMARK_NONE;
	*got = 0;
	for (int64_t i = look.from[P] > 0 ? look.from[P] : 1; i <= head && *got < limit; i++, walked++) {
		if (row[i].claimed || row[i].aborts || row[i].ends > step)
			continue;
		if (seen.first[P] == WATERMARK_NONE)
			seen.first[P] = i;
		seen.last[P] = i;
		row[i].claimed = true;
		++*got;
	}
	seen.full = *got == limit;
	watermark_saw(m, step * USEC_MS, &look, &seen);
	return walked;
}

static int64_t missed(int64_t head, int64_t step)
{
	int64_t n = 0;

	for (int64_t i = 1; i <= head; i++)
		n += !row[i].claimed && !row[i].aborts && row[i].ends + 300 <= step;
	return n;
}

/* One row a step; now and then one whose transaction stays open; claims at every step. */
static void every_late_commit_is_found(void **state)
{
	struct watermark m;

	(void)state;
	for (unsigned seed = 1; seed <= 12; seed++) {
		int64_t walked = 0, steps = ROWS + 3000;
		int got;

		srandom(seed);
		memset(&m, 0, sizeof(m));
		memset(row, 0, sizeof(row));
		for (int64_t step = 1; step <= steps; step++) {
			int64_t head = step < ROWS ? step : ROWS;

			if (step <= ROWS)
				row[step].xid = (uint64_t)step, row[step].aborts = random() % 50 == 0,
				row[step].ends = step + (random() % 800 == 0 ? random() % 2500 : random() % 8);
			walked += claim(&m, step, head, 10, &got);
			assert_int_equal(missed(head, step), 0);
		}
		/* sweeping from 0 would walk some 20 million */
		assert_in_range(walked, ROWS, 800000);
	}
}

static void a_backlog_is_walked_once(void **state)
{
	struct watermark m = { 0 };
	int64_t walked = 0;
	int got = 1;

	(void)state;
	memset(row, 0, sizeof(row));
	for (int64_t i = 1; i <= ROWS; i++)
		row[i].xid = (uint64_t)i;
	for (int64_t step = 1; got > 0; step++)
		walked += claim(&m, step, ROWS, 100, &got);
	assert_int_equal(missed(ROWS, 1000), 0);
	assert_in_range(walked, ROWS, 3 * ROWS);
}

/* One transaction is open, and none that began later has ended: snapshots do not name it, and their xmax is its id. */
static void the_last_transaction_may_still_commit(void **state)
{
	struct watermark m = { 0 };
	int got;

	(void)state;
	memset(row, 0, sizeof(row));
	row[1].xid = 1;
	row[1].ends = 500;
	for (int64_t step = 1; step <= 500; step++)
		claim(&m, step, 1, 10, &got);
	assert_int_equal(got, 1);
}

/* A claim that was rolled back: its rows are as visible as before, and safe never passed them. */
static void what_a_rolled_back_claim_took_is_found_again(void **state)
{
	struct watermark m = { 0 };
	int got;

	(void)state;
	memset(row, 0, sizeof(row));
	for (int64_t i = 1; i <= 100; i++)
		row[i].xid = (uint64_t)i;
	claim(&m, 1, 100, 10, &got);
	for (int64_t i = 1; i <= 10; i++)
		row[i].claimed = false;
	for (int64_t step = 2; step < 400; step++)
		claim(&m, step, 100, 10, &got);
	assert_int_equal(missed(100, 1000), 0);
}

static void an_answer_from_before_is_not_believed(void **state)
{
	struct watermark m = { 0 };
	struct snapshot s = { .xmin = 10, .xmax = 10 };
	struct watermark_seen seen = { .snapshot = &s, .head = 50 };
	struct watermark_look early, look;

	(void)state;
	for (int p = 0; p < WATERMARK_PRIOS; p++)
		seen.first[p] = WATERMARK_NONE;
	watermark_look(&m, 0, &early);
	for (usec now = 1; now < 4; now++) {
		watermark_look(&m, now, &look);
		s.xmin = s.xmax = seen.bound = (uint64_t)(10 + now);
		watermark_saw(&m, now, &look, &seen);
	}
	assert_int_equal(m.safe[P], 51);
	s.xmin = 5; /* an answer whose snapshot is older, and which saw a row that is gone since */
	s.xmax = 10;
	seen.first[P] = 20;
	watermark_saw(&m, 5, &early, &seen);
	assert_int_equal(m.safe[P], 51);
}

/* It forgot 60 rows and the ids of their transactions, which were open; then it hands both out again, the seqs later than the ids. */
static void f21_after_a_crash_seqs_may_come_again(void **state)
{
	struct watermark m = { 0 };
	struct watermark_look early;
	struct snapshot s = take(0, 0);
	struct watermark_seen seen = { .snapshot = &s, .bound = 101, .head = 100 };
	int got;

	(void)state;
	memset(row, 0, sizeof(row));
	for (int64_t i = 1; i <= ROWS; i++) {
		row[i].xid = (uint64_t)i;
		row[i].ends = i <= 40 ? 0 : INT64_MAX;
	}
	watermark_live(&m, 1);
	for (int64_t step = 1; step < 5; step++)
		claim(&m, step, 100, 100, &got);
	watermark_look(&m, 5 * USEC_MS, &early);
	watermark_live(&m, 2);
	watermark_saw(&m, 6 * USEC_MS, &early, &seen); /* asked before, read after */
	for (int64_t i = 41; i <= ROWS; i++)
		row[i].claimed = true;
	for (int64_t i = 41; i <= 100; i++) { /* each 10 steps later than the one before, each of a later transaction */
		row[i].xid = (uint64_t)(41 + 10 * (i - 41));
		row[i].ends = 10 * (i - 40);
		row[i].claimed = false;
	}
	for (int64_t step = 7; step < 700; step++)
		claim(&m, step, 40 + step / 10 < 100 ? 40 + step / 10 : 100, 100, &got);
	assert_int_equal(missed(100, 10000), 0);
}

static void snapshots_are_read(void **state)
{
	struct snapshot s;

	(void)state;
	assert_true(snapshot_read(STR("10:20:12,15"), &s));
	assert_false(snapshot_running(&s, 9));
	assert_false(snapshot_running(&s, 11));
	assert_true(snapshot_running(&s, 12) && snapshot_running(&s, 15) && snapshot_running(&s, 20));
	assert_true(snapshot_read(STR("7:7:"), &s));
	assert_int_equal(s.n, 0);
	assert_false(snapshot_read(STR("7"), &s));
	assert_false(snapshot_read(STR("7:8:x"), &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_late_commit_is_found),
		cmocka_unit_test(a_backlog_is_walked_once),
		cmocka_unit_test(the_last_transaction_may_still_commit),
		cmocka_unit_test(what_a_rolled_back_claim_took_is_found_again),
		cmocka_unit_test(an_answer_from_before_is_not_believed),
		cmocka_unit_test(f21_after_a_crash_seqs_may_come_again),
		cmocka_unit_test(snapshots_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
