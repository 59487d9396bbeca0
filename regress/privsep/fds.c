/* SPDX-License-Identifier: ISC */
/*
 * What a test of a child needs beside the child: a network namespace,
 * descriptors of every kind, random bytes, and the kernel's word on a kid.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/if_tun.h>
#include <linux/netlink.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "regress/privsep/child.h"
#include "regress/unit/unit.h"

#define SEALS		(F_SEAL_GROW | F_SEAL_SHRINK | \
			    F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)

static uint64_t seed = 0x9e3779b97f4a7c15;

uint32_t
kid_random32(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

void
kid_random(void *p, size_t len)
{
	uint8_t *b = p;
	size_t i;

	for (i = 0; i < len; i++)
		b[i] = (uint8_t)kid_random32();
}

long
kid_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000L + ts.tv_nsec / 1000000;
}

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd != -1) {
		(void)!write(fd, text, strlen(text));
		close(fd);
	}
}

void
kid_world(void)
{
	struct ifreq ifr;
	int s;

	ck_assert_msg(unshare(CLONE_NEWNET) == 0, "unshare: %s",
	    strerror(errno));
	write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "0");
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, "lo", 3);
	ifr.ifr_flags = IFF_UP;
	ck_assert_int_eq(ioctl(s, SIOCSIFFLAGS, &ifr), 0);
	close(s);
}

int
kid_fds(const struct kid *k)
{
	struct dirent *e;
	char path[64];
	int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)k->pid);
	if ((d = opendir(path)) == NULL)
		return -1;
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

long
kid_rss(const struct kid *k)
{
	long size, resident = -1;
	char path[64];
	FILE *fp;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)k->pid);
	if ((fp = fopen(path, "r")) == NULL)
		return -1;
	if (fscanf(fp, "%ld %ld", &size, &resident) != 2)
		resident = -1;
	fclose(fp);
	return resident == -1 ? -1 : resident * (getpagesize() / 1024);
}

long
kid_ticks(const struct kid *k)
{
	long user = -1, sys = 0;
	char path[64];
	FILE *fp;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)k->pid);
	if ((fp = fopen(path, "r")) == NULL)
		return -1;
	if (fscanf(fp, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u "
	    "%*u %ld %ld", &user, &sys) != 2)
		user = -1;
	fclose(fp);
	return user == -1 ? -1 : user + sys;
}

int
kid_memfd(size_t size, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static int
open_tun(void)
{
	struct ifreq ifr;
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
	if (fd != -1 && ioctl(fd, TUNSETIFF, &ifr) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
open_listener(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);

	/* An abstract address of the kernel's choice. */
	if (fd != -1 && (bind(fd, (struct sockaddr *)&sun,
	    sizeof(sun.sun_family)) == -1 || listen(fd, 16) == -1)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
open_udp(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd != -1)
		(void)!bind(fd, (struct sockaddr *)&sin, sizeof(sin));
	return fd;
}

/* One end of a pair; the other is gone. */
static int
open_link(void)
{
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, fd), 0);
	close(fd[0]);
	return fd[1];
}

static int
open_pipe(void)
{
	int fd[2];

	ck_assert_int_eq(pipe2(fd, O_NONBLOCK | O_CLOEXEC), 0);
	close(fd[0]);
	return fd[1];
}

int
kid_fd(enum fd_kind kind)
{
	int fd = -1;

	switch (kind) {
	case FD_NONE:
		fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		break;
	case FD_LINK:
		fd = open_link();
		break;
	case FD_LISTENER:
		fd = open_listener();
		break;
	case FD_UDP:
		fd = open_udp();
		break;
	case FD_NETLINK:
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK |
		    SOCK_CLOEXEC, NETLINK_ROUTE);
		break;
	case FD_PIPE:
		fd = open_pipe();
		break;
	case FD_MEMFD:
		fd = kid_memfd(4096, SEALS);
		break;
	case FD_TUN:
		fd = open_tun();
		break;
	case FD_FILE:
		fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
		break;
	}
	ck_assert_msg(fd != -1, "cannot make a %s: %s", fd_kind_name(kind),
	    strerror(errno));
	return fd;
}
