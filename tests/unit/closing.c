/* What a pull request's text closes and claims: one line per body. */
#include "check.h"

#include "base/buf.h"
#include "model/closing.h"

struct body {
	const char *text, *want; /* "3 owner/name#7" */
};

static const struct body closing[] = {
	{ "close #1", "1" },
	{ "closes #2", "2" },
	{ "closed #3", "3" },
	{ "fix #4", "4" },
	{ "fixes #5", "5" },
	{ "fixed #6", "6" },
	{ "resolve #7", "7" },
	{ "resolves #8", "8" },
	{ "resolved #9", "9" },
	{ "Fixes #10", "10" },
	{ "FIXES #11", "11" },
	{ "Closes: #12", "12" },
	{ "closes octo/hello#13", "octo/hello#13" },
	{ "closes octo-org/hello.world_2#14", "octo-org/hello.world_2#14" },
	{ "closes #1, closes #2", "1 2" },
	{ "closes #1, #2 and #3", "1" },
	{ "closes #1 fixes octo/hello#2\nresolves #3", "1 octo/hello#2 3" },
	{ "This (fixes #15).", "15" },
	{ "fixes \t #16", "16" },
	{ "* fixes #17\n* resolves #18", "17 18" },
	{ "**fixes #19**", "19" },
	{ "fixes #20\r\nmore", "20" },
	{ "", "" },
	{ "#21", "" },
	{ "closing #22", "" },
	{ "prefixes #23", "" },
	{ "hot-fixes #24", "" },
	{ "fixes_ #25", "" },
	{ "fixes#26", "" },
	{ "fixes\n#27", "" },
	{ "fixes # 28", "" },
	{ "fixes #0", "" },
	{ "fixes #029", "" },
	{ "fixes #30a", "" },
	{ "fixes #99999999999999999999", "" },
	{ "fixes #2147483647", "2147483647" },
	{ "fixes #2147483648", "" },
	{ "fixes octo/#31", "" },
	{ "fixes /hello#32", "" },
	{ "fixes the bug #33", "" },
	{ "`fixes #34`", "" },
	{ "``a ` fixes #35``", "" },
	{ "a ` fixes #36", "36" },
	{ "\\`fixes #37\\`", "37" },
	{ "`a` fixes #38 `b`", "38" },
	{ "`code\nfixes #39`", "" },
	{ "`open\n\nfixes #40`", "40" },
	{ "```\nfixes #41\n```\nfixes #42", "42" },
	{ "~~~ text\nfixes #43\n~~~~\nfixes #44", "44" },
	{ "````\n```\nfixes #45\n````\n", "" },
	{ "```\nfixes #46", "" },
	{ "```not a fence``` fixes #47", "47" },
	{ "   ```\nfixes #48\n   ```\n", "" },
	{ "> fixes #49", "" },
	{ "> quote\nfixes #50\n\nfixes #51", "51" },
	{ "<!-- fixes #52 --> fixes #53", "53" },
	{ "<!--\nfixes #54\n-->\nfixes #55", "55" },
	{ "<!-- fixes #56", "" },
	{ "text\n\n    fixes #57\n\nfixes #58", "58" },
	{ "text\n    fixes #59", "59" },
	{ "`<!--` fixes #60 `-->`", "60" },
	{ "<!-- ` --> fixes #61 `", "61" },
	{ "\tfixes #62", "" },
	{ "> ```\nfixes #63", "" },
};

static const struct body claims[] = {
	{ "/claim #1", "1" },
	{ "/claim #1, #2,#3 #4", "1 2 3 4" },
	{ "Hello\n/claim #5\r\nbye", "5" },
	{ "/claim #6\n/claim #7", "6 7" },
	{ "/claim  #8  ", "8" },
	{ " /claim #9", "" },
	{ "please /claim #10", "" },
	{ "/claim", "" },
	{ "/claim 11", "" },
	{ "/claim #12 now", "" },
	{ "/claim #13,", "" },
	{ "/claims #14", "" },
	{ "/Claim #15", "" },
	{ "```\n/claim #16\n```", "" },
	{ "> /claim #17", "" },
	{ "<!-- x\n/claim #18\n-->", "" },
	{ "    /claim #19", "" },
	{ "/claim #20\n> quote", "20" },
};

static void list_closing(struct arena *arena, str text, struct buf *b)
{
	const struct closing_ref *refs;
	size_t n = closing_refs(arena, text, &refs);

	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s" STR_FMT "%s%d", i > 0 ? " " : "", STR_ARG(refs[i].repo),
			refs[i].repo.n > 0 ? "#" : "", refs[i].number);
}

static void list_claims(struct arena *arena, str text, struct buf *b)
{
	const int32_t *numbers;
	size_t n = claim_refs(arena, text, &numbers);

	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s%d", i > 0 ? " " : "", numbers[i]);
}

static void check(const struct body *bodies, size_t n, void (*list)(struct arena *, str, struct buf *))
{
	int wrong = 0;

	for (size_t i = 0; i < n; i++) {
		struct arena *arena = arena_new();
		struct buf b = buf_new(arena, 4096);
		/* from the heap, so that reading past the end is seen */
		size_t len = strlen(bodies[i].text);
		char *copy = malloc(len + 1);

		memcpy(copy, bodies[i].text, len);
		list(arena, str_of(copy, len), &b);
		if (!str_eq(buf_str(&b), str_c(bodies[i].want))) {
			print_error("body %zu: %s\n  found \"" STR_FMT "\", not \"%s\"\n", i, bodies[i].text,
				STR_ARG(buf_str(&b)), bodies[i].want);
			wrong++;
		}
		free(copy);
		arena_free(&arena);
	}
	assert_int_equal(wrong, 0);
}

static void closes(void **state)
{
	(void)state;
	check(closing, sizeof(closing) / sizeof(closing[0]), list_closing);
}

static void claims_of(void **state)
{
	(void)state;
	check(claims, sizeof(claims) / sizeof(claims[0]), list_claims);
}

/* The mask keeps length and line ends, and text without anything to hide stays as it is. */
static void masks(void **state)
{
	struct arena *arena = arena_new();
	str text = STR("a\n\n> b\r\n`c`\n");

	(void)state;
	assert_true(str_eq(closing_mask(arena, text), STR("a\n\n   \r\n   \n")));
	assert_true(str_eq(closing_mask(arena, STR("plain *text*\n- x")), STR("plain *text*\n- x")));
	assert_int_equal(closing_mask(arena, STR("")).n, 0);
	arena_free(&arena);
}

/* Every short text over the characters that matter ends, with its length kept. */
static void ends(void **state)
{
	static const char alphabet[] = "`~>\n <!-#a\\";
	char text[8];

	(void)state;
	for (unsigned n = 0; n < 200000; n++) {
		struct arena *arena = arena_new();
		unsigned v = n * 2654435761U;

		for (size_t i = 0; i < sizeof(text); i++, v /= 11)
			text[i] = alphabet[v % 11];
		assert_int_equal(closing_mask(arena, str_of(text, sizeof(text))).n, sizeof(text));
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closes),
		cmocka_unit_test(claims_of),
		cmocka_unit_test(masks),
		cmocka_unit_test(ends),
	};

	return cmocka_run_group_tests_name("S2 closing", tests, NULL, NULL);
}
