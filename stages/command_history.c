/* history: the runs of all jobs, for operators and auditors. */
#include <inttypes.h>
#include <stdio.h>

#include "command.h"
#include "jobs.h"
#include "print.h"
#include "sql.h"

#define LIST_MOST 1000

struct listing {
	const struct invocation *in;
	struct sql_history_list_in list;
	int32_t most, shown;
};

/* "JOB.ATTEMPT", as the page before said it. */
static bool cursor_option(struct invocation *in, struct sql_history_list_in *list)
{
	str rest, job;
	int64_t n;

	list->after = rest = str_c(command_option(in, "after"));
	if (rest.p == NULL || (str_next(&rest, '.', &job) && str_i64(job, &n) && str_i64(rest, &n) && n <= INT32_MAX))
		return true;
	command_usage("--after is what the page before ended with");
	return false;
}

static bool list_options(struct invocation *in, struct listing *l)
{
	struct sql_history_list_in *list = &l->list;
	struct jobs_filter f = { 0 };
	int64_t limit = 50;
	bool has_limit;

	list->state = str_c(command_option(in, "state"));
	list->actor = str_c(command_option(in, "by"));
	if (list->state.p != NULL &&
		!str_one_of(list->state, "done|failed|parked|snoozed|rescued|returned|cancelled")) {
		command_usage("--state is done, failed, parked, snoozed, rescued, returned or cancelled");
		return false;
	}
	if (!jobs_filter(in, &f) || !jobs_number(in, "job", 1, INT64_MAX, &list->has_job, &list->job) ||
		!jobs_number(in, "limit", 1, LIST_MOST, &has_limit, &limit) || !cursor_option(in, list))
		return false;
	l->most = (int32_t)limit;
	list->queue = f.queue;
	list->kind = f.kind;
	list->code = f.code;
	list->has_project_id = f.has_project;
	list->project_id = f.project;
	list->has_since = f.has_since;
	list->since = f.since;
	list->has_until = f.has_until;
	list->until = f.until;
	return true;
}

/* Each look is bounded, so one that finds little is followed by the next. */
static bool list(struct work *w, struct tx *tx, void *arg)
{
	struct sql_history_list_out *rows, *all;
	struct listing *l = arg;
	struct print_shape shape = PRINT_SHAPE(sql_history_list_stmt);
	size_t n;
	bool more;

	shape.n--; /* more */
	all = arena_array(w->arena, (size_t)l->most, sizeof(*all));
	do {
		l->list.page = l->most - l->shown;
		if (!sql_history_list(w, tx, &l->list, &rows, &n))
			return false;
		more = n > 0 && rows[n - 1].more;
		if (n > 0)
			l->list.after = rows[n - 1].cursor;
		memcpy(all + l->shown, rows, (n - more) * sizeof(*all));
		l->shown += (int32_t)(n - more);
	} while (more && l->shown < l->most);
	print_rows(w, l->in, shape, all, (size_t)l->shown,
		"job_id=job attempt kind state actor worker started_at finished_at error_code=code", "no such runs");
	if (l->shown == l->most)
		fprintf(stderr, "more: --after " STR_FMT "\n", STR_ARG(l->list.after));
	return true;
}

int command_history_list(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct listing l = { .in = in };

	if (!list_options(&rest, &l))
		return EXIT_USAGE;
	if (rest.argc != 0)
		return command_usage("history list takes options only");
	return command_visit(w, in, list, &l);
}
