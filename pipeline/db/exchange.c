#include "exchange.h"

#include <errno.h>
#include <poll.h>

static int poll_ms(usec until)
{
	usec left;

	if (until == 0)
		return -1;
	left = until - clock_monotonic();
	return left <= 0 ? 0 : left > 3600 * USEC_S ? 3600 * 1000 : (int)((left + USEC_MS - 1) / USEC_MS);
}

short exchange_poll(int fd, short events, int fd_wake, usec until)
{
	struct pollfd at[2] = { { .fd = fd, .events = events }, { .fd = fd_wake, .events = POLLIN } };

	for (;;) {
		int n = poll(at, 2, poll_ms(until));

		if (n > 0)
			return at[0].revents;
		if (n < 0 && errno != EINTR)
			return POLLERR;
		if (until != 0 && clock_monotonic() >= until)
			return 0;
	}
}

bool exchange_open(struct conn *c)
{
	if (c->broken || PQstatus(c->pg) != CONNECTION_OK)
		return false;
	/* The first read may bring the server's farewell alone; only the second one meets the end of the stream. */
	for (int i = 0; i < 2 && exchange_poll(PQsocket(c->pg), POLLIN, -1, 1) != 0; i++) {
		if (PQconsumeInput(c->pg) == 0)
			return false;
		(void)PQisBusy(c->pg);
	}
	return PQstatus(c->pg) == CONNECTION_OK;
}

/* Waits for bytes; past the deadline cancels once and waits a little longer. */
static bool await_input(struct conn *c, usec *until, bool *cancelled)
{
	if (exchange_poll(PQsocket(c->pg), POLLIN, -1, *until) != 0)
		return true;
	if (*cancelled)
		return false;
	conn_cancel(c);
	*cancelled = true;
	*until = clock_monotonic() + EXCHANGE_GRACE;
	return true;
}

bool exchange_result(struct work *w, struct conn *c, usec until, PGresult **res)
{
	bool cancelled = false;

	*res = NULL;
	while (PQisBusy(c->pg)) {
		if (!await_input(c, &until, &cancelled)) {
			c->broken = true;
			return err_set(w, ERR_RETRY, "db.busy", "no answer in time, and none to the cancel request");
		}
		if (PQconsumeInput(c->pg) == 0)
			break; /* PQgetResult turns the loss into a result */
	}
	*res = PQgetResult(c->pg);
	return true;
}

bool exchange_failed(const PGresult *res)
{
	ExecStatusType status = PQresultStatus(res);

	return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_PIPELINE_SYNC;
}

bool exchange_simple(struct work *w, struct conn *c, const char *text, usec until, PGresult **res)
{
	PGresult *next;

	*res = NULL;
	if (PQsendQuery(c->pg, text) == 0)
		return err_set(w, ERR_RETRY, "db.unreachable", "the connection is gone");
	for (;;) {
		if (!exchange_result(w, c, until, &next)) {
			PQclear(*res);
			*res = NULL;
			return false;
		}
		if (next == NULL)
			break;
		if (*res != NULL && exchange_failed(*res)) {
			PQclear(next);
			continue;
		}
		PQclear(*res);
		*res = next;
	}
	if (*res == NULL)
		return err_set(w, ERR_RETRY, "db.unreachable", "the connection is gone");
	return true;
}
