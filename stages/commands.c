#include "command.h"

const struct command commands[] = {
	{ "migrate", "", "bring the database to this program's schema", command_migrate },
	{ "work", "STAGE...", "run stages until SIGTERM: sync verify prove pay score", command_work },
	{ "relay", "", "publish committed events to NATS until SIGTERM", command_relay },
	{ "relay rewind", "", "publish again, from the first event on", command_relay_rewind },
	{ "chain add", "--token ADDRESS --symbol S --decimals N",
		"make the configured chain, its escrow and a token known", command_chain },
	{ "account link", "--address 0x... --github-id N --login NAME", "bind a wallet's person to a GitHub account",
		command_account },
	{ "proof verify", "FILE [--key HEX] [--cid CID]", "check a saved proof, offline", command_proof },
	{ "cron list", "", "periodic jobs, and when each is next", command_cron_list },
	{ "cron next", "NAME [--count N]", "the ticks to come", command_cron_next },
	{ "cron add",
		"NAME --cron EXPRESSION --queue QUEUE --kind KIND [--zone ZONE] [--args JSON] [--priority N]"
		" [--catch-up skip|one|all] [--most N] --reason TEXT [--actor NAME]",
		"make or replace a periodic job; --most bounds what --catch-up all makes up for", command_cron_add },
	{ "cron remove", "NAME --reason TEXT [--actor NAME]", "end a periodic job; its runs stay",
		command_cron_remove },
	{ "cron enable", "NAME --reason TEXT [--actor NAME]", "on, from its next tick on", command_cron_enable },
	{ "cron disable", "NAME --reason TEXT [--actor NAME]", "off: its ticks are none meanwhile",
		command_cron_disable },
	{ "bench queue", "[--jobs N]", "measure the queue, in a database of its own", command_bench },
	{ "config show", "", "what is in force, with secrets masked", command_config },
	{ NULL, NULL, NULL, NULL },
};
