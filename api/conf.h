/* What patchwork-api reads from its configuration file and the environment; each key is documented in conf.c. */
#pragma once

#include "base/conf.h"

struct api_conf {
	str listen;          /* "ADDRESS:PORT", "[ADDRESS]:PORT", "unix:PATH" */
	int32_t workers;     /* processes */
	int32_t sockets;     /* client connections per worker */
	int64_t body_max;    /* bytes, of any request */
	int64_t body_memory; /* bytes, of all large ones in a worker */
	usec keepalive, header_timeout, body_timeout, drain;
	str database;          /* postgresql:// URL or libpq keywords */
	str database_password; /* { NULL, 0 } = as in the URL or the environment */
	int32_t connections;   /* to PostgreSQL, per worker */
	int32_t queue;         /* statements waiting or running, per worker */
	usec statement_timeout, connect_wait;
	str redis; /* "HOST:PORT", "unix:PATH" */
	str redis_password;

	str domain; /* host that wallets sign in to */
	str origin; /* "https://a,https://b": browsers of these may read replies; wallets see the first one */
	bool proxy; /* X-Forwarded-For names the client */
	str jwt_key_file, jwt_key_file_other;
	str github_client_id, github_authorize_url, github_callback, github_return;
	str chain_ids;     /* "338,25" */
	str casper_chains; /* "casper-test" */
	usec challenge_ttl, session_ttl, refresh_ttl;
	str webhook_secret, webhook_secret_next;
	str seal_key_file, seal_key_file_other;
	usec bounty_hold, bounty_deadline, bounty_least;
	int32_t read_per_minute, read_burst, write_per_minute, write_burst, login_per_minute, login_burst;
	int32_t project_per_minute, project_burst;
};

extern struct api_conf api_conf; /* read once, before the workers are forked */
extern const struct fields api_conf_fields;
