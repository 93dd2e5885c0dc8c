#include "model/policy.h"

#include "base/json.h"
#include "model/glob.h"

#define VERSION 1
#define EVIDENCE 3
#define CHECKS 17

/* What a project may ask for, by the number of the check. */
static const char *const names[CHECKS + 1] = {
	[8] = "sole_author",
	[11] = "review",
	[12] = "checks",
	[13] = "substance",
};

struct file {
	int32_t version, evidence;
	str branches, require, paths, bounties; /* all but the last as JSON */
};
static const struct field fields[] = {
	FIELD(FIELD_I32, struct file, version),
	FIELD(FIELD_I32, struct file, evidence, .min = EVIDENCE, .max = 5, .optional = true),
	FIELD(FIELD_JSON, struct file, branches, .optional = true),
	FIELD(FIELD_JSON, struct file, require, .optional = true),
	FIELD(FIELD_JSON, struct file, paths, .optional = true),
	FIELD(FIELD_STR, struct file, bounties, .one_of = "anyone|members", .optional = true),
};

static bool wrong(struct work *w, const char *what)
{
	return err_set(w, ERR_INVALID, "policy.value", "%s", what);
}

/* What the reader of JSON says, in words of ours. */
static bool refused(struct work *w)
{
	const char *text = arena_cstr(w->arena, str_c(w->err.text)); /* err_set writes over it */

	if (strcmp(w->err.code, "json.unknown") == 0)
		return err_set(w, ERR_INVALID, "policy.unknown_key", "%s", text);
	if (str_one_of(str_c(w->err.code), "json.missing|json.type|json.range"))
		return wrong(w, text);
	return err_set(w, ERR_INVALID, "policy.malformed", "%s", text);
}

static bool is_branch(const cJSON *item)
{
	str name = cJSON_IsString(item) ? str_c(item->valuestring) : (str){ NULL, 0 };

	for (size_t i = 0; i < name.n; i++)
		if ((uint8_t)name.p[i] <= ' ' || name.p[i] == 0x7f || memchr("~^:?*[\\", name.p[i], 7) != NULL)
			return false;
	return name.n > 0 && name.n <= 255;
}

static bool read_branches(struct work *w, str text, struct project_policy *out)
{
	const cJSON *list, *item;

	if (text.n == 0)
		return true;
	if (!json_parse(w, text, &list))
		return refused(w);
	if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > POLICY_BRANCHES_MAX)
		return wrong(w, "branches: a list of at most 20 names");
	cJSON_ArrayForEach(item, list) {
		if (!is_branch(item))
			return wrong(w, "branches: each is the name of a branch, of at most 255 bytes");
		out->branches[out->n_branches++] = str_c(item->valuestring);
	}
	return true;
}

static int check_of(const cJSON *item)
{
	for (int i = 1; i <= CHECKS && cJSON_IsString(item); i++)
		if (names[i] != NULL && strcmp(names[i], item->valuestring) == 0)
			return i;
	return 0;
}

static bool read_required(struct work *w, str text, struct project_policy *out)
{
	const cJSON *list, *item;

	if (text.n == 0)
		return true;
	if (!json_parse(w, text, &list))
		return refused(w);
	if (!cJSON_IsArray(list))
		return wrong(w, "require: a list");
	cJSON_ArrayForEach(item, list) {
		int check = check_of(item);

		if (check == 0 || (out->required >> check & 1) != 0)
			return wrong(w, "require: each of review, checks, substance, sole_author once at most");
		out->required |= UINT32_C(1) << check;
	}
	return true;
}

static str without_sign(str pattern)
{
	return str_starts(pattern, STR("!")) ? str_skip(pattern, 1) : pattern;
}

static bool read_paths(struct work *w, str text, struct project_policy *out)
{
	const cJSON *list, *item;

	if (text.n == 0)
		return true;
	if (!json_parse(w, text, &list))
		return refused(w);
	if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > POLICY_PATHS_MAX)
		return wrong(w, "paths: a list of at most 20 patterns");
	cJSON_ArrayForEach(item, list) {
		str pattern = cJSON_IsString(item) ? str_c(item->valuestring) : (str){ NULL, 0 };

		if (!glob_valid(without_sign(pattern)))
			return wrong(w,
				"paths: each is a pattern of at most 200 bytes, of * ? and ** alone between slashes, no [ ] { }");
		out->paths[out->n_paths++] = pattern;
	}
	return true;
}

bool project_policy_counts(const str *paths, size_t n, str path)
{
	for (size_t i = n; i-- > 0;)
		if (glob_match(without_sign(paths[i]), path))
			return !str_starts(paths[i], STR("!"));
	return n == 0 || str_starts(paths[0], STR("!"));
}

bool project_policy_read(struct work *w, str text, struct project_policy *out)
{
	struct file file = { .evidence = EVIDENCE };
	const cJSON *json;
	int64_t version;

	*out = (struct project_policy){ 0 };
	if (!json_parse(w, text, &json))
		return refused(w);
	if (json_get_i64(json, "version", &version) && version != VERSION)
		return err_set(w, ERR_INVALID, "policy.version", "this program knows version %d", VERSION);
	if (!json_read(w, json, FIELDS(struct file, fields), JSON_STRICT, &file))
		return refused(w);
	out->evidence = file.evidence;
	out->members = str_eq(file.bounties, STR("members"));
	return read_branches(w, file.branches, out) && read_required(w, file.require, out) &&
		read_paths(w, file.paths, out);
}

str project_policy_text(struct work *w, const struct project_policy *p)
{
	struct buf b = buf_new(w->arena, 1 << 16);
	struct json j = { .b = &b };

	json_open(&j, NULL, '{');
	json_i64(&j, "version", VERSION);
	json_i64(&j, "evidence", p->evidence);
	json_str(&j, "bounties", p->members ? STR("members") : STR("anyone"));
	json_open(&j, "branches", '[');
	for (size_t i = 0; i < p->n_branches; i++)
		json_str(&j, NULL, p->branches[i]);
	json_close(&j, ']');
	json_open(&j, "paths", '[');
	for (size_t i = 0; i < p->n_paths; i++)
		json_str(&j, NULL, p->paths[i]);
	json_close(&j, ']');
	json_open(&j, "require", '[');
	for (int i = 1; i <= CHECKS; i++)
		if ((p->required >> i & 1) != 0)
			json_str(&j, NULL, str_c(names[i]));
	json_close(&j, ']');
	json_close(&j, '}');
	return buf_str(&b);
}
