/* SPDX-License-Identifier: ISC */
/*
 * From tables to seccomp filters, by libseccomp.  The filter of a process is a
 * property of the process, so what was loaded is remembered here, for the
 * report; nothing else in shared/ may depend on it.
 */

#include <sys/prctl.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "caps.h"
#include "sandbox.h"

#define SANDBOX_RULES_MAX	256

#ifdef SANITIZER
#define SANDBOX_HAVE_SANITIZER	1
#else
#define SANDBOX_HAVE_SANITIZER	0
#endif

#ifdef SANDBOX_DEBUG
#define SANDBOX_HAVE_DEBUG	1
#define SANDBOX_REFUSE		SCMP_ACT_TRAP
#else
#define SANDBOX_HAVE_DEBUG	0
#define SANDBOX_REFUSE		SCMP_ACT_KILL_PROCESS
#endif

/* The rules of a filter in order of weight. */
struct sandbox_flat {
	const struct sandbox_rule	*rule[SANDBOX_RULES_MAX];
	size_t				 n;
};

static struct {
	size_t		n;
	int		closed;
	int		landlock_abi;
	char		name[SANDBOX_TABLES_MAX][SANDBOX_NAME_MAX];
	unsigned int	rules[SANDBOX_TABLES_MAX];
} sandbox_state;

#ifdef SANITIZER
/*
 * The leak checker traces the process from outside and the symbolizer is a
 * program of its own: neither lives in a sandbox.  ASAN_OPTIONS goes before.
 */
const char	*__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0:symbolize=0";
}
#endif /* SANITIZER */

#ifdef SANDBOX_DEBUG
#define SANDBOX_NR_MAX	600

static char	*sandbox_names[SANDBOX_NR_MAX];

/* Resolving a name allocates, so a signal handler cannot do it: do it now. */
static void
sandbox_load_names(void)
{
	int	nr;

	for (nr = 0; nr < SANDBOX_NR_MAX; nr++)
		sandbox_names[nr] =
		    seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);
}

/* Append to a buffer of `size`; async-signal-safe. */
static size_t
sandbox_append(char *buf, size_t off, size_t size, const char *s)
{
	while (*s != '\0' && off < size)
		buf[off++] = *s++;
	return off;
}

static size_t
sandbox_append_int(char *buf, size_t off, size_t size, int v)
{
	char		digits[12];
	size_t		i = sizeof(digits);
	unsigned int	u = v < 0 ? 0U - (unsigned int)v : (unsigned int)v;

	digits[--i] = '\0';
	do
		digits[--i] = (char)('0' + u % 10);
	while ((u /= 10) != 0);
	if (v < 0)
		digits[--i] = '-';
	return sandbox_append(buf, off, size, digits + i);
}

static void
sandbox_refused(int sig, siginfo_t *si, void *ctx)
{
	const char	*name = NULL;
	char		 buf[160];
	size_t		 n = 0;
	ssize_t		 w;

	(void)sig;
	(void)ctx;
	if (si->si_syscall >= 0 && si->si_syscall < SANDBOX_NR_MAX)
		name = sandbox_names[si->si_syscall];
	n = sandbox_append(buf, n, sizeof(buf), "sandbox: ");
	n = sandbox_append(buf, n, sizeof(buf), program_invocation_short_name);
	n = sandbox_append(buf, n, sizeof(buf), ": syscall ");
	n = sandbox_append(buf, n, sizeof(buf), name != NULL ? name : "?");
	n = sandbox_append(buf, n, sizeof(buf), "(");
	n = sandbox_append_int(buf, n, sizeof(buf), si->si_syscall);
	n = sandbox_append(buf, n, sizeof(buf), ") refused\n");
	w = write(STDERR_FILENO, buf, n);
	(void)w;
	_exit(SANDBOX_DEBUG_EXIT);
}

/* Only before the first filter, which may forbid rt_sigaction. */
static int
sandbox_debug(void)
{
	struct sigaction	sa;

	if (sandbox_state.n > 0)
		return 0;
	sandbox_load_names();
	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = sandbox_refused;
	sa.sa_flags = SA_SIGINFO;
	sigemptyset(&sa.sa_mask);
	return sigaction(SIGSYS, &sa, NULL);
}
#else
static int
sandbox_debug(void)
{
	return 0;
}
#endif /* SANDBOX_DEBUG */

static int
sandbox_has_args(const struct sandbox_rule *r)
{
	return r->arg[0].used;
}

int
sandbox_walk(const struct sandbox_table *table, int (*cb)(void *,
    const struct sandbox_table *, const struct sandbox_rule *), void *arg)
{
	const struct sandbox_table	*t;
	size_t				 i;
	int				 rc;

	for (t = table; t != NULL; t = t->base)
		for (i = 0; i < t->n; i++)
			if ((rc = cb(arg, t, &t->rules[i])) != 0)
				return rc;
	if (!SANDBOX_HAVE_SANITIZER)
		return 0;
	t = &sandbox_sanitizer;
	for (i = 0; i < t->n; i++)
		if ((rc = cb(arg, t, &t->rules[i])) != 0)
			return rc;
	return 0;
}

/* A condition that could never hold, or always would, is a mistake. */
static int
sandbox_args_valid(const struct sandbox_rule *r)
{
	const struct sandbox_arg	*a;
	int				 i;

	for (i = 0; i < SANDBOX_ARGS_MAX; i++) {
		a = &r->arg[i];
		if (!a->used)
			continue;
		if ((i > 0 && !r->arg[i - 1].used) || a->index > 5 ||
		    a->mask == 0 || (a->value & ~a->mask) != 0)
			return 0;
	}
	return 1;
}

static int
sandbox_collect(void *arg, const struct sandbox_table *table,
    const struct sandbox_rule *rule)
{
	struct sandbox_flat	*flat = arg;

	(void)table;
	if (flat->n == SANDBOX_RULES_MAX) {
		errno = E2BIG;
		return -1;
	}
	if (!sandbox_args_valid(rule)) {
		errno = EINVAL;
		return -1;
	}
	flat->rule[flat->n++] = rule;
	return 0;
}

/*
 * Does another rule make rule i moot?  libseccomp's own answers depend on the
 * order in which it is told, so it is only told what does not overlap.
 */
static int
sandbox_is_moot(const struct sandbox_flat *flat, size_t i)
{
	const struct sandbox_rule	*r = flat->rule[i], *o;
	size_t				 k;

	for (k = 0; k < flat->n; k++) {
		o = flat->rule[k];
		if (k == i || o->nr != r->nr)
			continue;
		if (sandbox_has_args(r)) {
			if (!sandbox_has_args(o) && o->err == 0)
				return 1;
			continue;
		}
		/* r is without conditions: the first such rule counts, */
		if (!sandbox_has_args(o) && k < i)
			return 1;
		/* and an errno one yields to any conditional one. */
		if (sandbox_has_args(o) && r->err != 0)
			return 1;
	}
	return 0;
}

static int
sandbox_add(scmp_filter_ctx ctx, const struct sandbox_rule *r)
{
	struct scmp_arg_cmp		 cmp[SANDBOX_ARGS_MAX];
	const struct sandbox_arg	*a;
	uint32_t			 action = SCMP_ACT_ALLOW;
	unsigned int			 n;
	int				 rc;

	if (r->err != 0)
		action = SCMP_ACT_ERRNO((unsigned int)r->err);
	for (n = 0; n < SANDBOX_ARGS_MAX && r->arg[n].used; n++) {
		a = &r->arg[n];
		cmp[n].arg = a->index;
		cmp[n].op = SCMP_CMP_MASKED_EQ;
		cmp[n].datum_a = a->mask;
		cmp[n].datum_b = a->value;
	}
	rc = seccomp_rule_add_array(ctx, action, r->nr, n, cmp);
	/* The same rule twice is one rule. */
	return rc == -EEXIST ? 0 : rc;
}

/* Returns the number of rules in *count, and 0 or a negative errno. */
static int
sandbox_fill(scmp_filter_ctx ctx, const struct sandbox_flat *flat,
    unsigned int *count)
{
	size_t	i;
	int	rc;

	*count = 0;
	for (i = 0; i < flat->n; i++) {
		if (sandbox_is_moot(flat, i))
			continue;
		if ((rc = sandbox_add(ctx, flat->rule[i])) != 0)
			return rc;
		(*count)++;
	}
	return 0;
}

/*
 * No TSYNC, no filter: without it a thread that runs already would escape.
 * NO_NEW_PRIVS is ours to set, so that libseccomp need not call prctl again
 * under the first filter.
 */
static int
sandbox_load(const struct sandbox_flat *flat, unsigned int *count)
{
	scmp_filter_ctx	ctx;
	int		rc;

	if ((ctx = seccomp_init(SANDBOX_REFUSE)) == NULL)
		return -ENOMEM;
	if ((rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_KILL_PROCESS)) == 0 &&
	    (rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1)) == 0 &&
	    (rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0)) == 0 &&
	    (rc = seccomp_attr_set(ctx, SCMP_FLTATR_API_SYSRAWRC, 1)) == 0 &&
	    (rc = sandbox_fill(ctx, flat, count)) == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	/* A positive value would be the thread that could not be synced. */
	return rc > 0 ? -ECANCELED : rc;
}

int
sandbox_apply(const struct sandbox_table *table, int last)
{
	struct sandbox_flat	flat = { .n = 0 };
	unsigned int		count;
	size_t			i, n = sandbox_state.n;
	int			rc;

	if (sandbox_state.closed || n == SANDBOX_TABLES_MAX) {
		errno = EALREADY;
		return -1;
	}
	if (sandbox_walk(table, sandbox_collect, &flat) != 0)
		return -1;
	for (i = 0; !last && i < sandbox_next.n; i++)
		if (sandbox_collect(&flat, &sandbox_next,
		    &sandbox_next.rules[i]) != 0)
			return -1;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	if (sandbox_debug() == -1)
		return -1;
	if ((rc = sandbox_load(&flat, &count)) != 0) {
		errno = -rc;
		return -1;
	}
	snprintf(sandbox_state.name[n], SANDBOX_NAME_MAX, "%s", table->name);
	sandbox_state.rules[n] = count;
	sandbox_state.n++;
	sandbox_state.closed = last != 0;
	return 0;
}

void
sandbox_set_landlock(int abi)
{
	sandbox_state.landlock_abi = abi;
}

int
sandbox_report(struct sandbox_report *rep)
{
	size_t	i;

	memset(rep, 0, sizeof(*rep));
	rep->seccomp_mode = prctl(PR_GET_SECCOMP, 0, 0, 0, 0);
	rep->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	rep->dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	if (rep->no_new_privs == -1 || rep->dumpable == -1 ||
	    getresuid(&rep->ruid, &rep->euid, &rep->suid) == -1 ||
	    getresgid(&rep->rgid, &rep->egid, &rep->sgid) == -1 ||
	    caps_any(&rep->caps) == -1)
		return -1;
	rep->landlock_abi = sandbox_state.landlock_abi;
	rep->closed = sandbox_state.closed;
	rep->sanitizer = SANDBOX_HAVE_SANITIZER;
	rep->debug = SANDBOX_HAVE_DEBUG;
	rep->n = sandbox_state.n;
	for (i = 0; i < rep->n; i++) {
		memcpy(rep->table[i].name, sandbox_state.name[i],
		    SANDBOX_NAME_MAX);
		rep->table[i].rules = sandbox_state.rules[i];
	}
	return 0;
}

void
sandbox_rule_text(const struct sandbox_rule *r, char *buf, size_t size)
{
	const struct sandbox_arg	*a;
	size_t				 i, off = 0;
	char				 mask[32];
	int				 n;

	if (size == 0)
		return;
	buf[0] = '\0';
	for (i = 0; i < SANDBOX_ARGS_MAX && r->arg[i].used; i++) {
		a = &r->arg[i];
		mask[0] = '\0';
		if (a->mask != UINT64_MAX && a->mask != UINT32_MAX)
			snprintf(mask, sizeof(mask), " & 0x%" PRIx64, a->mask);
		n = snprintf(buf + off, size - off,
		    "%sarg%u%s == 0x%" PRIx64, i == 0 ? "" : ", ", a->index,
		    mask, a->value);
		if (n < 0 || (size_t)n >= size - off)
			return;
		off += (size_t)n;
	}
}
