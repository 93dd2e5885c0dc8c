/* Two kinds that only take a moment, two projects, and a queue without rules. */
#pragma once

#include "queue_help.h"

#define NOISY "00000000-0000-7000-8000-00000000000a"
#define QUIET "00000000-0000-7000-8000-00000000000b"
#define STAGE(KIND, ...)                                                                                               \
	{                                                                                                              \
		.name = "test", .kind = (KIND), .lease_s = 60, .attempts = 3, .retry_base = 20 * USEC_MS,              \
		.retry_cap = 40 * USEC_MS, __VA_ARGS__                                                                 \
	}

static inline bool brief(struct work *w, const struct outside *outside, void *task)
{
	(void)w, (void)outside, (void)task;
	clock_sleep(2 * USEC_MS);
	return true;
}

static const struct stage one = STAGE("test.one", .effect = brief), two = STAGE("test.two", .effect = brief);

static inline void holds(const char *sql)
{
	if (strcmp(db_test_value(sql), "t") != 0)
		fail_msg("not so: %s", sql);
}

static inline int empty_control(void **state)
{
	db_test_sql(
		"truncate q.pause, q.cancel, q.limits, q.slot, q.bucket, q.held, q.lane; update q.control set epoch = epoch + 1");
	return empty_queue(state);
}

#define TEST(NAME) cmocka_unit_test_setup(NAME, empty_control)
