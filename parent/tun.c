/* SPDX-License-Identifier: ISC */
/*
 * Making the TUN device: see tun.h.
 */
#include <sys/ioctl.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include "parent/tun.h"
#include "shared/log.h"
#include "shared/msg_parent.h"
#include "shared/paths.h"
#include "shared/vnet.h"

#define EXCLUSIVE	0x8000		/* IFF_TUN_EXCL; not in old headers */

/*
 * The kernel refuses slashes, colons and spaces and takes '%' for a pattern;
 * a name that begins with '-' is an option of every tool.
 */
int
tun_name_is_valid(const char *name)
{
	const char *p;

	if (name[0] == '\0' || strlen(name) >= IFNAMSIZ || name[0] == '-' ||
	    strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	for (p = name; *p != '\0'; p++)
		if (*p == '/' || *p == ':' || *p == '%' || *p == '\\' ||
		    !isgraph((unsigned char)*p))
			return 0;
	return 1;
}

int
tun_check(void)
{
	int fd;

	fd = open(PATH_TUN, O_RDWR | O_CLOEXEC);
	if (fd != -1) {
		close(fd);
		return 0;
	}
	if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
		log_warnx("%s is missing; load the module: modprobe tun",
		    PATH_TUN);
	else
		log_warn("cannot open %s", PATH_TUN);
	return -1;
}

static void
say_why(const char *name)
{
	if (errno == EBUSY || errno == EEXIST ||
	    (errno == EINVAL && if_nametoindex(name) != 0))
		log_warnx("interface %s exists already; take another name, "
		    "or ip link delete %s", name, name);
	else if (errno == EPERM)
		log_warnx("cannot make interface %s: CAP_NET_ADMIN is "
		    "missing here", name);
	else
		log_warn("cannot make interface %s", name);
}

/*
 * Large packets both ways, as far as the kernel knows them: UDP since 6.2.
 * Without any, packets come one by one, and the tunnel is slower.  What is
 * left out in the end.
 */
static uint8_t
set_offloads(int fd, uint8_t without)
{
	unsigned long tcp = 0, udp = 0;

	if ((without & OFFLOAD_TUN_TCP) == 0)
		tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
	if ((without & OFFLOAD_TUN_UDP) == 0)
		udp = TUN_F_CSUM | TUN_F_USO4 | TUN_F_USO6;
	if (ioctl(fd, TUNSETOFFLOAD, tcp | udp) == 0)
		return without;
	without |= OFFLOAD_TUN_UDP;
	if (ioctl(fd, TUNSETOFFLOAD, tcp) == 0)
		return without;
	log_info("this kernel has no segmentation offload for TUN devices");
	ioctl(fd, TUNSETOFFLOAD, 0UL);
	return without | OFFLOAD_TUN_TCP;
}

/* A queue of this device, which is made if it is not there.  -1: errno. */
static int
attach(const char *name, int flags)
{
	struct ifreq ifr;
	int fd, saved;

	fd = open(PATH_TUN, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return -1;
	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, name, strlen(name));
	ifr.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | flags);
	if (ioctl(fd, TUNSETIFF, &ifr) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
tun_queue(const char *name)
{
	return attach(name, IFF_MULTI_QUEUE);
}

int
tun_create(const char *name, uint8_t *without)
{
	uint8_t all = 0;
	int fd, header = VNET_HDR_LEN;

	if (without == NULL)
		without = &all;
	if (tun_check() == -1)
		return -1;
	/* A tun device that somebody made before must not be taken over. */
	fd = attach(name, EXCLUSIVE |
	    ((*without & OFFLOAD_TUN_QUEUES) != 0 ? 0 : IFF_MULTI_QUEUE));
	if (fd == -1) {
		say_why(name);
		return -1;
	}
	if (ioctl(fd, TUNSETVNETHDRSZ, &header) == -1) {
		log_warn("cannot set up interface %s", name);
		close(fd);
		return -1;
	}
	*without = set_offloads(fd, *without);
	return fd;
}

int
tun_where(int tun, char *name)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	if (ioctl(tun, TUNGETIFF, &ifr) == -1)
		return -1;
	memcpy(name, ifr.ifr_name, IFNAMSIZ);
	name[IFNAMSIZ - 1] = '\0';
	return ioctl(tun, TUNGETDEVNETNS);
}
