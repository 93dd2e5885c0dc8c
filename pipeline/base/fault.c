#include "base/fault.h"

#ifdef PATCHWORK_FAULTS

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

struct order {
	str point;
	int signal;
	uint64_t time; /* at which arrival, from 1 */
};

/* A misspelt order would let a test pass that stopped nothing. */
static _Noreturn void refuse(const char *variable, const char *text)
{
	fprintf(stderr, "level=error event=fault.misused variable=%s value=\"%s\"\n", variable, text);
	abort();
}

static struct order parse(const char *text)
{
	struct order order = { .time = 1 };
	str rest = str_c(text), how, times;

	if (!str_next(&rest, ':', &order.point) || !str_next(&rest, ':', &how))
		refuse("PATCHWORK_FAULT", text);
	if (str_eq(how, STR("kill")))
		order.signal = SIGKILL;
	else if (str_eq(how, STR("stop")))
		order.signal = SIGSTOP;
	else
		refuse("PATCHWORK_FAULT", text);
	if (str_next(&rest, ':', &times) && (!str_u64(times, &order.time) || order.time == 0))
		refuse("PATCHWORK_FAULT", text);
	if (rest.n != 0)
		refuse("PATCHWORK_FAULT", text);
	return order;
}

/* One write per line, so that processes may share the file. */
static void note(const char *path, const char *name)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	char line[128];
	int n = snprintf(line, sizeof(line), "%s\n", name);

	if (fd < 0 || n >= (int)sizeof(line) || write(fd, line, (size_t)n) != n)
		refuse("PATCHWORK_FAULT_LOG", path);
	close(fd);
}

void fault_point(const char *name)
{
	static _Atomic uint64_t arrivals;
	const char *text = getenv("PATCHWORK_FAULT"), *path = getenv("PATCHWORK_FAULT_LOG");
	struct order order;

	if (path != NULL && path[0] != '\0')
		note(path, name);
	if (text == NULL || text[0] == '\0')
		return;
	order = parse(text);
	if (!str_eq(order.point, str_c(name)) || atomic_fetch_add(&arrivals, 1) + 1 != order.time)
		return;
	kill(getpid(), order.signal);
	while (order.signal == SIGKILL)
		pause();
	usleep(100000); /* another thread may have taken SIGSTOP: this one does not get further meanwhile */
}

#endif
