/* Preloaded into a program (LD_PRELOAD), with SCARCE naming a file of five int64 that the test changes while the program runs:
 *   0  allocations so far, counted here              1  the one that fails; 0 = none
 *   2  1 = the disk is full: files under a cluster's base/ do not grow (ENOSPC)
 *   3  microseconds that the wall clock is ahead     4  writes that were refused, counted here */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

enum { ALLOCATED, FAILING, FULL, AHEAD, REFUSED, VALUES };
static _Atomic int64_t *shared; /* NULL = before open_shared, or without a file */

static __attribute__((constructor)) void open_shared(void)
{
	const char *path = getenv("SCARCE");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *at;

	if (fd < 0)
		return;
	at = mmap(NULL, VALUES * sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at != MAP_FAILED)
		shared = at;
}

static int is_refused(void)
{
	return shared != NULL && atomic_fetch_add(&shared[ALLOCATED], 1) + 1 == atomic_load(&shared[FAILING]);
}

void *malloc(size_t n)
{
	if (!is_refused())
		return __libc_malloc(n);
	errno = ENOMEM;
	return NULL;
}

void *calloc(size_t n, size_t size)
{
	if (!is_refused())
		return __libc_calloc(n, size);
	errno = ENOMEM;
	return NULL;
}

void *realloc(void *p, size_t n)
{
	if (!is_refused())
		return __libc_realloc(p, n);
	errno = ENOMEM;
	return NULL;
}

/* Would this write make one of the cluster's tables or indexes longer than the disk has room for? */
static int is_full(int fd, off_t end)
{
	char link[64], path[512];
	struct stat st;
	ssize_t n;

	if (shared == NULL || atomic_load(&shared[FULL]) == 0)
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0 || fstat(fd, &st) != 0 || end <= st.st_size)
		return 0;
	path[n] = '\0';
	if (strstr(path, "/base/") == NULL)
		return 0;
	atomic_fetch_add(&shared[REFUSED], 1);
	errno = ENOSPC;
	return 1;
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	static ssize_t (*next)(int, const void *, size_t, off_t);

	if (next == NULL)
		next = (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite64");
	return is_full(fd, at + (off_t)n) ? -1 : next(fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off_t at)
{
	return pwrite(fd, bytes, n, at);
}

static int64_t ahead(void)
{
	return shared == NULL ? 0 : atomic_load(&shared[AHEAD]);
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	static int (*next)(clockid_t, struct timespec *);
	int rc;

	if (next == NULL)
		next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	rc = next(id, ts);
	if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ts->tv_sec += ahead() / 1000000;
	return rc;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
		return -1;
	*tv = (struct timeval){ ts.tv_sec, ts.tv_nsec / 1000 };
	return 0;
}

time_t time(time_t *out)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (out != NULL)
		*out = ts.tv_sec;
	return ts.tv_sec;
}
