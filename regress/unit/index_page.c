/* SPDX-License-Identifier: ISC */
/*
 * The page of live indices: what cryptod puts there netd sees, and cannot
 * change.
 */
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shared/index_page.h"
#include "unit.h"

static struct index_page	ours, theirs;
static int			fd;

static void
setup(void)
{
	memset(&ours, 0, sizeof(ours));
	memset(&theirs, 0, sizeof(theirs));
	fd = index_page_create(&ours);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(index_page_attach(&theirs, fd), 0);
	index_page_reach(&ours, INDEX_SLOTS);
}

static uint32_t
slot_of(uint32_t index)
{
	return index_slot(theirs.peer->mask, index);
}

START_TEST(put_and_has)
{
	const uint32_t index = 0xabc00000 | 77;

	ck_assert(!index_page_has(&theirs, index));
	index_page_put(&ours, slot_of(index), index);
	ck_assert(index_page_has(&theirs, index));
	/* The same slot, other upper bits. */
	ck_assert(!index_page_has(&theirs, index ^ 0x00100000));
	ck_assert(!index_page_has(&theirs, 77));
	ck_assert(!index_page_has(&theirs, index + 1));
	index_page_put(&ours, slot_of(index), 0);
	ck_assert(!index_page_has(&theirs, index));
}
END_TEST

START_TEST(edges)
{
	ck_assert(!index_page_has(&theirs, 0));
	ck_assert(!index_page_has(&theirs, UINT32_MAX));
	index_page_put(&ours, INDEX_SLOTS - 1, UINT32_MAX);
	ck_assert(index_page_has(&theirs, UINT32_MAX));
	index_page_put(&ours, 0, 0x00100000);
	ck_assert(index_page_has(&theirs, 0x00100000));
	ck_assert(!index_page_has(&theirs, 0));
	/* A slot number beyond the page stays in it. */
	index_page_put(&ours, INDEX_SLOTS + 5, 5);
	ck_assert(index_page_has(&theirs, 5));
}
END_TEST

/* Masked, each index is another slot's; out of reach there is none. */
START_TEST(masks)
{
	static uint32_t mask[INDEX_MASKS];
	const uint32_t one = 0x00500123, two = 0x00600123;

	mask[5] = 0xfff00321;		/* the high bits are of no effect */
	mask[6] = 0x00000020;
	index_page_masks(&ours, mask);
	ck_assert_uint_eq(slot_of(one), 0x202);
	ck_assert_uint_eq(slot_of(two), 0x103);
	index_page_put(&ours, 0x202, one);
	index_page_put(&ours, 0x103, two);
	ck_assert(index_page_has(&theirs, one));
	ck_assert(index_page_has(&theirs, two));
	index_page_reach(&ours, 0x200);
	ck_assert(!index_page_has(&theirs, one));
	ck_assert(index_page_has(&theirs, two));
	/* A producer that lies: still within the memory. */
	index_page_reach(&ours, UINT32_MAX);
	ck_assert(!index_page_has(&theirs, UINT32_MAX));
}
END_TEST

START_TEST(one_writer)
{
	size_t size = sizeof(struct index_memory);
	uint32_t v = 1;
	void *p;

	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert(p == MAP_FAILED);
	p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert(p != MAP_FAILED);
	ck_assert_int_eq(mprotect(p, size, PROT_READ | PROT_WRITE), -1);
	ck_assert_int_eq(pwrite(fd, &v, sizeof(v), 0), -1);
	ck_assert_int_eq(ftruncate(fd, 0), -1);
}
END_TEST

START_TEST(refused)
{
	struct index_page ip;
	int other = memfd_create("test", MFD_ALLOW_SEALING);

	ck_assert_int_ne(other, -1);
	ck_assert_int_eq(ftruncate(other,
	    sizeof(struct index_memory)), 0);
	ck_assert_int_eq(index_page_attach(&ip, other), -1);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_int_eq(fcntl(other, F_ADD_SEALS, F_SEAL_GROW |
	    F_SEAL_SHRINK | F_SEAL_SEAL), 0);
	ck_assert_int_eq(index_page_attach(&ip, other), -1);
	/* Sealed, but too short. */
	other = memfd_create("test", MFD_ALLOW_SEALING);
	ck_assert_int_eq(ftruncate(other, 4096), 0);
	ck_assert_int_eq(fcntl(other, F_ADD_SEALS, F_SEAL_GROW |
	    F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL), 0);
	ck_assert_int_eq(index_page_attach(&ip, other), -1);
	ck_assert_int_eq(index_page_attach(&ip, -1), -1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("index_page");
	TCase *tc = tcase_create("index_page");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, put_and_has);
	tcase_add_test(tc, edges);
	tcase_add_test(tc, masks);
	tcase_add_test(tc, one_writer);
	tcase_add_test(tc, refused);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("index_page", suite());
}
