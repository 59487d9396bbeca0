/* SPDX-License-Identifier: ISC */
/*
 * Logging for every process: four levels, one sink.  The parent's sink is
 * stderr or syslog; a child's sink sends the line to the parent by imsg.
 * Text stays raw until it is written: only the two writing sinks escape it,
 * so a line is escaped exactly once and nothing can forge a second line.
 */
#ifndef SHARED_LOG_H
#define SHARED_LOG_H

#include <stddef.h>
#include <stdint.h>

/* A line, its NUL included, is never longer than this; it is cut with "...". */
#define LOG_LINE_MAX	1024

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_FATAL,
};

/*
 * Takes one line (no newline, NUL-terminated, < LOG_LINE_MAX bytes, not
 * escaped).  What a sink itself logs is dropped, so it cannot recurse.
 */
typedef void log_sink_fn(void *, int, const char *);

/*
 * Name the process and say where its lines go.  With log_syslog as the sink
 * the socket towards syslogd is opened here, before any sandbox.  Until this
 * is called lines go to stderr.
 */
void	log_init(const char *, log_sink_fn *, void *);

/* Debug lines are made only if this is > 0. */
void	log_setverbose(int);
int	log_getverbose(void);

/* The two writing sinks; both escape the text and ignore their argument. */
void	log_stderr(void *, int, const char *);
void	log_syslog(void *, int, const char *);

/* Each keeps errno.  log_warn() and fatal() append the text of errno. */
void	log_debug(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_warn(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_warnx(const char *, ...) __attribute__((format(printf, 1, 2)));
void	fatal(const char *, ...)
	    __attribute__((noreturn, format(printf, 1, 2)));
void	fatalx(const char *, ...)
	    __attribute__((noreturn, format(printf, 1, 2)));

/*
 * Parent: log a child's line under the child's name.  The text is hostile:
 * it ends at the first NUL or after len bytes, an unknown level is a warning,
 * and a child's fatal does not end the parent.
 */
void	log_relay(const char *, int, const void *, size_t);

/*
 * Make text printable: control bytes, DEL and non-ASCII become \ooo (octal),
 * a backslash is doubled.  Returns the length written without the NUL; an
 * escape is never cut in half, what does not fit is left out.
 */
size_t	log_escape(char *, size_t, const void *, size_t);

/*
 * A rate limit for lines that a packet or a sibling can trigger.  All zero is
 * the right start.  One thread only.
 */
struct log_limit {
	uint64_t	tat;		/* theoretical arrival time, ns */
	uint64_t	suppressed;	/* lines since the last written */
	uint64_t	total;		/* lines suppressed, ever */
};

/*
 * Is this line one too many?  Allows `burst` lines at once (at least 1) and
 * then `per_second` (at least 1).  now_ns is any clock that does not go back;
 * if it does, nothing is let through that would not have been before.
 */
int		log_limited(struct log_limit *, uint64_t, unsigned int,
		    unsigned int);

/* How many lines were suppressed since the last call; sets it to 0. */
uint64_t	log_limit_take(struct log_limit *);

/*
 * log_rate(&lim, now_ns, burst, per_second, log_warnx, "fmt", ...): log unless
 * limited, and say first how many lines like it were suppressed.
 */
#define log_rate(lim, now_ns, burst, per_second, fn, ...)		\
	do {								\
		if (!log_limited((lim), (now_ns), (burst), (per_second))) { \
			log_limit_tell(lim);				\
			fn(__VA_ARGS__);				\
		}							\
	} while (0)

/* The same with log_debug(); while that is off, nothing is used up or said. */
#define log_debug_rate(lim, now_ns, burst, per_second, ...)		\
	do {								\
		if (log_getverbose() > 0)				\
			log_rate((lim), (now_ns), (burst), (per_second), \
			    log_debug, __VA_ARGS__);			\
	} while (0)

/* The line about suppressed lines that log_rate() writes, if any were. */
void	log_limit_tell(struct log_limit *);

#endif /* SHARED_LOG_H */
