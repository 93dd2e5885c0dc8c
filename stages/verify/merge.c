/* A merged pull request: everything is read anew, judged by verdict.c, and kept with the verdict. */
#include "base/hex.h"
#include "crypto/digest.h"
#include "model/closing.h"
#include "sql.h"
#include "verify.h"

#define HOUR (3600 * USEC_S)
#define CLOSING_LAG (600 * USEC_S) /* GitHub closes the issue some time after the merge */

/* 1 s, 2 s, 4 s ... up to an hour */
static usec wait(const struct work *w)
{
	usec span = USEC_S << (w->attempt < 12 ? w->attempt : 12);

	return span < HOUR ? span : HOUR;
}

static bool check_state(struct work *w, const struct sql_submission_begin_out *row, struct merge_task *t)
{
	t->decided = !str_one_of(row->state, "seen|verifying|review");
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

bool merge_plan(struct work *w, struct tx *tx, void *task)
{
	struct merge_task *t = task;
	struct sql_submission_begin_out row;
	bool found;

	if (!sql_submission_begin(w, tx, &(struct sql_submission_begin_in){ t->submission_id }, &row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "verify.submission_unknown", "the submission is not in the database");
	t->pull_number = row.pull_number;
	t->facts = (struct facts){
		.submission = t->submission_id,
		.repo_id = row.repo_id,
		.claimant_uid = row.has_claimant_uid ? row.claimant_uid : 0,
		.issue_number = row.issue_number,
		.reference_seen = row.reference_seen,
		.claim_seen = row.claim_seen,
		.rival_won = row.has_rival_won ? row.rival_won : 0,
		.rival_first = row.has_rival_first ? row.rival_first : 0,
		.author_type = row.author_type,
	};
	return check_state(w, &row, t);
}

static void keep(struct merge_task *t, const struct evidence *ev)
{
	struct source *s = &t->sources[t->n_sources++];

	memcpy(s->sha256, ev->sha256, 32);
	s->bytes = ev->bytes;
	s->url = ev->url;
}

static bool keep_own(struct work *w, struct merge_task *t)
{
	struct evidence ev;
	char id[UUID_TEXT];

	if (!facts_text(w, &t->facts, &ev.bytes))
		return false;
	sha256(ev.bytes, ev.sha256);
	uuid_format(t->submission_id, id);
	ev.url = arena_printf(w->arena, "patchwork:submission/%.*s", UUID_TEXT, id);
	keep(t, &ev);
	return true;
}

static bool read_pull(struct work *w, struct github *g, struct merge_task *t)
{
	struct facts *f = &t->facts;
	struct github_pull pull;
	const int32_t *claims;
	struct evidence ev;
	size_t n;

	if (!github_pull_get(w, g, f->repo_id, t->pull_number, &pull, &ev))
		return false;
	keep(t, &ev);
	f->pull_id = pull.id;
	f->pull_number = pull.number;
	f->pull_repo_id = pull.repo_id;
	f->author_uid = pull.author_id;
	f->author_type = pull.author_type;
	f->merger_uid = pull.merged_by_id;
	f->merged = pull.merged;
	f->merged_at = pull.merged_at;
	f->base = pull.base_ref;
	f->head_sha = pull.head_sha;
	f->merge_sha = pull.merged ? pull.merge_sha : (str){ NULL, 0 };
	n = claim_refs(w->arena, pull.body, &claims);
	for (size_t i = 0; i < n; i++)
		f->claim = f->claim || claims[i] == f->issue_number;
	return true;
}

static bool read_issue(struct work *w, struct github *g, struct merge_task *t)
{
	struct facts *f = &t->facts;
	struct github_issue issue;
	struct evidence ev;
	bool found;

	if (!github_issue_get(w, g, f->repo_id, f->issue_number, &issue, &ev))
		return false;
	keep(t, &ev);
	f->issue_id = issue.id;
	f->issue_state = issue.state;
	f->issue_reason = issue.state_reason;
	if (!github_issue_closer(w, g, f->repo_id, f->issue_number, &f->closer_sha, &found, &ev))
		return false;
	keep(t, &ev);
	if (!found)
		f->closer_sha = (str){ NULL, 0 };
	return true;
}

static bool read_references(struct work *w, struct github *g, str full_name, struct merge_task *t)
{
	struct facts *f = &t->facts;
	const struct github_closing *closing;
	struct evidence ev;
	size_t n;

	if (!github_closing_issues(w, g, full_name, t->pull_number, &closing, &n, &ev))
		return false;
	keep(t, &ev);
	for (size_t i = 0; i < n; i++)
		f->reference =
			f->reference || (closing[i].repo_id == f->repo_id && closing[i].number == f->issue_number);
	return true;
}

static bool read_commits(struct work *w, struct github *g, str full_name, struct merge_task *t)
{
	struct facts *f = &t->facts;
	const struct closing_ref *refs;
	struct evidence ev;
	const str *messages;
	size_t n, n_refs;

	if (!github_pull_commits(w, g, f->repo_id, t->pull_number, &messages, &n, &ev))
		return false;
	keep(t, &ev);
	for (size_t i = 0; i < n; i++) {
		n_refs = closing_refs(w->arena, messages[i], &refs);
		for (size_t k = 0; k < n_refs; k++)
			f->commit = f->commit ||
				(refs[k].number == f->issue_number &&
					(refs[k].repo.n == 0 || str_eq_nocase(refs[k].repo, full_name)));
	}
	return true;
}

static bool read_reach(struct work *w, struct github *g, struct merge_task *t)
{
	enum github_reach reach;
	struct evidence ev;

	if (!t->facts.merged || t->facts.merge_sha.n == 0)
		return true;
	if (!github_reachable(w, g, t->facts.repo_id, t->facts.merge_sha, t->facts.default_branch, &reach, &ev))
		return false;
	keep(t, &ev);
	t->facts.reachable = reach == GITHUB_REACHABLE;
	return true;
}

static bool collect(struct work *w, struct github *g, struct merge_task *t)
{
	struct github_repo repo;
	struct evidence ev;

	if (!keep_own(w, t) || !github_repo_by_id(w, g, t->facts.repo_id, &repo, &ev))
		return false;
	keep(t, &ev);
	t->facts.default_branch = repo.default_branch;
	return read_pull(w, g, t) && read_issue(w, g, t) && read_references(w, g, repo.full_name, t) &&
		read_commits(w, g, repo.full_name, t) && read_reach(w, g, t);
}

static bool lags(const struct merge_task *t)
{
	return t->verdict.result == CHECK_REVIEW && strcmp(t->verdict.decided->code, "verify.issue_open") == 0 &&
		clock_now() - t->facts.merged_at < CLOSING_LAG;
}

bool merge_effect(struct work *w, const struct outside *outside, void *task)
{
	struct merge_task *t = task;

	if (t->decided)
		return true;
	if (t->facts.claimant_uid == 0 && str_eq(t->facts.author_type, STR("User")))
		return err_snooze(w, wait(w), "verify.author_unlinked",
			"the author has not linked a wallet to the GitHub account");
	if (!collect(w, outside->github, t))
		return false;
	evidence_sort(t->sources, &t->n_sources, t->root);
	verdict_of(&t->facts, &policy_v1, &t->verdict);
	if (t->verdict.result == CHECK_WAIT || lags(t))
		return err_snooze(w, wait(w), t->verdict.decided->code, "%s", t->verdict.decided->detail);
	return true;
}

static bool keep_verdict(struct work *w, struct tx *tx, const struct merge_task *t)
{
	str policy, body, *hashes = arena_array(w->arena, t->n_sources, sizeof(str));
	str *documents = arena_array(w->arena, t->n_sources, sizeof(str)),
	    *urls = arena_array(w->arena, t->n_sources, sizeof(str));
	struct sql_verdict_add_out out;
	uint8_t policy_sha[32];

	if (!policy_text(w, &policy_v1, &policy) ||
		!verdict_text(w, &t->verdict, &t->facts, &policy_v1, t->sources, t->n_sources, &body))
		return false;
	sha256(policy, policy_sha);
	for (size_t i = 0; i < t->n_sources; i++) {
		hashes[i] = str_of(t->sources[i].sha256, 32);
		documents[i] = t->sources[i].bytes;
		urls[i] = t->sources[i].url;
	}
	return sql_verdict_add(w, tx,
		&(struct sql_verdict_add_in){
			.submission_id = t->submission_id,
			.policy_sha256 = str_of(policy_sha, 32),
			.evidence_root = str_of(t->root, 32),
			.hashes = { hashes, t->n_sources },
			.documents = { documents, t->n_sources },
			.urls = { urls, t->n_sources },
			.checks = checks_text(w, &t->verdict),
			.result = str_c(check_result_name(t->verdict.result)),
			.body = body,
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

static bool settle_fail(struct work *w, struct tx *tx, const struct merge_task *t)
{
	const struct check *c = t->verdict.decided;
	struct sql_submission_reject_in in = {
		.submission_id = t->submission_id,
		.state = strcmp(c->id, "V16") == 0 ? STR("lost") : STR("rejected"),
		.reason = str_c(c->code),
		.detail = str_c(c->detail),
		.level = t->verdict.level,
		.job = w->job,
		.trace = work_trace(w),
	};
	struct sql_submission_reject_out out;

	return sql_submission_reject(w, tx, &in, &out);
}

bool merge_settle(struct work *w, struct tx *tx, void *task)
{
	const struct merge_task *t = task;
	bool settled = true, ok;

	if (t->decided)
		return true;
	if (!keep_verdict(w, tx, t))
		return false;
	if (t->verdict.result == CHECK_FAIL)
		return settle_fail(w, tx, t);
	ok = t->verdict.result == CHECK_PASS ? settle_pass(w, tx, t, &settled) : settle_review(w, tx, t, &settled);
	if (ok && !settled)
		return err_set(
			w, ERR_RETRY, "verify.bounty_moved", "the bounty changed while GitHub was asked: once more");
	return ok;
}
