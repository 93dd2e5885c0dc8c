#include "crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"

#define HEX32_FILE 68 /* "0x", 64 digits, a newline, and one byte more to see that there is more */

struct secret {
	uint8_t *p; /* sodium_malloc: locked, between guard pages, not dumped, read-only once filled */
	size_t n;
};

static struct secret *allocate(size_t n)
{
	struct secret *s = malloc(sizeof(*s));

	if (sodium_init() < 0 || s == NULL)
		abort();
	s->p = sodium_malloc(n);
	s->n = n;
	if (s->p == NULL)
		abort();
	return s;
}

struct secret *secret_of(str bytes)
{
	struct secret *s = allocate(bytes.n);

	if (bytes.n > 0)
		memcpy(s->p, bytes.p, bytes.n);
	sodium_mprotect_readonly(s->p);
	return s;
}

str secret_bytes(const struct secret *s)
{
	return str_of(s->p, s->n);
}

void secret_free(struct secret **s)
{
	if (*s == NULL)
		return;
	sodium_free((*s)->p); /* wipes */
	free(*s);
	*s = NULL;
}

static bool open_private(struct work *w, const char *path, int *fd)
{
	struct stat st;

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0)
		return err_set(w, ERR_INVALID, "secret.unreadable", "%s: %s", path, strerror(errno));
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) == 0)
		return true;
	close(*fd);
	return err_set(w, ERR_INVALID, "secret.mode", "%s: must be a file that only its owner may read", path);
}

/* At most max bytes; a short read of a regular file is its end. */
static bool read_up_to(int fd, char *p, size_t max, size_t *n)
{
	ssize_t got;

	for (*n = 0; *n < max; *n += (size_t)got) {
		got = read(fd, p + *n, max - *n);
		if (got == 0)
			break;
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got < 0)
			return false;
	}
	return true;
}

static bool decode(str text, uint8_t out[32])
{
	if (str_ends(text, STR("\n")))
		text.n--;
	if (str_starts(text, STR("0x")))
		text = str_skip(text, 2);
	return hex_decode(text, out, 32);
}

bool secret_load_hex32(struct work *w, const char *path, struct secret **out)
{
	char text[HEX32_FILE];
	uint8_t bytes[32];
	size_t n = 0;
	int fd;
	bool readable, formed;

	if (!open_private(w, path, &fd))
		return false;
	readable = read_up_to(fd, text, sizeof(text), &n);
	formed = readable && decode(str_of(text, n), bytes);
	close(fd);
	if (formed)
		*out = secret_of(str_of(bytes, sizeof(bytes)));
	sodium_memzero(text, sizeof(text));
	sodium_memzero(bytes, sizeof(bytes));
	if (!readable)
		return err_set(w, ERR_INVALID, "secret.unreadable", "%s: cannot be read", path);
	return formed || err_set(w, ERR_INVALID, "secret.format", "%s: must hold 64 hex digits", path);
}
