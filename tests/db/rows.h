/* Rows for tests of the stages, by fixed ids: one chain and asset, a funder, two contributors with linked GitHub accounts, one
 * verified project (GitHub id 10) with issue 3, and a bounty on it. */
#pragma once

#include "tests/unit/check.h"

#include "db_test.h"
#include "queue/stage.h"

#define ID(n) "00000000-0000-7000-8000-0000000000" #n
#define FUNDER ID(01)
#define ALICE ID(02) /* GitHub 7 */
#define BOB ID(03)   /* GitHub 9 */
#define PROJECT ID(10)
#define ISSUE ID(11) /* number 3 */
#define ASSET ID(12)
#define BOUNTY ID(20)
#define CONTRIBUTION ID(21)
#define PULL ID(30)  /* number 4, merged, by Alice */
#define RIVAL ID(31) /* number 5, merged a minute later, by Bob */
#define SUBMISSION ID(40)
#define RIVAL_SUBMISSION ID(41)
#define MERGE_SHA "0123456789abcdef0123456789abcdef01234567"

void rows_world(void);  /* these alone: what was there before is gone */
void rows_bounty(void); /* a draft of 1000 */
void rows_open(void);   /* the same, funded: state open, 1000 in escrow */
void rows_pulls(void);  /* PULL and RIVAL, tied to the issue, with a submission each */
uuid rows_id(const char *text);
int64_t rows_job(void); /* a job to be the parent of others */

/* One function of a stage in a transaction of its own, as the worker. args is the job's; the task comes from it when *task is
 * NULL. False: w->err, and nothing of it happened. */
MUST bool rows_plan(struct work *w, struct conn *conn, const struct stage *s, const char *args, void **task);
MUST bool rows_settle(struct work *w, struct conn *conn, const struct stage *s, void *task);
/* The sha256 over all that a second run must not change: states, times, balances, jobs, events. In w's arena. */
const char *rows_digest(struct work *w);

/* A suite on these rows: group set-up and end, and for each test rows_world(), a work with a job, and the worker's connection. */
extern struct work rows_work;
extern struct conn *rows_conn;
int rows_begin(void **state);
int rows_end(void **state);
int rows_start(void **state);
int rows_stop(void **state);
/* The same as rows_plan and rows_settle, on those; a failure fails the test. */
void *rows_planned(const struct stage *s, const char *args);
void rows_settled(const struct stage *s, void *task);
void rows_settled_twice(const struct stage *s, void *task); /* the second time nothing may change */
#define assert_value(SQL, WANT) assert_string_equal(db_test_value(SQL), WANT)
