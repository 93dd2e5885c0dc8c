/* work: the stages named, over the outside they need. */

#include <stdio.h>

#include "base/log.h"
#include "command.h"
#include "crypto/secret.h"
#include "model/account.h"
#include "net/scrape.h"
#include "ops/audit.h"
#include "ops/keep.h"
#include "outside/chain.h"
#include "outside/github.h"
#include "outside/ipfs.h"
#include "outside/signer.h"
#include "queue/stage.h"
#include "sql.h"
#include "stages.h"

#define MAX_STAGES 64
#define GITHUB_BODY_MAX (8 << 20)

static bool named(const struct invocation *in, const char *stage)
{
	for (int i = 0; i < in->argc; i++)
		if (strcmp(in->argv[i], stage) == 0)
			return true;
	return false;
}

static bool open_chain(struct work *w, const struct conf *conf, struct outside *outside)
{
	struct chain_conf c = {
		.url = conf->evm_url,
		.confirm_url = conf->evm_confirm_url,
		.chain_id = conf->evm_chain_id,
		.confirmations = conf->evm_confirmations,
		.max_fee_cap = conf->evm_max_fee,
	};

	if (!address_parse(conf->evm_escrow, c.escrow))
		return err_set(w, ERR_INVALID, "conf.value", "evm.escrow must be the escrow's address");
	return chain_new(w, &c, &outside->chain);
}

/* Each stage gets what it needs and no more: the keys are read by pay and prove alone. */
bool command_open_outside(struct work *w, const struct invocation *in, struct outside *outside)
{
	const struct conf *conf = in->conf;
	struct github_conf github = {
		.rest_url = conf->github_rest_url,
		.graphql_url = conf->github_graphql_url,
		.token_file = conf->github_token_file.p == NULL ? NULL : arena_cstr(w->arena, conf->github_token_file),
		.max_body = GITHUB_BODY_MAX,
		.app_id = conf->github_app_id,
		.app_key_file = conf->github_app_key_file,
		.oauth_token_url = conf->github_oauth_token_url,
		.oauth_client_id = conf->github_oauth_client_id,
		.oauth_secret_file = conf->github_oauth_secret_file.p == NULL
			? NULL
			: arena_cstr(w->arena, conf->github_oauth_secret_file),
	};

	if ((named(in, "sync") || named(in, "verify")) && !github_new(w, &github, &outside->github))
		return false;
	if ((named(in, "verify") || named(in, "pay")) && !open_chain(w, conf, outside))
		return false;
	return !named(in, "prove") || ipfs_new(w, &(struct ipfs_conf){ .api_url = conf->ipfs_api_url }, &outside->ipfs);
}

struct keys {
	struct signer *pay;
	struct secret *proof, *audit;
	struct seal *seal;
};

static bool load_keys(struct work *w, const struct invocation *in, struct keys *keys)
{
	const struct conf *conf = in->conf;

	if (named(in, "pay")) {
		if (!signer_load(w, arena_cstr(w->arena, conf->pay_key_file), &keys->pay))
			return false;
		pay_use_signer(keys->pay);
	}
	if (named(in, "prove")) {
		if (!secret_load_hex32(w, arena_cstr(w->arena, conf->proof_key_file), &keys->proof))
			return false;
		prove_use_key(keys->proof);
	}
	if (named(in, "sync") && conf->seal_key_file.n > 0) {
		if (!seal_load(w, conf->seal_key_file, conf->seal_key_file_other, &keys->seal))
			return false;
		sync_use_seal(keys->seal);
		sync_use_hooks(keys->seal, conf->github_hook_url);
	}
	return conf->audit_key_file.p == NULL ||
		secret_load_hex32(w, arena_cstr(w->arena, conf->audit_key_file), &keys->audit);
}

/* Those that are not the queue's nor the outside's. */
static void count_more(const struct invocation *in)
{
	if (named(in, "sync"))
		sync_count();
}

/* What an installation wants done again and again, unless its operators have decided otherwise. */
static bool put_schedules(struct work *w, struct tx *tx, void *arg)
{
	struct sql_cron_defaults_out out;

	(void)arg;
	return sql_cron_defaults(w, tx, &out);
}

static bool pick(const struct invocation *in, const struct stage *picked[])
{
	size_t n = 0;

	for (size_t i = 0; all_stages[i] != NULL; i++)
		if (named(in, all_stages[i]->name) && n + 1 < MAX_STAGES)
			picked[n++] = all_stages[i];
	picked[n] = NULL;
	return n > 0;
}

static bool known(const char *name)
{
	for (size_t i = 0; all_stages[i] != NULL; i++)
		if (strcmp(all_stages[i]->name, name) == 0)
			return true;
	return false;
}

void command_close_outside(struct outside *outside)
{
	github_free(&outside->github);
	chain_free(&outside->chain);
	ipfs_free(&outside->ipfs);
}

static void free_keys(struct keys *keys)
{
	signer_free(&keys->pay);
	secret_free(&keys->proof);
	secret_free(&keys->audit);
	seal_free(&keys->seal);
}

/* The runner, and beside it what keeps the database in order. The runner empties its unit of work again and again; what the
 * configuration says stays in w. */
static bool work_until_stopped(struct work *w, const struct invocation *in, const struct runner_conf *c,
	const struct stage *const picked[], const struct outside *outside, const struct keys *keys)
{
	const struct conf *conf = in->conf;
	struct keep *keep = keep_start(&(struct keep_conf){
		.db = command_db(in, "patchwork keep"),
		.origin = audit_origin(w, conf->env),
		.seed = keys->audit,
		.folder = conf->audit_export_dir.p == NULL ? NULL : arena_cstr(w->arena, conf->audit_export_dir),
		.rows = conf->audit_checkpoint_rows,
		.every = conf->audit_checkpoint_every,
		.idempotency = conf->idempotency_keep,
	});
	struct work unit;
	bool ok;

	work_init(&unit);
	ok = runner_run(&unit, c, picked, outside, command_until_stopped());
	w->err = unit.err;
	work_end(&unit);
	keep_stop(&keep);
	return ok;
}

int command_work(struct work *w, const struct invocation *in)
{
	const struct stage *picked[MAX_STAGES];
	struct outside outside = { 0 };
	struct keys keys = { 0 };
	struct scrape *scrape = NULL;
	struct runner_conf c = {
		.db = command_db(in, "patchwork work"),
		.threads = in->conf->worker_threads,
		.connections = in->conf->worker_connections,
		.batch = in->conf->worker_batch,
		.lease = in->conf->worker_lease,
		.poll = in->conf->worker_poll,
		.aging = in->conf->worker_aging,
		.drain = in->conf->worker_drain,
		.turns = in->conf->github_turns,
		.app = in->conf->github_app_id.n > 0,
	};
	bool ok;

	snprintf(c.account, sizeof(c.account), STR_FMT, STR_ARG(in->conf->github_account));
	if (in->dry_run)
		return command_usage("work has no dry run: it would do the work");
	for (int i = 0; i < in->argc; i++)
		if (!known(in->argv[i]))
			return command_usage("no stage '%s'", in->argv[i]);
	if (!pick(in, picked))
		return command_usage("work needs at least one of sync verify prove pay score");
	count_more(in);
	if (named(in, "sync") && in->conf->worker_schedules && command_visit(w, in, put_schedules, NULL) != EXIT_OK)
		return 1;
	ok = command_open_outside(w, in, &outside) && load_keys(w, in, &keys) &&
		(in->conf->worker_metrics.n == 0 || scrape_open(w, in->conf->worker_metrics, &scrape)) &&
		work_until_stopped(w, in, &c, picked, &outside, &keys);
	scrape_close(&scrape);
	command_close_outside(&outside);
	free_keys(&keys);
	return ok ? EXIT_OK : command_failed(w);
}
