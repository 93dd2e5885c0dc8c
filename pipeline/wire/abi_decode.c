/* Decoding of data that others wrote. Only the one layout is taken that encoders make: each dynamic part stands right
 * behind the one before it. So nothing overlaps, nothing is left over, and equal values are equal bytes. */
#include <inttypes.h>

#include "abi_type.h"
#include "base/hex.h"

static bool decode_parts(struct work *w, str area, const struct abi_type *parts, size_t step, size_t n,
	const struct abi_value **out, size_t *used);

static bool wrong(struct work *w, const char *what)
{
	return err_set(w, ERR_INVALID, "abi.data", "%s", what);
}

/* The first word of area. */
static bool word_of(struct work *w, str area, const uint8_t **out)
{
	*out = (const uint8_t *)area.p;
	return area.n >= 32 || wrong(w, "the data ends early");
}

static bool all(const uint8_t *p, size_t n, uint8_t value)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != value)
			return false;
	return true;
}

/* The word at byte `at`: an offset or a length inside area. */
static bool size_at(struct work *w, str area, size_t at, size_t *out)
{
	const uint8_t *p;
	uint64_t n;
	u256 v;

	if (!word_of(w, str_skip(area, at), &p))
		return false;
	if (!u256_from_be(p, 32, &v) || !u256_u64(v, &n) || n > area.n)
		return wrong(w, "an offset or a length lies outside the data");
	*out = (size_t)n;
	return true;
}

static bool decode_number(struct work *w, const struct abi_type *t, const uint8_t *p, struct abi_value *v)
{
	size_t unused = 32 - t->bits / 8;
	bool negative = t->kind == ABI_INT && (p[unused] & 0x80) != 0;

	if (!all(p, unused, negative ? 0xff : 0))
		return wrong(w, "a number is too large for its type");
	return u256_from_be(p, 32, &v->number);
}

static bool decode_static(struct work *w, str area, const struct abi_type *t, struct abi_value *v)
{
	const uint8_t *p;

	if (!word_of(w, area, &p))
		return false;
	switch (t->kind) {
	case ABI_UINT:
	case ABI_INT: return decode_number(w, t, p, v);
	case ABI_BOOL: v->number = u256_of(p[31]); return (all(p, 31, 0) && p[31] <= 1) || wrong(w, "a bool is 0 or 1");
	case ABI_ADDRESS:
		v->bytes = str_of(p + 12, 20);
		return all(p, 12, 0) || wrong(w, "an address has 12 zero bytes in front");
	default:
		v->bytes = str_of(p, t->n);
		return all(p + t->n, 32 - t->n, 0) || wrong(w, "bytesN is padded with zeros");
	}
}

/* length, bytes, zeros up to a whole word */
static bool decode_bytes(struct work *w, str area, struct abi_value *v, size_t *used)
{
	size_t n, padding;

	if (!size_at(w, area, 0, &n))
		return false;
	padding = (32 - n % 32) % 32;
	if (area.n - 32 < n || area.n - 32 - n < padding)
		return wrong(w, "the data ends early");
	v->bytes = str_of(area.p + 32, n);
	*used = 32 + n + padding;
	return all((const uint8_t *)area.p + 32 + n, padding, 0) || wrong(w, "bytes are padded with zeros");
}

static bool decode_array(struct work *w, str area, const struct abi_type *t, struct abi_value *v, size_t *used)
{
	size_t prefix = t->any_length ? 32 : 0;

	v->n = t->n;
	if (t->any_length && !size_at(w, area, 0, &v->n))
		return false;
	area = str_skip(area, prefix);
	if (v->n > area.n / t->at->head) /* head is at least 32 */
		return wrong(w, "an array is longer than the data");
	if (!decode_parts(w, area, t->at, 0, v->n, &v->at, used))
		return false;
	*used += prefix;
	return true;
}

/* The value whose own encoding begins where area does, and how many bytes of it that takes. */
static bool decode(struct work *w, str area, const struct abi_type *t, struct abi_value *v, size_t *used)
{
	*v = (struct abi_value){ .kind = t->kind };
	switch (t->kind) {
	case ABI_BYTES:
	case ABI_STRING: return decode_bytes(w, area, v, used);
	case ABI_ARRAY: return decode_array(w, area, t, v, used);
	case ABI_TUPLE: v->n = t->n; return decode_parts(w, area, t->at, 1, t->n, &v->at, used);
	default: *used = 32; return decode_static(w, area, t, v);
	}
}

/* A tuple's parts (step 1) or an array's elements (step 0); offsets count from the start of area. */
static bool decode_parts(struct work *w, str area, const struct abi_type *parts, size_t step, size_t n,
	const struct abi_value **out, size_t *used)
{
	struct abi_value *values = arena_array(w->arena, n, sizeof(*values));
	size_t at = 0, tail = 0, offset, size;

	for (size_t i = 0; i < n; i++)
		tail += parts[i * step].head;
	for (size_t i = 0; i < n; at += parts[i * step].head, i++) {
		const struct abi_type *t = &parts[i * step];

		offset = at;
		if (at > area.n)
			return wrong(w, "the data ends early");
		if (t->dynamic && !size_at(w, area, at, &offset))
			return false;
		if (t->dynamic && offset != tail)
			return wrong(w, "an offset does not point behind the part before it");
		if (!decode(w, str_skip(area, offset), t, &values[i], &size))
			return false;
		tail += t->dynamic ? size : 0;
	}
	*out = values;
	*used = tail;
	return true;
}

bool abi_decode(struct work *w, str types, str data, const struct abi_value **values, size_t *n)
{
	struct abi_type tuple;
	size_t used;

	if (!abi_types(w, types, &tuple))
		return false;
	if (data.n > ABI_MAX)
		return wrong(w, "the data is too long");
	if (!decode_parts(w, data, tuple.at, 1, tuple.n, values, &used))
		return false;
	*n = tuple.n;
	return used == data.n || wrong(w, "bytes that belong to no value");
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
