/* audit: the log, its chain and its checkpoints, for operators and auditors. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/json.h"
#include "command.h"
#include "crypto/ed25519.h"
#include "ops/audit.h"
#include "print.h"
#include "wire/note.h"

#define SEAL_MOST 10000
#define LIST_MOST 1000
#define KEYS_MOST 16
#define UNSEALED_AGE                                                                                                   \
	(300 * USEC_S) /* workers seal each second; older means that none runs, or that a row was slipped in */

/* --- audit list ---------------------------------------------------------------------------------------------------- */

static bool time_option(struct invocation *in, const char *name, bool *has, usec *out)
{
	const char *text = command_option(in, name);

	*has = text != NULL;
	if (text == NULL || clock_parse(str_c(text), out))
		return true;
	command_usage("--%s is a time such as 2026-01-31T00:00:00Z", name);
	return false;
}

/* "TIME,ID", as the page before said it. */
static bool cursor_option(struct invocation *in, struct sql_audit_list_in *list)
{
	str rest = str_c(command_option(in, "after")), at;

	if (rest.p == NULL)
		return true;
	list->has_before_at = list->has_before_id =
		str_next(&rest, ',', &at) && clock_parse(at, &list->before_at) && str_i64(rest, &list->before_id);
	if (list->has_before_at)
		return true;
	command_usage("--after is what the page before ended with");
	return false;
}

static bool list_options(struct invocation *in, struct sql_audit_list_in *list)
{
	const char *limit = command_option(in, "limit");
	str object = str_c(command_option(in, "object"));
	int64_t most = 50;

	list->actor = str_c(command_option(in, "by"));
	list->action = str_c(command_option(in, "action"));
	if (str_next(&object, '/', &list->object_type) && object.n > 0)
		list->object_id = object;
	if (limit != NULL && (!str_i64(str_c(limit), &most) || most < 1 || most > LIST_MOST)) {
		command_usage("--limit is 1 to %d", LIST_MOST);
		return false;
	}
	list->most = (int32_t)most;
	return time_option(in, "since", &list->has_since, &list->since) &&
		time_option(in, "until", &list->has_until, &list->until) && cursor_option(in, list);
}

struct listing {
	const struct invocation *in;
	struct sql_audit_list_in list;
};

static bool list(struct work *w, struct tx *tx, void *arg)
{
	struct listing *l = arg;
	struct sql_audit_list_out *rows;
	size_t n;

	if (!sql_audit_list(w, tx, &l->list, &rows, &n))
		return false;
	print_rows(w, l->in, PRINT_SHAPE(sql_audit_list_stmt), rows, n, "seq at actor action object reason detail",
		"nothing in the audit log is like that");
	if (n == (size_t)l->list.most) {
		char time[CLOCK_TEXT];
		size_t len = clock_format(rows[n - 1].at, time);

		fprintf(stderr, "more: --after %.*s,%" PRId64 "\n", (int)len, time, rows[n - 1].id);
	}
	return true;
}

int command_audit_list(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct listing l = { .in = in };

	if (!list_options(&rest, &l.list))
		return EXIT_USAGE;
	if (rest.argc != 0)
		return command_usage("audit list takes no '%s'", rest.argv[0]);
	return command_visit(w, in, list, &l);
}

/* --- audit verify -------------------------------------------------------------------------------------------------- */

struct saved {
	struct audit_checkpoint *at;
	size_t n, size;
};

static bool read_note(struct work *w, const char *path, str *out)
{
	char *p = arena_alloc(w->arena, NOTE_MAX + 1);
	FILE *f = fopen(path, "rbe");

	if (f == NULL)
		return err_set(w, ERR_INVALID, "audit.unreadable", "%s: %s", path, strerror(errno));
	*out = str_of(p, fread(p, 1, NOTE_MAX + 1, f));
	fclose(f);
	return true;
}

static bool add_saved(struct work *w, struct saved *s, const struct audit_check *c, const char *path)
{
	struct audit_checkpoint *at;
	str note;

	if (s->n == s->size) {
		s->size = s->size == 0 ? 64 : 2 * s->size;
		at = arena_array(w->arena, s->size, sizeof(*at));
		if (s->n > 0)
			memcpy(at, s->at, s->n * sizeof(*at));
		s->at = at;
	}
	if (!read_note(w, path, &note))
		return false;
	if (audit_note_open(w, note, c->origin, &c->keys, &s->at[s->n])) {
		s->n++;
		return true;
	}
	return err_set(w, ERR_INVALID, "audit.checkpoint_forged", "%s is no checkpoint of " STR_FMT " under this key",
		path, STR_ARG(c->origin));
}

static int by_size(const void *a, const void *b)
{
	const struct audit_checkpoint *x = a, *y = b;

	return x->size < y->size ? -1 : x->size > y->size;
}

/* A file, or each NAME.note of a folder. */
static bool read_saved(struct work *w, const char *path, const struct audit_check *c, struct saved *s)
{
	DIR *dir = opendir(path);
	bool ok = true;

	if (dir == NULL)
		return add_saved(w, s, c, path);
	for (struct dirent *e; ok && (e = readdir(dir)) != NULL;)
		if (str_ends(str_c(e->d_name), STR(".note")))
			ok = add_saved(w, s, c, arena_cstr(w->arena, arena_printf(w->arena, "%s/%s", path, e->d_name)));
	closedir(dir);
	if (s->n > 0)
		qsort(s->at, s->n, sizeof(*s->at), by_size);
	return ok;
}

static bool own_key(struct work *w, const struct conf *conf, uint8_t pub[32], size_t *n)
{
	struct secret *seed = NULL;

	*n = 0;
	if (conf->audit_key_file.p == NULL || access(arena_cstr(w->arena, conf->audit_key_file), F_OK) != 0)
		return true;
	if (!secret_load_hex32(w, arena_cstr(w->arena, conf->audit_key_file), &seed))
		return false;
	ed25519_public((const uint8_t *)secret_bytes(seed).p, pub);
	secret_free(&seed);
	*n = 1;
	return true;
}

/* --key, audit.public_key, or the one that belongs to audit.key_file. */
static bool public_keys(struct work *w, const struct conf *conf, const char *option, struct audit_keys *out)
{
	uint8_t *at = arena_alloc(w->arena, KEYS_MOST * 32);
	str rest = option != NULL ? str_c(option) : conf->audit_public_key, text;

	*out = (struct audit_keys){ .at = at };
	if (rest.p == NULL)
		return own_key(w, conf, at, &out->n);
	while (str_next(&rest, ',', &text)) {
		if (out->n == KEYS_MOST || !hex_decode(str_trim(text), at + 32 * out->n, 32))
			return err_set(w, ERR_INVALID, "conf.value",
				"the audit log's public keys are 64 hex digits each, at most %d", KEYS_MOST);
		out->n++;
	}
	return true;
}

static void print_report(struct work *w, const struct invocation *in, const struct audit_report *r)
{
	str head = hex_str(w->arena, str_of(r->head, 32));

	if (in->json)
		printf("{\"valid\":true,\"rows\":%" PRId64 ",\"checkpoints\":%" PRId64 ",\"signed_rows\":%" PRId64
		       ",\"head\":\"" STR_FMT "\"}\n",
			r->rows, r->checkpoints, r->signed_rows, STR_ARG(head));
	else
		printf("the chain is whole: %" PRId64 " rows, %" PRId64 " of them signed, %" PRId64
		       " checkpoints\n  head  " STR_FMT "\n",
			r->rows, r->signed_rows, r->checkpoints, STR_ARG(head));
}

static int verify(struct work *w, const struct invocation *in, const struct audit_check *c)
{
	struct conn_conf db = command_db(in, "patchwork audit");
	struct audit_report report;
	struct conn *conn;
	bool ok;

	if (!conn_open(w, &db, &conn))
		return command_failed(w);
	ok = audit_verify(w, conn, c, &report);
	conn_close(&conn);
	if (!ok)
		return command_failed(w);
	print_report(w, in, &report);
	return EXIT_OK;
}

int command_audit_verify(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	const char *path = command_option(&rest, "checkpoints"), *key = command_option(&rest, "key");
	struct audit_check c = { .origin = audit_origin(w, in->conf->env), .age = UNSEALED_AGE };
	struct saved saved = { 0 };

	if (rest.argc != 0)
		return command_usage("audit verify takes no '%s'", rest.argv[0]);
	if (!public_keys(w, in->conf, key, &c.keys))
		return command_failed(w);
	if (c.keys.n == 0 && path != NULL)
		return command_usage("--checkpoints needs --key (or audit.public_key)");
	if (c.keys.n == 0)
		fprintf(stderr,
			"patchwork: no key is known (--key, audit.public_key): checkpoints are not looked at\n");
	if (path != NULL && !read_saved(w, path, &c, &saved))
		return command_failed(w);
	c.saved = saved.at;
	c.n_saved = saved.n;
	return verify(w, in, &c);
}

/* --- audit checkpoint ---------------------------------------------------------------------------------------------- */

static void draw_seed(uint8_t seed[32])
{
	if (sodium_init() < 0)
		abort();
	randombytes_buf(seed, 32);
}

static bool any_seed(struct secret **out)
{
	uint8_t seed[32];

	draw_seed(seed);
	*out = secret_of(str_of(seed, sizeof(seed)));
	sodium_memzero(seed, sizeof(seed));
	return true;
}

static bool write_seed(struct work *w, int fd, const char *path)
{
	uint8_t seed[32];
	char text[65];
	bool ok;

	draw_seed(seed);
	hex_encode(seed, sizeof(seed), text);
	text[64] = '\n';
	ok = write(fd, text, sizeof(text)) == (ssize_t)sizeof(text) && fsync(fd) == 0;
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(text, sizeof(text));
	return ok || err_set(w, ERR_INVALID, "secret.unreadable", "%s: %s", path, strerror(errno));
}

/* The key, which is made when its file is not there yet; in a dry run it is one that nobody keeps. */
static bool load_seed(struct work *w, const struct invocation *in, struct secret **seed)
{
	const struct conf *conf = in->conf;
	const char *path;
	int fd;
	bool ok;

	if (conf->audit_key_file.p == NULL)
		return err_set(w, ERR_INVALID, "audit.no_key", "audit.key_file is not set");
	path = arena_cstr(w->arena, conf->audit_key_file);
	if (in->dry_run && access(path, F_OK) != 0) {
		fprintf(stderr, "patchwork: a new key would be written to %s\n", path);
		return any_seed(seed);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0) {
		ok = write_seed(w, fd, path);
		close(fd);
		if (!ok)
			return false;
		fprintf(stderr, "patchwork: a new key was written to %s; keep a copy of its public key elsewhere\n",
			path);
	}
	return secret_load_hex32(w, path, seed);
}

static bool seal_all(struct work *w, struct tx *tx)
{
	struct sql_audit_seal_out out;

	do {
		if (!sql_audit_seal(w, tx, &(struct sql_audit_seal_in){ SEAL_MOST, true }, &out))
			return false;
	} while (out.sealed == SEAL_MOST);
	return true;
}

struct signing {
	str origin;
	struct secret *seed;
	struct audit_checkpoint checkpoint;
};

static bool sign(struct work *w, struct tx *tx, void *arg)
{
	struct signing *s = arg;

	return seal_all(w, tx) && audit_sign(w, tx, s->origin, s->seed, &s->checkpoint);
}

static bool export_all(struct work *w, struct tx *tx, void *arg)
{
	const char *folder = arg;
	int64_t done = audit_exported(folder);

	return audit_export(w, tx, folder, &done);
}

static void print_checkpoint(struct work *w, const struct invocation *in, const struct signing *s)
{
	uint8_t pub[32];
	str key, hash;

	ed25519_public((const uint8_t *)secret_bytes(s->seed).p, pub);
	key = hex_str(w->arena, str_of(pub, 32));
	hash = hex_str(w->arena, str_of(s->checkpoint.hash, s->checkpoint.size > 0 ? 32 : 0));
	if (in->json)
		printf("{\"rows\":%" PRId64 ",\"hash\":\"" STR_FMT "\",\"public_key\":\"" STR_FMT "\"}\n",
			s->checkpoint.size, STR_ARG(hash), STR_ARG(key));
	else if (s->checkpoint.size > 0)
		printf("signed: %" PRId64 " rows\n  hash        " STR_FMT "\n  public key  " STR_FMT "\n",
			s->checkpoint.size, STR_ARG(hash), STR_ARG(key));
	else
		printf("nothing is new since the last checkpoint\n  public key  " STR_FMT "\n", STR_ARG(key));
}

int command_audit_checkpoint(struct work *w, const struct invocation *in)
{
	const struct conf *conf = in->conf;
	struct signing s = { .origin = audit_origin(w, conf->env) };
	int status;

	if (in->argc != 0)
		return command_usage("audit checkpoint takes no '%s'", in->argv[0]);
	if (!load_seed(w, in, &s.seed))
		return command_failed(w);
	status = command_visit(w, in, sign, &s);
	if (status == EXIT_OK && !in->dry_run && conf->audit_export_dir.p != NULL)
		status = command_visit(w, in, export_all, arena_cstr(w->arena, conf->audit_export_dir));
	if (status == EXIT_OK)
		print_checkpoint(w, in, &s);
	secret_free(&s.seed);
	return status;
}
