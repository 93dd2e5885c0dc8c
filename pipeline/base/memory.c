/* Allocation cannot fail, whoever asks: without memory the process ends at once, with one line, and leases bring its jobs back.
 * That our own code keeps to this is not enough. Libraries go on with an error, and some with a NULL: OpenSSL 3.0 when its default
 * context cannot be made (openssl/openssl#25442), MIT Kerberos 1.20 when SPNEGO lists mechanisms, both while libpq connects. So
 * malloc and its kin are the program's, for libraries too, as glibc lets a program do; they ask the next one for the memory. */
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The sanitizer's allocator ends the process by itself. */
#ifndef __SANITIZE_ADDRESS__

#define FOR_ALL __attribute__((visibility("default")))
#define NEXT(name, type) ((type)dlsym(RTLD_NEXT, name))

static _Noreturn void exhausted(size_t size)
{
	char line[80];
	int n = snprintf(line, sizeof(line), "level=error event=memory.exhausted size=%zu\n", size);

	if (write(STDERR_FILENO, line, (size_t)n) != n)
		errno = ENOMEM; /* nobody reads it: the signal says enough */
	abort();
}

FOR_ALL void *malloc(size_t size)
{
	static void *(*_Atomic next)(size_t);
	void *p;

	if (next == NULL)
		next = NEXT("malloc", void *(*)(size_t));
	p = next(size);
	if (p == NULL && size > 0)
		exhausted(size);
	return p;
}

FOR_ALL void *calloc(size_t n, size_t size)
{
	static void *(*_Atomic next)(size_t, size_t);
	void *p;

	if (next == NULL)
		next = NEXT("calloc", void *(*)(size_t, size_t));
	p = next(n, size);
	if (p == NULL && n > 0 && size > 0)
		exhausted(n > SIZE_MAX / size ? SIZE_MAX : n * size);
	return p;
}

/* realloc(p, 0) frees p, and its NULL is no failure. */
FOR_ALL void *realloc(void *old, size_t size)
{
	static void *(*_Atomic next)(void *, size_t);
	void *p;

	if (next == NULL)
		next = NEXT("realloc", void *(*)(void *, size_t));
	p = next(old, size);
	if (p == NULL && size > 0)
		exhausted(size);
	return p;
}

#endif
