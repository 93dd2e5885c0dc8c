#include "conf.h"

struct api_conf api_conf;

#define KEY(T, member, key, ...)                                                                                       \
	{                                                                                                              \
		.name = "api." key, .type = (T), .offset = offsetof(struct api_conf, member), .has = FIELD_NO_HAS,     \
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
};
const struct fields api_conf_fields = { table, sizeof(table) / sizeof(table[0]), sizeof(struct api_conf) };
