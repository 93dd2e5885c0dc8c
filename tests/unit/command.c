/* B2, F41: the grammar of comment commands: what is one, what is none, and what is one that is not right. */
#include "check.h"

#include <stdio.h>

#include "base/buf.h"
#include "model/command.h"

static str shown(struct arena *a, const struct command *c)
{
	str s = arena_printf(a, "%s", command_name(c->verb));

	if (!c->good)
		return arena_printf(a, STR_FMT " ?", STR_ARG(s));
	if (c->amount.n > 0)
		s = arena_printf(a, STR_FMT " amount=" STR_FMT " asset=" STR_FMT, STR_ARG(s), STR_ARG(c->amount),
			STR_ARG(c->asset));
	if (c->chain.n > 0)
		s = arena_printf(a, STR_FMT " chain=" STR_FMT, STR_ARG(s), STR_ARG(c->chain));
	if (c->date.n > 0)
		s = arena_printf(a, STR_FMT " date=" STR_FMT, STR_ARG(s), STR_ARG(c->date));
	for (size_t i = 0; i < c->n_numbers; i++)
		s = arena_printf(a, STR_FMT " #%d", STR_ARG(s), c->numbers[i]);
	for (size_t i = 0; i < c->n_shares; i++)
		s = arena_printf(
			a, STR_FMT " " STR_FMT ":%d", STR_ARG(s), STR_ARG(c->shares[i].user), c->shares[i].percent);
	if (c->word.n > 0)
		s = arena_printf(a, STR_FMT " " STR_FMT, STR_ARG(s), STR_ARG(c->word));
	if (c->reason.n > 0)
		s = arena_printf(a, STR_FMT " (" STR_FMT ")", STR_ARG(s), STR_ARG(c->reason));
	return s;
}

static const struct {
	const char *text, *want; /* commands, separated by "; " */
} cases[] = {
	{ "/bounty 100 USDC", "bounty amount=100 asset=USDC" },
	{ "/bounty 12.50 USDC@cronos by 2027-01-31", "bounty amount=12.50 asset=USDC chain=cronos date=2027-01-31" },
	{ "/bounty 1 PTD@eip155:338 split ada:60 @bob:40", "bounty amount=1 asset=PTD chain=eip155:338 ada:60 bob:40" },
	{ "/bounty 1 PTD by 2027-02-28 split ada:60 bob:40",
		"bounty amount=1 asset=PTD date=2027-02-28 ada:60 bob:40" },
	{ "  /bounty 1 PTD", "" },
	{ "please /bounty 1 PTD", "" },
	{ "\t/bounty 1 PTD", "" },
	{ "/bounty", "bounty ?" },
	{ "/bounty PTD 100", "bounty ?" },
	{ "/bounty -1 PTD", "bounty ?" },
	{ "/bounty +1 PTD", "bounty ?" },
	{ "/bounty 1e3 PTD", "bounty ?" },
	{ "/bounty 1,000 PTD", "bounty ?" },
	{ "/bounty 0 PTD", "bounty ?" },
	{ "/bounty 0.00 PTD", "bounty ?" },
	{ "/bounty 0.01 PTD", "bounty amount=0.01 asset=PTD" },
	{ "/bounty 007 PTD", "bounty ?" },
	{ "/bounty 1. PTD", "bounty ?" },
	{ "/bounty .5 PTD", "bounty ?" },
	{ "/bounty 1.2.3 PTD", "bounty ?" },
	{ "/bounty 0x10 PTD", "bounty ?" },
	{ "/bounty 100 USDC extra", "bounty ?" },
	{ "/bounty 100 USDC@", "bounty ?" },
	{ "/bounty 100 US_DC", "bounty ?" },
	{ "/bounty 100 USDC by tomorrow", "bounty ?" },
	{ "/bounty 100 USDC by 2027-02-30", "bounty ?" },
	{ "/bounty 100 USDC by 2027-13-01", "bounty ?" },
	{ "/bounty 100 USDC by 2027-01-31 by 2027-01-31", "bounty ?" },
	{ "/bounty 100 USDC split ada:60 bob:50", "bounty ?" },
	{ "/bounty 100 USDC split ada:50 Ada:50", "bounty ?" },
	{ "/bounty 100 USDC split", "bounty ?" },
	{ "/bounty 100 \xef\xbc\x95 USDC", "bounty ?" },
	{ "/bounty 100\xc2\xa0USDC", "bounty ?" },
	{ "\xef\xbc\x8f"
	  "bounty 100 USDC",
		"" },
	{ "/Bounty 100 USDC", "" },
	{ "/bountys 100 USDC", "" },
	{ "/bounty: 100 USDC", "" },
	{ "/unknown 1", "" },
	{ "/", "" },
	{ "", "" },
	{ "/fund 5 PTD", "fund amount=5 asset=PTD" },
	{ "/fund 5", "fund ?" },
	{ "/attempt", "attempt" },
	{ "/attempt now", "attempt ?" },
	{ "/unattempt\r\n", "unattempt" },
	{ "/claim #3", "claim #3" },
	{ "/claim #3, #4,#5", "claim #3 #4 #5" },
	{ "/claim #3 #4", "claim #3 #4" },
	{ "/claim 3", "claim ?" },
	{ "/claim #0", "claim ?" },
	{ "/claim #3,", "claim ?" },
	{ "/claim #3,,#4", "claim ?" },
	{ "/claim #99999999999", "claim ?" },
	{ "/claim #1 #2 #3 #4 #5 #6 #7 #8 #9 #10 #11 #12 #13 #14 #15 #16 #17", "claim ?" },
	{ "/split @ada 40", "split ada:40" },
	{ "/split @ada 40%", "split ada:40" },
	{ "/split ada 40", "split ?" },
	{ "/split @ada 0", "split ?" },
	{ "/split @ada 101", "split ?" },
	{ "/tip @ada 3 PTD", "tip amount=3 asset=PTD ada:0" },
	{ "/tip @-ada 3 PTD", "tip ?" },
	{ "/award #7 @ada:70 @bob:30 both worked on it", "award #7 ada:70 bob:30 (both worked on it)" },
	{ "/award #7 it was merged by hand", "award #7 (it was merged by hand)" },
	{ "/award #7 @ada did it", "award #7 (@ada did it)" },
	{ "/award #7", "award ?" },
	{ "/award #7 @ada:70 @bob:30", "award ?" },
	{ "/award #7 @ada:70 it is hers", "award ?" },
	{ "/award octo/hello.c#7 it was merged there", "award #7 octo/hello.c (it was merged there)" },
	{ "/award hello#7 it was merged", "award ?" },
	{ "/award octo/hel/lo#7 it was merged", "award ?" },
	{ "/award octo/#7 it was merged", "award ?" },
	{ "/award #7#8 it was merged", "award ?" },
	{ "> /award #7 it was merged", "" },
	{ "```\n/award #7 it was merged\n```", "" },
	{ "<!-- /award #7 it was merged -->", "" },
	{ "We should /award #7 it was merged", "" },
	{ "/reject #7 it breaks the tests \xf0\x9f\x92\xa5", "reject #7 (it breaks the tests \xf0\x9f\x92\xa5)" },
	{ "/reject #7 see `a.c` ", "reject #7 (see `a.c`)" },
	{ "/reject because", "reject ?" },
	{ "/extend 2027-03-01", "extend date=2027-03-01" },
	{ "/extend 1.3.2027", "extend ?" },
	{ "/cancel no longer wanted", "cancel (no longer wanted)" },
	{ "/cancel", "cancel ?" },
	{ "/dispute the test `x` still fails", "dispute (the test `x` still fails)" },
	{ "/patchwork off", "patchwork off" },
	{ "/patchwork help  ", "patchwork help" },
	{ "/patchwork", "patchwork ?" },
	{ "/patchwork dance", "patchwork ?" },
	{ "Hello\n\n/bounty 1 PTD\n\nthanks\n/attempt\n", "bounty amount=1 asset=PTD; attempt" },
	{ "/bounty 1 PTD\n/bounty 2 PTD", "bounty amount=1 asset=PTD; bounty amount=2 asset=PTD" },
	{ "```\n/bounty 1 PTD\n```\n", "" },
	{ "~~~sh\n/bounty 1 PTD\n~~~\n/attempt", "attempt" },
	{ "```\n/bounty 1 PTD", "" },
	{ "    /bounty 1 PTD", "" },
	{ "> /bounty 1 PTD", "" },
	{ "> quoted\n/bounty 1 PTD", "" },
	{ "> quoted\n\n/bounty 1 PTD", "bounty amount=1 asset=PTD" },
	{ "<!--\n/bounty 1 PTD\n-->", "" },
	{ "<!-- /bounty 1 PTD -->", "" },
	{ "`/bounty 1 PTD`", "" },
	{ "/bounty 1 `PTD`", "bounty ?" },
};

static void reads_commands(void **state)
{
	struct arena *a = arena_new();
	struct command c[COMMANDS_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t n = commands_read(a, str_c(cases[i].text), c);
		str got = STR("");

		for (size_t k = 0; k < n; k++) {
			str one = shown(a, &c[k]);

			assert_int_equal(c[k].ordinal, k + 1);
			got = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(got), k == 0 ? "" : "; ", STR_ARG(one));
		}
		if (!str_eq(got, str_c(cases[i].want)))
			print_message(
				"case %zu: %s\n  %s\n  %.*s\n", i, cases[i].text, cases[i].want, (int)got.n, got.p);
	}
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t n = commands_read(a, str_c(cases[i].text), c);

		assert_int_equal(n == 0, cases[i].want[0] == '\0');
		if (n > 0)
			assert_str(shown(a, &c[n - 1]),
				strrchr(cases[i].want, ';') != NULL ? strrchr(cases[i].want, ';') + 2 : cases[i].want);
	}
	arena_free(&a);
}

static void has_limits(void **state)
{
	struct arena *a = arena_new();
	struct command c[COMMANDS_MAX];
	struct buf b = buf_new(a, 1 << 20);
	size_t n;

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "/attempt\n");
	assert_int_equal(commands_read(a, buf_str(&b), c), COMMANDS_MAX);
	b.n = 0;
	buf_printf(&b, "/cancel ");
	for (int i = 0; i < COMMAND_REASON; i++)
		buf_byte(&b, 'x');
	n = commands_read(a, buf_str(&b), c);
	assert_true(n == 1 && c[0].good);
	buf_byte(&b, 'x');
	n = commands_read(a, buf_str(&b), c);
	assert_true(n == 1 && !c[0].good);
	assert_int_equal(commands_read(a, (str){ NULL, 0 }, c), 0);
	for (int v = 0; v < COMMAND_VERBS; v++) {
		assert_int_equal(command_usage_of((enum command_verb)v)[0], '/');
		assert_memory_equal(command_usage_of((enum command_verb)v) + 1, command_name((enum command_verb)v),
			strlen(command_name((enum command_verb)v)));
	}
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_commands),
		cmocka_unit_test(has_limits),
	};

	return cmocka_run_group_tests_name("B2 F41 command", tests, NULL, NULL);
}
