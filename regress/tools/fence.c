/* SPDX-License-Identifier: ISC */
/*
 * usage: fence FILE COMMAND...
 *
 * Runs a command under the restrictions of a systemd unit that are system
 * calls, where there is no systemd to do it: FILE names those that
 * SystemCallFilter= allows, one a line; all others fail with EPERM.  As the
 * unit has it, sockets are of four families, the only new namespaces are of
 * the network, no memory is writable and executable, and no file gets a bit
 * that changes users.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAMESPACES	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | \
			    CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID)
#define REFUSE		SCMP_ACT_ERRNO(EPERM)

/* Two comparisons of one argument are no rule: each gets its own. */
static void
add(scmp_filter_ctx ctx, int nr, unsigned arg, enum scmp_compare op,
    scmp_datum_t a, scmp_datum_t b)
{
	struct scmp_arg_cmp cmp = { arg, op, a, b };
	int rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, 1, &cmp);

	if (rc < 0)
		errx(1, "system call %d: %s", nr, strerror(-rc));
}

static void
add_sockets(scmp_filter_ctx ctx)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6,
	    AF_NETLINK };
	size_t i;

	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		add(ctx, SCMP_SYS(socket), 0, SCMP_CMP_EQ,
		    (scmp_datum_t)families[i], 0);
}

/* True if this one has a rule of its own. */
static int
add_special(scmp_filter_ctx ctx, const char *name)
{
	if (strcmp(name, "socket") == 0)
		add_sockets(ctx);
	else if (strcmp(name, "unshare") == 0)
		add(ctx, SCMP_SYS(unshare), 0, SCMP_CMP_MASKED_EQ,
		    NAMESPACES, 0);
	else if (strcmp(name, "clone") == 0)
		add(ctx, SCMP_SYS(clone), 0, SCMP_CMP_MASKED_EQ,
		    NAMESPACES, 0);
	else if (strcmp(name, "mprotect") == 0)
		add(ctx, SCMP_SYS(mprotect), 2, SCMP_CMP_MASKED_EQ,
		    PROT_EXEC, 0);
	else if (strcmp(name, "fchmod") == 0)
		add(ctx, SCMP_SYS(fchmod), 1, SCMP_CMP_MASKED_EQ,
		    S_ISUID | S_ISGID, 0);
	else if (strcmp(name, "fchmodat") == 0)
		add(ctx, SCMP_SYS(fchmodat), 2, SCMP_CMP_MASKED_EQ,
		    S_ISUID | S_ISGID, 0);
	else if (strcmp(name, "clone3") == 0)
		/* Its flags are in memory; libc goes back to clone(2). */
		seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(ENOSYS),
		    SCMP_SYS(clone3), 0, NULL);
	else
		return 0;
	return 1;
}

static void
add_named(scmp_filter_ctx ctx, const char *name)
{
	int nr = seccomp_syscall_resolve_name(name), rc;

	/* Groups name those of other machines, too. */
	if (nr == __NR_SCMP_ERROR || nr < 0 || add_special(ctx, name))
		return;
	rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, 0, NULL);
	if (rc < 0)
		errx(1, "%s: %s", name, strerror(-rc));
}

int
main(int argc, char **argv)
{
	char line[64];
	scmp_filter_ctx ctx;
	FILE *fp;

	if (argc < 3)
		errx(2, "usage: fence file command...");
	ctx = seccomp_init(REFUSE);
	fp = fopen(argv[1], "r");
	if (ctx == NULL || fp == NULL)
		err(1, "%s", argv[1]);
	while (fgets(line, sizeof(line), fp) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		add_named(ctx, line);
	}
	fclose(fp);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    seccomp_load(ctx) < 0)
		err(1, "the filter");
	seccomp_release(ctx);
	execvp(argv[2], argv + 2);
	err(1, "%s", argv[2]);
}
