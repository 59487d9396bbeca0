/* SPDX-License-Identifier: ISC */
/*
 * System call filters.  Each case is a child that puts itself
 * into a sandbox and then does what must work or what must be its end.
 */

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/seccomp.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include "shared/sandbox.h"

#define CLAIM(x)							\
	do {								\
		if (!(x)) {						\
			dprintf(STDERR_FILENO, "# line %d: %s (%s)\n",	\
			    __LINE__, #x, strerror(errno));		\
			_exit(1);					\
		}							\
	} while (0)

/* The ways to end: by itself, refused, or anything else. */
#define DONE		0
#define REFUSED		1000

static int
child(void (*fn)(void))
{
	int	status;
	pid_t	pid;

	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		fn();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
#ifdef SANDBOX_DEBUG
	if (WIFEXITED(status) && WEXITSTATUS(status) == SANDBOX_DEBUG_EXIT)
		return REFUSED;
#endif
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? REFUSED :
		    -WTERMSIG(status);
	return WEXITSTATUS(status);
}

static const struct sandbox_rule none_rules[] = {
	SB_ALLOW(getppid, "test"),
};
static const struct sandbox_table t_plain =
    SB_TABLE("plain", none_rules, &sandbox_base);

static const struct sandbox_rule wide_rules[] = {
	SB_ALLOW(getppid, "test"),
	SB_ALLOW(socket, "test"),
};
static const struct sandbox_table t_wide =
    SB_TABLE("wide", wide_rules, &sandbox_start);

static const struct sandbox_rule args_rules[] = {
	SB_ALLOW_IF(socket, "test", SB_EQ32(0, AF_UNIX),
	    SB_EQ32(1, SOCK_STREAM)),
	SB_ALLOW_IF(socket, "test", SB_EQ32(0, AF_INET),
	    SB_MASK(1, 0xf, SOCK_DGRAM), SB_EQ32(2, 0)),
	SB_ERRNO(getpgid, EPERM, "test"),
	/* The own rule beats that of the base. */
	SB_ERRNO(getpid, EXDEV, "test"),
	/* The base allows only some of fcntl; this makes that moot. */
	SB_ALLOW(fcntl, "test"),
	/* Moot, as the base has conditional rules. */
	SB_ERRNO(prctl, ENXIO, "test"),
};
static const struct sandbox_table t_args =
    SB_TABLE("args", args_rules, &sandbox_base);

static void
apply(const struct sandbox_table *table, int last)
{
	CLAIM(sandbox_apply(table, last) == 0);
}

static void
do_allowed(void)
{
	unsigned char	rnd[16];
	char		*p;

	apply(&t_plain, 1);
	CLAIM(getppid() > 0);
	CLAIM(syscall(SYS_getrandom, rnd, sizeof(rnd), 0) == sizeof(rnd));
	p = malloc((size_t)8 << 20);
	CLAIM(p != NULL);
	memset(p, 1, (size_t)8 << 20);
	p = realloc(p, (size_t)16 << 20);
	CLAIM(p != NULL);
	free(p);
	CLAIM(fcntl(0, F_GETFL) != -1);
}

static void
do_socket(void)
{
	apply(&t_plain, 1);
	socket(AF_UNIX, SOCK_STREAM, 0);
}

static void
do_execve(void)
{
	char	*argv[] = { NULL };

	apply(&t_plain, 1);
	execve("/bin/true", argv, argv);
}

static void
do_ptrace(void)
{
	apply(&t_plain, 1);
	syscall(SYS_ptrace, 0, 0, 0, 0);
}

static void
do_mmap_exec(void)
{
	apply(&t_plain, 1);
	CLAIM(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);
}

static void
do_mprotect_exec(void)
{
	void	*p;

	apply(&t_plain, 1);
	p = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CLAIM(mprotect(p, 4096, PROT_READ | PROT_WRITE) == 0);
	mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static void
do_pkey_mprotect(void)
{
	apply(&t_plain, 1);
	syscall(SYS_pkey_mprotect, 0, 0, PROT_EXEC, -1);
}

static void
do_setfl(void)
{
	apply(&t_plain, 1);
	fcntl(0, F_SETFL, 0);
}

static void
do_set_dumpable(void)
{
	apply(&t_plain, 1);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/* A path where only an fd may be asked; a sanitizer build allows it. */
static void
do_stat(void)
{
	struct stat	st;

	apply(&t_plain, 1);
	CLAIM(fstat(0, &st) == 0);
	stat("/", &st);
#ifdef SANITIZER
	socket(AF_UNIX, SOCK_STREAM, 0);
#endif
}

static void
do_alternatives(void)
{
	apply(&t_args, 1);
	CLAIM(socket(AF_UNIX, SOCK_STREAM, 0) != -1);
	CLAIM(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) != -1);
	/* The kernel ignores the upper half of an int, and so does the rule. */
	CLAIM(syscall(SYS_socket, 0xdead00000000UL | AF_UNIX, SOCK_STREAM, 0)
	    != -1);
	CLAIM(getpgid(0) == -1 && errno == EPERM);
	CLAIM(syscall(SYS_getpid) == -1 && errno == EXDEV);
	CLAIM(fcntl(0, F_SETFL, fcntl(0, F_GETFL)) == 0);
	CLAIM(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER);
}

static void
do_mixed_args(void)
{
	apply(&t_args, 1);
	socket(AF_UNIX, SOCK_DGRAM, 0);
}

static void
do_mixed_args2(void)
{
	apply(&t_args, 1);
	socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
}

static void
do_moot_errno(void)
{
	apply(&t_args, 1);
	prctl(PR_SET_NAME, "x", 0, 0, 0);
}

static atomic_int	thread_state;

static void *
thread_main(void *arg)
{
	atomic_store(&thread_state, 1);
	while (atomic_load(&thread_state) != 2)
		;
	socket(AF_UNIX, SOCK_STREAM, 0);
	atomic_store(&thread_state, 3);
	return arg;
}

/* Without TSYNC the thread would reach state 3 and the child end well. */
static void
do_tsync(void)
{
	pthread_t	t;

	CLAIM(pthread_create(&t, NULL, thread_main, NULL) == 0);
	while (atomic_load(&thread_state) != 1)
		;
	apply(&t_plain, 1);
	atomic_store(&thread_state, 2);
	while (atomic_load(&thread_state) != 3)
		;
}

/* Threads that start under the first filter, as the daemons do it. */
static void
do_thread_between(void)
{
	pthread_t	t;

	apply(&t_wide, 0);
	CLAIM(pthread_create(&t, NULL, thread_main, NULL) == 0);
	while (atomic_load(&thread_state) != 1)
		;
	apply(&t_wide, 1);
	atomic_store(&thread_state, 2);
	CLAIM(pthread_join(t, NULL) == 0);
}

static void
do_fork_between(void)
{
	apply(&t_wide, 0);
	syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static void
do_second(void)
{
	apply(&t_wide, 0);
	CLAIM(socket(AF_UNIX, SOCK_STREAM, 0) != -1);
	apply(&t_plain, 1);
	CLAIM(getppid() > 0);
	CLAIM(sandbox_apply(&t_plain, 1) == -1 && errno == EALREADY);
}

static void
do_second_narrows(void)
{
	apply(&t_wide, 0);
	apply(&t_plain, 1);
	socket(AF_UNIX, SOCK_STREAM, 0);
}

static void
do_second_cannot_widen(void)
{
	apply(&t_plain, 0);
	apply(&t_wide, 1);
	socket(AF_UNIX, SOCK_STREAM, 0);
}

static void
do_filter_after_last(void)
{
	apply(&t_wide, 0);
	apply(&t_plain, 1);
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL);
}

static void
do_listener_between(void)
{
	apply(&t_wide, 0);
	CLAIM(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) == -1);
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_NEW_LISTENER, NULL);
}

#ifdef __x86_64__
static void
do_x32(void)
{
	apply(&t_plain, 1);
	syscall(0x40000000 | SYS_getppid);
}

/* SIGSEGV if the kernel has no 32-bit calls at all. */
static void
do_int80(void)
{
	long	rc = 20;

	signal(SIGSEGV, SIG_DFL);
	apply(&t_plain, 1);
	__asm__ volatile("int $0x80" : "+a"(rc) : : "memory", "r8", "r9",
	    "r10", "r11");
}
#endif

/* Tables that say nothing sensible are refused, not half obeyed. */
static void
do_bad_tables(void)
{
	static const struct sandbox_rule	zero[] = {
		SB_ALLOW_IF(socket, "test", SB_CLEAR(0, 0)) };
	static const struct sandbox_rule	never[] = {
		SB_ALLOW_IF(socket, "test", SB_MASK(0, 1, 2)) };
	static const struct sandbox_rule	arg6[] = {
		SB_ALLOW_IF(socket, "test", SB_EQ(6, 2)) };
	static const struct sandbox_rule	twice[] = {
		SB_ALLOW_IF(socket, "test", SB_EQ(1, 2), SB_EQ(1, 3)) };
	static const struct sandbox_rule	gap[] = {
		{ .nr = SCMP_SYS(socket), .name = "socket",
		    .arg = { [1] = SB_EQ(1, 2) } } };
	const struct sandbox_table		bad[] = {
		SB_TABLE("zero", zero, &sandbox_base),
		SB_TABLE("never", never, &sandbox_base),
		SB_TABLE("arg6", arg6, &sandbox_base),
		SB_TABLE("twice", twice, &sandbox_base),
		SB_TABLE("gap", gap, &sandbox_base),
	};
	size_t					i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CLAIM(sandbox_apply(&bad[i], 1) == -1 && errno == EINVAL);
	CLAIM(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0);
}

static void
do_too_many(void)
{
	static struct sandbox_rule	many[300];
	struct sandbox_table		t = SB_TABLE("many", many, NULL);
	size_t				i;

	for (i = 0; i < 300; i++) {
		many[i].nr = SCMP_SYS(getppid);
		many[i].name = "getppid";
	}
	CLAIM(sandbox_apply(&t, 1) == -1 && errno == E2BIG);
}

static void
do_report(void)
{
	struct sandbox_report	rep;

	CLAIM(sandbox_report(&rep) == 0);
	CLAIM(rep.seccomp_mode == 0 && rep.n == 0 && !rep.closed);
	apply(&t_wide, 0);
	CLAIM(sandbox_report(&rep) == 0);
	CLAIM(rep.n == 1 && !rep.closed && rep.no_new_privs == 1);
	sandbox_set_landlock(5);
	apply(&t_plain, 1);
	CLAIM(sandbox_report(&rep) == 0);
	CLAIM(rep.seccomp_mode == 2 && rep.n == 2 && rep.closed);
	CLAIM(strcmp(rep.table[0].name, "wide") == 0);
	CLAIM(strcmp(rep.table[1].name, "plain") == 0);
	CLAIM(rep.table[0].rules > rep.table[1].rules);
	CLAIM(rep.table[1].rules > 20);
	CLAIM(rep.landlock_abi == 5);
	CLAIM(rep.ruid == rep.euid && rep.rgid == rep.egid);
#ifdef SANITIZER
	CLAIM(rep.sanitizer == 1);
#else
	CLAIM(rep.sanitizer == 0);
#endif
}

#define CASE(name, want)						\
	START_TEST(test_##name)						\
	{								\
		ck_assert_int_eq(child(do_##name), (want));		\
	}								\
	END_TEST

CASE(allowed, DONE)
CASE(socket, REFUSED)
CASE(execve, REFUSED)
CASE(ptrace, REFUSED)
CASE(mmap_exec, REFUSED)
CASE(mprotect_exec, REFUSED)
CASE(pkey_mprotect, REFUSED)
CASE(setfl, REFUSED)
CASE(set_dumpable, REFUSED)
CASE(stat, REFUSED)
CASE(alternatives, DONE)
CASE(mixed_args, REFUSED)
CASE(mixed_args2, REFUSED)
CASE(moot_errno, REFUSED)
CASE(tsync, REFUSED)
CASE(thread_between, DONE)
CASE(fork_between, REFUSED)
CASE(second, DONE)
CASE(second_narrows, REFUSED)
CASE(second_cannot_widen, REFUSED)
CASE(filter_after_last, REFUSED)
CASE(listener_between, REFUSED)
CASE(bad_tables, DONE)
CASE(too_many, DONE)
CASE(report, DONE)

#ifdef __x86_64__
CASE(x32, REFUSED)

START_TEST(test_int80)
{
	int	rc = child(do_int80);

	if (rc == -SIGSEGV)
		unit_skip("sandbox/int80", "kernel without 32-bit calls");
	else
		ck_assert_int_eq(rc, REFUSED);
}
END_TEST
#endif

struct walked {
	size_t	rules;
	int	own;
	int	base;
};

static int
walk_cb(void *arg, const struct sandbox_table *t, const struct sandbox_rule *r)
{
	struct walked	*w = arg;

	ck_assert_ptr_nonnull(r->name);
	ck_assert_ptr_nonnull(r->why);
	w->rules++;
	w->own += t == &t_args;
	w->base += t == &sandbox_base;
	return w->own == 3 && w->base == -1 ? 7 : 0;
}

START_TEST(walk)
{
	struct walked	w = { 0, 0, 0 };

	ck_assert_int_eq(sandbox_walk(&t_args, walk_cb, &w), 0);
	ck_assert_int_eq(w.own, 6);
	ck_assert_int_eq(w.base, (int)sandbox_base.n);
	w.rules = 0;
	w.own = 0;
	w.base = -1;
	ck_assert_int_eq(sandbox_walk(&t_args, walk_cb, &w), 7);
	ck_assert_uint_eq(w.rules, 3);
}
END_TEST

START_TEST(rule_text)
{
	char	buf[128];

	sandbox_rule_text(&none_rules[0], buf, sizeof(buf));
	ck_assert_str_eq(buf, "");
	sandbox_rule_text(&args_rules[0], buf, sizeof(buf));
	ck_assert_str_eq(buf, "arg0 == 0x1, arg1 == 0x1");
	sandbox_rule_text(&args_rules[1], buf, sizeof(buf));
	ck_assert_str_eq(buf,
	    "arg0 == 0x2, arg1 & 0xf == 0x2, arg2 == 0x0");
	sandbox_rule_text(&args_rules[1], buf, 14);
	ck_assert_str_eq(buf, "arg0 == 0x2, ");
	sandbox_rule_text(&args_rules[1], buf, 0);
}
END_TEST

/* Tables are sorted: that is how a reader finds a call. */
START_TEST(sorted)
{
	static const struct sandbox_table	*const all[] = {
		&sandbox_base, &sandbox_loop, &sandbox_start,
		&sandbox_sanitizer,
	};
	size_t					 i, k;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (k = 1; k < all[i]->n; k++)
			ck_assert_int_le(strcmp(all[i]->rules[k - 1].name,
			    all[i]->rules[k].name), 0);
}
END_TEST

#ifdef SANITIZER
static int	report_pipe[2];

static void
do_overflow(void)
{
	volatile char	*volatile p = malloc(10);
	volatile size_t	i = 10;

	dup2(report_pipe[1], STDERR_FILENO);
	apply(&t_plain, 1);
	p[i] = 1;
}

static void
do_undefined(void)
{
	volatile int	i = 0x7fffffff;

	dup2(report_pipe[1], STDERR_FILENO);
	apply(&t_plain, 1);
	i = i + 1;
	_exit(1);
}

/* A report must come out of the sandbox, and not as SIGSYS. */
static void
check_report(void (*fn)(void), const char *want)
{
	char	buf[16384];
	ssize_t	n, off = 0;
	int	rc;

	ck_assert_int_eq(pipe(report_pipe), 0);
	rc = child(fn);
	close(report_pipe[1]);
	while ((n = read(report_pipe[0], buf + off,
	    sizeof(buf) - 1 - (size_t)off)) > 0)
		off += n;
	buf[off] = '\0';
	close(report_pipe[0]);
	ck_assert_msg(strstr(buf, want) != NULL, "rc %d: %s", rc, buf);
	ck_assert_int_eq(rc, 1);
}

START_TEST(reports)
{
	check_report(do_overflow, "heap-buffer-overflow");
	check_report(do_undefined, "signed integer overflow");
}
END_TEST
#endif

static Suite *
suite(void)
{
	Suite	*s = suite_create("sandbox");
	TCase	*tc = tcase_create("sandbox");

	tcase_add_test(tc, test_allowed);
	tcase_add_test(tc, test_socket);
	tcase_add_test(tc, test_execve);
	tcase_add_test(tc, test_ptrace);
	tcase_add_test(tc, test_mmap_exec);
	tcase_add_test(tc, test_mprotect_exec);
	tcase_add_test(tc, test_pkey_mprotect);
	tcase_add_test(tc, test_setfl);
	tcase_add_test(tc, test_set_dumpable);
	tcase_add_test(tc, test_stat);
	tcase_add_test(tc, test_alternatives);
	tcase_add_test(tc, test_mixed_args);
	tcase_add_test(tc, test_mixed_args2);
	tcase_add_test(tc, test_moot_errno);
	tcase_add_test(tc, test_tsync);
	tcase_add_test(tc, test_thread_between);
	tcase_add_test(tc, test_fork_between);
	tcase_add_test(tc, test_second);
	tcase_add_test(tc, test_second_narrows);
	tcase_add_test(tc, test_second_cannot_widen);
	tcase_add_test(tc, test_filter_after_last);
	tcase_add_test(tc, test_listener_between);
	tcase_add_test(tc, test_bad_tables);
	tcase_add_test(tc, test_too_many);
	tcase_add_test(tc, test_report);
#ifdef __x86_64__
	tcase_add_test(tc, test_x32);
	tcase_add_test(tc, test_int80);
#endif
	tcase_add_test(tc, walk);
	tcase_add_test(tc, rule_text);
	tcase_add_test(tc, sorted);
#ifdef SANITIZER
	tcase_add_test(tc, reports);
#endif
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("sandbox", suite());
}
