/* jobs: what is in the queue, and what operators do with it. */
#include <stdio.h>

#include "command.h"
#include "db/query.h"
#include "jobs.h"
#include "print.h"
#include "sql.h"

#define PAGE_MAX 1000

static bool time_option(struct invocation *in, const char *name, bool *has, usec *out)
{
	const char *text = command_option(in, name);

	*has = text != NULL;
	if (text == NULL || clock_parse(str_c(text), out))
		return true;
	command_usage("--%s is a time as in 2026-01-31T12:00:00Z", name);
	return false;
}

bool jobs_number(struct invocation *in, const char *name, int64_t least, int64_t most, bool *has, int64_t *out)
{
	const char *text = command_option(in, name);

	*has = text != NULL;
	if (text == NULL || (str_i64(str_c(text), out) && *out >= least && *out <= most))
		return true;
	command_usage("--%s is a number, %lld to %lld", name, (long long)least, (long long)most);
	return false;
}

bool jobs_filter(struct invocation *in, struct jobs_filter *f)
{
	const char *project = command_option(in, "project");

	f->queue = str_c(command_option(in, "stage"));
	f->kind = str_c(command_option(in, "kind"));
	f->state = str_c(command_option(in, "state"));
	f->code = str_c(command_option(in, "code"));
	f->has_project = project != NULL;
	if (project != NULL && !uuid_parse(str_c(project), &f->project)) {
		command_usage("--project is a project's id");
		return false;
	}
	if (f->state.p != NULL &&
		!str_one_of(f->state, "ready|running|scheduled|held|parked|done|cancelled|replayed")) {
		command_usage("--state is ready, running, scheduled, held, parked, done, cancelled or replayed");
		return false;
	}
	return time_option(in, "since", &f->has_since, &f->since) && time_option(in, "until", &f->has_until, &f->until);
}

bool jobs_ids(struct work *w, const struct invocation *in, struct i64s *out)
{
	int64_t *ids = arena_array(w->arena, (size_t)in->argc + 1, sizeof(*ids));

	for (int i = 0; i < in->argc; i++)
		if (!str_i64(str_c(in->argv[i]), &ids[i]) || ids[i] < 1) {
			command_usage("'%s' is no job's number", in->argv[i]);
			return false;
		}
	*out = (struct i64s){ ids, (size_t)in->argc };
	return true;
}

/* --- list --- */

static bool find(struct work *w, struct tx *tx, void *arg)
{
	struct jobs_page *p = arg;

	return sql_job_find(w, tx, &p->in, &p->rows, &p->n);
}

int command_jobs_list(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct jobs_page p = { .in.page = 20 };
	struct jobs_filter f = { 0 };
	bool has_limit;
	int64_t limit = 20;
	int status;

	if (!jobs_filter(&rest, &f) || !jobs_number(&rest, "limit", 1, PAGE_MAX, &has_limit, &limit) ||
		!jobs_number(&rest, "before", 1, INT64_MAX, &p.in.has_before, &p.in.before) ||
		!jobs_number(&rest, "batch", 1, INT64_MAX, &p.in.has_batch, &p.in.batch))
		return EXIT_USAGE;
	if (rest.argc != 0)
		return command_usage("jobs list takes options only");
	p.in.page = (int32_t)limit;
	JOBS_FILTER(p.in, f);
	status = command_visit(w, in, find, &p);
	if (status != EXIT_OK)
		return status;
	print_rows(w, in, PRINT_SHAPE(sql_job_find_stmt), p.rows, p.n,
		"id kind key state attempts error_code=code created_at finished_at", "no such jobs");
	if (!in->json && p.n == (size_t)limit)
		fprintf(stderr, "older ones: --before %lld\n", (long long)p.rows[p.n - 1].id);
	return EXIT_OK;
}

/* --- show --- */

struct shown {
	struct sql_job_show_in in;
	struct sql_job_show_out row;
	struct explanation why;
};

static bool show(struct work *w, struct tx *tx, void *arg)
{
	struct shown *s = arg;
	bool found;

	if (!sql_job_show(w, tx, &s->in, &s->row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "job.not_found", "there is no job %lld", (long long)s->in.id);
	return jobs_explain(w, tx, s->in.id, &s->why);
}

struct run {
	int64_t attempt;
	str state, worker, started_at, finished_at, error_code, error;
};
static const struct sql_value run_values[] = {
	{ "attempt", SQL_INT8, offsetof(struct run, attempt), (size_t)-1, false, "" },
	{ "state", SQL_TEXT, offsetof(struct run, state), (size_t)-1, true, "" },
	{ "worker", SQL_TEXT, offsetof(struct run, worker), (size_t)-1, true, "" },
	{ "started_at", SQL_TEXT, offsetof(struct run, started_at), (size_t)-1, true, "" },
	{ "finished_at", SQL_TEXT, offsetof(struct run, finished_at), (size_t)-1, true, "" },
	{ "error_code", SQL_TEXT, offsetof(struct run, error_code), (size_t)-1, true, "" },
	{ "error", SQL_TEXT, offsetof(struct run, error), (size_t)-1, true, "" },
};

static bool print_runs(struct work *w, const struct invocation *in, str runs)
{
	struct print_shape shape = { run_values, sizeof(run_values) / sizeof(run_values[0]), sizeof(struct run) };
	const cJSON *list, *item;
	struct run *rows;
	size_t n = 0;

	if (!json_parse(w, runs, &list))
		return false;
	rows = arena_array(w->arena, (size_t)cJSON_GetArraySize(list) + 1, sizeof(*rows));
	cJSON_ArrayForEach(item, list) {
		rows[n] = (struct run){
			.state = json_get_str(item, "state"),
			.worker = json_get_str(item, "worker"),
			.started_at = json_get_str(item, "started_at"),
			.finished_at = json_get_str(item, "finished_at"),
			.error_code = json_get_str(item, "error_code"),
			.error = json_get_str(item, "error"),
		};
		if (!json_get_i64(item, "attempt", &rows[n++].attempt))
			return err_set(w, ERR_BUG, "db.row", "a run without an attempt");
	}
	printf("\n");
	print_rows(w, in, shape, rows, n, "attempt state worker started_at finished_at error_code=code error=text",
		"it has not been run yet");
	return true;
}

static void print_shown_json(struct work *w, const struct shown *s)
{
	str row = print_json(w, PRINT_SHAPE(sql_job_show_stmt), &s->row);
	struct buf b = buf_new(w->arena, 1 << 16);

	json_quote(&b, s->why.text);
	printf(STR_FMT ",\"who\":\"%s\",\"explain\":" STR_FMT "}\n", (int)row.n - 1, row.p, s->why.who,
		STR_ARG(buf_str(&b)));
}

int command_jobs_show(struct work *w, const struct invocation *in)
{
	struct shown s = { 0 };
	struct i64s ids;
	int status;

	if (in->argc != 1)
		return command_usage("jobs show ID");
	if (!jobs_ids(w, in, &ids))
		return EXIT_USAGE;
	s.in.id = ids.at[0];
	status = command_visit(w, in, show, &s);
	if (status != EXIT_OK)
		return status;
	if (in->json) {
		print_shown_json(w, &s);
		return EXIT_OK;
	}
	print_row(w, in, PRINT_SHAPE(sql_job_show_stmt), &s.row,
		"id kind key state priority args created_at created_by run_at attempts error_code=code error output worker "
		"parent_id=parent root_id=root children replay_of batch replays project_id=project trace");
	printf("\n" STR_FMT "\n", STR_ARG(print_plain(w, s.why.text)));
	return print_runs(w, in, s.row.runs) ? EXIT_OK : command_failed(w);
}

/* --- retry, cancel --- */

struct asked {
	struct i64s ids;
	struct command_by by;
	struct sql_job_retry_out *retried;
	struct sql_job_cancel_out *cancelled;
	size_t n;
};

static bool retry(struct work *w, struct tx *tx, void *arg)
{
	struct asked *a = arg;

	return sql_job_retry(
		w, tx, &(struct sql_job_retry_in){ a->ids, a->by.actor, a->by.reason }, &a->retried, &a->n);
}

static bool cancel(struct work *w, struct tx *tx, void *arg)
{
	struct asked *a = arg;

	return sql_job_cancel(
		w, tx, &(struct sql_job_cancel_in){ a->ids, a->by.actor, a->by.reason }, &a->cancelled, &a->n);
}

static int ask(struct work *w, const struct invocation *in, command_visit_fn *what, struct asked *a)
{
	struct invocation rest = *in;

	if (!command_by(w, &rest, &a->by) || !jobs_ids(w, &rest, &a->ids))
		return EXIT_USAGE;
	if (rest.argc == 0)
		return command_usage("jobs retry and cancel take job numbers");
	if (in->dry_run && a->by.reason.p == NULL)
		a->by.reason = STR("dry run");
	return command_visit(w, in, what, a);
}

static int answered(const struct invocation *in, bool all, const char *else_why)
{
	if (!all)
		fprintf(stderr, "patchwork: %s; the result says what became of each\n", else_why);
	if (in->dry_run)
		fprintf(stderr, "dry run: nothing was changed\n");
	return all ? EXIT_OK : EXIT_FAILED;
}

int command_jobs_retry(struct work *w, const struct invocation *in)
{
	struct asked a = { 0 };
	int status = ask(w, in, retry, &a);
	bool all = true;

	if (status != EXIT_OK)
		return status;
	print_rows(w, in, PRINT_SHAPE(sql_job_retry_stmt), a.retried, a.n, "job_id=id result", "");
	for (size_t i = 0; i < a.n; i++)
		all &= str_eq(a.retried[i].result, STR("retried"));
	return answered(in, all, "only parked and waiting jobs are retried, `jobs replay` runs ended ones");
}

int command_jobs_cancel(struct work *w, const struct invocation *in)
{
	struct asked a = { 0 };
	int status = ask(w, in, cancel, &a);
	bool all = true;

	if (status != EXIT_OK)
		return status;
	print_rows(w, in, PRINT_SHAPE(sql_job_cancel_stmt), a.cancelled, a.n, "job_id=id result", "");
	for (size_t i = 0; i < a.n; i++)
		all &= str_one_of(a.cancelled[i].result, "cancelled|running");
	return answered(in, all, "only jobs that wait or run are cancelled");
}
