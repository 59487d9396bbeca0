/* SPDX-License-Identifier: ISC */
/*
 * Receiver indices: unique, unpredictable, published, and gone when dropped.
 */
#include <sodium.h>
#include <stdlib.h>

#include "cryptod/index.h"
#include "shared/index_page.h"
#include "unit.h"

#define MANY	(4 * 65536)		/* what 2^16 devices can have */

static struct index_table t;
static struct index_page page;

static void
setup(void)
{
	int fd;

	ck_assert_int_ne(sodium_init(), -1);
	fd = index_page_create(&page);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(index_page_attach(&page, fd), 0);
	ck_assert_int_eq(index_init(&t), 0);
	index_publish(&t, &page);
}

static void
teardown(void)
{
	index_clear(&t);
}

START_TEST(many)
{
	uint32_t *all, bits = 0;
	size_t i;

	all = calloc(MANY, sizeof(*all));
	ck_assert_ptr_nonnull(all);
	for (i = 0; i < MANY; i++) {
		all[i] = index_new(&t, INDEX_KEYPAIR, &all[i]);
		ck_assert_uint_ne(all[i], 0);
		bits |= all[i];
	}
	/* All 32 bits are random, not the slot alone. */
	ck_assert_uint_eq(bits, UINT32_MAX);
	ck_assert_uint_eq(t.used, MANY);
	for (i = 0; i < MANY; i++) {
		ck_assert_ptr_eq(index_find(&t, all[i], INDEX_KEYPAIR),
		    &all[i]);
		ck_assert(index_page_has(&page, all[i]));
	}
	for (i = 0; i < MANY; i++) {
		index_drop(&t, all[i]);
		ck_assert(!index_page_has(&page, all[i]));
		ck_assert(!index_is_live(&t, all[i]));
	}
	ck_assert_uint_eq(t.used, 0);
	free(all);
}
END_TEST

/* Few of them stay in few slots, and an index shows nothing of that. */
START_TEST(neighbours)
{
	static int owner;
	uint32_t i, n, slots = 0, ones = 0, zeros = 0;

	for (n = 0; n < 10000; n++) {
		i = index_new(&t, INDEX_KEYPAIR, &owner);
		slots |= index_slot(t.mask, i);
		ones |= i;
		zeros |= ~i;
		index_drop(&t, i);
	}
	ck_assert_uint_eq(slots, 1023);
	ck_assert_uint_eq(ones, UINT32_MAX);
	ck_assert_uint_eq(zeros, UINT32_MAX);
}
END_TEST

START_TEST(kinds)
{
	int owner, heir;
	uint32_t i;

	i = index_new(&t, INDEX_HANDSHAKE, &owner);
	ck_assert_ptr_eq(index_find(&t, i, INDEX_HANDSHAKE), &owner);
	ck_assert_ptr_null(index_find(&t, i, INDEX_KEYPAIR));
	index_rename(&t, i, INDEX_KEYPAIR, &heir);
	ck_assert_ptr_null(index_find(&t, i, INDEX_HANDSHAKE));
	ck_assert_ptr_eq(index_find(&t, i, INDEX_KEYPAIR), &heir);
	ck_assert_uint_eq(t.used, 1);
}
END_TEST

START_TEST(strangers)
{
	int owner;
	uint32_t i, other;

	ck_assert_ptr_null(index_find(&t, 0, INDEX_HANDSHAKE));
	ck_assert_ptr_null(index_find(&t, 0, INDEX_FREE));
	i = index_new(&t, INDEX_HANDSHAKE, &owner);
	/* The same slot, another number. */
	other = i ^ INDEX_SLOTS;
	other ^= index_slot(t.mask, other) ^ index_slot(t.mask, i);
	ck_assert_uint_eq(index_slot(t.mask, other), index_slot(t.mask, i));
	ck_assert_ptr_null(index_find(&t, other, INDEX_HANDSHAKE));
	ck_assert(!index_page_has(&page, other));
	index_drop(&t, other);
	index_rename(&t, other, INDEX_KEYPAIR, &other);
	index_drop(&t, 0);
	ck_assert_ptr_eq(index_find(&t, i, INDEX_HANDSHAKE), &owner);
	index_drop(&t, i);
	index_drop(&t, i);
	ck_assert_uint_eq(t.used, 0);
}
END_TEST

START_TEST(full)
{
	static int owner;
	size_t i;

	/* Every slot taken: no index rather than one that is not unique. */
	for (i = 0; i < INDEX_SLOTS; i++) {
		t.slot[i].kind = INDEX_KEYPAIR;
		t.slot[i].index = (uint32_t)i;
	}
	ck_assert_uint_eq(index_new(&t, INDEX_KEYPAIR, &owner), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("index");
	TCase *c = tcase_create("index");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, many);
	tcase_add_test(c, neighbours);
	tcase_add_test(c, kinds);
	tcase_add_test(c, strangers);
	tcase_add_test(c, full);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run("index", suite());
}
