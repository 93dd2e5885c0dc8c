/* One table describes a struct to every decoder: JSON of requests and of the outside, the configuration file, SQL rows. */
#pragma once

#include "base/clock.h"
#include "base/u256.h"
#include "base/uuid.h"

enum field_type {
	FIELD_BOOL,   /* bool */
	FIELD_I32,    /* int32_t */
	FIELD_I64,    /* int64_t */
	FIELD_STR,    /* str; max = bytes, UTF-8 checked */
	FIELD_U256,   /* u256 from a decimal string */
	FIELD_UUID,   /* uuid */
	FIELD_TIME,   /* usec from RFC 3339 */
	FIELD_SPAN,   /* usec from "250ms", "30s", "10m", "2h", "7d" */
	FIELD_SIZE,   /* int64_t bytes from "512", "64k", "25m" */
	FIELD_HEX,    /* str of bytes from "0x..."; max = exact number of bytes, 0 = any */
	FIELD_JSON,   /* str: the value's own text, compact */
	FIELD_SECRET, /* str, configuration only: a value, or NAME_file = path; never printed */
};

struct field {
	const char *name; /* member in JSON, key in the file, column in SQL */
	enum field_type type;
	size_t offset;
	size_t has;          /* offset of a bool that says "was there and not null"; FIELD_NO_HAS without one */
	const char *from;    /* JSON path "pull_request.user.id"; NULL = name */
	int64_t min, max;    /* numbers, spans, sizes: range when min < max; u256: max 0 = unlimited;
			      * strings: length in bytes, max 0 = unlimited */
	bool optional;       /* may be absent or null: the struct keeps what it had */
	const char *initial; /* configuration: the default, as text */
	const char *one_of;  /* strings: "a|b|c", anything else is refused */
	const char *doc;     /* one line: openapi.json and the printed configuration */
};

#define FIELD_NO_HAS ((size_t)-1)
#define FIELD(T, S, member, ...)                                                                                       \
	{                                                                                                              \
		.name = #member, .type = (T), .offset = offsetof(S, member), .has = FIELD_NO_HAS, __VA_ARGS__          \
	}

struct fields {
	const struct field *at;
	size_t n;
	size_t size; /* of the struct */
};
#define FIELDS(S, table) ((struct fields){ (table), sizeof(table) / sizeof((table)[0]), sizeof(S) })

const char *field_type_name(enum field_type type);

enum field_fit {
	FIELD_FITS,
	FIELD_NOT_TYPE,     /* it is no such thing */
	FIELD_OUT_OF_RANGE, /* it is one, but not within min, max or one_of */
};
#define FIELD_WHY 160

/* Reads a value from its text into the struct at out; strings become copies in the arena. Otherwise says in why what it
 * must be ("must be an integer from 1 to 64"), without the value, which may be a secret. */
MUST enum field_fit field_read(struct arena *arena, const struct field *f, str text, void *out, char why[FIELD_WHY]);
/* The same for a number that is one already: FIELD_I32 and FIELD_I64. */
MUST enum field_fit field_read_i64(const struct field *f, int64_t v, void *out, char why[FIELD_WHY]);
/* The text that field_read would take. */
str field_text(struct arena *arena, const struct field *f, const void *in);
/* Writes the struct's "was there" member, if the field has one. */
void field_mark(const struct field *f, bool there, void *out);
