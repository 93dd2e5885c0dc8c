/* Checkpoints of the audit log: signed, kept in the database, and written to a folder outside it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ops/audit.h"

#define EXPORT_PAGE 1000
#define PREFIX "checkpoint-"
#define SUFFIX ".note"

bool audit_sign(struct work *w, struct tx *tx, str origin, const struct secret *seed, struct audit_checkpoint *out)
{
	struct sql_audit_checkpoint_in in = { 0 };
	struct sql_audit_checkpoint_out kept;
	struct sql_audit_state_out state;
	bool found;

	out->size = 0;
	if (!sql_audit_state(w, tx, &state))
		return false;
	if (state.sealed == 0 || (state.has_checkpoint_size && state.checkpoint_size >= state.sealed))
		return true;
	in = (struct sql_audit_checkpoint_in){ .size = state.sealed, .hash = state.head };
	out->size = state.sealed;
	if (!str_into(state.head, out->hash, 32))
		return err_set(w, ERR_BUG, "db.row", "audit.link: hash");
	in.note = audit_note(w, origin, out, clock_now(), (const uint8_t *)secret_bytes(seed).p);
	if (!sql_audit_checkpoint(w, tx, &in, &kept, &found))
		return false;
	if (!found)
		out->size = 0; /* another process was faster */
	return true;
}

/* The size in "checkpoint-SIZE.note"; 0 for another name. */
static int64_t size_of_name(const char *name)
{
	str s = str_c(name);
	int64_t size;

	if (!str_starts(s, STR(PREFIX)) || !str_ends(s, STR(SUFFIX)))
		return 0;
	s = str_skip(str_of(s.p, s.n - (sizeof(SUFFIX) - 1)), sizeof(PREFIX) - 1);
	while (s.n > 1 && s.p[0] == '0')
		s = str_skip(s, 1);
	return str_i64(s, &size) ? size : 0;
}

int64_t audit_exported(const char *folder)
{
	DIR *dir = opendir(folder);
	int64_t last = 0, size;

	for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
		if ((size = size_of_name(e->d_name)) > last)
			last = size;
	if (dir != NULL)
		closedir(dir);
	return last;
}

static bool write_whole(int fd, str text)
{
	while (text.n > 0) {
		ssize_t n = write(fd, text.p, text.n);

		if (n < 0 && errno != EINTR)
			return false;
		text = str_skip(text, n > 0 ? (size_t)n : 0);
	}
	return fsync(fd) == 0;
}

static bool failed(struct work *w, const char *path)
{
	return err_set(w, ERR_RETRY, "audit.export", "%s: %s", path, strerror(errno));
}

/* Whole or not at all, also after a crash. */
static bool write_note(struct work *w, const char *folder, int64_t size, str note)
{
	char *path = arena_cstr(w->arena, arena_printf(w->arena, "%s/" PREFIX "%012" PRId64 SUFFIX, folder, size));
	char *part = arena_cstr(w->arena, arena_printf(w->arena, "%s.%d", path, (int)getpid()));
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool ok;

	if (fd < 0)
		return failed(w, part);
	ok = write_whole(fd, note);
	close(fd);
	if (ok && rename(part, path) == 0)
		return true;
	failed(w, path);
	unlink(part);
	return false;
}

static void sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
}

bool audit_export(struct work *w, struct tx *tx, const char *folder, int64_t *done)
{
	struct sql_audit_checkpoints_out *rows;
	size_t n;

	do {
		if (!sql_audit_checkpoints(
			    w, tx, &(struct sql_audit_checkpoints_in){ *done, INT64_MAX, EXPORT_PAGE }, &rows, &n))
			return false;
		for (size_t i = 0; i < n; i++) {
			if (!write_note(w, folder, rows[i].size, rows[i].note))
				return false;
			*done = rows[i].size;
		}
		if (n > 0)
			sync_folder(folder);
	} while (n == EXPORT_PAGE);
	return true;
}
