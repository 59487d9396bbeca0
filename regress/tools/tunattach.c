/* SPDX-License-Identifier: ISC */
/*
 * A local user who wants to get at a TUN device: the node is open to him.
 *
 * usage: tunattach [-l | -m times] interface
 *
 * Tries to attach in each way and prints a line for each: how, and "attached"
 * or the error.  With -l it tries without end and to keep what it got, until
 * it is terminated; then it prints how often it was attached.  With -m it is
 * on the other side: it makes the device as warrend does, but is slow to own
 * it, so many times, and holds it until its standard input ends.
 */
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include "parent/tun.h"
#include "shared/log.h"
#include "shared/paths.h"

#define USAGE	"usage: tunattach [-l | -m times] interface"
#define SLOW	200000		/* microseconds */
#define OURS	(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR)

static volatile sig_atomic_t ended;
static int slow;		/* so many times */

/* In the place of the C library's. */
int
ioctl(int fd, unsigned long request, ...)
{
	unsigned long arg;
	va_list ap;

	va_start(ap, request);
	arg = va_arg(ap, unsigned long);
	va_end(ap);
	if (request == TUNSETOWNER && slow > 0) {
		slow--;
		usleep(SLOW);
	}
	return (int)syscall(SYS_ioctl, fd, request, arg);
}

static void
on_term(int sig)
{
	(void)sig;
	ended = 1;
}

static int
node(void)
{
	int fd = open(PATH_TUN, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1)
		err(1, "%s", PATH_TUN);
	return fd;
}

static int
attach(int fd, const char *name, int flags)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	ifr.ifr_flags = (short)flags;
	return ioctl(fd, TUNSETIFF, &ifr);
}

static void
try_all(const char *name)
{
	static const struct {
		const char	*how;
		int		 flags;
	} way[] = {
		{ "queue", OURS | IFF_MULTI_QUEUE },
		{ "queue without header", IFF_TUN | IFF_MULTI_QUEUE },
		{ "tun", OURS },
		{ "tap", IFF_TAP | IFF_NO_PI },
		{ "tap queue", IFF_TAP | IFF_MULTI_QUEUE },
	};
	size_t i;
	int fd;

	for (i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
		fd = node();
		printf("%s: %s\n", way[i].how,
		    attach(fd, name, way[i].flags) == -1 ?
		    strerrorname_np(errno) : "attached");
		close(fd);
	}
}

/* Every other time it lets go at once and leaves something behind. */
static void
try_without_end(const char *name)
{
	int fd = node(), none = 0;
	struct ifreq ifr;
	unsigned n = 0;

	while (!ended) {
		if (attach(fd, name, OURS | IFF_MULTI_QUEUE) == -1)
			continue;
		ioctl(fd, TUNSETCARRIER, &none);
		if (n++ % 2 == 0) {
			ioctl(fd, TUNSETPERSIST, 1UL);
			while (!ended && ioctl(fd, TUNGETIFF, &ifr) == 0)
				usleep(1000);
		}
		close(fd);
		fd = node();
	}
	close(fd);
	printf("%u\n", n);
}

static int
make(const char *name)
{
	char c;

	log_init("tunattach", log_stderr, NULL);
	if (tun_create(name, NULL) == -1)
		return 1;
	puts("made");
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	return 0;
}

int
main(int argc, char *argv[])
{
	if (argc == 4 && strcmp(argv[1], "-m") == 0) {
		slow = atoi(argv[2]);
		return make(argv[3]);
	}
	if (argc == 3 && strcmp(argv[1], "-l") == 0) {
		signal(SIGTERM, on_term);
		try_without_end(argv[2]);
	} else if (argc == 2)
		try_all(argv[1]);
	else
		errx(2, USAGE);
	return 0;
}
