/* Questions to the endpoints of a chain, and what their words mean. */
#pragma once

#include <stdatomic.h>

#include "idle.h"
#include "net/jsonrpc.h"
#include "outside/chain.h"

struct node { /* one endpoint */
	char *url;
	atomic_bool known; /* its chain id was compared */
};

struct chain {
	struct chain_conf conf; /* its strings are the nodes' urls */
	struct node node[2];    /* the one that is sent to, the one that confirms */
	int n_nodes;
	struct idle idle;
};

/* A question that changes nothing. An error object is ERR_RETRY chain.server; with error not NULL it is the caller's. */
MUST bool node_ask(struct work *w, struct chain *c, struct node *n, const char *method, str params,
	const cJSON **result, struct jsonrpc_error *error);
bool node_reverted(const struct jsonrpc_error *error);                 /* a contract's answer, not the node's */
bool node_refused(struct work *w, const struct jsonrpc_error *error);  /* sets ERR_RETRY chain.server, returns false */
MUST bool node_known(struct work *w, struct chain *c, struct node *n); /* fails  ERR_INVALID chain.wrong_id */

/* Ethereum's hex texts.  fails  ERR_RETRY rpc.malformed */
MUST bool node_quantity(struct work *w, const cJSON *item, u256 *out);
MUST bool node_u64(struct work *w, const cJSON *item, uint64_t *out);
MUST bool node_bytes(struct work *w, const cJSON *item, void *out, size_t n);
MUST bool node_malformed(struct work *w, const char *what);

/* What a node's text says about a transaction that was sent to it; false when it says nothing known. */
MUST bool node_verdict(struct work *w, str text, enum chain_sent *out);
