/* SPDX-License-Identifier: ISC */
/*
 * Messages over SOCK_SEQPACKET: see imsg.h.  SEQPACKET keeps a message and
 * its descriptor together and never splits one, so that there is no stream
 * to get out of step.
 */
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/bytes.h"
#include "shared/imsg.h"

struct imsg_out {
	TAILQ_ENTRY(imsg_out)	 entry;
	size_t			 row;
	int			 fd;
	size_t			 len;
	uint8_t			 data[];
};

void
imsg_init(struct imsg_chan *c, int fd)
{
	memset(c, 0, sizeof(*c));
	c->fd = fd;
	TAILQ_INIT(&c->queue);
}

static void
out_free(struct imsg_chan *c, struct imsg_out *o)
{
	TAILQ_REMOVE(&c->queue, o, entry);
	c->waiting[o->row]--;
	c->queued -= o->len;
	if (o->fd != -1)
		close(o->fd);
	explicit_bzero(o->data, o->len);
	free(o);
}

void
imsg_clear(struct imsg_chan *c)
{
	while (!TAILQ_EMPTY(&c->queue))
		out_free(c, TAILQ_FIRST(&c->queue));
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	explicit_bzero(c->buf, sizeof(c->buf));
}

/*
 * 0 if it may be tried again, -1 if not.  ETOOMANYREFS: this user has as many
 * descriptors under way, over whatever sockets, as one process may have open;
 * that passes when somebody reads.  So does a want of memory.
 */
static int
refused(struct imsg_chan *c, int error)
{
	c->stuck = error == ETOOMANYREFS || error == ENOBUFS ||
	    error == ENOMEM;
	return c->stuck || error == EAGAIN || error == EWOULDBLOCK ? 0 : -1;
}

/* 1 sent, 0 not now, -1 lost. */
static int
send_now(struct imsg_chan *c, const void *hdr, const void *data, size_t len, int fd)
{
	union {
		struct cmsghdr	 hdr;
		uint8_t		 buf[CMSG_SPACE(sizeof(int))];
	} cbuf;
	struct cmsghdr *cm;
	struct msghdr mh;
	struct iovec iov[2];
	ssize_t n;

	iov[0].iov_base = (void *)(uintptr_t)hdr;
	iov[0].iov_len = MSG_HEADER;
	iov[1].iov_base = (void *)(uintptr_t)data;
	iov[1].iov_len = len;
	memset(&mh, 0, sizeof(mh));
	mh.msg_iov = iov;
	mh.msg_iovlen = len > 0 ? 2 : 1;
	if (fd != -1) {
		memset(&cbuf, 0, sizeof(cbuf));
		mh.msg_control = cbuf.buf;
		mh.msg_controllen = sizeof(cbuf.buf);
		cm = CMSG_FIRSTHDR(&mh);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cm), &fd, sizeof(int));
	}
	do {
		n = sendmsg(c->fd, &mh, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return refused(c, errno);
	c->stuck = false;
	return 1;
}

/* Takes the fd if it keeps the message, and then sets it to -1. */
static int
queue_put(struct imsg_chan *c, const struct msg_row *row, const uint8_t *hdr,
    const void *data, size_t len, int *fd)
{
	size_t i = msg_row_index(row);
	struct imsg_out *o;

	if (c->waiting[i] >= row->queue) {
		if (row->over == OVER_CLOSE) {
			errno = ENOBUFS;
			return -1;
		}
		if (row->over == OVER_DROP) {
			c->counts[i].dropped++;
			return 0;
		}
	}
	if (row->over == OVER_COALESCE)
		TAILQ_FOREACH(o, &c->queue, entry) {
			if (o->row == i) {
				c->counts[i].dropped++;
				out_free(c, o);
				break;
			}
		}
	o = malloc(sizeof(*o) + MSG_HEADER + len);
	if (o == NULL)
		return -1;
	o->row = i;
	o->fd = *fd;
	*fd = -1;
	o->len = MSG_HEADER + len;
	memcpy(o->data, hdr, MSG_HEADER);
	if (len > 0)
		memcpy(o->data + MSG_HEADER, data, len);
	TAILQ_INSERT_TAIL(&c->queue, o, entry);
	c->waiting[i]++;
	c->queued += o->len;
	return 0;
}

int
imsg_send(struct imsg_chan *c, uint16_t type, uint32_t id, int fd,
    const void *data, size_t len)
{
	const struct msg_row *row = msg_row(type);
	uint8_t hdr[MSG_HEADER];
	int r = 0, saved;

	if (row == NULL || len < row->min || len > row->max || c->fd == -1) {
		errno = EINVAL;
		r = -1;
		goto out;
	}
	put_le16(hdr, type);
	put_le16(hdr + 2, 0);
	put_le32(hdr + 4, (uint32_t)len);
	put_le32(hdr + 8, id);
	if (TAILQ_EMPTY(&c->queue)) {
		r = send_now(c, hdr, data, len, fd);
		if (r != 0)
			goto sent;
	}
	r = queue_put(c, row, hdr, data, len, &fd);
	goto out;
sent:
	if (r == 1) {
		c->counts[msg_row_index(row)].sent++;
		r = 0;
	}
out:
	saved = errno;
	if (fd != -1)
		close(fd);
	errno = saved;
	return r;
}

int
imsg_flush(struct imsg_chan *c)
{
	struct imsg_out *o;
	int r;

	while ((o = TAILQ_FIRST(&c->queue)) != NULL) {
		r = send_now(c, o->data, o->data + MSG_HEADER,
		    o->len - MSG_HEADER, o->fd);
		if (r != 1)
			return r;
		c->counts[o->row].sent++;
		out_free(c, o);
	}
	return 0;
}

/* The one descriptor of a received message, or -1; extra ones are closed. */
static int
take_fd(struct msghdr *mh, bool *bad)
{
	struct cmsghdr *cm;
	int fd = -1, got;
	size_t i, n;

	for (cm = CMSG_FIRSTHDR(mh); cm != NULL; cm = CMSG_NXTHDR(mh, cm)) {
		if (cm->cmsg_level != SOL_SOCKET ||
		    cm->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&got, CMSG_DATA(cm) + i * sizeof(int),
			    sizeof(int));
			if (fd == -1)
				fd = got;
			else {
				close(got);
				*bad = true;
			}
		}
	}
	return fd;
}

int
imsg_recv(struct imsg_chan *c, struct imsg *m)
{
	union {
		struct cmsghdr	 hdr;
		uint8_t		 buf[CMSG_SPACE(4 * sizeof(int))];
	} cbuf;
	struct msghdr mh;
	struct iovec iov;
	bool bad = false, lost;
	ssize_t n;

	m->type = 0;
	iov.iov_base = c->buf;
	iov.iov_len = sizeof(c->buf);
	memset(&mh, 0, sizeof(mh));
	mh.msg_iov = &iov;
	mh.msg_iovlen = 1;
	/*
	 * What there is no room for is closed by the kernel and never becomes
	 * ours: with close(2) a file system could keep us.
	 */
	if (!c->no_fds) {
		mh.msg_control = cbuf.buf;
		mh.msg_controllen = sizeof(cbuf.buf);
	}
	/*
	 * ECONNRESET comes once, ahead of what still waits, if the other side
	 * ended without reading all of ours: its last words come after it.
	 */
	do {
		n = recvmsg(c->fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n == -1 && (errno == EINTR || errno == ECONNRESET));
	if (n == -1)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	m->fd = take_fd(&mh, &bad);
	if (n == 0 && m->fd == -1 && (mh.msg_flags & MSG_CTRUNC) == 0) {
		errno = 0;
		return -1;
	}
	if (n < MSG_HEADER || (mh.msg_flags & MSG_TRUNC) != 0 ||
	    get_le16(c->buf + 2) != 0 ||
	    get_le32(c->buf + 4) != (size_t)n - MSG_HEADER)
		bad = true;
	else
		m->type = get_le16(c->buf);
	/* MSG_CTRUNC: a full fd table lost us one, or there were too many. */
	lost = (mh.msg_flags & MSG_CTRUNC) != 0 && m->fd == -1;
	if (bad || (mh.msg_flags & MSG_CTRUNC) != 0) {
		if (m->fd != -1)
			close(m->fd);
		m->fd = -1;
		errno = !lost || (bad && c->no_fds) ? EBADMSG :
		    c->no_fds ? EPERM : EMFILE;
		return -1;
	}
	m->id = get_le32(c->buf + 8);
	m->len = (size_t)n - MSG_HEADER;
	m->data = c->buf + MSG_HEADER;
	return 1;
}
