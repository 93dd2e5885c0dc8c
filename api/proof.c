#include "proof.h"

#include "request.h"
#include "sql.h"

#define ENVELOPE "application/vnd.dsse.envelope.v1+json"

/* The envelope alone for who asks for it; otherwise the row. */
bool proof_envelope(struct call *c, void *p)
{
	const struct sql_proof_get_out *row = p;
	str accept;

	if (!request_header(c, "accept", &accept))
		return false;
	if (row->envelope.p == NULL || accept.p == NULL || !str_find(accept, STR(ENVELOPE), &(size_t){ 0 }))
		return true;
	c->media = ENVELOPE;
	buf_add(&c->out, row->envelope);
	return true;
}

bool proof_block(struct call *c, void *p)
{
	const struct sql_block_get_out *row = p;

	c->etag = arena_printf(c->w.arena, "\"" STR_FMT "\"", STR_ARG(((const struct sql_block_get_in *)c->in)->cid));
	c->cache = STR("public, max-age=31536000, immutable");
	buf_add(&c->out, row->payload);
	return true;
}
