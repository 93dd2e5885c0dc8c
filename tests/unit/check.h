/* cmocka with what it needs before it, and comparisons of our own values. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/work.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* PATCHWORK_TEST_FILTER=f8_*: only the tests with such names. */
__attribute__((constructor)) static void check_filter(void)
{
	cmocka_set_test_filter(getenv("PATCHWORK_TEST_FILTER"));
}

#define assert_str(actual, expected) check_str((actual), (expected), __FILE__, __LINE__)
static inline void check_str(str actual, const char *expected, const char *file, int line)
{
	if (str_eq(actual, str_c(expected)))
		return;
	print_error("got  \"%.*s\"\nnot  \"%s\"\n", (int)actual.n, actual.p, expected);
	_fail(file, line);
}

/* The work's error, which is left cleared. */
#define assert_err(w, kind, code) check_err((w), (kind), (code), __FILE__, __LINE__)
static inline void check_err(struct work *w, enum err_kind kind, const char *code, const char *file, int line)
{
	if (w->err.kind == kind && w->err.code != NULL && strcmp(w->err.code, code) == 0) {
		err_clear(w);
		return;
	}
	print_error("got  %s %s: %s\nnot  %s %s\n", err_kind_name(w->err.kind), w->err.code == NULL ? "-" : w->err.code,
		w->err.text, err_kind_name(kind), code);
	_fail(file, line);
}

/* Runs fn(arg) in a child with its stderr in text (terminated); returns the child's wait status. */
static inline int in_child(void (*fn)(void *), void *arg, char *text, size_t size)
{
	int ends[2], status;
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		fn(arg);
		_exit(0);
	}
	close(ends[1]);
	while (n + 1 < size && (got = read(ends[0], text + n, size - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}
