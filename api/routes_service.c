/* Deliveries, how this process is, what it offers, and the files of its pages. */
#include "routes_table.h"

#include "health.h"
#include "openapi.h"
#include "page.h"
#include "webhook.h"

#define DELIVERY_MAX (25 << 20) /* GitHub sends no larger event */
#define SCRIPT(p, text) OWN(p, "page", "text/javascript; charset=utf-8", page_serve, text)

static const struct param receive[] = {
	TRACE(delivery_receive),
};

static const struct param receive_own[] = {
	TRACE(delivery_receive),
	PARAM(FROM_PATH, FIELD_UUID, delivery_receive, own_hook, .name = "id", HAS(delivery_receive, own_hook),
		.doc = "a webhook of ours"),
};

static const struct route routes[] = {
	{ WRITE("/v1/webhooks/github", "webhooks", delivery_receive, 202,
		  "A signed delivery; 200 for one that is known, and for ping"),
		PARAMS(receive), .body_max = DELIVERY_MAX, .access = ACCESS_GITHUB, .bind = webhook_bind,
		.finish = webhook_count, .wakes = "sync" },

	{ WRITE("/v1/webhooks/github/{id}", "webhooks", delivery_receive, 202,
		  "A delivery to a webhook that was made by us, signed with its own secret"),
		PARAMS(receive_own), .body_max = DELIVERY_MAX, .access = ACCESS_HOOK, .bind = webhook_own_bind,
		.finish = webhook_count, .wakes = "sync" },

	{ OWN("/livez", "health", "text/plain; charset=utf-8", health_live, "This process answers") },
	{ OWN("/readyz", "health", "application/json", health_ready,
		  "Database and schema are usable; lists what is degraded"),
		.sql = &sql_health_ready_stmt, .bind = health_ready_bind, .always = true },
	{ OWN("/metrics", "health", "text/plain; version=0.0.4; charset=utf-8", health_metrics, "Prometheus text"),
		.sql = &sql_health_jobs_stmt, .always = true },
	{ OWN("/openapi.json", "description", "application/json", openapi_serve, "This description") },
	{ OWN("/", "page", "text/html; charset=utf-8", page_serve,
		"The page that shows the board, bounties and one lineage") },
	{ OWN("/style.css", "page", "text/css; charset=utf-8", page_serve, "Its looks") },
	{ SCRIPT("/page.js", "Its program") },
	{ OWN("/icon.svg", "page", "image/svg+xml", page_serve, "Its icon") },
	{ OWN("/console", "page", "text/html; charset=utf-8", page_serve, "The operators' console") },
	{ OWN("/console.css", "page", "text/css; charset=utf-8", page_serve, "Its looks, over those of the page") },
	{ SCRIPT("/dom.js", "What both pages are made of") },
	{ SCRIPT("/lineage.js", "One contribution as a story, for both") },
	{ SCRIPT("/console.js", "The console's program: its views by their addresses") },
	{ SCRIPT("/console_history.js", "Runs, audit, lineage") },
	{ SCRIPT("/console_jobs.js", "Jobs, and one job") },
	{ SCRIPT("/console_keys.js", "What keys do") },
	{ SCRIPT("/console_parts.js", "Tables, filters, dialogs") },
	{ SCRIPT("/console_replays.js", "Replays, and what one would do") },
	{ SCRIPT("/console_session.js", "Who is signed in") },
	{ SCRIPT("/console_stages.js", "Stages, and what is paused") },
};
const struct route_table routes_service = TABLE(routes);
