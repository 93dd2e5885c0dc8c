/* bench queue: what the queue does on this machine and database. */
#include "command.h"
#include "queue/bench.h"

static bool number(struct invocation *in, const char *name, int64_t least, int64_t most, int64_t *n)
{
	const char *text = command_option(in, name);

	return text == NULL || (str_i64(str_c(text), n) && *n >= least && *n <= most);
}

int command_bench(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct conn_conf db = command_db(in, "patchwork bench");
	int64_t jobs = 200000, history = 5000000, noise = 1000000, seconds = 60;
	const char *only = command_option(&rest, "only");

	if (in->dry_run)
		return command_usage("bench has no dry run: it would fill the queue");
	if (!number(&rest, "jobs", 1000, 10000000, &jobs) || !number(&rest, "history", 1000, 50000000, &history) ||
		!number(&rest, "noise", 1000, 10000000, &noise) || !number(&rest, "seconds", 2, 3600, &seconds))
		return command_usage(
			"--jobs and --noise are 1000 to 10000000, --history to 50000000, --seconds 2 to 3600");
	if (rest.argc != 0)
		return command_usage("bench queue takes no '%s'", rest.argv[0]);
	if (only != NULL && !bench_knows(only))
		return command_usage("--only is one of " STR_FMT, STR_ARG(bench_names(w)));
	db.statement_timeout = 0;
	return bench_queue(w, &db,
		       &(struct bench_conf){ .jobs = jobs,
			       .history = history,
			       .noise = noise,
			       .seconds = (int)seconds,
			       .only = only })
		? EXIT_OK
		: command_failed(w);
}
