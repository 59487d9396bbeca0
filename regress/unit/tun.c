/* SPDX-License-Identifier: ISC */
/*
 * The TUN device as a socket: what is read is cut and routed, what is
 * written is merged, and what "the kernel" refuses merged comes in pieces.
 */
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cryptod/engine.h"
#include "cryptod/tun.h"
#include "packets.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "unit.h"

static struct tun *tun;
static struct workers workers;
static struct engine e;
static struct secmem arena;
static int kernel;			/* the other end */
static bool refuses;			/* EINVAL for what is merged */
static bool starved;			/* no memory for what is aligned */
static unsigned lines;			/* in the log */
static char last_line[LOG_LINE_MAX];
static uint8_t got[VNET_HDR_LEN + PACKET_MAX];
static uint8_t pkt[PACKET_MAX];

/* In the place of the C library's, for tun.c alone. */
ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	struct virtio_net_hdr h;
	struct msghdr m;

	if (n > 0 && iov[0].iov_len == sizeof(h)) {
		memcpy(&h, iov[0].iov_base, sizeof(h));
		if (refuses && h.gso_type != VIRTIO_NET_HDR_GSO_NONE) {
			errno = EINVAL;
			return -1;
		}
	}
	memset(&m, 0, sizeof(m));
	m.msg_iov = (struct iovec *)(uintptr_t)iov;
	m.msg_iovlen = (size_t)n;
	return sendmsg(fd, &m, MSG_DONTWAIT);
}

/* In the place of the C library's, for tun.c alone. */
void *
aligned_alloc(size_t align, size_t len)
{
	void *p;

	if (starved || posix_memalign(&p, align, len) != 0)
		return NULL;
	return p;
}

static void
sink(void *arg, int level, const char *text)
{
	(void)arg;
	ck_assert_int_eq(level, LOG_LEVEL_INFO);
	lines++;
	snprintf(last_line, sizeof(last_line), "%s", text);
}

/* An ICMP unreachable: there is no device here. */
static void
answer(void *arg, const uint8_t *p, size_t len)
{
	(void)arg;
	(void)p;
	(void)len;
}

static void
setup(void)
{
	int s[2], size = 1 << 20;

	ck_assert_int_ne(sodium_init(), -1);
	ck_assert_int_eq(secmem_init(&arena, 1U << 20), 0);
	ck_assert_int_eq(engine_init(&e, &arena), 0);
	e.up = true;
	e.out.tun = answer;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK,
	    0, s), 0);
	ck_assert_int_eq(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &size,
	    sizeof(size)), 0);
	kernel = s[1];
	tun = calloc(1, sizeof(*tun));
	ck_assert_ptr_nonnull(tun);
	ck_assert_int_eq(workers_start(&workers, 1, NULL, NULL), 0);
	ck_assert_int_eq(tun_init(tun, s, 1, &e, &workers), 0);
	refuses = starved = false;
	log_init("tun", sink, NULL);
	lines = 0;
}

static void
teardown(void)
{
	close(kernel);
	close(tun->fd[0]);
	tun_clear(tun);
	workers_stop(&workers);
	free(tun);
	engine_clear(&e);
	secmem_clear(&arena);
}

/* Length of the next packet that the kernel got, or -1; its type. */
static ssize_t
next(uint8_t *gso_type)
{
	ssize_t n = recv(kernel, got, sizeof(got), 0);
	struct virtio_net_hdr h;

	if (n == -1)
		return -1;
	ck_assert_int_gt(n, VNET_HDR_LEN);
	memcpy(&h, got, sizeof(h));
	*gso_type = h.gso_type;
	return n - VNET_HDR_LEN;
}

static size_t
write_flow(struct packet *p, int version, uint8_t proto, int count)
{
	size_t len = 0;
	int i;

	packet_init(p, version, proto);
	p->payload = 1000;
	for (i = 0; i < count; i++) {
		len = packet_build(p, pkt);
		tun_write(tun, pkt, len);
		packet_advance(p, p->payload);
	}
	tun_flush(tun);
	return len;
}

START_TEST(merged)
{
	struct packet p;
	uint8_t type;
	size_t len;

	len = write_flow(&p, 4, 6, 10);
	ck_assert_int_eq(next(&type), (ssize_t)(len + 9000));
	ck_assert_int_eq(type, VIRTIO_NET_HDR_GSO_TCPV4);
	len = write_flow(&p, 6, 17, 10);
	ck_assert_int_eq(next(&type), (ssize_t)(len + 9000));
	ck_assert_int_eq(type, VIRTIO_NET_HDR_GSO_UDP_L4);
	ck_assert_int_eq(next(&type), -1);
	ck_assert_uint_eq(e.n.tun_merged, 2);
	ck_assert_uint_eq(e.n.tun_written, 2);
}
END_TEST

static const struct kind {
	int		 version;
	uint8_t		 proto;
	const char	*name;
} kind[] = {
	{ 4, 6, "TCP packets of IPv4" }, { 6, 6, "TCP packets of IPv6" },
	{ 4, 17, "UDP packets of IPv4" }, { 6, 17, "UDP packets of IPv6" },
};

/* A kernel that refuses (P40): nothing is lost, and it is asked once. */
START_TEST(refused)
{
	struct packet p;
	uint8_t type;
	size_t len;
	int i, round;

	refuses = true;
	for (round = 0; round < 2; round++) {
		len = write_flow(&p, kind[_i].version, kind[_i].proto, 10);
		for (i = 0; i < 10; i++) {
			ck_assert_int_eq(next(&type), (ssize_t)len);
			ck_assert_int_eq(type, VIRTIO_NET_HDR_GSO_NONE);
		}
		ck_assert_int_eq(next(&type), -1);
		ck_assert_uint_eq(e.n.tun_merge_refused, 1);
	}
	ck_assert_uint_eq(e.n.tun_written, 20);
	ck_assert_uint_eq(e.n.drop_tun_write_failed, 0);
	ck_assert_uint_eq(lines, 1);
	ck_assert_msg(strstr(last_line, kind[_i].name) != NULL, "%s",
	    last_line);
}
END_TEST

/* How many writes a flow of ten packets takes. */
static unsigned
writes(const struct kind *k)
{
	struct packet p;
	unsigned n = 0;
	uint8_t type;

	write_flow(&p, k->version, k->proto, 10);
	while (next(&type) != -1)
		n++;
	return n;
}

/* One refusal is for one kind and a minute; it is told once. */
START_TEST(asked_again)
{
	const uint64_t minute = TUN_MERGE_AGAIN * CLOCK_NSEC_PER_SEC;
	unsigned i;

	refuses = true;
	ck_assert_uint_eq(writes(&kind[_i]), 10);
	refuses = false;
	for (i = 0; i < 4; i++)
		ck_assert_uint_eq(writes(&kind[i]), i == (unsigned)_i ?
		    10 : 1);
	e.now += minute - 1;
	tun_flush(tun);
	ck_assert_uint_eq(writes(&kind[_i]), 10);
	e.now++;
	tun_flush(tun);
	/* Still refused: nothing is lost, and another minute begins. */
	refuses = true;
	ck_assert_uint_eq(writes(&kind[_i]), 10);
	ck_assert_uint_eq(writes(&kind[_i]), 10);
	ck_assert_uint_eq(e.n.tun_merge_refused, 2);
	refuses = false;
	ck_assert_uint_eq(writes(&kind[_i]), 10);
	e.now += minute;
	tun_flush(tun);
	for (i = 0; i < 4; i++)
		ck_assert_uint_eq(writes(&kind[i]), 1);
	ck_assert_uint_eq(e.n.tun_merge_refused, 2);
	ck_assert_uint_eq(e.n.drop_tun_write_failed, 0);
	ck_assert_uint_eq(lines, 1);
}
END_TEST

/* What is left out, by us or by the kernel, comes back by no way. */
START_TEST(left_out)
{
	unsigned i, round;

	tun_without(tun, _i == 0 ? OFFLOAD_TUN_TCP : OFFLOAD_TUN_UDP);
	for (round = 0; round < 2; round++) {
		refuses = false;
		for (i = 0; i < 4; i++)
			ck_assert_uint_eq(writes(&kind[i]),
			    (i < 2) == (_i == 0) ? 10 : 1);
		refuses = true;
		for (i = 0; i < 4; i++)
			ck_assert_uint_eq(writes(&kind[i]), 10);
		ck_assert_uint_eq(e.n.tun_merge_refused, 2 + 2 * round);
		e.now += TUN_MERGE_AGAIN * CLOCK_NSEC_PER_SEC;
		tun_flush(tun);
	}
}
END_TEST

/* A start without memory leaves nothing to be cleared, or freed twice. */
START_TEST(no_memory)
{
	struct tun *t = calloc(1, sizeof(*t));
	int fd = -1;

	ck_assert_ptr_nonnull(t);
	starved = true;
	ck_assert_int_eq(tun_init(t, &fd, 1, &e, &workers), -1);
	ck_assert_ptr_null(t->merge);
	ck_assert_ptr_null(t->job);
	tun_clear(t);
	free(t);
}
END_TEST

static void
give(const struct virtio_net_hdr *h, size_t len)
{
	memcpy(got, h, sizeof(*h));
	memcpy(got + VNET_HDR_LEN, pkt, len);
	ck_assert_int_eq(send(kernel, got, VNET_HDR_LEN + len, 0),
	    (ssize_t)(VNET_HDR_LEN + len));
}

START_TEST(cut)
{
	struct virtio_net_hdr h;
	struct packet p;
	size_t len;

	packet_init(&p, 4, 6);
	p.payload = 10000;
	len = packet_build(&p, pkt);
	memset(&h, 0, sizeof(h));
	h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	h.gso_size = 1000;
	h.csum_start = (uint16_t)packet_start(&p);
	h.csum_offset = 16;
	give(&h, len);
	ck_assert(!tun_read(tun, 0));
	ck_assert_uint_eq(e.n.tun_read, 1);
	ck_assert_uint_eq(e.n.tun_segmented, 1);
	ck_assert_uint_eq(e.n.drop_out_no_device, 10);
}
END_TEST

/* Headers that lie, and what is no packet, are counted, and that is all. */
START_TEST(bad_headers)
{
	struct virtio_net_hdr h;
	struct packet p;
	size_t len;

	packet_init(&p, 4, 6);
	p.payload = 100;
	len = packet_build(&p, pkt);
	memset(&h, 0, sizeof(h));
	h.gso_type = 77;
	give(&h, len);
	h.gso_type = VIRTIO_NET_HDR_GSO_NONE;
	h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h.csum_start = 60000;
	give(&h, len);
	ck_assert_int_eq(send(kernel, got, VNET_HDR_LEN, 0), VNET_HDR_LEN);
	ck_assert_int_eq(send(kernel, got, 3, 0), 3);
	memset(&h, 0, sizeof(h));
	give(&h, len);
	tun_read(tun, 0);
	ck_assert_uint_eq(e.n.drop_tun_bad_header, 4);
	ck_assert_uint_eq(e.n.drop_out_no_device, 1);
	ck_assert(!tun->gone);
}
END_TEST

/* A turn ends after 64 KiB, so that netd can begin to send. */
START_TEST(bounded)
{
	struct virtio_net_hdr h;
	struct packet p;
	size_t len;
	int i;

	packet_init(&p, 4, 17);
	p.payload = 30000;
	len = packet_build(&p, pkt);
	memset(&h, 0, sizeof(h));
	for (i = 0; i < 5; i++)
		give(&h, len);
	ck_assert(tun_read(tun, 0));
	ck_assert_uint_eq(e.n.tun_read, 3);
	ck_assert(!tun_read(tun, 0));
	ck_assert_uint_eq(e.n.tun_read, 5);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("tun");
	TCase *t = tcase_create("tun");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, merged);
	tcase_add_loop_test(t, refused, 0, 4);
	tcase_add_loop_test(t, asked_again, 0, 4);
	tcase_add_loop_test(t, left_out, 0, 2);
	tcase_add_test(t, no_memory);
	tcase_add_test(t, cut);
	tcase_add_test(t, bad_headers);
	tcase_add_test(t, bounded);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("tun", suite());
}
