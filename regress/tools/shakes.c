/* SPDX-License-Identifier: ISC */
/*
 * Many stock peers that shake hands as fast as they are answered.
 *
 * usage: shakes -c [-n peers] seed
 *        shakes [-n peers] [-s base] [-t seconds] [-v every] [-w window]
 *            seed key address port
 *
 * The peers' keys come from the seed; -c prints their part of a file of wg(8).
 * Without it, at most so many (64) of them at a time wait for a response of
 * the owner of key, each with an address of its own from base (10.98.0.1) on,
 * which have to be local: ip route add local 10.98.0.0/16 dev lo.  An
 * initiation is new in everything; a cookie reply is answered by the same with
 * a mac2, and the peer keeps the cookie.  Of every so many responses (8) one
 * is opened, and must be right; of the others only index and mac1 are looked
 * at, so that the target is slower than this.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cryptod/noise.h"
#include "netd/cookie.h"
#include "shared/blake2s.h"
#include "shared/bytes.h"
#include "shared/hex.h"

#define USAGE	"usage: shakes -c [-n peers] seed\n" \
		"       shakes [-n peers] [-s base] [-t seconds] [-v every] " \
		"[-w window]\n           seed key address port"
#define PEERS_MAX	65000
#define BATCH		64
#define BUFFER		(4 * 1024 * 1024)
#define LOST		1.0		/* s: then it is sent again */
#define PAUSE		0.055		/* s: two of a peer; and P14's 20 ms */

struct peer {
	struct noise_local	local;
	struct noise_remote	remote;
	struct noise_handshake	hs;
	struct cookie_maker	maker;		/* to the target */
	struct cookie_checker	own;		/* of its answers */
	uint8_t			msg[NOISE_INITIATION_LEN];
	uint8_t			label[TAI64N_LEN];
	in_addr_t		addr;
	double			sent;
	uint32_t		index;		/* try << 16 | number */
	int			waits;
};

static struct {
	uint64_t	sent, cookies, answered, opened, lost, late, wrong;
} n;

static struct peer		*peers;
static unsigned			 count = 1000, window = 64, every = 8, out;
static struct sockaddr_in	 to;
static uint8_t			 target[NOISE_KEYLEN];

/* Messages that wait for the next call. */
static struct {
	struct mmsghdr		 msg[BATCH];
	struct iovec		 iov[BATCH];
	_Alignas(struct cmsghdr)
	uint8_t			 control[BATCH]
				    [CMSG_SPACE(sizeof(struct in_pktinfo))];
	unsigned		 len;
} queue;

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t
nanoseconds(void)
{
	return (uint64_t)(seconds() * 1e9);
}

static void
flush(int fd)
{
	unsigned off;
	int done;

	for (off = 0; off < queue.len; off += (unsigned)done) {
		done = sendmmsg(fd, queue.msg + off, queue.len - off, 0);
		if (done == -1 && errno != ENOBUFS)
			err(1, "sendmmsg");
		if (done <= 0)
			done = 1;	/* lost, as in any network */
	}
	queue.len = 0;
}

/* Sends what the peer has ready, from its own address. */
static void
enqueue(int fd, struct peer *p)
{
	struct in_pktinfo pi = { .ipi_spec_dst.s_addr = p->addr };
	struct msghdr *m = &queue.msg[queue.len].msg_hdr;
	struct cmsghdr *c;

	queue.iov[queue.len].iov_base = p->msg;
	queue.iov[queue.len].iov_len = sizeof(p->msg);
	m->msg_name = &to;
	m->msg_namelen = sizeof(to);
	m->msg_iov = &queue.iov[queue.len];
	m->msg_iovlen = 1;
	m->msg_control = queue.control[queue.len];
	m->msg_controllen = sizeof(queue.control[0]);
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(pi));
	memcpy(CMSG_DATA(c), &pi, sizeof(pi));
	n.sent++;
	if (++queue.len == BATCH)
		flush(fd);
}

static void
initiate(int fd, struct peer *p, double now)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	/* Another index: what answers the last one is too late. */
	p->index += 1U << 16;
	if (tai64n_next(p->label, ts.tv_sec, (uint32_t)ts.tv_nsec,
	    p->label) == -1 || noise_initiation_create(&p->hs, &p->local,
	    &p->remote, p->index, p->label, p->msg) == -1 ||
	    cookie_maker_fill(&p->maker, p->msg, sizeof(p->msg),
	    nanoseconds()) == -1)
		errx(1, "cannot make an initiation");
	p->sent = now;
	p->waits = 1;
	out++;
	enqueue(fd, p);
}

/* As many as the window lets, in turn. */
static void
fill_window(int fd)
{
	static unsigned turn;
	double now = seconds();
	struct peer *p;
	unsigned i;

	for (i = 0; i < count && out < window; i++) {
		p = &peers[turn++ % count];
		if (!p->waits && now - p->sent > PAUSE)
			initiate(fd, p, now);
	}
	flush(fd);
}

/* Those without an answer may begin again. */
static void
forget_lost(void)
{
	double now = seconds();
	unsigned i;

	for (i = 0; i < count; i++)
		if (peers[i].waits && now - peers[i].sent > LOST) {
			peers[i].waits = 0;
			out--;
			n.lost++;
		}
}

static void
take_response(struct peer *p, const uint8_t *msg)
{
	uint8_t send_key[NOISE_KEYLEN], recv_key[NOISE_KEYLEN];

	if (!cookie_checker_mac1_ok(&p->own, msg,
	    NOISE_RESPONSE_LEN)) {
		n.wrong++;
		return;
	}
	p->waits = 0;
	out--;
	if (++n.answered % every != 0)
		return;
	if (noise_response_consume(&p->hs, &p->local, &p->remote, msg) == -1 ||
	    noise_session_derive(&p->hs, true, send_key, recv_key) == -1)
		errx(1, "a response that is not right");
	n.opened++;
}

static void
take_cookie(int fd, struct peer *p, const uint8_t *msg)
{
	uint64_t now = nanoseconds();

	n.cookies++;
	if (cookie_maker_consume(&p->maker, msg, now) == -1 ||
	    cookie_maker_fill(&p->maker, p->msg, sizeof(p->msg), now) == -1)
		return;
	p->sent = seconds();
	enqueue(fd, p);
}

static void
take(int fd, const uint8_t *msg, size_t len)
{
	uint32_t type = len >= 12 ? get_le32(msg) : 0, index;
	struct peer *p;

	if (type == NOISE_TYPE_RESPONSE && len == NOISE_RESPONSE_LEN)
		index = get_le32(msg + 8);
	else if (type == 3 && len == COOKIE_REPLY_LEN)
		index = get_le32(msg + 4);
	else
		return;			/* a keepalive, perhaps */
	if ((index & 0xffff) >= count) {
		n.wrong++;
		return;
	}
	p = &peers[index & 0xffff];
	if (!p->waits || p->index != index)
		n.late++;
	else if (type == NOISE_TYPE_RESPONSE)
		take_response(p, msg);
	else
		take_cookie(fd, p, msg);
}

/* False if nothing came. */
static int
receive(int fd)
{
	static uint8_t data[BATCH][256];
	static struct mmsghdr msg[BATCH];
	static struct iovec iov[BATCH];
	int i, got;

	for (i = 0; i < BATCH; i++) {
		iov[i].iov_base = data[i];
		iov[i].iov_len = sizeof(data[i]);
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	got = recvmmsg(fd, msg, BATCH, MSG_DONTWAIT, NULL);
	for (i = 0; i < got; i++)
		take(fd, data[i], msg[i].msg_len);
	return got > 0;
}

static void
storm(int fd, double time)
{
	struct pollfd p = { fd, POLLIN, 0 };
	double start = seconds(), now, swept = start;

	for (now = start; now - start < time; now = seconds()) {
		fill_window(fd);
		if (!receive(fd))
			poll(&p, 1, 1);
		if (now - swept > LOST) {
			forget_lost();
			swept = now;
		}
	}
	printf("answered %llu in %.3f s: %.0f a second; sent %llu, "
	    "cookies %llu, opened %llu, lost %llu, late %llu, wrong %llu\n",
	    (unsigned long long)n.answered, now - start,
	    (double)n.answered / (now - start), (unsigned long long)n.sent,
	    (unsigned long long)n.cookies, (unsigned long long)n.opened,
	    (unsigned long long)n.lost, (unsigned long long)n.late,
	    (unsigned long long)n.wrong);
}

static void
private_key(uint8_t key[NOISE_KEYLEN], const char *seed, unsigned i)
{
	uint8_t number[4];

	put_le32(number, i);
	blake2s(key, NOISE_KEYLEN, number, sizeof(number), seed,
	    strnlen(seed, 32));
}

static void
peer_init(struct peer *p, const char *seed, unsigned i, in_addr_t base)
{
	uint8_t key[NOISE_KEYLEN];

	private_key(key, seed, i);
	noise_local_set(&p->local, key);
	noise_remote_init(&p->remote, &p->local, target, NULL);
	noise_remote_precompute(&p->remote, &p->local);
	cookie_maker_init(&p->maker, target);
	cookie_checker_init(&p->own, p->local.public, nanoseconds());
	p->addr = htonl(base + i);
	p->index = i;
}

static void
print_peers(const char *seed)
{
	uint8_t key[NOISE_KEYLEN];
	struct noise_local l;
	char text[64];
	unsigned i;

	for (i = 0; i < count; i++) {
		private_key(key, seed, i);
		noise_local_set(&l, key);
		sodium_bin2base64(text, sizeof(text), l.public,
		    sizeof(l.public), sodium_base64_VARIANT_ORIGINAL);
		printf("[Peer]\nPublicKey = %s\nAllowedIPs = 172.16.%u.%u/32\n",
		    text, i / 256, i % 256);
	}
}

static int
open_socket(void)
{
	int fd, size = BUFFER;

	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd == -1)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return fd;
}

static unsigned
number(const char *text, unsigned max)
{
	unsigned long v = strtoul(text, NULL, 10);

	if (v < 1 || v > max)
		errx(2, "%s: not from 1 to %u", text, max);
	return (unsigned)v;
}

static void
run(char **argv, in_addr_t base, double time)
{
	unsigned i;

	if (base64_key_decode(target, argv[1], strlen(argv[1])) == -1)
		errx(2, "%s: not a public key", argv[1]);
	if (inet_pton(AF_INET, argv[2], &to.sin_addr) != 1)
		errx(2, "%s: not an address", argv[2]);
	to.sin_family = AF_INET;
	to.sin_port = htons((uint16_t)number(argv[3], 65535));
	peers = calloc(count, sizeof(*peers));
	if (peers == NULL)
		err(1, "peers");
	for (i = 0; i < count; i++)
		peer_init(&peers[i], argv[0], i, base);
	storm(open_socket(), time);
	free(peers);
}

int
main(int argc, char **argv)
{
	in_addr_t base = 0x0a620001;
	struct in_addr a;
	double time = 2;
	int ch, print = 0;

	while ((ch = getopt(argc, argv, "cn:s:t:v:w:")) != -1) {
		if (ch == 'c')
			print = 1;
		else if (ch == 'n')
			count = number(optarg, PEERS_MAX);
		else if (ch == 's' && inet_pton(AF_INET, optarg, &a) == 1)
			base = ntohl(a.s_addr);
		else if (ch == 't')
			time = atof(optarg);
		else if (ch == 'v')
			every = number(optarg, 1000000);
		else if (ch == 'w')
			window = number(optarg, PEERS_MAX);
		else
			errx(2, USAGE);
	}
	if (argc - optind != (print ? 1 : 4) || sodium_init() == -1)
		errx(2, USAGE);
	if (print)
		print_peers(argv[optind]);
	else
		run(argv + optind, base, time);
	return 0;
}
