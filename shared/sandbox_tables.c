/* SPDX-License-Identifier: ISC */
/*
 * The system call tables that processes share, sorted by name within each.
 * What is here is allowed everywhere: add to a process's own table first.
 */

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <linux/seccomp.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>

#include "sandbox.h"

static const struct sandbox_rule base_rules[] = {
	SB_ALLOW(brk, "malloc"),
	SB_ALLOW(capget, "report: capabilities of this process"),
	SB_ALLOW(clock_gettime, "time where the vDSO cannot tell it"),
	SB_ALLOW(close, "give up an fd"),
	SB_ALLOW(exit, "end of a thread"),
	SB_ALLOW(exit_group, "end of the process"),
	SB_ALLOW_IF(fcntl, "look at the flags of an fd", SB_EQ32(1, F_GETFL)),
	SB_ALLOW(fstat, "what kind of fd is this"),
	SB_ALLOW(futex, "locks between threads"),
	SB_ALLOW(getpid, "log, random numbers after a fork"),
	SB_ALLOW(getrandom, "keys, nonces, indices"),
	SB_ALLOW(getresgid, "report: group ids"),
	SB_ALLOW(getresuid, "report: user ids"),
	SB_ALLOW(gettid, "locks, abort"),
	SB_ALLOW(gettimeofday, "time where the vDSO cannot tell it"),
	SB_ALLOW(madvise, "malloc gives memory back"),
	SB_ALLOW_IF(mmap, "memory, never executable", SB_CLEAR(2, PROT_EXEC)),
	SB_ALLOW_IF(mprotect, "malloc, never executable",
	    SB_CLEAR(2, PROT_EXEC)),
	SB_ALLOW(mremap, "realloc of large blocks"),
	SB_ALLOW(munmap, "free"),
	/* An fd with an empty path; libc's fstat is this since glibc 2.33. */
	SB_ALLOW_IF(newfstatat, "what kind of fd is this",
	    SB_EQ32(3, AT_EMPTY_PATH)),
	SB_ALLOW_IF(prctl, "report: dumpable?", SB_EQ32(0, PR_GET_DUMPABLE)),
	SB_ALLOW_IF(prctl, "report: new privileges?",
	    SB_EQ32(0, PR_GET_NO_NEW_PRIVS)),
	SB_ALLOW_IF(prctl, "report: filtered?", SB_EQ32(0, PR_GET_SECCOMP)),
	SB_ALLOW(read, "input on an open fd"),
	SB_ALLOW(restart_syscall, "a wait goes on after a stop"),
	SB_ALLOW(rt_sigprocmask, "threads, abort"),
	SB_ALLOW(rt_sigreturn, "end of a signal handler"),
	SB_ALLOW(sched_getaffinity, "malloc counts processors"),
	SB_ALLOW(sched_yield, "spin locks"),
	SB_ALLOW(write, "output on an open fd"),
	SB_ALLOW(writev, "libc's last words"),
};

static const struct sandbox_rule loop_rules[] = {
	SB_ALLOW(epoll_ctl, "event loop"),
	SB_ALLOW(epoll_pwait, "event loop"),
	SB_ALLOW(epoll_pwait2, "event loop"),
	SB_ALLOW(epoll_wait, "event loop"),
	SB_ALLOW(poll, "event loop"),
	SB_ALLOW(ppoll, "event loop"),
	SB_ALLOW(recvmsg, "imsg in, with fds"),
	SB_ALLOW(sendmsg, "imsg out, with fds"),
	SB_ALLOW(timerfd_gettime, "the one timer"),
	SB_ALLOW(timerfd_settime, "the one timer"),
};

static const struct sandbox_rule start_rules[] = {
	/* Threads only; clone3 hides its flags, so libc must fall back. */
	SB_ALLOW_IF(clone, "start a thread",
	    SB_MASK(0, CLONE_THREAD, CLONE_THREAD)),
	SB_ERRNO(clone3, ENOSYS, "start a thread; libc then uses clone"),
	SB_ALLOW(epoll_create1, "event loop"),
	SB_ALLOW(eventfd2, "event loop"),
	SB_ALLOW_IF(fcntl, "close-on-exec", SB_EQ32(1, F_SETFD)),
	SB_ALLOW_IF(fcntl, "close-on-exec?", SB_EQ32(1, F_GETFD)),
	SB_ALLOW_IF(fcntl, "own ends of pipes do not block",
	    SB_EQ32(1, F_SETFL)),
	SB_ALLOW_IF(fcntl, "is the ring sealed", SB_EQ32(1, F_GET_SEALS)),
	SB_ALLOW_IF(prctl, "name of a thread", SB_EQ32(0, PR_SET_NAME)),
	SB_ALLOW(prlimit64, "limits, size of a thread's stack"),
	SB_ALLOW(rseq, "start of a thread"),
	SB_ALLOW(rt_sigaction, "signal handlers"),
	SB_ALLOW(set_robust_list, "start of a thread"),
	SB_ALLOW(timerfd_create, "the one timer"),
};

/* No listener: what follows may only be narrower. */
static const struct sandbox_rule next_rules[] = {
	SB_ALLOW_IF(seccomp, "load the next filter",
	    SB_EQ32(0, SECCOMP_SET_MODE_FILTER),
	    SB_CLEAR(1, SECCOMP_FILTER_FLAG_NEW_LISTENER)),
	SB_ALLOW_IF(prctl, "load the next filter",
	    SB_EQ32(0, PR_GET_NO_NEW_PRIVS)),
};

/*
 * Found with strace for gcc 12 and clang 14: threads, reports and abort.  Its
 * wish to see files and to start a symbolizer is refused, not punished.
 */
static const struct sandbox_rule sanitizer_rules[] = {
	SB_ERRNO(access, EACCES, "report: look for a symbolizer"),
	SB_ALLOW(close, "report"),
	SB_ALLOW(exit_group, "report"),
	SB_ALLOW_IF(fcntl, "report", SB_EQ32(1, F_SETFD)),
	SB_ERRNO(fork, EPERM, "report: start a symbolizer"),
	SB_ALLOW(futex, "report"),
	SB_ALLOW(getpid, "report, abort"),
	SB_ALLOW(gettid, "report, abort"),
	SB_ALLOW_IF(ioctl, "report: is stderr a terminal",
	    SB_EQ32(1, TCGETS)),
	SB_ALLOW(lseek, "report"),
	SB_ALLOW(madvise, "give shadow memory back"),
	SB_ALLOW(nanosleep, "wait for another thread's report"),
	SB_ALLOW(newfstatat, "report: look for files"),
	SB_ERRNO(open, EACCES, "report: memory map, symbols"),
	SB_ERRNO(openat, EACCES, "report: memory map, symbols"),
	SB_ERRNO(pipe, EMFILE, "report: start a symbolizer"),
	SB_ERRNO(pipe2, EMFILE, "report: start a symbolizer"),
	SB_ALLOW(prlimit64, "size of the stack"),
	SB_ERRNO(readlink, EACCES, "report: own name"),
	SB_ERRNO(readlinkat, EACCES, "report: own name"),
	SB_ALLOW(rt_sigaction, "report"),
	SB_ALLOW(rt_sigprocmask, "threads, abort"),
	SB_ALLOW(sched_getaffinity, "size of the stack"),
	SB_ALLOW(sched_yield, "locks"),
	SB_ALLOW(set_robust_list, "threads"),
	SB_ALLOW(sigaltstack, "start and end of a thread"),
	SB_ERRNO(stat, EACCES, "report: look for files"),
	SB_ALLOW(tgkill, "abort"),
	SB_ALLOW(write, "report"),
};

const struct sandbox_table sandbox_base =
    SB_TABLE("base", base_rules, NULL);
const struct sandbox_table sandbox_loop =
    SB_TABLE("loop", loop_rules, &sandbox_base);
const struct sandbox_table sandbox_start =
    SB_TABLE("start", start_rules, &sandbox_loop);
const struct sandbox_table sandbox_next =
    SB_TABLE("next filter", next_rules, NULL);
const struct sandbox_table sandbox_sanitizer =
    SB_TABLE("sanitizer build", sanitizer_rules, NULL);
