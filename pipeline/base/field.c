#include "base/field.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/hex.h"

struct unit {
	const char *name;
	int64_t factor;
};

/* Largest first: field_text takes the first that divides. */
static const struct unit span_units[] = {
	{ "d", 86400 * USEC_S },
	{ "h", 3600 * USEC_S },
	{ "m", 60 * USEC_S },
	{ "s", USEC_S },
	{ "ms", USEC_MS },
	{ "us", 1 },
};
static const struct unit size_units[] = { { "g", INT64_C(1) << 30 }, { "m", 1 << 20 }, { "k", 1 << 10 }, { "", 1 } };
#define N_SPAN_UNITS (sizeof(span_units) / sizeof(span_units[0]))
#define N_SIZE_UNITS (sizeof(size_units) / sizeof(size_units[0]))

const char *field_type_name(enum field_type type)
{
	static const char *const names[] = {
		[FIELD_BOOL] = "true or false",
		[FIELD_I32] = "an integer",
		[FIELD_I64] = "an integer",
		[FIELD_STR] = "UTF-8 text",
		[FIELD_U256] = "a decimal string",
		[FIELD_UUID] = "a UUID",
		[FIELD_TIME] = "an RFC 3339 time",
		[FIELD_SPAN] = "a span like 250ms, 30s, 10m, 2h, 7d",
		[FIELD_SIZE] = "a size like 512, 64k, 25m",
		[FIELD_HEX] = "0x and hex digits",
		[FIELD_JSON] = "a JSON value",
		[FIELD_SECRET] = "UTF-8 text",
	};

	return names[type];
}

__attribute__((format(printf, 3, 4))) static enum field_fit misfit(
	enum field_fit fit, char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, FIELD_WHY, format, args);
	va_end(args);
	return fit;
}

static enum field_fit not_type(const struct field *f, char *why)
{
	return misfit(FIELD_NOT_TYPE, why, "must be %s", field_type_name(f->type));
}

static bool parse_units(str text, const struct unit *units, size_t n, int64_t *out)
{
	size_t digits = 0;
	int64_t v;

	while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
		digits++;
	if (!str_i64(str_of(text.p, digits), &v))
		return false;
	for (size_t i = 0; i < n; i++)
		if (str_eq(str_skip(text, digits), str_c(units[i].name)))
			return !__builtin_mul_overflow(v, units[i].factor, out);
	return false;
}

static str units_text(struct arena *arena, int64_t v, const struct unit *units, size_t n)
{
	size_t i = 0;

	if (v == 0)
		return units == size_units ? STR("0") : STR("0s");
	while (i + 1 < n && v % units[i].factor != 0)
		i++;
	return arena_printf(arena, "%" PRId64 "%s", v / units[i].factor, units[i].name);
}

/* A range's end as the configuration would write it. */
static str limit_text(struct arena *arena, const struct field *f, int64_t v)
{
	return field_text(arena, &(struct field){ .type = f->type == FIELD_I32 ? FIELD_I64 : f->type }, &v);
}

static enum field_fit in_range(struct arena *arena, const struct field *f, int64_t v, char *why)
{
	str min, max;

	if (f->min >= f->max || (v >= f->min && v <= f->max))
		return FIELD_FITS;
	min = limit_text(arena, f, f->min);
	max = limit_text(arena, f, f->max);
	return misfit(FIELD_OUT_OF_RANGE, why, "must be from " STR_FMT " to " STR_FMT, STR_ARG(min), STR_ARG(max));
}

enum field_fit field_read_i64(const struct field *f, int64_t v, void *out, char why[FIELD_WHY])
{
	bool narrow = f->type == FIELD_I32;

	if (f->min < f->max && (v < f->min || v > f->max))
		return misfit(FIELD_OUT_OF_RANGE, why, "must be from %" PRId64 " to %" PRId64, f->min, f->max);
	if (narrow && (v < INT32_MIN || v > INT32_MAX))
		return misfit(FIELD_OUT_OF_RANGE, why, "must fit 32 bits");
	if (narrow)
		*(int32_t *)((char *)out + f->offset) = (int32_t)v;
	else
		*(int64_t *)((char *)out + f->offset) = v;
	return FIELD_FITS;
}

static enum field_fit read_integer(const struct field *f, str text, void *out, char *why)
{
	int64_t v;

	return str_i64(text, &v) ? field_read_i64(f, v, out, why) : not_type(f, why);
}

static enum field_fit read_units(struct arena *arena, const struct field *f, str text, int64_t *to, char *why)
{
	bool span = f->type == FIELD_SPAN;
	enum field_fit fit;
	int64_t v;

	if (!parse_units(text, span ? span_units : size_units, span ? N_SPAN_UNITS : N_SIZE_UNITS, &v))
		return not_type(f, why);
	fit = in_range(arena, f, v, why);
	if (fit == FIELD_FITS)
		*to = v;
	return fit;
}

static enum field_fit read_time(struct arena *arena, const struct field *f, str text, usec *to, char *why)
{
	enum field_fit fit;
	usec v;

	if (!clock_parse(text, &v))
		return not_type(f, why);
	fit = in_range(arena, f, v, why);
	if (fit == FIELD_FITS)
		*to = v;
	return fit;
}

static enum field_fit read_u256(const struct field *f, str text, u256 *to, char *why)
{
	u256 v;

	if (!u256_parse(text, &v))
		return not_type(f, why);
	if (f->min > 0 && u256_cmp(v, u256_of((uint64_t)f->min)) < 0)
		return misfit(FIELD_OUT_OF_RANGE, why, "must be at least %" PRId64, f->min);
	if (f->max > 0 && u256_cmp(v, u256_of((uint64_t)f->max)) > 0)
		return misfit(FIELD_OUT_OF_RANGE, why, "must be at most %" PRId64, f->max);
	*to = v;
	return FIELD_FITS;
}

static bool is_one_of(const char *one_of, str text)
{
	str rest = str_c(one_of), choice;

	while (str_next(&rest, '|', &choice))
		if (str_eq(choice, text))
			return true;
	return false;
}

static enum field_fit read_string(struct arena *arena, const struct field *f, str text, str *to, char *why)
{
	if (!str_utf8(text))
		return not_type(f, why);
	if ((int64_t)text.n < f->min)
		return misfit(FIELD_OUT_OF_RANGE, why, "must have at least %" PRId64 " bytes", f->min);
	if (f->max > 0 && (int64_t)text.n > f->max)
		return misfit(FIELD_OUT_OF_RANGE, why, "must have at most %" PRId64 " bytes", f->max);
	if (f->one_of != NULL && !is_one_of(f->one_of, text))
		return misfit(FIELD_OUT_OF_RANGE, why, "must be one of %s", f->one_of);
	*to = arena_str(arena, text);
	return FIELD_FITS;
}

static enum field_fit read_hex(struct arena *arena, const struct field *f, str text, str *to, char *why)
{
	str bytes;

	if (!hex_0x_decode(arena, text, &bytes))
		return not_type(f, why);
	if (f->max > 0 && (int64_t)bytes.n != f->max)
		return misfit(FIELD_OUT_OF_RANGE, why, "must be 0x and %" PRId64 " hex digits", f->max * 2);
	*to = bytes;
	return FIELD_FITS;
}

static enum field_fit read_bool(const struct field *f, str text, bool *to, char *why)
{
	bool v = str_eq(text, STR("true"));

	if (!v && !str_eq(text, STR("false")))
		return not_type(f, why);
	*to = v;
	return FIELD_FITS;
}

enum field_fit field_read(struct arena *arena, const struct field *f, str text, void *out, char why[FIELD_WHY])
{
	void *to = (char *)out + f->offset;

	switch (f->type) {
	case FIELD_BOOL: return read_bool(f, text, to, why);
	case FIELD_I32:
	case FIELD_I64: return read_integer(f, text, out, why);
	case FIELD_U256: return read_u256(f, text, to, why);
	case FIELD_UUID: return uuid_parse(text, to) ? FIELD_FITS : not_type(f, why);
	case FIELD_TIME: return read_time(arena, f, text, to, why);
	case FIELD_SPAN:
	case FIELD_SIZE: return read_units(arena, f, text, to, why);
	case FIELD_HEX: return read_hex(arena, f, text, to, why);
	case FIELD_STR:
	case FIELD_JSON:
	case FIELD_SECRET: return read_string(arena, f, text, to, why);
	}
	assert(!"a field of no known type");
	return FIELD_NOT_TYPE;
}

static str u256_text(struct arena *arena, const u256 *v)
{
	char text[U256_DEC];

	return arena_str(arena, str_of(text, u256_format(*v, text)));
}

static str uuid_text(struct arena *arena, const uuid *id)
{
	char text[UUID_TEXT];

	uuid_format(*id, text);
	return arena_str(arena, str_of(text, sizeof(text)));
}

static str time_text(struct arena *arena, const usec *t)
{
	char text[CLOCK_TEXT];

	return arena_str(arena, str_of(text, clock_format(*t, text)));
}

str field_text(struct arena *arena, const struct field *f, const void *in)
{
	const void *from = (const char *)in + f->offset;

	switch (f->type) {
	case FIELD_BOOL: return *(const bool *)from ? STR("true") : STR("false");
	case FIELD_I32: return arena_printf(arena, "%" PRId32, *(const int32_t *)from);
	case FIELD_I64: return arena_printf(arena, "%" PRId64, *(const int64_t *)from);
	case FIELD_U256: return u256_text(arena, from);
	case FIELD_UUID: return uuid_text(arena, from);
	case FIELD_TIME: return time_text(arena, from);
	case FIELD_SPAN: return units_text(arena, *(const usec *)from, span_units, N_SPAN_UNITS);
	case FIELD_SIZE: return units_text(arena, *(const int64_t *)from, size_units, N_SIZE_UNITS);
	case FIELD_HEX: return hex_0x(arena, *(const str *)from);
	case FIELD_STR:
	case FIELD_JSON:
	case FIELD_SECRET: return *(const str *)from;
	}
	assert(!"a field of no known type");
	return (str){ 0 };
}

void field_mark(const struct field *f, bool there, void *out)
{
	if (f->has != FIELD_NO_HAS)
		*(bool *)((char *)out + f->has) = there;
}
