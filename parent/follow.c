/* SPDX-License-Identifier: ISC */
/*
 * Following the interface: see follow.h.
 *
 * The parent keeps the TUN fd for this, and only for this: after a second
 * move rtnetlink tells the new namespace by an id that means something only
 * in the one that the interface left, and perhaps we have no id for it at
 * all.  TUNGETDEVNETNS always knows, and it also settles every race.  The
 * parent never reads it: its filter permits that one ioctl pair on it, and
 * the event loop does not know it.
 */
#include <sys/stat.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "parent/follow.h"
#include "parent/tun.h"
#include "shared/log.h"

#define BATCH	64		/* events a turn */
#define TRIES	8		/* the interface moves while we look */

int
follow_open(struct follow *f, int tun, const char *name)
{
	struct stat st;

	f->tun = tun;
	f->nsid = NL_HOME;
	f->all = true;
	f->requests = nl_open();
	f->events = nl_open_links(&f->all);
	if (f->requests == -1 || f->events == -1) {
		log_warn("cannot open a netlink socket");
		return -1;
	}
	if (!f->all)
		log_debug("no events from other network namespaces: a moved "
		    "interface is looked at every second");
	if (stat("/proc/self/ns/net", &st) == -1) {
		log_warn("/proc/self/ns/net");
		return -1;
	}
	f->home_dev = st.st_dev;
	f->home_ino = st.st_ino;
	if (nl_link_get(f->requests, NL_HOME, name, &f->link) == -1) {
		log_warn("cannot see interface %s", name);
		return -1;
	}
	return 0;
}

int
follow_dress(struct follow *f, uint32_t mtu)
{
	uint32_t ifindex = f->link.ifindex;

	if (nl_link_mtu(f->requests, ifindex, mtu) == -1) {
		log_warn("cannot set the MTU of %s", f->link.name);
		return -1;
	}
	f->link.mtu = mtu;
	/* A host without IPv6 makes no link-local addresses either. */
	if (nl_link_no_autoconf(f->requests, ifindex) == -1 &&
	    errno != EAFNOSUPPORT && errno != EOPNOTSUPP)
		log_warn("%s will get a link-local address", f->link.name);
	if (nl_link_no_redirects(f->requests, ifindex) == -1)
		log_debug("%s may send ICMP redirects: %s", f->link.name,
		    strerrordesc_np(errno));
	return 0;
}

/* The namespace that the device is in.  0, or -1 with errno. */
static int
locate(struct follow *f, int32_t *nsid, char *name)
{
	struct stat st;
	int fd, rc, saved;

	*nsid = NL_HOME;
	fd = tun_where(f->tun, name);
	if (fd == -1)
		return -1;
	rc = fstat(fd, &st);
	if (rc == 0 &&
	    (st.st_dev != f->home_dev || st.st_ino != f->home_ino))
		rc = nl_nsid(f->requests, fd, nsid);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

/*
 * Ask where it is, then what it is there.  If it was moved or renamed in
 * between, ask again.
 */
static int
look(struct follow *f, int32_t *nsid, struct nl_link *l)
{
	char name[IFNAMSIZ];
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		if (locate(f, nsid, name) == -1)
			return -1;
		if (nl_link_get(f->requests, *nsid, name, l) == 0)
			return 0;
		if (errno != ENODEV && errno != EINVAL)
			return -1;
	}
	errno = EAGAIN;
	return -1;
}

/* In a second, without an event. */
static void
look_again(struct follow *f)
{
	static const struct timeval second = { 1, 0 };

	if (f->again != NULL)
		event_add(f->again, &second);
}

/*
 * Where we cannot look, it is taken for up: packets that cryptod reads from
 * it are proof enough, and cryptod also tells when it is gone.  But first we
 * look twice: the namespace may just be dying, and the interface with it.
 */
static void
hide(struct follow *f)
{
	look_again(f);
	if (!f->blind || f->hidden) {
		f->blind = true;
		return;
	}
	log_warn("interface %s is where it cannot be watched, so it counts as "
	    "up", f->link.name);
	f->hidden = true;
	f->link.up = true;
	f->link.ifindex = 0;
}

static void
tell(struct follow *f, const struct nl_link *old, int32_t nsid)
{
	if ((f->nsid != nsid || f->link.ifindex != old->ifindex) &&
	    f->moved != NULL)
		f->moved(f->arg);
	if (f->link.up != old->up || f->link.mtu != old->mtu ||
	    f->link.ifindex != old->ifindex ||
	    strcmp(f->link.name, old->name) != 0)
		f->changed(f->arg, old);
}

/* A want of ours, which tells nothing of where it is.  Looks again. */
static bool
starves(struct follow *f, int error)
{
	if (error != EMFILE && error != ENFILE && error != ENOMEM &&
	    error != ENOBUFS)
		return false;
	if (!f->starved)
		log_warnx("cannot look at interface %s: %s; trying again "
		    "every second", f->link.name, strerrordesc_np(error));
	f->starved = true;
	look_again(f);
	return true;
}

void
follow_refresh(struct follow *f)
{
	struct nl_link l, old = f->link;
	int32_t nsid, old_nsid = f->nsid;

	if (f->gone)
		return;
	if (look(f, &nsid, &l) == -1) {
		if (errno == EBADFD || errno == ENODEV) {
			f->gone = true;
			f->deleted(f->arg);
			return;
		}
		if (starves(f, errno))
			return;
		f->starved = false;
		hide(f);
		tell(f, &old, old_nsid);
		return;
	}
	if (nsid != f->nsid) {
		if (nsid == NL_HOME)
			log_info("interface %s is back in its first network "
			    "namespace", l.name);
		else
			log_info("interface %s moved to another network "
			    "namespace (nsid %d)", l.name, (int)nsid);
		f->moves++;
	}
	f->nsid = nsid;
	f->link = l;
	f->blind = f->hidden = f->starved = false;
	if (nsid != NL_HOME && !f->all)
		look_again(f);
	tell(f, &old, old_nsid);
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct follow *f = arg;
	struct nl_event ev;
	bool dirty = false;
	int i, n;

	(void)what;
	for (i = 0; i < BATCH; i++) {
		n = nl_event(fd, &ev);
		if (n == 0)
			break;
		if (n == -1) {
			/* ENOBUFS: events are lost, the truth is not. */
			f->overruns++;
			dirty = true;
			continue;
		}
		if (f->blind || (ev.nsid_gone && f->nsid != NL_HOME) ||
		    (ev.nsid == f->nsid && ev.ifindex == f->link.ifindex))
			dirty = true;
	}
	if (dirty)
		follow_refresh(f);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	follow_refresh(arg);
}

int
follow_begin(struct follow *f, struct event_base *base)
{
	f->ev = event_new(base, f->events, EV_READ | EV_PERSIST, on_event, f);
	f->again = event_new(base, -1, 0, on_again, f);
	if (f->ev == NULL || f->again == NULL || event_add(f->ev, NULL) == -1)
		return -1;
	return 0;
}

void
follow_close(struct follow *f)
{
	if (f->ev != NULL)
		event_free(f->ev);
	if (f->again != NULL)
		event_free(f->again);
	f->ev = f->again = NULL;
	/* The last fd of a TUN device that goes takes the device with it. */
	if (f->tun != -1)
		close(f->tun);
	f->tun = -1;
}
