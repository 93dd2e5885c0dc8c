#include "abi_type.h"

#define DEPTH_MAX 8
#define PARTS_MAX 64
#define HEAD_MAX (1 << 20) /* bytes; T[k][k][k] multiplies quickly */

static bool parse_type(struct work *w, str *rest, int depth, struct abi_type *out);

/* A decimal number without leading zeros, at most four digits. */
static bool take_number(str *rest, unsigned *out)
{
	size_t n = 0;

	*out = 0;
	while (n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9')
		n++;
	if (n == 0 || n > 4 || *rest->p == '0')
		return false;
	for (size_t i = 0; i < n; i++)
		*out = *out * 10 + (unsigned)(rest->p[i] - '0');
	*rest = str_skip(*rest, n);
	return true;
}

static bool take(str *rest, str literal)
{
	if (!str_starts(*rest, literal))
		return false;
	*rest = str_skip(*rest, literal.n);
	return true;
}

/* Comma-separated types up to ')' or the end. */
static bool parse_parts(struct work *w, str *rest, int depth, struct abi_type *tuple)
{
	struct abi_type *parts = arena_array(w->arena, PARTS_MAX, sizeof(*parts));

	*tuple = (struct abi_type){ .kind = ABI_TUPLE, .at = parts };
	if (rest->n == 0 || *rest->p == ')')
		return true;
	do {
		struct abi_type *part = &parts[tuple->n++];

		if (!parse_type(w, rest, depth, part))
			return false;
		tuple->dynamic |= part->dynamic;
		tuple->head += part->head;
	} while (tuple->n < PARTS_MAX && take(rest, STR(",")));
	return tuple->head <= HEAD_MAX;
}

static bool parse_tuple(struct work *w, str *rest, int depth, struct abi_type *out)
{
	if (depth == DEPTH_MAX || !parse_parts(w, rest, depth + 1, out) || !take(rest, STR(")")))
		return false;
	if (out->dynamic)
		out->head = 32;
	return out->n > 0; /* an empty struct has no encoding */
}

static bool parse_number_type(str *rest, struct abi_type *out, enum abi_kind kind)
{
	*out = (struct abi_type){ .kind = kind, .head = 32 };
	return take_number(rest, &out->bits) && out->bits % 8 == 0 && out->bits <= 256;
}

static bool parse_bytes(str *rest, struct abi_type *out)
{
	unsigned n;

	*out = (struct abi_type){ .kind = ABI_BYTES, .dynamic = true, .head = 32 };
	if (rest->n == 0 || *rest->p < '0' || *rest->p > '9')
		return true;
	if (!take_number(rest, &n) || n > 32)
		return false;
	*out = (struct abi_type){ .kind = ABI_FIXED_BYTES, .n = n, .head = 32 };
	return true;
}

static bool parse_base(struct work *w, str *rest, int depth, struct abi_type *out)
{
	*out = (struct abi_type){ .head = 32 };
	if (take(rest, STR("(")))
		return parse_tuple(w, rest, depth, out);
	if (take(rest, STR("uint")))
		return parse_number_type(rest, out, ABI_UINT);
	if (take(rest, STR("int")))
		return parse_number_type(rest, out, ABI_INT);
	if (take(rest, STR("bytes")))
		return parse_bytes(rest, out);
	if (take(rest, STR("address"))) {
		out->kind = ABI_ADDRESS;
		return true;
	}
	if (take(rest, STR("bool"))) {
		out->kind = ABI_BOOL;
		return true;
	}
	out->kind = ABI_STRING;
	out->dynamic = true;
	return take(rest, STR("string"));
}

/* One [] or [k] after a type, which then becomes the element. */
static bool wrap(struct work *w, str *rest, struct abi_type *out)
{
	struct abi_type *element = ARENA_NEW(w->arena, struct abi_type);
	unsigned k = 0;

	*element = *out;
	*out = (struct abi_type){ .kind = ABI_ARRAY, .at = element, .any_length = true, .dynamic = true, .head = 32 };
	if (take(rest, STR("]")))
		return true;
	if (!take_number(rest, &k) || !take(rest, STR("]")))
		return false;
	out->any_length = false;
	out->n = k;
	out->dynamic = element->dynamic;
	if (!out->dynamic)
		out->head = k * element->head;
	return out->head <= HEAD_MAX;
}

static bool parse_type(struct work *w, str *rest, int depth, struct abi_type *out)
{
	if (!parse_base(w, rest, depth, out))
		return false;
	while (take(rest, STR("[")))
		if (++depth > DEPTH_MAX || !wrap(w, rest, out))
			return false;
	return true;
}

bool abi_types(struct work *w, str types, struct abi_type *tuple)
{
	str rest = types;

	if (types.n > 4096 || !parse_parts(w, &rest, 0, tuple) || rest.n != 0)
		return err_set(w, ERR_INVALID, "abi.types", "no list of canonical types: \"%.*s\"",
			types.n > 100 ? 100 : (int)types.n, types.p);
	return true;
}
