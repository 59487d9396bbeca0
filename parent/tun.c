/* SPDX-License-Identifier: ISC */
/*
 * Making the TUN device: see tun.h.
 */
#include <sys/ioctl.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include "parent/netlink.h"
#include "parent/tun.h"
#include "shared/log.h"
#include "shared/msg_parent.h"
#include "shared/paths.h"
#include "shared/vnet.h"

#define EXCLUSIVE	0x8000		/* IFF_TUN_EXCL; not in old headers */
#define TRIES		5		/* to have a device for ourselves */

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
		log_warnx("interface %s exists already; see whose it is: "
		    "ip -d link show %s; take another name", name, name);
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

/*
 * What somebody who was attached for a moment could have left: filters, the
 * order of bytes in headers, limits, the kind of link.  What this kernel does
 * not know he could not set either.
 */
static void
reset(int fd)
{
	int none = -1, off = 0, most = INT_MAX, on = 1;

	ioctl(fd, TUNSETFILTEREBPF, &none);
	ioctl(fd, TUNSETSTEERINGEBPF, &none);
	ioctl(fd, TUNSETVNETLE, &off);
	ioctl(fd, TUNSETVNETBE, &off);
	ioctl(fd, TUNSETSNDBUF, &most);
	ioctl(fd, TUNSETCARRIER, &on);
	ioctl(fd, TUNSETLINK, (unsigned long)ARPHRD_NONE);
}

/* It is gone with our queue, unless somebody else holds it. */
static void
unmake(int fd, int nl, const char *name)
{
	struct nl_tun t;

	if (nl_tun_get(nl, name, &t) == -1 ||
	    nl_link_delete(nl, t.ifindex) == -1)
		log_warn("cannot delete interface %s; try ip link delete %s",
		    name, name);
	close(fd);
}

/*
 * A device without owner is everybody's: who may open /dev/net/tun, as a rule
 * all users, could attach a queue, read what is sent, send, and keep it.  If
 * root owns it, that takes root or CAP_NET_ADMIN.  Until then somebody may be
 * quicker.  1: it is ours alone, 0: it is not; -1 after a line in the log.
 */
static int
own(int fd, int nl, const char *name)
{
	struct nl_tun t;

	if (ioctl(fd, TUNSETOWNER, 0UL) == -1 ||
	    ioctl(fd, TUNSETPERSIST, 0UL) == -1) {
		log_warn("cannot become owner of interface %s", name);
		return -1;
	}
	if (nl_tun_get(nl, name, &t) == -1) {
		log_warn("cannot see who is attached to interface %s", name);
		return -1;
	}
	return t.owner == 0 && t.group == UINT32_MAX && t.queues == 1 &&
	    t.detached == 0 && !t.persists;
}

/* The device, to which nobody else is or can get attached.  -1: logged. */
static int
make(int nl, const char *name, int flags)
{
	int fd, i, r;

	for (i = 0; i < TRIES; i++) {
		/* What somebody made before must not be taken over. */
		fd = attach(name, EXCLUSIVE | flags);
		if (fd == -1) {
			say_why(name);
			return -1;
		}
		r = own(fd, nl, name);
		if (r == 1) {
			reset(fd);
			return fd;
		}
		unmake(fd, nl, name);
		if (r == -1)
			return -1;
	}
	log_warnx("a process attaches to interface %s before it is ours, each "
	    "of %d times: find out whose it is and end it, or let only root "
	    "open %s", name, TRIES, PATH_TUN);
	return -1;
}

int
tun_create(const char *name, uint8_t *without)
{
	uint8_t all = 0;
	int fd, header = VNET_HDR_LEN, nl;

	if (without == NULL)
		without = &all;
	if (tun_check() == -1)
		return -1;
	nl = nl_open();
	if (nl == -1) {
		log_warn("cannot open a netlink socket");
		return -1;
	}
	fd = make(nl, name,
	    (*without & OFFLOAD_TUN_QUEUES) != 0 ? 0 : IFF_MULTI_QUEUE);
	close(nl);
	if (fd == -1)
		return -1;
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
