/* One request on its way through dispatch(): what it asks for, what is known about it, what will be answered. */
#pragma once

#include "host.h"

#include "base/json.h"
#include "pipe.h"
#include "window.h"

#define PATH_SEGMENTS 8

struct route;
struct sql_hook_secrets_out;

/* In this order; those that wait put the request to sleep. */
enum step { STEP_MATCH, STEP_ADMIT, STEP_WINDOW, STEP_ROLE, STEP_DECODE, STEP_SUBMIT, STEP_ANSWER };

struct call {
	struct work w;            /* everything below lives in its arena */
	struct http_request *req; /* whose end is the call's */
	const struct route *route;
	enum step step;
	bool waiting; /* for a callback */
	bool asleep;
	usec began;
	char request_id[UUID_TEXT + 1];
	str segments[PATH_SEGMENTS]; /* of the path, as they came */
	int n_segments;
	str allow; /* methods of the path, for 405 */

	uuid person, session; /* of who asks, when signed_in */
	bool signed_in;
	str machine; /* sha256 of a machine's token */
	struct pipe_call admission;
	bool admitting; /* admission has been given to PostgreSQL */
	bool denied;    /* the bearer token is refused; counted first, then answered with refusal */
	uuid subject;   /* what a refusal is about, when has_subject */
	bool has_subject;
	struct err refusal;
	struct sql_hook_secrets_out *hook; /* ACCESS_HOOK: sealed; NULL = there is none */
	str secret;                        /* made for this request, told once in its reply */
	struct window_limit limit;
	struct window_call window;
	struct window_verdict verdict;
	bool counted; /* limit and verdict are set */

	str body;     /* as it came */
	void *in;     /* the statement's input */
	int32_t page; /* rows per page */
	str filters;  /* the query without cursor and limit: a cursor is good for one set of them */
	struct pipe_call pipe;
	bool submitted; /* pipe has been given to PostgreSQL */

	int status;
	const char *media; /* of the reply's body */
	struct buf out;    /* the reply's body */
	str etag;          /* in quotes; { NULL, 0 } = made from the body */
	str cache;         /* Cache-Control; { NULL, 0 } = as the access says */
	str location;      /* where the client goes on; { NULL, 0 } = nowhere */
};

struct call *call_begin(struct http_request *req); /* ends with the request */
