/* Unsigned 256-bit amounts in an asset's smallest unit: decimal text in JSON, numeric(78,0) in PostgreSQL,
 * big-endian words on chains. Operations that could wrap say so and leave *out alone. */
#pragma once

#include "base/str.h"

typedef struct u256 {
	uint64_t limb[4]; /* least significant first */
} u256;

#define U256_DEC 80 /* longest decimal text, terminated */

u256 u256_of(uint64_t v);
bool u256_is_zero(u256 a);
int u256_cmp(u256 a, u256 b);
MUST bool u256_add(u256 a, u256 b, u256 *out);
MUST bool u256_sub(u256 a, u256 b, u256 *out);
MUST bool u256_mul_u64(u256 a, uint64_t b, u256 *out);
u256 u256_div_u64(u256 a, uint64_t b, uint64_t *remainder); /* b is not 0 */
MUST bool u256_u64(u256 a, uint64_t *out);

MUST bool u256_parse(str decimal, u256 *out); /* digits only, no leading zero except "0" */
size_t u256_format(u256 a, char out[U256_DEC]);
void u256_to_be(u256 a, uint8_t out[32]);
MUST bool u256_from_be(const uint8_t *p, size_t n, u256 *out); /* n <= 32 */
/* "0x1f4", no leading zeros except "0x0": an Ethereum JSON-RPC quantity */
MUST bool u256_parse_quantity(str text, u256 *out);
