#include "db_test.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/migrate.h"

#define TEMPLATE "patchwork_template"
#define ROLES_MAX 8

static char database[64];
static char urls[ROLES_MAX][256];
static int n_urls;

/* PATCHWORK_TEST_FILTER=f22_*: only the tests with such names. */
static __attribute__((constructor)) void choose(void)
{
	cmocka_set_test_filter(getenv("PATCHWORK_TEST_FILTER"));
}

static void end(const char *what, const char *why)
{
	fprintf(stderr, "db_test: %s: %s\n", what, why);
	exit(1);
}

static void quiet(void *arg, const char *message)
{
	(void)arg, (void)message; /* "does not exist, skipping" */
}

static PGconn *cluster(void)
{
	const char *url = getenv("PATCHWORK_TEST_DB");
	PGconn *pg;

	if (url == NULL)
		end("PATCHWORK_TEST_DB is not set", "run this inside tests/db/cluster.sh");
	pg = PQconnectdb(url);
	if (PQstatus(pg) != CONNECTION_OK)
		end("connect", PQerrorMessage(pg));
	PQsetNoticeProcessor(pg, quiet, NULL);
	return pg;
}

static PGresult *execute(PGconn *pg, const char *sql)
{
	PGresult *res = PQexec(pg, sql);

	if (PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK)
		end(sql, PQerrorMessage(pg));
	return res;
}

__attribute__((format(printf, 2, 3))) static void command(PGconn *pg, const char *format, ...)
{
	char sql[256];
	va_list args;

	va_start(args, format);
	vsnprintf(sql, sizeof(sql), format, args);
	va_end(args);
	PQclear(execute(pg, sql));
}

static void url_of(char *out, size_t size, const char *role, const char *name)
{
	snprintf(out, size, "postgresql://%s@127.0.0.1:%d/%s", role == NULL ? "postgres" : role, db_test_port(), name);
}

int db_test_port(void)
{
	static int port;
	PGconn *pg;

	if (port == 0) {
		pg = cluster();
		port = atoi(PQport(pg));
		PQfinish(pg);
	}
	return port;
}

static void migrate_template(void)
{
	struct migrate_report report;
	struct conn_conf conf = { .application = "db_test" };
	struct conn *conn;
	struct work w;
	char url[256];

	url_of(url, sizeof(url), "patchwork_owner", TEMPLATE);
	conf.url = str_c(url);
	work_init(&w);
	if (!conn_open(&w, &conf, &conn) || !migrate_run(&w, conn, false, &report))
		end("migrate", w.err.text);
	conn_close(&conn);
	work_end(&w);
}

/* The first program of a run makes it; its comment says that it is complete. */
static void make_template(PGconn *pg)
{
	PGresult *res;

	PQclear(execute(pg, "select pg_advisory_lock(4711)"));
	res = execute(pg,
		"select 1 from pg_database where datname = '" TEMPLATE "' "
		"and shobj_description(oid, 'pg_database') = 'migrated'");
	if (PQntuples(res) == 0) {
		command(pg, "drop database if exists " TEMPLATE " with (force)");
		command(pg, "create database " TEMPLATE " owner patchwork_owner");
		migrate_template();
		command(pg, "comment on database " TEMPLATE " is 'migrated'");
	}
	PQclear(res);
	PQclear(execute(pg, "select pg_advisory_unlock(4711)"));
}

static void make_database(bool migrated)
{
	PGconn *pg = cluster();

	snprintf(database, sizeof(database), "test_%ld", (long)getpid());
	if (migrated)
		make_template(pg);
	command(pg, "drop database if exists %s with (force)", database);
	command(pg, "create database %s owner patchwork_owner%s", database, migrated ? " template " TEMPLATE : "");
	PQfinish(pg);
}

void db_test_open(void)
{
	make_database(true);
}

void db_test_empty(void)
{
	make_database(false);
}

void db_test_close(void)
{
	PGconn *pg = cluster();

	command(pg, "drop database if exists %s with (force)", database);
	PQfinish(pg);
	n_urls = 0;
}

const char *db_test_url(const char *role)
{
	static _Thread_local char url[256];

	url_of(url, sizeof(url), role, database);
	return url;
}

struct conn_conf db_test_conf(const char *role)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* stages connect from threads of their own */
	const char *url = db_test_url(role);
	int i = 0;

	pthread_mutex_lock(&lock);
	while (i < n_urls && strcmp(urls[i], url) != 0)
		i++;
	if (i == ROLES_MAX)
		end("db_test_conf", "more roles than urls");
	if (i == n_urls)
		strcpy(urls[n_urls++], url);
	pthread_mutex_unlock(&lock);
	return (struct conn_conf){ .url = str_c(urls[i]),
		.application = "db_test",
		.connect_timeout = 10 * USEC_S,
		.statement_timeout = 10 * USEC_S };
}

struct conn *db_test_conn(struct work *w, const char *role)
{
	struct conn_conf conf = db_test_conf(role);
	struct conn *conn;

	if (!conn_open(w, &conf, &conn))
		end("connect", w->err.text);
	return conn;
}

void db_test_sql(const char *sql)
{
	PGconn *pg = PQconnectdb(db_test_url(NULL));

	PQclear(execute(pg, sql));
	PQfinish(pg);
}

const char *db_test_value(const char *sql)
{
	static _Thread_local char value[65536];
	PGconn *pg = PQconnectdb(db_test_url(NULL));
	PGresult *res = execute(pg, sql);

	snprintf(value, sizeof(value), "%s", PQntuples(res) == 0 ? "" : PQgetvalue(res, 0, 0));
	PQclear(res);
	PQfinish(pg);
	return value;
}
