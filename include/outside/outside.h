/* All that a stage may ask of the world: built once in main, the same interface over stand-ins in tests.
 * No function takes both a struct outside and a struct tx. */
#pragma once

#include "base/work.h"

struct github;
struct ipfs;
struct chain; /* an EVM node and the escrow on it */
struct outside {
	struct github *github; /* each NULL where the process is not configured for it */
	struct ipfs *ipfs;
	struct chain *chain;
};
