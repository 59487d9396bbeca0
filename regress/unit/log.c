/* SPDX-License-Identifier: ISC */
/*
 * Log: what reaches the sink, how long lines and hostile text are treated,
 * the rate limit, and that neither errno nor a chatty sink does harm.
 */

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include "shared/log.h"

#define SEC	UINT64_C(1000000000)

static char	got[LOG_LINE_MAX + 1];
static int	got_level;
static int	got_lines;

static void
sink(void *arg, int level, const char *text)
{
	ck_assert_ptr_eq(arg, got);
	ck_assert_uint_lt(strlen(text), LOG_LINE_MAX);
	snprintf(got, sizeof(got), "%s", text);
	got_level = level;
	got_lines++;
}

/* A sink that breaks errno and logs. */
static void
sink_chatty(void *arg, int level, const char *text)
{
	sink(arg, level, text);
	errno = EBADF;
	log_warnx("the sink complains of %s", text);
	log_relay("x", LOG_LEVEL_WARN, "y", 1);
}

static void
setup(void)
{
	got[0] = '\0';
	got_lines = 0;
	got_level = -1;
	log_init("test", sink, got);
	log_setverbose(0);
}

START_TEST(levels)
{
	errno = ENOENT;
	log_warn("open %s", "x");
	ck_assert_str_eq(got, "open x: No such file or directory");
	ck_assert_int_eq(got_level, LOG_LEVEL_WARN);
	ck_assert_int_eq(errno, ENOENT);
	log_warnx("open %s", "x");
	ck_assert_str_eq(got, "open x");
	log_info("%d", 5);
	ck_assert_str_eq(got, "5");
	ck_assert_int_eq(got_level, LOG_LEVEL_INFO);
	errno = 12345;
	log_warn("odd");
	ck_assert_str_eq(got, "odd: error 12345");
	ck_assert_int_eq(got_lines, 4);
}
END_TEST

START_TEST(debug_only_if_verbose)
{
	log_debug("a");
	ck_assert_int_eq(got_lines, 0);
	log_relay("child", LOG_LEVEL_DEBUG, "a", 1);
	ck_assert_int_eq(got_lines, 0);
	log_setverbose(1);
	ck_assert_int_eq(log_getverbose(), 1);
	log_debug("b");
	ck_assert_str_eq(got, "b");
	ck_assert_int_eq(got_level, LOG_LEVEL_DEBUG);
}
END_TEST

START_TEST(long_lines_are_cut)
{
	char	big[3 * LOG_LINE_MAX];

	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	errno = EPERM;
	log_warn("%s", big);
	ck_assert_uint_eq(strlen(got), LOG_LINE_MAX - 1);
	ck_assert_str_eq(got + LOG_LINE_MAX - 5, "a...");
	/* Exactly full is not cut; one more is; errno's text can be the one. */
	big[LOG_LINE_MAX - 1] = '\0';
	log_warnx("%s", big);
	ck_assert_str_eq(got, big);
	big[LOG_LINE_MAX - 1] = 'a';
	big[LOG_LINE_MAX] = '\0';
	log_warnx("%s", big);
	ck_assert_str_eq(got + LOG_LINE_MAX - 5, "a...");
	big[LOG_LINE_MAX - 4] = '\0';
	log_warn("%s", big);
	ck_assert_str_eq(got + LOG_LINE_MAX - 5, "a...");
	log_relay("child", LOG_LEVEL_WARN, big, sizeof(big));
	ck_assert_str_eq(got + LOG_LINE_MAX - 5, "a...");
}
END_TEST

START_TEST(sink_cannot_recurse)
{
	log_init("test", sink_chatty, got);
	errno = ENOENT;
	log_warnx("a");
	ck_assert_int_eq(got_lines, 1);
	ck_assert_int_eq(errno, ENOENT);
	log_info("b");
	ck_assert_int_eq(got_lines, 2);
}
END_TEST

START_TEST(escape)
{
	static const unsigned char	raw[] = "a\n\x1b[2J\x7f\xc3\xa9\\ \0z";
	char				buf[64];
	size_t				n;

	n = log_escape(buf, sizeof(buf), raw, sizeof(raw) - 1);
	ck_assert_str_eq(buf, "a\\012\\033[2J\\177\\303\\251\\\\ \\000z");
	ck_assert_uint_eq(n, strlen(buf));
	/* An escape that does not fit is left out whole. */
	ck_assert_uint_eq(log_escape(buf, 5, "\n", 1), 4);
	ck_assert_uint_eq(log_escape(buf, 4, "\n", 1), 0);
	ck_assert_str_eq(buf, "");
	ck_assert_uint_eq(log_escape(buf, 6, "abcd\n", 5), 4);
	ck_assert_str_eq(buf, "abcd");
	ck_assert_uint_eq(log_escape(buf, 1, "abc", 3), 0);
	buf[0] = 'x';
	ck_assert_uint_eq(log_escape(buf, 0, "abc", 3), 0);
	ck_assert_int_eq(buf[0], 'x');
	ck_assert_uint_eq(log_escape(buf, sizeof(buf), "", 0), 0);
	ck_assert_str_eq(buf, "");
}
END_TEST

START_TEST(relay)
{
	static const char	text[] = { 'h', 'i', '\0', 'n', 'o' };

	log_relay("netd", LOG_LEVEL_INFO, text, sizeof(text));
	ck_assert_str_eq(got, "netd: hi");
	log_relay("netd", LOG_LEVEL_INFO, text, 1);
	ck_assert_str_eq(got, "netd: h");
	log_relay("netd", LOG_LEVEL_INFO, text, 0);
	ck_assert_str_eq(got, "netd: ");
	log_relay("netd", 77, "%s%n", 4);
	ck_assert_str_eq(got, "netd: %s%n");
	ck_assert_int_eq(got_level, LOG_LEVEL_WARN);
	log_relay("netd", -1, "x", 1);
	ck_assert_int_eq(got_level, LOG_LEVEL_WARN);
	log_relay("netd", LOG_LEVEL_FATAL, "dead", 4);
	ck_assert_int_eq(got_level, LOG_LEVEL_FATAL);
}
END_TEST

/* What the child wrote to stderr, and its exit status. */
static int
run_stderr(void (*fn)(void), char *buf, size_t size)
{
	ssize_t	n, off = 0;
	pid_t	pid;
	int	p[2], status;

	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		dup2(p[1], STDERR_FILENO);
		close(p[0]);
		close(p[1]);
		log_init("test", log_stderr, NULL);
		fn();
		_exit(42);
	}
	close(p[1]);
	while ((n = read(p[0], buf + off, size - 1 - (size_t)off)) > 0)
		off += n;
	buf[off] = '\0';
	close(p[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
say_fatal(void)
{
	errno = EPERM;
	fatal("drop %d", 1);
}

static void
say_fatalx(void)
{
	fatalx("drop");
}

static void
say_forged(void)
{
	log_relay("netd", LOG_LEVEL_INFO, "a\ntest: forged", 14);
	log_info("b\r\nc");
}

START_TEST(stderr_sink)
{
	char	buf[512];

	ck_assert_int_eq(run_stderr(say_fatal, buf, sizeof(buf)), 1);
	ck_assert_str_eq(buf,
	    "test: fatal: drop 1: Operation not permitted\n");
	ck_assert_int_eq(run_stderr(say_fatalx, buf, sizeof(buf)), 1);
	ck_assert_str_eq(buf, "test: fatal: drop\n");
	ck_assert_int_eq(run_stderr(say_forged, buf, sizeof(buf)), 42);
	ck_assert_str_eq(buf,
	    "test: netd: a\\012test: forged\ntest: b\\015\\012c\n");
}
END_TEST

START_TEST(limit)
{
	struct log_limit	lim = { 0 };
	uint64_t		now = 100 * SEC;
	int			i, let = 0;

	for (i = 0; i < 1000; i++)
		let += !log_limited(&lim, now, 5, 2);
	ck_assert_int_eq(let, 5);
	ck_assert_uint_eq(lim.suppressed, 995);
	ck_assert_uint_eq(log_limit_take(&lim), 995);
	ck_assert_uint_eq(log_limit_take(&lim), 0);
	ck_assert_uint_eq(lim.total, 995);
	/* Half a second is one line at two per second. */
	now += SEC / 2;
	ck_assert(!log_limited(&lim, now, 5, 2));
	ck_assert(log_limited(&lim, now, 5, 2));
	/* Time that goes back opens nothing, idle time saves up to a burst. */
	ck_assert(log_limited(&lim, now - 50 * SEC, 5, 2));
	now += 3600 * SEC;
	for (i = 0, let = 0; i < 100; i++)
		let += !log_limited(&lim, now, 5, 2);
	ck_assert_int_eq(let, 5);
}
END_TEST

START_TEST(limit_edges)
{
	struct log_limit	lim = { 0 };

	/* Zeros count as one. */
	ck_assert(!log_limited(&lim, 0, 0, 0));
	ck_assert(log_limited(&lim, 0, 0, 0));
	ck_assert(log_limited(&lim, SEC - 1, 0, 0));
	ck_assert(!log_limited(&lim, SEC, 0, 0));
	memset(&lim, 0, sizeof(lim));
	ck_assert(!log_limited(&lim, 5, UINT32_MAX, UINT32_MAX));
	ck_assert(!log_limited(&lim, 5, UINT32_MAX, 1));
}
END_TEST

START_TEST(limit_reports)
{
	struct log_limit	lim = { 0 };
	uint64_t		now = SEC;
	int			i;

	for (i = 0; i < 4; i++)
		log_rate(&lim, now, 1, 1, log_warnx, "bad packet %d", i);
	ck_assert_int_eq(got_lines, 1);
	ck_assert_str_eq(got, "bad packet 0");
	now += SEC;
	log_limit_tell(&lim);
	ck_assert_str_eq(got, "3 lines like the next one not logged");
	got_lines = 0;
	log_rate(&lim, now, 1, 1, log_warnx, "no args");
	ck_assert_int_eq(got_lines, 1);
	log_rate(&lim, now, 1, 1, log_warnx, "no args");
	now += SEC;
	log_rate(&lim, now, 1, 1, log_warnx, "no args");
	ck_assert_int_eq(got_lines, 3);
	ck_assert_str_eq(got, "no args");
}
END_TEST

/* What a syslogd does, in a /dev of our own. */
static int
syslogd(void)
{
	static const struct sockaddr_un sun = { AF_UNIX, "/dev/log" };
	int	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	(void)unlink(sun.sun_path);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&sun,
	    sizeof(sun)), 0);
	return fd;
}

static void
expect_line(int fd, const char *prio, const char *text)
{
	char	buf[8192], pid[64], *end;
	ssize_t	n = recv(fd, buf, sizeof(buf) - 1, 0);

	ck_assert_int_gt(n, 0);
	buf[n] = '\0';
	snprintf(pid, sizeof(pid), " test[%d]: ", (int)getpid());
	ck_assert_int_eq(strncmp(buf, prio, strlen(prio)), 0);
	end = strstr(buf, pid);
	ck_assert_ptr_ne(end, NULL);
	/* "Mmm dd hh:mm:ss" */
	ck_assert_int_eq(end - buf, (ptrdiff_t)strlen(prio) + 15);
	ck_assert_str_eq(end + strlen(pid), text);
}

START_TEST(syslog_sink)
{
	int	fd, i;

	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("none", "/dev", "tmpfs", 0, NULL) == -1) {
		unit_skip("syslog_sink", "no mount namespace of its own");
		return;
	}
	log_init("test", log_syslog, NULL);
	log_info("nobody is there: lost");
	fd = syslogd();
	log_info("one\ntwo");
	expect_line(fd, "<30>", "one\\012two");
	log_warnx("three");
	expect_line(fd, "<28>", "three");
	close(fd);
	log_info("it went: lost");
	fd = syslogd();
	log_info("it came back");
	expect_line(fd, "<30>", "it came back");
	/* One that hangs costs lines, not time. */
	for (i = 0; i < 10000; i++)
		log_info("line %d", i);
	expect_line(fd, "<30>", "line 0");
	close(fd);
}
END_TEST

static Suite *
suite(void)
{
	Suite	*s = suite_create("log");
	TCase	*tc = tcase_create("log");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, levels);
	tcase_add_test(tc, debug_only_if_verbose);
	tcase_add_test(tc, long_lines_are_cut);
	tcase_add_test(tc, sink_cannot_recurse);
	tcase_add_test(tc, escape);
	tcase_add_test(tc, relay);
	tcase_add_test(tc, stderr_sink);
	tcase_add_test(tc, syslog_sink);
	tcase_add_test(tc, limit);
	tcase_add_test(tc, limit_edges);
	tcase_add_test(tc, limit_reports);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("log", suite());
}
