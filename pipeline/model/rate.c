#include "model/rate.h"

#include <math.h>
#include <stdlib.h>

#define DAY 86400

bool rate_parse(str text, int64_t *per_day)
{
	char copy[32], *end;
	double n, seconds;

	if (text.n == 0 || text.n >= sizeof(copy) || text.p[0] < '0' || text.p[0] > '9')
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	n = strtod(copy, &end);
	if ((size_t)(end - copy) != strspn(copy, "0123456789."))
		return false; /* hexadecimal, or an exponent */
	seconds = strcmp(end, "") == 0 || strcmp(end, "/s") == 0 ? 1
		: strcmp(end, "/m") == 0                         ? 60
		: strcmp(end, "/h") == 0                         ? 3600
								 : 0;
	if (seconds == 0 || !isfinite(n) || n / seconds > 10000 || n / seconds < 0.001)
		return false;
	*per_day = (int64_t)(n / seconds * DAY);
	return true;
}
