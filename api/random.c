#include "random.h"

#include <stdlib.h>
#include <sys/random.h>

void random_bytes(void *out, size_t n)
{
	if (getrandom(out, n, 0) != (ssize_t)n)
		abort(); /* up to 256 bytes it gives all or nothing, and nothing only before the system is up */
}
