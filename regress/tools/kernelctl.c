/* SPDX-License-Identifier: ISC */
/*
 * Drives parent/kernel.c on a TUN device that it makes itself.
 *
 * usage: kernelctl [-u] rundir instance interface
 *
 * Reads commands, a line each, from standard input: "prepare FILE", "commit",
 * "abort", "rows", "problems", "overruns", "moved", "mark FILE", "close",
 * "kill", and "remove INTERFACE ROUTE", which is another program's doing: by a
 * socket that does not bear our pid; INTERFACE "-" is the number 0.
 * "fail link N", "fail dump N" and "fail dump6 N": of what is asked of the
 * kernel now, so many questions of that kind fail, those of IPv6 with
 * EAFNOSUPPORT if KERNELCTL_NO_IPV6 is set, else with EINTR.  KERNELCTL_DUMP6=N
 * is "fail dump6 N" before the start.  "fail del N": so many batches of
 * removals are not sent, "fail answer N": so many are, and their answers are
 * lost.  "fail journal TEXT": so does writing a text with that in it; without
 * TEXT no more.
 * "at N COMMAND": just before the Nth dump from now the shell runs COMMAND.
 * Each prints what it has to say, then "done".  A FILE has lines of two words:
 * address, allowed, mtu, fwmark, routes (main, none or a number).  With -u it
 * only undoes what a killed one left.
 */
#include <sys/socket.h>
#include <sys/uio.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "parent/kernel.h"
#include "parent/netlink.h"
#include "parent/netlink_route.h"
#include "parent/tun.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/row.h"

#define USAGE	"usage: kernelctl [-u] rundir instance interface"

static struct kernel	*kernel;
static struct event_base *base;
static struct conf	 conf;
static struct conf_peer	 peer;
static int		 tun;
static const char	*instance, *ifname;
static int		 fail_links, fail_dumps, fail_dumps6;
static int		 fail_dels, fail_answers, answers;
static char		 fail_text[64];
static int		 at_dump;
static char		 at_command[200];

static int
fails(int *left, int error)
{
	if (*left <= 0)
		return 0;
	(*left)--;
	errno = error;
	return -1;
}

/* -1 with errno: this dump fails. */
static int
on_dump(const struct nlmsghdr *nlh)
{
	uint8_t family = ((const uint8_t *)nlh)[NLMSG_HDRLEN];

	if (at_dump > 0 && --at_dump == 0 && system(at_command) != 0)
		warnx("failed: %s", at_command);
	if (family == AF_INET6 && fails(&fail_dumps6,
	    getenv("KERNELCTL_NO_IPV6") != NULL ? EAFNOSUPPORT : EINTR) == -1)
		return -1;
	return fails(&fail_dumps, ENOBUFS);
}

static bool
is_del(const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_type == RTM_DELADDR ||
	    nlh->nlmsg_type == RTM_DELROUTE || nlh->nlmsg_type == RTM_DELRULE;
}

/* In the place of the C library's: memory is short, a disk is full. */
ssize_t
send(int fd, const void *buf, size_t len, int flags)
{
	const struct nlmsghdr *nlh = buf;

	if ((nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP) {
		if (on_dump(nlh) == -1)
			return -1;
	} else if (nlh->nlmsg_type == RTM_GETLINK &&
	    fails(&fail_links, ENOBUFS) == -1)
		return -1;
	if (is_del(nlh) && fails(&fail_dels, ENOBUFS) == -1)
		return -1;
	if (is_del(nlh) && fails(&fail_answers, 0) == -1)
		answers = 1;
	return sendto(fd, buf, len, flags, NULL, 0);
}

ssize_t
recv(int fd, void *buf, size_t len, int flags)
{
	if (fails(&answers, ENOBUFS) == -1)
		return -1;
	return recvfrom(fd, buf, len, flags, NULL, NULL);
}

ssize_t
pwrite(int fd, const void *buf, size_t len, off_t at)
{
	struct iovec iov;

	if (fail_text[0] != '\0' && memmem(buf, len, fail_text,
	    strlen(fail_text)) != NULL) {
		errno = ENOSPC;
		return -1;
	}
	memset(&iov, 0, sizeof(iov));
	memcpy(&iov.iov_base, &buf, sizeof(buf));
	iov.iov_len = len;
	return pwritev(fd, &iov, 1, at);
}

static void
fail(const char *what, const char *how)
{
	if (strcmp(what, "link") == 0)
		fail_links = atoi(how);
	else if (strcmp(what, "dump") == 0)
		fail_dumps = atoi(how);
	else if (strcmp(what, "dump6") == 0)
		fail_dumps6 = atoi(how);
	else if (strcmp(what, "del") == 0)
		fail_dels = atoi(how);
	else if (strcmp(what, "answer") == 0)
		fail_answers = atoi(how);
	else
		snprintf(fail_text, sizeof(fail_text), "%s", how);
}

static void
add(struct conf_prefixes *l, const char *text)
{
	if (l->n == l->room) {
		l->room = l->room * 2 + 16;
		l->at = reallocarray(l->at, l->room, sizeof(*l->at));
		if (l->at == NULL)
			err(1, "prefixes");
	}
	if (prefix_parse(&l->at[l->n++], text) == -1)
		errx(1, "bad prefix %s", text);
}

static void
take(const char *key, const char *value)
{
	if (strcmp(key, "address") == 0)
		add(&conf.address, value);
	else if (strcmp(key, "allowed") == 0)
		add(&peer.allowed, value);
	else if (strcmp(key, "mtu") == 0)
		conf.mtu = (uint32_t)atoi(value);
	else if (strcmp(key, "fwmark") == 0) {
		conf.fwmark = (uint32_t)strtoul(value, NULL, 0);
		conf.has_fwmark = true;
	} else if (strcmp(value, "none") == 0)
		conf.routes = CONF_ROUTES_NONE;
	else if (strcmp(value, "main") != 0) {
		conf.routes = CONF_ROUTES_TABLE;
		conf.table = (uint32_t)atoi(value);
	}
}

static void
read_conf(const char *path)
{
	char line[256], key[32], value[128];
	FILE *fp;

	free(conf.address.at);
	free(peer.allowed.at);
	memset(&conf, 0, sizeof(conf));
	memset(&peer, 0, sizeof(peer));
	TAILQ_INIT(&conf.peers);
	TAILQ_INSERT_TAIL(&conf.peers, &peer, entry);
	conf.mtu = 1420;
	fp = fopen(path, "r");
	if (fp == NULL)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), fp) != NULL)
		if (sscanf(line, "%31s %127s", key, value) == 2)
			take(key, value);
	fclose(fp);
}

static void
on_row(void *arg, const void *data, size_t len)
{
	static struct row row;

	(void)arg;
	if (row_parse(&row, data, len) == -1)
		errx(1, "bad row");
	printf("%s|%s|%s|%s\n", row_get(&row, "kind")->str,
	    row_get(&row, "what")->str, row_get(&row, "routing_table")->str,
	    row_get(&row, "state")->str);
}

static void
rows(void)
{
	size_t at = 0;

	while (kernel_row(kernel, &at, on_row, NULL))
		;
}

static void
on_problem(void *arg, const char *problem, const char *advice)
{
	(void)arg;
	printf("problem: %s: %s\n", problem, advice);
}

static void
prepare(const char *path)
{
	char why[KERNEL_WHY];
	uint64_t t;
	int rc;

	read_conf(path);
	t = clock_boottime();
	rc = kernel_prepare(kernel, &conf, why);
	printf("%s%s\n", rc == 0 ? "prepared" : "no: ", why);
	printf("took %llu ms\n", (unsigned long long)
	    ((clock_boottime() - t) / CLOCK_NSEC_PER_MSEC));
}

static void
commit(void)
{
	uint64_t t = clock_boottime();

	kernel_commit(kernel);
	printf("took %llu ms\n", (unsigned long long)
	    ((clock_boottime() - t) / CLOCK_NSEC_PER_MSEC));
}

static void
finish(void)
{
	uint64_t t = clock_boottime();

	kernel_close(kernel);
	kernel = NULL;
	close(tun);
	printf("took %llu ms\n", (unsigned long long)
	    ((clock_boottime() - t) / CLOCK_NSEC_PER_MSEC));
}

static void
on_refused(void *arg, size_t tag, int error, const char *text)
{
	(void)arg;
	(void)tag;
	printf("refused: %s%s\n", strerror(error), text);
}

static void
remove_route(const char *from, const char *route)
{
	static struct nlr_batch b;
	struct item it = { .kind = ITEM_ROUTE, .table = ITEM_TABLE_MAIN };
	uint32_t port;
	int fd;

	fd = nlr_open(&port);
	if (fd == -1 || prefix_parse(&it.prefix, route) == -1)
		err(1, "remove %s", route);
	nlr_begin(&b, fd, if_nametoindex(from), on_refused, NULL);
	if (nlr_del(&b, &it, 0) == -1 || nlr_end(&b) == -1)
		warn("remove %s", route);
	close(fd);
}

static void
command(const char *line)
{
	char verb[16] = "", arg[200] = "", more[200] = "";

	sscanf(line, "%15s %199s %199[^\n]", verb, arg, more);
	if (strcmp(verb, "prepare") == 0)
		prepare(arg);
	else if (strcmp(verb, "commit") == 0)
		commit();
	else if (strcmp(verb, "abort") == 0)
		kernel_abort(kernel);
	else if (strcmp(verb, "rows") == 0)
		rows();
	else if (strcmp(verb, "problems") == 0)
		kernel_problems(kernel, on_problem, NULL);
	else if (strcmp(verb, "overruns") == 0)
		printf("%llu\n", (unsigned long long)kernel_overruns(kernel));
	else if (strcmp(verb, "moved") == 0)
		kernel_moved(kernel, if_nametoindex(ifname));
	else if (strcmp(verb, "remove") == 0)
		remove_route(arg, more);
	else if (strcmp(verb, "fail") == 0)
		fail(arg, more);
	else if (strcmp(verb, "at") == 0) {
		at_dump = atoi(arg);
		snprintf(at_command, sizeof(at_command), "%s", more);
	} else if (strcmp(verb, "mark") == 0) {
		read_conf(arg);
		printf("mark 0x%x\n", kernel_mark(instance, &conf));
	} else if (strcmp(verb, "close") == 0) {
		finish();
		event_base_loopbreak(base);
	} else if (strcmp(verb, "kill") == 0)
		raise(SIGKILL);
	else
		printf("what? %s\n", line);
	puts("done");
	fflush(stdout);
}

static void
on_input(evutil_socket_t fd, short what, void *arg)
{
	static char buf[4096];
	static size_t len;
	ssize_t n;
	char *nl;

	(void)what;
	(void)arg;
	n = read((int)fd, buf + len, sizeof(buf) - 1 - len);
	if (n <= 0) {
		event_base_loopbreak(base);
		return;
	}
	len += (size_t)n;
	buf[len] = '\0';
	while ((nl = strchr(buf, '\n')) != NULL) {
		*nl++ = '\0';
		command(buf);
		if (kernel == NULL)
			return;
		len -= (size_t)(nl - buf);
		memmove(buf, nl, len + 1);
	}
}

int
main(int argc, char *argv[])
{
	struct event *ev;
	int dir, fd, undo = 0;

	if (argc > 1 && strcmp(argv[1], "-u") == 0) {
		undo = 1;
		argv++;
		argc--;
	}
	if (argc != 4)
		errx(2, USAGE);
	log_init("kernelctl", log_stderr, NULL);
	instance = argv[2];
	ifname = argv[3];
	dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		err(1, "%s", argv[1]);
	if (getenv("KERNELCTL_DUMP6") != NULL)
		fail("dump6", getenv("KERNELCTL_DUMP6"));
	if (undo)
		return kernel_cleanup(dir, instance) == 0 ? 0 : 1;
	tun = tun_create(ifname, NULL);
	if (tun == -1)
		return 1;
	/* What follow_dress() does. */
	fd = nl_open();
	if (fd == -1 || nl_link_no_autoconf(fd,
	    if_nametoindex(ifname)) == -1)
		warn("no link-local address");
	kernel = kernel_open(dir, instance, ifname, if_nametoindex(ifname));
	base = event_base_new();
	if (kernel == NULL || base == NULL || kernel_begin(kernel, base) == -1)
		return 1;
	ev = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input,
	    NULL);
	if (ev == NULL || event_add(ev, NULL) == -1)
		return 1;
	puts("done");
	fflush(stdout);
	event_base_dispatch(base);
	if (kernel != NULL)
		kernel_close(kernel);
	event_free(ev);
	event_base_free(base);
	free(conf.address.at);
	free(peer.allowed.at);
	return 0;
}
