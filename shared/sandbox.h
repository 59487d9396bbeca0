/* SPDX-License-Identifier: ISC */
/*
 * System call filters as readable tables.  A process has two: one for its
 * start and a narrower one that is stacked on it after STARTUP.  What no rule
 * allows kills the process.  "warrenctl show sandbox" names the table in force.
 * Everything here fails closed: -1 means that the caller dies.
 */
#ifndef SHARED_SANDBOX_H
#define SHARED_SANDBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <seccomp.h>

#define SANDBOX_ARGS_MAX	3
#define SANDBOX_NAME_MAX	32
#define SANDBOX_TABLES_MAX	4	/* filters that one process may stack */

/* Exit status of a refused process in a build with -DSANDBOX_DEBUG. */
#define SANDBOX_DEBUG_EXIT	159

/* (argument & mask) == value.  Used slots come first. */
struct sandbox_arg {
	int		used;
	unsigned int	index;		/* 0-5 */
	uint64_t	mask;		/* never 0 */
	uint64_t	value;
};

/*
 * One system call with up to SANDBOX_ARGS_MAX conditions that must all hold,
 * each on another argument.  Several rules for one call are alternatives.
 */
struct sandbox_rule {
	int			 nr;	/* SCMP_SYS(name) */
	int			 err;	/* 0: allow; else fail with it */
	const char		*name;
	const char		*why;
	struct sandbox_arg	 arg[SANDBOX_ARGS_MAX];
};

/*
 * A named table; the rules of `base` (and of its base) are added to it.  If
 * one system call has several rules without conditions the first counts, own
 * rules before those of the base.  An allowing rule without conditions makes
 * the conditional ones moot; an errno rule without conditions counts only if
 * it is the call's only rule.
 */
struct sandbox_table {
	const char			*name;
	const struct sandbox_rule	*rules;
	size_t				 n;
	const struct sandbox_table	*base;
};

/*
 * How tables are written:
 *
 * static const struct sandbox_rule netd_run_rules[] = {
 *	SB_ALLOW(recvmmsg, "datagrams in"),
 *	SB_ALLOW_IF(fcntl, "look at a received fd", SB_EQ32(1, F_GETFL)),
 *	SB_ERRNO(ioctl, ENOTTY, "stdio asks for a terminal"),
 * };
 * const struct sandbox_table netd_run =
 *	SB_TABLE("netd run", netd_run_rules, &sandbox_base);
 */
#define SB_ALLOW(call, reason)						\
	{ .nr = SCMP_SYS(call), .name = #call, .why = (reason) }
#define SB_ALLOW_IF(call, reason, ...)					\
	{ .nr = SCMP_SYS(call), .name = #call, .why = (reason),		\
	    .arg = { __VA_ARGS__ } }
#define SB_ERRNO(call, error, reason)					\
	{ .nr = SCMP_SYS(call), .err = (error), .name = #call,		\
	    .why = (reason) }
#define SB_TABLE(label, rules_, base_)					\
	{ .name = (label), .rules = (rules_),				\
	    .n = sizeof(rules_) / sizeof((rules_)[0]), .base = (base_) }

/*
 * Conditions.  Use the 32 versions where the kernel takes an int: the upper
 * half of the register is then unspecified and the kernel ignores it, too.
 */
#define SB_EQ(i, v)		{ 1, (i), UINT64_MAX, (uint64_t)(v) }
#define SB_EQ32(i, v)		{ 1, (i), UINT32_MAX, (uint32_t)(v) }
#define SB_CLEAR(i, bits)	{ 1, (i), (uint64_t)(bits), 0 }
#define SB_MASK(i, bits, v)	{ 1, (i), (uint64_t)(bits), (uint64_t)(v) }
#define SB_NULL(i)		SB_EQ(i, 0)

/*
 * The common tables (sandbox_tables.c); use one as the base of your own:
 *
 * sandbox_base   memory without PROT_EXEC, time, random bytes, locks, read and
 *                write on open fds, exit, and what sandbox_report() asks;
 * sandbox_loop   base, and the event loop: epoll, poll, timerfd, imsg;
 * sandbox_start  loop, and what the time between the two filters needs:
 *                threads, signal handlers, fcntl.
 */
extern const struct sandbox_table sandbox_base;
extern const struct sandbox_table sandbox_loop;
extern const struct sandbox_table sandbox_start;

/* Added by sandbox_apply() to every filter that is not the last one. */
extern const struct sandbox_table sandbox_next;

/*
 * Added to every table in a build with -DSANITIZER (ASan and UBSan need more
 * at run, report and exit).  sandbox_report() tells of such a build.
 */
extern const struct sandbox_table sandbox_sanitizer;

/*
 * Build and load the filter for all threads (TSYNC); sets NO_NEW_PRIVS if it
 * is not set.  If last is 0, another sandbox_apply() may follow.  -1 with
 * errno on any failure, EALREADY if the last one was loaded already.
 */
int	sandbox_apply(const struct sandbox_table *, int);

/* Remember for the report which Landlock ABI is in force (0: none). */
void	sandbox_set_landlock(int);

/* What holds this process now; asked of the kernel where it can be. */
struct sandbox_report {
	int		seccomp_mode;	/* 2: filter; -1: not known */
	int		no_new_privs;
	int		dumpable;
	int		landlock_abi;
	int		closed;		/* the last filter is loaded */
	int		sanitizer;	/* built with the wider table */
	int		debug;		/* refused calls are named */
	uid_t		ruid, euid, suid;
	gid_t		rgid, egid, sgid;
	uint64_t	caps;		/* all that it could use */
	size_t		n;
	struct {
		char		name[SANDBOX_NAME_MAX];
		unsigned int	rules;	/* rules in the loaded filter */
	} table[SANDBOX_TABLES_MAX];
};

/* Fill in the report.  -1 with errno if the kernel did not answer. */
int	sandbox_report(struct sandbox_report *);

/*
 * Call cb(arg, table, rule) for each rule that sandbox_apply() would look at:
 * own, those of the bases, those of a sanitizer build (sandbox_next is not
 * walked).  Stops if cb returns non-zero and returns that, else 0.
 */
int	sandbox_walk(const struct sandbox_table *,
	    int (*)(void *, const struct sandbox_table *,
	    const struct sandbox_rule *), void *);

/*
 * The conditions of a rule as text: "" or "arg1 == 0x3" or
 * "arg2 & 0x4 == 0x0, arg3 == 0x22"; cut if it does not fit.
 */
void	sandbox_rule_text(const struct sandbox_rule *, char *, size_t);

#endif /* SHARED_SANDBOX_H */
