#include "tests/unit/check.h"

#include <pthread.h>

#include "base/log.h"

static struct work work;

/* The line without its time. */
static const char *line_of(void (*fn)(void *), void *arg)
{
	static char text[8192];

	assert_int_equal(in_child(fn, arg, text, sizeof(text)), 0);
	if (text[0] == '\0')
		return text;
	assert_memory_equal(text, "time=2", 6);
	return strchr(text, ' ') + 1;
}

static void plain_event(void *arg)
{
	(void)arg;
	log_event(LOG_INFO, NULL, "relay.started", NULL);
}

static void full_event(void *arg)
{
	(void)arg;
	work = (struct work){ .stage = "verify", .job = 12, .attempt = 1, .request_id = STR("a b") };
	strcpy(work.trace, "00-ab-cd-01");
	log_event(LOG_WARN, &work, "job.done", "took_ms=%d who=%s", 5, LOG_Q(STR("x\"y")));
}

static void failure(void *arg)
{
	(void)arg;
	work = (struct work){ .job = 3, .attempt = 2 };
	(void)err_set(&work, ERR_RETRY, "github.down", "no answer in %ds", 3);
	log_failure(LOG_ERROR, &work, "job.parked");
}

static void format_of_lines(void **state)
{
	(void)state;
	assert_string_equal(line_of(plain_event, NULL), "level=info event=relay.started\n");
	assert_string_equal(line_of(full_event, NULL),
		"level=warn event=job.done stage=verify job=12 attempt=1 trace=00-ab-cd-01 "
		"request_id=\"a b\" took_ms=5 who=\"x\\\"y\"\n");
	assert_string_equal(line_of(failure, NULL),
		"level=error event=job.parked job=3 attempt=2 code=github.down "
		"kind=retry text=\"no answer in 3s\"\n");
}

static void at_levels(void *arg)
{
	log_level(*(enum log_level *)arg);
	log_event(LOG_DEBUG, NULL, "d", NULL);
	log_event(LOG_INFO, NULL, "i", NULL);
	log_event(LOG_WARN, NULL, "w", NULL);
	log_event(LOG_ERROR, NULL, "e", NULL);
}

static void levels(void **state)
{
	enum log_level debug = LOG_DEBUG, error = LOG_ERROR;

	(void)state;
	assert_non_null(strstr(line_of(at_levels, &debug), "event=d\n"));
	assert_string_equal(line_of(at_levels, &error), "level=error event=e\n");
}

static void forged(void *arg)
{
	log_event(LOG_INFO, NULL, "x", "raw=%s", (const char *)arg);
}

static void one_line_whatever_it_holds(void **state)
{
	char text[5000], fits[5000];
	const char *line;

	(void)state;
	assert_string_equal(line_of(forged, "a\nlevel=error\r\x1b[2J"), "level=info event=x raw=a?level=error??[2J\n");
	memset(text, 'a', sizeof(text));
	memcpy(text + 1, "\xf0\x9f\x98\x80", 4);
	for (size_t i = 5; i + 5 < sizeof(text); i += 4)
		memcpy(text + i, "\xf0\x9f\x98\x80", 4);
	text[sizeof(text) - 1] = '\0';
	line = line_of(forged, text);
	strcpy(fits, line);
	assert_true(strlen(fits) + strlen("time=2026-01-02T03:04:05.123456Z ") <= 2048);
	assert_true(strlen(fits) > 1990);
	assert_true(str_ends(str_c(fits), STR("...\n")));
	assert_true(str_utf8(str_c(fits)));
}

static void quotes(void **state)
{
	static const struct {
		str value;
		const char *text;
	} cases[] = {
		{ { "plain-1.2/3:4,5", 15 }, "plain-1.2/3:4,5" },
		{ { "\xe2\x82\xac", 3 }, "\xe2\x82\xac" },
		{ { "", 0 }, "\"\"" },
		{ { NULL, 0 }, "\"\"" },
		{ { "a b", 3 }, "\"a b\"" },
		{ { "a=b", 3 }, "\"a=b\"" },
		{ { "\"", 1 }, "\"\\\"\"" },
		{ { "\\", 1 }, "\"\\\\\"" },
		{ { "a\nb\0\x1f\x7f", 6 }, "\"a\\nb\\x00\\x1f\\x7f\"" },
		{ { "\xc3(", 2 }, "\"\\xc3(\"" },
	};
	char text[2000];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(LOG_Q(cases[i].value), cases[i].text);
	memset(text, 'a', sizeof(text));
	assert_int_equal(strlen(LOG_Q(str_of(text, sizeof(text)))), LOG_VALUE - sizeof("\"") - 1 + 1);
	memset(text, '\n', sizeof(text));
	assert_true(str_ends(str_c(LOG_Q(str_of(text, sizeof(text)))), STR("\\n...\"")));
}

static void *write_lines(void *arg)
{
	char filler[600];

	memset(filler, 'x', sizeof(filler));
	for (int i = 0; i < 100; i++)
		log_event(LOG_INFO, NULL, "t", "from=%d filler=%.*s end=1", *(int *)arg, (int)sizeof(filler), filler);
	return NULL;
}

/* Four threads share a pipe: each line arrives whole. */
static void write_together(void *arg)
{
	static int ids[] = { 0, 1, 2, 3 };
	pthread_t threads[4];

	(void)arg;
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, write_lines, &ids[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static void lines_do_not_mix(void **state)
{
	static char text[1 << 20];
	str rest, line;
	int n = 0;

	(void)state;
	assert_int_equal(in_child(write_together, NULL, text, sizeof(text)), 0);
	rest = str_c(text);
	for (; str_next(&rest, '\n', &line); n++)
		assert_true(str_starts(line, STR("time=")) && str_ends(line, STR("x end=1")) && line.n < 800);
	assert_int_equal(n, 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_of_lines),
		cmocka_unit_test(levels),
		cmocka_unit_test(quotes),
		cmocka_unit_test(one_line_whatever_it_holds),
		cmocka_unit_test(lines_do_not_mix),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
