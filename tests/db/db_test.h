/* A database of this test program's own, in the cluster that PATCHWORK_TEST_DB names (tests/db/cluster.sh starts one).
 * The migrated template is made by the first program of a run; a program gets a copy of it. Whatever fails here ends the
 * program with a message: there is nothing to test then. */
#pragma once

#include "db/conn.h"
#include "db/tx.h"

void db_test_open(void);  /* a migrated database */
void db_test_empty(void); /* one without anything, owned by patchwork_owner */
void db_test_close(void); /* drops it, whoever is still connected */

const char *db_test_url(const char *role);       /* of our database; role NULL = superuser. Lives until the next call */
struct conn_conf db_test_conf(const char *role); /* timeouts of 10 s; its url lives until db_test_close */
struct conn *db_test_conn(struct work *w, const char *role); /* the caller closes it */
int db_test_port(void);

void db_test_sql(const char *sql);          /* as superuser, in our database */
const char *db_test_value(const char *sql); /* the only value as text, "" for no row; lives until the next call */
