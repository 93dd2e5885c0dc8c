/* Calls, events and errors of stages/pay/escrow/Escrow.sol. */
#include "escrow.h"

#include <inttypes.h>

#include "wire/abi.h"

bool chain_serves(struct work *w, const struct chain *chain, int64_t chain_id, const uint8_t escrow[20])
{
	const struct chain_conf *c = chain_conf(chain);

	if (c->chain_id == chain_id && memcmp(c->escrow, escrow, 20) == 0)
		return true;
	return err_set(w, ERR_INVALID, "chain.not_configured",
		"this worker is on chain %" PRId64 " and its escrow, the row is on %" PRId64, c->chain_id, chain_id);
}

static struct abi_value word(const uint8_t bytes[32])
{
	return (struct abi_value){ .kind = ABI_FIXED_BYTES, .bytes = str_of(bytes, 32) };
}

bool escrow_release_data(
	struct work *w, const uint8_t bounty[32], const uint8_t payout[32], const uint8_t to[20], u256 amount, str *out)
{
	const struct abi_value args[] = {
		word(bounty),
		word(payout),
		{ .kind = ABI_ADDRESS, .bytes = str_of(to, 20) },
		{ .kind = ABI_UINT, .number = amount },
	};

	return abi_call(w, STR("release(bytes32,bytes32,address,uint256)"), args, 4, out);
}

bool escrow_refund_data(struct work *w, const uint8_t bounty[32], str *out)
{
	const struct abi_value args[] = { word(bounty) };

	return abi_call(w, STR("refund(bytes32)"), args, 1, out);
}

/* A question of the escrow about one id. */
static str question(struct work *w, str signature, const uint8_t id[32])
{
	char *data = arena_alloc(w->arena, 36);

	abi_selector(signature, (uint8_t *)data);
	memcpy(data + 4, id, 32);
	return str_of(data, 36);
}

str escrow_paid_data(struct work *w, const uint8_t payout[32])
{
	return question(w, STR("paid(bytes32)"), payout);
}

str escrow_locks_data(struct work *w, const uint8_t bounty[32])
{
	return question(w, STR("locks(bytes32)"), bounty);
}

bool escrow_read_lock(struct work *w, str answer, struct chain_lock *out)
{
	const struct abi_value *v;
	uint64_t deadline;
	size_t n;

	if (answer.n != 128 || !abi_decode(w, STR("address,address,uint256,uint64"), answer, &v, &n) || n != 4 ||
		!u256_u64(v[3].number, &deadline) || deadline > INT64_MAX) {
		err_clear(w);
		return false;
	}
	memcpy(out->funder, v[0].bytes.p, 20);
	memcpy(out->token, v[1].bytes.p, 20);
	out->balance = v[2].number;
	out->deadline = (int64_t)deadline;
	return true;
}

str escrow_revert_text(struct work *w, str data)
{
	static const char *const errors[] = {
		"NotOperator()",
		"NotFunder()",
		"AlreadyPaid(bytes32)",
		"Insufficient(uint256,uint256)",
		"ZeroAmount()",
		"BadPayee()",
		"BadToken()",
		"BadDeadline()",
		"TooEarly(uint64)",
		"TransferFailed()",
		"Reentered()",
	};
	uint8_t selector[4];

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		abi_selector(str_c(errors[i]), selector);
		if (data.n >= 4 && memcmp(data.p, selector, 4) == 0)
			return str_c(errors[i]);
	}
	return abi_revert_text(w, data);
}

/* Is it that event of the escrow, about that id (topic number `at`)? */
static bool is_event(const struct chain_log *log, const uint8_t escrow[20], str signature, int n_topics, int at,
	const uint8_t id[32])
{
	uint8_t topic[32];

	abi_topic(signature, topic);
	return memcmp(log->address, escrow, 20) == 0 && log->n_topics == n_topics &&
		memcmp(log->topics[0], topic, 32) == 0 && memcmp(log->topics[at], id, 32) == 0;
}

/* An indexed address: twelve zero bytes and it. */
static bool topic_address(const uint8_t topic[32], uint8_t out[20])
{
	static const uint8_t zero[12];

	memcpy(out, topic + 12, 20);
	return memcmp(topic, zero, 12) == 0;
}

/* The event's data; what does not decode is no such event. */
static bool decode(struct work *w, str types, const struct chain_log *log, const struct abi_value **values, size_t want)
{
	size_t n;

	if (abi_decode(w, types, log->data, values, &n) && n == want)
		return true;
	err_clear(w);
	return false;
}

static bool read_locked(struct work *w, const struct chain_log *log, struct escrow_locked *out)
{
	const struct abi_value *v;
	uint64_t deadline;

	if (!topic_address(log->topics[2], out->funder) || !decode(w, STR("address,uint256,uint64"), log, &v, 3) ||
		!u256_u64(v[2].number, &deadline) || deadline > INT64_MAX)
		return false;
	memcpy(out->bounty, log->topics[1], 32);
	memcpy(out->token, v[0].bytes.p, 20);
	out->amount = v[1].number;
	out->deadline = (int64_t)deadline;
	out->log_index = log->index;
	return true;
}

bool escrow_find_locked(struct work *w, const struct chain_receipt *r, const uint8_t escrow[20],
	const uint8_t bounty[32], struct escrow_locked *out)
{
	for (size_t i = 0; i < r->n_logs; i++)
		if (is_event(
			    &r->logs[i], escrow, STR("Locked(bytes32,address,address,uint256,uint64)"), 3, 1, bounty) &&
			read_locked(w, &r->logs[i], out))
			return true;
	return false;
}

static bool read_released(struct work *w, const struct chain_log *log, struct escrow_released *out)
{
	const struct abi_value *v;

	if (!topic_address(log->topics[3], out->to) || !decode(w, STR("uint256"), log, &v, 1))
		return false;
	memcpy(out->bounty, log->topics[1], 32);
	memcpy(out->payout, log->topics[2], 32);
	out->amount = v[0].number;
	out->log_index = log->index;
	return true;
}

bool escrow_find_released(struct work *w, const struct chain_receipt *r, const uint8_t escrow[20],
	const uint8_t payout[32], struct escrow_released *out)
{
	for (size_t i = 0; i < r->n_logs; i++)
		if (is_event(&r->logs[i], escrow, ESCROW_RELEASED, 4, 2, payout) && read_released(w, &r->logs[i], out))
			return true;
	return false;
}

static bool read_refunded(struct work *w, const struct chain_log *log, struct escrow_refunded *out)
{
	const struct abi_value *v;

	if (!topic_address(log->topics[2], out->to) || !decode(w, STR("uint256"), log, &v, 1))
		return false;
	memcpy(out->bounty, log->topics[1], 32);
	out->amount = v[0].number;
	out->log_index = log->index;
	return true;
}

bool escrow_find_refunded(struct work *w, const struct chain_receipt *r, const uint8_t escrow[20],
	const uint8_t bounty[32], struct escrow_refunded *out)
{
	for (size_t i = 0; i < r->n_logs; i++)
		if (is_event(&r->logs[i], escrow, ESCROW_REFUNDED, 3, 1, bounty) && read_refunded(w, &r->logs[i], out))
			return true;
	return false;
}
