#include "tests/unit/check.h"

#include "base/fault.h"

static char path[] = "build/tests/fault-XXXXXX";

struct run {
	const char *order;
	const char *log;
};

static void reach_points(void *arg)
{
	const struct run *run = arg;

	if (run->order != NULL)
		setenv("PATCHWORK_FAULT", run->order, 1);
	if (run->log != NULL)
		setenv("PATCHWORK_FAULT_LOG", run->log, 1);
	FAULT("pay.signed");
	FAULT("pay.sent");
	FAULT("pay.signed");
	FAULT("pay.signed");
	_exit(42);
}

static int run(const char *order, const char *log)
{
	char text[256];

	return in_child(reach_points, &(struct run){ order, log }, text, sizeof(text));
}

static void kills_where_it_is_told(void **state)
{
	static const char *const killing[] = { "pay.sent:kill", "pay.signed:kill", "pay.signed:kill:3" };
	static const char *const passing[] = { NULL, "", "pay.sent:kill:2", "pay:kill", "pay.sent2:kill" };

	(void)state;
	for (size_t i = 0; i < COUNT(killing); i++) {
		int status = run(killing[i], NULL);

		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	for (size_t i = 0; i < COUNT(passing); i++) {
		int status = run(passing[i], NULL);

		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	}
}

static void refuses_misspelt_orders(void **state)
{
	static const char *const bad[] = { "pay.sent", "pay.sent:explode", "pay.sent:kill:0", "pay.sent:kill:x",
		"pay.sent:kill:1:2" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		int status = run(bad[i], NULL);

		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

static void stops(void **state)
{
	struct run order = { "pay.sent:stop", NULL };
	int status;
	pid_t pid;

	(void)state;
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		reach_points(&order);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	kill(pid, SIGCONT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

static void notes_what_is_reached(void **state)
{
	char text[256] = { 0 };
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	run("pay.signed:kill:2", path);
	assert_int_equal(read(fd, text, sizeof(text) - 1), strlen("pay.signed\npay.sent\npay.signed\n"));
	assert_string_equal(text, "pay.signed\npay.sent\npay.signed\n");
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kills_where_it_is_told),
		cmocka_unit_test(refuses_misspelt_orders),
		cmocka_unit_test(stops),
		cmocka_unit_test(notes_what_is_reached),
	};

	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
