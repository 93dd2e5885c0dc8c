#include "model/rate.h"

#include <math.h>
#include <stdlib.h>

#define DAY 86400

size_t rate_digits(str number)
{
	size_t points = 0, digits = 0;

	for (size_t i = 0; i < number.n; i++) {
		points += number.p[i] == '.';
		digits += number.p[i] >= '0' && number.p[i] <= '9';
	}
	return points <= 1 && digits + points == number.n ? digits : 0;
}

bool rate_parse(str text, int64_t *per_day)
{
	char copy[32], *end;
	double n, seconds;

	if (text.n == 0 || text.n >= sizeof(copy) || text.p[0] < '0' || text.p[0] > '9')
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	end = copy + strspn(copy, "0123456789.");
	if (rate_digits(str_of(copy, (size_t)(end - copy))) == 0)
		return false;
	n = strtod(copy, NULL);
	seconds = strcmp(end, "") == 0 || strcmp(end, "/s") == 0 ? 1
		: strcmp(end, "/m") == 0                         ? 60
		: strcmp(end, "/h") == 0                         ? 3600
								 : 0;
	if (seconds == 0 || !isfinite(n) || n / seconds > 10000 || n / seconds < 0.001)
		return false;
	*per_day = (int64_t)(n / seconds * DAY);
	return true;
}
