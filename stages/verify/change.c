/* Checks on the merge commit, and what the files' diff amounts to. */
#include "document.h"

#include "model/policy.h"

#define WORK_MAX ((size_t)1 << 28) /* bytes of paths times bytes of patterns: seconds, in the worst case */

/* GitHub hands out 100 at once; a green page of more says nothing about the rest. */
static enum ci ci_of_runs(const cJSON *json)
{
	const cJSON *runs = json_get(json, "check_runs"), *run;
	enum ci ci = CI_NONE;
	int64_t total;

	if (!cJSON_IsArray(runs))
		return CI_UNKNOWN;
	cJSON_ArrayForEach(run, runs) {
		if (str_one_of(json_get_str(run, "conclusion"), "failure|timed_out|cancelled|action_required"))
			return CI_RED;
		if (!str_eq(json_get_str(run, "status"), STR("completed")))
			ci = CI_PENDING;
		else if (ci != CI_PENDING)
			ci = CI_GREEN;
	}
	return json_get_i64(json, "total_count", &total) && total > cJSON_GetArraySize(runs) ? CI_UNKNOWN : ci;
}

/* Statuses, which are older than check runs; GitHub calls none of them "pending". */
static enum ci ci_of_statuses(const cJSON *json)
{
	str state = json_get_str(json, "state");
	int64_t total;

	if (!json_get_i64(json, "total_count", &total))
		return CI_UNKNOWN;
	if (total == 0)
		return CI_NONE;
	if (str_one_of(state, "failure|error"))
		return CI_RED;
	return str_eq(state, STR("success")) ? CI_GREEN : CI_PENDING;
}

static enum ci worse(enum ci a, enum ci b)
{
	static const int rank[] = { [CI_NONE] = 0, [CI_GREEN] = 1, [CI_PENDING] = 2, [CI_UNKNOWN] = 3, [CI_RED] = 4 };

	return rank[a] > rank[b] ? a : b;
}

enum ci change_ci(const cJSON *checks, const cJSON *statuses)
{
	return worse(ci_of_runs(checks), ci_of_statuses(statuses));
}

static bool is_generated(str name)
{
	static const str ends[] = { { ".lock", 5 }, { "-lock.json", 10 }, { "-lock.yaml", 10 }, { ".sum", 4 },
		{ ".min.js", 7 }, { ".min.css", 8 }, { ".map", 4 }, { ".snap", 5 } };
	static const str folders[] = { { "node_modules/", 13 }, { "vendor/", 7 }, { "dist/", 5 } };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (str_ends(name, ends[i]))
			return true;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (str_starts(name, folders[i]))
			return true;
	return false;
}

/* The patch's lines that begin with sign, without white space. */
static str squeezed(struct work *w, str patch, char sign)
{
	struct buf b = buf_new(w->arena, SIZE_MAX / 4);
	str line;

	while (str_next(&patch, '\n', &line))
		for (size_t i = 1; line.n > 0 && line.p[0] == sign && i < line.n; i++)
			if (memchr(" \t\r\f\v", line.p[i], 5) == NULL)
				buf_byte(&b, (uint8_t)line.p[i]);
	return buf_str(&b);
}

static bool is_whitespace(struct work *w, const cJSON *file)
{
	str patch = json_get_str(file, "patch"); /* binary files and large ones have none */

	return patch.n > 0 && str_eq(squeezed(w, patch, '+'), squeezed(w, patch, '-'));
}

/* A file that is moved changes where it was, too. */
static bool counts(const struct policy *p, const cJSON *file)
{
	str name = json_get_str(file, "filename"), before = json_get_str(file, "previous_filename");

	return project_policy_counts(p->paths, p->n_paths, name) ||
		(before.n > 0 && project_policy_counts(p->paths, p->n_paths, before));
}

/* Whose patterns and paths they are may mean to keep us busy for minutes. */
static bool is_too_much(const struct policy *p, const cJSON *files)
{
	size_t paths = 0, patterns = 0;
	const cJSON *file;

	for (size_t i = 0; i < p->n_paths; i++)
		patterns += p->paths[i].n;
	cJSON_ArrayForEach(file, files)
		paths += json_get_str(file, "filename").n + json_get_str(file, "previous_filename").n;
	return patterns > 0 && paths > WORK_MAX / patterns;
}

enum diff change_diff(struct work *w, const struct policy *p, const cJSON *files)
{
	bool trivial = true, whitespace = true, counted = false;
	const cJSON *file;

	if (!cJSON_IsArray(files) || is_too_much(p, files))
		return DIFF_UNKNOWN;
	if (cJSON_GetArraySize(files) == 0)
		return DIFF_EMPTY;
	cJSON_ArrayForEach(file, files) {
		bool blank;

		if (!counts(p, file))
			continue;
		blank = is_whitespace(w, file);
		trivial = trivial && (blank || is_generated(json_get_str(file, "filename")));
		whitespace = whitespace && blank;
		counted = true;
	}
	if (!counted)
		return DIFF_UNCOUNTED;
	return whitespace ? DIFF_WHITESPACE : trivial ? DIFF_GENERATED : DIFF_REAL;
}
