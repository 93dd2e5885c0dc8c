/* What a verdict is made of: a pull request that wins, and each way in which one does not. */
#pragma once

#include "check.h"
#include "stages/verify/facts.h"

#define SHA "0123456789abcdef0123456789abcdef01234567"
#define DAY (86400 * USEC_S)
#define MERGED_AT (1700000000 * USEC_S)

/* A merged pull request that passes every check, with evidence level 5 by GitHub's closer and link. */
extern const struct facts good;

/* What makes another one of it: said of the pull request, its people and its times, */
typedef void change(struct facts *f);
extern change nothing, other_repo, not_merged, no_time, other_base, listed_base, base_of_project, no_commit,
	short_commit, upper_commit, long_commit, unreachable, issue_open, issue_not_planned, issue_without_reason, bot,
	ghost, unlinked, unlinked_bot, other_author, helped, helped_by_nobody_known, self_merged,
	self_merged_and_approved, merged_by_kin, merger_unknown, merged_by_bot, merged_by_bot_and_approved,
	funder_is_payee, reciprocal, stale_review, no_review, red, pending, no_checks, checks_unknown, empty_diff,
	whitespace, generated, uncounted, diff_unknown, reverted, reach_unknown, since_unknown, reverted_and_more,
	rival_won, rival_first, both_rivals, in_grace, opened_late, after_grace, to_the_second, clock_ahead,
	clock_a_little_ahead, never_told;
/* of the evidence that ties it to the issue, and of two at once. */
extern change no_evidence, closer_alone, reference_alone, late_reference, lost_reference, removed_reference,
	claim_alone, late_claim, added_claim, lost_claim, removed_claim, dated_claim, sidebar, commit_alone, awarded,
	awarded_by_author, awarded_by_kin, awarded_by_funder_of_themselves, awarded_and_claimed,
	awarded_and_claimed_late, awarded_issue_open, awarded_rival_closer, awarded_undecided_closer,
	awarded_after_rival_won, other_closer, claim_other_closer, claim_rival_closer, reference_rival_closer,
	claim_undecided_closer, reference_undecided_closer, commit_other_closer, review_and_fail, review_and_wait,
	wait_and_fail;
