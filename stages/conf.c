#include "conf.h"

#define KEY(T, member, key, ...)                                                                                       \
	{                                                                                                              \
		.name = key, .type = (T), .offset = offsetof(struct conf, member), .has = FIELD_NO_HAS, __VA_ARGS__    \
	}

static const struct field table[] = {
	KEY(FIELD_STR, env, "env", .initial = "local", .max = 32,
		.doc = "second part of every event's subject: pw.ENV...."),
	KEY(FIELD_STR, log_level, "log.level", .initial = "info", .one_of = "debug|info|warn|error",
		.doc = "least level that is logged"),
	KEY(FIELD_STR, db_url, "db.url", .initial = "postgresql:///patchwork",
		.doc = "PostgreSQL, as the role of this process: URL or libpq keywords"),
	KEY(FIELD_SECRET, db_password, "db.password", .optional = true, .doc = "when it is not in the URL"),
	KEY(FIELD_SPAN, db_statement_timeout, "db.statement_timeout", .initial = "30s",
		.doc = "PostgreSQL ends a statement after this"),

	KEY(FIELD_I32, worker_threads, "worker.threads", .initial = "16", .min = 1, .max = 1024,
		.doc = "jobs in hand at once"),
	KEY(FIELD_I32, worker_connections, "worker.connections", .initial = "4", .min = 1, .max = 64,
		.doc = "connections that the threads share; one that waits on the network holds none"),
	KEY(FIELD_I32, worker_batch, "worker.batch", .initial = "16", .min = 1, .max = 1000,
		.doc = "jobs claimed at once, per stage"),
	KEY(FIELD_SPAN, worker_lease, "worker.lease", .initial = "0s", .max = 3600 * USEC_S,
		.doc = "jobs of a worker that was not seen for this long go to others; 0 = what each stage asks for"),
	KEY(FIELD_SPAN, worker_poll, "worker.poll", .initial = "1s", .min = 10 * USEC_MS, .max = 60 * USEC_S,
		.doc = "the longest time between two looks at the queue when no notification comes"),
	KEY(FIELD_SPAN, worker_aging, "worker.aging", .initial = "30s", .min = USEC_S, .max = 86400 * USEC_S,
		.doc = "a priority whose oldest job has waited this long gets a quarter of each claim before higher ones"),
	KEY(FIELD_SPAN, worker_drain, "worker.drain", .initial = "25s",
		.doc = "after SIGTERM, jobs in hand may take this long; then their lease brings them back"),

	KEY(FIELD_STR, nats_url, "nats.url", .initial = "nats://127.0.0.1:4222", .doc = "the relay publishes here"),
	KEY(FIELD_STR, nats_user, "nats.user", .optional = true, .doc = "user of the relay"),
	KEY(FIELD_SECRET, nats_password, "nats.password", .optional = true, .doc = "password of the relay"),
	KEY(FIELD_STR, nats_stream, "nats.stream", .initial = "PW_EVENTS", .max = 64,
		.doc = "JetStream stream, made when missing"),
	KEY(FIELD_I32, relay_batch, "relay.batch", .initial = "500", .min = 1, .max = 4096,
		.doc = "events published before the position is stored"),
	KEY(FIELD_SPAN, relay_poll, "relay.poll", .initial = "250ms", .min = 10 * USEC_MS, .max = 60 * USEC_S,
		.doc = "the longest time between two looks at the outbox"),

	KEY(FIELD_STR, github_rest_url, "github.rest_url", .initial = "https://api.github.com",
		.doc = "GitHub's REST API"),
	KEY(FIELD_STR, github_graphql_url, "github.graphql_url", .initial = "https://api.github.com/graphql",
		.doc = "GitHub's GraphQL API"),
	KEY(FIELD_STR, github_token_file, "github.token_file", .optional = true,
		.doc = "file with a token; without one GitHub allows 60 requests an hour and no GraphQL"),
	KEY(FIELD_STR, ipfs_api_url, "ipfs.api_url", .initial = "http://127.0.0.1:5001", .doc = "Kubo's RPC API"),

	KEY(FIELD_STR, evm_url, "evm.url", .initial = "http://127.0.0.1:8545",
		.doc = "JSON-RPC endpoint that transactions go to"),
	KEY(FIELD_STR, evm_confirm_url, "evm.confirm_url", .optional = true,
		.doc = "second endpoint: a payment is confirmed when both say so"),
	KEY(FIELD_I64, evm_chain_id, "evm.chain_id", .initial = "338", .min = 1, .max = INT64_C(1) << 53,
		.doc = "EIP-155; an endpoint of another chain is refused"),
	KEY(FIELD_STR, evm_escrow, "evm.escrow", .optional = true, .doc = "address of the escrow contract"),
	KEY(FIELD_I32, evm_confirmations, "evm.confirmations", .initial = "1", .min = 1, .max = 1000,
		.doc = "blocks from the one with the transaction to the head, both counted"),
	KEY(FIELD_U256, evm_max_fee, "evm.max_fee", .initial = "20000000000000",
		.doc = "ceiling of the fee per gas, in wei"),

	KEY(FIELD_STR, pay_key_file, "pay.key_file", .optional = true,
		.doc = "private key that releases from the escrow, 64 hex digits, mode 0600; read by `work pay` alone"),
	KEY(FIELD_STR, proof_key_file, "proof.key_file", .optional = true,
		.doc = "Ed25519 seed that signs proofs, 64 hex digits, mode 0600; read by `work prove` alone"),
	KEY(FIELD_STR, proof_public_key, "proof.public_key", .optional = true,
		.doc = "Ed25519 public key that `proof verify` trusts, 64 hex digits"),
};
const struct fields conf_fields = { table, sizeof(table) / sizeof(table[0]), sizeof(struct conf) };
