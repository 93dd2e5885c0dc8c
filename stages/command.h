/* One command of the program `patchwork`. Data goes to stdout, notes to stderr.
 * Exit: 0 done, 1 refused or failed (the code and what to do are on stderr), 2 wrong usage, 3 the outside is not there now. */
#pragma once

#include <signal.h>

#include "base/work.h"
#include "conf.h"
#include "db/conn.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_RETRY = 3 };

struct invocation {
	const struct conf *conf;
	int argc; /* what follows the command's name, options of all commands taken out */
	char **argv;
	bool json, dry_run;
};

struct command {
	const char *name, *args, *doc;
	int (*run)(struct work *w, const struct invocation *in);
};

int command_failed(const struct work *w); /* prints w->err; its exit status */
int command_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Takes "--name VALUE" or "--name=VALUE" out of the invocation; NULL when it is not there. */
const char *command_option(struct invocation *in, const char *name);
/* Set by SIGTERM and SIGINT from now on. */
volatile sig_atomic_t *command_until_stopped(void);
struct conn_conf command_db(const struct invocation *in, const char *application);

int command_migrate(struct work *w, const struct invocation *in);
int command_config(struct work *w, const struct invocation *in);
int command_work(struct work *w, const struct invocation *in);
int command_relay(struct work *w, const struct invocation *in);
int command_chain(struct work *w, const struct invocation *in);
int command_account(struct work *w, const struct invocation *in);
int command_proof(struct work *w, const struct invocation *in);
int command_bench(struct work *w, const struct invocation *in);
