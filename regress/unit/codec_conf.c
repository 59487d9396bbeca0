/* SPDX-License-Identifier: ISC */
/*
 * Both sides of every message of a configuration: its transactions and
 * items, slots of the state directory, reloads.
 *
 * What one sends the other reads, and reads nothing that is shorter, longer
 * or out of range.
 */
#include "codec_link.h"
#include "shared/codec.h"
#include "shared/msg_conf.h"

START_TEST(conf)
{
	struct conf_done d = { 1, 2, 3, 4 }, d2;
	char why[CONF_WHY_MAX], longest[CONF_WHY_MAX + 1];
	enum conf_key kind;
	bool flag;

	host.mode = MODE_CONFIGURED;
	conf_begin_send(&l, 5, true);
	got(MSG_CONF_BEGIN, 5);
	READS(conf_begin_recv(&m, &flag));
	ck_assert(flag);
	REFUSES(0, 2, conf_begin_recv(&m, &flag));
	conf_plain_send(&l, MSG_CONF_COMMIT, 5);
	got(MSG_CONF_COMMIT, 5);
	memset(longest, 'x', sizeof(longest));
	longest[CONF_WHY_MAX] = '\0';
	conf_no_send(&l, 5, longest);
	got(MSG_CONF_NO, 5);
	READS(conf_no_recv(&m, why));
	ck_assert_uint_eq(strlen(why), CONF_WHY_MAX - 1);
	REFUSES(2, 0, conf_no_recv(&m, why));
	conf_done_send(&l, 5, &d);
	got(MSG_CONF_DONE, 5);
	READS(conf_done_recv(&m, &d2));
	ck_assert_uint_eq(d2.added, 1);
	ck_assert_uint_eq(d2.removed, 2);
	ck_assert_uint_eq(d2.changed, 3);
	ck_assert_uint_eq(d2.kept, 4);
	conf_key_send(&l, 5, CONF_KEY_PSK, some_file());
	got(MSG_CONF_KEY, 5);
	READS(conf_key_recv(&m, &kind));
	ck_assert_int_eq(kind, CONF_KEY_PSK);
	REFUSES(0, 0, conf_key_recv(&m, &kind));
	REFUSES(0, CONF_KEY_PSK + 1, conf_key_recv(&m, &kind));
}
END_TEST

/* Every item reads back as it was, and no part of it reads. */
#define ITEM(type, get, put, item) do {					\
	struct type _back;						\
	uint8_t _buf[2048], *_heap;					\
	struct wbuf _w;							\
	struct rbuf _r;							\
	size_t _n;							\
	wbuf_init(&_w, _buf, sizeof(_buf));				\
	put(&_w, &(item));						\
	ck_assert(!_w.fail);						\
	for (_n = 0; _n <= _w.len; _n++) {				\
		_heap = malloc(_n + 1);					\
		memcpy(_heap, _buf, _n);				\
		rbuf_init(&_r, _heap, _n);				\
		get(&_r, &_back);					\
		ck_assert_int_eq(_r.fail, _n < _w.len);			\
		free(_heap);						\
	}								\
	ck_assert_mem_eq(&_back, &(item), sizeof(_back));		\
} while (0)

START_TEST(conf_items)
{
	struct crypto_item c;
	struct net_item n;
	struct show_item s;

	memset(&c, 0, sizeof(c));
	c.op = CRYPTO_MAKE_KEY;
	ITEM(crypto_item, get_crypto_item, put_crypto_item, c);
	c.op = CRYPTO_LOCAL;
	ck_assert_int_eq(prefix_parse(&c.prefix, "fd66::1/64"), 0);
	ITEM(crypto_item, get_crypto_item, put_crypto_item, c);
	memset(&c, 0, sizeof(c));
	c.op = CRYPTO_PEER;
	memset(c.key, 0xab, sizeof(c.key));
	memset(c.name, 'n', sizeof(c.name) - 1);
	c.keepalive = 25;
	ITEM(crypto_item, get_crypto_item, put_crypto_item, c);
	memset(&n, 0, sizeof(n));
	memset(n.host, 'h', sizeof(n.host) - 1);
	strlcpy(n.name, "alice", sizeof(n.name));
	n.port = 51820;
	ITEM(net_item, get_net_item, put_net_item, n);
	memset(&s, 0, sizeof(s));
	s.op = SHOW_ITEM_PSK;
	ITEM(show_item, get_show_item, put_show_item, s);
	s.op = SHOW_ITEM_PEER;
	memset(s.key, 1, sizeof(s.key));
	strlcpy(s.name, "alice", sizeof(s.name));
	memset(s.text, 't', sizeof(s.text) - 1);
	ITEM(show_item, get_show_item, put_show_item, s);
}
END_TEST

/* What no writer makes is refused by the readers. */
START_TEST(conf_items_refused)
{
	struct net_item n;
	struct crypto_item c;
	struct show_item s;
	uint8_t buf[512];
	struct wbuf w;
	struct rbuf r;

#define PUTS_BUT_REFUSED() do {						\
	wbuf_init(&w, buf, sizeof(buf));				\
	put_net_item(&w, &n);						\
	rbuf_init(&r, buf, w.len);					\
	get_net_item(&r, &n);						\
	ck_assert(r.fail);						\
} while (0)
	memset(&n, 0, sizeof(n));
	strlcpy(n.host, "alice", sizeof(n.host));
	PUTS_BUT_REFUSED();		/* a name without a port */
	memset(&n, 0, sizeof(n));
	n.port = 1;
	PUTS_BUT_REFUSED();		/* a port without a name */
	memset(&n, 0, sizeof(n));
	strlcpy(n.host, "alice", sizeof(n.host));
	n.port = 1;
	ck_assert_int_eq(endpoint_parse(&n.endpoint, "192.0.2.1:1"), 0);
	PUTS_BUT_REFUSED();		/* both a name and an address */
#undef PUTS_BUT_REFUSED
	buf[0] = 0;
	rbuf_init(&r, buf, 1);
	get_crypto_item(&r, &c);
	ck_assert(r.fail);
	rbuf_init(&r, buf, 1);
	get_show_item(&r, &s);
	ck_assert(r.fail);
}
END_TEST

START_TEST(slots)
{
	char text[RELOAD_TEXT_MAX];
	enum slot slot;
	bool write;
	int error;

	host.mode = MODE_CONFIGURED;
	slot_fd_send(&l, SLOT_SESSIONS, true, some_file());
	got(MSG_SLOT_FD, 0);
	READS(slot_fd_recv(&m, &slot, &write));
	ck_assert_int_eq(slot, SLOT_SESSIONS);
	ck_assert(write);
	REFUSES(0, SLOT_COUNT, slot_fd_recv(&m, &slot, &write));
	REFUSES(1, 2, slot_fd_recv(&m, &slot, &write));
	slot_want_send(&l, SLOT_KEY);
	got(MSG_SLOT_WANT, 0);
	READS(slot_want_recv(&m, &slot));
	ck_assert_int_eq(slot, SLOT_KEY);
	REFUSES(0, 0, slot_want_recv(&m, &slot));
	slot_written_send(&l, SLOT_KEY, EIO);
	got(MSG_SLOT_WRITTEN, 0);
	READS(slot_error_recv(&m, &slot, &error));
	ck_assert_int_eq(error, EIO);
	REFUSES(0, SLOT_COUNT, slot_error_recv(&m, &slot, &error));
	slot_done_send(&l, SLOT_KEY, ENOSPC);
	got(MSG_SLOT_DONE, 0);
	READS(slot_error_recv(&m, &slot, &error));
	ck_assert_int_eq(error, ENOSPC);
	reload_send(&l, 9);
	got(MSG_RELOAD, 9);
	reload_done_send(&l, 9, EINVAL, "no");
	got(MSG_RELOAD_DONE, 9);
	READS(reload_done_recv(&m, &error, text));
	ck_assert_int_eq(error, EINVAL);
	ck_assert_str_eq(text, "no");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("codec_conf");
	TCase *tc = tcase_create("codec_conf");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, conf);
	tcase_add_test(tc, conf_items);
	tcase_add_test(tc, conf_items_refused);
	tcase_add_test(tc, slots);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("codec_conf", suite());
}
