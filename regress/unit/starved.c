/* SPDX-License-Identifier: ISC */
/*
 * The protocol core and its tables when there is no memory, neither locked nor
 * other: a packet or a handshake is dropped and counted, nothing that was
 * there is lost, and it goes on as soon as there is some.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/outbound.h"
#include "cryptod/resume.h"
#include "cryptod/sessions.h"
#include "hosts.h"
#include "unit.h"

/* Calls until one fails; negative: none does. */
static int	 left = -1;

#ifndef SANITIZER
void		*__libc_malloc(size_t);
void		*__libc_calloc(size_t, size_t);

static bool
fails(void)
{
	if (left < 0 || left-- > 0)
		return false;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}
#endif

static struct host a, b;

static bool
can_starve(void)
{
#ifdef SANITIZER
	unit_skip("starved", "a sanitizer has its own allocator");
	return false;
#else
	return true;
#endif
}

static void
setup(void)
{
	hosts_start(&a, &b);
}

static void
teardown(void)
{
	hosts_stop(&a, &b);
}

/* All that is left of the arena; what is given back can be had again. */
static void
eat(struct host *h)
{
	size_t size;

	for (size = 1 << 20; size > 0; size /= 2)
		while (secmem_alloc(&h->arena, size) != NULL)
			;
}

/* The datagram that is on its way from this host, taken off the wire. */
static size_t
take(struct host *h, uint8_t *buf, size_t size)
{
	struct datagram *dg = TAILQ_FIRST(&h->out);
	size_t len;

	ck_assert_ptr_nonnull(dg);
	len = dg->len;
	ck_assert_uint_le(len, size);
	memcpy(buf, dg->data, len);
	wire_clear(&h->out);
	return len;
}

/* It works after all. */
static void
shakes(void)
{
	host_send(&a, 9, 84);
	hosts_run(&a, &b, 10 * SEC);
	ck_assert_uint_gt(b.ntun, 0);
	ck_assert_uint_eq(b.tun_id[b.ntun - 1], 9);
}

START_TEST(prefixes)
{
	static const uint8_t one[] = { 10, 1, 0, 0 }, two[] = { 10, 2, 0, 0 };
	struct trie_entry *e;
	struct trie t;
	void *old;
	int i;

	if (!can_starve())
		return;
	trie_init(&t);
	ck_assert_ptr_nonnull(trie_insert(&t, AF_INET, one, 16, &a, &old));
	/* The entry, its node, and the fork above both. */
	for (i = 0; i < 3; i++) {
		left = i;
		e = trie_insert(&t, AF_INET, two, 16, &b, &old);
		left = -1;
		ck_assert_ptr_null(e);
		ck_assert_int_eq(errno, ENOMEM);
		ck_assert_uint_eq(t.nentries, 1);
		ck_assert_uint_eq(t.nnodes, 1);
		ck_assert_ptr_eq(trie_lookup4(&t, one), &a);
		ck_assert_ptr_null(trie_lookup4(&t, two));
	}
	ck_assert_ptr_nonnull(trie_insert(&t, AF_INET, two, 16, &b, &old));
	ck_assert_ptr_eq(trie_lookup4(&t, two), &b);
	trie_clear(&t);
}
END_TEST

START_TEST(peers)
{
	static const uint8_t key[32] = { 9 }, addr[4] = { 10, 9, 0, 0 };
	struct device *d = NULL;
	size_t count = a.e.devices.count;
	int i;

	if (!can_starve())
		return;
	for (i = 0; i < 2; i++) {
		left = i;
		d = device_new(&a.e, key);
		left = -1;
		ck_assert_ptr_null(d);
		ck_assert_uint_eq(a.e.devices.count, count);
	}
	d = device_new(&a.e, key);
	ck_assert_ptr_nonnull(d);
	left = 0;
	i = device_ip_add(&a.e, d, AF_INET, addr, 16);
	left = -1;
	ck_assert_int_eq(i, -1);
	ck_assert_int_eq(device_ip_add(&a.e, d, AF_INET, addr, 16), 0);
	shakes();
}
END_TEST

START_TEST(peers_without_locked_memory)
{
	uint8_t key[32] = { 9 };
	size_t count;

	eat(&a);
	/* What earlier ones gave back may serve a few. */
	while (device_new(&a.e, key) != NULL)
		key[1]++;
	count = a.e.devices.count;
	ck_assert_ptr_null(device_new(&a.e, key));
	ck_assert_uint_eq(a.e.devices.count, count);
}
END_TEST

START_TEST(packets)
{
	uint64_t dropped = a.e.n.drop_staged_no_memory;

	if (!can_starve())
		return;
	left = 0;
	host_send(&a, 1, 84);
	left = -1;
	ck_assert_uint_eq(a.e.n.drop_staged_no_memory, dropped + 1);
	ck_assert_uint_eq(a.d->nstaged, 0);
	shakes();
}
END_TEST

START_TEST(saving)
{
	struct sessions s;
	int r;

	if (!can_starve())
		return;
	left = 0;
	r = resume_collect(&a.e, &s);
	left = -1;
	ck_assert_int_eq(r, -1);
	sessions_clear(&s);
	ck_assert_int_eq(resume_collect(&a.e, &s), 0);
	sessions_clear(&s);
}
END_TEST

/* 0: for what describes the session, 1: for its keys. */
START_TEST(responder)
{
	uint8_t msg[256];
	size_t len;

	if (_i == 0 && !can_starve())
		return;
	host_send(&a, 1, 84);
	len = take(&a, msg, sizeof(msg));
	if (_i == 1)
		eat(&b);
	/* The first is the copy of the datagram that netd hands over. */
	left = _i == 0 ? 1 : -1;
	host_receive(&b, msg, len, 1);
	left = -1;
	ck_assert_uint_eq(b.e.n.drop_hs_no_memory, 1);
	ck_assert_uint_eq(b.types[2], 0);
	ck_assert_uint_eq(b.e.n.handshakes_completed, 0);
	if (_i == 0)
		shakes();
}
END_TEST

START_TEST(initiator)
{
	uint8_t msg[256];
	size_t len;

	if (_i == 0 && !can_starve())
		return;
	host_send(&a, 1, 84);
	len = take(&a, msg, sizeof(msg));
	host_receive(&b, msg, len, 1);
	len = take(&b, msg, sizeof(msg));
	if (_i == 1)
		eat(&a);
	left = _i == 0 ? 1 : -1;
	host_receive(&a, msg, len, 2);
	left = -1;
	ck_assert_uint_eq(a.e.n.drop_hs_no_memory, 1);
	ck_assert_uint_eq(a.types[4], 0);
	if (_i == 0)
		shakes();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("starved");
	TCase *tc = tcase_create("starved");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, prefixes);
	tcase_add_test(tc, peers);
	tcase_add_test(tc, peers_without_locked_memory);
	tcase_add_test(tc, packets);
	tcase_add_test(tc, saving);
	tcase_add_loop_test(tc, responder, 0, 2);
	tcase_add_loop_test(tc, initiator, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("starved", suite());
}
