#include "lineage.h"

#include "problem.h"
#include "sql.h"

bool lineage_bind(struct call *c, void *p)
{
	struct sql_lineage_get_in *in = p;
	str id = c->segments[3];
	bool job = str_eq(in->kind, STR("job"));

	in->has_id = !job && uuid_parse(id, &in->id);
	in->has_number = (job || str_eq(in->kind, STR("delivery"))) && str_i64(id, &in->number);
	return in->has_id || in->has_number || problem_set(c, "lineage.not_found");
}
