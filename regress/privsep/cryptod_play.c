/* SPDX-License-Identifier: ISC */
/*
 * Playing the world of a configured cryptod: see cryptod_play.h.
 */
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cryptod/keytext.h"
#include "regress/privsep/cryptod_play.h"
#include "regress/unit/unit.h"
#include "shared/bytes.h"
#include "shared/msg_net.h"
#include "shared/msg_parent.h"

uint8_t		 private[32];
bool		 by_hand;
uint8_t		 saved[4096];
size_t		 nsaved;
int		 slot_fd = -1;
unsigned	 saves;

void
setup(void)
{
	ck_assert_int_ne(sodium_init(), -1);
	kid_world();
	kid_mode = MODE_CONFIGURED;
	kid_run(&kid, PROC_CRYPTOD);
	talk_over();
	by_hand = false;
	saves = 0;
	randombytes_buf(private, sizeof(private));
}

void
teardown(void)
{
	kid_end(&kid);
}

/* A message about the slot of the sessions: is it done with? */
static bool
sessions_served(struct imsg *m)
{
	ssize_t n;

	if (by_hand || m->len == 0 || m->data[0] != SLOT_SESSIONS)
		return false;
	if (m->type == MSG_SLOT_WANT) {
		if (slot_fd != -1)
			close(slot_fd);
		slot_fd = memfd_create("sessions", MFD_CLOEXEC);
		slot_fd_send(&parent, SLOT_SESSIONS, true, dup(slot_fd));
		return true;
	}
	if (m->type != MSG_SLOT_WRITTEN)
		return false;
	n = pread(slot_fd, saved, sizeof(saved), 0);
	ck_assert_int_gt(n, 0);
	nsaved = (size_t)n;
	saves++;
	slot_done_send(&parent, SLOT_SESSIONS, 0);
	return true;
}

bool
hear(struct link *l, struct imsg *m, int ms)
{
	while (next(l, m, ms)) {
		if (m->fd != -1)
			close(m->fd);
		if (m->type != MSG_RING && m->type != MSG_INDEX_PAGE &&
		    !sessions_served(m))
			return true;
	}
	return false;
}

void
hear_of(struct link *l, uint16_t type, struct imsg *m)
{
	ck_assert_msg(hear(l, m, SLOW), "no message %04x", type);
	ck_assert_msg(m->type == type, "%04x came, not %04x", m->type, type);
}

int
file_of(const void *text, size_t len)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

void
say(uint16_t type, uint32_t id, const void *p, size_t len, int fd)
{
	struct imsg m;

	kid.id = id;
	while (kid_say(&kid, PROC_PARENT, type, p, len, &fd, fd != -1) == -1) {
		ck_assert_int_eq(errno, EAGAIN);
		(void)hear(&netd, &m, 1);
	}
	kid.id = 0;
	if (fd != -1)
		close(fd);
}

void
item(struct wbuf *w, enum crypto_op op, uint32_t n)
{
	struct crypto_item it;

	memset(&it, 0, sizeof(it));
	it.op = op;
	it.key[0] = 9;
	put_le32(it.key + 4, n);
	it.keepalive = 25;
	snprintf(it.name, sizeof(it.name), "peer%u", n);
	it.prefix.family = AF_INET;
	it.prefix.cidr = 32;
	it.prefix.addr[0] = 10;
	put_be16(it.prefix.addr + 2, (uint16_t)n);
	put_crypto_item(w, &it);
}

void
key_file(uint32_t id, enum conf_key kind, const uint8_t key[32])
{
	char text[KEYTEXT_SIZE];

	keytext_write(text, key);
	conf_key_send(&parent, id, kind, file_of(text, sizeof(text)));
}

void
offer(uint32_t id, bool initial, uint32_t n)
{
	uint8_t buf[MSG_PAYLOAD];
	struct wbuf w;
	uint32_t i;

	conf_begin_send(&parent, id, initial);
	key_file(id, CONF_KEY_PRIVATE, private);
	wbuf_init(&w, buf, sizeof(buf));
	item(&w, CRYPTO_LOCAL, 65535);
	for (i = 1; i <= n; i++) {
		item(&w, CRYPTO_PEER, i);
		item(&w, CRYPTO_ALLOWED_IP, i);
	}
	ck_assert(!w.fail);
	conf_items_send(&parent, id, buf, w.len);
}

void
is_refused(uint32_t id, const char *part)
{
	char why[CONF_WHY_MAX];
	struct imsg m;

	hear_of(&parent, MSG_CONF_NO, &m);
	ck_assert_uint_eq(m.id, id);
	ck_assert_int_eq(conf_no_recv(&m, why), 0);
	ck_assert_msg(strstr(why, part) != NULL, "\"%s\" lacks \"%s\"", why,
	    part);
}

void
commit(uint32_t id, struct conf_done *done)
{
	struct imsg m;

	conf_plain_send(&parent, MSG_CONF_COMMIT, id);
	do {
		ck_assert(hear(&netd, &m, SLOW));
	} while (m.type != MSG_SYNC);
	ck_assert_uint_eq(m.id, id);
	/* Not before netd knows. */
	synced_send(&netd, id);
	hear_of(&parent, MSG_CONF_DONE, &m);
	ck_assert_uint_eq(m.id, id);
	ck_assert_int_eq(conf_done_recv(&m, done), 0);
}

void
configure(uint32_t id, bool initial, uint32_t n, struct conf_done *done)
{
	struct imsg m;

	offer(id, initial, n);
	conf_plain_send(&parent, MSG_CONF_END, id);
	hear_of(&parent, MSG_CONF_READY, &m);
	ck_assert_uint_eq(m.id, id);
	commit(id, done);
}

uint32_t
peers(void)
{
	struct device_info info;
	struct imsg m;

	get_device_send(&ctld, 5, false);
	hear_of(&ctld, MSG_DEVICE, &m);
	ck_assert_int_eq(device_recv(&m, &info), 0);
	ck_assert(!info.has_secret);
	ck_assert(sodium_is_zero(info.private_key, 32));
	return info.peers;
}

void
lives(void)
{
	kid.faults = 0;
	ck_assert_msg(kid_sync(&kid, PROC_NETD, SLOW), "it does not: %s",
	    kid.log);
}
