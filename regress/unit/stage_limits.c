/* SPDX-License-Identifier: ISC */
/*
 * Large configurations: memory that runs out while one is prepared, the most
 * peers and allowed IPs that there can be, and how long thousands take.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shared/bytes.h"
#include "stage_play.h"
#include "unit.h"

#define MANY	10000U

#ifndef SANITIZER
/* Calls of calloc until one fails; negative: none does. */
static int left = -1;

void	*__libc_calloc(size_t, size_t);

void *
calloc(size_t n, size_t size)
{
	if (left < 0 || left-- > 0)
		return __libc_calloc(n, size);
	errno = ENOMEM;
	return NULL;
}
#endif

/* Memory runs out while it is prepared, never when it comes into force. */
START_TEST(no_memory)
{
	uint8_t key[32] = { 7 };
	char text[PREFIX_TEXT];
	uint32_t i;

	begin();
	peer(key_b(), "bob", "10.0.0.2/32");
	for (i = 1; st.why[0] == '\0'; i++) {
		ck_assert_uint_lt(i, 65536);
		put_le32(key, i);
		snprintf(text, sizeof(text), "10.%u.%u.1/32", 1 + i / 256,
		    i % 256);
		peer(key, "many", text);
	}
	ck_assert_uint_gt(i, 1000);
	refused("out of memory for peers");
	host_send(&a, 1, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.ntun, 1);
}
END_TEST

/* The same of memory that is not locked. */
START_TEST(starved)
{
#ifdef SANITIZER
	unit_skip("starved", "a sanitizer has its own allocator");
#else
	uint8_t key[32] = { 7 };

	left = 0;
	stage_begin(&st);
	ck_assert(st.open);
	left = -1;
	/* What follows is borne, and the way back is the same. */
	ck_assert_int_eq(key_file(CONF_KEY_PRIVATE, a.e.local[0]->private), 0);
	peer(key_b(), "bob", "10.0.0.2/32");
	refused("out of memory for peers");
	begin();
	peer(key_b(), "bob", "10.0.0.2/32");
	left = 0;
	ck_assert_int_eq(address(CRYPTO_ALLOWED_IP, "10.9.0.0/16"), 0);
	left = -1;
	refused("out of memory for allowed IPs");
	begin();
	left = 1;			/* its place, and not it */
	peer(key, "many", NULL);
	left = -1;
	refused("out of memory for peers");
#endif
}
END_TEST

static int
one_ip(uint32_t i)
{
	struct crypto_item it;

	memset(&it, 0, sizeof(it));
	it.op = CRYPTO_ALLOWED_IP;
	it.prefix.family = AF_INET6;
	it.prefix.cidr = 128;
	put_be32(it.prefix.addr + 12, i);
	return stage_item(&st, &it);
}

static void
all_ips(void)
{
	uint32_t i;

	begin();
	peer(key_b(), "bob", "10.0.0.2/32");
	for (i = 1; i < DEVICE_IPS_MAX; i++)
		ck_assert_int_eq(one_ip(i), 0);
	ck_assert_str_eq(st.why, "");
}

START_TEST(too_many_ips)
{
	uint8_t key[32] = { 7 }, addr[16] = { 0 };

	all_ips();
	/* What is there may be said again; of another it is refused. */
	ck_assert_int_eq(one_ip(1), 0);
	ck_assert_str_eq(st.why, "");
	peer(key, "carol", NULL);
	ck_assert_int_eq(one_ip(1), 0);
	refused("peer carol: peer bob has the allowed IPs ::1/128, too");
	all_ips();
	ck_assert_int_eq(one_ip(0), 0);
	refused("there are more than 262144 allowed IPs");
	/* So many can be had, and there is no room for one more then. */
	all_ips();
	commit(0, 0, 1, 0);
	ck_assert_uint_eq(a.e.allowed.nentries, DEVICE_IPS_MAX);
	ck_assert_int_eq(device_ip_add(&a.e, a.d, AF_INET6, addr, 128), -1);
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double
load(uint32_t from, uint32_t to, const char *what)
{
	uint8_t key[32] = { 7 }, psk[32] = { 1 };
	char text[64];
	double t[4];
	uint32_t i;

	t[0] = seconds();
	begin();
	for (i = from; i < to; i++) {
		put_le32(key + 4, i);
		snprintf(text, sizeof(text), "peer-%u", i);
		item(CRYPTO_PEER, key, text, 25);
		if (i % 8 == 0)
			key_file(CONF_KEY_PSK, psk);
		snprintf(text, sizeof(text), "10.%u.%u.1/32", i >> 8 & 255,
		    i & 255);
		address(CRYPTO_ALLOWED_IP, text);
		snprintf(text, sizeof(text), "fd66::%x/128", i);
		address(CRYPTO_ALLOWED_IP, text);
		snprintf(text, sizeof(text), "172.%u.%u.0/24", 16 + (i >> 8),
		    i & 255);
		address(CRYPTO_ALLOWED_IP, text);
	}
	t[1] = seconds();
	ck_assert_msg(stage_end(&st), "%s", st.why);
	t[2] = seconds();
	stage_commit(&st, &done);
	t[3] = seconds();
	printf("# %u peers, %s: prepared in %.1f ms, committed in %.1f ms "
	    "(+%u -%u ~%u =%u)\n", to - from, what, (t[1] - t[0]) * 1e3,
	    (t[3] - t[2]) * 1e3, done.added, done.removed, done.changed,
	    done.kept);
	return t[3] - t[2];
}

/* As much locked memory for a as cryptod has; it knows nobody. */
static void
large_arena(void)
{
	struct secmem arena;

	ck_assert_int_eq(secmem_init(&arena, 96U * 1024 * 1024), 0);
	teardown();
	hosts_start(&a, &b);
	engine_clear(&a.e);
	secmem_clear(&a.arena);
	a.arena = arena;
	ck_assert_int_eq(engine_init(&a.e, &a.arena), 0);
	a.e.out = b.e.out;
	a.e.out.arg = &a;
	engine_tick(&a.e);
	host_set_private(&a, b.e.local[0]->private);
	ck_assert_int_eq(stage_init(&st, &a.e, &a.arena), 0);
}

START_TEST(too_many_peers)
{
	uint8_t key[32] = { 7 };
	uint32_t i;

	large_arena();
	stage_begin(&st);
	for (i = 0; i < DEVICES_MAX; i++) {
		put_le32(key + 4, i);
		ck_assert_int_eq(item(CRYPTO_PEER, key, "many", 0), 0);
	}
	ck_assert(stage_end(&st));
	ck_assert_uint_eq(st.npeers, DEVICES_MAX);
	put_le32(key + 4, i);
	ck_assert_int_eq(item(CRYPTO_PEER, key, "one", 0), 0);
	ck_assert(!stage_end(&st));
	ck_assert_str_eq(st.why, "there are more than 65536 peers");
	stage_clear(&st);
	ck_assert_uint_eq(a.e.remotes.used, 0);
}
END_TEST

/* The goals are 100 and 50 ms; a busy or sanitized build gets more. */
START_TEST(thousands)
{
	large_arena();
	ck_assert(load(0, MANY, "all new") < 2);
	ck_assert_uint_eq(done.added, MANY);
	ck_assert(load(0, MANY, "all the same") < 1);
	ck_assert_uint_eq(done.kept, MANY);
	ck_assert(load(MANY / 2, MANY + MANY / 2, "half of them") < 2);
	ck_assert_uint_eq(done.kept, MANY / 2);
	ck_assert_uint_eq(done.added, MANY / 2);
	ck_assert_uint_eq(done.removed, MANY / 2);
	ck_assert_uint_eq(a.e.allowed.nentries, 3 * MANY);
	ck_assert_uint_eq(a.e.remotes.used, MANY);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("stage_limits");
	TCase *t = tcase_create("stage_limits");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, no_memory);
	tcase_add_test(t, starved);
	tcase_add_test(t, too_many_ips);
	tcase_add_test(t, too_many_peers);
	tcase_add_test(t, thousands);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("stage_limits", suite());
}
