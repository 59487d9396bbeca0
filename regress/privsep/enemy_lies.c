/* SPDX-License-Identifier: ISC */
/*
 * A neighbour whose indices and headers in the ring lie: each lie is told as a
 * fault, and the ring is not used again.
 */
#include <string.h>
#include <unistd.h>

#include "regress/privsep/enemy_play.h"
#include "regress/unit/unit.h"

static struct ring_hdr *
first(struct kid *k, enum ring_lane lane)
{
	return (struct ring_hdr *)(void *)k->ring.own_lane[lane];
}

/* One segment of len bytes, of the kind that this lane carries. */
static struct ring_hdr *
honest(struct kid *k, enum ring_lane lane, uint32_t len)
{
	struct ring_hdr *h = first(k, lane);

	memset(h, 0, sizeof(*h));
	h->kind = lane == RING_BULK ? RING_DATA : RING_HANDSHAKE;
	h->nseg = 1;
	h->path = 1;
	h->len = len;
	h->seg_size = h->last_size = (uint16_t)len;
	return h;
}

static void
publish(struct kid *k, enum ring_lane lane, uint64_t head)
{
	atomic_store(&k->ring.own->head[lane], head);
	(void)!write(k->ring_bell, "", 1);
}

static void
bulk_head_too_far(struct kid *k)
{
	honest(k, RING_BULK, 32);
	publish(k, RING_BULK, RING_BULK_OUT + RING_ALIGN);
}

static void
urgent_head_too_far(struct kid *k)
{
	honest(k, RING_URGENT, 148);
	publish(k, RING_URGENT, RING_URGENT_SLOTS + 1);
}

static void
head_at_the_end_of_time(struct kid *k)
{
	publish(k, RING_BULK, UINT64_MAX);
}

static void
head_goes_back(struct kid *k)
{
	honest(k, RING_BULK, 32);
	publish(k, RING_BULK, 128);
	check_lives(k, "an honest record");
	ck_assert_uint_eq(k->faults, 0);
	publish(k, RING_BULK, 64);
}

static void
head_inside_a_record(struct kid *k)
{
	honest(k, RING_BULK, 200);
	publish(k, RING_BULK, 192);
}

static void
head_not_aligned(struct kid *k)
{
	honest(k, RING_BULK, 32);
	publish(k, RING_BULK, 1);
}

static void
length_past_the_head(struct kid *k)
{
	honest(k, RING_BULK, 4096);
	publish(k, RING_BULK, 128);
}

static void
length_of_4_gib(struct kid *k)
{
	honest(k, RING_BULK, 32)->len = UINT32_MAX;
	publish(k, RING_BULK, 128);
}

static void
length_that_wraps_to_the_truth(struct kid *k)
{
	honest(k, RING_BULK, 32)->len = UINT32_MAX - 63;
	publish(k, RING_BULK, RING_BULK_OUT);
}

static void
slot_too_long(struct kid *k)
{
	honest(k, RING_URGENT, RING_URGENT_PAYLOAD + 1);
	publish(k, RING_URGENT, 1);
}

static void
pad_in_a_slot(struct kid *k)
{
	honest(k, RING_URGENT, 148)->kind = RING_PAD;
	publish(k, RING_URGENT, 1);
}

static void
pad_too_short(struct kid *k)
{
	struct ring_hdr *h = honest(k, RING_BULK, 64);

	h->kind = RING_PAD;
	publish(k, RING_BULK, 128);
}

static void
pad_of_nothing(struct kid *k)
{
	struct ring_hdr *h = honest(k, RING_BULK, 0);

	h->kind = RING_PAD;
	publish(k, RING_BULK, 128);
}

static void
pad_after_pad(struct kid *k)
{
	honest(k, RING_BULK, RING_BULK_OUT)->kind = RING_PAD;
	publish(k, RING_BULK, RING_BULK_OUT);
	check_lives(k, "a pad over all of the lane");
	k->faults = 0;
	publish(k, RING_BULK, 2UL * RING_BULK_OUT + RING_ALIGN);
}

static void
no_segments(struct kid *k)
{
	honest(k, RING_BULK, 32)->nseg = 0;
	publish(k, RING_BULK, 128);
}

static void
too_many_segments(struct kid *k)
{
	honest(k, RING_BULK, 32)->nseg = UINT16_MAX;
	publish(k, RING_BULK, 128);
}

static void
last_segment_larger(struct kid *k)
{
	honest(k, RING_BULK, 32)->seg_size = 16;
	publish(k, RING_BULK, 128);
}

static void
empty_last_segment(struct kid *k)
{
	struct ring_hdr *h = honest(k, RING_BULK, 32);

	h->nseg = 2;
	h->last_size = 0;
	publish(k, RING_BULK, 128);
}

static const struct lie {
	const char	*what;
	void		(*tell)(struct kid *);
} lies[] = {
	{ "head of the bulk lane too far", bulk_head_too_far },
	{ "head of the urgent lane too far", urgent_head_too_far },
	{ "head at the end of time", head_at_the_end_of_time },
	{ "head goes back", head_goes_back },
	{ "head inside a record", head_inside_a_record },
	{ "head not aligned", head_not_aligned },
	{ "length past the head", length_past_the_head },
	{ "length of 4 GiB", length_of_4_gib },
	{ "length that wraps", length_that_wraps_to_the_truth },
	{ "slot too long", slot_too_long },
	{ "pad in a slot", pad_in_a_slot },
	{ "pad too short", pad_too_short },
	{ "pad of nothing", pad_of_nothing },
	{ "pad after pad", pad_after_pad },
	{ "no segments", no_segments },
	{ "too many segments", too_many_segments },
	{ "last segment larger", last_segment_larger },
	{ "empty last segment", empty_last_segment },
};
#define NLIES	(sizeof(lies) / sizeof(lies[0]))

/* One fault, no more use of that ring, and not a busy wait after it. */
static void
tell_lie(enum proc p, const struct lie *lie)
{
	struct kid k;
	long ticks;
	int i;

	kid_run(&k, p);
	ck_assert(kid_sync(&k, PROC_CTLD, SLOW));
	lie->tell(&k);
	for (i = 0; i < 20 && k.faults == 0; i++)
		kid_pump(&k, 100);
	ck_assert_msg(k.faults == 1 && k.fault[0].type == MSG_RING &&
	    k.fault[0].sibling == enemy_of(p), "%s: %u faults, log \"%s\"",
	    lie->what, k.faults, k.log);
	ticks = kid_ticks(&k);
	ck_assert_int_eq(kid_wait_exit(&k, 100), -1);
	ck_assert_msg(kid_ticks(&k) - ticks < 6, "%s: it is busy", lie->what);
	check_lives(&k, lie->what);
	ck_assert_msg(k.faults == 1, "%s: %u faults", lie->what, k.faults);
	kid_end(&k);
}

START_TEST(lies_of_netd)
{
	kid_world();
	tell_lie(PROC_CRYPTOD, &lies[_i]);
}
END_TEST

START_TEST(lies_of_cryptod)
{
	kid_world();
	tell_lie(PROC_NETD, &lies[_i]);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("enemy_lies");
	TCase *tc = tcase_create("enemy_lies");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, lies_of_netd, 0, (int)NLIES);
	tcase_add_loop_test(tc, lies_of_cryptod, 0, (int)NLIES);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("enemy_lies", suite());
}
