/* What the table of commands says of itself. */
#include "command.h"

static bool begins_with(str name, int n, char *const words[])
{
	str word;

	for (int i = 0; i < n; i++)
		if (!str_next(&name, ' ', &word) || !str_eq(word, str_c(words[i])))
			return false;
	return true;
}

bool help_knows(const char *word)
{
	for (const struct command *c = commands; c->name != NULL; c++)
		if (begins_with(str_c(c->name), 1, (char *const[]){ (char *)word }))
			return true;
	return false;
}

bool help_has_option(const struct command *c, str name)
{
	str rest = str_c(c->args), word;

	while (str_next(&rest, ' ', &word)) {
		word = str_skip(word, str_starts(word, STR("[")) ? 1 : 0);
		if (str_ends(word, STR("]")))
			word.n--;
		if (str_starts(word, STR("--")) && str_eq(str_skip(word, 2), name))
			return true;
	}
	return false;
}

bool help_print(FILE *to, int n, char *const words[])
{
	int shown = 0;

	fputs("usage: patchwork [--config FILE] [--json] [--dry-run] COMMAND ...\n       patchwork --version\n\n", to);
	for (const struct command *c = commands; c->name != NULL; c++)
		if (begins_with(str_c(c->name), n, words)) {
			fprintf(to, "  %s%s%s\n      %s\n", c->name, c->args[0] == '\0' ? "" : " ", c->args, c->doc);
			shown++;
		}
	if (shown == 0)
		fprintf(to, "  no such command; see patchwork help\n");
	return shown > 0;
	fputs("\nThe file is $PATCHWORK_CONF, or /etc/patchwork/patchwork.conf where it exists; the environment wins\n"
	      "(db.url = PATCHWORK_DB_URL). Exit: 0 done, 1 refused or failed, 2 usage, 3 try again later.\n",
		to);
}
