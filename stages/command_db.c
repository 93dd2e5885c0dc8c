/* migrate, chain, account, config: short visits to the database. */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "db/migrate.h"
#include "db/query.h"
#include "model/account.h"
#include "sql.h"

int command_migrate(struct work *w, const struct invocation *in)
{
	struct conn_conf c = command_db(in, "patchwork migrate");
	struct migrate_report report;
	struct conn *conn;
	bool ok;

	if (in->argc != 0)
		return command_usage("migrate [--dry-run]");
	c.statement_timeout = 0;
	if (!conn_open(w, &c, &conn))
		return command_failed(w);
	ok = migrate_run(w, conn, in->dry_run, &report);
	conn_close(&conn);
	if (!ok)
		return command_failed(w);
	if (in->json)
		printf("{\"applied\":%d,\"total\":%d,\"dry_run\":%s}\n", report.applied, report.total,
			in->dry_run ? "true" : "false");
	else
		printf("%d of %d migrations %s\n", report.applied, report.total,
			in->dry_run ? "would be applied" : "applied");
	return EXIT_OK;
}

int command_config(struct work *w, const struct invocation *in)
{
	str text;

	if (in->argc != 0)
		return command_usage("config show");
	text = conf_show(w, conf_fields, in->conf);
	fwrite(text.p, 1, text.n, stdout);
	return EXIT_OK;
}

int command_visit(struct work *w, const struct invocation *in, command_visit_fn *visit, void *arg)
{
	struct conn_conf c = command_db(in, "patchwork");
	struct conn *conn;
	struct tx tx;
	bool ok;

	if (!conn_open(w, &c, &conn))
		return command_failed(w);
	ok = tx_begin(w, conn, TX_DURABLE, &tx) && visit(w, &tx, arg) && (in->dry_run || tx_commit(w, &tx));
	tx_rollback(&tx);
	conn_close(&conn);
	return ok ? EXIT_OK : command_failed(w);
}

static bool chain_add(struct work *w, struct tx *tx, void *arg)
{
	return sql_chain_add(w, tx, arg);
}

int command_chain(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	const char *token = command_option(&rest, "token"), *symbol = command_option(&rest, "symbol");
	const char *decimals = command_option(&rest, "decimals");
	uint8_t escrow[20], token_bytes[20];
	int64_t places;

	if (rest.argc != 0 || token == NULL || symbol == NULL || decimals == NULL)
		return command_usage("chain add --token ADDRESS --symbol SYMBOL --decimals N");
	if (!address_parse(in->conf->evm_escrow, escrow) || !address_parse(str_c(token), token_bytes) ||
		!str_i64(str_c(decimals), &places) || places < 0 || places > 36)
		return command_usage("evm.escrow and --token are addresses, --decimals is 0 to 36");
	return command_visit(w, in, chain_add,
		&(struct sql_chain_add_in){
			.chain_id = in->conf->evm_chain_id,
			.confirmations = in->conf->evm_confirmations,
			.escrow = str_of(escrow, 20),
			.token = str_of(token_bytes, 20),
			.token_text = str_c(token),
			.symbol = str_c(symbol),
			.decimals = (int32_t)places,
		});
}

static bool account_link(struct work *w, struct tx *tx, void *arg)
{
	struct sql_account_link_out out;
	bool found;

	if (!sql_account_link(w, tx, arg, &out, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "account.unknown_wallet", "nobody has logged in with this wallet yet");
	return true;
}

int command_account(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	const char *address = command_option(&rest, "address"), *login = command_option(&rest, "login");
	const char *github_id = command_option(&rest, "github-id");
	struct sql_account_link_in link = { .login = str_c(login) };
	uint8_t bytes[20];

	if (rest.argc != 0 || address == NULL || login == NULL || github_id == NULL)
		return command_usage("account link --address 0x... --github-id N --login NAME");
	if (!address_parse(str_c(address), bytes) || !str_i64(str_c(github_id), &link.github_id) || link.github_id <= 0)
		return command_usage("--address is an EVM address, --github-id a positive number");
	link.address = str_of(bytes, 20);
	return command_visit(w, in, account_link, &link);
}
