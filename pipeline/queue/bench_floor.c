/* What PostgreSQL does here without a queue: batch DELETE ... SKIP LOCKED of a bare table on two connections, and one-row INSERT
 * commits on one. */
#include "bench.h"

#define BATCH 100
#define INSERTS 2000
#define TABLE "public.patchwork_bench_floor"

struct eater {
	pthread_t thread;
	const struct conn_conf *db;
	bool ok;
};

static void *eat(void *arg)
{
	struct eater *e = arg;
	struct conn_conf db = *e->db;
	struct conn *conn;
	struct work w;
	int rows = 1;

	work_init(&w);
	db.queue_plans = true;
	e->ok = conn_open(&w, &db, &conn);
	if (e->ok)
		e->ok = bench_say(&w, conn,
			"prepare eat as delete from " TABLE " where ctid = any (array("
			"select ctid from " TABLE " order by id limit 100 for update skip locked))",
			NULL);
	while (e->ok && rows > 0)
		e->ok = bench_say(&w, conn, "execute eat", &rows);
	conn_close(&conn);
	work_end(&w);
	return NULL;
}

static bool deletes(struct work *w, struct bench *b)
{
	struct eater eater[2] = { { .db = b->db }, { .db = b->db } };
	str fill = arena_printf(w->arena, "insert into " TABLE " select n, '{}' from generate_series(1, %lld) n%c",
		(long long)b->jobs, '\0');
	usec began;

	if (!bench_say(w, b->conn, fill.p, NULL))
		return false;
	began = clock_monotonic();
	for (int i = 0; i < 2; i++)
		bench_thread(&eater[i].thread, eat, &eater[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(eater[i].thread, NULL);
	if (!eater[0].ok || !eater[1].ok)
		return err_set(w, ERR_RETRY, "queue.bench", "the floor's connections failed");
	bench_line("floor.delete_skip_locked", "\"batch\":%d,\"connections\":2,\"rows\":%lld,\"per_s\":%.0f", BATCH,
		(long long)b->jobs, (double)b->jobs * USEC_S / (double)(clock_monotonic() - began));
	return true;
}

static bool inserts(struct work *w, struct bench *b)
{
	usec began = clock_monotonic();

	for (int i = 0; i < INSERTS; i++)
		if (!bench_say(w, b->conn, "insert into " TABLE " values (nextval('q.claim_id'), '{}')", NULL))
			return false;
	bench_line("floor.insert_commit", "\"connections\":1,\"rows\":%d,\"per_s\":%.0f", INSERTS,
		(double)INSERTS * USEC_S / (double)(clock_monotonic() - began));
	return true;
}

bool bench_floor(struct work *w, struct bench *b)
{
	return bench_say(w, b->conn, "drop table if exists " TABLE, NULL) &&
		bench_say(w, b->conn, "create table " TABLE " (id bigint primary key, payload jsonb)", NULL) &&
		inserts(w, b) && bench_say(w, b->conn, "truncate " TABLE, NULL) && deletes(w, b) &&
		bench_say(w, b->conn, "drop table " TABLE, NULL);
}
