/* SPDX-License-Identifier: ISC */
/*
 * Two cores and all that may come between them: the input is a script of
 * packets, of a network that loses, holds, repeats, alters and invents
 * datagrams, of time, of changed configurations and of restarts.  pair_side.c
 * checks what must hold at each moment.  At the end the world is put right,
 * and then packets have to pass within the bound of the timers.
 */
#include <sodium.h>

#include "cryptod/keypair.h"
#include "input.h"
#include "pair.h"
#include "shared/bytes.h"
#include "regress/unit/fakeclock.h"

#define STEPS_MAX	300		/* of a script */
#define WAKEUPS_MAX	1000		/* of the timers of one execution */
#define BOUND		30		/* s until packets pass */

struct world		world;
static struct input	in;
static unsigned		wakeups;

static void
deliver_due(struct side *s)
{
	struct datagram *dg;
	size_t i;

	for (i = 0; i < s->nwire; ) {
		if (s->wire[i]->arrives > s->e.now) {
			i++;
			continue;
		}
		dg = s->wire[i];
		memmove(&s->wire[i], &s->wire[i + 1],
		    (--s->nwire - i) * sizeof(s->wire[0]));
		datagram_receive(s->other, dg, false);
		free(dg);
	}
}

static void
ring_bell(void)
{
	struct side *s;

	for (s = world.side; s < world.side + 2; s++) {
		engine_tick(&s->e);
		engine_expire(&s->e, 1000);
	}
}

/* When something happens next, but not later than end. */
static uint64_t
next_event(uint64_t end, bool network)
{
	uint64_t now = clock_boottime(), t;
	struct side *s;
	size_t i;

	for (s = world.side; s < world.side + 2; s++) {
		if (timer_next(&s->e.wheel, now, &t) && t < end)
			end = t;
		for (i = 0; network && i < s->nwire; i++)
			if (s->wire[i]->arrives < end)
				end = s->wire[i]->arrives;
	}
	return end > now ? end : now + MS;
}

/* Enough was done; what is left is kept for the last phase. */
static bool
spent(void)
{
	return !world.last_phase && (wakeups >= WAKEUPS_MAX ||
	    crypto_used_up() || world.ndatagrams >= DATAGRAMS_MAX / 2);
}

/* Time passes; if the network works, what is on its way arrives. */
static void
run(uint64_t ns, bool network)
{
	uint64_t now = clock_boottime(), end = now + ns, t;

	while ((now = clock_boottime()) < end) {
		/* The rest is slept through, as in a suspended machine. */
		wakeups++;
		t = spent() ? end : next_event(end, network);
		fakeclock_advance(t - now);
		ring_bell();
		if (network) {
			deliver_due(&world.side[0]);
			deliver_due(&world.side[1]);
		}
	}
}

/* What the cores say, if somebody wants to know. */
static void
tell(void *arg, int level, const char *line)
{
	(void)arg;
	(void)level;
	if (getenv("PAIR_VERBOSE") != NULL)
		fprintf(stderr, "%10.3f %s\n", (double)clock_boottime() / SEC,
		    line);
}

static struct side *
a_side(void)
{
	return &world.side[input_u8(&in) & 1];
}

static void
op_packet(void)
{
	static const uint8_t elsewhere[4] = { 10, 0, 0, 9 };
	static const uint8_t decoy[4] = { 10, 0, 0, 3 };
	struct side *s = a_side();
	uint8_t form = input_u8(&in);
	const uint8_t *src = s->address, *dst = s->other->address;
	size_t len = PACKET_MIN + input_u8(&in) * 5U;
	unsigned n = 1 + (form >> 4 == 15 ? 140 : form >> 6);

	switch (form & 15) {
	case 14:
		dst = decoy;
		break;
	case 13:
		dst = elsewhere;
		break;
	case 12:
		src = elsewhere;
		break;
	case 11:
		src = s->other->address;
		break;
	}
	while (n-- > 0 && world.npackets < PACKETS_MAX - 128)
		packet_send(s, len, form & 3, src, dst);
}

static void
keep(const struct datagram *dg)
{
	world.kept[world.nkept++ % KEPT_MAX] = *dg;
}

/* One of those in the wire, in any order; it may stay there as well. */
static void
op_deliver(void)
{
	struct side *s = a_side();
	uint8_t form = input_u8(&in);
	struct datagram *dg;
	size_t i;

	if (s->nwire == 0)
		return;
	i = (form >> 3) % s->nwire;
	dg = s->wire[i];
	keep(dg);
	if ((form & 1) != 0)
		dg->path ^= 8;
	if ((form & 4) != 0) {		/* twice */
		datagram_receive(s->other, dg, true);
		/* That may have pushed it out of the wire. */
		for (i = 0; i < s->nwire && s->wire[i] != dg; i++)
			;
		if (i == s->nwire)
			return;
	}
	memmove(&s->wire[i], &s->wire[i + 1],
	    (--s->nwire - i) * sizeof(s->wire[0]));
	datagram_receive(s->other, dg, (form & 2) != 0);
	free(dg);
}

static void
op_lose(void)
{
	struct side *s = a_side();
	uint8_t which = input_u8(&in);

	if (which == 255)
		while (s->nwire > 0)
			datagram_lost(s, 0);
	else if (s->nwire > 0)
		datagram_lost(s, which % s->nwire);
}

/* A recorded one again, here or there. */
static void
op_replay(void)
{
	uint8_t which = input_u8(&in), form = input_u8(&in);
	size_t n = world.nkept < KEPT_MAX ? world.nkept : KEPT_MAX;
	struct datagram *dg;

	if (n == 0)
		return;
	dg = &world.kept[which % n];
	if ((form & 4) != 0)
		dg->path = form;
	datagram_receive(&world.side[(form & 2) != 0 ? dg->from :
	    1 - dg->from], dg, (form & 1) != 0);
}

/*
 * Is what the recipient authenticates as it was?  Not the indices, which are
 * hashed nowhere: changed in a response and back in all that follows it, they
 * fit again.  And not netd's macs.
 */
static bool
same(const struct datagram *a, const struct datagram *b)
{
	size_t from = 8, end = a->len;

	if (a->len != b->len)
		return false;
	if (a->len == NOISE_INITIATION_LEN && get_le32(a->data) ==
	    NOISE_TYPE_INITIATION)
		end = 116;
	else if (a->len == NOISE_RESPONSE_LEN && get_le32(a->data) ==
	    NOISE_TYPE_RESPONSE) {
		from = 12;
		end = 60;
	}
	return memcmp(a->data, b->data, 4) == 0 && (end <= from ||
	    memcmp(a->data + from, b->data + from, end - from) == 0);
}

/* One in the wire, changed, arrives before it. */
static void
op_alter(void)
{
	struct side *s = a_side();
	uint8_t form = input_u8(&in), which = input_u8(&in);
	struct cookie_maker m;
	struct datagram dg;
	size_t i, n;

	if (s->nwire == 0)
		return;
	dg = *s->wire[which % s->nwire];
	i = input_int(&in, 1 + (dg.len > 256)) % dg.len;
	n = form & 7;
	if (n == 7)
		dg.len = i;		/* cut off */
	else if (n == 6 && dg.len + i <= DATAGRAM_ROOM) {
		memset(dg.data + dg.len, form, i);
		dg.len += i;
	} else
		input_xor(&in, dg.data + i, i + n < dg.len ? n + 1 :
		    dg.len - i);
	dg.altered = !same(&dg, s->wire[which % s->nwire]);
	/* Whoever knows the public key can make a right mac1. */
	if ((form & 16) != 0 && s->other->e.local[0]->has_identity) {
		cookie_maker_init(&m, s->other->e.local[0]->public);
		cookie_maker_fill(&m, dg.data, dg.len, s->e.now);
	}
	datagram_receive(s->other, &dg, (form & 8) != 0);
}

static void
op_invent(void)
{
	struct side *s = a_side();
	struct datagram dg = { .path = 99, .altered = true };
	uint8_t form = input_u8(&in);
	struct remote *r = s->d == NULL ? NULL : device_sender(s->d);

	dg.from = 1 - s->n;
	dg.len = (form & 3) == 1 ? NOISE_INITIATION_LEN : (form & 3) == 2 ?
	    NOISE_RESPONSE_LEN : input_u8(&in);
	input_copy(&in, dg.data, dg.len < 32 ? dg.len : 32);
	if ((form & 8) != 0 && dg.len >= 16) {
		put_le32(dg.data, (form & 3) == 0 ? 4 : form & 3);
		if (r != NULL && r->current != NULL)
			put_le32(dg.data + 4, r->current->local_index);
		if (r != NULL && (form & 3) == 2)
			put_le32(dg.data + 8,
			    r->secret->handshake.local_index);
	}
	datagram_receive(s, &dg, (form & 4) != 0);
}

/* Milliseconds to hours. */
static void
op_time(bool network)
{
	static const uint64_t unit[4] = { MS, 100 * MS, SEC, 60 * SEC };
	uint8_t form = input_u8(&in);

	run((1 + (form >> 2)) * unit[form & 3], network);
}

static void
op_wall(void)
{
	static const int64_t unit[4] = { 1, 60, 86400, 365 * 86400 };
	uint8_t form = input_u8(&in);
	struct timespec ts;
	int64_t by;

	clock_realtime(&ts);
	by = (1 + (form >> 3)) * unit[form & 3];
	ts.tv_sec += (form & 4) != 0 ? -by : by;
	/* TAI64N and the file know no time before 1970. */
	if (ts.tv_sec < 86400)
		ts.tv_sec = 86400;
	fakeclock_set_realtime(&ts);
	ring_bell();
}

static void
op_psk(void)
{
	struct side *s = a_side();
	uint8_t psk[32] = { 0 };

	psk[0] = input_u8(&in);
	memcpy(s->psk, psk, sizeof(psk));
	if (s->d != NULL)
		noise_remote_set_psk(&device_sender(s->d)->secret->noise, psk);
}

/* Removed, or added again with the key that the other has now. */
static void
op_peer(void)
{
	struct side *s = a_side();

	if ((input_u8(&in) & 1) != 0)
		side_join(s);
	else if (s->d != NULL)
		device_remove(&s->e, s->d);
}

static void
op_key(void)
{
	static const uint8_t none[32];
	struct side *s = a_side();
	uint8_t form = input_u8(&in);

	switch (form % 5) {
	case 0:
		side_set_key(s, none);
		break;
	case 1:
		side_set_key(s, world.old_key);
		world.swapped = true;
		break;
	case 2:
		side_set_key(s, s->other->e.local[0]->private);
		world.swapped = true;
		break;
	default:
		memcpy(world.old_key, s->e.local[0]->private,
		    sizeof(world.old_key));
		side_new_key(s);
	}
	if ((form & 128) != 0)
		side_join(s->other);
}

static void
op_config(void)
{
	struct side *s = a_side();
	uint8_t form = input_u8(&in), v = input_u8(&in);

	switch (form % 8) {
	case 0:
		engine_set_link(&s->e, false, 1420);
		break;
	case 1:
		engine_set_link(&s->e, true, v % 4 == 0 ? 0 : 1280 + v);
		resume_kick(&s->resume);
		break;
	case 2:
		if (s->d != NULL)
			engine_set_endpoint(&s->e, s->d, (v & 1) != 0);
		break;
	case 3:
		s->full = (v & 1) != 0;
		break;
	case 4:
		s->loaded = (v & 1) != 0;
		break;
	case 5:
		s->path = 1 + v;
		break;
	case 6:
		s->delay = v * 4U * MS;
		break;
	case 7:
		if (s->d != NULL)
			device_wake(&s->e, s->d, device_set_keepalive(&s->e,
			    s->d, v > 64 ? 0 : v));
		break;
	}
}

/* Counters far ahead, as after years of traffic. */
static void
op_counter(void)
{
	struct side *s = a_side();
	uint8_t form = input_u8(&in);
	struct keypair *kp;
	uint64_t to;

	if (s->d == NULL || device_sender(s->d)->current == NULL)
		return;
	kp = device_sender(s->d)->current;
	to = (form & 1) == 0 ? kp->send_counter + form * 97U :
	    (form & 2) == 0 ? REKEY_AFTER_MESSAGES - form % 8 :
	    REPLAY_REJECT_AFTER - form % 8;
	if (to > kp->send_counter)
		kp->send_counter = to;
}

static void
step(void)
{
	struct side *s;

	switch (input_u8(&in) % 20) {
	case 0: case 1:
		op_packet();
		break;
	case 2: case 3:
		op_deliver();
		break;
	case 4:
		op_lose();
		break;
	case 5:
		op_replay();
		break;
	case 6:
		op_alter();
		break;
	case 7:
		op_invent();
		break;
	case 8: case 9:
		op_time(true);
		break;
	case 10:
		op_time(false);
		break;
	case 11:
		op_wall();
		break;
	case 12:
		op_psk();
		break;
	case 13:
		op_peer();
		break;
	case 14:
		op_key();
		break;
	case 15: case 16:
		op_config();
		break;
	case 17:
		op_counter();
		break;
	case 18:
		s = a_side();
		side_restart(s, (input_u8(&in) & 1) != 0);
		break;
	case 19:
		side_save(a_side());
		break;
	}
	side_check(&world.side[0]);
	side_check(&world.side[1]);
}

static void
put_right(struct side *s)
{
	const struct noise_local *l = s->other->e.local[0];

	if (s->other->distrusted || s->d == NULL ||
	    memcmp(device_sender(s->d)->public, l->public, 32) != 0)
		side_join(s);
	/* What it sent before it forgot its labels would outdo them. */
	while (s->distrusted && s->nwire > 0)
		datagram_lost(s, 0);
	memset(s->psk, 1, sizeof(s->psk));
	noise_remote_set_psk(&device_sender(s->d)->secret->noise, s->psk);
	s->full = s->loaded = false;
	s->delay = 20 * MS;
	engine_set_endpoint(&s->e, s->d, true);
	engine_set_link(&s->e, true, 1420);
	resume_kick(&s->resume);
}

/* Keys that fit each other, links that are up, and a network that works. */
static void
put_all_right(void)
{
	struct side *s;

	for (s = world.side; s < world.side + 2; s++)
		if (!s->e.local[0]->has_identity || memcmp(s->e.local[0],
		    s->other->e.local[0], sizeof(*s->e.local[0])) == 0)
			side_new_key(s);
	put_right(&world.side[0]);
	put_right(&world.side[1]);
	world.last_phase = true;
}

/* One side sends or both do; after BOUND seconds it has got through. */
static void
liveness(uint8_t senders)
{
	bool done[2] = { (senders & 1) != 0, (senders & 2) != 0 };
	unsigned second;
	uint8_t i;

	if (done[0] && done[1])
		done[0] = done[1] = false;
	wakeups = 0;
	for (second = 0; second <= BOUND && !(done[0] && done[1]); second++) {
		for (i = 0; i < 2; i++)
			if (!done[i])
				packet_send(&world.side[i], 64, 0,
				    world.side[i].address,
				    world.side[1 - i].address);
		run(SEC, true);
		for (i = 0; i < 2; i++)
			done[i] = done[i] || packet_passed(i);
	}
	MUST(wakeups < WAKEUPS_MAX && world.ndatagrams < DATAGRAMS_MAX);
	MUST(done[0] && done[1]);
	side_check(&world.side[0]);
	side_check(&world.side[1]);
}

static void
begin(uint8_t seed)
{
	struct timespec ts = { .tv_sec = 1700000000 };
	struct side *s;

	crypto_reset(seed);
	fakeclock_set_boottime(1000 * SEC);
	fakeclock_set_realtime(&ts);
	world.ndatagrams = world.npackets = 0;
	world.nkept = 0;
	world.swapped = world.last_phase = false;
	memset(world.old_key, 0, sizeof(world.old_key));
	wakeups = 0;
	for (s = world.side; s < world.side + 2; s++) {
		side_born(s);
		side_new_key(s);
		s->path = s->n + 1U;
		s->delay = 20 * MS;
		s->memory = 0;
		s->distrusted = false;
		s->file_len = 0;
		memset(s->psk, 0, sizeof(s->psk));
	}
	for (s = world.side; s < world.side + 2; s++) {
		side_join(s);
		engine_set_link(&s->e, true, 1420);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	struct side *s;
	unsigned steps;
	uint8_t seed;

	if (!begun) {
		crypto_begin();
		log_init("pair", tell, NULL);
		log_setverbose(getenv("PAIR_VERBOSE") != NULL);
		sides_begin();
		begun = true;
	}
	in.p = data;
	in.left = size;
	seed = input_u8(&in);
	begin(seed);
	for (steps = 0; in.left > 0 && steps < STEPS_MAX && !spent(); steps++)
		step();
	put_all_right();
	liveness(seed);
	for (s = world.side; s < world.side + 2; s++) {
		side_gone(s);
		while (s->nwire > 0)
			datagram_lost(s, 0);
	}
	return 0;
}
