/* SPDX-License-Identifier: ISC */
/*
 * Connection to the daemon: see conn.h.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "ctl/conn.h"

int
conn_open(const char *path)
{
	/* A daemon that does not accept lets connect() wait. */
	static const struct timeval patience = { CONN_TIMEOUT / 1000, 0 };
	struct sockaddr_un sun;
	int fd, saved;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof(patience)) == -1 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		saved = errno == EAGAIN ? ETIMEDOUT : errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static int
wait_for(struct conn *c, short events)
{
	struct pollfd p = { c->fd, events, 0 };
	int r;

	do {
		r = poll(&p, 1, c->timeout);
	} while (r == -1 && errno == EINTR);
	if (r == 0)
		errno = ETIMEDOUT;
	return r == 1 ? 0 : -1;
}

int
conn_send(struct conn *c, const struct wbuf *w)
{
	size_t off = 0;
	ssize_t n;

	if (w->fail) {
		errno = EMSGSIZE;
		return -1;
	}
	while (off < w->len) {
		if (wait_for(c, POLLOUT) == -1)
			return -1;
		n = send(c->fd, w->p + off, w->len - off,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n == -1 && errno != EAGAIN && errno != EINTR)
			return -1;
		if (n > 0)
			off += (size_t)n;
	}
	return 0;
}

int
conn_next(struct conn *c, struct ctl_frame *f)
{
	ssize_t n;
	int r;

	memmove(c->buf, c->buf + c->used, c->len - c->used);
	c->len -= c->used;
	c->used = 0;
	while ((r = ctl_frame_read(c->buf, c->len, f, &c->used)) == 0) {
		if (wait_for(c, POLLIN) == -1)
			return -1;
		n = read(c->fd, c->buf + c->len, sizeof(c->buf) - c->len);
		if (n == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n == 0)
			errno = ECONNRESET;
		if (n <= 0)
			return -1;
		c->len += (size_t)n;
	}
	return r == 1 ? 0 : -1;
}

int
conn_greet(struct conn *c, int fd, struct ctl_done *why)
{
	uint8_t buf[64];
	struct ctl_frame f;
	struct wbuf w;

	memset(c, 0, sizeof(*c));
	c->fd = fd;
	c->timeout = CONN_TIMEOUT;
	wbuf_init(&w, buf, sizeof(buf));
	ctl_hello_write(&w, 0, CTL_VERSION_MIN, CTL_VERSION_MAX);
	if (conn_send(c, &w) == -1 || conn_next(c, &f) == -1)
		return -1;
	if (ctl_welcome_read(&f, &c->welcome) == 0) {
		if (c->welcome.version >= CTL_VERSION_MIN &&
		    c->welcome.version <= CTL_VERSION_MAX)
			return 0;
		errno = EBADMSG;
		return -1;
	}
	if (ctl_done_read(&f, why) == 0)
		errno = EPROTONOSUPPORT;
	return -1;
}

void
conn_close(struct conn *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
}
