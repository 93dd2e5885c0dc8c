#include "routes.h"

/* In the order of the document. */
static const struct route_table *const tables[] = {
	&routes_account,
	&routes_project,
	&routes_bounty,
	&routes_operator,
	&routes_service,
};

const struct route *route_at(size_t i)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		if (i < tables[t]->n)
			return &tables[t]->routes[i];
		i -= tables[t]->n;
	}
	return NULL;
}

int route_number(const struct route *r)
{
	const struct route *other;

	for (size_t i = 0; (other = route_at(i)) != NULL; i++)
		if (other == r)
			return (int)i;
	return -1;
}

int routes_split(const char *path, str segments[PATH_SEGMENTS])
{
	const char *end;
	int n = 0;

	if (path[0] != '/' || path[1] == '\0')
		return 0;
	do {
		end = strchrnul(++path, '/');
		if (n == PATH_SEGMENTS)
			return -1;
		segments[n++] = str_of(path, (size_t)(end - path));
		path = end;
	} while (*end == '/');
	return n;
}

static bool matches(const char *pattern, const str segments[], int n)
{
	str rest = str_c(pattern + 1), piece;
	int i = 0;

	while (str_next(&rest, '/', &piece)) {
		if (i >= n)
			return false;
		if (piece.n > 0 && piece.p[0] == '{' ? segments[i].n == 0 : !str_eq(piece, segments[i]))
			return false;
		i++;
	}
	return i == n;
}

size_t routes_body_max(const char *path)
{
	str segments[PATH_SEGMENTS];
	int n = routes_split(path, segments);
	size_t most = 0;
	const struct route *r;

	for (size_t i = 0; (r = route_at(i)) != NULL; i++) {
		if (r->body_max > most && matches(r->path, segments, n))
			most = r->body_max;
	}
	return most;
}

static void allow(struct call *c, const struct route *r)
{
	c->allow = arena_printf(c->w.arena, STR_FMT "%s%s%s", STR_ARG(c->allow), c->allow.n > 0 ? ", " : "", r->method,
		strcmp(r->method, "GET") == 0 ? ", HEAD" : "");
}

const struct route *route_find(struct call *c, const char *method)
{
	const struct route *r;

	for (size_t i = 0; (r = route_at(i)) != NULL; i++) {
		if (!matches(r->path, c->segments, c->n_segments))
			continue;
		if (strcmp(r->method, strcmp(method, "HEAD") == 0 ? "GET" : method) == 0)
			return r;
		allow(c, r);
	}
	return NULL;
}
