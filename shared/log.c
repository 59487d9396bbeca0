/* SPDX-License-Identifier: ISC */
/*
 * One log for all processes: format into a bounded line, hand it to the sink.
 * See log.h for what is escaped where.
 */

#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

/* Every byte of a line may become an escape of four bytes. */
#define LOG_ESCAPED_MAX	(4 * LOG_LINE_MAX)
#define LOG_SYSLOGD	"/dev/log"

static char		 log_proc[32] = "warren";
static log_sink_fn	*log_sink = log_stderr;
static void		*log_arg;
static int		 log_verbose;
static int		 log_fd = -1;	/* to syslogd; never connected */
static __thread int	 log_busy;	/* this thread is inside the sink */

static void	log_emit(int, const char *);
static void	log_vline(int, int, const char *, va_list)
		    __attribute__((format(printf, 3, 0)));

void
log_init(const char *name, log_sink_fn *sink, void *arg)
{
	snprintf(log_proc, sizeof(log_proc), "%s", name);
	log_sink = sink != NULL ? sink : log_stderr;
	log_arg = arg;
	if (log_sink == log_syslog && log_fd == -1) {
		tzset();
		log_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	}
}

void
log_setverbose(int verbose)
{
	log_verbose = verbose;
}

int
log_getverbose(void)
{
	return log_verbose;
}

size_t
log_escape(char *dst, size_t size, const void *src, size_t len)
{
	const unsigned char	*p = src;
	size_t			 i, need, o = 0;

	if (size == 0)
		return 0;
	for (i = 0; i < len; i++) {
		if (p[i] == '\\')
			need = 2;
		else if (p[i] < 0x20 || p[i] > 0x7e)
			need = 4;
		else
			need = 1;
		if (need >= size - o)
			break;
		if (need > 1)
			dst[o++] = '\\';
		if (need == 4) {
			dst[o++] = (char)('0' + (p[i] >> 6));
			dst[o++] = (char)('0' + ((p[i] >> 3) & 7));
			dst[o++] = (char)('0' + (p[i] & 7));
		} else
			dst[o++] = (char)p[i];
	}
	dst[o] = '\0';
	return o;
}

/*
 * One write(2) for the line: lines of several processes that share stderr do
 * not mix, and stdio's locks and buffers stay out of it.
 */
void
log_stderr(void *arg, int level, const char *text)
{
	char	line[LOG_ESCAPED_MAX + 64];
	ssize_t	n;
	int	off;

	(void)arg;
	off = snprintf(line, sizeof(line), "%s: %s%s", log_proc,
	    level == LOG_LEVEL_FATAL ? "fatal: " : "",
	    level == LOG_LEVEL_DEBUG ? "debug: " : "");
	if (off < 0 || (size_t)off >= sizeof(line) - 2)
		return;
	off += (int)log_escape(line + off, sizeof(line) - 1 - (size_t)off,
	    text, strlen(text));
	line[off++] = '\n';
	do
		n = write(STDERR_FILENO, line, (size_t)off);
	while (n == -1 && errno == EINTR);
}

/*
 * Not syslog(3): it would have to connect again when syslogd was restarted,
 * which our sandbox forbids, and it waits for one that hangs.  Each line finds
 * its own way; one that cannot be taken now is lost.
 */
static void
log_send(const char *head, size_t headlen, const char *line, size_t len)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX,
				    .sun_path = LOG_SYSLOGD };
	struct msghdr		mh;
	struct iovec		iov[2];

	iov[0].iov_base = (void *)(uintptr_t)head;
	iov[0].iov_len = headlen;
	iov[1].iov_base = (void *)(uintptr_t)line;
	iov[1].iov_len = len;
	memset(&mh, 0, sizeof(mh));
	mh.msg_name = &sun;
	mh.msg_namelen = sizeof(sun);
	mh.msg_iov = iov;
	mh.msg_iovlen = 2;
	(void)sendmsg(log_fd, &mh, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int
log_priority(int level)
{
	switch (level) {
	case LOG_LEVEL_DEBUG:
		return LOG_DEBUG;
	case LOG_LEVEL_INFO:
		return LOG_INFO;
	case LOG_LEVEL_WARN:
		return LOG_WARNING;
	default:
		return LOG_CRIT;
	}
}

/* As syslog(3) would write it: <priority>time name[pid]: text (RFC 3164). */
void
log_syslog(void *arg, int level, const char *text)
{
	char		line[LOG_ESCAPED_MAX], head[96], stamp[32];
	struct tm	tm;
	time_t		now = time(NULL);
	size_t		len;
	int		n;

	(void)arg;
	if (localtime_r(&now, &tm) == NULL ||
	    strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S", &tm) == 0)
		return;
	n = snprintf(head, sizeof(head), "<%d>%s %s[%d]: ",
	    LOG_DAEMON | log_priority(level), stamp, log_proc, (int)getpid());
	if (n < 0 || (size_t)n >= sizeof(head))
		return;
	len = log_escape(line, sizeof(line), text, strlen(text));
	log_send(head, (size_t)n, line, len);
}

/* Hand a line to the sink; a line made by the sink itself goes nowhere. */
static void
log_emit(int level, const char *text)
{
	int	saved = errno;

	if (log_busy)
		return;
	log_busy = 1;
	log_sink(log_arg, level, text);
	log_busy = 0;
	errno = saved;
}

/* Mark a line that snprintf cut. */
static void
log_cut(char *line, int len)
{
	if (len >= LOG_LINE_MAX)
		memcpy(line + LOG_LINE_MAX - 4, "...", 4);
}

/*
 * strerrordesc_np() rather than strerror(): it neither allocates nor looks
 * for a message catalogue, which the sandbox would punish.
 */
static void
log_vline(int level, int error, const char *fmt, va_list ap)
{
	char		 line[LOG_LINE_MAX];
	const char	*desc;
	int		 saved = errno, n, m;

	n = vsnprintf(line, sizeof(line), fmt, ap);
	if (n < 0) {
		n = snprintf(line, sizeof(line), "(log: bad format)");
	} else if (error != -1 && n < LOG_LINE_MAX) {
		desc = strerrordesc_np(error);
		if (desc != NULL)
			m = snprintf(line + n, sizeof(line) - (size_t)n,
			    ": %s", desc);
		else
			m = snprintf(line + n, sizeof(line) - (size_t)n,
			    ": error %d", error);
		n += m;
	}
	log_cut(line, n);
	log_emit(level, line);
	errno = saved;
}

void
log_debug(const char *fmt, ...)
{
	va_list	ap;

	if (log_verbose <= 0)
		return;
	va_start(ap, fmt);
	log_vline(LOG_LEVEL_DEBUG, -1, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	log_vline(LOG_LEVEL_INFO, -1, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	log_vline(LOG_LEVEL_WARN, errno, fmt, ap);
	va_end(ap);
}

void
log_warnx(const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	log_vline(LOG_LEVEL_WARN, -1, fmt, ap);
	va_end(ap);
}

void
fatal(const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	log_vline(LOG_LEVEL_FATAL, errno, fmt, ap);
	va_end(ap);
	exit(1);
}

void
fatalx(const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	log_vline(LOG_LEVEL_FATAL, -1, fmt, ap);
	va_end(ap);
	exit(1);
}

void
log_relay(const char *name, int level, const void *text, size_t len)
{
	char	line[LOG_LINE_MAX];
	int	n;

	if (level < LOG_LEVEL_DEBUG || level > LOG_LEVEL_FATAL)
		level = LOG_LEVEL_WARN;
	if (level == LOG_LEVEL_DEBUG && log_verbose <= 0)
		return;
	len = strnlen(text, len < LOG_LINE_MAX ? len : LOG_LINE_MAX);
	n = snprintf(line, sizeof(line), "%s: %.*s", name, (int)len,
	    (const char *)text);
	log_cut(line, n);
	log_emit(level, line);
}

/*
 * GCRA: tat is when the bucket would be empty of debts; a line is too many
 * when it would borrow more than burst lines' worth of time.
 */
int
log_limited(struct log_limit *lim, uint64_t now, unsigned int burst,
    unsigned int per_second)
{
	uint64_t	step, tat;

	if (burst == 0)
		burst = 1;
	if (per_second == 0)
		per_second = 1;
	step = UINT64_C(1000000000) / per_second;
	if (step == 0)
		step = 1;
	tat = lim->tat > now ? lim->tat : now;
	if (tat - now > step * (burst - 1)) {
		lim->suppressed++;
		lim->total++;
		return 1;
	}
	lim->tat = tat + step;
	return 0;
}

uint64_t
log_limit_take(struct log_limit *lim)
{
	uint64_t	n = lim->suppressed;

	lim->suppressed = 0;
	return n;
}

void
log_limit_tell(struct log_limit *lim)
{
	uint64_t	n = log_limit_take(lim);
	int		saved = errno;

	if (n > 0)
		log_info("%ju line%s like the next one not logged",
		    (uintmax_t)n, n == 1 ? "" : "s");
	errno = saved;
}
