/* RFC 9562 identifiers. New ones are version 7: they sort by time. */
#pragma once

#include "base/str.h"

typedef struct uuid {
	uint8_t b[16];
} uuid;

#define UUID_TEXT 36
uuid uuid_v7(void);
MUST bool uuid_parse(str text, uuid *out);      /* lower or upper case, with hyphens, nothing else */
void uuid_format(uuid id, char out[UUID_TEXT]); /* not terminated */
