/* PostgreSQL's binary formats: big-endian integers, and the codecs that codec.c is made of. */
#pragma once

#include <endian.h>

#include "db/query.h"

#define JSONB_VERSION 1

static inline char *put16(char *p, uint16_t v)
{
	v = htobe16(v);
	memcpy(p, &v, sizeof(v));
	return p + sizeof(v);
}

static inline char *put32(char *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof(v));
	return p + sizeof(v);
}

static inline char *put64(char *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, sizeof(v));
	return p + sizeof(v);
}

static inline uint16_t get16(const char *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return be16toh(v);
}

static inline uint32_t get32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static inline uint64_t get64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

/* numeric. *out of put has NUMERIC_MAX bytes; both return how many or whether they could. */
#define U256_DIGITS 20 /* 2^256 has 78 decimal digits, four to a numeric digit */
#define NUMERIC_MAX (8 + 2 * U256_DIGITS)
int numeric_put(char *out, u256 v);
bool numeric_get(const char *p, size_t n, u256 *out); /* not negative, no decimals, under 2^256 */
bool numeric_text(struct arena *arena, const char *p, size_t n, str *out);

/* Arrays of one dimension, in arena. element is the element's oid. */
int array_put(struct arena *arena, enum sql_type type, Oid element, const void *field, const char **out);
bool array_get(struct arena *arena, enum sql_type type, Oid element, const char *p, size_t n, void *field);

/* A value of a statement. */
/* *p NULL = NULL. format 1 = binary; p in arena or in the struct itself */
void codec_encode(struct arena *arena, const struct sql_value *v, const void *in, const char **p, int *n, int *format);
/* False when the bytes are no value of v's type (negative, fractional or over 256 bits; months; two dimensions). */
MUST bool codec_decode(struct arena *arena, const struct sql_value *v, const char *p, size_t n, void *out);
