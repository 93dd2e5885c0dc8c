/* A merged pull request: what evidence.c reads is judged by verdict.c, and kept with the verdict. */
#include <inttypes.h>

#include "base/output.h"
#include "crypto/digest.h"
#include "model/policy.h"
#include "sql.h"
#include "verify.h"

#define HOUR (3600 * USEC_S)
#define LAG (600 * USEC_S) /* GitHub closes the issue, and finds the commit, some time after the merge */

/* 1 s, 2 s, 4 s ... up to an hour */
static usec wait(const struct work *w)
{
	return clock_doubled(USEC_S, w->attempt - 1, HOUR);
}

static bool is_decided(str state)
{
	return !str_one_of(state, "seen|verifying|review");
}

static bool check_state(struct work *w, const struct sql_submission_begin_out *row, struct merge_task *t)
{
	t->decided = is_decided(row->state);
	if (t->decided)
		return true;
	if (str_one_of(row->bounty_state, "draft|funding"))
		return err_snooze(w, wait(w), "verify.bounty_unfunded", "the bounty's money is not there yet");
	if (str_eq(row->bounty_state, STR("frozen"))) { /* a person is looking: at this one, or at a rival */
		t->decided = str_eq(row->state, STR("review"));
		return t->decided ||
			err_snooze(w, wait(w), "verify.bounty_frozen", "the bounty waits for a maintainer");
	}
	if (str_one_of(row->bounty_state, "cancelled|expired|refunding|refunded"))
		return err_set(
			w, ERR_INVALID, "verify.bounty_closed", "the bounty is " STR_FMT, STR_ARG(row->bounty_state));
	if (!row->has_repo_id)
		return err_snooze(w, wait(w), "sync.project_unresolved", "GitHub has not told the repository's id yet");
	return true;
}

bool merge_peek(struct work *w, struct tx *tx, void *task)
{
	struct merge_task *t = task;
	struct sql_submission_state_out row;
	bool found;

	if (!sql_submission_state(w, tx, &(struct sql_submission_state_in){ t->submission_id }, &row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "verify.submission_unknown", "the submission is not in the database");
	t->decided = is_decided(row.state);
	return true;
}

static bool waits_for_author(const struct merge_task *t)
{
	return t->facts.claimant_uid == 0 && t->facts.rival_won == 0 && str_eq(t->facts.author_type, STR("User"));
}

void merge_about(struct work *w, const struct merge_task *t, bool idle)
{
	if (w->quota == NULL)
		return;
	w->quota->idle = idle;
	quota_about(w->quota, "/repositories/%" PRId64, t->facts.repo_id);
	quota_about(w->quota, "/repositories/%" PRId64 "/pulls/%d", t->facts.repo_id, t->pull_number);
	quota_about(w->quota, "/repositories/%" PRId64 "/issues/%d", t->facts.repo_id, t->facts.issue_number);
}

static void take_rows(const struct sql_submission_begin_out *row, struct merge_task *t)
{
	t->pull_number = row->pull_number;
	t->policy_file = row->policy_file;
	t->policy_url = row->policy_url;
	t->award = row->award;
	t->award_url = row->award_url;
	t->facts = (struct facts){
		.submission = t->submission_id,
		.repo_id = row->repo_id,
		.claimant_uid = row->has_claimant_uid ? row->claimant_uid : 0,
		.issue_number = row->issue_number,
		.frozen = row->frozen,
		.reference_seen = row->reference_seen,
		.claim_seen = row->claim_seen,
		.rival_won = row->has_rival_won ? row->rival_won : 0,
		.rival_first = row->has_rival_first ? row->rival_first : 0,
		.rivals = row->rivals.at,
		.n_rivals = row->rivals.n,
		.undecided = row->undecided.at,
		.n_undecided = row->undecided.n,
		.kin = row->kin.at,
		.n_kin = row->kin.n,
		.funder_is_claimant = row->funder_is_claimant,
		.reciprocal = row->reciprocal,
		.deadline = row->deadline_at,
		.grace = row->grace,
		.told_at = row->has_told_at ? row->told_at : 0,
		.branches = row->branches.at,
		.n_branches = row->branches.n,
		.author_type = row->author_type,
	};
}

bool merge_rows(struct work *w, struct tx *tx, struct merge_task *t, struct sql_submission_begin_out *row)
{
	bool found;

	if (!sql_submission_begin(w, tx, &(struct sql_submission_begin_in){ t->submission_id }, row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "verify.submission_unknown", "the submission is not in the database");
	take_rows(row, t);
	return true;
}

bool merge_policy_known(struct work *w, const struct merge_task *t)
{
	struct project_policy own;

	if (t->policy_file.p == NULL || project_policy_read(w, t->policy_file, &own))
		return true;
	return err_snooze(w, clock_doubled(USEC_S, w->attempt - 1, 60 * USEC_S), w->err.code,
		"a newer program took the project's policy file for one");
}

bool merge_plan(struct work *w, struct tx *tx, void *task)
{
	struct merge_task *t = task;
	struct sql_submission_begin_out row;

	if (!merge_rows(w, tx, t, &row) || !check_state(w, &row, t))
		return false;
	if (!t->decided && !merge_policy_known(w, t))
		return false;
	merge_about(w, t, t->decided || waits_for_author(t));
	return true;
}

static bool lags(const struct merge_task *t)
{
	return t->verdict.result == CHECK_REVIEW &&
		str_one_of(str_c(t->verdict.decided->code), "verify.issue_open|verify.reach_unknown") &&
		clock_now() - t->facts.merged_at < LAG;
}

bool merge_judge(struct work *w, struct merge_task *t, const struct policy *base)
{
	evidence_sort(t->sources, t->n_sources, t->root);
	if (!policy_of(w, base, t->sources, t->n_sources, &t->policy))
		return false;
	verdict_of(&t->facts, &t->policy, &t->verdict);
	return true;
}

bool merge_effect(struct work *w, const struct outside *outside, void *task)
{
	struct merge_task *t = task;

	if (t->decided)
		return true;
	if (waits_for_author(t))
		return err_snooze(w, wait(w), "verify.author_unlinked",
			"the author has not linked a wallet to the GitHub account");
	if (!merge_collect(w, outside->github, t) || !merge_judge(w, t, &policy_merge))
		return false;
	if (t->verdict.result == CHECK_WAIT || lags(t))
		return err_snooze(w, wait(w), t->verdict.decided->code, "%s", t->verdict.decided->detail);
	return true;
}

static bool is_new(const struct merge_task *t, size_t i)
{
	return i == 0 || memcmp(t->sources[i - 1].sha256, t->sources[i].sha256, 32) != 0;
}

bool merge_keep(struct work *w, struct tx *tx, const struct merge_task *t)
{
	const struct policy *p = &t->policy;
	str policy, body, *hashes = arena_array(w->arena, t->n_sources, sizeof(str));
	str *documents = arena_array(w->arena, t->n_sources, sizeof(str)),
	    *urls = arena_array(w->arena, t->n_sources, sizeof(str));
	struct sql_verdict_add_out out;
	uint8_t policy_sha[32];
	size_t n = 0;

	if (!policy_text(w, p, &policy) || !verdict_text(w, &t->verdict, &t->facts, p, t->sources, t->n_sources, &body))
		return false;
	sha256(policy, policy_sha);
	for (size_t i = 0; i < t->n_sources; i++)
		if (is_new(t, i)) {
			hashes[n] = str_of(t->sources[i].sha256, 32);
			documents[n] = t->sources[i].bytes;
			urls[n++] = t->sources[i].url;
		}
	return sql_verdict_add(w, tx,
		&(struct sql_verdict_add_in){
			.submission_id = t->submission_id,
			.policy_sha256 = str_of(policy_sha, 32),
			.evidence_root = str_of(t->root, 32),
			.hashes = { hashes, n },
			.documents = { documents, n },
			.urls = { urls, n },
			.checks = checks_text(w, &t->verdict),
			.result = str_c(check_result_name(t->verdict.result)),
			.body = body,
			.kind = str_c(p->name),
			.job = w->job,
		},
		&out);
}

static bool settle_pass(struct work *w, struct tx *tx, const struct merge_task *t, bool *settled)
{
	struct sql_submission_pass_in in = { t->submission_id, t->verdict.level, w->job, work_trace(w) };
	struct sql_submission_pass_out out;

	if (!sql_submission_pass(w, tx, &in, &out))
		return false;
	*settled = out.won;
	return true;
}

static bool settle_review(struct work *w, struct tx *tx, const struct merge_task *t, bool *settled)
{
	const struct check *c = t->verdict.decided;
	struct sql_submission_review_in in = {
		.submission_id = t->submission_id,
		.reason = str_c(c->code),
		.detail = str_c(c->detail),
		.level = t->verdict.level,
		.job = w->job,
		.trace = work_trace(w),
	};
	struct sql_submission_review_out out;

	if (!sql_submission_review(w, tx, &in, &out))
		return false;
	*settled = out.frozen;
	return true;
}

static bool lost(const struct check *c)
{
	return str_one_of(str_c(c->code), "verify.not_first|verify.closed_by_rival");
}

static bool settle_fail(struct work *w, struct tx *tx, const struct merge_task *t)
{
	const struct check *c = t->verdict.decided;
	struct sql_submission_reject_in in = {
		.submission_id = t->submission_id,
		.state = lost(c) ? STR("lost") : STR("rejected"),
		.reason = str_c(c->code),
		.detail = str_c(c->detail),
		.level = t->verdict.level,
		.job = w->job,
		.trace = work_trace(w),
	};
	struct sql_submission_reject_out out;

	return sql_submission_reject(w, tx, &in, &out);
}

static void say(struct work *w, const struct verdict *v)
{
	struct json *j = output_open(w);

	json_str(j, "verdict", str_c(check_result_name(v->result)));
	json_i64(j, "level", v->level);
	json_str(j, "code", str_c(v->decided->code));
	output_close(w, j);
}

bool merge_settle(struct work *w, struct tx *tx, void *task)
{
	const struct merge_task *t = task;
	bool settled = true, ok;

	if (t->decided)
		return true;
	if (!merge_keep(w, tx, t))
		return false;
	say(w, &t->verdict);
	if (t->verdict.result == CHECK_FAIL)
		return settle_fail(w, tx, t);
	ok = t->verdict.result == CHECK_PASS ? settle_pass(w, tx, t, &settled) : settle_review(w, tx, t, &settled);
	if (ok && !settled)
		return err_set(
			w, ERR_RETRY, "verify.bounty_moved", "the bounty changed while GitHub was asked: once more");
	return ok;
}
