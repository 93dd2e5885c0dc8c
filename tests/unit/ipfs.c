#include "http_stub.h"

#include "outside/ipfs.h"

/* tests/stack's node gives this CID, and base58 for the same bytes when it is not asked for base32. */
#define DOCUMENT "{\"schema\":\"patchwork.proof.v1\",\"issue\":42,\"login\":\"octocat\",\"merged\":true}"
#define CID "bafkreihhu6otw3dqh2xyml5xe3rvn4ldqqews2zm5tjfooicojmsdcxm5m"
#define CID_BASE58 "zb2rhnEZcMCv3iB3khtUbTy1RxrMgUoDf8pn7s7y28aYnovUz"
#define CID_OTHER "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
#define CID_DAG_PB "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"

struct world {
	struct stub stub;
	struct ipfs *i;
	struct work w;
};

static void begin(struct world *t, const struct stub_answer *answers, size_t n)
{
	work_init(&t->w);
	stub_start(&t->stub, answers, n);
	assert_true(ipfs_new(&t->w, &(struct ipfs_conf){ str_c(t->stub.url) }, &t->i));
}

static void end(struct world *t)
{
	ipfs_free(&t->i);
	stub_stop(&t->stub);
	stub_free(&t->stub);
	work_end(&t->w);
}

static void adds_one_raw_leaf(void **state)
{
	struct stub_answer a[] = {
		{ .body = "{\"Name\":\"document\",\"Hash\":\"" CID "\",\"Size\":\"74\"}\n" },
		{ .body = "{\"Name\":\"document\",\"Bytes\":74}\n{\"Name\":\"document\",\"Hash\":\"" CID
			  "\",\"Size\":74}\n" },
	};
	char boundary[65] = { 0 }, end_mark[80];
	struct world t;
	const char *at;

	(void)state;
	begin(&t, a, COUNT(a));
	assert_true(ipfs_add(&t.w, t.i, STR(DOCUMENT), STR(CID)));
	assert_true(ipfs_add(&t.w, t.i, STR(DOCUMENT), STR(CID)));
	assert_string_equal(
		t.stub.requests[0].path, "/api/v0/add?cid-version=1&raw-leaves=true&cid-base=base32&pin=true");
	assert_string_equal(t.stub.requests[0].method, "POST");
	at = strstr(t.stub.requests[0].headers, "Content-Type: multipart/form-data; boundary=");
	assert_non_null(at);
	memcpy(boundary, at + 44, 64);
	assert_memory_equal(t.stub.requests[0].body, "--", 2);
	assert_memory_equal(t.stub.requests[0].body + 2, boundary, 64);
	assert_non_null(strstr(t.stub.requests[0].body, "name=\"file\""));
	assert_non_null(strstr(t.stub.requests[0].body, "\r\n\r\n" DOCUMENT "\r\n--"));
	snprintf(end_mark, sizeof(end_mark), "\r\n--%s--\r\n", boundary);
	assert_string_equal(t.stub.requests[0].body + t.stub.requests[0].body_n - strlen(end_mark), end_mark);
	end(&t);
}

static void compares_bytes_not_spelling(void **state)
{
	struct stub_answer a[] = { { .body = "{\"Hash\":\"" CID_BASE58 "\"}" } };
	struct world t;

	(void)state;
	begin(&t, a, 1);
	if (!ipfs_add(&t.w, t.i, STR(DOCUMENT), STR(CID)))
		fail_msg("%s", t.w.err.text);
	end(&t);
}

static void S14_other_content_is_a_mismatch(void **state)
{
	static const char *const lies[] = { CID_OTHER, CID_DAG_PB, "QmWmkNERDW", "x" };
	struct world t;

	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		char body[128];
		struct stub_answer a = { .body = body };

		snprintf(body, sizeof(body), "{\"Hash\":\"%s\"}", lies[i]);
		begin(&t, &a, 1);
		assert_false(ipfs_add(&t.w, t.i, STR(DOCUMENT), STR(CID)));
		assert_err(&t.w, ERR_INVALID, "proof.cid_mismatch");
		end(&t);
	}
	begin(&t, NULL, 0);
	assert_false(ipfs_add(&t.w, t.i, STR(DOCUMENT " "), STR(CID)));
	assert_err(&t.w, ERR_INVALID, "proof.cid_mismatch");
	assert_int_equal(t.stub.n_requests, 0);
	end(&t);
}

static void only_single_blocks(void **state)
{
	struct world t;
	char *large;

	(void)state;
	begin(&t, NULL, 0);
	large = arena_zero(t.w.arena, 262144);
	assert_false(ipfs_add(&t.w, t.i, str_of(large, 262144), STR(CID)));
	assert_err(&t.w, ERR_INVALID, "ipfs.too_large");
	end(&t);
}

static void failures_of_adding(void **state)
{
	static const struct {
		struct stub_answer a;
		enum err_kind kind;
		const char *code;
	} rows[] = {
		{ { 500, NULL, "{\"Message\":\"no space\",\"Code\":0,\"Type\":\"error\"}" }, ERR_RETRY, "ipfs.server" },
		{ { 503, "Retry-After: 4\r\n" }, ERR_RETRY, "ipfs.busy" },
		{ { 403, NULL, "403 - Forbidden" }, ERR_INVALID, "ipfs.refused" },
		{ { 400, NULL, "{\"Message\":\"bad\",\"Code\":1,\"Type\":\"error\"}" }, ERR_INVALID, "ipfs.refused" },
		{ { 200, NULL, "{\"Name\":\"x\"" }, ERR_RETRY, "ipfs.malformed" },
		{ { 200, NULL, "" }, ERR_RETRY, "ipfs.malformed" },
		{ { 200, NULL, "{\"Name\":\"x\"}" }, ERR_RETRY, "ipfs.malformed" },
		{ { 200, "X-Stream-Error: disk full\r\n", "{\"Hash\":\"" CID "\"}" }, ERR_RETRY, "ipfs.server" },
		{ { .fault = STUB_CLOSE }, ERR_RETRY, "fetch.no_answer" },
		{ { .body = "{\"Hash\":\"" CID "\"}", .fault = STUB_SHORT }, ERR_RETRY, "fetch.cut_short" },
	};
	struct world t;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(&t, &rows[i].a, 1);
		assert_false(ipfs_add(&t.w, t.i, STR(DOCUMENT), STR(CID)));
		assert_err(&t.w, rows[i].kind, rows[i].code);
		end(&t);
	}
}

static void pins(void **state)
{
	struct stub_answer a[] = {
		{ .body = "{\"Keys\":{\"" CID "\":{\"Type\":\"recursive\"}}}" },
		{ .body = "{\"Keys\":{\"" CID_OTHER "\":{\"Type\":\"recursive\"}}}" },
		{ 500, NULL, "{\"Message\":\"path '" CID "' is not pinned\",\"Code\":0,\"Type\":\"error\"}" },
		{ 500, NULL, "{\"Message\":\"lock\",\"Code\":0,\"Type\":\"error\"}" },
		{ 200, NULL, "{}" },
	};
	struct world t;
	bool pinned;

	(void)state;
	begin(&t, a, COUNT(a));
	assert_true(ipfs_has(&t.w, t.i, STR(CID), &pinned));
	assert_true(pinned);
	assert_string_equal(t.stub.requests[0].path, "/api/v0/pin/ls?arg=" CID "&type=recursive");
	assert_true(ipfs_has(&t.w, t.i, STR(CID), &pinned));
	assert_false(pinned);
	assert_true(ipfs_has(&t.w, t.i, STR(CID), &pinned));
	assert_false(pinned);
	assert_false(ipfs_has(&t.w, t.i, STR(CID), &pinned));
	assert_err(&t.w, ERR_RETRY, "ipfs.server");
	assert_false(ipfs_has(&t.w, t.i, STR(CID), &pinned));
	assert_err(&t.w, ERR_RETRY, "ipfs.malformed");
	assert_false(ipfs_has(&t.w, t.i, STR("x&arg=y"), &pinned));
	assert_err(&t.w, ERR_INVALID, "ipfs.cid");
	end(&t);
}

static void S14_blocks_are_hashed_again(void **state)
{
	struct stub_answer a[] = {
		{ .body = DOCUMENT },
		{ .body = DOCUMENT " " },
		{ 500, NULL,
			"{\"Message\":\"block was not found locally (offline): ipld: could not find\",\"Code\":0}" },
		{ 500, NULL, "{\"Message\":\"context deadline exceeded\",\"Code\":0}" },
		{ 500, NULL, "{\"Message\":\"disk\",\"Code\":0}" },
		{ .body = DOCUMENT },
	};
	struct world t;
	str out;

	(void)state;
	begin(&t, a, COUNT(a));
	assert_true(ipfs_get(&t.w, t.i, STR(CID), 1000, &out));
	assert_str(out, DOCUMENT);
	assert_false(ipfs_get(&t.w, t.i, STR(CID), 1000, &out));
	assert_err(&t.w, ERR_INVALID, "proof.cid_mismatch");
	for (int i = 0; i < 2; i++) {
		assert_false(ipfs_get(&t.w, t.i, STR(CID), 1000, &out));
		assert_err(&t.w, ERR_RETRY, "ipfs.not_found");
	}
	assert_false(ipfs_get(&t.w, t.i, STR(CID), 1000, &out));
	assert_err(&t.w, ERR_RETRY, "ipfs.server");
	assert_false(ipfs_get(&t.w, t.i, STR(CID), 10, &out));
	assert_err(&t.w, ERR_INVALID, "fetch.too_large");
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_one_raw_leaf),
		cmocka_unit_test(compares_bytes_not_spelling),
		cmocka_unit_test(S14_other_content_is_a_mismatch),
		cmocka_unit_test(only_single_blocks),
		cmocka_unit_test(failures_of_adding),
		cmocka_unit_test(pins),
		cmocka_unit_test(S14_blocks_are_hashed_again),
	};

	return cmocka_run_group_tests_name("ipfs", tests, NULL, NULL);
}
