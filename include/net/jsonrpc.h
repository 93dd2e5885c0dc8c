/* JSON-RPC 2.0 over HTTP POST. */
#pragma once

#include "base/json.h"
#include "net/fetch.h"

struct jsonrpc_error {
	bool is; /* the node answered with an error object */
	int64_t code;
	str message;
	str data; /* "0x..." of a revert, else the JSON text */
};
/* params: a JSON array's text. result: in w's arena, may be a JSON null. When the node answers with an error object this
 * returns true with error->is set: what an error means is the caller's knowledge.
 * safe as in fetch_req.
 * fails  as fetch_do; ERR_RETRY chain.busy, chain.server, ERR_INVALID chain.refused by the HTTP status; ERR_RETRY rpc.malformed
 *        (no JSON-RPC 2.0, or another call's answer). What would be ERR_RETRY after the request has left is ERR_UNCERTAIN
 *        when it is not safe. */
MUST bool jsonrpc_call(struct work *w, struct fetch *f, str url, const char *method, str params, bool safe,
	const cJSON **result, struct jsonrpc_error *error);
