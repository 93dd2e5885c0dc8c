/* The program `patchwork`: stages, relay, and what operators run. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "command.h"

static const struct command commands[] = {
	{ "migrate", "[--dry-run]", "bring the database to this program's schema", command_migrate },
	{ "work", "STAGE...", "run stages until SIGTERM: sync verify prove pay score", command_work },
	{ "relay", "[rewind]", "publish committed events to NATS until SIGTERM; rewind starts again at the first",
		command_relay },
	{ "chain", "add",
		"make the configured chain, its escrow and a token known: --token ADDRESS --symbol S --decimals N",
		command_chain },
	{ "account", "link", "bind a wallet's person to a GitHub account: --address 0x... --github-id N --login NAME",
		command_account },
	{ "proof", "verify FILE", "check a saved proof, offline: [--key HEX] [--cid CID]", command_proof },
	{ "bench", "queue", "measure the queue: --jobs N", command_bench },
	{ "config", "show", "what is in force, with secrets masked", command_config },
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(FILE *to)
{
	fprintf(to, "usage: patchwork [--config FILE] [--json] [--dry-run] COMMAND ...\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(to, "  %-8s %-12s %s\n", commands[i].name, commands[i].args, commands[i].doc);
	fprintf(to,
		"\nThe file is $PATCHWORK_CONF, or /etc/patchwork/patchwork.conf where it exists; the environment wins\n"
		"(db.url = PATCHWORK_DB_URL). Exit: 0 done, 1 refused or failed, 2 usage, 3 try again later.\n");
}

int command_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("patchwork: ", stderr);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("; see patchwork help\n", stderr);
	return EXIT_USAGE;
}

int command_failed(const struct work *w)
{
	fprintf(stderr, "patchwork: %s: %s\n", w->err.code, w->err.text);
	return w->err.kind == ERR_RETRY ? EXIT_RETRY : EXIT_FAILED;
}

static void take_out(struct invocation *in, int at, int n)
{
	for (int i = at; i + n < in->argc; i++)
		in->argv[i] = in->argv[i + n];
	in->argc -= n;
}

const char *command_option(struct invocation *in, const char *name)
{
	size_t n = strlen(name);

	for (int i = 0; i < in->argc; i++) {
		char *arg = in->argv[i];

		if (strncmp(arg, "--", 2) != 0 || strncmp(arg + 2, name, n) != 0)
			continue;
		if (arg[2 + n] == '=') {
			take_out(in, i, 1);
			return arg + 2 + n + 1;
		}
		if (arg[2 + n] == '\0' && i + 1 < in->argc) {
			const char *value = in->argv[i + 1];

			take_out(in, i, 2);
			return value;
		}
	}
	return NULL;
}

static volatile sig_atomic_t stopped;

static void on_stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

volatile sig_atomic_t *command_until_stopped(void)
{
	struct sigaction act = { .sa_handler = on_stop };

	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
	return &stopped;
}

static bool take_flag(struct invocation *in, const char *flag)
{
	for (int i = 0; i < in->argc; i++) {
		if (strcmp(in->argv[i], flag) == 0) {
			take_out(in, i, 1);
			return true;
		}
	}
	return false;
}

struct conn_conf command_db(const struct invocation *in, const char *application)
{
	return (struct conn_conf){
		.url = in->conf->db_url,
		.password = in->conf->db_password,
		.application = application,
		.connect_timeout = 5 * USEC_S,
		.statement_timeout = in->conf->db_statement_timeout,
	};
}

static void set_level(str name)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };

	for (int i = 0; i < 4; i++)
		if (str_eq(name, str_c(names[i])))
			log_level((enum log_level)i);
}

static int run(struct work *w, struct invocation *in, const char *file)
{
	struct conf *conf = ARENA_NEW(w->arena, struct conf);
	const char *name = in->argv[0];

	if (file == NULL)
		file = getenv("PATCHWORK_CONF");
	if (file == NULL && access("/etc/patchwork/patchwork.conf", R_OK) == 0)
		file = "/etc/patchwork/patchwork.conf";
	if (!conf_load(w, file, conf_fields, conf))
		return command_failed(w);
	set_level(conf->log_level);
	in->conf = conf;
	take_out(in, 0, 1);
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(w, in);
	return command_usage("no command '%s'", name);
}

int main(int argc, char **argv)
{
	struct invocation in = { .argc = argc - 1, .argv = argv + 1 };
	const char *file = command_option(&in, "config");
	struct work w;
	int status;

	if (take_flag(&in, "--help") || take_flag(&in, "-h") || (in.argc > 0 && strcmp(in.argv[0], "help") == 0)) {
		help(stdout);
		return EXIT_OK;
	}
	in.json = take_flag(&in, "--json");
	in.dry_run = take_flag(&in, "--dry-run");
	if (in.argc == 0) {
		help(stderr);
		return EXIT_USAGE;
	}
	work_init(&w);
	status = run(&w, &in, file);
	work_end(&w);
	return status;
}
