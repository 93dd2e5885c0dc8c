/* checksum: what the projections say, in one number that no replay changes. */
#include <stdio.h>

#include "base/hex.h"
#include "base/json.h"
#include "command.h"
#include "crypto/digest.h"
#include "print.h"
#include "sql.h"

struct parts {
	struct sql_projection_checksum_out *rows;
	size_t n;
};

static bool sum(struct work *w, struct tx *tx, void *arg)
{
	struct parts *p = arg;

	return sql_projection_checksum(w, tx, &p->rows, &p->n);
}

static str total(struct work *w, const struct parts *p)
{
	struct buf b = buf_new(w->arena, 1 << 20);
	uint8_t hash[32];

	for (size_t i = 0; i < p->n; i++)
		buf_printf(&b, STR_FMT " " STR_FMT "\n", STR_ARG(p->rows[i].part), STR_ARG(p->rows[i].sha256));
	sha256(buf_str(&b), hash);
	return hex_str(w->arena, str_of(hash, sizeof(hash)));
}

int command_checksum(struct work *w, const struct invocation *in)
{
	struct print_shape shape = PRINT_SHAPE(sql_projection_checksum_stmt);
	struct parts p = { 0 };
	int status;

	if (in->argc != 0)
		return command_usage("checksum");
	status = command_visit(w, in, sum, &p);
	if (status != EXIT_OK)
		return status;
	if (in->json) {
		printf("{\"sha256\":\"" STR_FMT "\",\"parts\":[", STR_ARG(total(w, &p)));
		for (size_t i = 0; i < p.n; i++)
			printf("%s" STR_FMT, i == 0 ? "" : ",", STR_ARG(print_json(w, shape, &p.rows[i])));
		printf("]}\n");
		return EXIT_OK;
	}
	print_rows(w, in, shape, p.rows, p.n, "part rows sha256", "nothing is there yet");
	printf("\n" STR_FMT "\n", STR_ARG(total(w, &p)));
	return EXIT_OK;
}
