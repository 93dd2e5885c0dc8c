/* migrate, chain, account, config: short visits to the database. */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "db/migrate.h"
#include "db/query.h"
#include "model/account.h"
#include "print.h"
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
	text = in->json ? conf_json(w, conf_fields, in->conf) : conf_show(w, conf_fields, in->conf);
	fwrite(text.p, 1, text.n, stdout);
	if (in->json)
		putchar('\n');
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
	if (ok && in->dry_run)
		fputs("patchwork: a dry run: nothing was changed\n", stderr);
	return ok ? EXIT_OK : command_failed(w);
}

static bool act(struct work *w, struct tx *tx, const struct command_by *by)
{
	return sql_audit_act(w, tx, &(struct sql_audit_act_in){ by->actor, by->reason });
}

struct chain_add {
	const struct invocation *invocation;
	struct command_by by;
	struct sql_chain_add_in in;
};

static bool chain_add(struct work *w, struct tx *tx, void *arg)
{
	const struct chain_add *a = arg;
	struct sql_chain_add_out out;

	if (!act(w, tx, &a->by) || !sql_chain_add(w, tx, &a->in, &out))
		return false;
	print_row(w, a->invocation, PRINT_SHAPE(sql_chain_add_stmt), &out, "asset symbol decimals least escrow");
	return true;
}

int command_chain(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	const char *token = command_option(&rest, "token"), *symbol = command_option(&rest, "symbol");
	const char *decimals = command_option(&rest, "decimals"), *least = command_option(&rest, "least");
	uint8_t escrow[20], token_bytes[20];
	struct chain_add add = { .invocation = in };
	int64_t places;
	u256 amount = { 0 };

	command_who(w, &rest, &add.by);
	if (rest.argc != 0 || token == NULL || symbol == NULL || decimals == NULL)
		return command_usage("chain add --token ADDRESS --symbol SYMBOL --decimals N [--least AMOUNT]");
	if (!address_parse(in->conf->evm_escrow, escrow) || !address_parse(str_c(token), token_bytes) ||
		!str_i64(str_c(decimals), &places) || places < 0 || places > 36)
		return command_usage("evm.escrow and --token are addresses, --decimals is 0 to 36");
	if (least != NULL && (!u256_parse(str_c(least), &amount) || u256_is_zero(amount)))
		return command_usage("--least is above zero, in the token's smallest unit");
	add.in = (struct sql_chain_add_in){
		.chain_id = in->conf->evm_chain_id,
		.confirmations = in->conf->evm_confirmations,
		.escrow = str_of(escrow, 20),
		.token = str_of(token_bytes, 20),
		.token_text = str_c(token),
		.symbol = str_c(symbol),
		.decimals = (int32_t)places,
		.has_least = least != NULL,
		.least = amount,
	};
	return command_visit(w, in, chain_add, &add);
}

struct account_link {
	const struct invocation *invocation;
	struct command_by by;
	struct sql_account_link_in in;
};

static bool account_link(struct work *w, struct tx *tx, void *arg)
{
	const struct account_link *a = arg;
	struct sql_account_link_out out;
	bool found;

	if (!act(w, tx, &a->by) || !sql_account_link(w, tx, &a->in, &out, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "account.unknown_wallet", "nobody has logged in with this wallet yet");
	print_row(w, a->invocation, PRINT_SHAPE(sql_account_link_stmt), &out, "person_id github_id login");
	return true;
}

int command_account(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	const char *address = command_option(&rest, "address"), *login = command_option(&rest, "login");
	const char *github_id = command_option(&rest, "github-id");
	struct account_link link = { .invocation = in, .in.login = str_c(login) };
	uint8_t bytes[20];

	command_who(w, &rest, &link.by);
	if (rest.argc != 0 || address == NULL || login == NULL || github_id == NULL)
		return command_usage("account link --address 0x... --github-id N --login NAME");
	if (!address_parse(str_c(address), bytes) || !str_i64(str_c(github_id), &link.in.github_id) ||
		link.in.github_id <= 0)
		return command_usage("--address is an EVM address, --github-id a positive number");
	link.in.address = str_of(bytes, 20);
	return command_visit(w, in, account_link, &link);
}
