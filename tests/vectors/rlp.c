#include "wire/rlp.h"

#include "base/hex.h"
#include "tests/vectors/vector.h"

#define ENCODED_MAX (1 << 24)

/* A text is a string's bytes, an array is a list. */
static bool encode(struct vector *v, const cJSON *item, struct buf *out)
{
	struct buf items = buf_new(v->w->arena, ENCODED_MAX);
	const cJSON *each;
	str bytes;

	if (cJSON_IsString(item)) {
		if (!hex_0x_decode(v->w->arena, str_c(item->valuestring), &bytes))
			return differs(v, "in: an item is no hex");
		rlp_bytes(out, bytes);
		return true;
	}
	if (!cJSON_IsArray(item))
		return differs(v, "in: an item is a text or an array");
	cJSON_ArrayForEach(each, item)
		if (!encode(v, each, &items))
			return false;
	rlp_list(out, buf_str(&items));
	return true;
}

/* Whether the first item of *rest is this one. */
static bool decodes_to(struct vector *v, const cJSON *item, str *rest)
{
	struct rlp_item got;
	const cJSON *each;
	str bytes;

	if (!rlp_next(rest, &got) || got.list != cJSON_IsArray(item))
		return false;
	if (!got.list)
		return hex_0x_decode(v->w->arena, str_c(item->valuestring), &bytes) && str_eq(bytes, got.body);
	cJSON_ArrayForEach(each, item)
		if (!decodes_to(v, each, &got.body))
			return false;
	return got.body.n == 0;
}

bool check_rlp(struct vector *v)
{
	struct buf b = buf_new(v->w->arena, ENCODED_MAX);
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(v->in, "item");

	if (!encode(v, item, &b))
		return false;
	str encoded = buf_str(&b), rest = encoded;
	if (!rlp_valid(encoded) || !decodes_to(v, item, &rest) || rest.n != 0)
		return differs(v, "decoding gives another item");
	return want_hex(v, "rlp", encoded);
}

bool check_rlp_reject(struct vector *v)
{
	str encoded;

	return need_hex(v, v->in, "rlp", &encoded) && (!rlp_valid(encoded) || differs(v, "was accepted"));
}
