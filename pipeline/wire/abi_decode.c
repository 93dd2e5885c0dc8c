/* Decoding of data that others wrote. Every word that is read is paid for out of the data's own length, so offsets that
 * point several times at the same bytes cannot make more of them than there are. */
#include <inttypes.h>

#include "base/hex.h"
#include "abi_type.h"

struct source {
	struct work *w;
	size_t left; /* bytes not yet paid for */
};

static bool decode_parts(
	struct source *s, str area, const struct abi_type *parts, size_t step, size_t n, const struct abi_value **out);

static bool wrong(struct source *s, const char *what)
{
	return err_set(s->w, ERR_INVALID, "abi.data", "%s", what);
}

static bool pay(struct source *s, size_t n)
{
	if (n > s->left)
		return wrong(s, "parts of the data overlap");
	s->left -= n;
	return true;
}

/* The word at byte `at` of area. */
static bool word_at(struct source *s, str area, size_t at, const uint8_t **out)
{
	if (at > area.n || area.n - at < 32)
		return wrong(s, "the data ends early");
	*out = (const uint8_t *)area.p + at;
	return pay(s, 32);
}

static bool all(const uint8_t *p, size_t n, uint8_t value)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != value)
			return false;
	return true;
}

/* A word that is an offset or a length inside area. */
static bool size_at(struct source *s, str area, size_t at, size_t *out)
{
	const uint8_t *p;
	u256 v;
	uint64_t n;

	if (!word_at(s, area, at, &p))
		return false;
	if (!u256_from_be(p, 32, &v) || !u256_u64(v, &n) || n > area.n)
		return wrong(s, "an offset or a length lies outside the data");
	*out = (size_t)n;
	return true;
}

static bool decode_number(struct source *s, const struct abi_type *t, const uint8_t *p, struct abi_value *v)
{
	size_t unused = 32 - t->bits / 8;
	bool negative = t->kind == ABI_INT && (p[unused] & 0x80) != 0;

	if (!all(p, unused, negative ? 0xff : 0))
		return wrong(s, "a number is too large for its type");
	return u256_from_be(p, 32, &v->number);
}

static bool decode_static(struct source *s, str area, size_t at, const struct abi_type *t, struct abi_value *v)
{
	const uint8_t *p;

	if (!word_at(s, area, at, &p))
		return false;
	switch (t->kind) {
	case ABI_UINT:
	case ABI_INT: return decode_number(s, t, p, v);
	case ABI_BOOL: v->number = u256_of(p[31]); return (all(p, 31, 0) && p[31] <= 1) || wrong(s, "a bool is 0 or 1");
	case ABI_ADDRESS:
		v->bytes = str_of(p + 12, 20);
		return all(p, 12, 0) || wrong(s, "an address has 12 zero bytes in front");
	default:
		v->bytes = str_of(p, t->n);
		return all(p + t->n, 32 - t->n, 0) || wrong(s, "bytesN is padded with zeros");
	}
}

/* length, bytes, zeros up to a whole word */
static bool decode_bytes(struct source *s, str area, struct abi_value *v)
{
	size_t n, padding;

	if (!size_at(s, area, 0, &n))
		return false;
	padding = (32 - n % 32) % 32;
	if (area.n - 32 < n || area.n - 32 - n < padding)
		return wrong(s, "the data ends early");
	v->bytes = str_of(area.p + 32, n);
	if (!all((const uint8_t *)area.p + 32 + n, padding, 0))
		return wrong(s, "bytes are padded with zeros");
	return pay(s, n + padding);
}

static bool decode_array(struct source *s, str area, const struct abi_type *t, struct abi_value *v)
{
	v->n = t->n;
	if (t->any_length) {
		if (!size_at(s, area, 0, &v->n))
			return false;
		area = str_skip(area, 32);
	}
	if (v->n > area.n / t->at->head) /* head is at least 32 */
		return wrong(s, "an array is longer than the data");
	return decode_parts(s, area, t->at, 0, v->n, &v->at);
}

/* area begins where the value's own encoding does */
static bool decode_at(struct source *s, str area, const struct abi_type *t, struct abi_value *v)
{
	*v = (struct abi_value){ .kind = t->kind };
	switch (t->kind) {
	case ABI_BYTES:
	case ABI_STRING: return decode_bytes(s, area, v);
	case ABI_ARRAY: return decode_array(s, area, t, v);
	case ABI_TUPLE: v->n = t->n; return decode_parts(s, area, t->at, 1, t->n, &v->at);
	default: return decode_static(s, area, 0, t, v);
	}
}

/* A tuple's parts (step 1) or an array's elements (step 0); offsets count from the start of area. */
static bool decode_parts(
	struct source *s, str area, const struct abi_type *parts, size_t step, size_t n, const struct abi_value **out)
{
	struct abi_value *values = arena_array(s->w->arena, n, sizeof(*values));
	size_t at = 0, offset;

	for (size_t i = 0; i < n; at += parts[i * step].head, i++) {
		const struct abi_type *t = &parts[i * step];

		offset = at;
		if (t->dynamic && !size_at(s, area, at, &offset))
			return false;
		if (offset > area.n)
			return wrong(s, "the data ends early");
		if (!decode_at(s, str_skip(area, offset), t, &values[i]))
			return false;
	}
	*out = values;
	return true;
}

bool abi_decode(struct work *w, str types, str data, const struct abi_value **values, size_t *n)
{
	struct source s = { w, data.n };
	struct abi_type tuple;

	if (!abi_types(w, types, &tuple))
		return false;
	if (data.n > ABI_MAX || !decode_parts(&s, data, tuple.at, 1, tuple.n, values))
		return data.n <= ABI_MAX ? false : wrong(&s, "the data is too long");
	if (s.left != 0)
		return wrong(&s, "bytes that belong to no value");
	*n = tuple.n;
	return true;
}

/* One line: whatever a contract wrote is cut and its control characters are masked. */
static str one_line(struct work *w, str text)
{
	struct buf b = buf_new(w->arena, 200);

	for (size_t i = 0; i < text.n && i < 200; i++)
		buf_byte(&b, (uint8_t)text.p[i] < 0x20 || text.p[i] == 0x7f ? '?' : (uint8_t)text.p[i]);
	return str_utf8(buf_str(&b)) ? buf_str(&b) : hex_0x(w->arena, buf_str(&b));
}

str abi_revert_text(struct work *w, str data)
{
	struct err before = w->err;
	const struct abi_value *v;
	uint64_t code;
	str text;
	size_t n;

	if (data.n == 0)
		return STR("");
	if (data.n < 4)
		return hex_0x(w->arena, data);
	text = hex_0x(w->arena, str_of(data.p, 4));
	if (str_starts(data, STR("\x08\xc3\x79\xa0")) && abi_decode(w, STR("string"), str_skip(data, 4), &v, &n))
		text = one_line(w, v->bytes);
	else if (str_starts(data, STR("\x4e\x48\x7b\x71")) &&
		abi_decode(w, STR("uint256"), str_skip(data, 4), &v, &n) && u256_u64(v->number, &code))
		text = arena_printf(w->arena, "Panic(0x%02" PRIx64 ")", code);
	w->err = before; /* an unreadable reason is no error of ours */
	return text;
}
