#include "template.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MARK "{uuid}"
#define MARKS_MAX 4
#define TEMPLATES_MAX 1024
#define UUID_TEXT 36
#define FILE_MAX (64 << 20)

static struct template
{
	char *text;
	size_t n, mark[MARKS_MAX];
	int n_marks;
}
all[TEMPLATES_MAX];
static size_t count, turn;
static uint64_t seed;

static void refuse(const char *file, const char *why)
{
	fprintf(stderr, "load: %s: %s\n", file, why);
	exit(1);
}

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014 */
static uint64_t random_u64(void)
{
	uint64_t z = (seed += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void put_uuid(char *at)
{
	static const char digit[] = "0123456789abcdef";
	uint64_t half[2] = { (random_u64() & ~UINT64_C(0xf000)) | 0x4000,
		(random_u64() & ~(UINT64_C(3) << 62)) | UINT64_C(1) << 63 };

	for (int i = 0, n = 0; i < UUID_TEXT; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			at[i] = '-';
			continue;
		}
		at[i] = digit[half[n / 16] >> (60 - n % 16 * 4) & 15];
		n++;
	}
}

static void add(struct template *t, const char *from, size_t n)
{
	memcpy(t->text + t->n, from, n);
	t->n += n;
}

static char *read_whole(const char *file, size_t *n)
{
	FILE *f = fopen(file, "rb");
	char *text = malloc(FILE_MAX + 1);

	if (f == NULL || text == NULL)
		refuse(file, "cannot be read");
	*n = fread(text, 1, FILE_MAX, f);
	text[*n] = '\0';
	fclose(f);
	return text;
}

void template_read(const char *file)
{
	size_t n;
	char *text = read_whole(file, &n), *from = text, *at, *body = strstr(text, "\r\n\r\n");
	struct template *t = &all[count];

	if (count == TEMPLATES_MAX)
		refuse(file, "is one too many");
	t->text = malloc(n + MARKS_MAX * UUID_TEXT);
	if (body == NULL || t->text == NULL || getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		refuse(file, "is no HTTP request");
	while (t->n_marks < MARKS_MAX && (at = strstr(from, MARK)) != NULL && at < body) {
		add(t, from, (size_t)(at - from));
		t->mark[t->n_marks++] = t->n;
		t->n += UUID_TEXT;
		from = at + strlen(MARK);
	}
	add(t, from, n - (size_t)(from - text));
	free(text);
	count++;
}

size_t template_max(void)
{
	size_t most = 0;

	for (size_t i = 0; i < count; i++)
		most = all[i].n > most ? all[i].n : most;
	return most;
}

size_t template_next(char *copy)
{
	const struct template *t = &all[turn++ % count];

	memcpy(copy, t->text, t->n);
	for (int i = 0; i < t->n_marks; i++)
		put_uuid(copy + t->mark[i]);
	return t->n;
}
