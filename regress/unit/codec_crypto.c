/* SPDX-License-Identifier: ISC */
/*
 * Both sides of every message of cryptod: rings, what bare mode sets,
 * devices, and lists of peers.
 *
 * What one sends the other reads, and reads nothing that is shorter, longer
 * or out of range.
 */
#include <fcntl.h>

#include "codec_link.h"
#include "shared/codec.h"
#include "shared/msg_crypto.h"
#include "shared/msg_net.h"

START_TEST(crypto)
{
	struct device_info d, d2;
	struct peer_cursor c = { 5, UINT64_MAX }, c2;
	uint32_t ids[SET_IDS_MAX], ids2[SET_IDS_MAX];
	uint8_t key[KEY_SIZE], slot;
	struct ring_offer o = { 1, 1 << 21, 512 }, o2;
	bool flag;
	size_t n;
	int error;

	ring_offer_send(&l, &o, open("/dev/null", O_RDWR));
	got(MSG_RING, 0);
	READS(ring_offer_recv(&m, &o2));
	ck_assert_uint_eq(o2.bulk_size, 1 << 21);
	for (n = 0; n < SET_IDS_MAX; n++)
		ids[n] = (uint32_t)n * 3;
	set_ids_send(&l, 4, ids, SET_IDS_MAX);
	got(MSG_SET_IDS, 4);
	ck_assert_int_eq(set_ids_recv(&m, ids2, &n), 0);
	ck_assert_uint_eq(n, SET_IDS_MAX);
	ck_assert_mem_eq(ids, ids2, sizeof(ids));
	m.len--;
	ck_assert_int_eq(set_ids_recv(&m, ids2, &n), -1);
	set_done_send(&l, 4, ENOMEM);
	got(MSG_SET_DONE, 4);
	READS(set_done_recv(&m, &error));
	ck_assert_int_eq(error, ENOMEM);
	REFUSES(3, 0x80, set_done_recv(&m, &error));
	get_device_send(&l, 8, true);
	got(MSG_GET_DEVICE, 8);
	READS(get_device_recv(&m, &flag));
	ck_assert(flag);
	memset(&d, 0, sizeof(d));
	d.has_identity = true;
	memset(d.public_key, 3, KEY_SIZE);
	d.peers = 65536;
	device_send(&l, 8, &d);
	got(MSG_DEVICE, 8);
	READS(device_recv(&m, &d2));
	ck_assert_mem_eq(d2.public_key, d.public_key, KEY_SIZE);
	ck_assert_uint_eq(d2.peers, 65536);
	get_peers_send(&l, 9, &c, false);
	got(MSG_GET_PEERS, 9);
	READS(get_peers_recv(&m, &c2, &flag));
	ck_assert_uint_eq(c2.device, 5);
	ck_assert_uint_eq(c2.serial, UINT64_MAX);
	local_key_send(&l, LOCAL_KEYS - 1, true, d.public_key);
	got(MSG_LOCAL_KEY, 0);
	READS(local_key_recv(&m, &slot, &flag, key));
	ck_assert_mem_eq(key, d.public_key, KEY_SIZE);
	REFUSES(0, LOCAL_KEYS, local_key_recv(&m, &slot, &flag, key));
}
END_TEST

/* One item: packed, read again, cut, and with bytes that mean nothing. */
static void
item(const struct set_item *in)
{
	uint8_t buf[SET_ITEM_MAX];
	struct set_item out;
	struct wbuf w;
	struct rbuf r;
	size_t n;

	wbuf_init(&w, buf, sizeof(buf));
	put_set_item(&w, in);
	ck_assert(!w.fail);
	for (n = 0; n <= w.len; n++) {
		rbuf_init(&r, buf, n);
		get_set_item(&r, &out);
		ck_assert_int_eq(rbuf_end(&r), n == w.len ? 0 : -1);
	}
	ck_assert_int_eq(out.op, in->op);
	ck_assert_uint_eq(out.flags, in->flags);
	ck_assert_uint_eq(out.keepalive, in->keepalive);
	ck_assert_mem_eq(out.key, in->key, KEY_SIZE);
	ck_assert_mem_eq(&out.prefix, &in->prefix, sizeof(in->prefix));
}

START_TEST(set_items)
{
	struct set_item i;
	uint8_t buf[SET_ITEM_MAX + 8];
	struct rbuf r;
	int op;

	for (op = SET_PRIVATE_KEY; op <= SET_ALLOWED_IP; op++) {
		memset(&i, 0, sizeof(i));
		i.op = op;
		if (op == SET_PRIVATE_KEY || op == SET_PEER || op == SET_PSK)
			memset(i.key, 0x5a, KEY_SIZE);
		if (op == SET_PEER)
			i.flags = SET_F_REMOVE | SET_F_UPDATE_ONLY;
		if (op == SET_KEEPALIVE)
			i.keepalive = 65535;
		if (op == SET_ALLOWED_IP) {
			i.flags = SET_F_REMOVE;
			ck_assert_int_eq(prefix_parse(&i.prefix, "fd00::/8"),
			    0);
		}
		item(&i);
	}
	memset(buf, 0, sizeof(buf));
	for (op = 0; op < 256; op++) {
		buf[0] = (uint8_t)op;
		buf[1] = 0x80;		/* no such flag, or a wrong family */
		rbuf_init(&r, buf, sizeof(buf));
		get_set_item(&r, &i);
		ck_assert_int_eq(r.fail, !(op == SET_PRIVATE_KEY ||
		    op == SET_PSK || op == SET_KEEPALIVE ||
		    op == SET_REPLACE_PEERS || op == SET_REPLACE_IPS));
	}
}
END_TEST

START_TEST(lists)
{
	uint8_t buf[PEER_INFO_WIRE + 16];
	struct remote_id a = { 7, 1, { 9 } }, b;
	struct has_endpoint h = { 7, 0, true }, h2;
	struct peer_cursor c = { 3, 4 }, c2;
	struct peer_info p, q;
	struct wbuf w;
	struct rbuf r;
	bool done;

	wbuf_init(&w, buf, sizeof(buf));
	put_remote_add(&w, &a);
	ck_assert_uint_eq(w.len, REMOTE_ADD_WIRE);
	rbuf_init(&r, buf, w.len);
	get_remote_add(&r, &b);
	ck_assert_int_eq(rbuf_end(&r), 0);
	ck_assert_uint_eq(b.device, 7);
	ck_assert_mem_eq(b.public_key, a.public_key, KEY_SIZE);
	buf[0] = 0;			/* there is no device 0 */
	rbuf_init(&r, buf, w.len);
	get_remote_add(&r, &b);
	ck_assert_int_eq(rbuf_end(&r), -1);
	wbuf_init(&w, buf, sizeof(buf));
	put_remote_del(&w, &a);
	ck_assert_uint_eq(w.len, REMOTE_DEL_WIRE);
	rbuf_init(&r, buf, w.len);
	get_remote_del(&r, &b);
	ck_assert_int_eq(rbuf_end(&r), 0);
	buf[0] = 0;
	rbuf_init(&r, buf, w.len);
	get_remote_del(&r, &b);
	ck_assert_int_eq(rbuf_end(&r), -1);
	wbuf_init(&w, buf, sizeof(buf));
	put_has_endpoint(&w, &h);
	ck_assert_uint_eq(w.len, HAS_ENDPOINT_WIRE);
	rbuf_init(&r, buf, w.len);
	get_has_endpoint(&r, &h2);
	ck_assert_int_eq(rbuf_end(&r), 0);
	ck_assert(h2.has);
	buf[6] = 2;
	rbuf_init(&r, buf, w.len);
	get_has_endpoint(&r, &h2);
	ck_assert_int_eq(rbuf_end(&r), -1);
	buf[6] = 1;
	buf[0] = 0;
	rbuf_init(&r, buf, w.len);
	get_has_endpoint(&r, &h2);
	ck_assert_int_eq(rbuf_end(&r), -1);
	memset(&p, 0, sizeof(p));
	p.device = 1;
	p.rx_bytes = UINT64_MAX;
	p.tx_bytes = 1;
	p.nips = 65535;
	wbuf_init(&w, buf, sizeof(buf));
	put_peer_info(&w, &p);
	ck_assert_uint_eq(w.len, PEER_INFO_WIRE);
	rbuf_init(&r, buf, w.len);
	get_peer_info(&r, &q);
	ck_assert_int_eq(rbuf_end(&r), 0);
	ck_assert_uint_eq(q.rx_bytes, UINT64_MAX);
	ck_assert_uint_eq(q.tx_bytes, 1);
	ck_assert_uint_eq(q.nips, 65535);
	wbuf_init(&w, buf, sizeof(buf));
	put_peers_head(&w, true, &c);
	ck_assert_uint_eq(w.len, msg_row(MSG_PEERS)->min);
	rbuf_init(&r, buf, w.len);
	get_peers_head(&r, &done, &c2);
	ck_assert_int_eq(rbuf_end(&r), 0);
	ck_assert(done);
	ck_assert_uint_eq(c2.serial, 4);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("codec_crypto");
	TCase *tc = tcase_create("codec_crypto");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, crypto);
	tcase_add_test(tc, set_items);
	tcase_add_test(tc, lists);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("codec_crypto", suite());
}
