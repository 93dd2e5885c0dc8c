/* What sync reads from GitHub: a pull request and what ties it to issues, projects, issues. */
#include "collect_github.h"

static struct pull_sync fetched(const char *text)
{
	struct pull_sync p = { .repo_id = 10, .full_name = STR("octo/hello"), .number = 4, .text = str_c(text) };

	assert_true(pull_fetch(&work, &github, &p));
	return p;
}

static void assert_links(const struct pull_sync *p, const char *want)
{
	struct buf b = buf_new(work.arena, 4096);

	for (size_t i = 0; i < p->n_links; i++)
		buf_printf(&b, "%s%d:%d:" STR_FMT, i > 0 ? " " : "", p->links[i].number, p->links[i].level,
			STR_ARG(p->links[i].source));
	assert_str(buf_str(&b), want);
}

/* Open: what stands there now counts; the other repository's issue does not. */
static void an_open_pull_request(void **state)
{
	struct pull_sync p = fetched(NULL);

	(void)state;
	assert_links(&p, "3:5:closing_reference 8:2:commit 3:4:claim 5:4:claim");
	assert_int_equal(p.links[0].issue_uid, 33);
	assert_int_equal(github.closer_calls, 0);
}

static void a_merged_one_whose_text_was_signed(void **state)
{
	struct pull_sync p;

	(void)state;
	merge();
	p = fetched("fixes #3");
	assert_links(&p, "3:5:closing_reference 8:2:commit");
	assert_int_equal(github.closer_calls, 0);
}

/* The text is not known as of the merge: GitHub's own word on what closed the issue decides. */
static void a_merged_one_seen_too_late(void **state)
{
	struct pull_sync p;

	(void)state;
	merge();
	p = fetched(NULL);
	assert_links(&p, "3:5:closer 8:2:commit");
	github.closer = STR("ffffffffffffffffffffffffffffffffffffffff");
	p = fetched(NULL);
	assert_links(&p, "3:1:late_reference 8:2:commit");
	github.closer = (str){ NULL, 0 };
	p = fetched("unrelated");
	assert_links(&p, "3:1:late_reference 8:2:commit");
}

/* The sync reads the author's comments: those of the merge or before count (S6, F41). */
static void claims_in_comments(void **state)
{
	struct pull_sync p;

	(void)state;
	github.pull.body = (str){ NULL, 0 };
	github.n_closing = github.n_messages = 0;
	github.comments = "[" COMMENT("7", "/claim #3", "2026-01-01T12:00:00Z") "," COMMENT(
		"9", "/claim #5", "2026-01-01T12:00:00Z") "]";
	p = fetched(NULL);
	assert_links(&p, "3:4:claim_comment");
	merge();
	p = fetched(NULL);
	assert_links(&p, "3:4:claim_comment");
	github.comments = "[" COMMENT("7", "/claim #3", "2026-01-02T03:04:06Z") "]";
	p = fetched(NULL);
	assert_links(&p, "3:1:late_claim");
}

/* Who may edit the author's words claims nothing in the author's name (S3). */
static void S6_another_who_edits_claims_nothing(void **state)
{
#define EARLY "2026-01-01T12:00:00Z"
#define LATE "2026-01-03T00:00:00Z"
	static const struct {
		const char *editors, *open, *merged; /* merged: by the text of a delivery of the merge */
	} table[] = {
		{ EDITORS(UNEDITED, UNEDITED, "0", ""), "3:4:claim_comment 3:4:claim", "3:4:claim_comment 3:4:claim" },
		{ EDITORS(EDITED("7", EARLY), EDITED("7", EARLY), "1", EDIT("7", EARLY)), "3:4:claim_comment 3:4:claim",
			"3:4:claim_comment 3:4:claim" },
		{ EDITORS(EDITED("8", EARLY), EDITED("8", EARLY), "1", EDIT("8", EARLY)),
			"3:1:edited_claim_comment 3:1:edited_claim", "3:1:edited_claim_comment 3:1:edited_claim" },
		{ EDITORS("\"editor\":null,\"lastEditedAt\":\"" EARLY "\"", UNEDITED, "0", ""),
			"3:4:claim_comment 3:1:edited_claim", "3:4:claim_comment 3:1:edited_claim" },
		/* what was edited after the merge was not there at it: whose the text was then, the edits before it say */
		{ EDITORS(EDITED("8", LATE), UNEDITED, "2", EDIT("8", LATE) "," EDIT("7", EARLY)),
			"3:4:claim_comment 3:1:edited_claim", "3:4:claim_comment 3:4:claim" },
		{ EDITORS(EDITED("7", LATE), UNEDITED, "2", EDIT("8", EARLY) "," EDIT("7", LATE)),
			"3:4:claim_comment 3:4:claim", "3:4:claim_comment 3:1:edited_claim" },
		{ EDITORS(EDITED("8", LATE), UNEDITED, "1", EDIT("8", LATE)), "3:4:claim_comment 3:1:edited_claim",
			"3:4:claim_comment 3:4:claim" },
		{ EDITORS(EDITED("8", LATE), UNEDITED, "3", EDIT("8", LATE) "," EDIT("7", EARLY)),
			"3:4:claim_comment 3:1:edited_claim", "3:4:claim_comment 3:1:edited_claim" },
		{ "[]", "3:1:edited_claim_comment 3:1:edited_claim", "3:1:edited_claim_comment 3:1:edited_claim" },
	};

	(void)state;
	github.n_closing = github.n_messages = 0;
	github.comments = "[" COMMENT("7", "/claim #3", EARLY) "]";
	for (size_t i = 0; i < COUNT(table); i++) {
		struct pull_sync p;

		github.pull.merged = false;
		github.pull.body = STR("/claim #3");
		github.editors = table[i].editors;
		p = fetched(NULL);
		assert_links(&p, table[i].open);
		merge();
		p = (struct pull_sync){ .repo_id = 10,
			.full_name = STR("octo/hello"),
			.number = 4,
			.text = STR("/claim #3"),
			.text_at = MERGED_AT + USEC_S };
		assert_true(pull_fetch(&work, &github, &p));
		assert_links(&p, table[i].merged);
	}
	github.comments = "[]";
	github.editor_calls = 0;
	fetched("nothing");
	assert_int_equal(github.editor_calls, 0);
#undef EARLY
#undef LATE
}

static void projects_and_issues(void **state)
{
	struct project_task p = { .full_name = STR("octo/hello") };
	struct issue_task i = { .repo_id = 10, .number = 3 };

	(void)state;
	assert_true(project_effect(&work, &outside, &p));
	assert_int_equal(p.repo.id, 10);
	p = (struct project_task){ .known = true, .repo_id = 10 };
	assert_true(project_effect(&work, &outside, &p));
	assert_true(issue_effect(&work, &outside, &i));
	github.issue.is_pull = true;
	assert_false(issue_effect(&work, &outside, &i));
	assert_err(&work, ERR_INVALID, "sync.issue_is_pull");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_open_pull_request, start, stop),
		cmocka_unit_test_setup_teardown(a_merged_one_whose_text_was_signed, start, stop),
		cmocka_unit_test_setup_teardown(a_merged_one_seen_too_late, start, stop),
		cmocka_unit_test_setup_teardown(claims_in_comments, start, stop),
		cmocka_unit_test_setup_teardown(S6_another_who_edits_claims_nothing, start, stop),
		cmocka_unit_test_setup_teardown(projects_and_issues, start, stop),
	};

	return cmocka_run_group_tests_name("collect_sync", tests, NULL, NULL);
}
