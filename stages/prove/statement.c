#include "statement.h"

#include "base/hex.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "wire/cid.h"

#define WHOLE 10000 /* basis points */

/* What the statement needs of the verdict. */
struct merge {
	int64_t repo_id, issue_id, pull_id, author_uid, merger_uid;
	int32_t issue_number, pull_number, level;
	str base, head_sha, merge_sha, merged_at;
	str checks, project_policy; /* the latter: sha256 of the project's own file in hex */
};
static const struct field merge_fields[] = {
	FIELD(FIELD_I64, struct merge, repo_id, .from = "rows.repo_id"),
	FIELD(FIELD_I32, struct merge, issue_number, .from = "rows.issue_number"),
	FIELD(FIELD_I64, struct merge, issue_id, .from = "github.issue_id"),
	FIELD(FIELD_I64, struct merge, pull_id, .from = "github.pull_id"),
	FIELD(FIELD_I32, struct merge, pull_number, .from = "github.pull_number"),
	FIELD(FIELD_I64, struct merge, author_uid, .from = "github.author_uid"),
	FIELD(FIELD_I64, struct merge, merger_uid, .from = "github.merger_uid"),
	FIELD(FIELD_STR, struct merge, base, .from = "github.base"),
	FIELD(FIELD_STR, struct merge, head_sha, .from = "github.head_sha"),
	FIELD(FIELD_STR, struct merge, merge_sha, .from = "github.merge_sha"),
	FIELD(FIELD_STR, struct merge, merged_at, .from = "github.merged_at"),
	FIELD(FIELD_I32, struct merge, level),
	FIELD(FIELD_JSON, struct merge, checks),
	FIELD(FIELD_STR, struct merge, project_policy, .from = "policy.project", .optional = true),
};

static void write_subject(struct work *w, struct json *j, const struct merge *m)
{
	json_open(j, "subject", '[');
	json_open(j, NULL, '{');
	json_str(j, "name", arena_printf(w->arena, "https://api.github.com/repositories/%lld", (long long)m->repo_id));
	json_open(j, "digest", '{');
	json_str(j, "gitCommit", m->merge_sha);
	json_close(j, '}');
	json_close(j, '}');
	json_close(j, ']');
}

static void write_pull(struct json *j, const struct merge *m)
{
	json_open(j, "pull", '{');
	json_i64(j, "id", m->pull_id);
	json_i64(j, "number", m->pull_number);
	json_str(j, "base", m->base);
	json_str(j, "head_sha", m->head_sha);
	json_str(j, "merge_sha", m->merge_sha);
	json_str(j, "merged_at", m->merged_at);
	json_close(j, '}');
}

static void write_numbered(struct json *j, const char *key, int64_t id, int32_t number)
{
	json_open(j, key, '{');
	json_i64(j, "id", id);
	if (number > 0)
		json_i64(j, "number", number);
	json_close(j, '}');
}

static void write_people(struct json *j, const struct merge *m)
{
	write_numbered(j, "author", m->author_uid, 0);
	if (m->merger_uid != 0)
		write_numbered(j, "merger", m->merger_uid, 0);
	else
		json_null(j, "merger");
	json_open(j, "split", '[');
	json_open(j, NULL, '{');
	json_i64(j, "author_id", m->author_uid);
	json_i64(j, "bp", WHOLE);
	json_close(j, '}');
	json_close(j, ']');
}

static void write_bounty(struct json *j, const struct statement *s)
{
	json_open(j, "bounty", '{');
	json_uuid(j, "id", s->bounty);
	json_u256(j, "amount", s->amount);
	json_str(j, "asset", s->asset);
	json_str(j, "chain", s->chain);
	json_raw(j, "deposits", s->deposits);
	json_close(j, '}');
}

static void write_evidence(struct work *w, struct json *j, const struct statement *s, const struct merge *m)
{
	uint8_t hash[32];

	sha256(s->verdict, hash);
	json_open(j, "verdict", '{');
	json_str(j, "sha256", hex_str(w->arena, str_of(hash, 32)));
	json_str(j, "policy_sha256", hex_str(w->arena, str_of(s->policy_sha256, 32)));
	if (m->project_policy.n > 0)
		json_str(j, "project_policy_sha256", m->project_policy);
	else
		json_null(j, "project_policy_sha256");
	json_i64(j, "level", m->level);
	json_raw(j, "checks", m->checks);
	json_open(j, "evidence_sha256", '[');
	for (size_t i = 0; i < s->n_evidence; i++)
		json_str(j, NULL, hex_str(w->arena, s->evidence[i]));
	json_close(j, ']');
	json_close(j, '}');
}

bool statement_text(struct work *w, const struct statement *s, str *out)
{
	struct buf b = buf_new(w->arena, CID_MAX_BLOCK);
	struct json j = { .b = &b };
	struct merge m = { 0 };

	if (!json_read_text(w, s->verdict, FIELDS(struct merge, merge_fields), 0, &m))
		return err_set(w, ERR_BUG, "prove.verdict_incomplete", "a passing verdict lacks a member");
	json_open(&j, NULL, '{');
	json_str(&j, "_type", STR(STATEMENT_TYPE));
	write_subject(w, &j, &m);
	json_str(&j, "predicateType", STR(STATEMENT_PREDICATE));
	json_open(&j, "predicate", '{');
	write_numbered(&j, "repository", m.repo_id, 0);
	write_numbered(&j, "issue", m.issue_id, m.issue_number);
	write_pull(&j, &m);
	write_people(&j, &m);
	write_bounty(&j, s);
	write_evidence(w, &j, s, &m);
	json_close(&j, '}');
	json_close(&j, '}');
	return json_canonical_buf(w, &b, "proof.too_large", out);
}
