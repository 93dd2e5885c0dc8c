/* What goes back: rows as JSON, the headers, the status. */
#pragma once

#include "call.h"

/* Writes the statement's rows into c->out, as the route's reply says; a refused column becomes the error. */
MUST bool reply_encode(struct call *c, PGresult *res);

/* The members that a statement gives, for openapi.json: those with "__" in their name belong to an object of that name;
 * refused, cursor and an int4 named status are not members. */
bool reply_is_member(const struct sql_value *v);
/* The length of the object's name in v's, 0 without one. */
size_t reply_group(const struct sql_value *v);

void reply_preflight(struct call *c);
void reply_send(struct call *c);
