/* Is a transaction final: in the block that the chain has at its height, deep enough, on every endpoint. */
#include <inttypes.h>

#include "base/hex.h"
#include "node.h"

struct raw_log {
	str address, data, index, block_hash;
	bool removed;
};
static const struct field log_fields[] = {
	FIELD(FIELD_STR, struct raw_log, address),
	FIELD(FIELD_STR, struct raw_log, data),
	FIELD(FIELD_STR, struct raw_log, index, .from = "logIndex"),
	FIELD(FIELD_STR, struct raw_log, block_hash, .from = "blockHash"),
	FIELD(FIELD_BOOL, struct raw_log, removed, .optional = true),
};

static bool read_topics(struct work *w, const cJSON *topics, struct chain_log *out)
{
	const cJSON *topic;

	if (!cJSON_IsArray(topics) || cJSON_GetArraySize(topics) > 4)
		return node_malformed(w, "a log's topics");
	cJSON_ArrayForEach(topic, topics)
		if (!node_bytes(w, topic, out->topics[out->n_topics++], 32))
			return false;
	return true;
}

static bool read_log(struct work *w, const cJSON *json, struct chain_log *out)
{
	struct raw_log raw = { 0 };
	uint64_t index;
	u256 v;

	if (!json_read(w, json, FIELDS(struct raw_log, log_fields), 0, &raw))
		return node_malformed(w, "a log without its members");
	if (raw.removed || !hex_0x_fixed(raw.address, out->address, 20) ||
		!hex_0x_decode(w->arena, raw.data, &out->data) || !u256_parse_quantity(raw.index, &v) ||
		!u256_u64(v, &index) || index > INT32_MAX)
		return node_malformed(w, "a log's members");
	out->index = (int32_t)index;
	return read_topics(w, json_get(json, "topics"), out);
}

static bool read_logs(struct work *w, const cJSON *json, struct chain_receipt *out)
{
	struct chain_log *logs;
	const cJSON *log;

	if (!cJSON_IsArray(json))
		return node_malformed(w, "a receipt without logs");
	logs = arena_array(w->arena, (size_t)cJSON_GetArraySize(json), sizeof(*logs));
	out->logs = logs;
	cJSON_ArrayForEach(log, json) {
		logs[out->n_logs] = (struct chain_log){ 0 };
		if (!read_log(w, log, &logs[out->n_logs++]))
			return false;
	}
	return true;
}

/* Its block is the one that the chain has at that height, deep enough. */
static bool check_depth(struct work *w, struct chain *c, struct node *n, uint64_t status, struct chain_receipt *out)
{
	const cJSON *block, *head;
	uint64_t height, time;
	uint8_t hash[32];

	if (!node_ask(w, c, n, "eth_getBlockByNumber",
		    arena_printf(w->arena, "[\"0x%" PRIx64 "\",false]", out->block_number), &block, NULL) ||
		!node_ask(w, c, n, "eth_blockNumber", STR("[]"), &head, NULL) || !node_u64(w, head, &height))
		return false;
	out->seen = CHAIN_SHALLOW;
	if (cJSON_IsNull(block))
		return true;
	if (!node_bytes(w, json_get(block, "hash"), hash, 32) || !node_u64(w, json_get(block, "timestamp"), &time))
		return false;
	out->block_time = (int64_t)time;
	if (memcmp(hash, out->block_hash, 32) == 0 && (int64_t)height - out->block_number + 1 >= c->conf.confirmations)
		out->seen = status == 1 ? CHAIN_DONE : CHAIN_REVERTED;
	return true;
}

static bool read_receipt(struct work *w, struct chain *c, struct node *n, const cJSON *json, const uint8_t tx_hash[32],
	struct chain_receipt *out)
{
	uint64_t number, status;
	uint8_t hash[32];

	if (!node_bytes(w, json_get(json, "transactionHash"), hash, 32))
		return false;
	if (memcmp(hash, tx_hash, 32) != 0)
		return node_malformed(w, "another transaction's receipt");
	out->seen = CHAIN_PENDING;
	if (cJSON_IsNull(json_get(json, "blockNumber")))
		return true;
	if (!node_u64(w, json_get(json, "blockNumber"), &number) || !node_u64(w, json_get(json, "status"), &status) ||
		!node_bytes(w, json_get(json, "blockHash"), out->block_hash, 32) ||
		!read_logs(w, json_get(json, "logs"), out))
		return false;
	if (status > 1)
		return node_malformed(w, "a status that is neither 0 nor 1");
	out->block_number = (int64_t)number;
	if (!json_canonical(w, json, &out->bytes))
		return node_malformed(w, w->err.text);
	return check_depth(w, c, n, status, out);
}

static bool ask_one(
	struct work *w, struct chain *c, struct node *n, const uint8_t tx_hash[32], struct chain_receipt *out)
{
	str hash = hex_0x(w->arena, str_of(tx_hash, 32)),
	    params = arena_printf(w->arena, "[\"" STR_FMT "\"]", STR_ARG(hash));
	const cJSON *result;

	*out = (struct chain_receipt){ .seen = CHAIN_ABSENT, .endpoint = fetch_origin(str_c(n->url)) };
	if (!node_ask(w, c, n, "eth_getTransactionReceipt", params, &result, NULL))
		return false;
	if (!cJSON_IsNull(result))
		return read_receipt(w, c, n, result, tx_hash, out);
	if (!node_ask(w, c, n, "eth_getTransactionByHash", params, &result, NULL))
		return false;
	if (!cJSON_IsNull(result))
		out->seen = CHAIN_PENDING;
	return true;
}

static bool same_log(const struct chain_log *a, const struct chain_log *b)
{
	return a->index == b->index && a->n_topics == b->n_topics && memcmp(a->address, b->address, 20) == 0 &&
		memcmp(a->topics, b->topics, sizeof(a->topics)) == 0 && str_eq(a->data, b->data);
}

static bool same_logs(const struct chain_receipt *a, const struct chain_receipt *b)
{
	for (size_t i = 0; i < a->n_logs && i < b->n_logs; i++)
		if (!same_log(&a->logs[i], &b->logs[i]))
			return false;
	return a->n_logs == b->n_logs;
}

/* Two endpoints know what the lesser of them knows; in different blocks nothing is settled yet. */
static bool agree(struct work *w, const struct chain_receipt *other, struct chain_receipt *out)
{
	bool both = out->seen >= CHAIN_SHALLOW && other->seen >= CHAIN_SHALLOW;

	if (!both) {
		out->seen = other->seen < out->seen ? other->seen : out->seen;
		return true;
	}
	if (memcmp(out->block_hash, other->block_hash, 32) != 0 || other->seen == CHAIN_SHALLOW) {
		out->seen = CHAIN_SHALLOW;
		return true;
	}
	if (out->seen == CHAIN_SHALLOW)
		return true;
	return (out->seen == other->seen && same_logs(out, other)) ||
		err_set(w, ERR_RETRY, "chain.disagrees", "endpoints tell different things about one block");
}

bool chain_receipt_of(struct work *w, struct chain *c, const uint8_t tx_hash[32], struct chain_receipt *out)
{
	struct chain_receipt other;

	if (!ask_one(w, c, &c->node[0], tx_hash, out))
		return false;
	if (c->n_nodes == 1 || out->seen == CHAIN_ABSENT)
		return true;
	return ask_one(w, c, &c->node[1], tx_hash, &other) && agree(w, &other, out);
}
