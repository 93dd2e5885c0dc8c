#include "http_stub.h"

#include "net/fetch.h"

static struct fetch_req get(const struct stub *s)
{
	return (struct fetch_req){ .method = "GET", .url = str_c(s->url), .max_body = 1000, .timeout = 5 * USEC_S };
}

static struct fetch_req post(const struct stub *s)
{
	struct fetch_req req = get(s);

	req.method = "POST";
	req.body = STR("{}");
	req.content_type = STR("application/json");
	return req;
}

/* One exchange against one scripted answer. */
static bool once(struct work *w, const struct stub_answer *a, struct fetch_req req, struct fetch_resp *resp)
{
	struct fetch *f = fetch_new();
	struct stub s;
	bool ok;

	stub_start(&s, a, 1);
	req.url = str_c(s.url);
	ok = fetch_do(w, f, &req, resp);
	fetch_free(&f);
	stub_stop(&s);
	stub_free(&s);
	return ok;
}

#define BEGIN                                                                                                          \
	struct stub s = { 0 };                                                                                         \
	struct fetch_resp resp;                                                                                        \
	struct work w;                                                                                                 \
	(void)state;                                                                                                   \
	(void)s;                                                                                                       \
	(void)resp;                                                                                                    \
	work_init(&w)

static void answers_come_whole(void **state)
{
	BEGIN;
	assert_true(once(&w, &(struct stub_answer){ 404, "X-One:  a b \r\nX-ONE: c\r\n", "hello" }, get(&s), &resp));
	assert_int_equal(resp.status, 404);
	assert_str(resp.body, "hello");
	assert_str(fetch_header(&resp, "x-one"), "a b");
	assert_null(fetch_header(&resp, "absent").p);
	assert_true(once(&w, &(struct stub_answer){ 302, "Location: http://127.0.0.1:1/\r\n" }, get(&s), &resp));
	assert_int_equal(resp.status, 302);
	work_end(&w);
}

static void requests_are_sent_as_given(void **state)
{
	const struct fetch_header h[] = { { STR("Authorization"), STR("Bearer t") }, { STR("X-Empty"), STR("") } };
	struct stub_answer a[] = { { .body = "1", .keep = true }, { .body = "2", .keep = true }, { .body = "3" } };
	struct fetch *f = fetch_new();
	struct fetch_req req;
	BEGIN;

	stub_start(&s, a, COUNT(a));
	req = post(&s);
	req.safe = true;
	req.headers = h;
	req.n_headers = 2;
	assert_true(fetch_do(&w, f, &req, &resp));
	assert_str(resp.body, "1");
	req = get(&s);
	assert_true(fetch_do(&w, f, &req, &resp));
	assert_str(resp.body, "2");
	assert_int_equal(s.n_connections, 1);
	fetch_free(&f);
	stub_stop(&s);
	assert_string_equal(s.requests[0].method, "POST");
	assert_string_equal(s.requests[0].body, "{}");
	assert_non_null(strstr(s.requests[0].headers, "\r\nAuthorization: Bearer t\r\n"));
	assert_non_null(strstr(s.requests[0].headers, "\r\nX-Empty:\r\n"));
	assert_non_null(strstr(s.requests[0].headers, "\r\nContent-Type: application/json\r\n"));
	assert_string_equal(s.requests[1].method, "GET");
	assert_null(strstr(s.requests[1].headers, "Authorization"));
	stub_free(&s);
	work_end(&w);
}

static void unsafe_requests_use_a_connection_of_their_own(void **state)
{
	struct stub_answer a[] = { { .keep = true }, { .keep = true }, { .keep = true }, { .keep = true } };
	struct fetch *f = fetch_new();
	struct fetch_req g, p;
	BEGIN;

	stub_start(&s, a, COUNT(a));
	g = get(&s);
	p = post(&s);
	assert_true(fetch_do(&w, f, &g, &resp));
	assert_true(fetch_do(&w, f, &p, &resp));
	assert_int_equal(s.n_connections, 2);
	assert_true(fetch_do(&w, f, &p, &resp));
	assert_int_equal(s.n_connections, 3);
	assert_true(fetch_do(&w, f, &g, &resp));
	fetch_free(&f);
	stub_stop(&s);
	stub_free(&s);
	work_end(&w);
}

static void nobody_there_is_unreachable(void **state)
{
	struct fetch *f = fetch_new();
	struct fetch_req req;
	BEGIN;

	stub_nobody(s.url);
	req = post(&s);
	assert_false(fetch_do(&w, f, &req, &resp));
	assert_err(&w, ERR_RETRY, "fetch.unreachable");
	w.deadline = clock_monotonic() - 1;
	assert_false(fetch_do(&w, f, &req, &resp));
	assert_err(&w, ERR_RETRY, "fetch.unreachable");
	fetch_free(&f);
	work_end(&w);
}

static void no_answer_is_uncertain_once_a_post_has_left(void **state)
{
	static const enum stub_fault faults[] = { STUB_RESET, STUB_CLOSE, STUB_HANG, STUB_NOISE };
	BEGIN;

	for (size_t i = 0; i < COUNT(faults); i++) {
		struct stub_answer a = { .fault = faults[i] };
		struct fetch_req p = post(&s), g = get(&s);

		p.timeout = g.timeout = 300 * USEC_MS;
		assert_false(once(&w, &a, g, &resp));
		assert_err(&w, ERR_RETRY, "fetch.no_answer");
		assert_false(once(&w, &a, p, &resp));
		assert_err(&w, ERR_UNCERTAIN, "fetch.no_answer");
		p.safe = true;
		assert_false(once(&w, &a, p, &resp));
		assert_err(&w, ERR_RETRY, "fetch.no_answer");
	}
	work_end(&w);
}

static void deadline_of_the_work_rules(void **state)
{
	usec began = clock_monotonic();
	BEGIN;

	w.deadline = began + 200 * USEC_MS;
	assert_false(once(&w, &(struct stub_answer){ .fault = STUB_HANG }, get(&s), &resp));
	assert_err(&w, ERR_RETRY, "fetch.no_answer");
	assert_true(clock_monotonic() - began < 10 * USEC_S);
	work_end(&w);
}

static void short_bodies_are_noticed(void **state)
{
	static const enum stub_fault faults[] = { STUB_SHORT, STUB_HALF };
	BEGIN;

	for (size_t i = 0; i < COUNT(faults); i++) {
		struct stub_answer a = { .body = "{\"a\":1}", .fault = faults[i] };
		struct fetch_req p = post(&s), g = get(&s);

		p.timeout = g.timeout = 300 * USEC_MS;
		assert_false(once(&w, &a, g, &resp));
		assert_err(&w, ERR_RETRY, "fetch.cut_short");
		assert_false(once(&w, &a, p, &resp));
		assert_err(&w, ERR_UNCERTAIN, "fetch.cut_short");
	}
	work_end(&w);
}

static void ceilings_hold(void **state)
{
	char body[1002] = { 0 }, many[8192] = "", large[70000];
	struct stub_answer a = { .body = body };
	BEGIN;

	memset(body, 'x', 1000);
	assert_true(once(&w, &a, get(&s), &resp));
	assert_int_equal(resp.body.n, 1000);
	body[1000] = 'x';
	assert_false(once(&w, &a, get(&s), &resp));
	assert_err(&w, ERR_INVALID, "fetch.too_large");
	assert_false(once(&w, &a, post(&s), &resp));
	assert_err(&w, ERR_UNCERTAIN, "fetch.too_large");
	assert_false(once(&w, &(struct stub_answer){ .fault = STUB_GIANT }, get(&s), &resp));
	assert_err(&w, ERR_INVALID, "fetch.too_large");
	for (int i = 0; i < 130; i++)
		strcat(many, "X-Many: 1\r\n");
	assert_false(once(&w, &(struct stub_answer){ .headers = many }, get(&s), &resp));
	assert_err(&w, ERR_INVALID, "fetch.too_large");
	memset(large, 'y', sizeof(large));
	memcpy(large, "X-Large: ", 9);
	memcpy(large + sizeof(large) - 3, "\r\n", 3);
	assert_false(once(&w, &(struct stub_answer){ .headers = large }, get(&s), &resp));
	assert_err(&w, ERR_INVALID, "fetch.too_large");
	work_end(&w);
}

static void only_web_addresses_and_one_line_headers(void **state)
{
	static const char *const urls[] = { "file:///etc/passwd", "ftp://127.0.0.1/", "", "http://",
		"dict://127.0.0.1:1/" };
	const struct fetch_header h = { STR("X"), STR("a\r\nY: b") };
	struct fetch *f = fetch_new();
	struct fetch_req req;
	BEGIN;

	for (size_t i = 0; i < COUNT(urls); i++) {
		req = get(&s);
		req.url = str_c(urls[i]);
		assert_false(fetch_do(&w, f, &req, &resp));
		assert_err(&w, ERR_INVALID, "fetch.request");
	}
	req = get(&s);
	req.headers = &h;
	req.n_headers = 1;
	assert_false(fetch_do(&w, f, &req, &resp));
	assert_err(&w, ERR_INVALID, "fetch.request");
	fetch_free(&f);
	work_end(&w);
}

static void errors_name_no_path(void **state)
{
	struct fetch *f = fetch_new();
	struct fetch_req req;
	char url[128];
	BEGIN;

	stub_nobody(s.url);
	snprintf(url, sizeof(url), "%s/v3/apikey?token=1", s.url);
	req = get(&s);
	req.url = str_c(url);
	assert_false(fetch_do(&w, f, &req, &resp));
	assert_non_null(strstr(w.err.text, s.url));
	assert_null(strstr(w.err.text, "apikey"));
	snprintf(url, sizeof(url), "http://user:word@%s/", s.url + 7);
	req.url = str_c(url);
	assert_false(fetch_do(&w, f, &req, &resp));
	assert_null(strstr(w.err.text, "word"));
	fetch_free(&f);
	work_end(&w);
}

static void refused_sorts_statuses(void **state)
{
	static const struct {
		int status;
		const char *headers;
		enum err_kind kind;
		const char *code;
		usec wait;
	} rows[] = {
		{ 500, NULL, ERR_RETRY, "x.server", 0 },
		{ 502, "Retry-After: 3\r\n", ERR_RETRY, "x.server", 3 * USEC_S },
		{ 503, NULL, ERR_RETRY, "x.server", 0 },
		{ 503, "Retry-After: 7\r\n", ERR_RETRY, "x.busy", 7 * USEC_S },
		{ 429, NULL, ERR_RETRY, "x.busy", 0 },
		{ 429, "Retry-After: 60\r\n", ERR_RETRY, "x.busy", 60 * USEC_S },
		{ 429, "Retry-After: soon\r\n", ERR_RETRY, "x.busy", 0 },
		{ 429, "Retry-After: -4\r\n", ERR_RETRY, "x.busy", 0 },
		{ 429, "Retry-After: 9223372036854775807\r\n", ERR_RETRY, "x.busy", 86400 * USEC_S },
		{ 429, "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\n", ERR_RETRY, "x.busy", 86400 * USEC_S },
		{ 429, "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", ERR_RETRY, "x.busy", 0 },
		{ 408, NULL, ERR_RETRY, "x.server", 0 },
		{ 400, NULL, ERR_INVALID, "x.refused", 0 },
		{ 301, NULL, ERR_INVALID, "x.refused", 0 },
	};
	BEGIN;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct stub_answer a = { rows[i].status, rows[i].headers, "" };

		assert_true(once(&w, &a, get(&s), &resp));
		assert_false(fetch_refused(&w, "x", &resp));
		assert_int_equal(w.err.retry_after, rows[i].wait);
		assert_err(&w, rows[i].kind, rows[i].code);
	}
	work_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_come_whole),
		cmocka_unit_test(requests_are_sent_as_given),
		cmocka_unit_test(unsafe_requests_use_a_connection_of_their_own),
		cmocka_unit_test(nobody_there_is_unreachable),
		cmocka_unit_test(no_answer_is_uncertain_once_a_post_has_left),
		cmocka_unit_test(deadline_of_the_work_rules),
		cmocka_unit_test(short_bodies_are_noticed),
		cmocka_unit_test(ceilings_hold),
		cmocka_unit_test(only_web_addresses_and_one_line_headers),
		cmocka_unit_test(errors_name_no_path),
		cmocka_unit_test(refused_sorts_statuses),
	};

	return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}
