/* The program `patchwork`: stages, relay, and what operators run. */
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "command.h"
#include "version.h"

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

/* Whom they are to ask who read the audit log: the person behind sudo, else the user of this process. */
static const char *login(void)
{
	const char *user = getenv("SUDO_USER");
	const struct passwd *entry;

	if (user == NULL || user[0] == '\0')
		user = getenv("USER");
	if (user != NULL && user[0] != '\0')
		return user;
	entry = getpwuid(getuid());
	return entry != NULL ? entry->pw_name : "unknown";
}

void command_who(struct work *w, struct invocation *in, struct command_by *out)
{
	const char *actor = command_option(in, "actor"), *reason = command_option(in, "reason");
	const char *user = login();

	out->actor = actor != NULL && strchr(actor, ':') != NULL
		? str_c(actor)
		: arena_printf(w->arena, "cli:%s", actor == NULL ? user : actor);
	out->reason = str_c(reason);
}

bool command_by(struct work *w, struct invocation *in, struct command_by *out)
{
	command_who(w, in, out);
	if (in->dry_run || (out->reason.n > 0 && str_utf8(out->actor) && str_utf8(out->reason)))
		return true;
	command_usage("--reason TEXT must say why");
	return false;
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

/* How many words c's name has, when the invocation begins with them; else 0. */
static int words_of(const struct invocation *in, const struct command *c)
{
	str rest = str_c(c->name), word;
	int n = 0;

	while (str_next(&rest, ' ', &word))
		if (n == in->argc || !str_eq(word, str_c(in->argv[n++])))
			return 0;
	return n;
}

/* The row with the most words that the invocation begins with, which are taken out of it. */
static const struct command *find(struct invocation *in)
{
	const struct command *best = NULL;
	int most = 0;

	for (const struct command *c = commands; c->name != NULL; c++) {
		int n = words_of(in, c);

		if (n > most) {
			best = c;
			most = n;
		}
	}
	take_out(in, 0, most);
	return best;
}

static bool options_known(const struct invocation *in, const struct command *c)
{
	for (int i = 0; i < in->argc; i++) {
		str name = str_skip(str_c(in->argv[i]), 2), head;

		if (strncmp(in->argv[i], "--", 2) == 0 && str_next(&name, '=', &head) && !help_has_option(c, head)) {
			command_usage("%s has no option --" STR_FMT, c->name, STR_ARG(head));
			return false;
		}
	}
	return true;
}

static int run(struct work *w, struct invocation *in, const struct command *command, const char *file)
{
	struct conf *conf = ARENA_NEW(w->arena, struct conf);

	if (file == NULL)
		file = getenv("PATCHWORK_CONF");
	if (file == NULL && access("/etc/patchwork/patchwork.conf", R_OK) == 0)
		file = "/etc/patchwork/patchwork.conf";
	if (!conf_load(w, file, conf_fields, conf))
		return command_failed(w);
	set_level(conf->log_level);
	in->conf = conf;
	return command->run(w, in);
}

int main(int argc, char **argv)
{
	struct invocation in = { .argc = argc - 1, .argv = argv + 1 };
	const char *file = command_option(&in, "config"), *name;
	const struct command *command;
	struct work w;
	int status;

	if (take_flag(&in, "--version")) {
		puts("patchwork " PATCHWORK_VERSION);
		return EXIT_OK;
	}
	if (take_flag(&in, "--help") || take_flag(&in, "-h") || (in.argc > 0 && strcmp(in.argv[0], "help") == 0)) {
		bool word = in.argc > 0 && strcmp(in.argv[0], "help") == 0;

		return help_print(stdout, in.argc - word, in.argv + word) ? EXIT_OK : EXIT_USAGE;
	}
	in.json = take_flag(&in, "--json");
	in.dry_run = take_flag(&in, "--dry-run");
	if (in.argc == 0) {
		help_print(stderr, 0, NULL);
		return EXIT_USAGE;
	}
	name = in.argv[0];
	command = find(&in);
	if (command == NULL && help_knows(name)) {
		help_print(stderr, in.argc < 1 ? 0 : 1, in.argv);
		return EXIT_USAGE;
	}
	if (command == NULL)
		return command_usage("no command '%s'", name);
	if (!options_known(&in, command))
		return EXIT_USAGE;
	work_init(&w);
	status = run(&w, &in, command, file);
	work_end(&w);
	return status;
}
