/* SPDX-License-Identifier: ISC */
/*
 * Locked memory: guards, wiping, the flags that the kernel shows, exhaustion,
 * and puts that must be refused.
 */

#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include "shared/secmem.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TEST_ASAN
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define TEST_ASAN
#endif
#ifdef TEST_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_UNPOISON_MEMORY_REGION(p, n)	((void)(p), (void)(n))
#endif

#define ARENA	((size_t)1 << 20)

static struct secmem	sm;

static void
setup(void)
{
	if (secmem_init(&sm, ARENA) == -1)
		ck_abort_msg("secmem_init: %s", strerror(errno));
}

static void
teardown(void)
{
	secmem_clear(&sm);
}

static int
is_zero(const void *p, size_t n)
{
	const unsigned char	*b = p;

	while (n-- > 0)
		if (*b++ != 0)
			return 0;
	return 1;
}

/* The signal or exit status of a child that writes to p. */
static int
poke(unsigned char *p)
{
	int	status;
	pid_t	pid;

	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		/* A sanitizer would turn the signal into a report. */
		signal(SIGSEGV, SIG_DFL);
		*(volatile unsigned char *)p = 1;
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

START_TEST(guards)
{
	ck_assert_int_eq(poke(sm.base - 1), SIGSEGV);
	ck_assert_int_eq(poke(sm.base + sm.size), SIGSEGV);
	ck_assert_int_eq(poke(sm.base), 0);
	ck_assert_int_eq(poke(sm.base + sm.size - 1), 0);
}
END_TEST

/* Copy the VmFlags line of the mapping that starts at p. */
static int
vmflags(const void *p, char *buf, size_t size)
{
	unsigned long	lo, hi;
	char		line[256];
	FILE		*fp;
	int		in = 0, found = 0;

	if ((fp = fopen("/proc/self/smaps", "r")) == NULL)
		return -1;
	while (fgets(line, sizeof(line), fp) != NULL) {
		if (sscanf(line, "%lx-%lx ", &lo, &hi) == 2)
			in = lo == (unsigned long)(uintptr_t)p;
		if (in && strncmp(line, "VmFlags:", 8) == 0) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(buf, size, "%s ", line);
			found = 1;
		}
	}
	fclose(fp);
	return found ? 0 : -1;
}

START_TEST(flags)
{
	char	buf[512];

	if (vmflags(sm.base, buf, sizeof(buf)) == -1) {
		unit_skip("flags", "no VmFlags in /proc/self/smaps");
		return;
	}
	ck_assert_msg(strstr(buf, " lo ") != NULL, "not locked: %s", buf);
	ck_assert_msg(strstr(buf, " dd ") != NULL, "dumped: %s", buf);
	ck_assert_msg(strstr(buf, " wf ") != NULL, "forked: %s", buf);
}
END_TEST

START_TEST(wiped_on_fork)
{
	unsigned char	*p = secmem_alloc(&sm, 32);
	int		 status;
	pid_t		 pid;

	memset(p, 0x55, 32);
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0)
		_exit(is_zero(p, 32) ? 0 : 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(p[31], 0x55);
}
END_TEST

START_TEST(beyond_rlimit)
{
	struct secmem	big;
	struct rlimit	rl = { 65536, 65536 };

	/* With CAP_IPC_LOCK the limit does not bind, without it says so. */
	ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &rl), 0);
	if (secmem_init(&big, (size_t)96 << 20) == -1) {
		ck_assert(errno == EPERM || errno == ENOMEM);
		ck_assert_ptr_null(big.base);
		unit_skip("beyond_rlimit", "no CAP_IPC_LOCK");
		return;
	}
	memset(secmem_alloc(&big, (size_t)1 << 20), 1, (size_t)1 << 20);
	secmem_clear(&big);
	ck_assert_ptr_null(big.base);
}
END_TEST

START_TEST(failure_is_told)
{
	struct rlimit	rl = { 65536, 65536 };
	struct secmem	x;
	int		status;
	pid_t		pid;

	ck_assert_int_eq(secmem_init(&x, 0), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(secmem_init(&x, SIZE_MAX), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(secmem_init(&x, SIZE_MAX / 2), -1);
	ck_assert_int_eq(errno, ENOMEM);
	if (geteuid() != 0) {
		unit_skip("failure_is_told", "mlock part needs root");
		return;
	}
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		if (setrlimit(RLIMIT_MEMLOCK, &rl) == -1 ||
		    setresuid(65534, 65534, 65534) == -1)
			_exit(1);
		_exit(secmem_init(&x, ARENA) == -1 && errno == ENOMEM ? 0 : 2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(buffers)
{
	unsigned char	*a, *b;

	a = secmem_alloc(&sm, 1);
	b = secmem_alloc(&sm, 100);
	ck_assert_ptr_nonnull(a);
	ck_assert_int_eq((int)(b - a), SECMEM_ALIGN);
	ck_assert(is_zero(b, 100));
	ck_assert_ptr_null(secmem_alloc(&sm, 0));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(secmem_alloc(&sm, SIZE_MAX));
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_ptr_null(secmem_alloc(&sm, sm.size - sm.used + 1));
	ck_assert_ptr_nonnull(secmem_alloc(&sm, sm.size - sm.used));
	ck_assert_ptr_null(secmem_alloc(&sm, 1));
	ck_assert_uint_eq(sm.used, sm.size);
}
END_TEST

START_TEST(wiped_on_put)
{
	struct secslab	 slab;
	unsigned char	*p, *q;

	ck_assert_int_eq(secslab_init(&slab, &sm, 200, "keys"), 0);
	p = secslab_get(&slab);
	ck_assert_uint_eq((uintptr_t)p % SECMEM_ALIGN, 0);
	ck_assert(is_zero(p, 200));
	memset(p, 0xaa, 200);
	ck_assert_int_eq(secslab_put(&slab, p), 0);
	ASAN_UNPOISON_MEMORY_REGION(p, 200);
	ck_assert(is_zero(p, 200));
	/* A write after the put is not handed out, either. */
	memset(p, 0xbb, 200);
	q = secslab_get(&slab);
	ck_assert_ptr_eq(q, p);
	ck_assert(is_zero(q, 200));
}
END_TEST

START_TEST(exhaustion)
{
	static void		*obj[ARENA / SECMEM_ALIGN];
	struct secslab		 slab;
	struct secslab_stat	 st;
	size_t			 n = 0, i;

	ck_assert_int_eq(secslab_init(&slab, &sm, 48, "small"), 0);
	while ((obj[n] = secslab_get(&slab)) != NULL) {
		memset(obj[n], 0xcc, 48);
		if (++n == ARENA / SECMEM_ALIGN)
			break;
	}
	ck_assert_uint_eq(n, ARENA / 64);
	ck_assert_ptr_null(secslab_get(&slab));
	ck_assert_int_eq(errno, ENOMEM);
	secslab_stat(&slab, &st);
	ck_assert_str_eq(st.name, "small");
	ck_assert_uint_eq(st.used, n);
	ck_assert_uint_eq(st.used_bytes, ARENA);
	ck_assert_uint_eq(st.peak, n);
	for (i = 0; i < n; i++)
		ck_assert_int_eq(secslab_put(&slab, obj[i]), 0);
	secslab_stat(&slab, &st);
	ck_assert_uint_eq(st.used, 0);
	ck_assert_uint_eq(st.free, n);
	ck_assert_uint_eq(st.free_bytes, ARENA);
	ck_assert_uint_eq(st.peak_bytes, ARENA);
	for (i = 0; i < n; i++)
		ck_assert_ptr_nonnull(secslab_get(&slab));
	ck_assert_ptr_null(secslab_get(&slab));
}
END_TEST

START_TEST(bad_puts)
{
	struct secslab	 slab, other;
	unsigned char	*p, *q, local[512] = { 0 };
	size_t		 size;

	ck_assert_int_eq(secslab_init(&slab, &sm, 104, "a"), 0);
	ck_assert_int_eq(secslab_init(&other, &sm, 104, "b"), 0);
	p = secslab_get(&slab);
	q = secslab_get(&slab);
	ck_assert_int_eq(secslab_put(&slab, NULL), 0);
	ck_assert_int_eq(secslab_put(&slab, p), 0);
	ck_assert_int_eq(secslab_put(&slab, p), -1);
	ck_assert_int_eq(errno, EALREADY);
	ck_assert_int_eq(secslab_put(&other, q), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(secslab_put(&slab, q + 8), -1);
	ck_assert_int_eq(secslab_put(&slab, q + SECMEM_ALIGN), -1);
	ck_assert_int_eq(secslab_put(&slab, local), -1);
	ck_assert_int_eq(secslab_put(&slab, sm.base + sm.used), -1);
	ck_assert_int_eq(secslab_put(&slab, sm.base - SECMEM_ALIGN), -1);
	ck_assert_uint_eq(slab.used, 1);
	ck_assert_uint_eq(slab.free, 1);
	ck_assert_uint_eq(slab.bad, 6);
	ck_assert_uint_eq(other.bad, 1);
	/* One byte too many is seen. */
	q[104] = 1;
	ck_assert_int_eq(secslab_put(&slab, q), -1);
	ck_assert_int_eq(errno, EINVAL);
	/* Every size leaves room for the head. */
	for (size = 1; size < 300; size++) {
		ck_assert_int_eq(secslab_init(&slab, &sm, size, "s"), 0);
		p = secslab_get(&slab);
		q = secslab_get(&slab);
		memset(p, 0xff, size);
		memset(q, 0xff, size);
		ck_assert_int_eq(secslab_put(&slab, p), 0);
		ck_assert_int_eq(secslab_put(&slab, q), 0);
	}
	ck_assert_int_eq(secslab_init(&slab, &sm, 0, "s"), -1);
	ck_assert_int_eq(secslab_init(&slab, &sm, SIZE_MAX, "s"), -1);
}
END_TEST

static Suite *
suite(void)
{
	Suite	*s = suite_create("secmem");
	TCase	*tc = tcase_create("secmem");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, guards);
	tcase_add_test(tc, flags);
	tcase_add_test(tc, wiped_on_fork);
	tcase_add_test(tc, beyond_rlimit);
	tcase_add_test(tc, failure_is_told);
	tcase_add_test(tc, buffers);
	tcase_add_test(tc, wiped_on_put);
	tcase_add_test(tc, exhaustion);
	tcase_add_test(tc, bad_puts);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("secmem", suite());
}
