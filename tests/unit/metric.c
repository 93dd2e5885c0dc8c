#include "base/metric.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static struct metric_label stages = { 1, 3, { "stage=\"other\"" } };
static struct metric_label outcomes = { 2, 2, { "outcome=\"done\"", "outcome=\"failed\"" } };
static struct metric jobs = { .name = "t_jobs_total", .help = "Jobs.", .by = { &stages, &outcomes } };
static struct metric hand = { .name = "t_in_hand", .help = "In hand.", .type = METRIC_GAUGE };
static struct metric lag = { .name = "t_lag_seconds", .help = "Lag.", .type = METRIC_SPAN, .late = true };
static struct metric took = {
	.name = "t_seconds", .help = "Took.", .type = METRIC_HISTOGRAM, .by = { &outcomes }, .edges = &metric_quick
};
static struct metric never = { .name = "t_never_total", .help = "Not registered." };

static const char *printed(void)
{
	static char text[16384];
	struct arena *arena = arena_new();
	struct buf b = buf_new(arena, sizeof(text) - 1);

	metric_print(&b);
	memcpy(text, b.p, b.n);
	text[b.n] = '\0';
	arena_free(&arena);
	return text;
}

static void has(const char *line)
{
	if (strstr(printed(), line) == NULL)
		fail_msg("%s is not in\n%s", line, printed());
}

static void series_are_printed_with_their_labels(void **state)
{
	(void)state;
	assert_int_equal(metric_label_add(&stages, "stage=\"%s\"", "pay"), 1);
	assert_int_equal(metric_label_add(&stages, "stage=\"%s\"", "pay"), 1);
	metric_count(&jobs, 1, 1, 3);
	metric_count(&hand, 0, 0, 2);
	metric_count(&hand, 0, 0, -1);
	has("# HELP t_jobs_total Jobs.\n# TYPE t_jobs_total counter\n"
	    "t_jobs_total{stage=\"other\",outcome=\"done\"} 0\n"
	    "t_jobs_total{stage=\"other\",outcome=\"failed\"} 0\n"
	    "t_jobs_total{stage=\"pay\",outcome=\"done\"} 0\n"
	    "t_jobs_total{stage=\"pay\",outcome=\"failed\"} 3\n");
	has("# TYPE t_in_hand gauge\nt_in_hand 1\n");
}

static void values_without_a_place_are_the_last_one(void **state)
{
	(void)state;
	assert_int_equal(metric_label_add(&stages, "stage=\"a\""), 2);
	assert_int_equal(metric_label_add(&stages, "stage=\"b\""), 2);
	assert_int_equal(stages.n, 3);
}

static void a_late_gauge_is_there_once_it_is_set(void **state)
{
	(void)state;
	assert_null(strstr(printed(), "\nt_lag_seconds "));
	metric_level(&lag, 0, 0, 0);
	has("# TYPE t_lag_seconds gauge\nt_lag_seconds 0.000000\n");
	metric_level(&lag, 0, 0, 1500 * USEC_MS);
	has("\nt_lag_seconds 1.500000\n");
	assert_int_equal(metric_value(&lag, 0, 0), 1500 * USEC_MS);
}

static void a_histogram_adds_up(void **state)
{
	(void)state;
	metric_observe(&took, 0, 0, 500, 1);
	metric_observe(&took, 0, 0, 501, 2);
	metric_observe(&took, 0, 0, 60 * USEC_S, 1);
	has("t_seconds_bucket{outcome=\"done\",le=\"0.0005\"} 1\nt_seconds_bucket{outcome=\"done\",le=\"0.001\"} 3\n");
	has("t_seconds_bucket{outcome=\"done\",le=\"5\"} 3\nt_seconds_bucket{outcome=\"done\",le=\"+Inf\"} 4\n"
	    "t_seconds_sum{outcome=\"done\"} 60.001502\nt_seconds_count{outcome=\"done\"} 4\n");
	assert_null(strstr(printed(), "t_seconds_bucket{outcome=\"failed\""));
}

static void *count(void *arg)
{
	for (int i = 0; i < 10000; i++)
		metric_count(arg, 0, 0, 1);
	return NULL;
}

static void threads_lose_nothing(void **state)
{
	pthread_t t[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, count, &jobs), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(metric_value(&jobs, 0, 0), 40000);
	metric_count(&never, 0, 0, 1);
	assert_int_equal(metric_value(&never, 0, 0), 0);
	assert_null(strstr(printed(), "t_never"));
}

/* Last, since the cells are the processes' from here on. */
static void processes_have_slots_that_add_up(void **state)
{
	(void)state;
	metric_share(3);
	for (int slot = 1; slot < 3; slot++)
		if (fork() == 0) {
			metric_attach(slot);
			metric_count(&jobs, 0, 0, slot);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	assert_int_equal(metric_value(&jobs, 0, 0), 3);
}

static int prepare(void **state)
{
	(void)state;
	metric_register(&jobs);
	metric_register(&hand);
	metric_register(&lag);
	metric_register(&took);
	metric_register(&jobs);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(series_are_printed_with_their_labels),
		cmocka_unit_test(values_without_a_place_are_the_last_one),
		cmocka_unit_test(a_late_gauge_is_there_once_it_is_set),
		cmocka_unit_test(a_histogram_adds_up),
		cmocka_unit_test(threads_lose_nothing),
		cmocka_unit_test(processes_have_slots_that_add_up),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
