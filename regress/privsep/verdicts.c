/* SPDX-License-Identifier: ISC */
/*
 * What each process may not do, asked of the kernel: a forked process goes
 * through the real drop, Landlock and filters, and then tries one system call.
 * The table below is written by hand and not made from those under test.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/if_tun.h>
#include <linux/keyctl.h>
#include <linux/sched.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "regress/privsep/held.h"
#include "regress/unit/unit.h"

#define NOBODY		0x3ffffff	/* larger than any pid */
#define X32		0x40000000

static uint8_t		 page[4096] __attribute__((aligned(4096)));
/* Anybody may read it, and no configuration is there. */
static char		 path[] = "/proc/version";
static struct sockaddr_in sin_any;	/* family is set in main() */
static struct clone_args fork_args;

#define A(p)	((unsigned long)(uintptr_t)(p))

/*
 * Death, but: where `may`, the filter lets it through, and it fails with err
 * for another reason (nothing is there, Landlock), or works if err is 0; where
 * `refused`, the filter itself has it fail with err.
 */
static const struct call {
	const char	*name;
	long		 nr;
	unsigned long	 arg[6];
	unsigned	 may;
	unsigned	 refused;
	int		 err;
} calls[] = {
	/* files */
	{ "open", SYS_open, { A(path), O_RDONLY }, 0, 0, 0 },
	{ "creat", SYS_creat, { A(path), 0600 }, 0, 0, 0 },
	{ "openat to read", SYS_openat, { (unsigned long)AT_FDCWD, A(path),
	    O_RDONLY | O_NONBLOCK }, PC, 0, EACCES },
	{ "openat to write", SYS_openat, { NOBODY, A("x"), O_WRONLY },
	    0, 0, 0 },
	{ "openat to truncate", SYS_openat, { NOBODY, A("x"), O_TRUNC },
	    0, 0, 0 },
	{ "openat of a new file", SYS_openat, { NOBODY, A("x"), O_WRONLY |
	    O_CREAT | O_EXCL | O_NOFOLLOW, 0600 }, PC, 0, EBADF },
	{ "openat of a perhaps new file", SYS_openat, { NOBODY, A("x"),
	    O_WRONLY | O_CREAT | O_NOFOLLOW, 0600 }, 0, 0, 0 },
	{ "openat of a nameless file", SYS_openat, { NOBODY, A("."),
	    O_RDWR | O_TMPFILE, 0600 }, 0, 0, 0 },
	{ "openat2", SYS_openat2, { (unsigned long)AT_FDCWD, A(path),
	    A(page), 24 }, 0, 0, 0 },
	{ "open_by_handle_at", SYS_open_by_handle_at, { 0 }, 0, 0, 0 },
	{ "stat", SYS_stat, { A(path), A(page) }, 0, 0, 0 },
	{ "statx", SYS_statx, { 0, A(path) }, 0, 0, 0 },
	{ "newfstatat of a path", SYS_newfstatat, { (unsigned long)AT_FDCWD,
	    A(path), A(page), 0 }, PC, 0, 0 },
	{ "access", SYS_access, { A(path) }, 0, 0, 0 },
	{ "readlink", SYS_readlink, { A(path), A(page), 10 }, 0, 0, 0 },
	{ "getdents64", SYS_getdents64, { 0, A(page), 10 }, 0, 0, 0 },
	{ "unlink", SYS_unlink, { A("/nonexistent") }, 0, 0, 0 },
	{ "unlinkat", SYS_unlinkat, { NOBODY, A("/nonexistent") },
	    PR, 0, ENOENT },
	{ "renameat", SYS_renameat, { NOBODY, A("x"), NOBODY, A("y") },
	    PC, 0, EBADF },
	{ "renameat2", SYS_renameat2, { NOBODY, A("x"), NOBODY, A("y") },
	    0, 0, 0 },
	{ "rename", SYS_rename, { A("/nonexistent"), A("/x") }, 0, 0, 0 },
	{ "mkdir", SYS_mkdir, { A("/proc/x") }, 0, 0, 0 },
	{ "chmod", SYS_chmod, { A("/nonexistent"), 0 }, 0, 0, 0 },
	{ "fchmod", SYS_fchmod, { NOBODY, 0 }, 0, 0, 0 },
	{ "fchown", SYS_fchown, { NOBODY, 0 }, 0, 0, 0 },
	{ "link", SYS_link, { A("/nonexistent"), A("/x") }, 0, 0, 0 },
	{ "mknod", SYS_mknod, { A("/proc/x"), 0 }, 0, 0, 0 },
	{ "chdir", SYS_chdir, { A("/") }, 0, 0, 0 },
	{ "chroot", SYS_chroot, { A("/") }, 0, 0, 0 },
	{ "pivot_root", SYS_pivot_root, { A("/nonexistent"), A("/x") },
	    0, 0, 0 },
	{ "mount", SYS_mount, { A("x"), A("/nonexistent"), A("proc") },
	    0, 0, 0 },
	{ "umount2", SYS_umount2, { A("/nonexistent"), 0 }, 0, 0, 0 },
	{ "open_tree", SYS_open_tree, { NOBODY, A(path), 0 }, 0, 0, 0 },
	{ "fsopen", SYS_fsopen, { A("x"), 0 }, 0, 0, 0 },
	{ "truncate", SYS_truncate, { A("/nonexistent"), 0 }, 0, 0, 0 },
	{ "ftruncate", SYS_ftruncate, { NOBODY, 0 }, CS | NS | PC, 0, EBADF },
	{ "memfd_create", SYS_memfd_create, { A("x"), 0 }, CS | NS, 0, 0 },
	{ "inotify_init1", SYS_inotify_init1, { 0 }, 0, 0, 0 },
	{ "fanotify_init", SYS_fanotify_init, { 0 }, 0, 0, 0 },

	/* sockets */
	/* Of all families: see below. */
	{ "socket of UDP-Lite", SYS_socket, { AF_INET, SOCK_DGRAM,
	    IPPROTO_UDPLITE }, 0, 0, 0 },
	{ "socket of pings", SYS_socket, { AF_INET, SOCK_DGRAM, IPPROTO_ICMP },
	    0, 0, 0 },
	{ "raw socket", SYS_socket, { AF_INET, SOCK_RAW, IPPROTO_UDP },
	    0, 0, 0 },
	{ "AF_ALG socket", SYS_socket, { AF_ALG, SOCK_SEQPACKET }, 0, 0, 0 },
	{ "socketpair", SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0, A(page) },
	    0, 0, 0 },
	{ "connect", SYS_connect, { NOBODY, A(&sin_any), sizeof(sin_any) },
	    PC, 0, EBADF },
	{ "bind", SYS_bind, { NOBODY, A(&sin_any), sizeof(sin_any) },
	    PR, 0, EBADF },
	{ "listen", SYS_listen, { NOBODY, 1 }, 0, 0, 0 },
	{ "accept", SYS_accept, { NOBODY, 0, 0 }, 0, 0, 0 },
	{ "accept4", SYS_accept4, { NOBODY, 0, 0,
	    SOCK_NONBLOCK | SOCK_CLOEXEC }, TS | TR, 0, EBADF },
	{ "accept4 that blocks", SYS_accept4, { NOBODY, 0, 0, SOCK_CLOEXEC },
	    0, 0, 0 },
	{ "accept4 with an address", SYS_accept4, { NOBODY, A(page), A(page),
	    SOCK_NONBLOCK | SOCK_CLOEXEC }, 0, 0, 0 },
	{ "sendto with an address", SYS_sendto, { NOBODY, A(page), 1, 0,
	    A(&sin_any), sizeof(sin_any) }, 0, 0, 0 },
	{ "sendto", SYS_sendto, { NOBODY, A(page), 1 }, PR, 0, EBADF },
	{ "recvfrom with an address", SYS_recvfrom, { NOBODY, A(page), 1, 0,
	    A(page), A(page) }, 0, 0, 0 },
	{ "sendmmsg that blocks", SYS_sendmmsg, { NOBODY, A(page), 1, 0 },
	    0, 0, 0 },
	{ "sendmmsg", SYS_sendmmsg, { NOBODY, A(page), 1, MSG_DONTWAIT },
	    NS | NR, 0, EBADF },
	{ "recvmmsg that blocks", SYS_recvmmsg, { NOBODY, A(page), 1, 0 },
	    0, 0, 0 },
	{ "recvmmsg", SYS_recvmmsg, { NOBODY, A(page), 1, MSG_DONTWAIT },
	    NS | NR, 0, EBADF },
	{ "setsockopt of a mark", SYS_setsockopt, { NOBODY, SOL_SOCKET,
	    SO_MARK, A(page), 4 }, PR, 0, EBADF },
	{ "setsockopt of a filter", SYS_setsockopt, { NOBODY, 0xfe,
	    SO_ATTACH_FILTER, A(page), 16 }, 0, 0, 0 },
	{ "getsockopt of credentials", SYS_getsockopt, { NOBODY, SOL_SOCKET,
	    SO_PEERCRED, A(page), A(page) }, CS | TS | TR, 0, EBADF },
	{ "getpeername", SYS_getpeername, { NOBODY, A(page), A(page) },
	    0, 0, 0 },
	{ "shutdown", SYS_shutdown, { NOBODY, 2 }, 0, 0, 0 },

	/* programs and processes */
	{ "execve", SYS_execve, { A("/nonexistent") }, 0, 0, 0 },
	{ "execveat", SYS_execveat, { NOBODY, A("/nonexistent") }, 0, 0, 0 },
	{ "fork", SYS_fork, { 0 }, 0, 0, 0 },
	{ "vfork", SYS_vfork, { 0 }, 0, 0, 0 },
	{ "clone of a process", SYS_clone, { SIGCHLD }, 0, 0, 0 },
	{ "clone of a namespace", SYS_clone, { CLONE_NEWUSER | SIGCHLD },
	    0, 0, 0 },
	{ "clone3", SYS_clone3, { A(&fork_args), sizeof(fork_args) },
	    0, START, ENOSYS },
	{ "unshare", SYS_unshare, { CLONE_NEWUSER }, 0, 0, 0 },
	{ "setns", SYS_setns, { NOBODY, 0 }, 0, 0, 0 },
	{ "ptrace", SYS_ptrace, { PTRACE_ATTACH, NOBODY }, 0, 0, 0 },
	{ "PTRACE_TRACEME", SYS_ptrace, { PTRACE_TRACEME }, 0, 0, 0 },
	{ "process_vm_readv", SYS_process_vm_readv, { NOBODY }, 0, 0, 0 },
	{ "process_vm_writev", SYS_process_vm_writev, { NOBODY }, 0, 0, 0 },
	{ "kcmp", SYS_kcmp, { NOBODY, NOBODY }, 0, 0, 0 },
	{ "pidfd_open", SYS_pidfd_open, { NOBODY }, 0, 0, 0 },
	{ "pidfd_getfd", SYS_pidfd_getfd, { NOBODY }, 0, 0, 0 },
	{ "pidfd_send_signal", SYS_pidfd_send_signal, { NOBODY }, 0, 0, 0 },
	{ "kill", SYS_kill, { NOBODY, SIGTERM }, 0, 0, 0 },
	{ "kill with SIGKILL", SYS_kill, { NOBODY, SIGKILL }, PR, 0, ESRCH },
	{ "tkill", SYS_tkill, { NOBODY, SIGTERM }, 0, 0, 0 },
	{ "tgkill", SYS_tgkill, { NOBODY, NOBODY, SIGTERM }, 0, 0, 0 },
	{ "rt_sigqueueinfo", SYS_rt_sigqueueinfo, { NOBODY, SIGTERM },
	    0, 0, 0 },
	{ "wait4", SYS_wait4, { NOBODY, 0, WNOHANG }, PR, 0, ECHILD },
	{ "prlimit64 of another", SYS_prlimit64, { NOBODY, 0, 0, 0 },
	    START, 0, ESRCH },
	{ "setitimer of real time", SYS_setitimer, { 0, 0, 0 }, TS | TR, 0,
	    0 },
	{ "setitimer of CPU time", SYS_setitimer, { 1, 0, 0 }, 0, 0, 0 },
	{ "setpriority", SYS_setpriority, { 0, 0, 0 }, 0, 0, 0 },
	{ "setpgid", SYS_setpgid, { 0, 0 }, 0, 0, 0 },
	{ "setsid", SYS_setsid, { 0 }, 0, 0, 0 },

	/* privileges */
	{ "setuid", SYS_setuid, { 0 }, 0, 0, 0 },
	{ "setresuid", SYS_setresuid, { 0, 0, 0 }, 0, 0, 0 },
	{ "setgroups", SYS_setgroups, { 0, 0 }, 0, 0, 0 },
	{ "capset", SYS_capset, { 0, 0 }, 0, 0, 0 },
	{ "PR_SET_DUMPABLE", SYS_prctl, { PR_SET_DUMPABLE, 1 }, 0, 0, 0 },
	{ "PR_SET_PDEATHSIG", SYS_prctl, { PR_SET_PDEATHSIG, 0 }, 0, 0, 0 },
	{ "PR_SET_PTRACER", SYS_prctl, { PR_SET_PTRACER, 1 }, 0, 0, 0 },
	{ "PR_SET_MM", SYS_prctl, { PR_SET_MM, 0 }, 0, 0, 0 },
	{ "PR_CAP_AMBIENT", SYS_prctl, { PR_CAP_AMBIENT, 0 }, 0, 0, 0 },
	{ "seccomp listener", SYS_seccomp, { 1, 8, A(page) }, 0, 0, 0 },
	{ "personality", SYS_personality, { 0xffffffff }, 0, 0, 0 },
	{ "keyctl", SYS_keyctl, { KEYCTL_GET_KEYRING_ID }, 0, 0, 0 },
	{ "add_key", SYS_add_key, { A("user"), A("x") }, 0, 0, 0 },

	/* memory */
	{ "mmap to execute", SYS_mmap, { 0, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, (unsigned long)-1 }, 0, 0, 0 },
	{ "mprotect to execute", SYS_mprotect, { A(page), 4096,
	    PROT_READ | PROT_WRITE | PROT_EXEC }, 0, 0, 0 },
	{ "pkey_mprotect", SYS_pkey_mprotect, { A(page), 4096, PROT_EXEC },
	    0, 0, 0 },
	{ "remap_file_pages", SYS_remap_file_pages, { A(page), 0 }, 0, 0, 0 },
	{ "munlockall", SYS_munlockall, { 0 }, 0, 0, 0 },
	{ "munlock", SYS_munlock, { A(page), 4096 }, 0, 0, 0 },
	{ "shmget", SYS_shmget, { 0, 4096 }, 0, 0, 0 },
	{ "userfaultfd", SYS_userfaultfd, { 0 }, 0, 0, 0 },
	{ "process_madvise", SYS_process_madvise, { NOBODY }, 0, 0, 0 },
	{ "modify_ldt", SYS_modify_ldt, { 0, A(page), 16 }, 0, 0, 0 },
	{ "arch_prctl", SYS_arch_prctl, { 0x1003, A(page) }, 0, 0, 0 },

	/* large surfaces of the kernel */
	{ "bpf", SYS_bpf, { 0, 0, 0 }, 0, 0, 0 },
	{ "io_uring_setup", SYS_io_uring_setup, { 1, A(page) }, 0, 0, 0 },
	{ "io_setup", SYS_io_setup, { 1, A(page) }, 0, 0, 0 },
	{ "perf_event_open", SYS_perf_event_open, { 0 }, 0, 0, 0 },
	{ "init_module", SYS_init_module, { 0 }, 0, 0, 0 },
	{ "kexec_load", SYS_kexec_load, { 0 }, 0, 0, 0 },
	{ "reboot", SYS_reboot, { 0 }, 0, 0, 0 },
	{ "iopl", SYS_iopl, { 0 }, 0, 0, 0 },
	{ "settimeofday", SYS_settimeofday, { 0, 0 }, 0, 0, 0 },
	{ "sethostname", SYS_sethostname, { 0, 0 }, 0, 0, 0 },
	{ "splice", SYS_splice, { NOBODY }, 0, 0, 0 },
	{ "sendfile", SYS_sendfile, { NOBODY }, 0, 0, 0 },
	{ "getpid of x32", X32 + SYS_getpid, { 0 }, 0, 0, 0 },

	/* descriptors */
	{ "ioctl TIOCSTI", SYS_ioctl, { 0, TIOCSTI, A(page) }, 0, 0, 0 },
	{ "ioctl TUNSETIFF", SYS_ioctl, { 0, TUNSETIFF, A(page) }, 0, 0, 0 },
	/* It would outlive the instance. */
	{ "ioctl TUNSETPERSIST", SYS_ioctl, { 0, TUNSETPERSIST, 1 }, 0, 0, 0 },
	{ "ioctl TUNATTACHFILTER", SYS_ioctl, { 0, TUNATTACHFILTER, A(page) },
	    0, 0, 0 },
	{ "ioctl SIOCGIFINDEX", SYS_ioctl, { NOBODY, 0x8933, A(page) },
	    TS | TR | PC, 0, EBADF },
	{ "dup2", SYS_dup2, { 0, 9 }, 0, 0, 0 },
	{ "F_SETFL", SYS_fcntl, { NOBODY, F_SETFL, 0 }, START, 0, EBADF },
	{ "F_DUPFD", SYS_fcntl, { NOBODY, F_DUPFD, 0 }, 0, 0, 0 },
	{ "F_SETOWN", SYS_fcntl, { NOBODY, F_SETOWN, 1 }, 0, 0, 0 },
	{ "F_ADD_SEALS", SYS_fcntl, { NOBODY, F_ADD_SEALS, 1 }, CS | NS,
	    0, EBADF },
};
#define NCALLS	(sizeof(calls) / sizeof(calls[0]))

static long
do_call(const void *arg)
{
	const struct call *c = arg;
	const unsigned long *a = c->arg;

	return syscall(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* A sanitizer build refuses politely what its run-time asks for. */
static bool
is_refused(const struct call *c, enum verdict v, int err)
{
#ifdef SANITIZER
	return v == DEAD || c->nr == SYS_newfstatat || (v == FAILED &&
	    (err == EACCES || err == EPERM || err == EMFILE || err == ENOENT ||
	    err == ESRCH || err == EBADF));
#else
	(void)c;
	(void)err;
	return v == DEAD;
#endif
}

/* Without Landlock a path is bound by nothing but the filter. */
static int
error_of(const struct call *c)
{
	return c->nr == SYS_openat && c->err == EACCES && !has_landlock() ?
	    0 : c->err;
}

START_TEST(verdicts)
{
	const struct held *h = &held[_i];
	const struct call *c;
	enum verdict v;
	unsigned bit = 1U << _i;
	int err;

	for (c = calls; c < calls + NCALLS; c++) {
		v = held_ask(h, c->name, do_call, c, &err);
		if (((c->may | c->refused) & bit) != 0)
			ck_assert_msg(v != DEAD && err == error_of(c),
			    "%s: %s: verdict %d, error %d, not %d", h->name,
			    c->name, v, err, error_of(c));
		else
			ck_assert_msg(is_refused(c, v, err), "%s may %s (error "
			    "%d)", h->name, c->name, err);
	}
}
END_TEST

/* A socket of each family: UDP is all there is, and for the parent alone. */
START_TEST(families)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW };
	struct held h = held[_i];
	struct call c = { .nr = SYS_socket };
	enum verdict v;
	int err, family;
	bool may;
	size_t t;

	/* A network of its own takes longest, and its filter knows none. */
	h.own_net = false;
	for (family = 0; family < AF_MAX; family++)
		for (t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
			c.arg[0] = (unsigned long)family;
			c.arg[1] = (unsigned long)types[t];
			may = h.proc == PROC_PARENT && types[t] ==
			    SOCK_DGRAM && (family == AF_INET ||
			    family == AF_INET6);
			v = held_ask(&h, "socket", do_call, &c, &err);
			ck_assert_msg(v == (may ? PASSED : DEAD), "%s: socket "
			    "of family %d, type %d: verdict %d, error %d",
			    h.name, family, types[t], v, err);
		}
}
END_TEST

/* Nothing can be loaded over the last one, not even by ourselves. */
START_TEST(the_last_filter_is_the_last)
{
	const struct held *h = &held[_i];
	const struct call more = { "another filter", SYS_seccomp,
	    { 1, 0, A(page) }, 0, 0, 0 };
	int err;

	if (h->last == NULL)
		return;
	ck_assert_int_eq(held_ask(h, more.name, do_call, &more, &err), DEAD);
}
END_TEST

#ifdef __x86_64__
static long
getpid_of_i386(const void *arg)
{
	int nr = 20;

	(void)arg;
	__asm__ volatile ("int $0x80" : "+a" (nr) : : "memory");
	return 0;
}
#endif

/* By the other door, with the numbers of i386, all is lost at once. */
START_TEST(other_architecture)
{
#ifdef __x86_64__
	enum verdict v;
	int err;

	v = held_ask(&held[_i], "int 0x80", getpid_of_i386, NULL, &err);
	/* A kernel without that door gives SIGSEGV. */
	ck_assert_msg(v == DEAD || v == CRASHED, "%s lives", held[_i].name);
#else
	unit_skip("other_architecture", "not an amd64 host");
#endif
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("verdicts");
	TCase *tc = tcase_create("verdicts");

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, world_new, world_end);
	tcase_add_loop_test(tc, verdicts, 0, HELD);
	tcase_add_loop_test(tc, families, 0, HELD);
	tcase_add_loop_test(tc, the_last_filter_is_the_last, 0, HELD);
	tcase_add_loop_test(tc, other_architecture, 0, HELD);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	sin_any.sin_family = AF_INET;
	sin_any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fork_args.exit_signal = SIGCHLD;
	return unit_run("verdicts", suite());
}
