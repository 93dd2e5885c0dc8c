#include "request.h"

#include "base/trace.h"
#include "cursor.h"
#include "problem.h"
#include "random.h"
#include "routes.h"

#include "crypto/digest.h"

#define QUERY_MAX 16

struct pair {
	str name, value;
};
struct query {
	struct pair at[QUERY_MAX];
	int n;
};

bool request_header(struct call *c, const char *name, str *value)
{
	struct http_header *h;

	*value = (str){ NULL, 0 };
	TAILQ_FOREACH(h, &c->req->req_headers, list) {
		if (strcasecmp(h->header, name) != 0)
			continue;
		if (value->p != NULL)
			return err_set(&c->w, ERR_INVALID, "api.duplicate_header", "%s is there twice", name);
		*value = str_c(h->value);
	}
	return true;
}

/* The caller's trace goes on, otherwise one begins here. */
static bool take_trace(struct call *c)
{
	uint8_t fresh[TRACE_RANDOM];
	str v;

	if (!request_header(c, "traceparent", &v))
		return false;
	random_bytes(fresh, sizeof(fresh));
	trace_span(v, fresh, c->w.trace);
	return true;
}

bool request_begin(struct call *c)
{
	if (c->req->path[0] != '/' && c->req->method != HTTP_METHOD_OPTIONS) /* which may ask about "*" */
		return problem_set(c, "api.not_found");
	c->n_segments = routes_split(c->req->path, c->segments);
	if (c->n_segments < 0)
		return problem_set(c, "api.not_found");
	return take_trace(c);
}

const char *request_not_found(struct call *c)
{
	const char *name = c->route->sql == NULL ? "api" : c->route->sql->name;

	return arena_printf(c->w.arena, "%.*s.not_found%c", (int)strcspn(name, "."), name, '\0').p;
}

/* The value of {name} in the route's pattern. */
static str path_value(struct call *c, const char *name)
{
	str rest = str_c(c->route->path + 1), piece;

	for (int i = 0; str_next(&rest, '/', &piece); i++) {
		if (piece.n == strlen(name) + 2 && piece.p[0] == '{' && memcmp(piece.p + 1, name, strlen(name)) == 0)
			return c->segments[i];
	}
	return (str){ NULL, 0 };
}

bool request_id(struct call *c, uuid *out)
{
	str v = path_value(c, "id");

	return uuid_parse(v, out) ||
		err_set(&c->w, ERR_INVALID, request_not_found(c), "the path names nothing that can exist");
}

static bool decode_path(struct call *c, const struct param *p)
{
	str v = path_value(c, p->field.name);
	char why[FIELD_WHY];

	if (v.p == NULL || memchr(v.p, '%', v.n) != NULL ||
		field_read(c->w.arena, &p->field, v, c->in, why) != FIELD_FITS)
		return err_set(&c->w, ERR_INVALID, request_not_found(c), "the path names nothing that can exist");
	field_mark(&p->field, true, c->in);
	return true;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'    ? c - '0'
		: c >= 'a' && c <= 'f' ? c - 'a' + 10
		: c >= 'A' && c <= 'F' ? c - 'A' + 10
				       : -1;
}

/* application/x-www-form-urlencoded */
static bool percent_decode(struct call *c, str s, str *out)
{
	char *p = arena_alloc(c->w.arena, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		int high, low;

		if (s.p[i] != '%') {
			p[n++] = (char)(s.p[i] == '+' ? ' ' : s.p[i]);
			continue;
		}
		if (i + 2 >= s.n || (high = hex_digit(s.p[i + 1])) < 0 || (low = hex_digit(s.p[i + 2])) < 0)
			return problem_set(c, "query.malformed");
		p[n++] = (char)(high * 16 + low);
		i += 2;
	}
	*out = str_of(p, n);
	return str_utf8(*out) || problem_set(c, "query.malformed");
}

static bool parse_query(struct call *c, struct query *q)
{
	str rest = str_c(c->req->query_string), piece, name;
	size_t at;

	while (str_next(&rest, '&', &piece)) {
		if (piece.n == 0)
			continue;
		if (q->n == QUERY_MAX)
			return problem_set(c, "query.unknown");
		if (!str_find(piece, STR("="), &at))
			return problem_set(c, "query.malformed");
		if (!percent_decode(c, str_of(piece.p, at), &name) ||
			!percent_decode(c, str_skip(piece, at + 1), &q->at[q->n].value))
			return false;
		for (int i = 0; i < q->n; i++) {
			if (str_eq(q->at[i].name, name))
				return problem_set(c, "query.duplicate");
		}
		q->at[q->n++].name = name;
	}
	return true;
}

static bool take(struct query *q, const char *name, str *value)
{
	for (int i = 0; i < q->n; i++) {
		if (!str_eq(q->at[i].name, str_c(name)))
			continue;
		*value = q->at[i].value;
		q->at[i] = q->at[--q->n];
		return true;
	}
	return false;
}

static bool bad_value(struct call *c, const char *name, const char *why)
{
	return err_set(&c->w, ERR_INVALID, "query.value", "%s %s", name, why);
}

static bool decode_filter(struct call *c, const struct param *p, struct query *q)
{
	char why[FIELD_WHY];
	str v = { NULL, 0 };

	if (!take(q, p->field.name, &v))
		return p->field.optional || bad_value(c, p->field.name, "is missing");
	if (field_read(c->w.arena, &p->field, v, c->in, why) != FIELD_FITS)
		return bad_value(c, p->field.name, why);
	field_mark(&p->field, true, c->in);
	c->filters = arena_printf(c->w.arena, STR_FMT "&%s=" STR_FMT, STR_ARG(c->filters), p->field.name, STR_ARG(v));
	return true;
}

static bool decode_limit(struct call *c, const struct param *p, struct query *q)
{
	int64_t n = PAGE_DEFAULT;
	str v = { NULL, 0 };

	if (take(q, "limit", &v) && (!str_i64(v, &n) || n < 1 || n > PAGE_MAX))
		return err_set(&c->w, ERR_INVALID, "query.value", "limit must be an integer from 1 to %d", PAGE_MAX);
	c->page = (int32_t)n;
	*(int32_t *)((char *)c->in + p->field.offset) = c->page + 1;
	return true;
}

/* After the filters, which it is bound to. */
static bool decode_cursor(struct call *c, const struct param *p, struct query *q)
{
	str v = { NULL, 0 };

	return !take(q, "cursor", &v) || cursor_open(c, v, (str *)((char *)c->in + p->field.offset));
}

static bool decode_query(struct call *c)
{
	struct query q = { .n = 0 };

	if (!parse_query(c, &q))
		return false;
	for (size_t i = 0; i < c->route->n_params; i++) {
		const struct param *p = &c->route->params[i];

		if ((p->from == FROM_QUERY && !decode_filter(c, p, &q)) ||
			(p->from == FROM_LIMIT && !decode_limit(c, p, &q)))
			return false;
	}
	for (size_t i = 0; i < c->route->n_params; i++) {
		if (c->route->params[i].from == FROM_CURSOR && !decode_cursor(c, &c->route->params[i], &q))
			return false;
	}
	return q.n == 0 || c->route->lenient ||
		err_set(&c->w, ERR_INVALID, "query.unknown", "this route does not know " STR_FMT,
			(int)(q.at[0].name.n < 64 ? q.at[0].name.n : 64), q.at[0].name.p);
}

static bool decode_key(struct call *c, str *out)
{
	if (!request_header(c, "idempotency-key", out))
		return false;
	if (out->p == NULL)
		return problem_set(c, "idempotency.missing");
	for (size_t i = 0; i < out->n; i++) {
		if (out->p[i] <= ' ' || out->p[i] > '~')
			return problem_set(c, "idempotency.invalid");
	}
	return (out->n >= 1 && out->n <= 255) || problem_set(c, "idempotency.invalid");
}

static str digest(struct call *c)
{
	uint8_t *d = arena_alloc(c->w.arena, 32);

	sha256(c->body, d);
	return str_of(d, 32);
}

static bool decode_param(struct call *c, const struct param *p)
{
	void *to = (char *)c->in + p->field.offset;

	switch (p->from) {
	case FROM_PATH: return decode_path(c, p);
	case FROM_KEY: return decode_key(c, to);
	case FROM_DIGEST: *(str *)to = digest(c); return true;
	case FROM_SESSION:
		*(uuid *)to = c->session;
		field_mark(&p->field, c->signed_in, c->in);
		return true;
	case FROM_PERSON: *(uuid *)to = c->person; return true;
	case FROM_TRACE: *(str *)to = str_c(c->w.trace); return true;
	default: return true;
	}
}

static bool decode_body(struct call *c)
{
	struct field *fields = arena_array(c->w.arena, c->route->n_params, sizeof(*fields));
	const cJSON *object;
	size_t n = 0;

	for (size_t i = 0; i < c->route->n_params; i++) {
		if (c->route->params[i].from == FROM_BODY)
			fields[n++] = c->route->params[i].field;
	}
	if (n == 0)
		return true;
	return json_parse(&c->w, c->body, &object) &&
		json_read(&c->w, object, (struct fields){ fields, n, c->route->sql->size_in }, JSON_STRICT, c->in);
}

static bool is_json(str media)
{
	size_t end;

	if (str_find(media, STR(";"), &end))
		media.n = end;
	return str_eq_nocase(str_trim(media), STR("application/json"));
}

static bool check_body(struct call *c)
{
	str media;

	c->body = str_of(c->req->http_body == NULL ? NULL : c->req->http_body->data, c->req->http_body_length);
	if (c->body.n > c->route->body_max)
		return err_set(&c->w, ERR_INVALID, "api.body_too_large", "at most %zu bytes", c->route->body_max);
	if (c->route->body_max == 0)
		return true;
	if (!request_header(c, "content-type", &media))
		return false;
	return is_json(media) || problem_set(c, "api.media_type");
}

bool request_decode(struct call *c)
{
	size_t size = c->route->sql == NULL ? 0 : c->route->sql->size_in;

	c->in = arena_zero(c->w.arena, size > 0 ? size : 1);
	if (!check_body(c))
		return false;
	for (size_t i = 0; i < c->route->n_params; i++) {
		if (!decode_param(c, &c->route->params[i]))
			return false;
	}
	return decode_query(c) && decode_body(c);
}
