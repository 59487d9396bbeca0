/* SPDX-License-Identifier: ISC */
/*
 * The tunnel without the tunnel: packets between a TUN device and a UDP
 * socket, with all offloads and no cryptography, no checks and one process.
 * What is measured against it shows what the rest costs.
 *
 * usage: relay interface port address port
 *
 * Its own port, and where the other relay is.
 */
#include <sys/socket.h>
#include <sys/uio.h>

#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cryptod/merge.h"
#include "cryptod/segment.h"
#include "parent/tun.h"
#include "shared/log.h"

#define BUFFER		(7 * 1024 * 1024)
#define TURN		64		/* packets, then the other side */
#define TRAIN		64		/* segments */
#define TRAIN_MAX	65507		/* bytes */

static int		tun, sock;
static struct merge	merge;
static uint8_t		packet[VNET_HDR_LEN + 65536], piece[65536];
static uint8_t		train[65536];
static size_t		train_len, train_seg;
static unsigned		train_n;

static void
train_send(void)
{
	uint8_t control[CMSG_SPACE(sizeof(uint16_t))] = { 0 };
	uint16_t seg = (uint16_t)train_seg;
	struct iovec iov = { train, train_len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (train_n > 1) {
		m.msg_control = control;
		m.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = IPPROTO_UDP;
		c->cmsg_type = UDP_SEGMENT;
		c->cmsg_len = CMSG_LEN(sizeof(seg));
		memcpy(CMSG_DATA(c), &seg, sizeof(seg));
	}
	/* The other one may not be there yet. */
	if (train_n > 0 && sendmsg(sock, &m, MSG_DONTWAIT) == -1 &&
	    errno != EAGAIN && errno != ECONNREFUSED && errno != ENOBUFS)
		err(1, "sendmsg");
	train_len = 0;
	train_n = 0;
}

static void
train_add(const uint8_t *p, size_t len)
{
	if (train_n == TRAIN || train_len + len > TRAIN_MAX ||
	    (train_n > 0 && len > train_seg))
		train_send();
	if (train_n == 0)
		train_seg = len;
	memcpy(train + train_len, p, len);
	train_len += len;
	train_n++;
	/* A shorter one is the last. */
	if (len < train_seg)
		train_send();
}

static void
from_tun(void)
{
	struct virtio_net_hdr h;
	struct segment s;
	ssize_t n;
	size_t len;
	int i;

	for (i = 0; i < TURN; i++) {
		n = read(tun, packet, sizeof(packet));
		if (n <= VNET_HDR_LEN)
			break;
		memcpy(&h, packet, sizeof(h));
		if (segment_begin(&s, &h, packet + VNET_HDR_LEN,
		    (size_t)n - VNET_HDR_LEN) == -1)
			continue;
		while (segment_next(&s, piece, sizeof(piece), &len) == 1)
			train_add(piece, len);
	}
	train_send();
}

static void
to_tun(void *arg, const struct virtio_net_hdr *h, const uint8_t *p,
    size_t len)
{
	struct iovec iov[2];

	(void)arg;
	iov[0].iov_base = (void *)(uintptr_t)h;
	iov[0].iov_len = sizeof(*h);
	iov[1].iov_base = (void *)(uintptr_t)p;
	iov[1].iov_len = len;
	(void)!writev(tun, iov, 2);
}

/* How long the segments of what came are. */
static size_t
segment_size(struct msghdr *m, size_t len)
{
	struct cmsghdr *c;
	int v;

	for (c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
			memcpy(&v, CMSG_DATA(c), sizeof(v));
			return v > 0 ? (size_t)v : len;
		}
	return len;
}

static void
from_sock(void)
{
	uint8_t control[64];
	struct iovec iov = { packet, sizeof(packet) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t off, seg, len;
	ssize_t n;
	int i;

	for (i = 0; i < TURN; i++) {
		m.msg_control = control;
		m.msg_controllen = sizeof(control);
		n = recvmsg(sock, &m, MSG_DONTWAIT);
		if (n == -1)
			break;
		seg = segment_size(&m, (size_t)n);
		for (off = 0; off < (size_t)n; off += len) {
			len = (size_t)n - off < seg ? (size_t)n - off : seg;
			merge_add(&merge, packet + off, len);
		}
		/* They lie in the buffer that the next one goes to. */
		merge_flush(&merge);
	}
}

static void
open_socket(const char *own, const char *host, const char *port)
{
	struct addrinfo *ai, hints = { .ai_socktype = SOCK_DGRAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int on = 1, size = BUFFER;

	if (getaddrinfo(host, port, &hints, &ai) != 0 ||
	    ai->ai_family != AF_INET)
		errx(2, "%s port %s: no IPv4 address", host, port);
	sin.sin_port = htons((uint16_t)atoi(own));
	sock = socket(AF_INET, SOCK_DGRAM, 0);
	if (sock == -1 ||
	    bind(sock, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    connect(sock, ai->ai_addr, ai->ai_addrlen) == -1 ||
	    setsockopt(sock, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)) == -1)
		err(1, "socket");
	setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	freeaddrinfo(ai);
}

int
main(int argc, char **argv)
{
	struct pollfd p[2];

	if (argc != 5)
		errx(2, "usage: relay interface port address port");
	log_init("relay", log_stderr, NULL);
	if ((tun = tun_create(argv[1], NULL)) == -1)
		return 1;
	open_socket(argv[2], argv[3], argv[4]);
	merge_init(&merge, MERGE_TCP4 | MERGE_TCP6 | MERGE_UDP4 | MERGE_UDP6,
	    to_tun, NULL);
	p[0].fd = tun;
	p[1].fd = sock;
	p[0].events = p[1].events = POLLIN;
	for (;;) {
		if (poll(p, 2, -1) == -1)
			err(1, "poll");
		if ((p[0].revents & (POLLERR | POLLHUP)) != 0)
			return 0;
		if (p[1].revents != 0)
			from_sock();
		if (p[0].revents != 0)
			from_tun();
	}
}
