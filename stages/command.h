/* One command of the program `patchwork`. Data goes to stdout, notes to stderr.
 * Exit: 0 done, 1 refused or failed (the code and what to do are on stderr), 2 wrong usage, 3 the outside is not there now. */
#pragma once

#include <signal.h>
#include <stdio.h>

#include "base/work.h"
#include "conf.h"
#include "db/tx.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_RETRY = 3 };

struct invocation {
	const struct conf *conf;
	int argc; /* what follows the command's words, options of all commands taken out */
	char **argv;
	bool json, dry_run;
};

struct command {
	const char *name; /* its words: "work", "chain add" */
	const char *args; /* operands and options, as help shows them; an option that is not named here is refused */
	const char *doc;
	int (*run)(struct work *w, const struct invocation *in);
};
extern const struct command commands[]; /* the whole program on one page; name NULL at the end */

/* help.c: what all commands take, and the rows whose names begin with the words given (n = 0: all). */
bool help_print(FILE *to, int n, char *const words[]);   /* false: there is no such command */
bool help_knows(const char *word);                       /* does a row begin with it? */
bool help_has_option(const struct command *c, str name); /* is "--name" in c->args? */

int command_failed(const struct work *w); /* prints w->err; its exit status */
int command_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Takes "--name VALUE" or "--name=VALUE" out of the invocation; NULL when it is not there. */
const char *command_option(struct invocation *in, const char *name);
/* Set by SIGTERM and SIGINT from now on. */
volatile sig_atomic_t *command_until_stopped(void);
struct conn_conf command_db(const struct invocation *in, const char *application);
/* A connection and one transaction for a visit, which is committed (--dry-run: rolled back); its exit status. */
typedef bool command_visit_fn(struct work *w, struct tx *tx, void *arg);
int command_visit(struct work *w, const struct invocation *in, command_visit_fn *visit, void *arg);
/* Who does it and why, for what is written down: --actor KIND:NAME, or "cli:" and --actor NAME, $SUDO_USER or $USER; --reason TEXT, which must
 * be there unless it is a dry run. False: the usage is on stderr. */
struct command_by {
	str actor, reason;
};
void command_who(
	struct work *w, struct invocation *in, struct command_by *out); /* the same, with a reason or without */
MUST bool command_by(struct work *w, struct invocation *in, struct command_by *out);

/* The outside of the stages that are the invocation's words; closed as far as it was opened. */
struct outside;
MUST bool command_open_outside(struct work *w, const struct invocation *stages, struct outside *outside);
void command_close_outside(struct outside *outside);

int command_migrate(struct work *w, const struct invocation *in);
int command_config(struct work *w, const struct invocation *in);
int command_work(struct work *w, const struct invocation *in);
int command_relay(struct work *w, const struct invocation *in);
int command_relay_rewind(struct work *w, const struct invocation *in);
int command_stages(struct work *w, const struct invocation *in);
int command_pause(struct work *w, const struct invocation *in);
int command_resume(struct work *w, const struct invocation *in);
int command_limit_set(struct work *w, const struct invocation *in);
int command_limit_drop(struct work *w, const struct invocation *in);
int command_limit_list(struct work *w, const struct invocation *in);
int command_chain(struct work *w, const struct invocation *in);
int command_account(struct work *w, const struct invocation *in);
int command_keys_list(struct work *w, const struct invocation *in);
int command_keys_rewrap(struct work *w, const struct invocation *in);
int command_role_grant(struct work *w, const struct invocation *in);
int command_role_revoke(struct work *w, const struct invocation *in);
int command_role_list(struct work *w, const struct invocation *in);
int command_audit_list(struct work *w, const struct invocation *in);
int command_audit_verify(struct work *w, const struct invocation *in);
int command_audit_checkpoint(struct work *w, const struct invocation *in);
int command_evidence_show(struct work *w, const struct invocation *in);
int command_project_branches(struct work *w, const struct invocation *in);
int command_verify_resolve(struct work *w, const struct invocation *in);
int command_verify_replay(struct work *w, const struct invocation *in);
int command_proof(struct work *w, const struct invocation *in);
int command_hooks_missed(struct work *w, const struct invocation *in);
int command_cron_list(struct work *w, const struct invocation *in);
int command_cron_next(struct work *w, const struct invocation *in);
int command_cron_add(struct work *w, const struct invocation *in);
int command_cron_remove(struct work *w, const struct invocation *in);
int command_cron_enable(struct work *w, const struct invocation *in);
int command_cron_disable(struct work *w, const struct invocation *in);
int command_bench(struct work *w, const struct invocation *in);
int command_manual(struct work *w, const struct invocation *in);
int command_completion(struct work *w, const struct invocation *in);
int command_doctor(struct work *w, const struct invocation *in);
int command_explain(struct work *w, const struct invocation *in);
int command_lineage(struct work *w, const struct invocation *in);
int command_history_list(struct work *w, const struct invocation *in);
int command_history_partitions(struct work *w, const struct invocation *in);
int command_history_export(struct work *w, const struct invocation *in);
int command_history_detach(struct work *w, const struct invocation *in);
int command_history_drop(struct work *w, const struct invocation *in);
int command_jobs_list(struct work *w, const struct invocation *in);
int command_jobs_show(struct work *w, const struct invocation *in);
int command_jobs_cancel(struct work *w, const struct invocation *in);
int command_jobs_retry(struct work *w, const struct invocation *in);
int command_jobs_replay(struct work *w, const struct invocation *in);
int command_replay_status(struct work *w, const struct invocation *in);
int command_checksum(struct work *w, const struct invocation *in);
int command_replay_stop(struct work *w, const struct invocation *in);
