#include "base/hex.h"
#include "crypto/keccak.h"
#include "model/account.h"
#include "pipeline/wire/abi_type.h"
#include "tests/vectors/vector.h"

#define PARAMETERS_MAX 32

static bool value_of(struct vector *v, const struct abi_type *t, const cJSON *item, struct abi_value *out);

/* A decimal text or a JSON number; a negative one as two's complement. */
static bool number_of(struct vector *v, const cJSON *item, u256 *out)
{
	const u256 all = { { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX } };
	str text = cJSON_IsNumber(item) ? json_print(v->w, item)
		: cJSON_IsString(item)  ? str_c(item->valuestring)
					: STR("");
	bool negative = str_starts(text, STR("-"));
	u256 magnitude, less;

	if (!u256_parse(negative ? str_skip(text, 1) : text, &magnitude))
		return differs(v, "in: a number must be decimal");
	*out = magnitude;
	if (!negative || u256_is_zero(magnitude))
		return true;
	return u256_sub(magnitude, u256_of(1), &less) && u256_sub(all, less, out); /* -m = ~(m - 1) */
}

static bool text_value(struct vector *v, const struct abi_type *t, const char *text, struct abi_value *out)
{
	uint8_t *address = arena_alloc(v->w->arena, 20);

	if (t->kind == ABI_STRING) {
		out->bytes = str_c(text);
		return true;
	}
	if (t->kind == ABI_ADDRESS) {
		out->bytes = str_of(address, 20);
		return address_parse(str_c(text), address) || differs(v, "in: no address: %.60s", text);
	}
	return hex_0x_decode(v->w->arena, str_c(text), &out->bytes) || differs(v, "in: no hex: %.60s", text);
}

static bool list_value(struct vector *v, const struct abi_type *t, const cJSON *list, struct abi_value *out)
{
	size_t n = (size_t)cJSON_GetArraySize(list), i = 0;
	struct abi_value *values = arena_array(v->w->arena, n, sizeof(*values));
	const cJSON *item;

	if (!cJSON_IsArray(list) || (t->kind == ABI_TUPLE && n != t->n))
		return differs(v, "in: a list with a value for each type is needed");
	cJSON_ArrayForEach(item, list)
		if (!value_of(v, &t->at[t->kind == ABI_TUPLE ? i : 0], item, &values[i]))
			return false;
		else
			i++;
	out->at = values;
	out->n = n;
	return true;
}

static bool value_of(struct vector *v, const struct abi_type *t, const cJSON *item, struct abi_value *out)
{
	*out = (struct abi_value){ .kind = t->kind };
	switch (t->kind) {
	case ABI_UINT:
	case ABI_INT: return number_of(v, item, &out->number);
	case ABI_BOOL:
		out->number = u256_of(cJSON_IsTrue(item));
		return cJSON_IsBool(item) || differs(v, "in: a bool is true or false");
	case ABI_ARRAY:
	case ABI_TUPLE: return list_value(v, t, item, out);
	default:
		return cJSON_IsString(item) ? text_value(v, t, item->valuestring, out)
					    : differs(v, "in: a value must be a text");
	}
}

bool abi_values(struct vector *v, str types, const cJSON *list, const struct abi_value **values, size_t *n)
{
	struct abi_type tuple;
	struct abi_value all;

	if (!abi_types(v->w, types, &tuple))
		return failed(v, "types");
	if (!value_of(v, &tuple, list, &all))
		return false;
	*values = all.at;
	*n = all.n;
	return true;
}

bool abi_same(const struct abi_value *a, const struct abi_value *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i].kind != b[i].kind || u256_cmp(a[i].number, b[i].number) != 0 ||
			!str_eq(a[i].bytes, b[i].bytes) || a[i].n != b[i].n || !abi_same(a[i].at, b[i].at, a[i].n))
			return false;
	return true;
}

bool abi_both_ways(struct vector *v, str types, const cJSON *list, str *encoded)
{
	struct buf b = buf_new(v->w->arena, ABI_MAX);
	const struct abi_value *values, *decoded;
	size_t n, n_decoded;

	if (!abi_values(v, types, list, &values, &n))
		return false;
	if (!abi_encode(v->w, types, values, n, &b))
		return failed(v, "encode");
	*encoded = buf_str(&b);
	if (!abi_decode(v->w, types, *encoded, &decoded, &n_decoded))
		return failed(v, "decode");
	return (n == n_decoded && abi_same(values, decoded, n)) || differs(v, "decoding gives other values");
}

bool joined_types(struct vector *v, const cJSON *list, str *types)
{
	struct buf b = buf_new(v->w->arena, 4096);
	const cJSON *item;

	cJSON_ArrayForEach(item, list) {
		if (!cJSON_IsString(item))
			return differs(v, "in: a type must be a text");
		if (b.n > 0)
			buf_byte(&b, ',');
		buf_add(&b, str_c(item->valuestring));
	}
	*types = buf_str(&b);
	return true;
}

/* What stands between the parentheses of name(types). */
static bool types_in(struct vector *v, str signature, str *types)
{
	size_t open;

	if (!str_find(signature, STR("("), &open) || open == 0 || !str_ends(signature, STR(")")))
		return differs(v, "in: no signature: " STR_FMT, STR_ARG(signature));
	*types = str_of(signature.p + open + 1, signature.n - open - 2);
	return true;
}

/* selector and arguments, computed twice: by abi_call and from its parts */
static bool call(struct vector *v, const char *member, uint8_t selector[4], str *data)
{
	const struct abi_value *values;
	str signature, types, arguments;
	const cJSON *args;
	size_t n;

	if (!need_text(v, v->in, member, &signature) || !need_array(v, v->in, "args", &args) ||
		!types_in(v, signature, &types) || !abi_values(v, types, args, &values, &n))
		return false;
	if (!abi_call(v->w, signature, values, n, data))
		return failed(v, "call");
	abi_selector(signature, selector);
	if (!abi_both_ways(v, types, args, &arguments))
		return false;
	return (str_starts(*data, str_of(selector, 4)) && str_eq(str_skip(*data, 4), arguments)) ||
		differs(v, "data is not selector and arguments");
}

bool check_abi_call(struct vector *v)
{
	uint8_t selector[4];
	str data;

	return call(v, "signature", selector, &data) && want_hex(v, "selector", str_of(selector, 4)) &&
		want_hex(v, "data", data);
}

bool check_abi_revert(struct vector *v)
{
	uint8_t selector[4];
	str data;

	return call(v, "error", selector, &data) && want_hex(v, "data", data);
}

bool check_abi_return(struct vector *v)
{
	const cJSON *types, *values;
	str text, data;

	return need_array(v, v->in, "types", &types) && need_array(v, v->in, "values", &values) &&
		joined_types(v, types, &text) && abi_both_ways(v, text, values, &data) && want_hex(v, "data", data);
}

/* Events: "Name(type indexed name,type name)" */

struct event {
	struct buf signature; /* Name(type,type) */
	struct buf plain;     /* the types that are not indexed */
	str type[PARAMETERS_MAX];
	bool indexed[PARAMETERS_MAX];
	size_t n;
};

/* Up to the next comma outside parentheses. */
static str next_parameter(str *rest)
{
	size_t n = 0;
	int depth = 0;

	for (; n < rest->n && (depth > 0 || rest->p[n] != ','); n++)
		depth += (rest->p[n] == '(') - (rest->p[n] == ')');
	str parameter = str_of(rest->p, n);
	*rest = str_skip(*rest, n == rest->n ? n : n + 1);
	return parameter;
}

static void add_type(struct buf *b, bool first, str type)
{
	if (!first)
		buf_byte(b, ',');
	buf_add(b, type);
}

static bool parse_event(struct vector *v, str text, struct event *e)
{
	str rest, parameter, word;
	size_t open;

	if (!types_in(v, text, &rest) || !str_find(text, STR("("), &open))
		return false;
	e->signature = buf_new(v->w->arena, 4096);
	e->plain = buf_new(v->w->arena, 4096);
	buf_add(&e->signature, str_of(text.p, open + 1));
	while (rest.n > 0) {
		if (e->n == PARAMETERS_MAX)
			return differs(v, "in: too many parameters");
		parameter = next_parameter(&rest);
		if (!str_next(&parameter, ' ', &e->type[e->n]))
			return differs(v, "in: a parameter without a type");
		e->indexed[e->n] = str_next(&parameter, ' ', &word) && str_eq(word, STR("indexed"));
		add_type(&e->signature, e->n == 0, e->type[e->n]);
		if (!e->indexed[e->n])
			add_type(&e->plain, e->plain.n == 0, e->type[e->n]);
		e->n++;
	}
	buf_byte(&e->signature, ')');
	return true;
}

static bool want_topic(struct vector *v, const cJSON *topics, int at, const uint8_t got[32])
{
	const cJSON *item = cJSON_GetArrayItem(topics, at);
	str text = hex_0x(v->w->arena, str_of(got, 32));

	return (cJSON_IsString(item) && str_eq(str_c(item->valuestring), text)) ||
		differs(v, "topics[%d]: got " STR_FMT, at, STR_ARG(text));
}

/* The indexed arguments against the topics; the others go to plain. */
static bool want_topics(struct vector *v, const struct event *e, const struct abi_value *values,
	struct abi_value *plain, size_t *n_plain)
{
	const cJSON *topics = expected(v, "topics");
	uint8_t topic[32];
	int at = 0;

	abi_topic(buf_str(&e->signature), topic);
	if (topics == NULL || !want_topic(v, topics, at++, topic))
		return false;
	for (size_t i = 0; i < e->n; i++) {
		if (!e->indexed[i]) {
			plain[(*n_plain)++] = values[i];
			continue;
		}
		if (!abi_indexed(v->w, e->type[i], &values[i], topic))
			return failed(v, "topic");
		if (!want_topic(v, topics, at++, topic))
			return false;
	}
	return cJSON_GetArraySize(topics) == at || differs(v, "topics: %d are right", at);
}

bool check_abi_event(struct vector *v)
{
	struct buf b = buf_new(v->w->arena, ABI_MAX);
	const struct abi_value *values, *decoded;
	struct abi_value plain[PARAMETERS_MAX];
	struct event e = { .n = 0 };
	const cJSON *args;
	size_t n, n_plain = 0, n_decoded;
	str text, types;

	if (!need_text(v, v->in, "event", &text) || !need_array(v, v->in, "args", &args) || !parse_event(v, text, &e) ||
		!types_in(v, buf_str(&e.signature), &types) || !abi_values(v, types, args, &values, &n))
		return false;
	if (n != e.n || !want_topics(v, &e, values, plain, &n_plain))
		return differs(v, "in: as many arguments as parameters are needed");
	if (!abi_encode(v->w, buf_str(&e.plain), plain, n_plain, &b) || !want_hex(v, "data", buf_str(&b)))
		return failed(v, "data");
	if (!abi_decode(v->w, buf_str(&e.plain), buf_str(&b), &decoded, &n_decoded))
		return failed(v, "decode");
	return (n_decoded == n_plain && abi_same(plain, decoded, n_plain)) || differs(v, "decoding gives other values");
}
