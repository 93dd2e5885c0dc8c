/* Which paths a pattern names, which ones a project counts, and that neither takes long. */
#include "check.h"

#include "base/buf.h"
#include "model/glob.h"
#include "model/policy.h"

static const struct {
	const char *pattern, *path;
	bool matches;
} table[] = {
	{ "*.c", "a.c", true },
	{ "*.c", "src/deep/a.c", true },
	{ "*.c", "a.cc", false },
	{ "*.c", "a.c/readme", false },
	{ "*.c", "x.c/a.c", true },
	{ "/*.c", "a.c", true },
	{ "/*.c", "src/a.c", false },
	{ "*", "src/a.c", true },
	{ "/*", "a.c", true },
	{ "/*", "src/a.c", false },
	{ "**", "src/a.c", true },
	{ "src", "src", true },
	{ "src", "src/a.c", true },
	{ "src", "lib/src/a.c", true },
	{ "src", "srcs/a.c", false },
	{ "/src", "src/a.c", true },
	{ "/src", "lib/src/a.c", false },
	{ "src/", "src/deep/a.c", true },
	{ "src/", "lib/src/a.c", true },
	{ "src/", "src", false },
	{ "src/", "lib/src", false },
	{ "src/", "src/src", true },
	{ "/src/", "lib/src/a.c", false },
	{ "src/lib", "src/lib/a.c", true },
	{ "src/lib", "deep/src/lib/a.c", false },
	{ "src/*", "src/a.c", true },
	{ "src/*", "src/deep/a.c", false },
	{ "src/*/", "src/deep/a.c", true },
	{ "src/*/", "src/a.c", false },
	{ "src/*.c", "src/.c", true },
	{ "src/*/a.c", "src/deep/a.c", true },
	{ "src/*/a.c", "src/a.c", false },
	{ "src/**", "src/deep/a.c", true },
	{ "src/**", "src", false },
	{ "src/**", "lib/src/a.c", false },
	{ "src/**/a.c", "src/a.c", true },
	{ "src/**/a.c", "src/x/y/a.c", true },
	{ "src/**/a.c", "src/x/b.c", false },
	{ "src/**/*.c", "src/x.c/y/z.c", true },
	{ "**/logs", "logs/x", true },
	{ "**/logs", "build/logs/x", true },
	{ "**/logs/*", "build/logs/x/y", false },
	{ "a/**/b/**/c", "a/b/c", true },
	{ "a/**/b/**/c", "a/x/b/b/y/c", true },
	{ "a/**/b/**/c", "a/x/c", false },
	{ "a?.c", "ab.c", true },
	{ "a?.c", "a.c", false },
	{ "a?.c", "a/.c", false },
	{ "a?.c", "a\xc3\xa9.c", true },
	{ "a??.c", "a\xc3\xa9.c", false },
	{ "*?z", "\xc3\xa9z", true },
	{ "*??z", "\xc3\xa9z", false },
	{ "a*b*c", "a/b/c", false },
	{ "a*b*c", "aXbbYcZc", true },
	{ "A.c", "a.c", false },
	{ "*ab", "aab", true },
	{ "a*", "a", true },
};

static void V13_a_pattern_names_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		assert_true(glob_valid(str_c(table[i].pattern)));
		if (glob_match(str_c(table[i].pattern), str_c(table[i].path)) != table[i].matches)
			fail_msg("%s and %s", table[i].pattern, table[i].path);
	}
}

static void V13_what_is_no_pattern(void **state)
{
	static const char *const wrong[] = { "", "/", "//", "a//b", "a//", "//a", "./a", "a/../b", ".", "..", "a**",
		"**.c", "a/***", "a/**b", "[ab]", "a{b,c}", "a\\*", "a\tb", "a\nb", "\x7f", "\xff", "\xc3", "a]" };
	char text[GLOB_MAX + 2];

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (glob_valid(str_c(wrong[i])))
			fail_msg("\"%s\" is taken", wrong[i]);
	memset(text, 'a', sizeof(text));
	assert_true(glob_valid(str_of(text, GLOB_MAX)));
	assert_false(glob_valid(str_of(text, GLOB_MAX + 1)));
	assert_false(glob_valid((str){ NULL, 0 }));
	assert_true(glob_valid(STR("a b/#c/!d")));
}

/* What takes a backtracking matcher longer than there is time. */
static void V13_no_pattern_takes_long(void **state)
{
	static char text[GLOB_PATH_MAX + 1], parts[GLOB_PATH_MAX];
	char pattern[GLOB_MAX + 1] = "";

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i + 2 < GLOB_MAX; i += 2)
		memcpy(&pattern[i], "*a", 2);
	strcat(pattern, "b");
	assert_true(glob_valid(str_c(pattern)));
	for (int i = 0; i < 100; i++)
		assert_false(glob_match(str_c(pattern), str_of(text, GLOB_PATH_MAX)));
	for (size_t i = 0; i < sizeof(parts); i++)
		parts[i] = i % 2 == 0 ? 'a' : '/';
	pattern[0] = '\0';
	for (size_t i = 0; i + 6 < GLOB_MAX; i += 5)
		strcat(pattern, "**/a/");
	strcat(pattern, "b");
	assert_true(glob_valid(str_c(pattern)));
	for (int i = 0; i < 100; i++)
		assert_false(glob_match(str_c(pattern), str_of(parts, sizeof(parts) - 1)));
	assert_true(glob_match(STR("*"), str_of(text, GLOB_PATH_MAX)));
	assert_false(glob_match(STR("*"), str_of(text, GLOB_PATH_MAX + 1)));
}

static void V13_the_last_pattern_that_matches_says(void **state)
{
	static const str taken[] = { { "src/**", 6 }, { "!src/docs", 9 }, { "src/docs/api.c", 14 } };
	static const str left[] = { { "!docs", 5 }, { "!*.md", 5 }, { "docs/api.md", 11 } };

	(void)state;
	assert_true(project_policy_counts(NULL, 0, STR("anything")));
	assert_true(project_policy_counts(taken, COUNT(taken), STR("src/a.c")));
	assert_false(project_policy_counts(taken, COUNT(taken), STR("src/docs/a.c")));
	assert_true(project_policy_counts(taken, COUNT(taken), STR("src/docs/api.c")));
	assert_false(project_policy_counts(taken, COUNT(taken), STR("README.md")));
	assert_true(project_policy_counts(left, COUNT(left), STR("src/a.c")));
	assert_false(project_policy_counts(left, COUNT(left), STR("README.md")));
	assert_false(project_policy_counts(left, COUNT(left), STR("docs/a.c")));
	assert_true(project_policy_counts(left, COUNT(left), STR("docs/api.md")));
}

static void assert_paths(struct work *w, const char *paths, bool valid)
{
	struct project_policy p;
	str text = arena_printf(w->arena, "{\"version\": 1, \"paths\": %s}", paths);

	assert_int_equal(project_policy_read(w, text, &p), valid);
	if (!valid)
		assert_err(w, ERR_INVALID, "policy.value");
}

static void P10_V13_a_file_names_paths(void **state)
{
	struct buf many;
	struct work w;

	(void)state;
	work_init(&w);
	assert_paths(&w, "[]", true);
	assert_paths(&w, "[\"src/**\", \"!*.md\"]", true);
	assert_paths(&w, "\"src/**\"", false);
	assert_paths(&w, "[1]", false);
	assert_paths(&w, "[\"!\"]", false);
	assert_paths(&w, "[\"!!a\"]", true); /* a folder whose name begins with the sign */
	assert_paths(&w, "[\"a**\"]", false);
	for (int n = POLICY_PATHS_MAX; n <= POLICY_PATHS_MAX + 1; n++) {
		many = buf_new(w.arena, 4096);
		for (int i = 0; i < n; i++)
			buf_printf(&many, "%s\"p%d\"", i == 0 ? "[" : ",", i);
		assert_paths(&w, arena_cstr(w.arena, arena_printf(w.arena, STR_FMT "]", STR_ARG(buf_str(&many)))),
			n == POLICY_PATHS_MAX);
	}
	work_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(V13_a_pattern_names_paths),
		cmocka_unit_test(V13_what_is_no_pattern),
		cmocka_unit_test(V13_no_pattern_takes_long),
		cmocka_unit_test(V13_the_last_pattern_that_matches_says),
		cmocka_unit_test(P10_V13_a_file_names_paths),
	};

	return cmocka_run_group_tests_name("glob", tests, NULL, NULL);
}
