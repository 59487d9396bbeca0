/* SPDX-License-Identifier: ISC */
/*
 * Talking to netd from all sides: see netd_play.h.
 */
#include <sys/socket.h>

#include <netinet/udp.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "regress/privsep/netd_play.h"
#include "regress/unit/unit.h"
#include "shared/bytes.h"
#include "shared/codec.h"
#include "shared/msg_crypto.h"
#include "shared/msg_net.h"
#include "shared/msg_parent.h"
#include "shared/row.h"

int			client;
struct sockaddr_in	netd_at, client_at;
uint8_t			our_pub[32], dev_pub[32];

/* Everything that was sent before is done. */
void
settle(struct link *l)
{
	struct imsg m;

	sync_send(l, 99);
	expect(l, MSG_SYNCED, &m);
	ck_assert_uint_eq(m.id, 99);
}

/* Its offer comes once it is in its empty directory. */
static void
take_ring(void)
{
	struct ring_offer o;
	struct imsg m;

	expect(&cryptod, MSG_RING, &m);
	ck_assert_int_eq(ring_offer_recv(&m, &o), 0);
	ck_assert_int_eq(ring_attach(&kid.ring, m.fd, o.bulk_size,
	    o.urgent_slots), 0);
	close(m.fd);
}

void
begin(enum mode mode)
{
	talk_start(PROC_NETD, mode);
	kid_give(&kid, PIECE_BELLS | PIECE_DEVICE | PIECE_STARTUP);
	take_ring();
}

static int
udp_socket(struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int fd, on = 1;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ne(fd, -1);
	memset(at, 0, sizeof(*at));
	at->sin_family = AF_INET;
	at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)at, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)at, &len), 0);
	setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on));
	return fd;
}

static void
give_socket(void)
{
	int fd = udp_socket(&netd_at), on = 1;

	setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
	udp_fd_send(&parent, AF_INET, ntohs(netd_at.sin_port), fd);
	socket_state_send(&parent, ntohs(netd_at.sin_port), 0);
}

void
add_device(uint32_t device, const uint8_t key[32])
{
	uint8_t buf[REMOTE_ADD_WIRE];
	struct remote_id id = { .device = device, .slot = 0 };
	struct wbuf w;

	memcpy(id.public_key, key, 32);
	wbuf_init(&w, buf, sizeof(buf));
	put_remote_add(&w, &id);
	link_send(&cryptod, MSG_REMOTE_ADD, 0, -1, w.p, w.len);
}

static void
start(enum mode mode)
{
	begin(mode);
	kid_give(&kid, PIECE_RING);
	expect_ready();
	give_socket();
	client = udp_socket(&client_at);
	memset(our_pub, 3, sizeof(our_pub));
	memset(dev_pub, 4, sizeof(dev_pub));
	if (mode == MODE_BARE)
		add_device(DEV, dev_pub);
	local_key_send(&cryptod, 2, true, our_pub);
	index_page_reach(&kid.page, INDEX_SLOTS);
	index_page_put(&kid.page, index_slot(kid.page.own->mask, INDEX),
	    INDEX);
	settle(&cryptod);
	/* The sockets came by another link: wait for their effect. */
	usleep(50000);
}

void
setup(void)
{
	start(MODE_BARE);
}

void
setup_configured(void)
{
	start(MODE_CONFIGURED);
}

void
teardown(void)
{
	kid_end(&kid);
}

void
to_netd(const void *data, size_t len)
{
	ck_assert_int_eq(sendto(client, data, len, 0,
	    (struct sockaddr *)&netd_at, sizeof(netd_at)), (ssize_t)len);
}

bool
record(enum ring_lane lane, struct ring_rec *r, int ms)
{
	int got;

	for (;; ms--) {
		got = ring_next(&kid.ring, lane, r);
		ck_assert_int_ne(got, -1);
		if (got == 1)
			return true;
		if (ms <= 0)
			return false;
		usleep(1000);
	}
}

void
done(enum ring_lane lane)
{
	ring_done(&kid.ring, lane);
	ring_acknowledge(&kid.ring);
}

void
fill_data(uint8_t *p, size_t len, uint32_t index)
{
	randombytes_buf(p, len);
	put_le32(p, WG_TRANSPORT);
	put_le32(p + 4, index);
}

ssize_t
from_netd(uint8_t *buf, size_t size, int ms)
{
	struct pollfd p = { client, POLLIN, 0 };

	if (poll(&p, 1, ms) != 1)
		return -1;
	return recv(client, buf, size, 0);
}

void
put_record(enum ring_lane lane, enum ring_kind kind, uint32_t device,
    const void *data, size_t len, size_t seg)
{
	struct ring_hdr *h = ring_open(&kid.ring, lane, len);

	ck_assert(h != NULL);
	h->kind = (uint8_t)kind;
	h->device = device;
	if (seg != 0) {
		h->nseg = (uint16_t)((len + seg - 1) / seg);
		h->seg_size = (uint16_t)seg;
		h->last_size = (uint16_t)(len - (h->nseg - 1U) * seg);
		memcpy(ring_payload(h), data, len);
	}
	ring_commit(&kid.ring, len);
	ring_publish(&kid.ring);
}

/* Makes the client the device's endpoint as an authentic packet does. */
void
authenticate(void)
{
	struct ring_rec r;
	struct ring_hdr *h;
	uint8_t p[32];

	fill_data(p, sizeof(p), INDEX);
	to_netd(p, sizeof(p));
	ck_assert(record(RING_BULK, &r, 2000));
	done(RING_BULK);
	h = ring_open(&kid.ring, RING_URGENT, 0);
	ck_assert(h != NULL);
	h->kind = RING_CONTROL;
	h->device = DEV;
	h->path = r.hdr.path;
	memcpy(h->from, r.hdr.from, sizeof(h->from));
	ring_commit(&kid.ring, 0);
	ring_publish(&kid.ring);
}

uint64_t
counter(const char *name)
{
	const struct row_field *f;
	static struct row row;
	uint64_t v = UINT64_MAX;
	struct imsg m;

	show_send(&ctld, 5, SHOW_COUNTERS);
	for (;;) {
		ck_assert(next(&ctld, &m, 2000));
		ck_assert_uint_eq(m.id, 5);
		if (m.type == MSG_SHOW_END)
			return v;
		ck_assert_int_eq(row_parse(&row, m.data, m.len), 0);
		if ((f = row_get(&row, "name")) != NULL &&
		    strcmp(f->str, name) == 0)
			v = row_get(&row, "value")->num;
	}
}
