/* SPDX-License-Identifier: ISC */
/*
 * The two ends of a link: see codec_link.h.
 */
#include <sys/socket.h>

#include <fcntl.h>
#include <unistd.h>

#include "codec_link.h"
#include "shared/log.h"

struct link_host host;
struct link l;
struct imsg_chan other;
struct imsg m;

void
lost(void *arg, struct link *ln, enum msg_verdict v, const char *why)
{
	(void)arg;
	(void)ln;
	(void)v;
	ck_abort_msg("link lost: %s", why);
}

static void
quiet(void *arg, int level, const char *text)
{
	(void)arg;
	(void)level;
	(void)text;
}

void
setup(void)
{
	int s[2];

	log_init("test", quiet, NULL);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK,
	    0, s), 0);
	host.base = event_base_new();
	host.self = PROC_PARENT;
	host.lost = lost;
	ck_assert_int_eq(link_open(&l, &host, PROC_CTLD, s[0]), 0);
	imsg_init(&other, s[1]);
	m.fd = -1;
}

void
teardown(void)
{
	if (m.fd != -1)
		close(m.fd);
	link_close(&l);
	imsg_clear(&other);
	event_base_free(host.base);
}

void
got(uint16_t type, uint32_t id)
{
	const struct msg_row *row = msg_row(type);

	if (m.fd != -1)
		close(m.fd);
	ck_assert_int_eq(imsg_recv(&other, &m), 1);
	ck_assert_uint_eq(m.type, type);
	ck_assert_uint_eq(m.id, id);
	ck_assert_uint_ge(m.len, row->min);
	ck_assert_uint_le(m.len, row->max);
	ck_assert_int_eq(m.fd != -1, row->fd != FD_NONE);
}

int
some_file(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	return fd;
}
