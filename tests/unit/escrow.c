#include "check.h"

#include "base/hex.h"
#include "base/json.h"
#include "outside/chain.h"
#include "pipeline/outside/escrow.h"

static struct work w;
static const cJSON *cases;

static int load(void **state)
{
	static char text[1 << 20];
	FILE *f = fopen("tests/vectors/abi.json", "r");
	const cJSON *file;
	size_t n;

	(void)state;
	work_init(&w);
	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	assert_true(json_parse(&w, str_of(text, n), &file));
	cases = json_get(file, "cases");
	return 0;
}

static int unload(void **state)
{
	(void)state;
	work_end(&w);
	return 0;
}

static const cJSON *vector(const char *id)
{
	const cJSON *c;

	cJSON_ArrayForEach(c, cases)
		if (str_eq(json_get_str(c, "id"), str_c(id)))
			return c;
	fail_msg("no vector %s", id);
	return NULL;
}

static str bytes_of(const cJSON *item)
{
	str out;

	assert_true(hex_0x_decode(w.arena, str_c(item->valuestring), &out));
	return out;
}

static const uint8_t *arg(const cJSON *c, int i)
{
	return (const uint8_t *)bytes_of(cJSON_GetArrayItem(json_get(c, "in.args"), i)).p;
}

/* The log that a vector's event makes, from a contract that is twenty bytes of 0xec. */
static struct chain_log log_of(const char *id, int32_t index)
{
	const cJSON *c = vector(id), *topic;
	struct chain_log log = { .index = index, .data = bytes_of(json_get(c, "out.data")) };

	memset(log.address, 0xec, 20);
	cJSON_ArrayForEach(topic, json_get(c, "out.topics"))
		memcpy(log.topics[log.n_topics++], bytes_of(topic).p, 32);
	return log;
}

static const uint8_t *escrow(void)
{
	static uint8_t address[20];

	memset(address, 0xec, 20);
	return address;
}

static void release_data(void **state)
{
	const cJSON *c = vector("call_release");
	str out;

	(void)state;
	assert_true(escrow_release_data(&w, arg(c, 0), arg(c, 1), arg(c, 2), u256_of(1), &out));
	assert_str(hex_0x(w.arena, out), json_get(c, "out.data")->valuestring);
}

static void paid_data(void **state)
{
	uint8_t payout[32];
	str data;

	(void)state;
	memset(payout, 0x5a, 32);
	data = escrow_paid_data(&w, payout);
	assert_int_equal(data.n, 36);
	assert_memory_equal(data.p, "\xad\xd8\x9b\xb2", 4); /* solc's selector of the public mapping */
	assert_memory_equal(data.p + 4, payout, 32);
}

static void refund_data(void **state)
{
	const cJSON *c = vector("call_refund");
	str out;

	(void)state;
	assert_true(escrow_refund_data(&w, arg(c, 0), &out));
	assert_str(hex_0x(w.arena, out), json_get(c, "out.data")->valuestring);
}

static void refunded(void **state)
{
	const cJSON *c = vector("ev_refunded");
	struct chain_log logs[] = { log_of("ev_locked", 1), log_of("ev_released", 2), log_of("ev_refunded", 3) };
	struct chain_receipt r = { .logs = logs, .n_logs = COUNT(logs) };
	struct escrow_refunded out;
	uint8_t other[32] = { 1 };

	(void)state;
	assert_true(escrow_find_refunded(&w, &r, escrow(), arg(c, 0), &out));
	assert_int_equal(out.log_index, 3);
	assert_memory_equal(out.bounty, arg(c, 0), 32);
	assert_memory_equal(out.to, arg(c, 1), 20);
	assert_false(u256_is_zero(out.amount));
	assert_false(escrow_find_refunded(&w, &r, escrow(), other, &out));
	assert_false(escrow_find_refunded(&w, &r, other, arg(c, 0), &out));
}

static void locked(void **state)
{
	const cJSON *c = vector("ev_locked");
	struct chain_log logs[] = { log_of("ev_released", 4), log_of("ev_locked", 5), log_of("ev_locked", 6) };
	struct chain_receipt r = { .logs = logs, .n_logs = COUNT(logs) };
	struct escrow_locked out;
	uint8_t other[32] = { 1 };

	(void)state;
	assert_true(escrow_find_locked(&w, &r, escrow(), arg(c, 0), &out));
	assert_int_equal(out.log_index, 5);
	assert_memory_equal(out.bounty, arg(c, 0), 32);
	assert_memory_equal(out.funder, arg(c, 1), 20);
	assert_memory_equal(out.token, arg(c, 2), 20);
	assert_int_equal(u256_cmp(out.amount, u256_of(1000000)), 0);
	assert_int_equal(out.deadline, 1767225600);
	assert_false(escrow_find_locked(&w, &r, escrow(), other, &out));
	assert_false(escrow_find_locked(&w, &r, other, arg(c, 0), &out));
}

static void released(void **state)
{
	const cJSON *c = vector("ev_released");
	struct chain_log logs[] = { log_of("ev_locked", 1), log_of("ev_released", 2) };
	struct chain_receipt r = { .logs = logs, .n_logs = COUNT(logs) };
	struct escrow_released out;
	uint8_t other[32] = { 1 };

	(void)state;
	assert_true(escrow_find_released(&w, &r, escrow(), arg(c, 1), &out));
	assert_int_equal(out.log_index, 2);
	assert_memory_equal(out.bounty, arg(c, 0), 32);
	assert_memory_equal(out.payout, arg(c, 1), 32);
	assert_memory_equal(out.to, arg(c, 2), 20);
	assert_int_equal(u256_cmp(out.amount, u256_of(1)), 0);
	assert_false(escrow_find_released(&w, &r, escrow(), other, &out));
	assert_false(escrow_find_released(&w, &r, other, arg(c, 1), &out));
}

/* What looks like the event but is not encoded as one is passed over. */
static void malformed_logs(void **state)
{
	const cJSON *l = vector("ev_locked"), *p = vector("ev_released");
	struct chain_log logs[] = { log_of("ev_locked", 1), log_of("ev_locked", 2), log_of("ev_released", 3),
		log_of("ev_released", 4), log_of("ev_locked", 5) };
	struct chain_receipt r = { .logs = logs, .n_logs = COUNT(logs) };
	struct escrow_released released_out;
	struct escrow_locked out;
	char *late;

	(void)state;
	logs[0].data.n = 64;      /* a word is missing */
	logs[1].topics[2][0] = 1; /* no address */
	logs[2].data.n = 31;
	logs[3].topics[3][11] = 1;
	late = arena_alloc(w.arena, 96); /* a deadline beyond any signed time */
	memcpy(late, logs[4].data.p, 96);
	memset(late + 88, 0xff, 8);
	logs[4].data.p = late;
	assert_false(escrow_find_locked(&w, &r, escrow(), arg(l, 0), &out));
	assert_false(escrow_find_released(&w, &r, escrow(), arg(p, 1), &released_out));
	assert_int_equal(w.err.kind, ERR_NONE);
}

static void reverts_have_names(void **state)
{
	(void)state;
	assert_str(escrow_revert_text(&w, bytes_of(json_get(vector("rev_already_paid"), "out.data"))),
		"AlreadyPaid(bytes32)");
	assert_true(escrow_revert_text(&w, (str){ 0 }).n == 0);
	assert_true(escrow_revert_text(&w, STR("\x01\x02\x03\x04")).n > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(release_data),
		cmocka_unit_test(paid_data),
		cmocka_unit_test(refund_data),
		cmocka_unit_test(refunded),
		cmocka_unit_test(locked),
		cmocka_unit_test(released),
		cmocka_unit_test(malformed_logs),
		cmocka_unit_test(reverts_have_names),
	};

	return cmocka_run_group_tests_name("escrow", tests, load, unload);
}
