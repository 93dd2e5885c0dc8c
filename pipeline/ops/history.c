#include "ops/history.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "db/online.h"
#include "sql.h"

#define PAGE 1000
#define PIECE 16384

static bool file_failed(struct work *w, const char *path)
{
	return err_set(w, ERR_INVALID, "history.file", "%s: %s", path, strerror(errno));
}

/* --- a partition as text --- */

struct writer {
	struct history_file *f;
	struct sha256 *hash;
	FILE *to; /* NULL: only its hash is wanted */
	const char *path;
};

static bool put(struct work *w, struct writer *out, str line)
{
	sha256_add(out->hash, line);
	sha256_add(out->hash, STR("\n"));
	out->f->bytes += (int64_t)line.n + 1;
	return out->to == NULL || (fwrite(line.p, 1, line.n, out->to) == line.n && putc('\n', out->to) != EOF) ||
		file_failed(w, out->path);
}

static bool put_jobs(struct work *w, struct tx *tx, int64_t part, struct writer *out)
{
	struct sql_history_lines_in in = { .part = part, .after = -1, .page = PAGE };
	struct sql_history_lines_out *rows;
	size_t n;

	do {
		struct arena_mark mark = arena_mark(w->arena);

		if (!sql_history_lines(w, tx, &in, &rows, &n))
			return false;
		for (size_t i = 0; i < n; i++) {
			if (!put(w, out, rows[i].line))
				return false;
			out->f->runs += rows[i].runs;
			in.after = rows[i].id;
		}
		out->f->jobs += (int64_t)n;
		arena_rewind(w->arena, mark);
	} while (n == PAGE);
	return true;
}

static bool put_all(struct work *w, struct tx *tx, int64_t part, struct writer *out)
{
	return put(w, out,
		       arena_printf(
			       w->arena, "{\"format\":\"patchwork history 1\",\"partition\":%" PRId64 "}", part)) &&
		put_jobs(w, tx, part, out) &&
		put(w, out,
			arena_printf(
				w->arena, "{\"jobs\":%" PRId64 ",\"runs\":%" PRId64 "}", out->f->jobs, out->f->runs));
}

static bool write_part(struct work *w, struct tx *tx, int64_t part, FILE *to, const char *path, struct history_file *f)
{
	struct writer out = { .f = f, .to = to, .path = path };
	bool ok;

	*f = (struct history_file){ 0 };
	out.hash = sha256_begin();
	ok = put_all(w, tx, part, &out);
	sha256_end(&out.hash, f->sha256);
	return ok;
}

/* --- export --- */

static bool known(struct work *w, struct tx *tx, int64_t part)
{
	struct sql_history_partitions_out *rows;
	size_t n;

	if (!sql_history_partitions(w, tx, &(struct sql_history_partitions_in){ 0 }, &rows, &n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (rows[i].n == part && !str_eq(rows[i].state, STR("detached")) &&
			!str_eq(rows[i].state, STR("detaching")))
			return true;
	return err_set(w, ERR_INVALID, "history.partition_unknown", "the history has no partition %" PRId64, part);
}

/* link() refuses a name that is taken, which rename() does not. */
static bool publish(struct work *w, const char *part, const char *path)
{
	if (link(part, path) == 0)
		return true;
	if (errno == EEXIST)
		return err_set(w, ERR_INVALID, "history.file_exists", "%s", path);
	return file_failed(w, path);
}

static bool export_to(struct work *w, struct tx *tx, int64_t part, const char *path, struct history_file *out)
{
	const char *half = arena_cstr(w->arena, arena_printf(w->arena, "%s.part", path));
	FILE *to;
	bool ok;

	to = fopen(half, "we");
	if (to == NULL)
		return file_failed(w, half);
	ok = write_part(w, tx, part, to, half, out) &&
		((fflush(to) == 0 && fsync(fileno(to)) == 0) || file_failed(w, half));
	if (fclose(to) != 0 && ok)
		ok = file_failed(w, half);
	ok = ok && publish(w, half, path);
	unlink(half);
	return ok;
}

bool history_export(
	struct work *w, struct tx *tx, int64_t part, const char *path, bool dry_run, struct history_file *out)
{
	if (!known(w, tx, part))
		return false;
	if (access(path, F_OK) == 0)
		return err_set(w, ERR_INVALID, "history.file_exists", "%s", path);
	return dry_run ? write_part(w, tx, part, NULL, NULL, out) : export_to(w, tx, part, path, out);
}

/* --- leaving --- */

static bool hash_file(struct work *w, const char *path, uint8_t out[32])
{
	struct sha256 *hash;
	char piece[PIECE];
	FILE *file = fopen(path, "rbe");
	size_t n;
	bool ok;

	if (file == NULL)
		return file_failed(w, path);
	hash = sha256_begin();
	while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
		sha256_add(hash, str_of(piece, n));
	sha256_end(&hash, out);
	ok = ferror(file) == 0 || file_failed(w, path);
	fclose(file);
	return ok;
}

static bool same(struct work *w, const struct history_leave *l, const uint8_t file[32], const uint8_t ours[32])
{
	return memcmp(file, ours, 32) == 0 ||
		err_set(w, ERR_INVALID, "history.differs", "%s is not what partition %" PRId64 " has", l->path,
			l->part);
}

static void take(const struct sql_history_left_out *left, struct history_file *out)
{
	*out = (struct history_file){ .jobs = left->jobs, .runs = left->runs };
	memcpy(out->sha256, left->sha256.p, left->sha256.n < 32 ? left->sha256.n : 32);
}

/* What the partition has now, or had when its detaching began. */
static bool measure(struct work *w, struct tx *tx, const struct history_leave *l, struct history_file *out)
{
	struct sql_history_left_out left;
	bool found;

	if (!sql_history_left(w, tx, &(struct sql_history_left_in){ l->part }, &left, &found))
		return false;
	if (found)
		take(&left, out);
	return found || (known(w, tx, l->part) && write_part(w, tx, l->part, NULL, NULL, out));
}

static bool begin(struct work *w, struct tx *tx, const struct history_leave *l, struct history_file *out)
{
	uint8_t file[32];

	return hash_file(w, l->path, file) && measure(w, tx, l, out) && same(w, l, file, out->sha256) &&
		sql_history_detach(w, tx,
			&(struct sql_history_detach_in){ .part = l->part,
				.keep = l->keep,
				.jobs = out->jobs,
				.runs = out->runs,
				.sha256 = str_of(out->sha256, 32),
				.actor = l->actor,
				.reason = l->reason });
}

static bool detach_table(struct work *w, struct conn *conn, const char *parent, int64_t part)
{
	return online_detach(
		w, conn, "q", parent, arena_cstr(w->arena, arena_printf(w->arena, "%s_%" PRId64, parent, part)));
}

static bool ended(struct work *w, struct conn *conn, int64_t part)
{
	struct tx tx;
	bool ok = tx_begin(w, conn, TX_DURABLE, &tx) &&
		sql_history_ended(w, &tx, &(struct sql_history_ended_in){ part }) && tx_commit(w, &tx);

	tx_rollback(&tx);
	return ok;
}

bool history_detach(struct work *w, struct conn *conn, const struct history_leave *l, struct history_file *out)
{
	struct tx tx;
	bool ok = tx_begin(w, conn, TX_DURABLE, &tx) && begin(w, &tx, l, out) && (l->dry_run || tx_commit(w, &tx));

	tx_rollback(&tx);
	if (!ok || l->dry_run)
		return ok;
	return detach_table(w, conn, "run", l->part) && detach_table(w, conn, "job", l->part) &&
		ended(w, conn, l->part);
}

static bool drop(struct work *w, struct tx *tx, const struct history_leave *l, struct history_file *out)
{
	struct sql_history_left_out left;
	uint8_t file[32];
	bool found;

	if (!sql_history_left(w, tx, &(struct sql_history_left_in){ l->part }, &left, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "history.not_detached", "partition %" PRId64, l->part);
	take(&left, out);
	return hash_file(w, l->path, file) && same(w, l, file, out->sha256) &&
		sql_history_drop(w, tx, &(struct sql_history_drop_in){ l->part, l->actor, l->reason });
}

bool history_drop(struct work *w, struct conn *conn, const struct history_leave *l, struct history_file *out)
{
	struct tx tx;
	bool ok = tx_begin(w, conn, TX_DURABLE, &tx) && drop(w, &tx, l, out) && (l->dry_run || tx_commit(w, &tx));

	tx_rollback(&tx);
	return ok;
}
