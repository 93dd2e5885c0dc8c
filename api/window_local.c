#include "window_local.h"

#include <sodium.h>

#define PLACES 16384 /* a power of two; 16 bytes each */
#define REACH 8      /* places where a key may lie */

/* at = when all requests so far would have come at the steady rate (GCRA); a key whose `at` has passed is as good as
 * none, so the place with the smallest `at` is the one to give away: an idle one if there is any. */
static struct {
	uint64_t key;
	usec at;
} table[PLACES];
static unsigned char hash_key[crypto_shorthash_KEYBYTES];

void window_local_start(void)
{
	randombytes_buf(hash_key, sizeof(hash_key));
	memset(table, 0, sizeof(table));
}

static size_t place_of(str key)
{
	uint64_t hash;
	size_t best, at;

	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)key.p, key.n, hash_key);
	best = hash & (PLACES - 1);
	for (size_t i = 0; i < REACH; i++) {
		at = (hash + i) & (PLACES - 1);
		if (table[at].key == hash)
			return at;
		if (table[at].at < table[best].at)
			best = at;
	}
	table[best].key = hash;
	table[best].at = 0;
	return best;
}

struct window_verdict window_local(str key, struct window_limit limit, usec now)
{
	usec step = 60 * USEC_S / limit.per_minute, full = step * limit.burst;
	size_t place = place_of(key);
	usec at = table[place].at > now ? table[place].at : now;
	usec early = at + step - full - now;

	if (early > 0)
		return (struct window_verdict){ .allowed = false, .retry_after = early, .reset = at - now };
	at += step;
	table[place].at = at;
	return (struct window_verdict){
		.allowed = true, .remaining = (int)((full - (at - now)) / step), .reset = at - now
	};
}
