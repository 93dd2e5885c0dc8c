/* bench queue: what the queue does on this machine and database. */
#include "command.h"
#include "queue/bench.h"

int command_bench(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct conn_conf db = command_db(in, "patchwork bench");
	const char *jobs = command_option(&rest, "jobs");
	int64_t n = 200000;

	if (in->dry_run)
		return command_usage("bench has no dry run: it would fill the queue");
	if (rest.argc != 0)
		return command_usage("bench queue [--jobs N]");
	if (jobs != NULL && (!str_i64(str_c(jobs), &n) || n < 1000 || n > 10000000))
		return command_usage("--jobs is 1000 to 10000000");
	db.statement_timeout = 0;
	return bench_queue(w, &db, n) ? EXIT_OK : command_failed(w);
}
