#include "queue/progress.h"

#include "base/json.h"
#include "base/log.h"
#include "runner.h"

#define NOTE_MAX 500
#define EFFECTS_MAX 16384
#define WAIT (2 * USEC_S)

/* Shorter, where no character is cut. */
static str shortened(str note)
{
	size_t n = 0, next;

	while (n < note.n && (next = str_utf8_char(str_skip(note, n))) > 0 && n + next <= NOTE_MAX)
		n += next;
	return str_of(note.p, n);
}

static void tell(struct work *w, struct running *a, int64_t done, int64_t total, str note)
{
	struct sql_queue_progress_out out;
	struct conn *conn;
	struct tx tx = { 0 };

	if (!pool_take(w, a->runner->pool, &conn)) {
		log_failure(LOG_DEBUG, w, "job.progress_untold");
		return;
	}
	if (!tx_begin(w, conn, TX_LAZY, &tx) ||
		!sql_queue_progress(w, &tx,
			&(struct sql_queue_progress_in){ .job_id = w->job,
				.attempt = w->attempt,
				.done = done,
				.has_total = total > 0,
				.total = total,
				.note = shortened(note) },
			&out) ||
		!tx_commit(w, &tx))
		log_failure(LOG_DEBUG, w, "job.progress_untold");
	tx_rollback(&tx);
	pool_give(a->runner->pool, conn);
}

void progress_report(struct work *w, int64_t done, int64_t total, str note)
{
	struct running *a = w->run;
	usec now = clock_monotonic(), deadline = w->deadline;
	struct err err = w->err;

	if (a == NULL || !a->outside || (a->told != 0 && now - a->told < PROGRESS_SPAN))
		return;
	a->told = now;
	w->deadline = now + WAIT;
	tell(w, a, done < 0 ? 0 : done, total, note);
	w->deadline = deadline;
	w->err = err;
}

void progress_effect(struct work *w, const char *what, str id)
{
	struct running *a = w->run;
	struct buf b = buf_new(w->arena, EFFECTS_MAX);
	struct json j = { .b = &b };

	if (a == NULL)
		return;
	buf_add(&b, a->effects);
	if (b.n > 0)
		buf_byte(&b, ',');
	json_open(&j, NULL, '{');
	json_str(&j, "what", str_c(what));
	if (id.p != NULL)
		json_str(&j, "id", id);
	json_close(&j, '}');
	if (!buf_full(&b))
		a->effects = buf_str(&b);
}

str progress_effects(const struct work *w)
{
	if (w->run == NULL || w->run->effects.n == 0)
		return (str){ 0 };
	return arena_printf(w->arena, "[" STR_FMT "]", STR_ARG(w->run->effects));
}
