/* Reading: which texts are JSON, and how a field table takes them. */
#include "tests/unit/check.h"

#include "base/json.h"

static int new_work(void **state)
{
	static struct work w;

	work_init(&w);
	*state = &w;
	return 0;
}

static int end_work(void **state)
{
	work_end(*state);
	return 0;
}

static void accepts(void **state)
{
	static const struct {
		const char *text, *printed;
	} cases[] = {
		{ "{}", "{}" },
		{ " [ ] ", "[]" },
		{ "\t\r\n 1 \n", "1" },
		{ "-0", "0" },
		{ "0.5", "0.5" },
		{ "1e2", "100" },
		{ "1E+2", "100" },
		{ "-12.5e-1", "-1.25" },
		{ "9007199254740991", "9007199254740991" },
		{ "-9007199254740991", "-9007199254740991" },
		{ "1125899906842624", "1125899906842624" },
		{ "\"\"", "\"\"" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"" },
		{ "\"\\u20ac\\uD83D\\ude00\\u0001\"", "\"\xe2\x82\xac\xf0\x9f\x98\x80\\u0001\"" },
		{ "\"\x7f \xe2\x80\xa8\"", "\"\x7f \xe2\x80\xa8\"" },
		{ "[true,false,null]", "[true,false,null]" },
		{ "{ \"a\" : { \"b\" : [ 1 , 2 ] } , \"A\" : 3 }", "{\"a\":{\"b\":[1,2]},\"A\":3}" },
		{ "{\"\":1}", "{\"\":1}" },
	};
	struct work *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const cJSON *tree;

		if (!json_parse(w, str_c(cases[i].text), &tree))
			fail_msg("%s: %s", cases[i].text, w->err.text);
		assert_str(json_print(w, tree), cases[i].printed);
	}
}

#define BAD(text, code)                                                                                                \
	{                                                                                                              \
		{ "" text, sizeof(text) - 1 }, "json." code                                                            \
	}
#define LEVELS_8 "[[[[[[[["

static void refuses(void **state)
{
	static const struct {
		str text;
		const char *code;
	} cases[] = {
		BAD("", "malformed"),
		BAD(" ", "malformed"),
		BAD("\xef\xbb\xbf{}", "malformed"), /* byte order mark */
		BAD("{}\0", "malformed"),
		BAD("\0", "malformed"),
		BAD("{} {}", "malformed"),
		BAD("{}x", "malformed"),
		BAD("1 2", "malformed"),
		BAD("[1,]", "malformed"),
		BAD("[,1]", "malformed"),
		BAD("[1 2]", "malformed"),
		BAD("[1", "malformed"),
		BAD("[", "malformed"),
		BAD("]", "malformed"),
		BAD("[1}", "malformed"),
		BAD("{\"a\":1]", "malformed"),
		BAD("{\"a\":1,}", "malformed"),
		BAD("{\"a\" 1}", "malformed"),
		BAD("{\"a\":}", "malformed"),
		BAD("{\"a\"}", "malformed"),
		BAD("{a:1}", "malformed"),
		BAD("{'a':1}", "malformed"),
		BAD("{1:1}", "malformed"),
		BAD("{", "malformed"),
		BAD("{\"a\":1", "malformed"),
		BAD("01", "malformed"),
		BAD("-01", "malformed"),
		BAD("+1", "malformed"),
		BAD(".5", "malformed"),
		BAD("1.", "malformed"),
		BAD("1.e5", "malformed"),
		BAD("1e", "malformed"),
		BAD("1e+", "malformed"),
		BAD("-", "malformed"),
		BAD("--1", "malformed"),
		BAD("0x10", "malformed"),
		BAD("NaN", "malformed"),
		BAD("nan", "malformed"),
		BAD("Infinity", "malformed"),
		BAD("-Infinity", "malformed"),
		BAD("1e400", "malformed"),
		BAD("[0,-1e400]", "malformed"),
		BAD("1234567890123456789012345678901234567890123456789012345678901", "malformed"),
		BAD("True", "malformed"),
		BAD("tru", "malformed"),
		BAD("nulll", "malformed"),
		BAD("undefined", "malformed"),
		BAD("// x\n1", "malformed"),
		BAD("/* x */1", "malformed"),
		BAD("\f1", "malformed"),
		BAD("\xc2\xa0"
		    "1",
			"malformed"),
		BAD("\"", "malformed"),
		BAD("\"a", "malformed"),
		BAD("'a'", "malformed"),
		BAD("\"a\nb\"", "malformed"),
		BAD("\"a\tb\"", "malformed"),
		BAD("\"a\0b\"", "malformed"),
		BAD("\"\x1f\"", "malformed"),
		BAD("\"\\\"", "malformed"),
		BAD("\"\\x41\"", "malformed"),
		BAD("\"\\0\"", "malformed"),
		BAD("\"\\\0\"", "malformed"),
		BAD("\"\\U0041\"", "malformed"),
		BAD("\"\\u00\"", "malformed"),
		BAD("\"\\u00g0\"", "malformed"),
		BAD("\"\\u0000\"", "malformed"),
		BAD("{\"a\\u0000b\":1}", "malformed"),
		BAD("\"\\ud800\"", "malformed"),
		BAD("\"\\ud800x\"", "malformed"),
		BAD("\"\\ud800\\n\"", "malformed"),
		BAD("\"\\ud800\\u0041\"", "malformed"),
		BAD("\"\\ud800\\ud800\"", "malformed"),
		BAD("\"\\udc00\"", "malformed"),
		BAD("\"\\udc00\\ud800\"", "malformed"),
		BAD("\"\\ud83d\\ude0\"", "malformed"),
		BAD("\"\xff\"", "malformed"),
		BAD("\"\xc3\"", "malformed"),
		BAD("\"\xc0\x80\"", "malformed"),
		BAD("\"\xed\xa0\x80\"", "malformed"),
		BAD("\"\xf4\x90\x80\x80\"", "malformed"),
		BAD("\"\xe2\x82", "malformed"),
		BAD("{\"\xff\":1}", "malformed"),
		BAD("{\"a\":1,\"a\":1}", "duplicate_key"),
		BAD("{\"a\":1,\"\\u0061\":2}", "duplicate_key"),
		BAD("{\"\":1,\"\":2}", "duplicate_key"),
		BAD("[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]", "duplicate_key"),
		BAD(LEVELS_8 LEVELS_8 LEVELS_8 LEVELS_8 "[", "too_deep"),
		BAD(LEVELS_8 LEVELS_8 LEVELS_8 LEVELS_8 "{\"a\":1}", "too_deep"),
	};
	struct work *w = *state;
	const cJSON *tree = NULL;

	for (size_t i = 0; i < COUNT(cases); i++) {
		/* A copy of exactly its size, so that the sanitizer sees a byte read too many. */
		char *copy = malloc(cases[i].text.n + 1);

		memcpy(copy, cases[i].text.p, cases[i].text.n);
		copy = realloc(copy, cases[i].text.n > 0 ? cases[i].text.n : 1);
		if (json_parse(w, str_of(copy, cases[i].text.n), &tree))
			fail_msg("case %zu: %s", i, cases[i].text.p);
		if (strcmp(w->err.code, cases[i].code) != 0)
			fail_msg("case %zu: %s: %s", i, cases[i].text.p, w->err.code);
		assert_err(w, ERR_INVALID, cases[i].code);
		free(copy);
	}
	assert_null(tree);
}

static void says_where(void **state)
{
	struct work *w = *state;
	const cJSON *tree;

	assert_false(json_parse(w, STR("{\"a\": 01}"), &tree));
	assert_string_equal(w->err.text, "byte 7: a number begins with 0");
	assert_false(json_parse(w, STR("{\"a\":1,\"a\":1}"), &tree));
	assert_string_equal(w->err.text, "\"a\" twice in one object");
}

/* Every cut of a text that uses the whole grammar is refused, and none is read past its end. */
static void refuses_every_cut(void **state)
{
	static const char text[] =
		"{\"a\\u00e9\\ud83d\\ude00\xe2\x82\xac\":[1.5e-3,true,false,null,{\"b\":\"\"}],\"c\":-1}";
	struct work *w = *state;
	const cJSON *tree;

	assert_true(json_parse(w, str_c(text), &tree));
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		char *copy = malloc(n > 0 ? n : 1);

		memcpy(copy, text, n);
		assert_false(json_parse(w, str_of(copy, n), &tree));
		assert_err(w, ERR_INVALID, "json.malformed");
		free(copy);
	}
}

static void depth_32_is_fine(void **state)
{
	struct work *w = *state;
	const cJSON *tree;
	char text[65];

	memset(text, '[', 32);
	memset(text + 32, ']', 32);
	assert_true(json_parse(w, str_of(text, 64), &tree));
}

/* 100,000 members: a quadratic search would take minutes under the sanitizers. */
static void large_objects_are_cheap(void **state)
{
	struct work *w = *state;
	struct buf b = buf_new(w->arena, SIZE_MAX);
	usec before = clock_monotonic();
	const cJSON *tree;

	for (int i = 0; i < 100000; i++)
		buf_printf(&b, "%c\"k%d\":%d", i == 0 ? '{' : ',', i, i);
	buf_add(&b, STR(",\"k70000\":0}"));
	assert_false(json_parse(w, buf_str(&b), &tree));
	assert_err(w, ERR_INVALID, "json.duplicate_key");
	assert_true(clock_monotonic() - before < 10 * USEC_S);
}

static void looks_up_by_path(void **state)
{
	struct work *w = *state;
	const cJSON *tree;
	int64_t v = 5;

	assert_true(json_parse(w,
		STR("{\"a\":{\"b\":{\"c\":\"x\",\"n\":12,\"f\":1.5,\"s\":\"12\",\"z\":null}},\"l\":[1],"
		    "\"max\":9007199254740991,\"over\":9007199254740992,\"under\":-9007199254740993}"),
		&tree));
	assert_str(json_get_str(tree, "a.b.c"), "x");
	assert_null(json_get_str(tree, "a.b.n").p);
	assert_null(json_get(tree, "a.x.c"));
	assert_null(json_get(tree, "a.b.c.d"));
	assert_null(json_get(tree, "A"));
	assert_null(json_get(tree, "l.0"));
	assert_null(json_get(NULL, "a"));
	assert_non_null(json_get(tree, "a.b.z"));
	assert_true(json_get_i64(tree, "a.b.n", &v));
	assert_int_equal(v, 12);
	assert_false(json_get_i64(tree, "a.b.f", &v));
	assert_false(json_get_i64(tree, "a.b.s", &v));
	assert_false(json_get_i64(tree, "a.b.none", &v));
	assert_false(json_get_i64(tree, "over", &v));
	assert_false(json_get_i64(tree, "under", &v));
	assert_true(json_get_i64(tree, "max", &v));
	assert_true(v == INT64_C(9007199254740991));
}

struct all {
	bool flag;
	int32_t small;
	int64_t number;
	str text;
	str choice;
	u256 amount;
	uuid id;
	usec at;
	usec span;
	int64_t size;
	str address;
	str raw;
	int64_t user;
	bool has_user;
};

static const struct field all_fields[] = {
	FIELD(FIELD_BOOL, struct all, flag, .optional = true),
	FIELD(FIELD_I32, struct all, small, .optional = true, .min = -5, .max = 5),
	FIELD(FIELD_I64, struct all, number),
	FIELD(FIELD_STR, struct all, text, .optional = true, .min = 1, .max = 4),
	FIELD(FIELD_STR, struct all, choice, .optional = true, .one_of = "open|closed"),
	FIELD(FIELD_U256, struct all, amount, .optional = true, .min = 1),
	FIELD(FIELD_UUID, struct all, id, .optional = true),
	FIELD(FIELD_TIME, struct all, at, .optional = true),
	FIELD(FIELD_SPAN, struct all, span, .optional = true),
	FIELD(FIELD_SIZE, struct all, size, .optional = true),
	FIELD(FIELD_HEX, struct all, address, .optional = true, .max = 3),
	FIELD(FIELD_JSON, struct all, raw, .optional = true),
	FIELD(FIELD_I64, struct all, user, .optional = true, .from = "pull.user.id",
		.has = offsetof(struct all, has_user)),
};

static bool read_all(struct work *w, const char *text, struct all *out)
{
	*out = (struct all){ .small = 3 };
	return json_read_text(w, str_c(text), FIELDS(struct all, all_fields), JSON_STRICT, out);
}

static void fills_a_struct(void **state)
{
	struct work *w = *state;
	struct all a;

	assert_true(read_all(w,
		"{\"flag\":true,\"small\":-5,\"number\":-9007199254740991,\"text\":\"\xe2\x82\xac\","
		"\"choice\":\"closed\",\"amount\":\"18446744073709551616\","
		"\"id\":\"0190163d-8694-739b-aea5-966c26f8ad91\",\"at\":\"1970-01-01T00:00:01Z\","
		"\"span\":\"250ms\",\"size\":\"64k\",\"address\":\"0xA1b2c3\","
		"\"raw\":{ \"z\" : [ 1 , \"\\u0041\" ] },\"pull\":{\"user\":{\"id\":7},\"more\":1}}",
		&a));
	assert_true(a.flag && a.small == -5 && a.number == -INT64_C(9007199254740991));
	assert_str(a.text, "\xe2\x82\xac");
	assert_str(a.choice, "closed");
	assert_int_equal(u256_cmp(a.amount, (u256){ { 0, 1, 0, 0 } }), 0);
	assert_int_equal(a.id.b[15], 0x91);
	assert_int_equal(a.at, USEC_S);
	assert_int_equal(a.span, 250 * USEC_MS);
	assert_int_equal(a.size, 65536);
	assert_true(str_eq(a.address, STR("\xa1\xb2\xc3")));
	assert_str(a.raw, "{\"z\":[1,\"A\"]}");
	assert_true(a.user == 7 && a.has_user);
}

static void keeps_what_is_absent(void **state)
{
	struct work *w = *state;
	struct all a;

	assert_true(read_all(w, "{\"number\":1,\"text\":null,\"pull\":{\"user\":null}}", &a));
	assert_int_equal(a.small, 3);
	assert_null(a.text.p);
	assert_false(a.has_user);
}

static void refuses_members(void **state)
{
	static const struct {
		const char *text, *code, *name;
	} cases[] = {
		{ "[]", "json.type", "object" },
		{ "1", "json.type", "object" },
		{ "{}", "json.missing", "number" },
		{ "{\"number\":null}", "json.missing", "number" },
		{ "{\"number\":1,\"other\":2}", "json.unknown", "other" },
		{ "{\"number\":1,\"Number\":2}", "json.unknown", "Number" },
		{ "{\"number\":1,\"user\":2}", "json.unknown", "user" },
		{ "{\"number\":1,\"pull.user.id\":2}", "json.unknown", "pull.user.id" },
		{ "{\"number\":\"1\"}", "json.type", "number" },
		{ "{\"number\":1.5}", "json.type", "number" },
		{ "{\"number\":9007199254740992}", "json.type", "number" },
		{ "{\"number\":9007199254740993}", "json.type", "number" },
		{ "{\"number\":-9007199254740992}", "json.type", "number" },
		{ "{\"number\":1e300}", "json.type", "number" },
		{ "{\"number\":true}", "json.type", "number" },
		{ "{\"number\":[1]}", "json.type", "number" },
		{ "{\"number\":1,\"flag\":1}", "json.type", "flag" },
		{ "{\"number\":1,\"flag\":\"true\"}", "json.type", "flag" },
		{ "{\"number\":1,\"small\":6}", "json.range", "small" },
		{ "{\"number\":1,\"small\":-6}", "json.range", "small" },
		{ "{\"number\":1,\"small\":\"1\"}", "json.type", "small" },
		{ "{\"number\":1,\"text\":5}", "json.type", "text" },
		{ "{\"number\":1,\"text\":{}}", "json.type", "text" },
		{ "{\"number\":1,\"text\":\"\"}", "json.range", "text" },
		{ "{\"number\":1,\"text\":\"12345\"}", "json.range", "text" },
		{ "{\"number\":1,\"text\":\"\xe2\x82\xac\xe2\x82\xac\"}", "json.range", "text" },
		{ "{\"number\":1,\"choice\":\"ope\"}", "json.range", "choice" },
		{ "{\"number\":1,\"choice\":\"open|closed\"}", "json.range", "choice" },
		{ "{\"number\":1,\"choice\":\"\"}", "json.range", "choice" },
		{ "{\"number\":1,\"amount\":5}", "json.type", "amount" },
		{ "{\"number\":1,\"amount\":\"05\"}", "json.type", "amount" },
		{ "{\"number\":1,\"amount\":\"-5\"}", "json.type", "amount" },
		{ "{\"number\":1,\"amount\":\"0x5\"}", "json.type", "amount" },
		{ "{\"number\":1,\"amount\":\"1.0\"}", "json.type", "amount" },
		{ "{\"number\":1,\"amount\":\"0\"}", "json.range", "amount" },
		{ "{\"number\":1,\"id\":\"x\"}", "json.type", "id" },
		{ "{\"number\":1,\"id\":1}", "json.type", "id" },
		{ "{\"number\":1,\"at\":\"2026-02-29T00:00:00Z\"}", "json.type", "at" },
		{ "{\"number\":1,\"at\":1700000000}", "json.type", "at" },
		{ "{\"number\":1,\"span\":\"30\"}", "json.type", "span" },
		{ "{\"number\":1,\"span\":30}", "json.type", "span" },
		{ "{\"number\":1,\"size\":\"1t\"}", "json.type", "size" },
		{ "{\"number\":1,\"address\":\"a1b2c3\"}", "json.type", "address" },
		{ "{\"number\":1,\"address\":\"0xa1b2\"}", "json.range", "address" },
		{ "{\"number\":1,\"address\":\"0xa1b2c3d4\"}", "json.range", "address" },
		{ "{\"number\":1,\"pull\":{\"user\":{\"id\":\"7\"}}}", "json.type", "pull.user.id" },
	};
	struct work *w = *state;
	struct all a;

	for (size_t i = 0; i < COUNT(cases); i++) {
		if (read_all(w, cases[i].text, &a))
			fail_msg("%s", cases[i].text);
		if (strstr(w->err.text, cases[i].name) == NULL)
			fail_msg("%s: %s", cases[i].text, w->err.text);
		if (strcmp(w->err.code, cases[i].code) != 0)
			fail_msg("%s: %s", cases[i].text, w->err.code);
		assert_err(w, ERR_INVALID, cases[i].code);
	}
}

static void skips_unknown_of_the_outside(void **state)
{
	struct work *w = *state;
	struct all a = { 0 };

	assert_true(
		json_read_text(w, STR("{\"number\":4,\"other\":{\"x\":[]}}"), FIELDS(struct all, all_fields), 0, &a));
	assert_int_equal(a.number, 4);
}

static void int32_without_range(void **state)
{
	static const struct field fields[] = { FIELD(FIELD_I32, struct all, small) };
	struct work *w = *state;
	struct all a = { 0 };

	assert_true(json_read_text(w, STR("{\"small\":-2147483648}"), FIELDS(struct all, fields), 0, &a));
	assert_int_equal(a.small, INT32_MIN);
	assert_false(json_read_text(w, STR("{\"small\":2147483648}"), FIELDS(struct all, fields), 0, &a));
	assert_err(w, ERR_INVALID, "json.range");
}

#define IN_WORK(test) cmocka_unit_test_setup_teardown(test, new_work, end_work)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORK(accepts),
		IN_WORK(refuses),
		IN_WORK(says_where),
		IN_WORK(refuses_every_cut),
		IN_WORK(depth_32_is_fine),
		IN_WORK(large_objects_are_cheap),
		IN_WORK(looks_up_by_path),
		IN_WORK(fills_a_struct),
		IN_WORK(keeps_what_is_absent),
		IN_WORK(refuses_members),
		IN_WORK(skips_unknown_of_the_outside),
		IN_WORK(int32_without_range),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
