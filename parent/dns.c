/* SPDX-License-Identifier: ISC */
/*
 * Sockets for resolverd: see dns.h.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "parent/parent.h"
#include "shared/clock.h"
#include "shared/msg_helper.h"
#include "shared/paths.h"

#define FILE_MAX	65536		/* bytes of resolv.conf that are read */
#define PAUSE		10		/* seconds between two looks */

/* Not a FIFO that would stop us; the bytes, or -1 with errno. */
static ssize_t
read_file(const char *path, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int fd, saved;

	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	do {
		n = read(fd, buf + len, size - len);
		if (n > 0)
			len += (size_t)n;
	} while (n > 0 && len < size);
	saved = errno;
	close(fd);
	errno = saved;
	return n == -1 ? -1 : (ssize_t)len;
}

/* Once for each reason. */
static void
say_why(struct parent *p, int error)
{
	if (error == p->dns.error)
		return;
	p->dns.error = error;
	if (error == EACCES)
		log_warnx("%s: may not be read: where it leads to was not "
		    "there at the start; a restart mends it",
		    PATH_RESOLV_CONF);
	else if (error == ENODATA)
		log_warnx("%s: no name server in it; endpoints by name are "
		    "looked up in %s only", PATH_RESOLV_CONF, PATH_HOSTS);
	else if (error != 0)
		log_warnx("%s: %s", PATH_RESOLV_CONF, strerrordesc_np(error));
	if (error != 0 && error != ENODATA && p->dns.servers.n > 0)
		log_warnx("%s: the name servers that were read before stay "
		    "in use", PATH_RESOLV_CONF);
}

/* Those of before, if it cannot be read: that is no word against them. */
static void
read_servers(struct parent *p, struct resolvconf *rc)
{
	static char text[FILE_MAX];
	ssize_t n;

	n = read_file(PATH_RESOLV_CONF, text, sizeof(text));
	if (n == -1) {
		say_why(p, errno);
		*rc = p->dns.servers;
		return;
	}
	resolvconf_read(rc, text, (size_t)n);
	say_why(p, rc->n == 0 ? ENODATA : 0);
}

/* if_nametoindex(3) would open a socket that our filter refuses. */
static int
find_scope(int fd, struct endpoint *at, const char *name)
{
	struct ifreq ifr;

	if (name[0] == '\0')
		return 0;
	memset(&ifr, 0, sizeof(ifr));
	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	if (ioctl(fd, SIOCGIFINDEX, &ifr) == -1)
		return -1;
	at->scope = (uint32_t)ifr.ifr_ifindex;
	return 0;
}

/* A socket to this server; -1 with errno. */
static int
open_server(struct endpoint *at, const char *scope, uint32_t mark)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd, saved;

	fd = socket(at->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if ((mark != 0 && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark,
	    sizeof(mark)) == -1) || find_scope(fd, at, scope) == -1 ||
	    endpoint_to_sockaddr(at, &ss, &len) == -1 ||
	    connect(fd, (const struct sockaddr *)&ss, len) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static void
give_servers(struct parent *p)
{
	struct link *l = &p->member[PROC_RESOLVERD].link;
	const struct resolvconf *rc = &p->dns.servers;
	char text[64];
	struct endpoint at;
	size_t i;
	int fd;

	dns_reset_send(l);
	for (i = 0; i < rc->n; i++) {
		at = rc->server[i].at;
		fd = open_server(&at, rc->server[i].scope, p->mark);
		if (fd != -1) {
			dns_fd_send(l, &at, fd);
			continue;
		}
		/* A network that is not there yet is no news; it asks again. */
		endpoint_print(&at, text, sizeof(text));
		log_debug("name server %s: %s", text, strerrordesc_np(errno));
	}
	p->dns.mark = p->mark;
}

/* There is no file of hosts any more: what it said shall not stay. */
static void
take_hosts(struct parent *p)
{
	int fd;

	if (!p->dns.has_hosts)
		return;
	fd = fcntl(p->dns.none, F_DUPFD_CLOEXEC, 0);
	if (fd == -1) {
		log_warn("no file of hosts");
		return;
	}
	hosts_fd_send(&p->member[PROC_RESOLVERD].link, fd);
	p->dns.has_hosts = false;
}

static void
give_hosts(struct parent *p)
{
	int fd;

	fd = open(PATH_HOSTS, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd != -1 && fd_is(fd, FD_FILE)) {
		hosts_fd_send(&p->member[PROC_RESOLVERD].link, fd);
		p->dns.has_hosts = true;
	} else if (fd != -1)
		close(fd);
	else if (errno == ENOENT)
		take_hosts(p);
	else
		log_debug("%s: %s", PATH_HOSTS, strerrordesc_np(errno));
}

static void
look(struct parent *p, bool anew)
{
	struct resolvconf rc;

	if (p->state != SUITE_RUNNING ||
	    !link_is_open(&p->member[PROC_RESOLVERD].link))
		return;
	read_servers(p, &rc);
	if (anew || p->dns.since == 0 || p->mark != p->dns.mark ||
	    memcmp(&rc, &p->dns.servers, sizeof(rc)) != 0) {
		p->dns.servers = rc;
		give_servers(p);
	}
	give_hosts(p);
	p->dns.since = clock_boottime();
}

void
dns_refresh(struct parent *p)
{
	look(p, false);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	look(arg, true);
}

void
dns_wanted(struct parent *p)
{
	static const struct timeval pause = { PAUSE, 0 };
	uint64_t age = clock_boottime() - p->dns.since;

	p->count.name_servers_wanted++;
	if (p->dns.since == 0 || age >= PAUSE * CLOCK_NSEC_PER_SEC)
		look(p, true);
	else if (!event_pending(p->dns.again, EV_TIMEOUT, NULL))
		event_add(p->dns.again, &pause);
}

/* Nobody can write to it, nor we make it when we are confined. */
static int
make_none(void)
{
	int fd;

	fd = memfd_create("warren-no-hosts", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd != -1 && fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK |
	    F_SEAL_WRITE | F_SEAL_SEAL) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

int
dns_init(struct parent *p)
{
	p->dns.none = make_none();
	if (p->dns.none == -1)
		return -1;
	p->dns.again = event_new(p->base, -1, 0, on_again, p);
	return p->dns.again == NULL ? -1 : 0;
}
