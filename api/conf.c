#include "conf.h"

struct api_conf api_conf;

#define KEY(T, member, key, ...) OTHER(T, member, "api." key, __VA_ARGS__)
#define OTHER(T, member, key, ...)                                                                                     \
	{                                                                                                              \
		.name = key, .type = (T), .offset = offsetof(struct api_conf, member), .has = FIELD_NO_HAS,            \
		__VA_ARGS__                                                                                            \
	}

static const struct field table[] = {
	KEY(FIELD_STR, listen, "listen", .initial = "127.0.0.1:8080",
		.doc = "where to listen: ADDRESS:PORT (0 = any free port), [ADDRESS]:PORT or unix:PATH"),
	KEY(FIELD_I32, workers, "workers", .initial = "2", .min = 1, .max = 64,
		.doc = "worker processes, about one per core"),
	KEY(FIELD_I32, sockets, "sockets", .initial = "4096", .min = 16, .max = 100000,
		.doc = "client connections per worker; beyond it none is accepted"),
	KEY(FIELD_SIZE, body_max, "body_max", .initial = "25m", .min = 1024, .max = 1 << 30,
		.doc = "largest request body; routes have lower limits of their own"),
	KEY(FIELD_SPAN, keepalive, "keepalive", .initial = "20s", .doc = "an idle connection is closed after this"),
	KEY(FIELD_SPAN, header_timeout, "header_timeout", .initial = "10s",
		.doc = "from a request's first byte to the end of its headers"),
	KEY(FIELD_SPAN, body_timeout, "body_timeout", .initial = "60s", .doc = "for a whole body"),
	KEY(FIELD_SPAN, drain, "drain", .initial = "10s",
		.doc = "after SIGTERM, requests in flight may take this long; systemd's TimeoutStopSec lies above it"),
	KEY(FIELD_STR, database, "database", .initial = "postgresql:///patchwork",
		.doc = "PostgreSQL, as the role of the API: URL or libpq keywords; prefer hostaddr to names"),
	KEY(FIELD_SECRET, database_password, "database_password", .optional = true, .doc = "when it is not in the URL"),
	KEY(FIELD_I32, connections, "connections", .initial = "8", .min = 1, .max = 64,
		.doc = "connections to PostgreSQL per worker; commits on one follow each other"),
	KEY(FIELD_I32, queue, "queue", .initial = "1000", .min = 1, .max = 100000,
		.doc = "statements in hand per worker; beyond it 503 api.busy at once"),
	KEY(FIELD_SPAN, statement_timeout, "statement_timeout", .initial = "5s",
		.doc = "PostgreSQL ends a statement after this"),
	KEY(FIELD_SPAN, connect_wait, "connect_wait", .initial = "500ms",
		.doc = "a request waits this long for a connection to PostgreSQL before 503 api.database_down"),
	KEY(FIELD_STR, redis, "redis", .initial = "127.0.0.1:6379", .doc = "rate windows: HOST:PORT or unix:PATH"),
	KEY(FIELD_SECRET, redis_password, "redis_password", .optional = true, .doc = "sent with AUTH"),

	KEY(FIELD_STR, domain, "domain", .initial = "localhost", .max = 255,
		.doc = "host (and port, unless it is the scheme's) that wallets sign in to"),
	KEY(FIELD_STR, origin, "origin", .initial = "http://localhost",
		.doc = "origins whose pages may read replies, separated by commas; wallets are shown the first one"),
	KEY(FIELD_BOOL, proxy, "proxy", .initial = "false",
		.doc = "the client's address is the last one of X-Forwarded-For: only behind a proxy that sets it"),
	OTHER(FIELD_STR, jwt_key_file, "auth.jwt_key_file", .optional = true,
		.doc = "Ed25519 seed that signs sessions and cursors, 64 hex digits, mode 0600; without one a random seed, and every "
		       "restart ends all sessions"),
	OTHER(FIELD_STR, jwt_key_file_other, "auth.jwt_key_file_other", .optional = true,
		.doc = "a second seed whose tokens are accepted, too, while one replaces the other: the one to come, then the one "
		       "that was"),
	OTHER(FIELD_STR, chain_ids, "auth.chain_ids", .initial = "338",
		.doc = "chains (EIP-155) that wallets may sign in with, separated by commas"),
	OTHER(FIELD_STR, casper_chains, "auth.casper_chains", .initial = "casper-test",
		.doc = "Casper networks, by chain name, that wallets may sign in with, separated by commas; empty = none"),
	OTHER(FIELD_SPAN, challenge_ttl, "auth.challenge_ttl", .initial = "5m", .min = USEC_S, .max = 3600 * USEC_S,
		.doc = "a challenge must be signed and sent back within this"),
	OTHER(FIELD_SPAN, session_ttl, "auth.session_ttl", .initial = "15m", .min = USEC_S, .max = 900 * USEC_S,
		.doc = "a token ends after this; its session hands out the next one for a refresh token"),
	OTHER(FIELD_SPAN, refresh_ttl, "auth.refresh_ttl", .initial = "30d", .min = USEC_S,
		.max = 90 * INT64_C(86400) * USEC_S,
		.doc = "a session ends this long after its sign-in, refreshed or not"),
	OTHER(FIELD_SECRET, webhook_secret, "webhook.secret", .optional = true,
		.doc = "signs GitHub's webhooks; without it every delivery is refused"),
	OTHER(FIELD_SECRET, webhook_secret_next, "webhook.secret_next", .optional = true,
		.doc = "a second secret that is accepted while the first one is being replaced"),
	OTHER(FIELD_SPAN, bounty_hold, "bounty.hold", .initial = "7d", .max = 30 * INT64_C(86400) * USEC_S,
		.doc = "time between a verified merge and its payout, of bounties created from now on"),
	OTHER(FIELD_SPAN, bounty_deadline, "bounty.deadline", .initial = "90d", .min = USEC_S,
		.max = 3650 * INT64_C(86400) * USEC_S,
		.doc = "a bounty ends this long after its creation when the request names no deadline"),
	OTHER(FIELD_I32, read_per_minute, "limit.read_per_minute", .initial = "1200", .min = 0, .max = 1000000,
		.doc = "reading requests per minute and address; 0 = no limit"),
	OTHER(FIELD_I32, read_burst, "limit.read_burst", .initial = "240", .min = 1, .max = 1000000,
		.doc = "how many of them may come at once"),
	OTHER(FIELD_I32, write_per_minute, "limit.write_per_minute", .initial = "120", .min = 0, .max = 1000000,
		.doc = "writing requests per minute and person; 0 = no limit"),
	OTHER(FIELD_I32, write_burst, "limit.write_burst", .initial = "60", .min = 1, .max = 1000000,
		.doc = "how many of them may come at once"),
	OTHER(FIELD_I32, login_per_minute, "limit.login_per_minute", .initial = "60", .min = 0, .max = 1000000,
		.doc = "challenges and sign-ins per minute and address; 0 = no limit"),
	OTHER(FIELD_I32, login_burst, "limit.login_burst", .initial = "30", .min = 1, .max = 1000000,
		.doc = "how many of them may come at once"),
};
const struct fields api_conf_fields = { table, sizeof(table) / sizeof(table[0]), sizeof(struct api_conf) };
