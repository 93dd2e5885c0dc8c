#include "base/uuid.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/hex.h"

/* Milliseconds in the upper 48 bits of 60, the fraction of one in the lower 12 (RFC 9562, 6.2
 * method 3). Each call takes a later tick than the one before, so the ids of one process sort in
 * the order of their making. */
static uint64_t next_tick(void)
{
	static _Atomic uint64_t last;
	usec now = clock_now();
	uint64_t tick = (uint64_t)(now / USEC_MS) << 12 | (uint64_t)(now % USEC_MS) * 4096 / 1000;
	uint64_t before = atomic_load(&last);

	do {
		if (tick <= before)
			tick = before + 1;
	} while (!atomic_compare_exchange_weak(&last, &before, tick));
	return tick;
}

uuid uuid_v7(void)
{
	uint64_t tick = next_tick();
	uuid id;

	while (getrandom(id.b, sizeof(id.b), 0) != sizeof(id.b))
		if (errno != EINTR)
			abort();
	for (int i = 0; i < 6; i++)
		id.b[i] = (uint8_t)(tick >> (52 - 8 * i));
	id.b[6] = (uint8_t)(0x70 | (tick >> 8 & 0x0f));
	id.b[7] = (uint8_t)tick;
	id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3f));
	return id;
}

/* Bytes 4, 6, 8 and 10 have a hyphen before them. */
static bool hyphen_before(int byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

bool uuid_parse(str text, uuid *out)
{
	const char *p = text.p;
	uuid id;

	if (text.n != UUID_TEXT)
		return false;
	for (int i = 0; i < 16; i++, p += 2) {
		if (hyphen_before(i) && *p++ != '-')
			return false;
		if (!hex_decode(str_of(p, 2), &id.b[i], 1))
			return false;
	}
	*out = id;
	return true;
}

void uuid_format(uuid id, char out[UUID_TEXT])
{
	for (int i = 0; i < 16; i++, out += 2) {
		if (hyphen_before(i))
			*out++ = '-';
		hex_encode(&id.b[i], 1, out);
	}
}
