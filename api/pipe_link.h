/* One connection of the pipe, and what pipe.c and pipe_link.c tell each other. Nobody else includes this. */
#pragma once

#include "host.h"

#include "pipe.h"

enum op_state { OP_PENDING, OP_LATER, OP_SENT, OP_REFUSED };

/* A statement under way. The pipe's own memory: its call may be detached meanwhile. */
struct pipe_op {
	TAILQ_ENTRY(pipe_op) list;
	struct pipe_call *call; /* NULL: detached */
	const struct sql *sql;
	enum op_state state;
	bool reads, refreshed; /* refreshed: sent again because its prepared statement was out of date */
	int losses;            /* connections that broke under it */
	bool preparing;        /* the answer to its PREPARE comes first */
	usec since, sent;
	PGresult *res;
	struct err err;
};
TAILQ_HEAD(op_list, pipe_op);

enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_READY };

#define LINK_DEPTH 16      /* statements on the wire per connection; the rest waits for whichever is free first */
#define LINK_PREPARED 1024 /* places for prepared statements, a power of two well above their number */

struct link {
	struct kore_event evt; /* first: Kore's loop hands it back */
	PGconn *pg;
	int fd, mask; /* epoll events asked for; 0 = none yet */
	enum link_state state;
	usec since; /* of the state */
	usec heard; /* last answer */
	int in_flight;
	bool stale; /* what it has prepared no longer fits the schema: closed when its answers are in */
	struct op_list ops;
	struct prepared {
		const struct sql *sql;
		bool done; /* false: has to be prepared (again) */
	} prepared[LINK_PREPARED];
};

void link_open(struct link *l);
bool link_send(struct link *l, struct pipe_op *op); /* false: nothing complete was sent, the connection is of no use */
void link_fail(struct link *l, const char *why);    /* closes it and answers what was on it */

/* Of pipe.c, called by pipe_link.c. */
void pipe_feed(void);                /* a place has become free */
void pipe_done(struct pipe_op *op);  /* answered */
void pipe_again(struct pipe_op *op); /* nothing happened: back to the head of the queue */
void pipe_lost(struct pipe_op *op);  /* its connection broke */
