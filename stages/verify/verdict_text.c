/* A verdict, its policy, facts and evidence as canonical JSON. */
#include <stdlib.h>

#include "base/hex.h"
#include "crypto/digest.h"
#include "verdict.h"

#define TEXT_MAX (1 << 20)

static int by_hash(const void *a, const void *b)
{
	return memcmp(((const struct source *)a)->sha256, ((const struct source *)b)->sha256, 32);
}

void evidence_sort(struct source *sources, size_t *n, uint8_t root[32])
{
	struct arena *arena = arena_new();
	struct buf hashes = buf_new(arena, *n * 32);
	size_t kept = 0;

	if (*n > 0)
		qsort(sources, *n, sizeof(sources[0]), by_hash);
	for (size_t i = 0; i < *n; i++)
		if (kept == 0 || by_hash(&sources[kept - 1], &sources[i]) != 0)
			sources[kept++] = sources[i];
	for (size_t i = 0; i < kept; i++)
		buf_add(&hashes, str_of(sources[i].sha256, 32));
	sha256(buf_str(&hashes), root);
	arena_free(&arena);
	*n = kept;
}

static void write_policy(struct json *j, const char *key, const struct policy *p)
{
	json_open(j, key, '{');
	json_i64(j, "version", p->version);
	json_i64(j, "level", p->level);
	json_open(j, "branches", '[');
	for (size_t i = 0; i < p->n_branches; i++)
		json_str(j, NULL, p->branches[i]);
	json_close(j, ']');
	json_open(j, "checks", '[');
	for (size_t i = 0; i < VERDICT_CHECKS; i++)
		json_str(j, NULL, str_c((const char *const[]){ "V1", "V2", "V3", "V4", "V5", "V6", "V7", "V16" }[i]));
	json_close(j, ']');
	json_close(j, '}');
}

static void write_time(struct json *j, const char *key, usec t)
{
	if (t > 0)
		json_time(j, key, t);
	else
		json_null(j, key);
}

static void write_own_facts(struct json *j, const char *key, const struct facts *f)
{
	json_open(j, key, '{');
	json_uuid(j, "submission", f->submission);
	json_i64(j, "repo_id", f->repo_id);
	json_i64(j, "issue_number", f->issue_number);
	json_i64(j, "claimant_uid", f->claimant_uid);
	json_bool(j, "reference_seen", f->reference_seen);
	json_bool(j, "claim_seen", f->claim_seen);
	json_i64(j, "rival_won", f->rival_won);
	json_i64(j, "rival_first", f->rival_first);
	json_close(j, '}');
}

static void write_github_facts(struct json *j, const char *key, const struct facts *f)
{
	json_open(j, key, '{');
	json_i64(j, "issue_id", f->issue_id);
	json_str(j, "issue_state", f->issue_state);
	json_str(j, "issue_reason", f->issue_reason);
	json_i64(j, "pull_id", f->pull_id);
	json_i64(j, "pull_number", f->pull_number);
	json_i64(j, "pull_repo_id", f->pull_repo_id);
	json_i64(j, "author_uid", f->author_uid);
	json_str(j, "author_type", f->author_type);
	json_i64(j, "merger_uid", f->merger_uid);
	json_bool(j, "merged", f->merged);
	write_time(j, "merged_at", f->merged_at);
	json_str(j, "default_branch", f->default_branch);
	json_str(j, "base", f->base);
	json_str(j, "head_sha", f->head_sha);
	json_str(j, "merge_sha", f->merge_sha);
	json_str(j, "closer_sha", f->closer_sha);
	json_bool(j, "reference", f->reference);
	json_bool(j, "claim", f->claim);
	json_bool(j, "commit", f->commit);
	json_bool(j, "reachable", f->reachable);
	json_close(j, '}');
}

static void write_checks(struct json *j, const char *key, const struct verdict *v)
{
	json_open(j, key, '[');
	for (size_t i = 0; i < VERDICT_CHECKS; i++) {
		json_open(j, NULL, '{');
		json_str(j, "id", str_c(v->checks[i].id));
		json_str(j, "result", str_c(check_result_name(v->checks[i].result)));
		json_str(j, "code", str_c(v->checks[i].code));
		json_str(j, "detail", str_c(v->checks[i].detail));
		json_close(j, '}');
	}
	json_close(j, ']');
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
	json_i64(&j, "version", 1);
	write_policy(&j, "policy", p);
	write_own_facts(&j, "rows", f);
	write_github_facts(&j, "github", f);
	write_checks(&j, "checks", v);
	json_i64(&j, "level", v->level);
	json_str(&j, "result", str_c(check_result_name(v->result)));
	json_open(&j, "evidence", '[');
	for (size_t i = 0; i < n; i++) {
		json_open(&j, NULL, '{');
		json_str(&j, "sha256", hex_str(w->arena, str_of(sources[i].sha256, 32)));
		json_str(&j, "url", sources[i].url);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	return json_canonical_buf(w, &b, "verify.too_large", out);
}
