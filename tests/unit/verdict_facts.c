#include "verdict_facts.h"

static const int64_t kin[] = { 7 };
static const int32_t rivals[] = { 5 };
static const int64_t helpers[] = { 12 };
const struct facts good = {
	.repo_id = 10,
	.claimant_uid = 7,
	.issue_number = 3,
	.reference_seen = true,
	.kin = kin,
	.n_kin = 1,
	.rivals = rivals,
	.n_rivals = 1,
	.deadline = MERGED_AT + 30 * DAY,
	.grace = 14 * DAY,
	.told_at = MERGED_AT + 5 * USEC_S,
	.issue_id = 33,
	.pull_id = 44,
	.pull_repo_id = 10,
	.author_uid = 7,
	.merger_uid = 8,
	.pull_number = 4,
	.default_branch = { "main", 4 },
	.issue_state = { "closed", 6 },
	.issue_reason = { "completed", 9 },
	.base = { "main", 4 },
	.head_sha = { SHA, 40 },
	.merge_sha = { SHA, 40 },
	.author_type = { "User", 4 },
	.merger_type = { "User", 4 },
	.merged = true,
	.merged_at = MERGED_AT,
	.opened_at = MERGED_AT - DAY,
	.closer = CLOSER_OURS,
	.reference = true,
	.reachable = true,
	.approved = true,
	.reviewed = true,
	.ci = CI_GREEN,
	.diff = DIFF_REAL,
};

void nothing(struct facts *f)
{
	(void)f;
}

void other_repo(struct facts *f)
{
	f->pull_repo_id = 11;
}

void not_merged(struct facts *f)
{
	f->merged = f->reachable = false;
	f->closer = CLOSER_NONE;
}

void no_time(struct facts *f)
{
	f->merged_at = 0;
}

void other_base(struct facts *f)
{
	f->base = STR("next");
}

void listed_base(struct facts *f)
{
	f->base = STR("stable");
}

void base_of_project(struct facts *f)
{
	static const str branches[] = { { "stable", 6 } };

	f->base = STR("stable");
	f->branches = branches;
	f->n_branches = 1;
}

void no_commit(struct facts *f)
{
	f->merge_sha = (str){ NULL, 0 };
}

void short_commit(struct facts *f)
{
	f->merge_sha = STR("0123456");
}

void upper_commit(struct facts *f)
{
	f->merge_sha = STR("0123456789ABCDEF0123456789ABCDEF01234567");
}

void long_commit(struct facts *f)
{
	f->merge_sha = STR(SHA "0123456789abcdef01234567");
}

void unreachable(struct facts *f)
{
	f->reachable = false;
}

void issue_open(struct facts *f)
{
	f->issue_state = STR("open");
}

void issue_not_planned(struct facts *f)
{
	f->issue_reason = STR("not_planned");
}

void issue_without_reason(struct facts *f)
{
	f->issue_reason = (str){ NULL, 0 };
}

void bot(struct facts *f)
{
	f->author_type = STR("Bot");
}

void ghost(struct facts *f)
{
	f->author_type = (str){ NULL, 0 };
}

void unlinked(struct facts *f)
{
	f->claimant_uid = 0;
}

void unlinked_bot(struct facts *f)
{
	unlinked(f);
	bot(f);
}

void other_author(struct facts *f)
{
	f->author_uid = 9;
}

void helped(struct facts *f)
{
	f->co_authors = helpers;
	f->n_co_authors = 1;
}

void helped_by_nobody_known(struct facts *f)
{
	f->unknown_authors = 1;
}

void self_merged(struct facts *f)
{
	f->merger_uid = 7;
	f->approved = false;
}

void self_merged_and_approved(struct facts *f)
{
	f->merger_uid = 7;
}

void merged_by_kin(struct facts *f)
{
	static const int64_t both[] = { 7, 8 };

	f->kin = both;
	f->n_kin = 2;
	f->approved = false;
}

void merger_unknown(struct facts *f)
{
	f->merger_uid = 0;
	f->approved = false;
}

void merged_by_bot(struct facts *f)
{
	f->merger_type = STR("Bot");
	f->approved = false;
}

void merged_by_bot_and_approved(struct facts *f)
{
	f->merger_type = STR("Bot");
}

void funder_is_payee(struct facts *f)
{
	f->funder_is_claimant = true;
}

void reciprocal(struct facts *f)
{
	f->reciprocal = true;
}

void stale_review(struct facts *f)
{
	f->reviewed = f->approved = false;
	f->review_stale = true;
}

void no_review(struct facts *f)
{
	f->reviewed = f->approved = false;
}

void red(struct facts *f)
{
	f->ci = CI_RED;
}

void pending(struct facts *f)
{
	f->ci = CI_PENDING;
}

void no_checks(struct facts *f)
{
	f->ci = CI_NONE;
}

void checks_unknown(struct facts *f)
{
	f->ci = CI_UNKNOWN;
}

void empty_diff(struct facts *f)
{
	f->diff = DIFF_EMPTY;
}

void whitespace(struct facts *f)
{
	f->diff = DIFF_WHITESPACE;
}

void generated(struct facts *f)
{
	f->diff = DIFF_GENERATED;
}

void uncounted(struct facts *f)
{
	f->diff = DIFF_UNCOUNTED;
}
void diff_unknown(struct facts *f)
{
	f->diff = DIFF_UNKNOWN;
}

void reverted(struct facts *f)
{
	f->reverted = true;
}

void reach_unknown(struct facts *f)
{
	f->reachable = false;
	f->reach_unknown = true;
}

void since_unknown(struct facts *f)
{
	f->since_unknown = true;
}

void reverted_and_more(struct facts *f)
{
	f->reverted = f->since_unknown = true;
}

void rival_won(struct facts *f)
{
	f->rival_won = 5;
}

void rival_first(struct facts *f)
{
	f->rival_first = 5;
}

void both_rivals(struct facts *f)
{
	f->rival_won = 5;
	f->rival_first = 6;
}

void in_grace(struct facts *f)
{
	f->deadline = MERGED_AT - 10 * DAY;
	f->opened_at = MERGED_AT - 11 * DAY;
}

void opened_late(struct facts *f)
{
	f->deadline = MERGED_AT - 10 * DAY;
}

void after_grace(struct facts *f)
{
	f->deadline = MERGED_AT - 15 * DAY;
	f->opened_at = MERGED_AT - 16 * DAY;
}

void to_the_second(struct facts *f)
{
	f->deadline = MERGED_AT;
	f->grace = 0;
}

void clock_ahead(struct facts *f)
{
	f->told_at = MERGED_AT - 121 * USEC_S;
}

void clock_a_little_ahead(struct facts *f)
{
	f->told_at = MERGED_AT - 120 * USEC_S;
}

void never_told(struct facts *f)
{
	f->told_at = 0;
}

void no_evidence(struct facts *f)
{
	f->closer = CLOSER_NONE;
	f->reference = f->reference_seen = f->claim = f->claim_seen = f->commit = false;
}

void closer_alone(struct facts *f)
{
	no_evidence(f);
	f->closer = CLOSER_OURS;
}

void reference_alone(struct facts *f)
{
	no_evidence(f);
	f->reference = f->reference_seen = true;
}

void late_reference(struct facts *f)
{
	no_evidence(f);
	f->reference = true;
}

void lost_reference(struct facts *f)
{
	no_evidence(f);
	f->reference_seen = true;
}

void removed_reference(struct facts *f)
{
	lost_reference(f);
	f->frozen = true;
}

void claim_alone(struct facts *f)
{
	no_evidence(f);
	f->claim = f->claim_seen = true;
}

void late_claim(struct facts *f)
{
	no_evidence(f);
	f->claim = true;
}

void added_claim(struct facts *f)
{
	late_claim(f);
	f->frozen = true;
}

void lost_claim(struct facts *f)
{
	no_evidence(f);
	f->claim_seen = true;
}

void removed_claim(struct facts *f)
{
	lost_claim(f);
	f->frozen = true;
}

void dated_claim(struct facts *f)
{
	no_evidence(f);
	f->claim_dated = true;
}

void sidebar(struct facts *f)
{
	no_evidence(f);
	f->linked = true;
}

void commit_alone(struct facts *f)
{
	no_evidence(f);
	f->commit = true;
}

void awarded(struct facts *f)
{
	no_evidence(f);
	f->awarded = true;
	f->awarder_uid = 8;
	f->award_comment = 500;
}

void awarded_by_author(struct facts *f)
{
	awarded(f);
	f->awarder_uid = 7;
}

void awarded_by_kin(struct facts *f)
{
	static const int64_t shared[] = { 7, 8 };

	awarded(f);
	f->kin = shared;
	f->n_kin = 2;
}

void awarded_by_funder_of_themselves(struct facts *f)
{
	awarded(f);
	f->funder_is_claimant = true;
}

void awarded_and_claimed(struct facts *f)
{
	awarded(f);
	f->claim = f->claim_seen = true;
}

void awarded_and_claimed_late(struct facts *f)
{
	awarded(f);
	f->claim = true;
}

void awarded_issue_open(struct facts *f)
{
	awarded(f);
	f->issue_state = STR("open");
}

void awarded_rival_closer(struct facts *f)
{
	awarded(f);
	f->closer = CLOSER_RIVAL;
}

void awarded_undecided_closer(struct facts *f)
{
	awarded(f);
	f->closer = CLOSER_UNDECIDED;
}

void awarded_after_rival_won(struct facts *f)
{
	awarded(f);
	f->rival_won = 5;
}

void other_closer(struct facts *f)
{
	f->closer = CLOSER_OTHER;
}

void claim_other_closer(struct facts *f)
{
	claim_alone(f);
	other_closer(f);
}

void claim_rival_closer(struct facts *f)
{
	claim_alone(f);
	f->closer = CLOSER_RIVAL;
}

void reference_rival_closer(struct facts *f)
{
	f->closer = CLOSER_RIVAL;
}

void claim_undecided_closer(struct facts *f)
{
	claim_alone(f);
	f->closer = CLOSER_UNDECIDED;
}

void reference_undecided_closer(struct facts *f)
{
	f->closer = CLOSER_UNDECIDED;
}

void commit_other_closer(struct facts *f)
{
	commit_alone(f);
	other_closer(f);
}

void review_and_fail(struct facts *f)
{
	other_base(f);
	unreachable(f);
}

void review_and_wait(struct facts *f)
{
	other_base(f);
	unlinked(f);
}

void wait_and_fail(struct facts *f)
{
	unlinked(f);
	rival_won(f);
}
