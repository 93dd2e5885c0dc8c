#include "facts.h"

#include "base/hex.h"
#include "crypto/digest.h"
#include "document.h"
#include "model/policy.h"

/* --- our own rows --- */

struct rows {
	struct facts f;
	int64_t grace_s;
};
static const struct field rows_fields[] = {
	FIELD(FIELD_UUID, struct rows, f.submission, .from = "submission"),
	FIELD(FIELD_I64, struct rows, f.repo_id, .from = "repo_id"),
	FIELD(FIELD_I32, struct rows, f.issue_number, .from = "issue_number"),
	FIELD(FIELD_I64, struct rows, f.claimant_uid, .from = "claimant_uid"),
	FIELD(FIELD_BOOL, struct rows, f.frozen, .from = "frozen"),
	FIELD(FIELD_BOOL, struct rows, f.reference_seen, .from = "reference_seen"),
	FIELD(FIELD_BOOL, struct rows, f.claim_seen, .from = "claim_seen"),
	FIELD(FIELD_I32, struct rows, f.rival_won, .from = "rival_won"),
	FIELD(FIELD_I32, struct rows, f.rival_first, .from = "rival_first"),
	FIELD(FIELD_BOOL, struct rows, f.funder_is_claimant, .from = "funder_is_claimant"),
	FIELD(FIELD_BOOL, struct rows, f.reciprocal, .from = "reciprocal"),
	FIELD(FIELD_TIME, struct rows, f.deadline, .from = "deadline"),
	FIELD(FIELD_I64, struct rows, grace_s, .from = "grace_seconds"),
	FIELD(FIELD_TIME, struct rows, f.told_at, .from = "told_at", .optional = true),
};

static const int64_t *ids_of(struct work *w, const cJSON *list, size_t *n)
{
	int64_t *ids = arena_array(w->arena, (size_t)cJSON_GetArraySize(list), sizeof(ids[0]));

	*n = 0;
	for (const cJSON *item = list == NULL ? NULL : list->child; item != NULL; item = item->next)
		*n += json_i64_of(item, &ids[*n]);
	return ids;
}

static const int32_t *numbers_of(struct work *w, const cJSON *list, size_t *n)
{
	const int64_t *ids = ids_of(w, list, n);
	int32_t *numbers = arena_array(w->arena, *n, sizeof(numbers[0]));

	for (size_t i = 0; i < *n; i++)
		numbers[i] = (int32_t)ids[i];
	return numbers;
}

static const str *names_of(struct work *w, const cJSON *list, size_t *n)
{
	str *names = arena_array(w->arena, (size_t)cJSON_GetArraySize(list), sizeof(names[0]));

	*n = 0;
	for (const cJSON *item = list == NULL ? NULL : list->child; item != NULL; item = item->next)
		if (cJSON_IsString(item))
			names[(*n)++] = str_c(item->valuestring);
	return names;
}

static bool read_rows(struct work *w, const cJSON *json, struct facts *f)
{
	struct rows rows = { 0 };

	if (json == NULL || !json_read(w, json, FIELDS(struct rows, rows_fields), 0, &rows))
		return document_incomplete(w, "rows");
	*f = rows.f;
	f->grace = rows.grace_s * USEC_S;
	f->kin = ids_of(w, json_get(json, "kin"), &f->n_kin);
	f->rivals = numbers_of(w, json_get(json, "rivals"), &f->n_rivals);
	f->undecided = numbers_of(w, json_get(json, "undecided"), &f->n_undecided);
	f->branches = names_of(w, json_get(json, "branches"), &f->n_branches);
	return true;
}

/* --- the pull request and its issue --- */

static const struct field pull_fields[] = {
	FIELD(FIELD_I64, struct facts, pull_id, .from = "id"),
	FIELD(FIELD_I32, struct facts, pull_number, .from = "number"),
	FIELD(FIELD_I64, struct facts, pull_repo_id, .from = "base.repo.id"),
	FIELD(FIELD_I64, struct facts, author_uid, .from = "user.id", .optional = true),
	FIELD(FIELD_STR, struct facts, author_type, .from = "user.type", .optional = true),
	FIELD(FIELD_I64, struct facts, merger_uid, .from = "merged_by.id", .optional = true),
	FIELD(FIELD_STR, struct facts, merger_type, .from = "merged_by.type", .optional = true),
	FIELD(FIELD_BOOL, struct facts, merged),
	FIELD(FIELD_TIME, struct facts, merged_at, .optional = true),
	FIELD(FIELD_TIME, struct facts, opened_at, .from = "created_at"),
	FIELD(FIELD_STR, struct facts, base, .from = "base.ref"),
	FIELD(FIELD_STR, struct facts, head_sha, .from = "head.sha"),
	FIELD(FIELD_STR, struct facts, merge_sha, .from = "merge_commit_sha", .optional = true),
	FIELD(FIELD_STR, struct facts, title),
};
static const struct field issue_fields[] = {
	FIELD(FIELD_I64, struct facts, issue_id, .from = "id"),
	FIELD(FIELD_STR, struct facts, issue_state, .from = "state"),
	FIELD(FIELD_STR, struct facts, issue_reason, .from = "state_reason", .optional = true),
};
static const struct field repository_fields[] = {
	FIELD(FIELD_STR, struct facts, default_branch),
};

static bool read_pull(struct work *w, const cJSON *json, struct facts *f)
{
	if (json == NULL || !json_read(w, json, FIELDS(struct facts, pull_fields), 0, f))
		return document_incomplete(w, "pull");
	if (!f->merged)
		f->merge_sha = (str){ NULL, 0 };
	f->claim = ties_claim(w, json_get_str(json, "body"), f->issue_number);
	return true;
}

static bool merged_by_another(const struct facts *f)
{
	return f->merger_uid != 0 && str_eq(f->merger_type, STR("User")) && f->merger_uid != f->author_uid &&
		!facts_is_kin(f, f->merger_uid);
}

/* What the project's own file says; one that is not to be read is told of by policy_of. */
static bool own_policy(struct work *w, const struct source *sources, size_t n, struct policy *out)
{
	if (policy_of(w, &policy_merge, sources, n, out))
		return true;
	err_clear(w);
	return false;
}

static bool review_required(struct work *w, const struct source *sources, size_t n)
{
	struct policy p;

	return !own_policy(w, sources, n, &p) || policy_requires(&p, 11); /* V11 */
}

size_t facts_approvers(struct work *w, const struct source *sources, size_t n, str logins[], int64_t uids[], size_t max)
{
	const cJSON *pull = document_json(w, sources, n, "pull");
	struct facts f = { 0 };

	if (!read_rows(w, document_json(w, sources, n, "rows"), &f) || pull == NULL ||
		!json_read(w, pull, FIELDS(struct facts, pull_fields), 0, &f)) {
		err_clear(w);
		return 0;
	}
	if (!f.merged || (merged_by_another(&f) && !review_required(w, sources, n)))
		return 0;
	return review_approvers(w, document_json(w, sources, n, "reviews"), &f, logins, uids, max);
}

/* What GitHub need not have for us. */
static void read_optional(
	struct work *w, const struct source *sources, size_t n, const cJSON *repository, struct facts *f)
{
	const cJSON *reach = document_json(w, sources, n, "reach");
	struct policy own = policy_merge;

	(void)own_policy(w, sources, n, &own);
	since_reach(reach, f);
	since_read(w, document_json(w, sources, n, "since"), reach, document_json(w, sources, n, "before"),
		json_get_str(repository, "full_name"), f);
	ties_comments(w, document_json(w, sources, n, "comments"), document_json(w, sources, n, "editors"), f);
	ties_award(document_json(w, sources, n, "award"), f);
	review_read(w, sources, n, f);
	f->ci = change_ci(document_json(w, sources, n, "checks"), document_json(w, sources, n, "statuses"));
	f->diff = change_diff(w, &own, document_json(w, sources, n, "files"));
}

bool facts_of(struct work *w, const struct source *sources, size_t n, struct facts *f)
{
	const cJSON *repository = document_json(w, sources, n, "repository"),
		    *issue = document_json(w, sources, n, "issue");

	*f = (struct facts){ 0 };
	if (!read_rows(w, document_json(w, sources, n, "rows"), f) ||
		!read_pull(w, document_json(w, sources, n, "pull"), f))
		return false;
	if (repository == NULL || !json_read(w, repository, FIELDS(struct facts, repository_fields), 0, f))
		return document_incomplete(w, "repository");
	if (issue == NULL || !json_read(w, issue, FIELDS(struct facts, issue_fields), 0, f))
		return document_incomplete(w, "issue");
	if (!ties_history(w, document_json(w, sources, n, "history"), f) ||
		!ties_references(w, document_json(w, sources, n, "references"), f) ||
		!ties_commits(w, document_json(w, sources, n, "commits"), json_get_str(repository, "full_name"), f))
		return false;
	read_optional(w, sources, n, repository, f);
	return true;
}

bool policy_of(struct work *w, const struct policy *base, const struct source *sources, size_t n, struct policy *out)
{
	str text = document_bytes(sources, n, "policy");
	struct project_policy *own;
	uint8_t sum[32];

	*out = *base;
	if (text.p == NULL)
		return true;
	own = arena_zero(w->arena, sizeof(*own));
	if (!project_policy_read(w, text, own))
		return false;
	sha256(text, sum);
	out->project = hex_str(w->arena, str_of(sum, 32));
	out->required = own->required;
	out->branches = own->branches;
	out->n_branches = own->n_branches;
	out->paths = own->paths;
	out->n_paths = own->n_paths;
	if (out->level < own->evidence)
		out->level = own->evidence;
	return true;
}
