/* JSON in (cJSON, through a field table) and out (a stream into a buf). Amounts are decimal strings both ways. */
#pragma once

#include <cjson/cJSON.h>

#include "base/buf.h"
#include "base/field.h"
#include "base/work.h"

enum json_flags {
	JSON_STRICT = 1, /* unknown members are refused (requests); without it they are skipped (the outside) */
};

/* The tree of text, in w's arena's keeping. Takes what RFC 8259 calls a JSON text, except: more than 32 levels, a name
 * twice in one object, \u0000, lone surrogates, numbers of more than 60 characters or beyond a double.
 * fails  ERR_INVALID json.malformed, json.duplicate_key, json.too_deep */
MUST bool json_parse(struct work *w, str text, const cJSON **out);

/* Fills the struct at out (caller zeroes it or sets defaults) from an object; strings are copies in w's arena.
 * fails  ERR_INVALID json.missing, json.unknown, json.type, json.range; err.text names the member */
MUST bool json_read(struct work *w, const cJSON *object, struct fields fields, enum json_flags flags, void *out);
MUST bool json_read_text(struct work *w, str text, struct fields fields, enum json_flags flags, void *out);

const cJSON *json_get(const cJSON *object, const char *path);                /* "a.b.c"; NULL when a step is missing */
str json_get_str(const cJSON *object, const char *path);                     /* { NULL, 0 } when absent or no string */
MUST bool json_get_i64(const cJSON *object, const char *path, int64_t *out); /* an integer below 2^53 in size */
str json_print(struct work *w, const cJSON *item);                           /* compact text in w's arena */

/* The value of a JSON number, when it is an integer below 2^53 in size: beyond, a double stands for several. */
MUST bool json_i64_of(const cJSON *number, int64_t *out);
/* v as a JSON string with its quotes, escaped exactly as RFC 8785 asks; invalid UTF-8 becomes U+FFFD. */
void json_quote(struct buf *b, str v);

/* Writing. key is NULL inside arrays. */
struct json {
	struct buf *b;
	bool comma;
};
void json_open(struct json *j, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json *j, char bracket);                 /* '}' or ']' */
void json_str(struct json *j, const char *key, str v);         /* { NULL, 0 } writes null */
void json_i64(struct json *j, const char *key, int64_t v);
void json_bool(struct json *j, const char *key, bool v);
void json_null(struct json *j, const char *key);
void json_u256(struct json *j, const char *key, u256 v);
void json_uuid(struct json *j, const char *key, uuid v);
void json_time(struct json *j, const char *key, usec v);
void json_hex(struct json *j, const char *key, str bytes);     /* "0x..." */
void json_raw(struct json *j, const char *key, str json_text); /* trusted JSON, as it is */

/* RFC 8785: the one canonical text of a value. Refuses numbers that are not integers below 2^53 in size
 * (beyond it a double stands for several), invalid UTF-8, a name twice in one object.
 * fails  ERR_INVALID jcs.number, jcs.text, json.duplicate_key */
MUST bool json_canonical(struct work *w, const cJSON *value, str *out);
/* The same of a text that was written.  fails  ERR_INVALID CODE when b is full; as json_parse and json_canonical */
MUST bool json_canonical_buf(struct work *w, const struct buf *b, const char *code, str *out);
