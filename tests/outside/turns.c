/* Many threads that ask GitHub through the turns of the database, as workers do, without a queue around them:
 *   turns REST TOKEN_FILE DATABASE THREADS REQUESTS PER_TURN REPOSITORY FIRST_JOB
 * Each thread takes a turn, asks PER_TURN times, ends the turn, until REQUESTS were answered in all. A turn that is refused is
 * taken later, as the queue would do it. Prints one line of JSON. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "outside/github.h"
#include "pipeline/queue/budget.h"

static char **arg;
static struct github *github;
static atomic_llong answered, refused, limited, failed, next_job;

static bool ask(struct work *w, int i)
{
	struct github_issue issue;
	struct evidence ev;

	return github_issue_get(w, github, strtoll(arg[7], NULL, 10), 1 + i, &issue, &ev);
}

static void turn(struct work *w, struct tx *tx, const struct runner_conf *c)
{
	static const struct quota_need need = { QUOTA_SYNC, .core = 1 };
	int n = atoi(arg[6]);
	bool ok = true;

	work_reset(w);
	w->job = atomic_fetch_add(&next_job, 1);
	w->attempt = 1;
	w->quota = quota_new(w->arena);
	if (!budget_take(w, tx, c, &need, 60 * USEC_S)) {
		if (!w->err.snooze)
			atomic_fetch_add(&failed, 1);
		atomic_fetch_add(&refused, 1);
		clock_sleep(w->err.retry_after);
		return;
	}
	for (int i = 0; ok && i < n; i++) {
		ok = ask(w, i);
		if (ok)
			atomic_fetch_add(&answered, 1);
		else if (strcmp(w->err.code, "github.rate_limited") == 0)
			atomic_fetch_add(&limited, 1);
		else if (strcmp(w->err.code, "github.budget") != 0)
			atomic_fetch_add(&failed, 1);
	}
	if (!ok && strncmp(w->err.code, "github.", 7) != 0)
		fprintf(stderr, "%s: %s\n", w->err.code, w->err.text);
	if (!budget_report(w, tx)) {
		fprintf(stderr, "%s: %s\n", w->err.code, w->err.text);
		atomic_fetch_add(&failed, 1);
	}
}

static void *run(void *unused)
{
	struct runner_conf c = { .account = "default", .turns = 1 };
	struct conn_conf db = { .url = str_c(arg[3]), .connect_timeout = 5 * USEC_S, .statement_timeout = 30 * USEC_S };
	struct conn *conn;
	struct work w;
	struct tx tx;

	(void)unused;
	work_init(&w);
	if (!conn_open(&w, &db, &conn)) {
		fprintf(stderr, "%s: %s\n", w.err.code, w.err.text);
		exit(1);
	}
	tx = tx_auto(conn);
	while (atomic_load(&answered) < strtoll(arg[5], NULL, 10) && atomic_load(&failed) < 100)
		turn(&w, &tx, &c);
	conn_close(&conn);
	work_end(&w);
	return NULL;
}

int main(int argc, char **argv)
{
	struct github_conf c = { .max_body = 1 << 20 };
	pthread_t thread[64];
	struct work w;
	int n;

	if (argc != 9 || (n = atoi(argv[4])) < 1 || n > 64)
		return 2;
	arg = argv;
	c.rest_url = c.graphql_url = str_c(argv[1]);
	c.token_file = argv[2];
	atomic_store(&next_job, strtoll(argv[8], NULL, 10));
	work_init(&w);
	if (!github_new(&w, &c, &github))
		return 1;
	for (int i = 0; i < n; i++)
		if (pthread_create(&thread[i], NULL, run, NULL) != 0)
			abort();
	for (int i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	printf("{\"answered\":%lld,\"refused\":%lld,\"limited\":%lld,\"failed\":%lld}\n", atomic_load(&answered),
		atomic_load(&refused), atomic_load(&limited), atomic_load(&failed));
	github_free(&github);
	work_end(&w);
	return 0;
}
