#include "db/sqlstate.h"

static bool starts(const char *state, const char *class)
{
	return strncmp(state, class, strlen(class)) == 0;
}

/* "bounty.exists": lower-case words with dots between them, at least one; n bytes of it */
static bool is_code(const char *p, size_t n)
{
	bool dot = false;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '.')
			dot = i > 0 && i + 1 < n && p[i - 1] != '.';
		else if (!(p[i] >= 'a' && p[i] <= 'z') && !(p[i] >= '0' && p[i] <= '9') && p[i] != '_')
			return false;
		if (p[i] == '.' && !dot)
			return false;
	}
	return dot;
}

static bool line_err(struct work *w, enum err_kind kind, const char *code, const char *state, const char *message)
{
	int n = message == NULL ? 0 : (int)strcspn(message, "\r\n");

	if (state[0] == '\0')
		return err_set(w, kind, code, "%.*s", n, message == NULL ? "" : message);
	return err_set(w, kind, code, "%s %.*s", state, n, message == NULL ? "" : message);
}

/* A rule of the schema that carries a code of ours: by constraint name, or raised as PW001 "code" or "code: text". */
static bool is_ours(struct work *w, const PGresult *res, const char *state, const char *message)
{
	const char *name = PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME);
	size_t n;

	if (starts(state, "23") && name != NULL && is_code(name, strlen(name))) {
		line_err(w, ERR_INVALID, arena_cstr(w->arena, str_c(name)), "", message);
		return true;
	}
	if (strcmp(state, "PW001") != 0 || message == NULL)
		return false;
	n = strcspn(message, ": \r\n");
	if (!is_code(message, n))
		return false;
	name = message + n + (message[n] == ':') + (message[n] == ':' && message[n + 1] == ' ');
	line_err(w, ERR_INVALID, arena_cstr(w->arena, str_of(message, n)), "", name);
	return true;
}

bool sqlstate_err(struct work *w, const PGresult *res, const PGconn *pg)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	if (state == NULL) {
		if (PQstatus(pg) != CONNECTION_OK)
			return line_err(w, ERR_RETRY, "db.unreachable", "", PQerrorMessage(pg));
		message = res == NULL ? PQerrorMessage(pg) : PQresultErrorMessage(res);
		if (res == NULL || strstr(message, "out of memory") != NULL) /* libpq's own */
			return line_err(w, ERR_RETRY, "db.busy", "", message);
		return line_err(w, ERR_BUG, "db.statement", "", message);
	}
	if (is_ours(w, res, state, message))
		return false;
	/* 23505: two inserted one row and met at an index that their ON CONFLICT does not name; once more, the row is there */
	if (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0 || strcmp(state, "55P03") == 0 ||
		strcmp(state, "23505") == 0)
		return line_err(w, ERR_RETRY, "db.conflict", state, message);
	if (strcmp(state, "25006") == 0)
		return line_err(w, ERR_RETRY, "db.read_only", state, message);
	/* 58: the system under the server, such as an I/O error */
	if (starts(state, "53") || starts(state, "58") || strcmp(state, "57014") == 0)
		return line_err(w, ERR_RETRY, "db.busy", state, message);
	/* 25P03 and 57P05: the server ended an idle session */
	if (starts(state, "08") || starts(state, "57P") || strcmp(state, "25P03") == 0)
		return line_err(w, ERR_RETRY, "db.unreachable", state, message);
	return line_err(w, ERR_BUG, "db.statement", state, message);
}

bool sqlstate_stale(const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *where = PQresultErrorField(res, PG_DIAG_SOURCE_FUNCTION);

	if (state == NULL)
		return false;
	return strcmp(state, "26000") == 0 ||
		(strcmp(state, "0A000") == 0 && where != NULL && strcmp(where, "RevalidateCachedQuery") == 0);
}
