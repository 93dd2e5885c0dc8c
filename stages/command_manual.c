/* manual, completion: what docs/patchwork.1 and conf/completion/patchwork are, made of the table of commands. */
#include <stdio.h>

#include "command.h"
#include "version.h"

/* Text for roff: a hyphen that is typed is one, a line never begins a request. */
static void roff(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text != '\0'; text++)
		if (*text == '-')
			fputs("\\-", stdout);
		else if (*text == '\\')
			fputs("\\e", stdout);
		else
			putchar(*text);
}

static void commands_section(void)
{
	for (const struct command *c = commands; c->name != NULL; c++) {
		fputs(".TP\n.B ", stdout);
		roff(c->name);
		if (c->args[0] != '\0') {
			fputs("\n.RI \" \" \"", stdout);
			roff(c->args);
			fputs("\"", stdout);
		}
		fputs("\n.br\n", stdout);
		roff(c->doc);
		fputs(".\n", stdout);
	}
}

static const char head[] =
	".\\\" Made of the table of commands by `patchwork manual`; make docs\\-manual writes it.\n"
	".TH PATCHWORK 1 \"\" \"Patchwork " PATCHWORK_VERSION "\" \"User Commands\"\n"
	".SH NAME\n"
	"patchwork \\- stages, relay, and what operators and auditors run\n"
	".SH SYNOPSIS\n"
	".B patchwork\n"
	".RB [ \\-\\-config \" \\fIFILE\\fP] [\" \\-\\-json \"] [\" \\-\\-dry\\-run ]\n"
	".I COMMAND\n"
	"\\&...\n"
	".SH DESCRIPTION\n"
	"Patchwork pays people for open\\-source work that was really done. This program runs its stages and its relay, and is what\n"
	"operators and auditors look at the queue with. It speaks to PostgreSQL as the role of\n"
	".BR db.url ,\n"
	"which decides what a command may do: operators use the role patchwork_operator, auditors patchwork_auditor.\n"
	".SH OPTIONS\n"
	".TP\n.BI \\-\\-config \" FILE\"\n"
	"Read this file; else $PATCHWORK_CONF, or /etc/patchwork/patchwork.conf where it exists.\n"
	".TP\n.B \\-\\-json\n"
	"One JSON document on standard output, or for lists one per line. Notes go to standard error.\n"
	".TP\n.B \\-\\-dry\\-run\n"
	"Say what would be done, and do nothing.\n"
	".TP\n.BR \\-\\-help \", \" \\-h\n"
	"The commands that begin with the words given.\n"
	".TP\n.B \\-\\-version\n"
	"The version of the program.\n"
	".PP\n"
	"Commands that change something take\n"
	".BI \\-\\-reason \" TEXT\"\n"
	"and\n"
	".BI \\-\\-actor \" WHO\"\n"
	"(kind:name; else cli: and the name of the login); both are kept in the audit log.\n"
	".SH COMMANDS\n";

static const char tail[] =
	".SH EXIT STATUS\n"
	".TP\n.B 0\nDone.\n"
	".TP\n.B 1\nRefused or failed: the code is on standard error.\n"
	".TP\n.B 2\nWrong usage.\n"
	".TP\n.B 3\nThe outside is not there now; try again later.\n"
	".TP\n.B 75\n"
	".B work\nended with jobs in hand; their leases bring them back.\n"
	".SH ENVIRONMENT\n"
	"A key of the file is also read from the environment, which goes before the file: db.url is PATCHWORK_DB_URL, and a secret's file\n"
	"is PATCHWORK_DB_PASSWORD_FILE.\n"
	".TP\n.B NO_COLOR\nIf it is set, tables have no bold heads.\n"
	".TP\n.B COLUMNS\nThe width of tables; else the terminal's.\n"
	".SH FILES\n"
	".TP\n.I /etc/patchwork/patchwork.conf\nEvery key with its default, commented.\n"
	".SH EXAMPLES\n"
	".EX\n"
	"patchwork doctor\n"
	"patchwork jobs list \\-\\-state parked\n"
	"patchwork explain 4711\n"
	"patchwork jobs retry 4711 \\-\\-reason \\(aqthe node is back\\(aq\n"
	"patchwork jobs replay \\-\\-kind pay.quote \\-\\-code chain.reverts \\-\\-dry\\-run\n"
	".EE\n";

int command_manual(struct work *w, const struct invocation *in)
{
	(void)w;
	if (in->argc != 0)
		return command_usage("manual");
	fputs(head, stdout);
	commands_section();
	fputs(tail, stdout);
	return EXIT_OK;
}

/* The options of a row, as completion offers them. */
static void options(const char *args)
{
	for (const char *at = strstr(args, "--"); at != NULL; at = strstr(at, "--")) {
		size_t n = 2 + strspn(at + 2, "abcdefghijklmnopqrstuvwxyz-");

		printf(" %.*s", (int)n, at);
		at += n;
	}
}

static const char script[] =
	"\n"
	"_patchwork() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} typed='' given='' row name offered=''\n"
	"\tlocal i word found='' best=''\n"
	"\tCOMPREPLY=()\n"
	"\tif [[ $prev == --config ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tcase $word in\n"
	"\t\t--json | --dry-run | --help | --version) ;;\n"
	"\t\t--*=*) given+=\" ${word%%=*}\" ;;\n"
	"\t\t--*) given+=\" $word\"; ((i++)) ;;\n"
	"\t\t*) typed+=\"$word \" ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tfor row in \"${_patchwork_commands[@]}\"; do\n"
	"\t\tname=\"${row%%|*} \"\n"
	"\t\tif [[ $name == \"$typed\"?* ]]; then\n"
	"\t\t\tname=${name#\"$typed\"}\n"
	"\t\t\t[[ $cur == -* ]] || offered+=\" ${name%% *}\"\n"
	"\t\tfi\n"
	"\t\tname=${row%%|*}\n"
	"\t\tif [[ $typed == \"$name \"* ]] && ((${#name} > ${#found})); then\n"
	"\t\t\tfound=$name\n"
	"\t\t\tbest=${row#*|}\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tif [[ $cur == -* ]]; then\n"
	"\t\tfor word in $best --config --json --dry-run --help --version; do\n"
	"\t\t\t[[ \" $given \" == *\" $word \"* ]] || offered+=\" $word\"\n"
	"\t\tdone\n"
	"\tfi\n"
	"\tmapfile -t COMPREPLY < <(compgen -W \"$offered\" -- \"$cur\" | sort -u)\n"
	"}\n"
	"complete -F _patchwork patchwork\n";

int command_completion(struct work *w, const struct invocation *in)
{
	(void)w;
	if (in->argc != 0)
		return command_usage("completion");
	fputs("# bash completion of patchwork, made of the table of commands by `patchwork completion`; make docs-manual writes it.\n"
	      "_patchwork_commands=(\n",
		stdout);
	for (const struct command *c = commands; c->name != NULL; c++) {
		printf("\t'%s|", c->name);
		options(c->args);
		fputs("'\n", stdout);
	}
	fputs(")\n", stdout);
	fputs(script, stdout);
	return EXIT_OK;
}
