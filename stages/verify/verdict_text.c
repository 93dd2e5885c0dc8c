/* A verdict, its policy, facts and evidence as canonical JSON. */
#include <stdlib.h>

#include "base/hex.h"
#include "crypto/digest.h"
#include "verdict.h"

#define TEXT_MAX (1 << 20)

static int by_hash(const void *a, const void *b)
{
	const struct source *x = a, *y = b;
	int order = memcmp(x->sha256, y->sha256, 32);

	return order != 0 ? order : str_cmp(x->role, y->role);
}

void evidence_sort(struct source *sources, size_t n, uint8_t root[32])
{
	struct arena *arena = arena_new();
	struct buf hashes = buf_new(arena, (n + 1) * 32);

	if (n > 0)
		qsort(sources, n, sizeof(sources[0]), by_hash);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || memcmp(sources[i - 1].sha256, sources[i].sha256, 32) != 0)
			buf_add(&hashes, str_of(sources[i].sha256, 32));
	sha256(buf_str(&hashes), root);
	arena_free(&arena);
}

static void write_names(struct json *j, const char *key, const str *names, size_t n)
{
	json_open(j, key, '[');
	for (size_t i = 0; i < n; i++)
		json_str(j, NULL, names[i]);
	json_close(j, ']');
}

/* A policy that no project has changed stays the text that it was before projects could. */
static void write_project(struct json *j, const struct policy *p)
{
	if (p->project.n == 0)
		return;
	json_str(j, "project", p->project);
	json_open(j, "required", '[');
	for (int i = 1; i <= VERDICT_CHECKS; i++)
		if (policy_requires(p, i))
			json_i64(j, NULL, i);
	json_close(j, ']');
	if (p->n_paths > 0)
		write_names(j, "paths", p->paths, p->n_paths);
}

static void write_policy(struct json *j, const char *key, const struct policy *p)
{
	json_open(j, key, '{');
	json_i64(j, "version", p->version);
	json_str(j, "name", str_c(p->name));
	json_i64(j, "level", p->level);
	json_i64(j, "skew_seconds", p->skew / USEC_S);
	write_names(j, "branches", p->branches, p->n_branches);
	json_open(j, "deciding", '[');
	for (int i = 1; i <= VERDICT_CHECKS; i++)
		if ((p->deciding >> i & 1) != 0)
			json_i64(j, NULL, i);
	json_close(j, ']');
	write_project(j, p);
	json_close(j, '}');
}

static void write_time(struct json *j, const char *key, usec t)
{
	if (t > 0)
		json_time(j, key, t);
	else
		json_null(j, key);
}

static void write_ids(struct json *j, const char *key, const int64_t *ids, size_t n)
{
	json_open(j, key, '[');
	for (size_t i = 0; i < n; i++)
		json_i64(j, NULL, ids[i]);
	json_close(j, ']');
}

static void write_numbers(struct json *j, const char *key, const int32_t *numbers, size_t n)
{
	json_open(j, key, '[');
	for (size_t i = 0; i < n; i++)
		json_i64(j, NULL, numbers[i]);
	json_close(j, ']');
}

static void write_own_facts(struct json *j, const char *key, const struct facts *f)
{
	json_open(j, key, '{');
	json_uuid(j, "submission", f->submission);
	json_i64(j, "repo_id", f->repo_id);
	json_i64(j, "issue_number", f->issue_number);
	json_i64(j, "claimant_uid", f->claimant_uid);
	json_bool(j, "frozen", f->frozen);
	json_bool(j, "reference_seen", f->reference_seen);
	json_bool(j, "claim_seen", f->claim_seen);
	json_i64(j, "rival_won", f->rival_won);
	json_i64(j, "rival_first", f->rival_first);
	write_numbers(j, "rivals", f->rivals, f->n_rivals);
	write_numbers(j, "undecided", f->undecided, f->n_undecided);
	write_ids(j, "kin", f->kin, f->n_kin);
	json_bool(j, "funder_is_claimant", f->funder_is_claimant);
	json_bool(j, "reciprocal", f->reciprocal);
	write_time(j, "deadline", f->deadline);
	json_i64(j, "grace_seconds", f->grace / USEC_S);
	write_time(j, "told_at", f->told_at);
	write_names(j, "branches", f->branches, f->n_branches);
	json_close(j, '}');
}

static void write_pull(struct json *j, const struct facts *f)
{
	json_i64(j, "pull_id", f->pull_id);
	json_i64(j, "pull_number", f->pull_number);
	json_i64(j, "pull_repo_id", f->pull_repo_id);
	json_i64(j, "author_uid", f->author_uid);
	json_str(j, "author_type", f->author_type);
	json_i64(j, "merger_uid", f->merger_uid);
	json_str(j, "merger_type", f->merger_type);
	json_bool(j, "merged", f->merged);
	write_time(j, "merged_at", f->merged_at);
	write_time(j, "opened_at", f->opened_at);
	json_str(j, "default_branch", f->default_branch);
	json_str(j, "base", f->base);
	json_str(j, "head_sha", f->head_sha);
	json_str(j, "merge_sha", f->merge_sha);
}

static void write_findings(struct json *j, const struct facts *f)
{
	static const char *const closers[] = { "none", "ours", "rival", "undecided", "other" };
	static const char *const cis[] = { "unknown", "none", "green", "pending", "red" };
	static const char *const diffs[] = { "unknown", "real", "empty", "whitespace", "generated", "uncounted" };

	json_str(j, "closer", str_c(closers[f->closer]));
	json_bool(j, "reference", f->reference);
	json_bool(j, "claim", f->claim);
	json_bool(j, "claim_dated", f->claim_dated);
	json_bool(j, "linked", f->linked);
	json_bool(j, "commit", f->commit);
	json_bool(j, "reachable", f->reachable);
	json_bool(j, "reach_unknown", f->reach_unknown);
	json_bool(j, "reverted", f->reverted);
	json_bool(j, "since_unknown", f->since_unknown);
	json_bool(j, "approved", f->approved);
	json_bool(j, "reviewed", f->reviewed);
	json_bool(j, "review_stale", f->review_stale);
	json_str(j, "ci", str_c(cis[f->ci]));
	json_str(j, "diff", str_c(diffs[f->diff]));
	write_ids(j, "co_authors", f->co_authors, f->n_co_authors);
	json_i64(j, "unknown_authors", f->unknown_authors);
}

static void write_github_facts(struct json *j, const char *key, const struct facts *f)
{
	json_open(j, key, '{');
	json_i64(j, "issue_id", f->issue_id);
	json_str(j, "issue_state", f->issue_state);
	json_str(j, "issue_reason", f->issue_reason);
	write_pull(j, f);
	write_findings(j, f);
	json_close(j, '}');
}

static void write_checks(struct json *j, const char *key, const struct verdict *v)
{
	json_open(j, key, '[');
	for (size_t i = 0; i < VERDICT_CHECKS; i++) {
		json_open(j, NULL, '{');
		json_str(j, "id", str_c(v->checks[i].id));
		json_str(j, "result", str_c(check_result_name(v->checks[i].result)));
		json_str(j, "severity", str_c(v->checks[i].severity));
		json_str(j, "code", str_c(v->checks[i].code));
		json_str(j, "detail", str_c(v->checks[i].detail));
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void write_ties(struct json *j, const struct facts *f)
{
	struct tie ties[TIES_MAX];
	size_t n = verdict_ties(f, ties);

	json_open(j, "ties", '[');
	for (size_t i = 0; i < n; i++) {
		json_open(j, NULL, '{');
		json_i64(j, "level", ties[i].level);
		json_str(j, "source", str_c(ties[i].source));
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* A verdict without an award stays the text that it was before there were any. */
static void write_award(struct json *j, const struct facts *f)
{
	if (!f->awarded)
		return;
	json_open(j, "award", '{');
	json_i64(j, "actor_uid", f->awarder_uid);
	json_i64(j, "comment_id", f->award_comment);
	json_close(j, '}');
}

bool policy_text(struct work *w, const struct policy *p, str *out)
{
	struct buf b = buf_new(w->arena, TEXT_MAX);
	struct json j = { .b = &b };

	write_policy(&j, NULL, p);
	return json_canonical_buf(w, &b, "verify.too_large", out);
}

bool facts_text(struct work *w, const struct facts *f, str *out)
{
	struct buf b = buf_new(w->arena, TEXT_MAX);
	struct json j = { .b = &b };

	write_own_facts(&j, NULL, f);
	return json_canonical_buf(w, &b, "verify.too_large", out);
}

str checks_text(struct work *w, const struct verdict *v)
{
	struct buf b = buf_new(w->arena, TEXT_MAX);
	struct json j = { .b = &b };

	write_checks(&j, NULL, v);
	return buf_str(&b);
}

bool verdict_text(struct work *w, const struct verdict *v, const struct facts *f, const struct policy *p,
	const struct source *sources, size_t n, str *out)
{
	struct buf b = buf_new(w->arena, TEXT_MAX);
	struct json j = { .b = &b };

	json_open(&j, NULL, '{');
	json_i64(&j, "version", 3);
	write_policy(&j, "policy", p);
	write_own_facts(&j, "rows", f);
	write_github_facts(&j, "github", f);
	write_checks(&j, "checks", v);
	write_ties(&j, f);
	write_award(&j, f);
	json_i64(&j, "level", v->level);
	json_str(&j, "result", str_c(check_result_name(v->result)));
	json_open(&j, "evidence", '[');
	for (size_t i = 0; i < n; i++) {
		json_open(&j, NULL, '{');
		json_str(&j, "role", sources[i].role);
		json_str(&j, "sha256", hex_str(w->arena, str_of(sources[i].sha256, 32)));
		json_str(&j, "url", sources[i].url);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	return json_canonical_buf(w, &b, "verify.too_large", out);
}
