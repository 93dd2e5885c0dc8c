/* JSON Schema of what requests carry and rows become, for openapi.json. */
#pragma once

#include "base/field.h"
#include "base/json.h"
#include "db/query.h"

void schema_of_field(struct json *j, const char *key, const struct field *f); /* what of a request a field reads */
void schema_of_row(struct json *j, const char *key, const struct sql *s);     /* an object of the statement's columns */
void schema_of_page(struct json *j, const struct sql *s); /* the member "schema": items and next_cursor */
