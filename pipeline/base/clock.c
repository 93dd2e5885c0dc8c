#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DAY_S INT64_C(86400)
#define FIRST_S INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define LAST_S INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */

static usec read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (usec)ts.tv_sec * USEC_S + ts.tv_nsec / 1000;
}

static usec offset(void)
{
#ifdef PATCHWORK_FAULTS
	const char *text = getenv("PATCHWORK_CLOCK_OFFSET_S");

	return text == NULL ? 0 : strtoll(text, NULL, 10) * USEC_S;
#else
	return 0;
#endif
}

usec clock_now(void)
{
	return read_clock(CLOCK_REALTIME) + offset();
}

usec clock_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void clock_sleep(usec span)
{
	struct timespec ts;
	usec until;

	if (span <= 0)
		return;
	if (__builtin_add_overflow(clock_monotonic(), span, &until))
		until = INT64_MAX;
	ts = (struct timespec){ .tv_sec = until / USEC_S, .tv_nsec = until % USEC_S * 1000 };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		continue;
}

usec clock_doubled(usec first, int times, usec most)
{
	usec span = first;

	while (times-- > 0 && span > 0 && span < most)
		span = span > most / 2 ? most : 2 * span;
	return span < most ? span : most;
}

/* Takes exactly n digits. */
static bool take_number(str *s, size_t n, int *out)
{
	*out = 0;
	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		*out = *out * 10 + (s->p[i] - '0');
	}
	*s = str_skip(*s, n);
	return true;
}

static bool take_either(str *s, char a, char b)
{
	if (s->n == 0 || (s->p[0] != a && s->p[0] != b))
		return false;
	*s = str_skip(*s, 1);
	return true;
}

static bool take_fraction(str *s, usec *out)
{
	usec unit = USEC_S;
	size_t digits = 0;
	int digit;

	*out = 0;
	if (!take_either(s, '.', '.'))
		return true;
	while (take_number(s, 1, &digit)) {
		unit /= 10;
		*out += digit * unit;
		digits++;
	}
	return digits >= 1 && digits <= 9;
}

static bool take_offset(str *s, int64_t *seconds)
{
	bool west = s->n > 0 && s->p[0] == '-';
	int hours, minutes;

	*seconds = 0;
	if (take_either(s, 'Z', 'z'))
		return true;
	if (!take_either(s, '+', '-') || !take_number(s, 2, &hours) || !take_either(s, ':', ':') ||
		!take_number(s, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*seconds = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
	return true;
}

static int days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool take_date(str *s, struct tm *tm)
{
	int year, month, day;

	if (!take_number(s, 4, &year) || !take_either(s, '-', '-') || !take_number(s, 2, &month) ||
		!take_either(s, '-', '-') || !take_number(s, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_in(year, month))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return true;
}

static bool take_time(str *s, struct tm *tm)
{
	return take_number(s, 2, &tm->tm_hour) && take_either(s, ':', ':') && take_number(s, 2, &tm->tm_min) &&
		take_either(s, ':', ':') && take_number(s, 2, &tm->tm_sec) && tm->tm_hour <= 23 && tm->tm_min <= 59 &&
		tm->tm_sec <= 60;
}

bool clock_parse(str text, usec *out)
{
	struct tm tm = { 0 };
	int64_t seconds, east;
	usec fraction;
	bool leap;

	if (!take_date(&text, &tm) || !take_either(&text, 'T', 't') || !take_time(&text, &tm) ||
		!take_fraction(&text, &fraction) || !take_offset(&text, &east) || text.n != 0)
		return false;
	leap = tm.tm_sec == 60;
	seconds = timegm(&tm) - east; /* writes into tm */
	/* A leap second ends a UTC day; like POSIX we count it as the first second of the next. */
	if (leap && seconds % DAY_S != 0)
		return false;
	*out = seconds * USEC_S + fraction;
	return true;
}

size_t clock_format(usec t, char out[CLOCK_TEXT])
{
	int64_t fraction = ((t % USEC_S) + USEC_S) % USEC_S;
	time_t seconds = t / USEC_S - (t % USEC_S < 0);
	struct tm tm;
	size_t n;

	if (seconds < FIRST_S)
		seconds = FIRST_S;
	if (seconds > LAST_S)
		seconds = LAST_S;
	gmtime_r(&seconds, &tm);
	n = (size_t)snprintf(out, CLOCK_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u", (unsigned)(tm.tm_year + 1900) % 10000,
		(unsigned)(tm.tm_mon + 1) % 100, (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100,
		(unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
	if (fraction != 0)
		n += (size_t)snprintf(out + n, CLOCK_TEXT - n, ".%06u", (unsigned)fraction % 1000000);
	n += (size_t)snprintf(out + n, CLOCK_TEXT - n, "Z");
	return n;
}
