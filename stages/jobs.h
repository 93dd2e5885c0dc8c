/* What the commands about jobs share: filters, and jobs by their numbers. A false has its usage on stderr. */
#pragma once

#include "base/json.h"
#include "command.h"
#include "db/query.h"
#include "ops/explain.h"
#include "sql.h"

struct jobs_filter {
	str queue, kind, state, code;
	bool has_project, has_since, has_until;
	uuid project;
	usec since, until;
};
#define JOBS_FILTER(in, f)                                                                                             \
	((in).queue = (f).queue, (in).kind = (f).kind, (in).state = (f).state, (in).code = (f).code,                   \
		(in).has_project = (f).has_project, (in).project = (f).project, (in).has_since = (f).has_since,        \
		(in).since = (f).since, (in).has_until = (f).has_until, (in).until = (f).until)

struct jobs_page {
	struct sql_job_find_in in;
	struct sql_job_find_out *rows;
	size_t n;
};

/* Takes --stage --kind --state --code --project --since --until out of the invocation. */
MUST bool jobs_filter(struct invocation *in, struct jobs_filter *f);
/* Takes "--name N" out; *has false when it is not there. */
MUST bool jobs_number(struct invocation *in, const char *name, int64_t least, int64_t most, bool *has, int64_t *out);
/* The operands, all of them job numbers. */
MUST bool jobs_ids(struct work *w, const struct invocation *in, struct i64s *out);
/* Why a job is where it is, in a transaction.  fails  ERR_INVALID explain.not_found */
MUST bool jobs_explain(struct work *w, struct tx *tx, int64_t job, struct explanation *out);
