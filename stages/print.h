/* What commands show. Rows of named columns: for people an aligned table that fits the terminal, for programs (--json) one JSON
 * object per line with every column. A column is described as a statement's result is, so rows of sql/ print as they are.
 * Text from outside never reaches a terminal raw: control characters and broken UTF-8 print as "?". */
#pragma once

#include <stdio.h>

#include "base/work.h"
#include "command.h"
#include "db/query.h"

struct print_shape {
	const struct sql_value *at;
	int n;
	size_t size;
};
#define PRINT_SHAPE(statement) ((struct print_shape){ (statement).out, (statement).n_out, (statement).size_out })

struct print_style {
	int width; /* of a line, in characters; 0 = as wide as it gets */
	bool bold; /* the head of a table, by ANSI escapes */
};

/* stdout's style: width of the terminal (or $COLUMNS), bold unless NO_COLOR is set, TERM is dumb, or it is no terminal. */
struct print_style print_style(void);

/* A table with a head; columns = "id queue state=result": names, each with another title if wanted. Text in w's arena. */
str print_table(struct work *w, const struct print_style *style, struct print_shape shape, const void *rows, size_t n,
	const char *columns);
/* "name   value" lines of one row, NULLs left out. */
str print_card(struct work *w, const struct print_style *style, struct print_shape shape, const void *row,
	const char *columns);
/* One object without a newline; times as RFC 3339, amounts and 64-bit numbers beyond 2^53 as text, bytes as 0x..., spans in
 * seconds. */
str print_json(struct work *w, struct print_shape shape, const void *row);
str print_plain(struct work *w, str text); /* fit for a terminal, on one line */

/* To stdout, as in->json says. None: "nothing" goes to stderr instead of an empty table. */
void print_rows(struct work *w, const struct invocation *in, struct print_shape shape, const void *rows, size_t n,
	const char *columns, const char *nothing);
void print_row(
	struct work *w, const struct invocation *in, struct print_shape shape, const void *row, const char *columns);
