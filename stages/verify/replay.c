#include "replay.h"

#include "base/hex.h"
#include "crypto/digest.h"
#include "facts.h"

#define VERSION 3
#define KEPT_MAX 64

/* The policy of this program and of the project's file that was kept, when that is what it was judged by. */
static bool find_policy(
	struct work *w, const struct kept *k, const struct source *sources, size_t n, struct policy *out)
{
	const struct policy *base = str_eq(k->kind, STR("hold")) ? &policy_hold : &policy_merge;
	uint8_t hash[32];
	str text;

	if (!policy_of(w, base, sources, n, out) || !policy_text(w, out, &text))
		return false;
	sha256(text, hash);
	return str_eq(str_of(hash, 32), k->policy_sha256) ||
		err_set(w, ERR_INVALID, "verify.policy_unknown", "judged by a policy that this program has not");
}

static bool find(struct work *w, const struct kept *k, const cJSON *entry, struct source *out)
{
	uint8_t hash[32];

	out->role = json_get_str(entry, "role");
	out->url = json_get_str(entry, "url");
	if (!hex_decode(json_get_str(entry, "sha256"), out->sha256, 32))
		return err_set(w, ERR_INVALID, "verify.evidence_incomplete", "a document without its hash");
	for (size_t i = 0; i < k->n; i++) {
		if (!str_eq(k->hashes[i], str_of(out->sha256, 32)))
			continue;
		out->bytes = k->documents[i];
		sha256(out->bytes, hash);
		if (memcmp(hash, out->sha256, 32) == 0)
			return true;
		return err_set(w, ERR_INVALID, "verify.evidence_changed",
			"the document " STR_FMT " is not what its hash says", STR_ARG(out->role));
	}
	return err_set(w, ERR_INVALID, "verify.evidence_incomplete", "the document " STR_FMT " is not there",
		STR_ARG(out->role));
}

static bool find_all(struct work *w, const struct kept *k, const cJSON *body, struct source *sources, size_t *n)
{
	const cJSON *entry;

	*n = 0;
	cJSON_ArrayForEach(entry, json_get(body, "evidence")) {
		if (*n == KEPT_MAX)
			return err_set(w, ERR_INVALID, "verify.evidence_incomplete", "too many documents");
		if (!find(w, k, entry, &sources[(*n)++]))
			return false;
	}
	return true;
}

static str below(struct work *w, str path, const cJSON *item, int at)
{
	if (item->string == NULL)
		return arena_printf(w->arena, STR_FMT "[%d]", STR_ARG(path), at);
	return arena_printf(w->arena, STR_FMT "%s%s", STR_ARG(path), path.n == 0 ? "" : ".", item->string);
}

/* Both are canonical, so members come in one order. */
static str first_difference(struct work *w, const cJSON *a, const cJSON *b, str path)
{
	int at = 0;

	if (a->child == NULL || b->child == NULL || a->type != b->type)
		return str_eq(json_print(w, a), json_print(w, b)) ? (str){ NULL, 0 } : path;
	for (a = a->child, b = b->child; a != NULL && b != NULL; a = a->next, b = b->next, at++) {
		str under = below(w, path, a, at), found;

		if (!str_eq(str_c(a->string), str_c(b->string)))
			return under;
		found = first_difference(w, a, b, under);
		if (found.p != NULL)
			return found;
	}
	if (a == NULL && b == NULL)
		return (str){ NULL, 0 };
	return below(w, path, a != NULL ? a : b, at);
}

static bool compare(struct work *w, str one, str two, str *difference)
{
	const cJSON *a, *b;

	*difference = (str){ NULL, 0 };
	if (str_eq(one, two))
		return true;
	if (!json_parse(w, one, &a) || !json_parse(w, two, &b))
		return false;
	*difference = first_difference(w, a, b, STR(""));
	if (difference->n == 0) /* the same values in other bytes */
		*difference = STR("bytes");
	return true;
}

bool verdict_replay(struct work *w, const struct kept *k, str *out, str *difference)
{
	struct source sources[KEPT_MAX];
	struct policy policy;
	const cJSON *body;
	struct verdict v;
	struct facts f;
	uint8_t root[32];
	int64_t version;
	size_t n;

	if (!json_parse(w, k->body, &body))
		return false;
	if (!json_get_i64(body, "version", &version) || version != VERSION)
		return err_set(w, ERR_INVALID, "verify.replay_version", "judged by an earlier version of the verdict");
	if (!find_all(w, k, body, sources, &n) || !find_policy(w, k, sources, n, &policy))
		return false;
	evidence_sort(sources, n, root);
	if (!str_eq(str_of(root, 32), k->evidence_root))
		return err_set(w, ERR_INVALID, "verify.evidence_changed", "the documents are others than were judged");
	if (!facts_of(w, sources, n, &f))
		return false;
	verdict_of(&f, &policy, &v);
	return verdict_text(w, &v, &f, &policy, sources, n, out) && compare(w, k->body, *out, difference);
}
