/* SPDX-License-Identifier: ISC */
/*
 * The memory of the ring between cryptod and netd: what is not sealed or not of
 * its size is refused, and what is handed out can only be read.
 */
#include <fcntl.h>
#include <unistd.h>

#include "regress/privsep/enemy_play.h"
#include "regress/unit/unit.h"
#include "shared/codec.h"

#define RING_BYTES	(4096 + RING_BULK_OUT + RING_URGENT_SLOTS * RING_SLOT)
#define SEALS		(F_SEAL_GROW | F_SEAL_SHRINK | \
			    F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)

static const enum proc victims[] = { PROC_CRYPTOD, PROC_NETD };
#define NVICTIMS	((int)(sizeof(victims) / sizeof(victims[0])))

/* An offer that must be refused; fault: whether it is one of content. */
struct offer {
	const char	*what;
	size_t		 size;
	int		 seals;
	uint16_t	 worker;
	uint32_t	 bulk;
	uint32_t	 slots;
};

static const struct offer offers[] = {
	{ "no seals", RING_BYTES, 0, 0, RING_BULK_OUT, RING_URGENT_SLOTS },
	{ "may shrink", RING_BYTES, F_SEAL_GROW | F_SEAL_FUTURE_WRITE |
	    F_SEAL_SEAL, 0, RING_BULK_OUT, RING_URGENT_SLOTS },
	{ "may grow", RING_BYTES, F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE |
	    F_SEAL_SEAL, 0, RING_BULK_OUT, RING_URGENT_SLOTS },
	{ "others may write", RING_BYTES, F_SEAL_GROW | F_SEAL_SHRINK |
	    F_SEAL_SEAL, 0, RING_BULK_OUT, RING_URGENT_SLOTS },
	{ "may be sealed further", RING_BYTES, F_SEAL_GROW | F_SEAL_SHRINK |
	    F_SEAL_FUTURE_WRITE, 0, RING_BULK_OUT, RING_URGENT_SLOTS },
	{ "a byte short", RING_BYTES - 1, SEALS, 0, RING_BULK_OUT,
	    RING_URGENT_SLOTS },
	{ "a byte long", RING_BYTES + 1, SEALS, 0, RING_BULK_OUT,
	    RING_URGENT_SLOTS },
	{ "empty", 0, SEALS, 0, RING_BULK_OUT, RING_URGENT_SLOTS },
	{ "a page", 4096, SEALS, 0, 0, 0 },
	{ "another worker", RING_BYTES, SEALS, 1, RING_BULK_OUT,
	    RING_URGENT_SLOTS },
	{ "not a power of two", 4096 + 3 * 262144 + 8 * RING_SLOT, SEALS, 0,
	    3 * 262144, 8 },
	{ "lanes too small", 4096 + 4096 + 8 * RING_SLOT, SEALS, 0, 4096, 8 },
	{ "lanes too large", 4096, SEALS, 0, 0x80000000, 0x80000000 },
	{ "a sum that wraps", 4096, SEALS, 0, 0xfffff000, 0xffffffff },
};

static void
say_offer(struct kid *k, const struct offer *o)
{
	uint8_t buf[16];
	struct wbuf w;
	int fd = kid_memfd(o->size, o->seals);

	wbuf_init(&w, buf, sizeof(buf));
	put_u16(&w, o->worker);
	put_u32(&w, o->bulk);
	put_u32(&w, o->slots);
	ck_assert_int_eq(kid_say(k, enemy_of(k->proc), MSG_RING, w.p, w.len,
	    &fd, 1), 0);
	close(fd);
}

START_TEST(bad_memory)
{
	const size_t n = sizeof(offers) / sizeof(offers[0]);
	struct kid k;
	size_t i;
	int fd;

	kid_world();
	kid_start(&k, victims[_i], PIECE_LINKS);
	for (i = 0; i < n; i++) {
		k.faults = 0;
		say_offer(&k, &offers[i]);
		ck_assert(kid_sync(&k, enemy_of(k.proc), SLOW));
		ck_assert_msg(k.faults == 1 && k.fault[0].type == MSG_RING,
		    "%s: it was taken", offers[i].what);
	}
	for (i = 0; k.proc == PROC_NETD && i < n; i++) {
		if (offers[i].size == sizeof(struct index_memory))
			continue;
		k.faults = 0;
		fd = kid_memfd(offers[i].size, offers[i].seals);
		ck_assert_int_eq(kid_say(&k, PROC_CRYPTOD, MSG_INDEX_PAGE,
		    NULL, 0, &fd, 1), 0);
		close(fd);
		ck_assert(kid_sync(&k, PROC_CRYPTOD, SLOW));
		ck_assert_msg(k.faults == 1 &&
		    k.fault[0].type == MSG_INDEX_PAGE,
		    "index page: %s: it was taken", offers[i].what);
	}
	/* The right one is still welcome, and a second one is not. */
	kid_give(&k, PIECE_RING);
	k.faults = 0;
	ck_assert(kid_sync(&k, enemy_of(k.proc), SLOW));
	ck_assert_uint_eq(k.faults, 0);
	kid_give(&k, PIECE_RING);
	ck_assert(kid_sync(&k, enemy_of(k.proc), SLOW));
	ck_assert_uint_eq(k.faults, k.proc == PROC_NETD ? 2 : 1);
	kid_end(&k);
}
END_TEST

/* What the child hands out can not be written by who gets it. */
START_TEST(its_memory_is_read_only)
{
	struct kid k;

	kid_world();
	kid_start(&k, victims[_i], PIECE_LINKS);
	ck_assert(kid_sync(&k, PROC_CTLD, SLOW));
	ck_assert_uint_eq(k.memfds, k.proc == PROC_CRYPTOD ? 2 : 1);
	ck_assert_msg(k.attached && !k.writable, "its memory is writable");
	kid_end(&k);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("enemy_memory");
	TCase *tc = tcase_create("enemy_memory");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, bad_memory, 0, NVICTIMS);
	tcase_add_loop_test(tc, its_memory_is_read_only, 0, NVICTIMS);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("enemy_memory", suite());
}
