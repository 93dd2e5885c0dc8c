/* relay: the outbox to NATS; rewind: once more from the first event. */
#include <stdio.h>

#include "command.h"
#include "net/scrape.h"
#include "relay/relay.h"

#define DUPLICATE_WINDOW (120 * USEC_S) /* the broker forgets ids after this; consumers deduplicate by them anyway */

static bool rewind_all(struct work *w, struct tx *tx, void *arg)
{
	const struct command_by *by = arg;

	return relay_rewind(w, tx, by->actor, by->reason);
}

int command_relay_rewind(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct command_by by;
	int status;

	command_who(w, &rest, &by);
	if (rest.argc != 0)
		return command_usage("relay rewind");
	status = command_visit(w, in, rewind_all, &by);
	if (status != EXIT_OK)
		return status;
	if (in->json)
		printf("{\"from\":1,\"dry_run\":%s}\n", in->dry_run ? "true" : "false");
	else
		printf("the relay %s again with the first event of the outbox\n",
			in->dry_run ? "would start" : "starts");
	return EXIT_OK;
}

int command_relay(struct work *w, const struct invocation *in)
{
	const struct conf *conf = in->conf;
	struct relay_conf c = {
		.db = command_db(in, "patchwork relay"),
		.bus = {
			.url = conf->nats_url,
			.user = conf->nats_user,
			.password = conf->nats_password,
			.stream = conf->nats_stream,
			.duplicate_window = DUPLICATE_WINDOW,
		},
		.env = conf->env,
		.batch = conf->relay_batch,
		.poll = conf->relay_poll,
	};
	struct scrape *scrape = NULL;
	bool ok;

	if (in->argc != 0)
		return command_usage("relay, or relay rewind");
	ok = (in->conf->relay_metrics.n == 0 || scrape_open(w, in->conf->relay_metrics, &scrape)) &&
		relay_run(w, &c, command_until_stopped());
	scrape_close(&scrape);
	return ok ? EXIT_OK : command_failed(w);
}
