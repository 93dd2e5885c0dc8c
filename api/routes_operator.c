/* Jobs and their history, and what operators do with them. */
#include "routes_table.h"

#include "operator.h"

/* Filters of jobs, from the query or the body. */
#define JOB_STATES "ready|running|scheduled|held|parked|done|cancelled|replayed"
#define STAGE_DOC "sync, verify, prove, pay, score"
#define MADE(FROM, S)                                                                                                  \
	MAYBE(FROM, FIELD_STR, S, code, .max = 63, .doc = "that a run of it ended with: github.rate_limited ..."),     \
		MAYBE(FROM, FIELD_UUID, S, project_id, HAS(S, project_id), .doc = "only of this project"),             \
		MAYBE(FROM, FIELD_TIME, S, since, HAS(S, since), .doc = "made then or later"),                         \
		MAYBE(FROM, FIELD_TIME, S, until, HAS(S, until), .doc = "made before")
#define OPERATOR(S)                                                                                                    \
	PARAM(FROM_PERSON, FIELD_UUID, S, person_id),                                                                  \
		PARAM(FROM_BODY, FIELD_STR, S, reason, .min = 1, .max = 1000, .doc = "goes into the audit log")
#define NUMBER(S, what) PARAM(FROM_PATH, FIELD_I64, S, id, .min = 1, .max = INT64_MAX, .doc = what)
#define PAUSED(S)                                                                                                      \
	PARAM(FROM_BODY, FIELD_STR, S, what, .one_of = "stage|kind|project", .doc = "what name names"),                \
		PARAM(FROM_BODY, FIELD_STR, S, name, .min = 1, .max = 128, .doc = "of a project its id")
#define REPLAYED(S)                                                                                                    \
	MAYBE(FROM_BODY, FIELD_JSON, S, ids, .doc = "[1, 2, ...]: only these jobs, 1000 at most"),                     \
		MAYBE(FROM_BODY, FIELD_STR, S, stage, .max = 63, .doc = STAGE_DOC),                                    \
		MAYBE(FROM_BODY, FIELD_STR, S, kind, .max = 63, .doc = "verify.merge ..."),                            \
		MAYBE(FROM_BODY, FIELD_STR, S, state, .one_of = "done|parked|cancelled|replayed",                      \
			.doc = "only those that ended so"),                                                            \
		MADE(FROM_BODY, S)

static const struct param pause_ask[] = { OPERATOR(pause_ask), PAUSED(pause_ask) };
static const struct param pause_end[] = { OPERATOR(pause_end), PAUSED(pause_end) };
static const struct param job_retry[] = { OPERATOR(job_ask_retry), SESSION(job_ask_retry),
	NUMBER(job_ask_retry, "a parked or scheduled job") };
static const struct param job_cancel[] = { OPERATOR(job_ask_cancel),
	NUMBER(job_ask_cancel, "a job that has not ended") };
static const struct param replay_list[] = { PAGED(replay_list) };
static const struct param replay_preview[] = { REPLAYED(replay_preview) };
static const struct param replay_ask[] = {
	OPERATOR(replay_ask),
	SESSION(replay_ask),
	REPLAYED(replay_ask),
	MAYBE(FROM_BODY, FIELD_STR, replay_ask, rate, .max = 31,
		.doc = "of letting out: 50/s, 600/m, 1000/h; 50/s unless told"),
};
static const struct param replay_stop[] = { OPERATOR(replay_ask_stop), NUMBER(replay_ask_stop, "a batch") };
static const struct param audit_page[] = {
	PAGED(audit_page),
	MAYBE(FROM_QUERY, FIELD_STR, audit_page, actor, .max = 256, .doc = "kind:id, or id: person:UUID, cli:ann ..."),
	MAYBE(FROM_QUERY, FIELD_STR, audit_page, action, .max = 63, .doc = "queue.pause ..."),
	MAYBE(FROM_QUERY, FIELD_STR, audit_page, object, .min = 3, .max = 256,
		.doc = "type/id: job/4711, bounty/UUID ..."),
	MAYBE(FROM_QUERY, FIELD_TIME, audit_page, since, HAS(audit_page, since), .doc = "done then or later"),
	MAYBE(FROM_QUERY, FIELD_TIME, audit_page, until, HAS(audit_page, until), .doc = "done before"),
};
static const struct param job_list[] = {
	PAGED(job_list),
	SEEN(job_list),
	MAYBE(FROM_QUERY, FIELD_STR, job_list, queue, .max = 63, .doc = STAGE_DOC),
	MAYBE(FROM_QUERY, FIELD_STR, job_list, kind, .max = 63, .doc = "verify.merge ..."),
	MAYBE(FROM_QUERY, FIELD_BOOL, job_list, parked, HAS(job_list, parked),
		.doc = "only those that wait for a person, or only the others"),
	MAYBE(FROM_QUERY, FIELD_STR, job_list, state, .one_of = JOB_STATES, .doc = "only these"),
	MADE(FROM_QUERY, job_list),
	MAYBE(FROM_QUERY, FIELD_I64, job_list, batch, HAS(job_list, batch), .min = 1, .max = INT64_MAX,
		.doc = "only what this replay let out"),
};
static const struct param job_get[] = {
	SEEN(job_get),
	PARAM(FROM_PATH, FIELD_I64, job_get, id, .min = 1, .max = INT64_MAX, .doc = "a job"),
};
static const struct param history_list[] = {
	PAGED(history_list),
	MAYBE(FROM_QUERY, FIELD_I64, history_list, job, HAS(history_list, job), .min = 1, .max = INT64_MAX,
		.doc = "only of this job"),
	MAYBE(FROM_QUERY, FIELD_UUID, history_list, project_id, HAS(history_list, project_id),
		.doc = "only of this project"),
	MAYBE(FROM_QUERY, FIELD_STR, history_list, queue, .max = 63, .doc = STAGE_DOC),
	MAYBE(FROM_QUERY, FIELD_STR, history_list, kind, .max = 63, .doc = "verify.merge ..."),
	MAYBE(FROM_QUERY, FIELD_STR, history_list, state,
		.one_of = "done|failed|parked|snoozed|rescued|returned|cancelled", .doc = "how the run ended"),
	MAYBE(FROM_QUERY, FIELD_STR, history_list, code, .max = 63, .doc = "github.rate_limited ..."),
	MAYBE(FROM_QUERY, FIELD_STR, history_list, actor, .max = 200, .doc = "who made the job"),
	MAYBE(FROM_QUERY, FIELD_TIME, history_list, since, HAS(history_list, since), .doc = "ended then or later"),
	MAYBE(FROM_QUERY, FIELD_TIME, history_list, until, HAS(history_list, until), .doc = "ended before"),
};

static const struct route routes[] = {
	{ READ("/v1/jobs", "jobs", job_list, REPLY_PAGE,
		  "Jobs, newest first; a page may be short and have a next_cursor all the same"),
		PARAMS(job_list), .access = ACCESS_ANYONE },
	{ READ("/v1/runs", "jobs", history_list, REPLY_PAGE,
		  "The history of runs, the newest job's first; a page may be short and have a next_cursor all the same"),
		PARAMS(history_list), .access = ACCESS_SESSION, .roles = READERS },
	{ READ("/v1/jobs/{id}", "jobs", job_get, REPLY_OBJECT, "One job and its runs"), PARAMS(job_get),
		.access = ACCESS_ANYONE },

	{ WRITE("/v1/jobs/{id}/retry", "jobs", job_ask_retry, 202,
		  "A parked or scheduled job runs now, as its next attempt"),
		PARAMS(job_retry), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .roles = WRITERS,
		.may_want = "jobs.pay" },
	{ WRITE("/v1/jobs/{id}/cancel", "jobs", job_ask_cancel, 202,
		  "A job that waits ends now, one that runs before its next effect; 200 when that was asked for before"),
		PARAMS(job_cancel), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .roles = WRITERS },

	{ READ("/v1/stages", "operators", control_stages, REPLY_PAGE,
		  "Each stage: is it paused, what waits in it, for how many seconds, its limits"),
		.bind = operator_stages, .access = ACCESS_SESSION, .roles = READERS },
	{ READ("/v1/pauses", "operators", pause_list, REPLY_PAGE, "What is paused, by whom and why"),
		.access = ACCESS_SESSION, .roles = READERS },
	{ WRITE("/v1/pauses", "operators", pause_ask, 201,
		  "A stage, kind or project starts nothing new; 200 when it was paused before"),
		PARAMS(pause_ask), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .roles = WRITERS,
		.bind = operator_pause },
	{ WRITE("/v1/pauses/end", "operators", pause_end, 200, "A stage, kind or project goes on"), PARAMS(pause_end),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, .roles = WRITERS },
	{ READ("/v1/replays", "operators", replay_list, REPLY_PAGE, "Replays, newest first, and how far each is"),
		PARAMS(replay_list), .access = ACCESS_SESSION, .roles = READERS },
	{ WRITE("/v1/replays/preview", "operators", replay_preview, 200,
		  "What a replay would take, and what its kinds do; `patchwork jobs replay --dry-run` asks the outside, too"),
		PARAMS(replay_preview), .access = ACCESS_SESSION, .limit = LIMIT_READ, .roles = READERS,
		.bind = operator_preview, .finish = operator_previewed },
	{ WRITE("/v1/replays", "operators", replay_ask, 202,
		  "Ended jobs run once more, each as a new job; twice the same are two replays"),
		PARAMS(replay_ask), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .roles = WRITERS,
		.may_want = "jobs.pay", .bind = operator_replay },
	{ WRITE("/v1/replays/{id}/stop", "operators", replay_ask_stop, 200,
		  "What a replay has not let out stays where it is"),
		PARAMS(replay_stop), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .roles = WRITERS },
	{ READ("/v1/explain/{kind}/{id}", "operators", explain_find, REPLY_OBJECT,
		  "Why it is where it is, and who must act: kind is job, bounty, submission, payout or account, id a job's number or a UUID"),
		.access = ACCESS_SESSION, .roles = READERS, .bind = operator_explain, .finish = operator_explained,
		.members = operator_explained_members },
	{ READ("/v1/audit", "operators", audit_page, REPLY_PAGE,
		  "The audit log, newest first; a page may be short and have a next_cursor all the same"),
		PARAMS(audit_page), .access = ACCESS_SESSION, .roles = READERS },
};
const struct route_table routes_operator = TABLE(routes);
