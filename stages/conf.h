/* What `patchwork` reads from conf/patchwork.conf and the environment; each key is documented in conf.c. */
#pragma once

#include "base/conf.h"

struct conf {
	str env;
	str log_level;
	str db_url, db_password;
	usec db_statement_timeout;
	int32_t worker_threads, worker_connections, worker_batch;
	bool worker_schedules;
	usec worker_lease, worker_poll, worker_aging, worker_drain;
	str worker_metrics, relay_metrics;
	str nats_url, nats_user, nats_password, nats_stream;
	int32_t relay_batch;
	usec relay_poll;
	str github_rest_url, github_graphql_url, github_token_file, github_account;
	str github_app_id, github_app_key_file, github_hook_url;
	str github_oauth_token_url, github_oauth_client_id, github_oauth_secret_file;
	int32_t github_turns;
	str seal_key_file, seal_key_file_other;
	str ipfs_api_url;
	str evm_url, evm_confirm_url, evm_escrow;
	int64_t evm_chain_id;
	int32_t evm_confirmations;
	u256 evm_max_fee;
	str pay_key_file, proof_key_file, proof_public_key;
	str audit_key_file, audit_public_key, audit_export_dir;
	int32_t audit_checkpoint_rows;
	usec history_keep;
	usec audit_checkpoint_every, idempotency_keep;
};

extern const struct fields conf_fields;
