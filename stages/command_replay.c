/* jobs replay: ended jobs once more. The database keeps the batch and its bucket, workers let its jobs out; this program only
 * asks for it, or says what would come of it. */
#include <stdio.h>

#include "jobs.h"
#include "model/rate.h"
#include "preview.h"
#include "print.h"

#define DAY 86400
#define KINDS 64

struct replay {
	struct sql_replay_begin_in in;
	struct sql_replay_begin_out begun;
	struct sql_replay_pick_out *jobs;
	size_t n;
	int64_t sample;
};

static bool read_asked(struct work *w, struct invocation *in, struct replay *r)
{
	const char *rate = command_option(in, "rate");
	struct jobs_filter f = { 0 };
	bool has_sample;

	r->sample = 20;
	if (!jobs_filter(in, &f) || !jobs_number(in, "sample", 0, 1000000, &has_sample, &r->sample))
		return false;
	JOBS_FILTER(r->in, f);
	if (!rate_parse(rate == NULL ? RATE_DEFAULT : str_c(rate), &r->in.per_day)) {
		command_usage("--rate is as 50/s, 600/m or 1000/h: 0.001 to 10000 a second");
		return false;
	}
	if (!jobs_ids(w, in, &r->in.ids))
		return false;
	r->in.has_ids = r->in.ids.n > 0;
	if (!r->in.has_ids && f.queue.p == NULL && f.kind.p == NULL && f.state.p == NULL && f.code.p == NULL &&
		!f.has_project && !f.has_since && !f.has_until) {
		command_usage("jobs replay needs job numbers, or a filter");
		return false;
	}
	return true;
}

/* --- dry run --- */

struct kind_row {
	str kind;
	int64_t jobs, lanes, looked_at, of[PREVIEW_OUTCOMES];
};
#define COUNT_OF(name, at)                                                                                             \
	{                                                                                                              \
		name, SQL_INT8, offsetof(struct kind_row, of) + (at) * sizeof(int64_t), (size_t)-1, false, ""          \
	}
static const struct sql_value kind_values[] = {
	{ "kind", SQL_TEXT, offsetof(struct kind_row, kind), (size_t)-1, false, "" },
	{ "jobs", SQL_INT8, offsetof(struct kind_row, jobs), (size_t)-1, false, "" },
	{ "looked_at", SQL_INT8, offsetof(struct kind_row, looked_at), (size_t)-1, false, "" },
	COUNT_OF("done", PREVIEW_DONE),
	COUNT_OF("acts", PREVIEW_ACTS),
	COUNT_OF("asks", PREVIEW_ASKS),
	COUNT_OF("rows", PREVIEW_ROWS),
	COUNT_OF("waits", PREVIEW_WAITS),
	COUNT_OF("parks", PREVIEW_PARKS),
};
static const struct print_shape kind_shape = { kind_values, sizeof(kind_values) / sizeof(kind_values[0]),
	sizeof(struct kind_row) };

static const struct sql_value preview_values[] = {
	{ "job_id", SQL_INT8, offsetof(struct preview, job_id), (size_t)-1, false, "" },
	{ "kind", SQL_TEXT, offsetof(struct preview, kind), (size_t)-1, false, "" },
	{ "state", SQL_TEXT, offsetof(struct preview, state), (size_t)-1, false, "" },
	{ "outcome", SQL_TEXT, offsetof(struct preview, outcome), (size_t)-1, false, "" },
	{ "code", SQL_TEXT, offsetof(struct preview, code), (size_t)-1, true, "" },
	{ "text", SQL_TEXT, offsetof(struct preview, text), (size_t)-1, true, "" },
};
static const struct print_shape preview_shape = { preview_values, sizeof(preview_values) / sizeof(preview_values[0]),
	sizeof(struct preview) };

static struct kind_row *row_of(struct kind_row rows[KINDS], size_t *n, str kind)
{
	for (size_t i = 0; i < *n; i++)
		if (str_eq(rows[i].kind, kind))
			return &rows[i];
	if (*n == KINDS)
		return &rows[KINDS - 1];
	rows[*n].kind = kind;
	return &rows[(*n)++];
}

static size_t sum_up(const struct replay *r, const struct preview *found, size_t n_found, struct kind_row rows[KINDS])
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		row_of(rows, &n, r->jobs[i].kind)->jobs++;
	for (size_t i = 0; i < n_found; i++) {
		struct kind_row *row = row_of(rows, &n, found[i].kind);

		row->looked_at++;
		for (int o = 0; o < PREVIEW_OUTCOMES; o++)
			row->of[o] += str_eq(found[i].outcome, str_c(preview_names[o]));
	}
	return n;
}

static void print_json_preview(struct work *w, const struct replay *r, const struct kind_row *rows, size_t n,
	const struct preview *found, size_t n_found)
{
	struct buf b = buf_new(w->arena, 256 << 20);
	struct json j = { .b = &b };

	json_open(&j, NULL, '{');
	json_i64(&j, "jobs", (int64_t)r->n);
	json_open(&j, "kinds", '[');
	for (size_t i = 0; i < n; i++)
		json_raw(&j, NULL, print_json(w, kind_shape, &rows[i]));
	json_close(&j, ']');
	json_open(&j, "looked_at", '[');
	for (size_t i = 0; i < n_found; i++)
		json_raw(&j, NULL, print_json(w, preview_shape, &found[i]));
	json_close(&j, ']');
	json_close(&j, '}');
	printf(STR_FMT "\n", STR_ARG(buf_str(&b)));
}

static int print_preview(struct work *w, const struct invocation *in, const struct replay *r)
{
	struct kind_row rows[KINDS] = { 0 };
	struct preview *found;
	size_t n_found, n, told = 0;

	if (!preview_jobs(w, in, r->jobs, r->n, r->sample, &found, &n_found))
		return command_failed(w);
	n = sum_up(r, found, n_found, rows);
	if (in->json) {
		print_json_preview(w, r, rows, n, found, n_found);
		return EXIT_OK;
	}
	print_rows(w, in, kind_shape, rows, n, "kind jobs looked_at done acts asks rows waits parks", "no such jobs");
	for (size_t i = 0; i < n_found; i++)
		if (found[i].code.p != NULL || str_eq(found[i].outcome, STR("acts")))
			found[told++] = found[i];
	if (told > 0) {
		printf("\n");
		print_rows(w, in, preview_shape, found, told, "job_id=id kind state outcome code text", "");
	}
	fprintf(stderr,
		"dry run: %zu jobs would be replayed, over %.1f s\n"
		"done: an earlier run did it; acts: its effect would be called; asks: it reads the outside again;\n"
		"rows: rows alone, under natural keys; waits, parks: it would not get that far\n",
		r->n, (double)r->n * DAY / (double)r->in.per_day);
	return EXIT_OK;
}

static bool pick(struct work *w, struct tx *tx, void *arg)
{
	struct replay *r = arg;
	struct sql_replay_pick_in in = {
		.has_ids = r->in.has_ids,
		.ids = r->in.ids,
		.queue = r->in.queue,
		.kind = r->in.kind,
		.state = r->in.state,
		.code = r->in.code,
		.has_project = r->in.has_project,
		.project = r->in.project,
		.has_since = r->in.has_since,
		.since = r->in.since,
		.has_until = r->in.has_until,
		.until = r->in.until,
	};

	return sql_replay_pick(w, tx, &in, &r->jobs, &r->n);
}

/* --- begin, status, stop --- */

struct batches {
	struct sql_replay_status_in in;
	struct sql_replay_status_out *rows;
	size_t n;
};
#define STATUS "batch state total released waiting running done parked cancelled rate actor reason created_at"

static bool look(struct work *w, struct tx *tx, void *arg)
{
	struct batches *b = arg;

	return sql_replay_status(w, tx, &b->in, &b->rows, &b->n);
}

static int print_batches(struct work *w, const struct invocation *in, struct batches *b)
{
	int status = command_visit(w, in, look, b);

	if (status != EXIT_OK)
		return status;
	if (b->in.has_batch && b->n == 0) {
		(void)err_set(w, ERR_INVALID, "replay.not_found", "there is no replay %lld", (long long)b->in.batch);
		return command_failed(w);
	}
	print_rows(w, in, PRINT_SHAPE(sql_replay_status_stmt), b->rows, b->n, STATUS, "nothing was replayed yet");
	return EXIT_OK;
}

static bool begin(struct work *w, struct tx *tx, void *arg)
{
	struct replay *r = arg;

	return sql_replay_begin(w, tx, &r->in, &r->begun);
}

int command_jobs_replay(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct replay r = { 0 };
	struct command_by by = { 0 };
	struct batches b = { .in = { .has_batch = true, .page = 1 } };
	int status;

	if (!command_by(w, &rest, &by))
		return EXIT_USAGE;
	if (!read_asked(w, &rest, &r))
		return EXIT_USAGE;
	if (in->dry_run) {
		status = command_visit(w, in, pick, &r);
		return status == EXIT_OK ? print_preview(w, in, &r) : status;
	}
	r.in.actor = by.actor;
	r.in.reason = by.reason;
	status = command_visit(w, in, begin, &r);
	if (status != EXIT_OK)
		return status;
	if (!r.begun.has_batch) {
		fprintf(stderr, "no ended job is found by this: nothing is replayed\n");
		return EXIT_FAILED;
	}
	b.in.batch = r.begun.batch;
	return print_batches(w, in, &b);
}

static bool batch_of(struct work *w, const struct invocation *in, int64_t *out)
{
	struct i64s ids;

	if (!jobs_ids(w, in, &ids))
		return false;
	*out = ids.n == 0 ? 0 : ids.at[0];
	return true;
}

int command_replay_status(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct batches b = { 0 };
	bool has_limit;
	int64_t limit = 20;

	if (!jobs_number(&rest, "limit", 1, 1000, &has_limit, &limit) || !batch_of(w, &rest, &b.in.batch))
		return EXIT_USAGE;
	if (rest.argc > 1)
		return command_usage("jobs replay status [BATCH]");
	b.in.has_batch = rest.argc == 1;
	b.in.page = (int32_t)limit;
	return print_batches(w, in, &b);
}

struct stop {
	struct sql_replay_stop_in in;
	struct sql_replay_stop_out out;
};

static bool stop(struct work *w, struct tx *tx, void *arg)
{
	struct stop *s = arg;

	return sql_replay_stop(w, tx, &s->in, &s->out);
}

int command_replay_stop(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct command_by by;
	struct stop s = { 0 };
	struct batches b = { .in = { .has_batch = true, .page = 1 } };
	int status;

	if (!command_by(w, &rest, &by) || !batch_of(w, &rest, &s.in.batch))
		return EXIT_USAGE;
	if (rest.argc != 1)
		return command_usage("jobs replay stop BATCH --reason TEXT");
	s.in.actor = by.actor;
	s.in.reason = by.reason;
	status = command_visit(w, in, stop, &s);
	if (status != EXIT_OK)
		return status;
	b.in.batch = s.in.batch;
	if (in->dry_run)
		fprintf(stderr, "dry run: nothing was changed\n");
	status = print_batches(w, in, &b);
	if (status == EXIT_OK && str_eq(s.out.result, STR("ended"))) {
		fprintf(stderr, "all of it had been let out already\n");
		return EXIT_FAILED;
	}
	return status;
}
