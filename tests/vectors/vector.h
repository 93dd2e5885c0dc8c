/* One case of a vector file: {id, kind?, in, out}. A check takes what it knows out of `in`, computes, and compares every
 * member of `out`; a member that no check asked for fails the case too. */
#pragma once

#include "base/json.h"
#include "wire/abi.h"

#define OUT_MAX 64 /* members of one `out` */

struct vector {
	struct work *w;            /* this case's */
	const cJSON *cases, *item; /* the file's, in their order; this one */
	const cJSON *in, *out;
	uint64_t checked; /* members of out by position */
	char why[400];    /* what differed */
};

typedef bool (*vector_check)(struct vector *v);

/* Sets v->why once and returns false. */
bool differs(struct vector *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool failed(struct vector *v, const char *doing); /* the same from v->w->err */

/* Members of `in`, or of any object in it. False: missing or of another form, and v->why says so. */
bool need_text(struct vector *v, const cJSON *object, const char *name, str *out);
bool need_hex(struct vector *v, const cJSON *object, const char *name, str *out);
bool need_fixed(struct vector *v, const cJSON *object, const char *name, uint8_t *out, size_t n);
bool need_address(struct vector *v, const cJSON *object, const char *name, uint8_t out[20]);
bool need_u256(struct vector *v, const cJSON *object, const char *name, u256 *out); /* decimal text or a number */
bool need_u64(struct vector *v, const cJSON *object, const char *name, uint64_t *out);
bool need_object(struct vector *v, const cJSON *object, const char *name, const cJSON **out);
bool need_array(struct vector *v, const cJSON *object, const char *name, const cJSON **out);

/* The member of `out`, marked as checked; NULL and v->why when it is missing. */
const cJSON *expected(struct vector *v, const char *name);
bool want_text(struct vector *v, const char *name, str got);
bool want_hex(struct vector *v, const char *name, str got); /* lower case */
bool want_hash(struct vector *v, const char *name, const uint8_t got[32]);
bool want_address(struct vector *v, const char *name, const uint8_t got[20]); /* EIP-55 */
bool want_bool(struct vector *v, const char *name, bool got);
bool want_u64(struct vector *v, const char *name, uint64_t got); /* a JSON number */
bool want_json(struct vector *v, const char *name, str got);     /* the same value, members in any order */
bool same_json(struct vector *v, const char *name, const cJSON *a, const cJSON *b);

/* ABI values from JSON, by the types of a tuple; and whether two are the same. */
bool abi_values(struct vector *v, str types, const cJSON *list, const struct abi_value **values, size_t *n);
bool abi_same(const struct abi_value *a, const struct abi_value *b, size_t n);
bool abi_both_ways(struct vector *v, str types, const cJSON *list, str *encoded); /* encodes, decodes, compares */
bool joined_types(struct vector *v, const cJSON *list, str *types);               /* ["a","b"] as "a,b" */

/* The checks. */
bool check_keccak(struct vector *v);
bool check_rlp(struct vector *v);
bool check_rlp_reject(struct vector *v);
bool check_abi_call(struct vector *v);
bool check_abi_return(struct vector *v);
bool check_abi_revert(struct vector *v);
bool check_abi_event(struct vector *v);
bool check_eip712(struct vector *v);
bool check_key(struct vector *v);
bool check_checksum(struct vector *v);
bool check_validate(struct vector *v);
bool check_create(struct vector *v);
bool check_create2(struct vector *v);
bool check_evm_tx(struct vector *v);
bool check_personal_sign(struct vector *v);
bool check_personal_recover(struct vector *v);
bool check_siwe_valid(struct vector *v);
bool check_siwe_reject_parse(struct vector *v);
bool check_siwe_reject_verify(struct vector *v);
bool check_siwe_accept_verify(struct vector *v);
bool check_casper_key(struct vector *v);
bool check_casper_pem(struct vector *v);
bool check_casper_parse(struct vector *v);
bool check_casper_sign(struct vector *v);
bool check_casper_verify(struct vector *v);
bool check_x402_cronos_header(struct vector *v);
bool check_x402_cronos_body(struct vector *v);
bool check_x402_signature_header(struct vector *v);
bool check_x402_required_header(struct vector *v);
bool check_x402_response_header(struct vector *v);
bool check_x402_nonce(struct vector *v);
bool check_x402_facilitator(struct vector *v);
