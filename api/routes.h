/* The public surface: tables by noun in routes_NOUN.c, joined in routes.c. dispatch() serves it, openapi.json describes it. */
#pragma once

#include "base/field.h"
#include "call.h"
#include "sql.h"

#define PAGE_DEFAULT 50 /* rows, when the request names no limit */
#define PAGE_MAX 200

enum access {
	ACCESS_NONE,
	ACCESS_ANYONE,  /* without Authorization, too; who sends one sees their own, also of private projects */
	ACCESS_SESSION, /* Authorization: Bearer of a signed-in wallet, or of a machine where the route has a scope */
	ACCESS_GITHUB,  /* X-Hub-Signature-256 over the raw body */
	ACCESS_HOOK,    /* the same, with the secret of the hook that {id} names */
};

enum limit_class { LIMIT_NONE, LIMIT_READ, LIMIT_WRITE, LIMIT_LOGIN, LIMIT_PROJECT };

/* Where a member of the statement's input comes from. */
enum from {
	FROM_PATH,    /* {name} */
	FROM_QUERY,   /* ?name= */
	FROM_BODY,    /* a member of the JSON object */
	FROM_KEY,     /* Idempotency-Key */
	FROM_DIGEST,  /* sha256 of the body */
	FROM_SESSION, /* the session's id */
	FROM_PERSON,  /* the person's, once the route's role was looked up */
	FROM_TRACE,   /* traceparent */
	FROM_CURSOR,  /* ?cursor=, checked and opened */
	FROM_LIMIT,   /* ?limit=, plus one row that says whether there is more */
};

struct param {
	enum from from;
	struct field field; /* into the statement's input */
};

enum reply { REPLY_OBJECT, REPLY_PAGE, REPLY_OWN };

struct route {
	const char *method, *path;
	enum access access;
	enum limit_class limit;
	const char *roles;    /* "admin|owner": one is needed, towards the object where there is one; NULL = none */
	const char *object;   /* what {id} names, for roles and step_up: project, bounty, submission, payout */
	const char *scope;    /* that a machine's token needs; NULL = no machine */
	const char *action;   /* that a signature of the last five minutes must name; NULL = none */
	const char *may_want; /* the same, where it hangs on what the statement finds: it looks itself */
	const struct param *params;
	size_t n_params;
	size_t body_max;       /* bytes; 0 = none is taken */
	const struct sql *sql; /* NULL: answered by finish alone */
	enum reply reply;
	int status;                             /* of success, unless the row has a status */
	bool (*bind)(struct call *c, void *in); /* what the table cannot say, before the statement */
	/* REPLY_OBJECT: changes the row, or writes these members in its place; REPLY_OWN: writes the reply. May be NULL. */
	bool (*finish)(struct call *c, void *row);
	const char *const *members; /* ends with NULL; NULL = the row's */
	bool lenient;               /* query parameters that params does not name are passed over */
	bool always;                /* finish also runs when PostgreSQL does not answer: no row, c->w.err says why */
	const char *wakes;          /* queue that the statement may have fed */
	const char *media;          /* REPLY_OWN: of the reply */
	const char *doc;
	const char *tag; /* heading in openapi.json */
};

struct route_table {
	const struct route *routes;
	size_t n;
};
extern const struct route_table routes_account, routes_project, routes_bounty, routes_operator, routes_service;

const struct route *route_at(size_t i);  /* of all; NULL behind the last */
int route_number(const struct route *r); /* the i of it; -1 of NULL */

/* The method's route for the path in c->segments, or NULL with c->allow = the methods that the path has. */
const struct route *route_find(struct call *c, const char *method);

/* What stands between the slashes of a path, as it came; "/" has nothing. Returns how many, -1 when there are too many. */
int routes_split(const char *path, str segments[PATH_SEGMENTS]);

/* The longest body that a route of this path takes; bytes. */
size_t routes_body_max(const char *path);
