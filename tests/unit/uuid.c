#include "tests/unit/check.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/uuid.h"

#define EACH 20000
#define THREADS 4

static void text(void **state)
{
	static const char *const bad[] = {
		"",
		"0190163d8694739baea5966c26f8ad91",
		"0190163d-8694-739b-aea5-966c26f8ad9",
		"0190163d-8694-739b-aea5-966c26f8ad911",
		"0190163d-8694-739b-aea5-966c26f8ad9g",
		"{190163d-8694-739b-aea5-966c26f8ad91}",
		"0190163d-869-4739b-aea5-966c26f8ad91",
		"0190163d 8694-739b-aea5-966c26f8ad91",
		"0190163d-8694-739b-aea5-966c26f8-d91",
	};
	char out[UUID_TEXT];
	uuid id;

	(void)state;
	assert_true(uuid_parse(STR("0190163d-8694-739b-AEA5-966c26f8ad91"), &id));
	uuid_format(id, out);
	assert_str(str_of(out, UUID_TEXT), "0190163d-8694-739b-aea5-966c26f8ad91");
	assert_true(uuid_parse(STR("00000000-0000-0000-0000-000000000000"), &id));
	for (size_t i = 0; i < COUNT(bad); i++)
		if (uuid_parse(str_c(bad[i]), &id))
			fail_msg("\"%s\"", bad[i]);
}

static void version_and_time(void **state)
{
	usec before = clock_now() / USEC_MS, ms = 0;
	uuid id = uuid_v7();

	(void)state;
	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id.b[i];
	assert_true(ms >= before && ms <= clock_now() / USEC_MS + 1);
	assert_int_equal(id.b[6] >> 4, 7);
	assert_int_equal(id.b[8] >> 6, 2);
}

static void *make(void *out)
{
	uuid *ids = out;

	for (int i = 0; i < EACH; i++)
		ids[i] = uuid_v7();
	return NULL;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(uuid));
}

static void sorted_in_a_thread_and_unique_in_all(void **state)
{
	static uuid ids[THREADS][EACH];
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, make, ids[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int t = 0; t < THREADS; t++)
		for (int i = 1; i < EACH; i++)
			assert_true(by_bytes(&ids[t][i - 1], &ids[t][i]) < 0);
	qsort(ids, THREADS * EACH, sizeof(uuid), by_bytes);
	for (int i = 1; i < THREADS * EACH; i++)
		assert_true(by_bytes(&ids[0][0] + i - 1, &ids[0][0] + i) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(version_and_time),
		cmocka_unit_test(sorted_in_a_thread_and_unique_in_all),
	};

	return cmocka_run_group_tests_name("uuid", tests, NULL, NULL);
}
