#include "base/conf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/conf_mask.h"
#include "base/json.h"

#define FILE_MAX ((size_t)1 << 20)

/* What one source says about one field; place is for errors ("conf/patchwork.conf:12" or
 * "PATCHWORK_DB_URL"). */
struct setting {
	str value;      /* p NULL: not said */
	str value_file; /* FIELD_SECRET: the path of a file that holds the value */
	str place;
};

struct load {
	struct work *w;
	struct fields fields;
	struct setting *file; /* one for each field */
};

static bool read_all(struct work *w, const char *path, str *out)
{
	struct buf b = buf_new(w->arena, FILE_MAX);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char part[4096];
	ssize_t n = -1;

	if (fd < 0)
		return err_set(w, ERR_INVALID, "conf.unreadable", "%s: %s", path, strerror(errno));
	while ((n = read(fd, part, sizeof(part))) > 0)
		buf_add(&b, str_of(part, (size_t)n));
	if (n < 0)
		err_set(w, ERR_INVALID, "conf.unreadable", "%s: %s", path, strerror(errno));
	else if (buf_full(&b))
		err_set(w, ERR_INVALID, "conf.unreadable", "%s: longer than %zu bytes", path, FILE_MAX);
	close(fd);
	*out = buf_str(&b);
	return n == 0 && !buf_full(&b);
}

static str without_comment(str line)
{
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] == '#' && (i == 0 || line.p[i - 1] == ' ' || line.p[i - 1] == '\t'))
			return str_of(line.p, i);
	return line;
}

/* The setting that key belongs to, and which of its two texts; NULL when there is no such key. */
static str *find(struct load *l, str key, str place)
{
	for (size_t i = 0; i < l->fields.n; i++) {
		const struct field *f = &l->fields.at[i];
		str name = str_c(f->name);

		if (!str_starts(key, name))
			continue;
		if (key.n == name.n) {
			l->file[i].place = place;
			return &l->file[i].value;
		}
		if (f->type == FIELD_SECRET && str_eq(str_skip(key, name.n), STR("_file"))) {
			l->file[i].place = place;
			return &l->file[i].value_file;
		}
	}
	return NULL;
}

static bool read_line(struct load *l, str line, str place)
{
	struct work *w = l->w;
	str *value, key;
	size_t at;

	line = str_trim(without_comment(line));
	if (line.n == 0)
		return true;
	if (!str_find(line, STR("="), &at) || str_trim(str_of(line.p, at)).n == 0)
		return err_set(w, ERR_INVALID, "conf.syntax", STR_FMT ": expected key = value", STR_ARG(place));
	key = str_trim(str_of(line.p, at));
	value = find(l, key, place);
	if (value == NULL)
		return err_set(
			w, ERR_INVALID, "conf.unknown_key", STR_FMT ": no key " STR_FMT, STR_ARG(place), STR_ARG(key));
	if (value->p != NULL)
		return err_set(w, ERR_INVALID, "conf.value", STR_FMT ": " STR_FMT " is set a second time",
			STR_ARG(place), STR_ARG(key));
	*value = str_trim(str_skip(line, at + 1));
	return true;
}

static bool read_file(struct load *l, const char *path)
{
	struct arena *arena = l->w->arena;
	str text, line;

	if (!read_all(l->w, path, &text))
		return false;
	for (int n = 1; str_next(&text, '\n', &line); n++)
		if (!read_line(l, line, arena_printf(arena, "%s:%d", path, n)))
			return false;
	return true;
}

static const char *variable(struct arena *arena, const char *name, const char *suffix)
{
	str text = arena_printf(arena, "PATCHWORK_%s%s", name, suffix);
	char *z = arena_cstr(arena, text);

	for (char *p = z; *p != '\0'; p++)
		*p = *p == '.' ? '_' : (char)toupper((unsigned char)*p);
	return z;
}

/* What the environment says about a field; an empty variable is said too. */
static struct setting from_environment(struct arena *arena, const struct field *f)
{
	const char *name = variable(arena, f->name, "");
	struct setting s = { .value = str_c(getenv(name)), .place = str_c(name) };

	if (s.value.p != NULL || f->type != FIELD_SECRET)
		return s;
	name = variable(arena, f->name, "_FILE");
	return (struct setting){ .value_file = str_c(getenv(name)), .place = str_c(name) };
}

static struct setting in_force(struct load *l, size_t i)
{
	const struct field *f = &l->fields.at[i];
	struct setting s = from_environment(l->w->arena, f);

	if (s.value.p == NULL && s.value_file.p == NULL)
		s = l->file[i];
	if (s.value.p == NULL && s.value_file.p == NULL)
		s = (struct setting){ .value = str_c(f->initial), .place = STR("initial value") };
	return s;
}

static bool first_line(struct work *w, str path, str *out)
{
	str text;

	if (!read_all(w, arena_cstr(w->arena, path), &text))
		return false;
	if (!str_next(&text, '\n', out))
		*out = STR("");
	if (str_ends(*out, STR("\r")))
		out->n--;
	return true;
}

static bool decode(struct load *l, size_t i, void *out)
{
	const struct field *f = &l->fields.at[i];
	struct setting s = in_force(l, i);
	struct work *w = l->w;
	char why[FIELD_WHY];

	if (s.value.p == NULL && s.value_file.p != NULL && !first_line(w, s.value_file, &s.value))
		return false;
	field_mark(f, s.value.p != NULL, out);
	if (s.value.p == NULL && f->optional)
		return true;
	if (s.value.p == NULL)
		return err_set(w, ERR_INVALID, "conf.missing", "%s has no value: set it in the file, or %s", f->name,
			variable(w->arena, f->name, ""));
	if (field_read(w->arena, f, s.value, out, why) == FIELD_FITS)
		return true;
	return err_set(w, ERR_INVALID, "conf.value", STR_FMT ": %s %s", STR_ARG(s.place), f->name, why);
}

bool conf_load(struct work *w, const char *path, struct fields fields, void *out)
{
	struct load l = { .w = w, .fields = fields, .file = arena_zero(w->arena, fields.n * sizeof(*l.file)) };

	if (path != NULL && !read_file(&l, path))
		return false;
	for (size_t i = 0; i < fields.n; i++)
		if (!decode(&l, i, out))
			return false;
	return true;
}

static str shown(struct work *w, const struct field *f, const void *conf)
{
	str text = field_text(w->arena, f, conf);

	if (f->type == FIELD_SECRET)
		return text.n > 0 ? STR("(set)") : STR("(empty)");
	return conf_mask(w->arena, text);
}

str conf_json(struct work *w, struct fields fields, const void *conf)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);
	struct json j = { &b };

	json_open(&j, NULL, '{');
	for (size_t i = 0; i < fields.n; i++)
		json_str(&j, fields.at[i].name, shown(w, &fields.at[i], conf));
	json_close(&j, '}');
	return buf_str(&b);
}

str conf_show(struct work *w, struct fields fields, const void *conf)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);

	for (size_t i = 0; i < fields.n; i++) {
		const struct field *f = &fields.at[i];
		str text = shown(w, f, conf);

		buf_printf(&b, "%s = " STR_FMT, f->name, STR_ARG(text));
		if (f->doc != NULL)
			buf_printf(&b, "  # %s", f->doc);
		buf_byte(&b, '\n');
	}
	return buf_str(&b);
}
