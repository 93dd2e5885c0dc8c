/* Rows as JSON, by the types of the statement's columns. */
#pragma once

#include "call.h"

/* Writes the statement's rows into c->out, as the route's reply says; a refused column becomes the error. */
MUST bool encode_reply(struct call *c, PGresult *res);

/* The members that a statement gives, for openapi.json: those with "__" in their name belong to an object of that name;
 * refused, cursor and an int4 named status are not members. */
bool encode_is_member(const struct sql_value *v);
/* The length of the object's name in v's, 0 without one. */
size_t encode_group(const struct sql_value *v);
