/* SPDX-License-Identifier: ISC */
/*
 * The imsg channel: round trip, descriptors, the queue's limits, and what a
 * hostile sibling might write into the socket.
 */
#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shared/bytes.h"
#include "shared/imsg.h"
#include "unit.h"

static struct imsg_chan a, b;

static void
setup(void)
{
	int s[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, s), 0);
	imsg_init(&a, s[0]);
	imsg_init(&b, s[1]);
}

static void
teardown(void)
{
	imsg_clear(&a);
	imsg_clear(&b);
}

static int
open_fds(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

START_TEST(round_trip)
{
	uint8_t big[MSG_PAYLOAD];
	struct imsg m;

	memset(big, 0xa5, sizeof(big));
	ck_assert_int_eq(imsg_recv(&b, &m), 0);
	ck_assert_int_eq(imsg_send(&a, MSG_GO, 0, -1, NULL, 0), 0);
	ck_assert_int_eq(imsg_send(&a, MSG_SET_ITEMS, UINT32_MAX, -1, big,
	    sizeof(big)), 0);
	ck_assert_int_eq(imsg_recv(&b, &m), 1);
	ck_assert_uint_eq(m.type, MSG_GO);
	ck_assert_uint_eq(m.len, 0);
	ck_assert_int_eq(m.fd, -1);
	ck_assert_int_eq(imsg_recv(&b, &m), 1);
	ck_assert_uint_eq(m.type, MSG_SET_ITEMS);
	ck_assert_uint_eq(m.id, UINT32_MAX);
	ck_assert_uint_eq(m.len, sizeof(big));
	ck_assert_mem_eq(m.data, big, sizeof(big));
	ck_assert_int_eq(imsg_recv(&b, &m), 0);
	ck_assert_uint_eq(a.counts[msg_row_index(msg_row(MSG_GO))].sent, 1);
}
END_TEST

/* What does not fit the table is not sent; its descriptor is closed. */
START_TEST(send_refuses)
{
	int before = open_fds();

	errno = 0;
	ck_assert_int_eq(imsg_send(&a, 0x9999, 0, open("/dev/null", O_RDONLY),
	    NULL, 0), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(imsg_send(&a, MSG_GO, 0, -1, "x", 1), -1);
	ck_assert_int_eq(imsg_send(&a, MSG_SET_ITEMS, 0, -1, "", 0), -1);
	ck_assert_int_eq(open_fds(), before);
}
END_TEST

START_TEST(descriptor)
{
	struct imsg m;
	int p[2], before;
	uint8_t one = 1;
	char c = 0;

	ck_assert_int_eq(pipe(p), 0);
	before = open_fds();
	ck_assert_int_eq(imsg_send(&a, MSG_LINK_FD, 3, p[1], &one, 1), 0);
	ck_assert_int_eq(open_fds(), before - 1);
	ck_assert_int_eq(imsg_recv(&b, &m), 1);
	ck_assert_int_ne(m.fd, -1);
	ck_assert_int_eq(fcntl(m.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq((int)write(m.fd, "z", 1), 1);
	ck_assert_int_eq((int)read(p[0], &c, 1), 1);
	ck_assert_int_eq(c, 'z');
	close(m.fd);
	ck_assert_int_eq((int)read(p[0], &c, 1), 0);
}
END_TEST

/* A raw datagram with n descriptors. */
static void
raw(const void *p, size_t len, int n)
{
	union {
		struct cmsghdr	 hdr;
		uint8_t		 buf[CMSG_SPACE(8 * sizeof(int))];
	} cbuf;
	struct msghdr mh;
	struct iovec iov = { (void *)(uintptr_t)p, len };
	struct cmsghdr *cm;
	int fd[8], i;

	memset(&mh, 0, sizeof(mh));
	mh.msg_iov = &iov;
	mh.msg_iovlen = 1;
	for (i = 0; i < n; i++)
		fd[i] = open("/dev/null", O_RDONLY);
	if (n > 0) {
		memset(&cbuf, 0, sizeof(cbuf));
		mh.msg_control = cbuf.buf;
		mh.msg_controllen = CMSG_SPACE((size_t)n * sizeof(int));
		cm = CMSG_FIRSTHDR(&mh);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
		memcpy(CMSG_DATA(cm), fd, (size_t)n * sizeof(int));
	}
	ck_assert_int_eq((int)sendmsg(a.fd, &mh, 0), (int)len);
	for (i = 0; i < n; i++)
		close(fd[i]);
}

static void
header(uint8_t *h, uint16_t type, uint32_t len)
{
	memset(h, 0, MSG_HEADER);
	put_le16(h, type);
	put_le32(h + 4, len);
}

static void
expect_bad(void)
{
	struct imsg m;
	int before = open_fds();

	errno = 0;
	ck_assert_int_eq(imsg_recv(&b, &m), -1);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_int_eq(m.fd, -1);
	ck_assert_int_eq(open_fds(), before);
}

START_TEST(bad_headers)
{
	uint8_t h[MSG_MAX + 1];
	size_t n;

	memset(h, 0, sizeof(h));
	for (n = 1; n < MSG_HEADER; n++) {
		raw(h, n, 0);
		expect_bad();
	}
	header(h, MSG_GO, 1);
	raw(h, MSG_HEADER, 0);
	expect_bad();
	header(h, MSG_GO, 0);
	raw(h, MSG_HEADER + 1, 0);
	expect_bad();
	header(h, MSG_GO, UINT32_MAX);
	raw(h, MSG_HEADER, 0);
	expect_bad();
	header(h, MSG_GO, 0);
	h[2] = 1;
	raw(h, MSG_HEADER, 0);
	expect_bad();
	header(h, MSG_SET_ITEMS, MSG_PAYLOAD + 1);
	raw(h, MSG_MAX + 1, 0);
	expect_bad();
}
END_TEST

START_TEST(bad_descriptors)
{
	uint8_t h[MSG_HEADER];
	struct imsg m;
	int n;

	header(h, MSG_GO, 0);
	raw(h, sizeof(h), 1);		/* admission looks at that one */
	ck_assert_int_eq(imsg_recv(&b, &m), 1);
	ck_assert_int_ne(m.fd, -1);
	close(m.fd);
	for (n = 2; n <= 8; n++) {
		raw(h, sizeof(h), n);
		expect_bad();
	}
	raw(h, 3, 1);
	expect_bad();
	raw(h, 3, 0);
	expect_bad();
}
END_TEST

/* Where no message brings one there is no room, and no message with one. */
START_TEST(no_descriptors)
{
	uint8_t h[MSG_HEADER];
	struct imsg m;
	int n, before;

	b.no_fds = true;
	before = open_fds();
	for (n = 1; n <= 8; n++) {
		header(h, MSG_GO, 0);
		raw(h, sizeof(h), n);
		ck_assert_int_eq(imsg_recv(&b, &m), -1);
		ck_assert_int_eq(errno, EPERM);
		ck_assert_int_eq(m.type, MSG_GO);
		ck_assert_int_eq(m.fd, -1);
		raw(h, 3, n);
		expect_bad();
		header(h, MSG_GO, 1);
		raw(h, sizeof(h), n);
		expect_bad();
	}
	raw(h, 0, 1);			/* nor is that the end */
	expect_bad();
	ck_assert_int_eq(open_fds(), before);
	header(h, MSG_GO, 0);
	raw(h, sizeof(h), 0);
	ck_assert_int_eq(imsg_recv(&b, &m), 1);
}
END_TEST

/* A full table of descriptors loses one: that must not pass unseen. */
START_TEST(table_full)
{
	struct rlimit rl, old;
	uint8_t h[MSG_HEADER];
	struct imsg m;
	int r, saved;

	header(h, MSG_GO, 0);
	raw(h, sizeof(h), 1);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	rl = old;
	rl.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &rl), 0);
	r = imsg_recv(&b, &m);
	saved = errno;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	ck_assert_int_eq(r, -1);
	ck_assert_int_eq(saved, EMFILE);
	ck_assert_int_eq(m.fd, -1);
}
END_TEST

START_TEST(closed)
{
	struct imsg m;

	close(a.fd);
	a.fd = -1;
	errno = EIO;
	ck_assert_int_eq(imsg_recv(&b, &m), -1);
	ck_assert_int_eq(errno, 0);
	ck_assert_int_eq(imsg_send(&b, MSG_GO, 0, -1, NULL, 0), -1);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_int_eq(imsg_send(&a, MSG_GO, 0, -1, NULL, 0), -1);
}
END_TEST

/* Sends until the socket takes no more and one message waits. */
static void
fill(uint16_t type, const void *p, size_t len)
{
	while (a.queued == 0)
		ck_assert_int_eq(imsg_send(&a, type, 0, -1, p, len), 0);
}

START_TEST(limit_close)
{
	static uint8_t big[MSG_PAYLOAD];
	const struct msg_row *row = msg_row(MSG_SET_ITEMS);
	int i;

	ck_assert_int_eq(row->over, OVER_CLOSE);
	fill(MSG_SET_ITEMS, big, sizeof(big));
	for (i = 1; i < row->queue; i++)
		ck_assert_int_eq(imsg_send(&a, MSG_SET_ITEMS, 0, -1, big,
		    sizeof(big)), 0);
	ck_assert_uint_eq(a.waiting[msg_row_index(row)], row->queue);
	errno = 0;
	ck_assert_int_eq(imsg_send(&a, MSG_SET_ITEMS, 0, -1, big,
	    sizeof(big)), -1);
	ck_assert_int_eq(errno, ENOBUFS);
	/* Another type has its own limit. */
	ck_assert_int_eq(imsg_send(&a, MSG_SET_END, 0, -1, NULL, 0), 0);
}
END_TEST

START_TEST(limit_drop)
{
	const struct msg_row *row = msg_row(MSG_FAULT);
	static uint8_t big[MSG_PAYLOAD];
	int i;

	ck_assert_int_eq(row->over, OVER_DROP);
	fill(MSG_SET_ITEMS, big, sizeof(big));
	for (i = 0; i < row->queue + 5; i++)
		ck_assert_int_eq(imsg_send(&a, MSG_FAULT, 0, -1, "abcd", 4),
		    0);
	ck_assert_uint_eq(a.counts[msg_row_index(row)].dropped, 5);
	ck_assert_uint_eq(a.waiting[msg_row_index(row)], row->queue);
}
END_TEST

/* Only the newest of a coalescing type waits, behind what was said before. */
START_TEST(limit_coalesce)
{
	static uint8_t big[MSG_PAYLOAD];
	struct imsg m;
	uint8_t v;
	int last = -1, seen = 0, r;

	ck_assert_int_eq(msg_row(MSG_LOG_LEVEL)->over, OVER_COALESCE);
	fill(MSG_SET_ITEMS, big, sizeof(big));
	for (v = 0; v < 20; v++)
		ck_assert_int_eq(imsg_send(&a, MSG_LOG_LEVEL, v, -1, &v, 1),
		    0);
	do {
		ck_assert_int_eq(imsg_flush(&a), 0);
		while ((r = imsg_recv(&b, &m)) == 1)
			if (m.type == MSG_LOG_LEVEL) {
				last = m.data[0];
				seen++;
			}
		ck_assert_int_eq(r, 0);
	} while (a.queued > 0);
	ck_assert_int_eq(seen, 1);
	ck_assert_int_eq(last, 19);
}
END_TEST

/* Order and descriptors survive the queue. */
START_TEST(queued)
{
	static uint8_t big[MSG_PAYLOAD];
	struct imsg m;
	uint8_t one = 1;
	uint32_t next = 0, id = 0;
	int got = 0, before;

	before = open_fds();
	while (a.queued == 0)
		ck_assert_int_eq(imsg_send(&a, MSG_SET_ITEMS, id++, -1, big,
		    sizeof(big)), 0);
	ck_assert_int_eq(imsg_send(&a, MSG_LINK_FD, id++, open("/dev/null",
	    O_RDONLY), &one, 1), 0);
	ck_assert_int_eq(open_fds(), before + 1);
	while (next < id) {
		ck_assert_int_eq(imsg_flush(&a), 0);
		while (imsg_recv(&b, &m) == 1) {
			ck_assert_uint_eq(m.id, next++);
			if (m.fd != -1) {
				got++;
				close(m.fd);
			}
		}
	}
	ck_assert_int_eq(got, 1);
	ck_assert_uint_eq(a.queued, 0);
	ck_assert_int_eq(open_fds(), before);
	fill(MSG_SET_ITEMS, big, sizeof(big));
	ck_assert_int_eq(imsg_send(&a, MSG_LINK_FD, 0, open("/dev/null",
	    O_RDONLY), &one, 1), 0);
	imsg_clear(&a);
	ck_assert_int_eq(open_fds(), before - 1);
}
END_TEST

/*
 * A user may only have so many descriptors under way, whatever the sockets:
 * that is no loss, and a socket that can be written does not mean its end.
 */
START_TEST(too_many_under_way)
{
	const struct rlimit few = { 24, 24 };
	uint8_t one = 1;
	int before, got = 0, n = 0;
	struct imsg m;

	if (geteuid() != 0) {
		unit_skip("too_many_under_way", "it takes root");
		return;
	}
	before = open_fds();
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(setresuid(54321, 54321, 54321), 0);
	for (; a.queued == 0 && n < 1000; n++)
		ck_assert_int_eq(imsg_send(&a, MSG_LINK_FD, 0,
		    open("/dev/null", O_RDONLY), &one, 1), 0);
	ck_assert_int_gt(n, 24);
	ck_assert_int_lt(n, 1000);
	ck_assert(a.stuck);
	ck_assert_int_eq(imsg_flush(&a), 0);
	ck_assert(a.stuck);
	ck_assert_int_eq(imsg_send(&a, MSG_GO, 0, -1, NULL, 0), 0);
	for (; imsg_recv(&b, &m) == 1; got++) {
		ck_assert_int_ne(m.fd, -1);
		close(m.fd);
	}
	ck_assert_int_eq(got, n - 1);
	ck_assert_int_eq(imsg_flush(&a), 0);
	ck_assert(!a.stuck);
	ck_assert_uint_eq(a.queued, 0);
	ck_assert_int_eq(imsg_recv(&b, &m), 1);
	ck_assert_uint_eq(m.type, MSG_LINK_FD);
	close(m.fd);
	ck_assert_int_eq(imsg_recv(&b, &m), 1);
	ck_assert_uint_eq(m.type, MSG_GO);
	ck_assert_int_eq(open_fds(), before);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("imsg");
	TCase *tc = tcase_create("imsg");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, round_trip);
	tcase_add_test(tc, send_refuses);
	tcase_add_test(tc, descriptor);
	tcase_add_test(tc, bad_headers);
	tcase_add_test(tc, bad_descriptors);
	tcase_add_test(tc, no_descriptors);
	tcase_add_test(tc, table_full);
	tcase_add_test(tc, closed);
	tcase_add_test(tc, limit_close);
	tcase_add_test(tc, limit_drop);
	tcase_add_test(tc, limit_coalesce);
	tcase_add_test(tc, queued);
	tcase_add_test(tc, too_many_under_way);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("imsg", suite());
}
