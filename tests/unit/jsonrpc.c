#include "http_stub.h"

#include "net/jsonrpc.h"

static bool call(struct work *w, const struct stub_answer *a, bool safe, const cJSON **result, struct jsonrpc_error *e)
{
	struct fetch *f = fetch_new();
	struct stub s;
	bool ok;

	stub_start(&s, a, 1);
	ok = jsonrpc_call(w, f, str_c(s.url), "eth_call", STR("[1,\"0x\"]"), safe, result, e);
	fetch_free(&f);
	stub_stop(&s);
	assert_non_null(strstr(s.requests[0].body, "{\"jsonrpc\":\"2.0\",\"id\":"));
	assert_non_null(strstr(s.requests[0].body, "\"method\":\"eth_call\",\"params\":[1,\"0x\"]}"));
	stub_free(&s);
	return ok;
}

#define BEGIN                                                                                                          \
	const cJSON *result;                                                                                           \
	struct jsonrpc_error e;                                                                                        \
	struct work w;                                                                                                 \
	(void)state;                                                                                                   \
	work_init(&w)

static void results_and_nulls(void **state)
{
	struct stub_answer a = { .body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":\"0x1\"}" };
	struct stub_answer null = { .body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":null,\"error\":null}" };
	BEGIN;

	assert_true(call(&w, &a, true, &result, &e));
	assert_false(e.is);
	assert_string_equal(result->valuestring, "0x1");
	assert_true(call(&w, &null, true, &result, &e));
	assert_true(cJSON_IsNull(result) && !e.is);
	work_end(&w);
}

static void error_objects_are_handed_on(void **state)
{
	static const struct {
		int status;
		const char *body, *message, *data;
		int64_t code;
	} rows[] = {
		{ 200, "{\"id\":$ID,\"error\":{\"code\":3,\"message\":\"execution reverted\",\"data\":\"0x08c3\"}}",
			"execution reverted", "0x08c3", 3 },
		{ 400, "{\"id\":$ID,\"error\":{\"code\":-32000,\"message\":\"nonce too low\"}}", "nonce too low", "",
			-32000 },
		{ 200, "{\"id\":null,\"error\":{\"code\":-32700,\"message\":\"parse error\",\"data\":{\"a\":1}}}",
			"parse error", "{\"a\":1}", -32700 },
	};
	BEGIN;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct stub_answer a = { .status = rows[i].status, .body = rows[i].body };

		assert_true(call(&w, &a, false, &result, &e));
		assert_true(e.is);
		assert_int_equal(e.code, rows[i].code);
		assert_str(e.message, rows[i].message);
		assert_str(e.data, rows[i].data);
	}
	work_end(&w);
}

static void what_is_no_answer_is_malformed(void **state)
{
	static const char *const bodies[] = {
		"{\"jsonrpc\":\"2.0\",\"id\":$ID,\"resu",
		"",
		"[]",
		"\"0x1\"",
		"{\"id\":$ID}",
		"{\"id\":0,\"result\":1}",
		"{\"id\":null,\"result\":1}",
		"{\"result\":1}",
		"{\"id\":$ID,\"error\":{\"message\":\"x\"}}",
		"{\"id\":$ID,\"error\":\"x\"}",
		"<html>",
	};
	BEGIN;

	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct stub_answer a = { .body = bodies[i] };

		assert_false(call(&w, &a, true, &result, &e));
		assert_err(&w, ERR_RETRY, "rpc.malformed");
		assert_false(call(&w, &a, false, &result, &e));
		assert_err(&w, ERR_UNCERTAIN, "rpc.malformed");
	}
	work_end(&w);
}

static void statuses_and_silence(void **state)
{
	static const struct {
		struct stub_answer a;
		enum err_kind safe, unsafe;
		const char *code;
	} rows[] = {
		{ { 500 }, ERR_RETRY, ERR_UNCERTAIN, "chain.server" },
		{ { 429, "Retry-After: 2\r\n", "{\"id\":$ID,\"error\":{\"code\":1,\"message\":\"slow down\"}}" },
			ERR_RETRY, ERR_UNCERTAIN, "chain.busy" },
		{ { 403, NULL, "no" }, ERR_INVALID, ERR_INVALID, "chain.refused" },
		{ { 400, NULL, "{\"id\":$ID,\"result\":1}" }, ERR_INVALID, ERR_INVALID, "chain.refused" },
		{ { .fault = STUB_CLOSE }, ERR_RETRY, ERR_UNCERTAIN, "fetch.no_answer" },
		{ { .body = "{}", .fault = STUB_SHORT }, ERR_RETRY, ERR_UNCERTAIN, "fetch.cut_short" },
	};
	BEGIN;

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_false(call(&w, &rows[i].a, true, &result, &e));
		assert_err(&w, rows[i].safe, rows[i].code);
		assert_false(call(&w, &rows[i].a, false, &result, &e));
		assert_err(&w, rows[i].unsafe, rows[i].code);
	}
	work_end(&w);
}

static void nothing_left_is_a_plain_retry(void **state)
{
	struct fetch *f = fetch_new();
	char url[64];
	BEGIN;

	stub_nobody(url);
	assert_false(jsonrpc_call(&w, f, str_c(url), "eth_sendRawTransaction", STR("[]"), false, &result, &e));
	assert_err(&w, ERR_RETRY, "fetch.unreachable");
	fetch_free(&f);
	work_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_and_nulls),
		cmocka_unit_test(error_objects_are_handed_on),
		cmocka_unit_test(what_is_no_answer_is_malformed),
		cmocka_unit_test(statuses_and_silence),
		cmocka_unit_test(nothing_left_is_a_plain_retry),
	};

	return cmocka_run_group_tests_name("jsonrpc", tests, NULL, NULL);
}
