#include "outside/chain.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/hex.h"
#include "crypto/keccak.h"
#include "escrow.h"
#include "node.h"
#include "wire/abi.h"

#define LOG_RANGE 10000 /* blocks of one eth_getLogs: Ethermint's default ceiling */

static void add_node(struct chain *c, str url)
{
	struct node *n = &c->node[c->n_nodes++];

	n->url = strndup(url.p, url.n);
	if (n->url == NULL)
		abort();
}

bool chain_new(struct work *w, const struct chain_conf *conf, struct chain **out)
{
	struct chain *c = calloc(1, sizeof(*c));

	if (c == NULL)
		abort();
	if (conf->chain_id <= 0 || conf->confirmations < 1) {
		free(c);
		return err_set(w, ERR_INVALID, "chain.conf", "chain id and confirmations are at least 1");
	}
	c->conf = *conf;
	add_node(c, conf->url);
	c->conf.url = str_c(c->node[0].url);
	if (conf->confirm_url.n > 0) {
		add_node(c, conf->confirm_url);
		c->conf.confirm_url = str_c(c->node[1].url);
	}
	idle_init(&c->idle, METER_EVM);
	*out = c;
	return true;
}

void chain_free(struct chain **c)
{
	if (*c == NULL)
		return;
	for (int i = 0; i < (*c)->n_nodes; i++)
		free((*c)->node[i].url);
	idle_free(&(*c)->idle);
	free(*c);
	*c = NULL;
}

const struct chain_conf *chain_conf(const struct chain *c)
{
	return &c->conf;
}

static str hex20(struct work *w, const uint8_t address[20])
{
	return hex_0x(w->arena, str_of(address, 20));
}

static str hex32(struct work *w, const uint8_t word[32])
{
	return hex_0x(w->arena, str_of(word, 32));
}

/* 2 * base + tip, at most the cap; that base and tip alone exceed it is a time to wait. */
static bool fees(struct work *w, const struct chain *c, u256 base, u256 tip, struct chain_fees *out)
{
	u256 least, most;

	if (!u256_add(base, tip, &least) || !u256_add(least, base, &most))
		return node_malformed(w, "a fee near 2^256");
	if (u256_cmp(least, c->conf.max_fee_cap) > 0) {
		char text[U256_DEC];

		u256_format(least, text);
		return err_set(w, ERR_RETRY, "chain.fee_cap", "gas costs %s wei, more than the cap", text);
	}
	out->max_fee = u256_cmp(most, c->conf.max_fee_cap) > 0 ? c->conf.max_fee_cap : most;
	out->max_priority_fee = tip;
	return true;
}

bool chain_ask_fees(struct work *w, struct chain *c, struct chain_fees *out)
{
	const cJSON *block, *tip_text, *base_text;
	u256 base, tip;

	if (!node_ask(w, c, &c->node[0], "eth_getBlockByNumber", STR("[\"latest\",false]"), &block, NULL) ||
		!node_ask(w, c, &c->node[0], "eth_maxPriorityFeePerGas", STR("[]"), &tip_text, NULL))
		return false;
	base_text = json_get(block, "baseFeePerGas");
	if (cJSON_IsObject(block) && (base_text == NULL || cJSON_IsNull(base_text)))
		return err_set(w, ERR_INVALID, "chain.no_base_fee", "the chain has no EIP-1559 fees");
	return node_quantity(w, base_text, &base) && node_quantity(w, tip_text, &tip) && fees(w, c, base, tip, out);
}

static bool ask_gas(struct work *w, struct chain *c, str call, uint64_t *gas)
{
	struct jsonrpc_error error;
	const cJSON *result;
	str data = { 0 }, text;
	uint64_t estimate;

	if (!node_ask(w, c, &c->node[0], "eth_estimateGas", arena_printf(w->arena, "[" STR_FMT "]", STR_ARG(call)),
		    &result, &error))
		return false;
	if (error.is && node_reverted(&error)) {
		if (!hex_0x_decode(w->arena, error.data, &data))
			data = (str){ 0 };
		text = data.n > 0 ? escrow_revert_text(w, data) : error.message;
		return err_set(w, ERR_INVALID, "chain.reverts", STR_FMT, STR_ARG(text));
	}
	if (error.is)
		return node_refused(w, &error);
	if (!node_u64(w, result, &estimate))
		return false;
	if (estimate > UINT64_C(1) << 40)
		return node_malformed(w, "an estimate beyond any block");
	*gas = estimate + estimate / 4;
	return true;
}

bool chain_quote(
	struct work *w, struct chain *c, const uint8_t from[20], const uint8_t to[20], str data, struct chain_fees *out)
{
	str f = hex20(w, from), t = hex20(w, to), d = hex_0x(w->arena, data);
	str call = arena_printf(w->arena, "{\"from\":\"" STR_FMT "\",\"to\":\"" STR_FMT "\",\"data\":\"" STR_FMT "\"}",
		STR_ARG(f), STR_ARG(t), STR_ARG(d));

	return ask_gas(w, c, call, &out->gas) && chain_ask_fees(w, c, out);
}

bool chain_nonce(struct work *w, struct chain *c, const uint8_t address[20], uint64_t *latest)
{
	str a = hex20(w, address);
	const cJSON *result;

	return node_ask(w, c, &c->node[0], "eth_getTransactionCount",
		       arena_printf(w->arena, "[\"" STR_FMT "\",\"latest\"]", STR_ARG(a)), &result, NULL) &&
		node_u64(w, result, latest);
}

bool chain_paid(struct work *w, struct chain *c, const uint8_t payout[32], bool *paid)
{
	str to = hex20(w, c->conf.escrow), data = hex_0x(w->arena, escrow_paid_data(w, payout)), answer;
	const struct abi_value *values;
	const cJSON *result;
	size_t n;

	if (!node_ask(w, c, &c->node[0], "eth_call",
		    arena_printf(w->arena, "[{\"to\":\"" STR_FMT "\",\"data\":\"" STR_FMT "\"},\"latest\"]",
			    STR_ARG(to), STR_ARG(data)),
		    &result, NULL))
		return false;
	if (!cJSON_IsString(result) || !hex_0x_decode(w->arena, str_c(result->valuestring), &answer))
		return node_malformed(w, "no data");
	if (answer.n == 0)
		return err_set(w, ERR_INVALID, "chain.no_escrow", "no contract at " STR_FMT, STR_ARG(to));
	if (answer.n != 32 || !abi_decode(w, STR("bool"), answer, &values, &n))
		return node_malformed(w, "paid() answers no bool");
	*paid = !u256_is_zero(values[0].number);
	return true;
}

/* Whatever is not a clear answer may have been taken. */
static bool unknown(struct work *w, const char *text)
{
	return err_set(w, ERR_UNCERTAIN, "chain.send_unknown", "%s", text);
}

bool chain_send(struct work *w, struct chain *c, str raw, enum chain_sent *out, str *reason)
{
	str hex = hex_0x(w->arena, raw);
	uint8_t hash[32], theirs[32];
	struct jsonrpc_error error;
	const cJSON *result;
	struct fetch *f;
	usec began;
	bool ok;

	*reason = (str){ 0 };
	if (!node_known(w, c, &c->node[0]))
		return false;
	f = idle_take(&c->idle);
	began = clock_monotonic();
	ok = jsonrpc_call(w, f, c->conf.url, "eth_sendRawTransaction",
		arena_printf(w->arena, "[\"" STR_FMT "\"]", STR_ARG(hex)), false, &result, &error);
	meter_exchange(c->idle.service, began, w, ok ? 200 : 0);
	idle_give(&c->idle, f);
	if (!ok)
		return strcmp(w->err.code, "fetch.unreachable") == 0 ? false : unknown(w, w->err.text);
	*reason = error.message;
	if (error.is)
		return node_verdict(w, error.message, out) || unknown(w, arena_cstr(w->arena, error.message));
	keccak256(raw, hash);
	*out = CHAIN_SENT;
	return (node_bytes(w, result, theirs, 32) && memcmp(theirs, hash, 32) == 0) ||
		unknown(w, "the node names another hash");
}

/* A log of the escrow that is looked for. */
struct wanted {
	str signature;
	int n_topics, at; /* topic number `at` is id */
	const uint8_t *id;
	uint64_t since, until; /* not in a block before, after */
	bool last;             /* the last one, else the first */
};

/* The hash of a log that is wanted: the node's filter is not believed. */
static bool read_wanted(struct work *w, const struct chain *c, const cJSON *log, const struct wanted *wanted, bool *is,
	uint8_t hash[32])
{
	uint8_t address[20], topic[32], want[32];
	const cJSON *topics = json_get(log, "topics");

	*is = false;
	if (!node_bytes(w, json_get(log, "address"), address, 20) ||
		!node_bytes(w, json_get(log, "transactionHash"), hash, 32))
		return false;
	if (cJSON_GetArraySize(topics) != wanted->n_topics || cJSON_IsTrue(json_get(log, "removed")))
		return true;
	abi_topic(wanted->signature, want);
	if (!node_bytes(w, cJSON_GetArrayItem(topics, 0), topic, 32))
		return false;
	*is = memcmp(address, c->conf.escrow, 20) == 0 && memcmp(topic, want, 32) == 0;
	if (!node_bytes(w, cJSON_GetArrayItem(topics, wanted->at), topic, 32))
		return false;
	*is &= memcmp(topic, wanted->id, 32) == 0;
	return true;
}

static bool search(struct work *w, struct chain *c, uint64_t from, uint64_t to, const struct wanted *wanted,
	bool *found, uint8_t hash[32])
{
	str at = hex20(w, c->conf.escrow), id = hex32(w, wanted->id), topic_text;
	const cJSON *logs, *log;
	uint8_t topic[32], seen[32];
	bool is;

	abi_topic(wanted->signature, topic);
	topic_text = hex32(w, topic);
	if (!node_ask(w, c, &c->node[0], "eth_getLogs",
		    arena_printf(w->arena,
			    "[{\"address\":\"" STR_FMT "\",\"topics\":[\"" STR_FMT "\",%s\"" STR_FMT "\"],"
			    "\"fromBlock\":\"0x%" PRIx64 "\",\"toBlock\":\"0x%" PRIx64 "\"}]",
			    STR_ARG(at), STR_ARG(topic_text), wanted->at == 2 ? "null," : "", STR_ARG(id), from, to),
		    &logs, NULL))
		return false;
	if (!cJSON_IsArray(logs))
		return node_malformed(w, "no list of logs");
	cJSON_ArrayForEach(log, logs) {
		if (!read_wanted(w, c, log, wanted, &is, seen))
			return false;
		if (!is)
			continue;
		*found = true;
		memcpy(hash, seen, sizeof(seen));
		if (!wanted->last)
			return true;
	}
	return true;
}

/* Newest blocks first: what is asked for is rarely old. */
static bool find(struct work *w, struct chain *c, const struct wanted *wanted, bool *found, uint8_t tx_hash[32])
{
	const cJSON *result;
	uint64_t to;

	*found = false;
	if (!node_ask(w, c, &c->node[0], "eth_blockNumber", STR("[]"), &result, NULL) || !node_u64(w, result, &to))
		return false;
	if (to > wanted->until)
		to = wanted->until;
	while (to >= wanted->since) {
		uint64_t from = to >= LOG_RANGE ? to - LOG_RANGE + 1 : 0;

		if (from < wanted->since)
			from = wanted->since;
		if (!search(w, c, from, to, wanted, found, tx_hash))
			return false;
		if (*found || from == 0)
			return true;
		to = from - 1;
	}
	return true;
}

bool chain_find_release(struct work *w, struct chain *c, const uint8_t payout[32], bool *found, uint8_t tx_hash[32])
{
	const struct wanted wanted = {
		.signature = ESCROW_RELEASED, .n_topics = 4, .at = 2, .id = payout, .until = UINT64_MAX
	};

	return find(w, c, &wanted, found, tx_hash);
}

bool chain_find_refund(struct work *w, struct chain *c, const uint8_t bounty[32], int64_t since, int64_t until,
	bool *found, uint8_t tx_hash[32])
{
	const struct wanted wanted = {
		.signature = ESCROW_REFUNDED,
		.n_topics = 3,
		.at = 1,
		.id = bounty,
		.since = since > 0 ? (uint64_t)since : 0,
		.until = until > 0 ? (uint64_t)until : 0,
		.last = true,
	};

	return find(w, c, &wanted, found, tx_hash);
}
