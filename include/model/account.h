/* Accounts on chains. An EVM address is 20 bytes; its text is EIP-55. CAIP-10: "eip155:338:0x...". */
#pragma once

#include "base/arena.h"

#define ADDRESS_TEXT 42
void address_format(const uint8_t address[20], char out[ADDRESS_TEXT]); /* not terminated */
/* "0x" and 40 digits: all lower case, or the right EIP-55 case. */
MUST bool address_parse(str text, uint8_t out[20]);
str account_caip10(struct arena *arena, int64_t chain_id, const uint8_t address[20]);
