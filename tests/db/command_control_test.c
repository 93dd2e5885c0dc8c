/* What operators type: stages, pause, resume, limit. */
#include "queue_help.h"

static char shown[8192];

/* patchwork ARGS as the worker's role; its exit status, what it printed in shown. */
static int patchwork(const char *args)
{
	char line[1024];
	size_t n;
	FILE *out;

	snprintf(line, sizeof(line), "PATCHWORK_DB_URL='%s' USER=ann SUDO_USER= build/san/patchwork %s 2>&1",
		db_test_url("patchwork_worker"), args);
	out = popen(line, "r");
	assert_non_null(out);
	n = fread(shown, 1, sizeof(shown) - 1, out);
	shown[n] = '\0';
	return WEXITSTATUS(pclose(out));
}

static void says(const char *text)
{
	if (strstr(shown, text) == NULL)
		fail_msg("no %s in %s", text, shown);
}

static void O8_stages_say_what_waits(void **state)
{
	(void)state;
	db_test_sql("select q.enqueue_many('score', 'score.payout', array_fill('{}'::jsonb, array[3])),"
		    " q.enqueue('score', 'score.payout', null, '{}', run_at => now() + interval '1 h')");
	assert_int_equal(patchwork("--json stages"), 0);
	says("{\"queue\":\"sync\",\"paused\":false,\"ready\":0,");
	says("{\"queue\":\"score\",\"paused\":false,\"ready\":3,\"held\":0,\"scheduled\":1,\"running\":0,\"parked\":0,");
	assert_int_equal(patchwork("stages"), 0);
	says("oldest");
}

static void O8_pause_and_resume_from_the_command_line(void **state)
{
	(void)state;
	assert_int_equal(patchwork("pause stage pay --reason 'the chain forks'"), 0);
	assert_string_equal(db_test_value("select scope || name || actor || reason from q.pause"),
		"stagepaycli:annthe chain forks");
	assert_int_equal(patchwork("--json pause"), 0);
	says("\"scope\":\"stage\",\"name\":\"pay\"");
	assert_int_equal(patchwork("--json stages"), 0);
	says("{\"queue\":\"pay\",\"paused\":true,");
	assert_int_equal(patchwork("--dry-run resume stage pay --reason again"), 0);
	assert_string_equal(db_test_value("select count(*) from q.pause"), "1");
	assert_int_equal(patchwork("--json resume stage pay --reason again --actor cli:bob"), 0);
	says("\"changed\":true");
	assert_string_equal(db_test_value("select count(*) from q.pause"), "0");
	assert_int_equal(patchwork("--json resume stage pay --reason again"), 0);
	says("\"changed\":false");
	assert_int_equal(patchwork("pause kind score.payout --reason why"), 0);
	assert_int_equal(patchwork("pause stage pay"), 2);
	assert_int_equal(patchwork("pause stage nowhere --reason why"), 2);
	assert_int_equal(patchwork("pause job 7 --reason why"), 2);
}

static void O8_limits_from_the_command_line(void **state)
{
	(void)state;
	assert_int_equal(
		patchwork("limit set chain --kind pay.send --by chain_key --most 1 --reason 'one nonce at a time'"), 0);
	assert_int_equal(patchwork("limit set github --stage sync --rate 1.5 --burst 10 --reason 'their limit'"), 0);
	assert_int_equal(patchwork("--json limit list"), 0);
	says("\"name\":\"chain\"");
	says("\"per_second\":\"1.5\"");
	assert_int_equal(patchwork("--json stages"), 0);
	says("\"limits\":\"github 1.5/s\"");
	assert_int_equal(patchwork("limit drop chain --reason why"), 0);
	assert_int_equal(patchwork("limit drop chain --reason why"), 1);
	says("queue.limit_unknown");
	assert_int_equal(patchwork("limit set github --reason why"), 2);
	assert_int_equal(patchwork("limit set github --rate 1e9 --reason why"), 2);
	assert_string_equal(db_test_value("select string_agg(name, ',') from q.limits"), "github");
}

static int empty_control(void **state)
{
	db_test_sql("truncate q.pause, q.limits, q.held, q.lane");
	return empty_queue(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(O8_stages_say_what_waits, empty_control),
		cmocka_unit_test_setup(O8_pause_and_resume_from_the_command_line, empty_control),
		cmocka_unit_test_setup(O8_limits_from_the_command_line, empty_control),
	};

	return cmocka_run_group_tests(tests, open_queue, close_queue);
}
