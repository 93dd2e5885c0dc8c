#include "wire/abi.h"

#include "base/hex.h"
#include "crypto/keccak.h"
#include "abi_type.h"

static bool encode_parts(struct work *w, const struct abi_type *parts, size_t step, const struct abi_value *values,
	size_t n, struct buf *out);

void abi_topic(str signature, uint8_t out[32])
{
	keccak256(signature, out);
}

void abi_selector(str signature, uint8_t out[4])
{
	uint8_t hash[32];

	keccak256(signature, hash);
	memcpy(out, hash, 4);
}

static bool wrong(struct work *w, const char *what)
{
	return err_set(w, ERR_INVALID, "abi.value", "%s", what);
}

static void word(struct buf *out, u256 v)
{
	uint8_t be[32];

	u256_to_be(v, be);
	buf_add(out, str_of(be, 32));
}

static void zeros(struct buf *out, size_t n)
{
	static const char none[32];

	buf_add(out, str_of(none, n));
}

static bool number_fits(const struct abi_type *t, u256 v)
{
	uint8_t be[32];
	uint8_t high = 0;
	size_t unused = 32 - t->bits / 8;

	u256_to_be(v, be);
	if (t->kind == ABI_INT && unused < 32 && (be[unused] & 0x80) != 0)
		high = 0xff; /* sign extension */
	for (size_t i = 0; i < unused; i++)
		if (be[i] != high)
			return false;
	return true;
}

static bool encode_static(struct work *w, const struct abi_type *t, const struct abi_value *v, struct buf *out)
{
	switch (t->kind) {
	case ABI_UINT:
	case ABI_INT:
		if (!number_fits(t, v->number))
			return wrong(w, "a number is too large for its type");
		word(out, v->number);
		return true;
	case ABI_BOOL:
		if (u256_cmp(v->number, u256_of(1)) > 0)
			return wrong(w, "a bool is 0 or 1");
		word(out, v->number);
		return true;
	case ABI_ADDRESS:
		if (v->bytes.n != 20)
			return wrong(w, "an address has 20 bytes");
		zeros(out, 12);
		buf_add(out, v->bytes);
		return true;
	default:
		if (v->bytes.n != t->n)
			return wrong(w, "bytesN has N bytes");
		buf_add(out, v->bytes);
		zeros(out, 32 - t->n);
		return true;
	}
}

static bool encode(struct work *w, const struct abi_type *t, const struct abi_value *v, struct buf *out)
{
	if (v->kind != t->kind)
		return wrong(w, "a value of another kind than its type");
	switch (t->kind) {
	case ABI_BYTES:
	case ABI_STRING:
		word(out, u256_of(v->bytes.n));
		buf_add(out, v->bytes);
		zeros(out, (32 - v->bytes.n % 32) % 32);
		return true;
	case ABI_ARRAY:
		if (!t->any_length && v->n != t->n)
			return wrong(w, "T[k] has k elements");
		if (t->any_length)
			word(out, u256_of(v->n));
		return encode_parts(w, t->at, 0, v->at, v->n, out);
	case ABI_TUPLE:
		if (v->n != t->n)
			return wrong(w, "a tuple has a value for each of its types");
		return encode_parts(w, t->at, 1, v->at, v->n, out);
	default: return encode_static(w, t, v, out);
	}
}

/* Head and tail of a tuple (step 1: parts[i]) or an array's elements (step 0: always parts[0]). */
static bool encode_parts(struct work *w, const struct abi_type *parts, size_t step, const struct abi_value *values,
	size_t n, struct buf *out)
{
	struct buf tail = buf_new(w->arena, out->max);
	size_t head = 0;

	for (size_t i = 0; i < n; i++)
		head += parts[i * step].head;
	for (size_t i = 0; i < n; i++) {
		const struct abi_type *t = &parts[i * step];

		if (t->dynamic)
			word(out, u256_of(head + tail.n));
		if (!encode(w, t, &values[i], t->dynamic ? &tail : out))
			return false;
	}
	buf_add(out, buf_str(&tail));
	return (!buf_full(&tail) && !buf_full(out)) || wrong(w, "the encoding is too long");
}

bool abi_encode(struct work *w, str types, const struct abi_value *values, size_t n, struct buf *out)
{
	struct abi_type tuple;

	if (!abi_types(w, types, &tuple))
		return false;
	if (tuple.n != n)
		return wrong(w, "as many values as types are needed");
	return encode_parts(w, tuple.at, 1, values, n, out);
}

bool abi_call(struct work *w, str signature, const struct abi_value *values, size_t n, str *out)
{
	struct buf b = buf_new(w->arena, ABI_MAX);
	uint8_t selector[4];
	size_t open;

	if (!str_find(signature, STR("("), &open) || open == 0 || !str_ends(signature, STR(")")))
		return err_set(w, ERR_INVALID, "abi.types", "no signature: name(types)");
	abi_selector(signature, selector);
	buf_add(&b, str_of(selector, 4));
	if (!abi_encode(w, str_of(signature.p + open + 1, signature.n - open - 2), values, n, &b))
		return false;
	*out = buf_str(&b);
	return true;
}

/* Inside an indexed value there are no offsets and no lengths, and everything is padded to words. */
static bool encode_in_place(struct work *w, const struct abi_type *t, const struct abi_value *v, struct buf *out)
{
	if (v->kind != t->kind)
		return wrong(w, "a value of another kind than its type");
	if (t->kind == ABI_BYTES || t->kind == ABI_STRING) {
		buf_add(out, v->bytes);
		zeros(out, (32 - v->bytes.n % 32) % 32);
		return true;
	}
	if (t->kind != ABI_ARRAY && t->kind != ABI_TUPLE)
		return encode_static(w, t, v, out);
	if (!t->any_length && v->n != t->n)
		return wrong(w, "a value for each element or part is needed");
	for (size_t i = 0; i < v->n; i++)
		if (!encode_in_place(w, &t->at[t->kind == ABI_TUPLE ? i : 0], &v->at[i], out))
			return false;
	return true;
}

bool abi_indexed(struct work *w, str type, const struct abi_value *value, uint8_t out[32])
{
	struct buf b = buf_new(w->arena, ABI_MAX);
	struct abi_type tuple;

	if (!abi_types(w, type, &tuple))
		return false;
	if (tuple.n != 1)
		return err_set(w, ERR_INVALID, "abi.types", "one type is needed");
	if (!encode_in_place(w, tuple.at, value, &b))
		return false;
	if (tuple.at->kind == ABI_BYTES || tuple.at->kind == ABI_STRING)
		keccak256(value->bytes, out);
	else if (tuple.at->kind == ABI_ARRAY || tuple.at->kind == ABI_TUPLE)
		keccak256(buf_str(&b), out);
	else
		memcpy(out, b.p, 32);
	return !buf_full(&b) || wrong(w, "the encoding is too long");
}
