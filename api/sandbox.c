#include "host.h"

#include "sandbox.h"

#include <kore/hooks.h>
#include <kore/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static pid_t parent;

#if defined(__SANITIZE_ADDRESS__)
/* Kore keeps its route's expression and its log buffer where the leak check does not look, a worker that starts again
 * loses its parent's pools, and the filter program stays until the end. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);

HOOK const char *__lsan_default_options(void)
{
	return "print_suppressions=0";
}

HOOK const char *__lsan_default_suppressions(void)
{
	return "leak:kore_seccomp_enable\nleak:kore_accesslog_gather\nleak:kore_pool_init\n";
}
#endif

/* Kore 4.1 lists what it calls itself; these are added for glibc 2.36, libpq and hiredis. Everything else kills. */
static struct sock_filter filter[] = {
#if defined(__SANITIZE_ADDRESS__)
	KORE_BPF_RET(SECCOMP_RET_ALLOW), /* the sanitizers' own calls; the filter is proven with the release flavour */
#endif
	/* files: libpq's .pgpass and certificates, the resolver's files, stat through glibc */
	KORE_SYSCALL_ALLOW(newfstatat), KORE_SYSCALL_ALLOW(faccessat2), KORE_SYSCALL_ALLOW(pread64),
	KORE_SYSCALL_ALLOW(getdents64), KORE_SYSCALL_ALLOW(readlinkat),
	/* memory above 128 KB grows by mremap */
	KORE_SYSCALL_ALLOW(mremap),
	/* abort() and assert() must be able to say so */
	KORE_SYSCALL_ALLOW(gettid), KORE_SYSCALL_ALLOW(tgkill), KORE_SYSCALL_ALLOW(getppid),
	/* sockets to PostgreSQL and Redis, names resolved on the way */
	KORE_SYSCALL_ALLOW(socket), KORE_SYSCALL_ALLOW(connect), KORE_SYSCALL_ALLOW(bind),
	KORE_SYSCALL_ALLOW(getsockopt), KORE_SYSCALL_ALLOW(getsockname), KORE_SYSCALL_ALLOW(getpeername),
	KORE_SYSCALL_ALLOW(shutdown), KORE_SYSCALL_ALLOW(sendmmsg), KORE_SYSCALL_ALLOW(sendmsg),
	KORE_SYSCALL_ALLOW(recvmsg), KORE_SYSCALL_ALLOW(uname), KORE_SYSCALL_ALLOW(getrusage),
	KORE_SYSCALL_ALLOW(sysinfo), KORE_SYSCALL_ALLOW(sched_yield), KORE_SYSCALL_ALLOW(rseq),
	KORE_SYSCALL_ALLOW(restart_syscall), /* a wait goes on after SIGSTOP and SIGCONT */
};

void sandbox_prepare(int sockets)
{
	struct rlimit limit = { 0, 0 };
	rlim_t wanted = (rlim_t)sockets + 512;

	parent = getpid();
	setrlimit(RLIMIT_CORE, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	setrlimit(RLIMIT_NOFILE, &limit);
	/* Kore asks for this many above those that are open and cannot raise the hard limit. */
	worker_rlimit_nofiles = (u_int32_t)(limit.rlim_max < wanted ? limit.rlim_max - 64 : (rlim_t)sockets + 256);
}

bool sandbox_parent_alive(void)
{
	return getppid() == parent;
}

/* A worker that outlived a killed parent would keep the port: it drains and ends with it. */
HOOK void kore_seccomp_hook(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 || !sandbox_parent_alive())
		_exit(1);
	kore_seccomp_filter("patchwork", filter, KORE_FILTER_LEN(filter));
}
