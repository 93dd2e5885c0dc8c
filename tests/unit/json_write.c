/* Writing: the stream, quoting, and the canonical form of RFC 8785. */
#include "tests/unit/check.h"

#include "base/output.h"

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

static void streams(void **state)
{
	struct work *w = *state;
	struct buf b = buf_new(w->arena, 4096);
	struct json j = { .b = &b };
	uuid id;

	assert_true(uuid_parse(STR("0190163d-8694-739b-aea5-966c26f8ad91"), &id));
	json_open(&j, NULL, '{');
	json_str(&j, "s", STR("x"));
	json_str(&j, "none", (str){ 0 });
	json_str(&j, "empty", STR(""));
	json_i64(&j, "least", INT64_MIN);
	json_bool(&j, "yes", true);
	json_null(&j, "nil");
	json_open(&j, "list", '[');
	json_bool(&j, NULL, false);
	json_open(&j, NULL, '{');
	json_close(&j, '}');
	json_open(&j, NULL, '[');
	json_close(&j, ']');
	json_i64(&j, NULL, 2);
	json_close(&j, ']');
	json_u256(&j, "amount", (u256){ { 0, 1, 0, 0 } });
	json_uuid(&j, "id", id);
	json_time(&j, "at", 1);
	json_hex(&j, "hash", STR("\0\xff"));
	json_hex(&j, "nothing", STR(""));
	json_raw(&j, "raw", STR("{\"k\":1}"));
	json_close(&j, '}');
	assert_str(buf_str(&b),
		"{\"s\":\"x\",\"none\":null,\"empty\":\"\",\"least\":-9223372036854775808,\"yes\":true,\"nil\":null,"
		"\"list\":[false,{},[],2],\"amount\":\"18446744073709551616\","
		"\"id\":\"0190163d-8694-739b-aea5-966c26f8ad91\",\"at\":\"1970-01-01T00:00:00.000001Z\","
		"\"hash\":\"0x00ff\",\"nothing\":\"0x\",\"raw\":{\"k\":1}}");
}

static void quotes(void **state)
{
	static const struct {
		str text;
		const char *quoted;
	} cases[] = {
		{ { "", 0 }, "\"\"" },
		{ { "\b\t\n\f\r", 5 }, "\"\\b\\t\\n\\f\\r\"" },
		{ { "\0\x01\x0b\x0e\x1f", 5 }, "\"\\u0000\\u0001\\u000b\\u000e\\u001f\"" },
		{ { "\"\\/\x7f", 4 }, "\"\\\"\\\\/\x7f\"" },
		{ { "\xe2\x80\xa8\xf0\x9f\x98\x80", 7 }, "\"\xe2\x80\xa8\xf0\x9f\x98\x80\"" },
		{ { "a\xff"
		    "b",
			  3 },
			"\"a\xef\xbf\xbd"
			"b\"" },
		{ { "\xe2\x82", 2 }, "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ { "\xed\xa0\x80", 3 }, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	};
	struct work *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf b = buf_new(w->arena, 100);

		json_quote(&b, cases[i].text);
		assert_str(buf_str(&b), cases[i].quoted);
	}
}

static void ceiling_holds(void **state)
{
	struct work *w = *state;

	for (size_t max = 0; max < 30; max++) {
		struct buf b = buf_new(w->arena, max);
		struct json j = { .b = &b };

		json_open(&j, NULL, '{');
		json_hex(&j, "hash", STR("abcdefgh"));
		json_close(&j, '}');
		assert_int_equal(buf_full(&b), max < 29);
		assert_true(b.n <= max);
	}
}

static str canonical(struct work *w, const char *text)
{
	const cJSON *tree;
	str out = { 0 };

	if (!json_parse(w, str_c(text), &tree) || !json_canonical(w, tree, &out))
		fail_msg("%s: %s", text, w->err.text);
	return out;
}

static void S13_canonical_form(void **state)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {
		/* RFC 8785, 3.2.2 without the numbers that are no integers */
		{ "{\"numbers\": [333, 4, 2e3, -0, 1E2],"
		  " \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
		  " \"literals\": [null, true, false]}",
			"{\"literals\":[null,true,false],\"numbers\":[333,4,2000,0,100],"
			"\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}" },
		/* RFC 8785, 3.2.3: names sort by UTF-16 code units */
		{ "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\","
		  "\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
		  "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
			"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
			"\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
			"\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\",\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}" },
		{ "{\"b\":{\"z\":1,\"y\":[{\"d\":1,\"c\":2}]},\"a\":[]}",
			"{\"a\":[],\"b\":{\"y\":[{\"c\":2,\"d\":1}],\"z\":1}}" },
		{ "{\"aa\":1,\"a\":2,\"\":3,\"B\":4}", "{\"\":3,\"B\":4,\"a\":2,\"aa\":1}" },
		/* within one first byte the order is that of the bytes, on both sides of U+FFFF */
		{ "{\"\\ud83d\\ude01\":1,\"\\ud83d\\ude00\":2,\"\\uffff\":3,\"\\ue000\":4,\"\\ud7ff\":5}",
			"{\"\xed\x9f\xbf\":5,\"\xf0\x9f\x98\x80\":2,\"\xf0\x9f\x98\x81\":1,\"\xee\x80\x80\":4,\"\xef\xbf\xbf\":3}" },
		/* a prefix before what it begins, also where the rest is above U+FFFF */
		{ "{\"x\\ud83d\\ude00\":1,\"x\":2,\"x\\uffee\":3}",
			"{\"x\":2,\"x\xf0\x9f\x98\x80\":1,\"x\xef\xbf\xae\":3}" },
		{ "[9007199254740991,-9007199254740991]", "[9007199254740991,-9007199254740991]" },
		{ "\"\\u2028\\u007f\"", "\"\xe2\x80\xa8\x7f\"" },
		{ "-0.0", "0" },
		{ " [ ] ", "[]" },
	};
	struct work *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		str once = canonical(w, cases[i].text);

		assert_str(once, cases[i].canonical);
		assert_true(str_eq(canonical(w, arena_cstr(w->arena, once)), once));
	}
}

static void S13_canonical_refuses(void **state)
{
	static const char *const numbers[] = { "1.5", "9007199254740992", "[-9007199254740992]", "{\"a\":[1e30]}",
		"1e-7" };
	struct work *w = *state;
	const cJSON *tree;
	cJSON *made;
	str out;

	for (size_t i = 0; i < COUNT(numbers); i++) {
		assert_true(json_parse(w, str_c(numbers[i]), &tree));
		assert_false(json_canonical(w, tree, &out));
		assert_err(w, ERR_INVALID, "jcs.number");
	}
	made = cJSON_CreateString("\xed\xa0\x80");
	assert_false(json_canonical(w, made, &out));
	assert_err(w, ERR_INVALID, "jcs.text");
	cJSON_Delete(made);
	made = cJSON_CreateObject();
	cJSON_AddNullToObject(made, "a");
	cJSON_AddNullToObject(made, "b");
	cJSON_AddNullToObject(made, "a");
	assert_false(json_canonical(w, made, &out));
	assert_err(w, ERR_INVALID, "json.duplicate_key");
	cJSON_Delete(made);
}

static void prints_other_numbers(void **state)
{
	static const char *const texts[] = { "1.5", "0.10000000000000001", "1e+300", "9007199254740992", "-2.5e-08" };
	struct work *w = *state;
	const cJSON *tree;

	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_true(json_parse(w, str_c(texts[i]), &tree));
		assert_true(strtod(arena_cstr(w->arena, json_print(w, tree)), NULL) == tree->valuedouble);
	}
}

/* Whatever stands in a word, the output is JSON. */
static void outputs(void **state)
{
	struct work *w = *state;
	struct json *j = output_open(w);

	json_hex(j, "hash", STR("\1"));
	output_close(w, j);
	assert_str(w->output, "{\"hash\":\"0x01\"}");
	output_word(w, "account", "a \"word\"\n", NULL);
	assert_str(w->output, "{\"account\":\"a \\\"word\\\"\\n\"}");
	output_word(w, "account", "refused", "link.code");
	assert_str(w->output, "{\"account\":\"refused\",\"code\":\"link.code\"}");
}

#define IN_WORK(test) cmocka_unit_test_setup_teardown(test, new_work, end_work)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORK(streams),
		IN_WORK(quotes),
		IN_WORK(ceiling_holds),
		IN_WORK(S13_canonical_form),
		IN_WORK(S13_canonical_refuses),
		IN_WORK(prints_other_numbers),
		IN_WORK(outputs),
	};

	return cmocka_run_group_tests_name("json_write", tests, NULL, NULL);
}
