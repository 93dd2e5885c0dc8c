#include "meter.h"

#include "base/metric.h"

enum outcome { OK, REFUSED, LIMITED, SERVER, NO_ANSWER, OUTCOMES };
static struct metric_label services = { METER_SERVICES, METER_SERVICES,
	{ [METER_GITHUB] = "service=\"github\"", [METER_IPFS] = "service=\"ipfs\"", [METER_EVM] = "service=\"evm\"" } };
static struct metric_label outcomes = { OUTCOMES, OUTCOMES,
	{ "outcome=\"ok\"", "outcome=\"refused\"", "outcome=\"limited\"", "outcome=\"server\"",
		"outcome=\"no_answer\"" } };
#define OTHER 2
static const char *const resources[OTHER + 1] = { "core", "graphql", "other" };
static struct metric_label budgets = { 3, 3, { "resource=\"core\"", "resource=\"graphql\"", "resource=\"other\"" } };

static struct metric requests = {
	.name = "patchwork_outside_requests_total",
	.help = "Requests to others by outcome.",
	.by = { &services, &outcomes },
};
static struct metric durations = {
	.name = "patchwork_outside_request_seconds",
	.help = "Time to their answers.",
	.type = METRIC_HISTOGRAM,
	.by = { &services },
	.edges = &metric_slow,
};
static struct metric budget = {
	.name = "patchwork_github_budget_remaining",
	.help = "Requests left of GitHub's limit, as its last answer said.",
	.type = METRIC_GAUGE,
	.late = true,
	.by = { &budgets },
};

void meter_register(void)
{
	metric_register(&requests);
	metric_register(&durations);
	metric_register(&budget);
}

static enum outcome of_status(int status)
{
	return status == 429 ? LIMITED : status >= 500 ? SERVER : status >= 400 ? REFUSED : OK;
}

/* The codes of fetch.h and jsonrpc.h. */
static enum outcome of_error(const char *code)
{
	return code == NULL                          ? OK
		: strncmp(code, "fetch.", 6) == 0    ? NO_ANSWER
		: strcmp(code, "chain.busy") == 0    ? LIMITED
		: strcmp(code, "chain.refused") == 0 ? REFUSED
						     : SERVER;
}

void meter_exchange(enum meter_service s, usec began, const struct work *w, int status)
{
	metric_count(&requests, (int)s, (int)(status > 0 ? of_status(status) : of_error(w->err.code)), 1);
	metric_observe(&durations, (int)s, 0, clock_monotonic() - began, 1);
}

void meter_budget(const struct fetch_resp *resp)
{
	str resource = fetch_header(resp, "x-ratelimit-resource");
	int64_t remaining;
	int i = 0;

	if (!str_i64(fetch_header(resp, "x-ratelimit-remaining"), &remaining) || remaining < 0)
		return;
	while (i < OTHER && !str_eq(resource, str_c(resources[i])))
		i++;
	metric_level(&budget, i, 0, remaining);
}
