#include "ops/keep.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "ops/audit.h"
#include "sql.h"

#define ROUND USEC_S
#define NAP (50 * USEC_MS)
#define SEAL_MOST 10000
#define EXPIRE_EVERY (10 * USEC_S)
#define EXPIRE_MOST 500
#define BOOKS (3600 * USEC_S)      /* so often the books are checked, by whichever worker comes first */
#define EVERYTHING (3600 * USEC_S) /* so often the whole log is looked through for rows without a place */

struct keep {
	struct keep_conf conf;
	pthread_t thread;
	atomic_bool stop;
	struct conn *conn;
	int64_t exported;
	usec expire, everything, books; /* clock_monotonic() of the next */
};

static bool seal(struct work *w, struct keep *k, usec now)
{
	struct tx tx = tx_auto(k->conn);
	struct sql_audit_seal_out out;
	bool everything = now >= k->everything;

	do {
		if (!sql_audit_seal(w, &tx, &(struct sql_audit_seal_in){ SEAL_MOST, everything }, &out))
			return false;
	} while (out.sealed == SEAL_MOST);
	if (everything)
		k->everything = now + EVERYTHING;
	return true;
}

/* True when so many rows, or one so old, wait for a signature. */
static bool due(const struct keep *k, const struct sql_audit_unsigned_out *u)
{
	return u->rows >= k->conf.rows || (u->rows > 0 && u->age >= k->conf.every);
}

/* In a durable transaction: what was sealed before is on disk when the note is. */
static bool checkpoint(struct work *w, struct keep *k)
{
	struct sql_audit_unsigned_out out;
	struct audit_checkpoint c;
	struct tx tx = tx_auto(k->conn);
	bool ok;

	if (k->conf.seed == NULL)
		return true;
	if (!sql_audit_unsigned(w, &tx, &out))
		return false;
	if (!due(k, &out))
		return true;
	ok = tx_begin(w, k->conn, TX_DURABLE, &tx) && audit_sign(w, &tx, k->conf.origin, k->conf.seed, &c) &&
		tx_commit(w, &tx);
	tx_rollback(&tx);
	if (ok && c.size > 0)
		log_event(LOG_INFO, w, "audit.checkpoint", "rows=%lld", (long long)c.size);
	return ok;
}

static bool export_new(struct work *w, struct keep *k)
{
	struct tx tx = tx_auto(k->conn);

	return k->conf.folder == NULL || audit_export(w, &tx, k->conf.folder, &k->exported);
}

static bool expire(struct work *w, struct keep *k, usec now)
{
	struct tx tx = tx_auto(k->conn);
	struct sql_session_expire_out out;

	if (now < k->expire)
		return true;
	if (!sql_session_expire(w, &tx, &(struct sql_session_expire_in){ EXPIRE_MOST, k->conf.idempotency }, &out))
		return false;
	if (out.gone < EXPIRE_MOST) /* else there are more: again in the next round */
		k->expire = now + EXPIRE_EVERY;
	return true;
}

/* Reads all entries: at its hour, whether it succeeds or not. */
static bool check_books(struct work *w, struct keep *k, usec now)
{
	struct tx tx = tx_auto(k->conn);
	struct sql_books_check_out out;

	if (now < k->books)
		return true;
	k->books = now + BOOKS;
	return sql_books_check(w, &tx, &(struct sql_books_check_in){ BOOKS / 2 }, &out);
}

static bool look_at_spans(struct work *w, struct keep *k)
{
	struct tx tx = tx_auto(k->conn);
	struct sql_history_spans_out out;

	return sql_history_spans(w, &tx, &out);
}

/* One after the other, so that a folder that is full does not keep rows from their places. */
static void keep_round(struct work *w, struct keep *k)
{
	usec now = clock_monotonic();
	bool ok = true;

	w->deadline = now + 30 * USEC_S;
	if (k->conn == NULL || !conn_alive(k->conn)) {
		conn_close(&k->conn);
		ok = conn_open(w, &k->conf.db, &k->conn);
	}
	if (!(ok && seal(w, k, now) && checkpoint(w, k) && expire(w, k, now) && look_at_spans(w, k) &&
		    export_new(w, k) && check_books(w, k, now)))
		log_failure(LOG_WARN, w, "keep.failed");
}

static void *keep_rounds(void *arg)
{
	struct keep *k = arg;
	struct work w;

	work_init(&w);
	while (!atomic_load(&k->stop)) {
		usec until = clock_monotonic() + ROUND;

		work_reset(&w);
		keep_round(&w, k);
		while (!atomic_load(&k->stop) && clock_monotonic() < until)
			clock_sleep(NAP);
	}
	conn_close(&k->conn);
	work_end(&w);
	return NULL;
}

struct keep *keep_start(const struct keep_conf *c)
{
	struct keep *k = calloc(1, sizeof(*k));
	sigset_t all, before;

	if (k == NULL)
		abort();
	k->conf = *c;
	k->exported = c->folder == NULL ? 0 : audit_exported(c->folder);
	sigfillset(&all); /* signals are for the thread that runs the stages */
	pthread_sigmask(SIG_BLOCK, &all, &before);
	if (pthread_create(&k->thread, NULL, keep_rounds, k) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return k;
}

void keep_stop(struct keep **k)
{
	if (*k == NULL)
		return;
	atomic_store(&(*k)->stop, true);
	pthread_join((*k)->thread, NULL);
	free(*k);
	*k = NULL;
}
