/* SPDX-License-Identifier: ISC */
/*
 * Devices and the changes that wg(8) makes to them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "cryptod/change.h"
#include "shared/bytes.h"
#include "fakeclock.h"
#include "unit.h"

static struct secmem arena;
static struct engine e;
static unsigned added, removed, initiations;
static uint32_t last_added, last_removed;

static uint8_t *
hook_data(void *arg, const struct device *d, uint8_t ecn, size_t len)
{
	(void)arg;
	(void)d;
	(void)ecn;
	(void)len;
	return NULL;
}

static int
hook_handshake(void *arg, const struct device *d, uint8_t flags,
    const uint8_t *msg, size_t len)
{
	(void)arg;
	(void)d;
	(void)flags;
	(void)msg;
	(void)len;
	initiations++;
	return 0;
}

static int
hook_auth(void *arg, const struct device *d, const struct origin *from,
    bool urgent)
{
	(void)arg;
	(void)d;
	(void)from;
	(void)urgent;
	return 0;
}

static void
hook_tun(void *arg, const uint8_t *p, size_t len)
{
	(void)arg;
	(void)p;
	(void)len;
}

static void
hook_added(void *arg, const struct remote *r)
{
	(void)arg;
	added++;
	last_added = r->device->id;
}

static void
hook_removed(void *arg, const struct remote *r)
{
	(void)arg;
	removed++;
	last_removed = r->device->id;
}

static void
hook_local(void *arg, uint8_t slot, const struct noise_local *l)
{
	(void)arg;
	(void)slot;
	(void)l;
}

static void
setup(void)
{
	static const struct engine_hooks hooks = {
		NULL, hook_data, hook_handshake, hook_auth, hook_tun,
		hook_added, hook_removed, hook_local, NULL, NULL,
	};

	ck_assert_int_ne(sodium_init(), -1);
	ck_assert_int_eq(secmem_init(&arena, 96U * 1024 * 1024), 0);
	ck_assert_int_eq(engine_init(&e, &arena), 0);
	e.out = hooks;
	engine_tick(&e);
	added = removed = initiations = 0;
}

static void
teardown(void)
{
	engine_clear(&e);
	secmem_clear(&arena);
}

static void
key_of(uint8_t key[KEY_SIZE], uint32_t n)
{
	memset(key, 0x42, KEY_SIZE);
	put_le32(key, n);
}

static int
item(struct change *c, enum set_op op, uint32_t key, uint8_t flags)
{
	struct set_item it;

	memset(&it, 0, sizeof(it));
	it.op = op;
	it.flags = flags;
	key_of(it.key, key);
	return change_item(c, &it);
}

static int
keepalive(struct change *c, uint16_t seconds)
{
	struct set_item it;

	memset(&it, 0, sizeof(it));
	it.op = SET_KEEPALIVE;
	it.keepalive = seconds;
	return change_item(c, &it);
}

static int
ip(struct change *c, const char *text, uint8_t flags)
{
	struct set_item it;

	memset(&it, 0, sizeof(it));
	it.op = SET_ALLOWED_IP;
	it.flags = flags;
	ck_assert_int_eq(prefix_parse(&it.prefix, text), 0);
	return change_item(c, &it);
}

static struct device *
owner(const char *text)
{
	uint8_t a[16];

	ck_assert_int_eq(inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET,
	    text, a), 1);
	return strchr(text, ':') != NULL ? trie_lookup6(&e.allowed, a) :
	    trie_lookup4(&e.allowed, a);
}

START_TEST(all_of_them)
{
	static struct device *d[DEVICES_MAX];
	uint8_t key[KEY_SIZE];
	uint32_t i;

	for (i = 0; i < DEVICES_MAX; i++) {
		key_of(key, i);
		d[i] = device_new(&e, key);
		ck_assert_ptr_nonnull(d[i]);
		ck_assert_uint_eq(d[i]->id, i + 1);
	}
	key_of(key, i);
	errno = 0;
	ck_assert_ptr_null(device_new(&e, key));
	ck_assert_int_eq(errno, ENOSPC);
	for (i = 0; i < DEVICES_MAX; i++) {
		key_of(key, i);
		ck_assert_ptr_eq(remote_find(&e, key)->device, d[i]);
		ck_assert_ptr_eq(device_find(&e, i + 1), d[i]);
	}
	for (i = 1; i < DEVICES_MAX; i += 2)
		device_remove(&e, d[i]);
	ck_assert_ptr_eq(device_from(&e, 0), d[0]);
	ck_assert_ptr_eq(device_from(&e, 2), d[2]);
	ck_assert_ptr_eq(device_next(d[0]), d[2]);
	/* The number of one that is gone is not given again. */
	key_of(key, 1);
	ck_assert_ptr_null(remote_find(&e, key));
	ck_assert_uint_eq(device_new(&e, key)->id, DEVICES_MAX + 1);
	device_remove_all(&e);
	ck_assert_uint_eq(e.devices.count, 0);
	ck_assert_uint_eq(e.remotes.used, 0);
	ck_assert_uint_eq(added, DEVICES_MAX + 1);
	ck_assert_uint_eq(removed, DEVICES_MAX + 1);
}
END_TEST

START_TEST(peers_come_and_go)
{
	struct change c;

	change_begin(&c, &e);
	ck_assert_int_eq(item(&c, SET_PEER, 1, 0), 0);
	ck_assert_int_eq(ip(&c, "10.0.0.0/24", 0), 0);
	ck_assert_int_eq(item(&c, SET_PEER, 2, SET_F_UPDATE_ONLY), 0);
	ck_assert_int_eq(ip(&c, "10.0.0.0/16", 0), 0);
	ck_assert_int_eq(item(&c, SET_PEER, 3, 0), 0);
	ck_assert_int_eq(item(&c, SET_PEER, 1, 0), 0);
	ck_assert_int_eq(item(&c, SET_PEER, 3, SET_F_REMOVE), 0);
	ck_assert_int_eq(ip(&c, "10.1.0.0/16", 0), 0);
	change_end(&c);
	ck_assert_int_eq(c.error, 0);
	ck_assert_uint_eq(c.nids, 5);
	ck_assert_uint_eq(c.ids[0], 1);
	ck_assert_uint_eq(c.ids[1], 0);
	ck_assert_uint_eq(c.ids[2], 2);
	ck_assert_uint_eq(c.ids[3], 1);
	ck_assert_uint_eq(c.ids[4], 0);
	ck_assert_uint_eq(e.devices.count, 1);
	ck_assert_uint_eq(e.allowed.nentries, 1);
	ck_assert_uint_eq(last_removed, 2);
	change_clear(&c);
	change_begin(&c, &e);
	ck_assert_int_eq(item(&c, SET_REPLACE_PEERS, 0, 0), 0);
	ck_assert_int_eq(item(&c, SET_PEER, 1, SET_F_UPDATE_ONLY), 0);
	change_end(&c);
	ck_assert_uint_eq(e.devices.count, 0);
	ck_assert_uint_eq(c.ids[0], 0);
	change_clear(&c);
}
END_TEST

START_TEST(items_out_of_place)
{
	struct change c;

	change_begin(&c, &e);
	ck_assert_int_eq(keepalive(&c, 5), -1);
	ck_assert_int_eq(ip(&c, "10.0.0.0/8", 0), -1);
	ck_assert_int_eq(item(&c, SET_PSK, 1, 0), -1);
	ck_assert_int_eq(item(&c, SET_REPLACE_IPS, 0, 0), -1);
	ck_assert_int_eq(item(&c, SET_PEER, 1, 0), 0);
	ck_assert_int_eq(keepalive(&c, 5), 0);
	/* It ends the block of the peer before, which may be gone. */
	ck_assert_int_eq(item(&c, SET_PRIVATE_KEY, 9, 0), 0);
	ck_assert_int_eq(keepalive(&c, 5), -1);
	change_end(&c);
	change_clear(&c);
}
END_TEST

START_TEST(prefixes_move)
{
	struct change c;
	struct device *one, *two;

	change_begin(&c, &e);
	item(&c, SET_PEER, 1, 0);
	ip(&c, "10.0.0.0/8", 0);
	ip(&c, "10.1.2.3/32", 0);
	ip(&c, "fd00::/8", 0);
	item(&c, SET_PEER, 2, 0);
	ip(&c, "10.1.0.0/16", 0);
	ip(&c, "10.1.2.3/32", 0);
	change_end(&c);
	one = device_find(&e, 1);
	two = device_find(&e, 2);
	ck_assert_ptr_eq(owner("10.9.9.9"), one);
	ck_assert_ptr_eq(owner("10.1.2.3"), two);
	ck_assert_ptr_eq(owner("10.1.9.9"), two);
	ck_assert_ptr_eq(owner("fd00::1"), one);
	ck_assert_ptr_null(owner("192.0.2.1"));
	ck_assert_uint_eq(e.allowed.nentries, 4);
	item(&c, SET_PEER, 2, 0);
	/* Another's is not taken away; one's own is. */
	ip(&c, "10.0.0.0/8", SET_F_REMOVE);
	ip(&c, "10.1.2.3/32", SET_F_REMOVE);
	ip(&c, "192.0.2.0/24", SET_F_REMOVE);
	change_end(&c);
	ck_assert_uint_eq(e.allowed.nentries, 3);
	ck_assert_ptr_eq(owner("10.1.2.3"), two);
	item(&c, SET_PEER, 1, 0);
	item(&c, SET_REPLACE_IPS, 0, 0);
	ip(&c, "10.0.0.0/9", 0);
	change_end(&c);
	ck_assert_ptr_eq(owner("10.9.9.9"), one);
	ck_assert_ptr_null(owner("fd00::1"));
	device_remove(&e, one);
	ck_assert_ptr_null(owner("10.9.9.9"));
	ck_assert_ptr_eq(owner("10.1.2.3"), two);
	change_clear(&c);
}
END_TEST

/* The serials of a list ascend, which is how a reader goes on in it. */
START_TEST(order_of_prefixes)
{
	struct trie_entry *te;
	struct change c;
	uint64_t last = 0;
	size_t n = 0;

	change_begin(&c, &e);
	item(&c, SET_PEER, 1, 0);
	ip(&c, "10.0.0.1/32", 0);
	ip(&c, "10.0.0.2/32", 0);
	item(&c, SET_PEER, 2, 0);
	ip(&c, "10.0.0.3/32", 0);
	ip(&c, "10.0.0.1/32", 0);
	ip(&c, "10.0.0.3/32", 0);
	change_end(&c);
	TAILQ_FOREACH(te, &device_find(&e, 2)->ips, entry) {
		ck_assert_uint_gt(te->serial, last);
		last = te->serial;
		n++;
	}
	ck_assert_uint_eq(n, 2);
	change_clear(&c);
}
END_TEST

START_TEST(own_key)
{
	struct set_item it;
	struct change c;

	change_begin(&c, &e);
	item(&c, SET_PRIVATE_KEY, 5, 0);
	memset(&it, 0, sizeof(it));
	it.op = SET_PEER;
	memcpy(it.key, e.local[ENGINE_STOCK]->public, KEY_SIZE);
	ck_assert_int_eq(change_item(&c, &it), 0);
	ck_assert_int_eq(ip(&c, "10.0.0.0/8", 0), 0);
	change_end(&c);
	/* Silently ignored. */
	ck_assert_int_eq(c.error, 0);
	ck_assert_uint_eq(c.ids[0], 0);
	ck_assert_uint_eq(e.devices.count, 0);
	ck_assert_uint_eq(e.allowed.nentries, 0);
	change_clear(&c);
}
END_TEST

START_TEST(keepalive_at_once)
{
	struct change c;
	struct device *d;

	change_begin(&c, &e);
	item(&c, SET_PRIVATE_KEY, 5, 0);
	item(&c, SET_PEER, 9, 0);
	change_end(&c);
	d = device_find(&e, 1);
	engine_set_link(&e, true, 1420);
	engine_set_endpoint(&e, d, true);
	ck_assert_uint_eq(initiations, 0);
	item(&c, SET_PEER, 9, 0);
	keepalive(&c, 25);
	ck_assert_uint_eq(initiations, 0);
	change_end(&c);
	fakeclock_advance(5 * CLOCK_NSEC_PER_MSEC);
	engine_tick(&e);
	engine_expire(&e, 10);
	ck_assert_uint_eq(initiations, 1);
	ck_assert_uint_eq(d->keepalive, 25);
	ck_assert(timer_pending(&d->remote[0]->timers.persistent));
	item(&c, SET_PEER, 9, 0);
	keepalive(&c, 0);
	change_end(&c);
	fakeclock_advance(5 * CLOCK_NSEC_PER_MSEC);
	engine_tick(&e);
	engine_expire(&e, 10);
	ck_assert(!timer_pending(&d->remote[0]->timers.persistent));
	change_clear(&c);
}
END_TEST

START_TEST(too_many_peers)
{
	struct change c;
	uint32_t i;

	change_begin(&c, &e);
	for (i = 0; i <= DEVICES_MAX; i++)
		ck_assert_int_eq(item(&c, SET_PEER, i, 0), 0);
	ck_assert_int_eq(c.error, ENOSPC);
	/* What comes after the error is not applied. */
	ck_assert_int_eq(item(&c, SET_REPLACE_PEERS, 0, 0), 0);
	change_end(&c);
	ck_assert_uint_eq(e.devices.count, DEVICES_MAX);
	change_clear(&c);
}
END_TEST

/* The i-th of many, of IPv6 and IPv4 in turn. */
static int
one_ip(struct change *c, uint32_t i, uint8_t flags)
{
	struct set_item it;

	memset(&it, 0, sizeof(it));
	it.op = SET_ALLOWED_IP;
	it.flags = flags;
	it.prefix.family = i % 2 == 0 ? AF_INET6 : AF_INET;
	it.prefix.cidr = i % 2 == 0 ? 128 : 32;
	put_be32(it.prefix.addr, i);
	return change_item(c, &it);
}

/* A change of one peer and of one prefix; how it went. */
static int
change_one_ip(uint32_t key, uint32_t i, uint8_t flags)
{
	struct change c;
	int error;

	change_begin(&c, &e);
	ck_assert_int_eq(item(&c, SET_PEER, key, 0), 0);
	ck_assert_int_eq(one_ip(&c, i, flags), 0);
	change_end(&c);
	error = c.error;
	change_clear(&c);
	return error;
}

static struct device *
owner_of(uint32_t i)
{
	uint8_t a[16] = { 0 };

	put_be32(a, i);
	return i % 2 == 0 ? trie_lookup6(&e.allowed, a) :
	    trie_lookup4(&e.allowed, a);
}

/* Memory for them has an end; what is there can still move and go. */
START_TEST(too_many_ips)
{
	struct device *one, *two;
	struct change c;
	uint32_t i;

	change_begin(&c, &e);
	item(&c, SET_PEER, 1, 0);
	for (i = 0; i < DEVICE_IPS_MAX; i++)
		ck_assert_int_eq(one_ip(&c, i, 0), 0);
	ck_assert_int_eq(c.error, 0);
	one = device_find(&e, 1);
	ck_assert_uint_eq(e.allowed.nentries, DEVICE_IPS_MAX);
	ck_assert_int_eq(one_ip(&c, i, 0), 0);
	ck_assert_int_eq(c.error, ENOSPC);
	/* What comes after the error is not applied. */
	ck_assert_int_eq(one_ip(&c, 0, SET_F_REMOVE), 0);
	ck_assert_int_eq(item(&c, SET_REPLACE_IPS, 0, 0), 0);
	change_end(&c);
	change_clear(&c);
	ck_assert_uint_eq(e.allowed.nentries, DEVICE_IPS_MAX);
	ck_assert_ptr_null(owner_of(i));
	ck_assert_ptr_eq(owner_of(0), one);
	/* Another peer may not have one more, either. */
	ck_assert_int_eq(change_one_ip(2, i + 1, 0), ENOSPC);
	two = device_find(&e, 2);
	ck_assert(TAILQ_EMPTY(&two->ips));
	ck_assert_int_eq(change_one_ip(2, 7, 0), 0);
	ck_assert_int_eq(change_one_ip(1, 8, 0), 0);
	ck_assert_ptr_eq(owner_of(7), two);
	ck_assert_ptr_eq(owner_of(8), one);
	ck_assert_uint_eq(e.allowed.nentries, DEVICE_IPS_MAX);
	/* One goes, and there is room for one. */
	ck_assert_int_eq(change_one_ip(2, 7, SET_F_REMOVE), 0);
	ck_assert_int_eq(change_one_ip(2, i, 0), 0);
	ck_assert_ptr_eq(owner_of(i), two);
	ck_assert_int_eq(change_one_ip(2, 7, 0), ENOSPC);
	device_remove(&e, one);
	ck_assert_uint_eq(e.allowed.nentries, 1);
	ck_assert_int_eq(change_one_ip(2, 7, 0), 0);
}
END_TEST

START_TEST(psk)
{
	struct change c;
	uint8_t key[KEY_SIZE];

	change_begin(&c, &e);
	item(&c, SET_PEER, 1, 0);
	item(&c, SET_PSK, 77, 0);
	change_end(&c);
	key_of(key, 77);
	ck_assert_mem_eq(device_find(&e, 1)->remote[0]->secret->noise.psk,
	    key, KEY_SIZE);
	change_clear(&c);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("device");
	TCase *t = tcase_create("device");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, all_of_them);
	tcase_add_test(t, peers_come_and_go);
	tcase_add_test(t, items_out_of_place);
	tcase_add_test(t, prefixes_move);
	tcase_add_test(t, order_of_prefixes);
	tcase_add_test(t, own_key);
	tcase_add_test(t, keepalive_at_once);
	tcase_add_test(t, too_many_peers);
	tcase_add_test(t, too_many_ips);
	tcase_add_test(t, psk);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("device", suite());
}
