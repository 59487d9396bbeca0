/* SPDX-License-Identifier: ISC */
/*
 * What stands between a compromised sibling and the handlers: reading of
 * arbitrary datagrams with descriptors, and admission against a plain
 * reading of the permission table.
 */
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "input.h"
#include "shared/bytes.h"
#include "shared/imsg.h"

#define FDS_MAX	6

/* One of each kind, and what is almost one. */
static struct {
	int		fd;
	enum fd_kind	kind;
	int		file;		/* regular, whatever else it is */
} fds[12];
#define NFDS	(sizeof(fds) / sizeof(fds[0]))

static struct imsg_chan	chan;
static int		peer;

static int
make_memfd(int sealed)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd != -1 && sealed)
		MUST(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK |
		    F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) == 0);
	return fd;
}

static int
make_listener(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* Bound by the kernel to a name of its own choice. */
	MUST(fd != -1 && bind(fd, (struct sockaddr *)&sun,
	    sizeof(sun.sun_family)) == 0 && listen(fd, 1) == 0);
	return fd;
}

static void
setup(void)
{
	int pair[2], p[2];

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, pair) == 0 && pipe2(p, O_CLOEXEC) == 0);
	imsg_init(&chan, pair[0]);
	peer = pair[1];
	fds[0].fd = -1;
	fds[1].fd = pair[1];
	fds[1].kind = FD_LINK;
	fds[2].fd = make_listener();
	fds[2].kind = FD_LISTENER;
	fds[3].fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	fds[3].kind = FD_UDP;
	fds[4].fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
	    NETLINK_ROUTE);
	fds[4].kind = FD_NETLINK;
	fds[5].fd = p[0];
	fds[5].kind = FD_PIPE;
	fds[6].fd = make_memfd(1);
	fds[6].kind = FD_MEMFD;
	fds[7].fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	fds[7].kind = FD_TUN;
	fds[8].fd = make_memfd(0);
	fds[6].file = fds[8].file = 1;
	fds[11].fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	fds[11].kind = FD_FILE;
	fds[9].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fds[10].fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* How many descriptors are open; they are few and have low numbers. */
static int
open_fds(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 64; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void
admit(struct input *in)
{
	const struct msg_row *rows, *row = NULL;
	enum msg_verdict v;
	enum proc from, to;
	enum phase phase;
	enum mode mode;
	uint16_t type;
	size_t i, n, size, f;
	int ok;

	rows = msg_rows(&n);
	MUST(n <= IMSG_ROWS_MAX);
	type = (uint16_t)input_int(in, 2);
	if (input_u8(in) != 0)
		type = rows[type % n].type;
	from = input_u8(in) % PROC_COUNT;
	to = input_u8(in) % PROC_COUNT;
	phase = input_u8(in) & 1;
	mode = phase ^ (type & 1);	/* both, in old inputs, too */
	f = input_u8(in) % NFDS;
	size = input_int(in, 4);
	for (i = 0; i < n; i++)
		if (rows[i].type == type)
			row = &rows[i];
	MUST(msg_row(type) == row);
	v = msg_admit(type, from, to, phase, mode, size, fds[f].fd);
	ok = row != NULL && from != to &&
	    (row->from >> from & row->to >> to & row->phase >> phase & 1 &
	    row->mode >> mode & 1) &&
	    size >= row->min && size <= row->max && (fds[f].kind == row->fd ||
	    (row->fd == FD_FILE && fds[f].file)) &&
	    (row->fd != FD_NONE || fds[f].fd == -1);
	MUST((v == MSG_OK) == ok);
	MUST(strcmp(msg_verdict_name(v), "unknown verdict") != 0);
	MUST((row == NULL) == (v == MSG_UNKNOWN));
	if (row != NULL)
		MUST(msg_row_index(row) < n && row->max <= MSG_PAYLOAD);
}

/* Send a datagram as it is, with some descriptors. */
static int
post(const void *p, size_t len, struct input *in, unsigned int nfds)
{
	union {
		struct cmsghdr	 hdr;
		uint8_t		 buf[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} cbuf;
	struct msghdr mh = { 0 };
	struct iovec iov;
	struct cmsghdr *cm;
	unsigned int i;
	int fd;

	iov.iov_base = (void *)(uintptr_t)p;
	iov.iov_len = len;
	mh.msg_iov = &iov;
	mh.msg_iovlen = 1;
	memset(&cbuf, 0, sizeof(cbuf));
	if (nfds > 0) {
		mh.msg_control = cbuf.buf;
		mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		cm = CMSG_FIRSTHDR(&mh);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		for (i = 0; i < nfds; i++) {
			fd = fds[2 + input_u8(in) % 6].fd;
			memcpy(CMSG_DATA(cm) + i * sizeof(int), &fd,
			    sizeof(int));
		}
	}
	return sendmsg(peer, &mh, MSG_DONTWAIT | MSG_NOSIGNAL) == -1 ? -1 : 0;
}

static void
receive(struct input *in)
{
	uint8_t form = input_u8(in), *p;
	unsigned int nfds = form % (FDS_MAX + 1);
	struct imsg m;
	size_t len, body;
	int got, good, before;

	before = open_fds();
	len = (form & 0x80) != 0 ? MSG_HEADER + input_int(in, 2) : in->left;
	p = calloc(1, len > MSG_HEADER ? len : MSG_HEADER);
	MUST(p != NULL);
	memcpy(p, in->p, in->left < len ? in->left : len);
	if ((form & 0x40) != 0 && len >= MSG_HEADER)
		put_le32(p + 4, (uint32_t)(len - MSG_HEADER));
	if (post(p, len, in, nfds) == -1)
		goto out;
	body = len - MSG_HEADER;
	good = len >= MSG_HEADER && len <= MSG_MAX && nfds <= 1 &&
	    get_le16(p + 2) == 0 && get_le32(p + 4) == body;
	got = imsg_recv(&chan, &m);
	MUST((got == 1) == good && got != 0);
	if (got == 1) {
		MUST(m.type == get_le16(p) && m.id == get_le32(p + 8));
		MUST(m.len == body && memcmp(m.data, p + MSG_HEADER,
		    body) == 0);
		MUST((m.fd != -1) == (nfds == 1));
		if (m.fd != -1) {
			MUST((fcntl(m.fd, F_GETFD) & FD_CLOEXEC) != 0);
			close(m.fd);
		}
	}
	MUST(imsg_recv(&chan, &m) == 0);
out:
	free(p);
	MUST(open_fds() == before);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (peer == 0)
		setup();
	if ((input_u8(&in) & 1) != 0)
		admit(&in);
	else
		receive(&in);
	return 0;
}
