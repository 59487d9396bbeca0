/* SPDX-License-Identifier: ISC */
/*
 * Codecs of the parent's messages: see msg_parent.h.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "shared/codec.h"
#include "shared/log.h"
#include "shared/msg_parent.h"
#include "shared/version.h"

#define SMALL	128

static void
send_plain(struct link *l, uint16_t type)
{
	link_send(l, type, 0, -1, NULL, 0);
}

void
startup_send(struct link *l, const struct startup *s)
{
	uint8_t buf[SMALL];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u16(&w, MSG_VERSION);
	put_bytes(&w, warren_build_id(), BUILD_ID_SIZE);
	put_u8(&w, (uint8_t)s->mode);
	put_u8(&w, s->verbose);
	put_u8(&w, s->without);
	put_u8(&w, (uint8_t)s->aead);
	put_u16(&w, s->workers);
	put_str(&w, s->instance);
	link_send_wbuf(l, MSG_STARTUP, 0, -1, &w);
}

/* The same protocol and the same build, or EPROTO. */
static int
same_build(struct rbuf *r)
{
	const uint8_t *id;
	uint16_t version;

	version = get_u16(r);
	id = get_ref(r, BUILD_ID_SIZE);
	if (id != NULL && version == MSG_VERSION &&
	    memcmp(id, warren_build_id(), BUILD_ID_SIZE) == 0)
		return 0;
	errno = EPROTO;
	return -1;
}

int
startup_recv(const struct imsg *m, struct startup *s)
{
	struct rbuf r;
	uint8_t mode, aead;

	rbuf_init(&r, m->data, m->len);
	if (same_build(&r) == -1)
		return -1;
	mode = get_u8(&r);
	s->verbose = get_bool(&r);
	s->without = get_u8(&r);
	aead = get_u8(&r);
	s->workers = get_u16(&r);
	get_str(&r, s->instance, sizeof(s->instance));
	if (mode > MODE_CONFIGURED || s->workers < 1 ||
	    s->workers > WORKERS_MAX ||
	    (s->without & ~OFFLOAD_ALL) != 0 || aead >= AEAD_CHOICES)
		r.fail = true;
	s->mode = mode;
	s->aead = aead;
	return rbuf_end(&r);
}

void
ready_send(struct link *l, const struct sandbox_report *s)
{
	uint8_t buf[SMALL];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u16(&w, MSG_VERSION);
	put_bytes(&w, warren_build_id(), BUILD_ID_SIZE);
	put_u8(&w, (uint8_t)(s->seccomp_mode < 0 ? 255 : s->seccomp_mode));
	put_u8(&w, s->no_new_privs != 0);
	put_u8(&w, s->dumpable != 0);
	put_u8(&w, (uint8_t)s->landlock_abi);
	put_u8(&w, s->closed != 0);
	put_u8(&w, s->sanitizer != 0);
	put_u8(&w, s->debug != 0);
	put_u32(&w, s->euid);
	put_u32(&w, s->egid);
	put_u64(&w, s->caps);
	put_u16(&w, (uint16_t)(s->n > 0 ? s->table[0].rules : 0));
	put_u16(&w, (uint16_t)(s->n > 1 ? s->table[1].rules : 0));
	link_send_wbuf(l, MSG_READY, 0, -1, &w);
}

int
ready_recv(const struct imsg *m, struct sandbox_report *s)
{
	struct rbuf r;

	memset(s, 0, sizeof(*s));
	rbuf_init(&r, m->data, m->len);
	if (same_build(&r) == -1)
		return -1;
	s->seccomp_mode = get_u8(&r);
	s->no_new_privs = get_bool(&r);
	s->dumpable = get_bool(&r);
	s->landlock_abi = get_u8(&r);
	s->closed = get_bool(&r);
	s->sanitizer = get_bool(&r);
	s->debug = get_bool(&r);
	s->ruid = s->euid = s->suid = get_u32(&r);
	s->rgid = s->egid = s->sgid = get_u32(&r);
	s->caps = get_u64(&r);
	s->n = 2;
	s->table[0].rules = get_u16(&r);
	s->table[1].rules = get_u16(&r);
	return rbuf_end(&r);
}

void
go_send(struct link *l)
{
	send_plain(l, MSG_GO);
}

void
shutdown_send(struct link *l)
{
	send_plain(l, MSG_SHUTDOWN);
}

void
tun_gone_send(struct link *l)
{
	send_plain(l, MSG_TUN_GONE);
}

void
link_fd_send(struct link *l, enum proc sibling, int fd)
{
	uint8_t buf[SMALL];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u8(&w, (uint8_t)sibling);
	link_send_wbuf(l, MSG_LINK_FD, 0, fd, &w);
}

int
link_fd_recv(const struct imsg *m, enum proc *sibling)
{
	struct rbuf r;
	uint8_t v;

	rbuf_init(&r, m->data, m->len);
	v = get_u8(&r);
	if (v == PROC_PARENT || v >= PROC_COUNT)
		r.fail = true;
	*sibling = v;
	return rbuf_end(&r);
}

void
bell_fd_send(struct link *l, enum bell which, uint16_t worker, int fd)
{
	uint8_t buf[SMALL];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u8(&w, (uint8_t)which);
	put_u16(&w, worker);
	link_send_wbuf(l, MSG_BELL_FD, 0, fd, &w);
}

int
bell_fd_recv(const struct imsg *m, enum bell *which, uint16_t *worker)
{
	struct rbuf r;
	uint8_t v;
	int mode;

	rbuf_init(&r, m->data, m->len);
	v = get_u8(&r);
	*worker = get_u16(&r);
	*which = v;
	mode = fcntl(m->fd, F_GETFL);
	if (v > BELL_HEAR || mode == -1 || (mode & O_ACCMODE) !=
	    (v == BELL_RING ? O_WRONLY : O_RDONLY))
		r.fail = true;
	return rbuf_end(&r);
}

void
tun_fd_send(struct link *l, uint16_t worker, int fd)
{
	uint8_t buf[SMALL];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u16(&w, worker);
	link_send_wbuf(l, MSG_TUN_FD, 0, fd, &w);
}

int
tun_fd_recv(const struct imsg *m, uint16_t *worker)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	*worker = get_u16(&r);
	return rbuf_end(&r);
}

void
udp_fd_send(struct link *l, uint8_t family, uint16_t port, int fd)
{
	uint8_t buf[SMALL];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u8(&w, family);
	put_u16(&w, port);
	link_send_wbuf(l, MSG_UDP_FD, 0, fd, &w);
}

int
udp_fd_recv(const struct imsg *m, uint8_t *family, uint16_t *port)
{
	struct rbuf r;
	int v;
	socklen_t len = sizeof(v);

	rbuf_init(&r, m->data, m->len);
	*family = get_u8(&r);
	*port = get_u16(&r);
	if ((*family != AF_INET && *family != AF_INET6) ||
	    getsockopt(m->fd, SOL_SOCKET, SO_DOMAIN, &v, &len) == -1 ||
	    v != *family)
		r.fail = true;
	return rbuf_end(&r);
}

void
udp_close_send(struct link *l)
{
	send_plain(l, MSG_UDP_CLOSE);
}

void
route_fd_send(struct link *l, int fd)
{
	link_send(l, MSG_ROUTE_FD, 0, fd, NULL, 0);
}

void
listener_fd_send(struct link *l, enum listener which, int fd)
{
	uint8_t buf[SMALL];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u8(&w, (uint8_t)which);
	link_send_wbuf(l, MSG_LISTENER_FD, 0, fd, &w);
}

int
listener_fd_recv(const struct imsg *m, enum listener *which)
{
	struct rbuf r;
	uint8_t v;

	rbuf_init(&r, m->data, m->len);
	v = get_u8(&r);
	if (v == 0 || v >= LISTENER_COUNT)
		r.fail = true;
	*which = v;
	return rbuf_end(&r);
}

void
link_state_send(struct link *l, const struct link_state *s)
{
	uint8_t buf[SMALL];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u8(&w, s->up);
	put_u32(&w, s->mtu);
	put_u32(&w, s->ifindex);
	put_str(&w, s->ifname);
	link_send_wbuf(l, MSG_LINK_STATE, 0, -1, &w);
}

int
link_state_recv(const struct imsg *m, struct link_state *s)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	s->up = get_bool(&r);
	s->mtu = get_u32(&r);
	s->ifindex = get_u32(&r);
	get_str(&r, s->ifname, sizeof(s->ifname));
	return rbuf_end(&r);
}

static void
send_verbose(struct link *l, uint16_t type, uint32_t id, bool verbose)
{
	uint8_t v = verbose;

	link_send(l, type, id, -1, &v, 1);
}

void
log_level_send(struct link *l, bool verbose)
{
	send_verbose(l, MSG_LOG_LEVEL, 0, verbose);
}

void
log_set_send(struct link *l, uint32_t id, bool verbose)
{
	send_verbose(l, MSG_LOG_SET, id, verbose);
}

int
log_level_recv(const struct imsg *m, bool *verbose)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	*verbose = get_bool(&r);
	return rbuf_end(&r);
}

void
log_send(struct link *l, int level, const char *text)
{
	uint8_t buf[LOG_LINE_MAX + 8];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u8(&w, (uint8_t)level);
	put_str(&w, text);
	if (!w.fail)
		link_send(l, MSG_LOG, 0, -1, w.p, w.len);
}

int
log_recv(const struct imsg *m, int *level, char *text, size_t size)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	*level = get_u8(&r);
	get_str(&r, text, size);
	return rbuf_end(&r);
}

void
log_sink_link(void *arg, int level, const char *text)
{
	struct link *l = arg;

	log_send(l, level, text);
	if (level == LOG_LEVEL_FATAL)
		link_flush(l, 100);
}

int
fault_recv(const struct imsg *m, enum proc *sibling, uint16_t *type,
    enum msg_verdict *verdict)
{
	struct rbuf r;
	uint8_t p, v;

	rbuf_init(&r, m->data, m->len);
	p = get_u8(&r);
	*type = get_u16(&r);
	v = get_u8(&r);
	if (p >= PROC_COUNT || v > MSG_CONTENT)
		r.fail = true;
	*sibling = p;
	*verdict = v;
	return rbuf_end(&r);
}

void
listen_set_send(struct link *l, uint32_t id, uint16_t port)
{
	uint8_t buf[SMALL];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u16(&w, port);
	link_send_wbuf(l, MSG_LISTEN_SET, id, -1, &w);
}

int
listen_set_recv(const struct imsg *m, uint16_t *port)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	*port = get_u16(&r);
	return rbuf_end(&r);
}

void
fwmark_set_send(struct link *l, uint32_t id, uint32_t mark)
{
	uint8_t buf[SMALL];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u32(&w, mark);
	link_send_wbuf(l, MSG_FWMARK_SET, id, -1, &w);
}

int
fwmark_set_recv(const struct imsg *m, uint32_t *mark)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	*mark = get_u32(&r);
	return rbuf_end(&r);
}

void
socket_done_send(struct link *l, uint32_t id, int error)
{
	uint8_t buf[SMALL];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u32(&w, (uint32_t)error);
	link_send_wbuf(l, MSG_SOCKET_DONE, id, -1, &w);
}

int
socket_done_recv(const struct imsg *m, int *error)
{
	struct rbuf r;
	uint32_t v;

	rbuf_init(&r, m->data, m->len);
	v = get_u32(&r);
	if (v > 4095)
		r.fail = true;
	*error = (int)v;
	return rbuf_end(&r);
}

void
socket_state_send(struct link *l, uint16_t port, uint32_t mark)
{
	uint8_t buf[SMALL];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u16(&w, port);
	put_u32(&w, mark);
	link_send_wbuf(l, MSG_SOCKET_STATE, 0, -1, &w);
}

int
socket_state_recv(const struct imsg *m, uint16_t *port, uint32_t *mark)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	*port = get_u16(&r);
	*mark = get_u32(&r);
	return rbuf_end(&r);
}
