#include "base/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json_scan.h"

static void *allocate(size_t n)
{
	void *p = malloc(n);

	if (p == NULL)
		abort(); /* as everywhere: cJSON would take it for malformed input */
	return p;
}

__attribute__((constructor)) static void hook_memory(void)
{
	cJSON_InitHooks(&(cJSON_Hooks){ .malloc_fn = allocate, .free_fn = free });
}

static void delete_tree(void *tree)
{
	cJSON_Delete(tree);
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

static bool check_names(struct work *w, const cJSON *object)
{
	struct arena_mark mark = arena_mark(w->arena);
	const cJSON **names, *item;
	size_t n = 0;
	bool ok = true;

	cJSON_ArrayForEach(item, object)
		n++;
	names = arena_array(w->arena, n, sizeof(*names));
	n = 0;
	cJSON_ArrayForEach(item, object)
		names[n++] = item;
	/* Sorted, so that a large object full of nothing but names costs n log n. */
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 1; i < n && ok; i++)
		if (by_name(&names[i - 1], &names[i]) == 0)
			ok = err_set(w, ERR_INVALID, "json.duplicate_key", "\"%.64s\" twice in one object",
				names[i]->string);
	arena_rewind(w->arena, mark);
	return ok;
}

static bool check_tree(struct work *w, const cJSON *tree)
{
	const cJSON *item;

	if (cJSON_IsNumber(tree) && !isfinite(tree->valuedouble))
		return err_set(w, ERR_INVALID, "json.malformed", "a number is too large");
	if (cJSON_IsObject(tree) && !check_names(w, tree))
		return false;
	cJSON_ArrayForEach(item, tree)
		if (!check_tree(w, item))
			return false;
	return true;
}

bool json_parse(struct work *w, str text, const cJSON **out)
{
	cJSON *tree;

	if (!json_scan(w, text))
		return false;
	tree = cJSON_ParseWithLength(text.p, text.n);
	if (tree == NULL)
		return err_set(w, ERR_INVALID, "json.malformed", "unreadable");
	arena_defer(w->arena, delete_tree, tree);
	if (!check_tree(w, tree))
		return false;
	*out = tree;
	return true;
}

/* The member of that name. cJSON's lookups want the name terminated. */
static const cJSON *member(const cJSON *object, str name)
{
	const cJSON *item;

	if (!cJSON_IsObject(object))
		return NULL;
	cJSON_ArrayForEach(item, object)
		if (str_eq(str_c(item->string), name))
			return item;
	return NULL;
}

const cJSON *json_get(const cJSON *object, const char *path)
{
	str rest = str_c(path), name;

	while (object != NULL && str_next(&rest, '.', &name))
		object = member(object, name);
	return object;
}

str json_get_str(const cJSON *object, const char *path)
{
	const cJSON *item = json_get(object, path);

	return cJSON_IsString(item) ? str_c(item->valuestring) : (str){ 0 };
}

bool json_get_i64(const cJSON *object, const char *path, int64_t *out)
{
	const cJSON *item = json_get(object, path);

	return item != NULL && json_i64_of(item, out);
}

static const char *path_of(const struct field *f)
{
	return f->from == NULL ? f->name : f->from;
}

static bool known(struct fields fields, str name)
{
	for (size_t i = 0; i < fields.n; i++) {
		str rest = str_c(path_of(&fields.at[i])), first;

		if (str_next(&rest, '.', &first) && str_eq(first, name))
			return true;
	}
	return false;
}

static bool check_known(struct work *w, const cJSON *object, struct fields fields)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, object)
		if (!known(fields, str_c(item->string)))
			return err_set(w, ERR_INVALID, "json.unknown", "no member \"%.64s\" here", item->string);
	return true;
}

static enum field_fit read_integer(const struct field *f, const cJSON *item, void *out, char *why)
{
	int64_t v;

	if (!json_i64_of(item, &v)) {
		snprintf(why, FIELD_WHY, "must be an integer below 2^53 in size");
		return FIELD_NOT_TYPE;
	}
	return field_read_i64(f, v, out, why);
}

/* JSON's own type first, then the text's meaning, so that "7" is no number and 7 is no string. */
static enum field_fit read_item(struct work *w, const struct field *f, const cJSON *item, void *out, char *why)
{
	void *to = (char *)out + f->offset;

	assert(f->type != FIELD_SECRET);
	if (f->type == FIELD_JSON) {
		*(str *)to = json_print(w, item);
		return FIELD_FITS;
	}
	if (f->type == FIELD_BOOL && cJSON_IsBool(item)) {
		*(bool *)to = cJSON_IsTrue(item);
		return FIELD_FITS;
	}
	if (f->type == FIELD_I32 || f->type == FIELD_I64)
		return read_integer(f, item, out, why);
	if (f->type != FIELD_BOOL && cJSON_IsString(item))
		return field_read(w->arena, f, str_c(item->valuestring), out, why);
	snprintf(why, FIELD_WHY, "must be %s%s", f->type == FIELD_BOOL ? "" : "a string: ", field_type_name(f->type));
	return FIELD_NOT_TYPE;
}

static bool read_field(struct work *w, const cJSON *object, const struct field *f, void *out)
{
	const cJSON *item = json_get(object, path_of(f));
	bool there = item != NULL && !cJSON_IsNull(item);
	char why[FIELD_WHY];
	enum field_fit fit;

	field_mark(f, there, out);
	if (!there && f->optional)
		return true;
	if (!there)
		return err_set(w, ERR_INVALID, "json.missing", "%s is missing", path_of(f));
	fit = read_item(w, f, item, out, why);
	if (fit == FIELD_FITS)
		return true;
	return err_set(w, ERR_INVALID, fit == FIELD_NOT_TYPE ? "json.type" : "json.range", "%s %s", path_of(f), why);
}

bool json_read(struct work *w, const cJSON *object, struct fields fields, enum json_flags flags, void *out)
{
	if (!cJSON_IsObject(object))
		return err_set(w, ERR_INVALID, "json.type", "must be an object");
	if ((flags & JSON_STRICT) && !check_known(w, object, fields))
		return false;
	for (size_t i = 0; i < fields.n; i++)
		if (!read_field(w, object, &fields.at[i], out))
			return false;
	return true;
}

bool json_read_text(struct work *w, str text, struct fields fields, enum json_flags flags, void *out)
{
	const cJSON *object = NULL;

	return json_parse(w, text, &object) && json_read(w, object, fields, flags, out);
}
