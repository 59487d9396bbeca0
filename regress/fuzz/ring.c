/* SPDX-License-Identifier: ISC */
/*
 * The ring with both ends in one process.  First the producer is honest and
 * everything must arrive in order; from the first scribble on its memory is
 * hostile, and the other end must stay within its mapping and come to an end.
 */
#include <fcntl.h>
#include <unistd.h>

#include "input.h"
#include "shared/ring.h"

#define BULK	(256U * 1024)
#define SLOTS	8U
/* More records than memory can hold, twice. */
#define TURNS	(2 * (BULK / RING_ALIGN + SLOTS))
#define LOG	1024

static struct ring	a, b;		/* a is the hostile one */
static int		honest;
static struct note {
	uint32_t	len;
	uint8_t		fill;
} note[RING_LANES][LOG];
static size_t		written[RING_LANES], read_[RING_LANES];

static void
setup(void)
{
	int fa, fb, p[2];

	fa = ring_create(&a, BULK, SLOTS);
	fb = ring_create(&b, BULK, SLOTS);
	MUST(fa != -1 && fb != -1);
	MUST(ring_attach(&b, fa, BULK * 2, SLOTS) == -1);
	MUST(ring_attach(&b, fa, BULK, SLOTS) == 0);
	MUST(ring_attach(&a, fb, BULK, SLOTS) == 0);
	MUST(pipe2(p, O_NONBLOCK | O_CLOEXEC) == 0);
	ring_set_bell(&a, p[1]);
	ring_set_bell(&b, p[1]);
	close(fa);
	close(fb);
}

/* Both are empty, and stand where so much went through them already. */
static void
reset(struct ring *r, uint64_t position)
{
	uint64_t at;
	int lane;

	for (lane = 0; lane < RING_LANES; lane++) {
		at = lane == RING_BULK ? position * RING_ALIGN : position;
		r->head[lane] = r->tail[lane] = at;
		atomic_store(&r->own->head[lane], at);
		atomic_store(&r->own->tail[lane], at);
	}
	atomic_store(&r->own->sleeping, 0);
	memset(r->own_lane[RING_BULK], 0, BULK + SLOTS * RING_SLOT);
	r->open = NULL;
	r->reading = 0;
}

static size_t
lane_bytes(enum ring_lane lane)
{
	return lane == RING_BULK ? BULK : SLOTS * RING_SLOT;
}

static void
produce(struct input *in, struct ring *r)
{
	enum ring_lane lane = input_u8(in) & 1;
	struct ring_hdr *h;
	size_t max, len;
	uint8_t fill = input_u8(in), *end;

	max = input_int(in, 2) + (fill == 0xff);
	len = max - (fill & 0xf0 ? 0 : max / 2);
	if ((h = ring_open(r, lane, max)) == NULL)
		return;
	end = r->own_lane[lane] + lane_bytes(lane);
	MUST((uint8_t *)h >= r->own_lane[lane] &&
	    ring_payload(h) + max <= end);
	memset(ring_payload(h), fill, max);
	if (len == 0 || fill == 7) {
		h->kind = RING_CONTROL;
		len = 0;
	} else {
		h->kind = RING_DATA;
		h->nseg = len > 65535 ? 2 : 1;
		h->seg_size = (uint16_t)(len > 65535 ? 65535 : len);
		h->last_size = (uint16_t)(len > 65535 ? len - 65535 : len);
	}
	if (fill == 9)
		return;		/* abandoned */
	ring_commit(r, len);
	if (r != &a || !honest)
		return;
	if (written[lane] == LOG) {
		honest = 0;
		return;
	}
	note[lane][written[lane]++] = (struct note){ (uint32_t)len, fill };
}

/* One that was really written? */
static void
check_honest(enum ring_lane lane, const struct ring_rec *rec)
{
	const struct note *want;

	MUST(read_[lane] < written[lane]);
	want = &note[lane][read_[lane]++];
	MUST(rec->hdr.len == want->len);
	if (want->len > 0)
		MUST(rec->payload[0] == want->fill &&
		    rec->payload[want->len - 1] == want->fill);
}

static void
check_record(const struct ring *r, enum ring_lane lane,
    const struct ring_rec *rec)
{
	const uint8_t *end = r->peer_lane[lane] + lane_bytes(lane);
	uint32_t sum;

	MUST(rec->payload >= r->peer_lane[lane] + sizeof(rec->hdr));
	MUST(rec->payload <= end && rec->hdr.len <=
	    (size_t)(end - rec->payload));
	MUST(rec->hdr.len <= (lane == RING_BULK ? RING_PAYLOAD_MAX :
	    RING_URGENT_PAYLOAD));
	MUST(rec->hdr.kind != RING_PAD);
	if (rec->hdr.kind == RING_CONTROL) {
		MUST(rec->hdr.len == 0 && rec->hdr.nseg == 0);
		return;
	}
	MUST(rec->hdr.nseg >= 1 && rec->hdr.last_size >= 1 &&
	    rec->hdr.last_size <= rec->hdr.seg_size);
	sum = (uint32_t)(rec->hdr.nseg - 1) * rec->hdr.seg_size +
	    rec->hdr.last_size;
	MUST(sum == rec->hdr.len);
}

/* Read all there is; -1 if the other side is caught, as it ends then. */
static int
consume(struct ring *r, enum ring_lane lane, unsigned int max)
{
	struct ring_rec rec;
	uint64_t tail;
	unsigned int n;
	int got;

	for (n = 0; n < max; n++) {
		tail = r->tail[lane];
		if ((got = ring_next(r, lane, &rec)) != 1) {
			MUST(got == 0 || !honest);
			return got;
		}
		check_record(r, lane, &rec);
		if (r == &b && honest)
			check_honest(lane, &rec);
		ring_done(r, lane);
		MUST(r->tail[lane] > tail);
	}
	/* Nothing new was written meanwhile, so that it must have ended. */
	MUST(max < TURNS);
	return 1;
}

/* Into the memory of a: its indices, a header, or any bytes. */
static void
scribble(struct input *in)
{
	enum ring_lane lane;
	struct ring_hdr *h;
	uint8_t what = input_u8(in), *p;
	size_t at, n;

	honest = 0;
	lane = what & 1;
	switch (what >> 1 & 3) {
	case 0:
		atomic_store(&a.own->head[lane], input_int(in, 8));
		break;
	case 1:		/* near what the reader has */
		atomic_store(&a.own->head[lane], b.tail[lane] +
		    input_int(in, 3));
		break;
	case 2:
		atomic_store(&a.own->tail[lane], input_int(in, 1 +
		    (what >> 5)));
		break;
	case 3:
		at = (size_t)(b.tail[lane] + input_int(in, 1)) *
		    (lane == RING_BULK ? RING_ALIGN : RING_SLOT);
		if ((what & 8) != 0)	/* the record that is read next */
			at = (size_t)b.tail[lane] *
			    (lane == RING_BULK ? 1 : RING_SLOT);
		at %= lane_bytes(lane);
		p = a.own_lane[lane] + at;
		n = input_u8(in) % (RING_ALIGN + 1);
		if ((what & 16) != 0 && lane_bytes(lane) - at >= sizeof(*h)) {
			h = (struct ring_hdr *)(void *)p;
			h->kind = input_u8(in);
			h->nseg = (uint16_t)input_int(in, 2);
			h->seg_size = (uint16_t)input_int(in, 2);
			h->last_size = (uint16_t)input_int(in, 2);
			h->len = (uint32_t)(h->nseg - 1) * h->seg_size +
			    h->last_size + (n == 0);
			if (h->kind == RING_PAD)
				h->len = (uint32_t)(BULK - at);
		} else
			input_copy(in, p, n);
		break;
	}
}

/* 0, or -1 when b has caught a. */
static int
op(struct input *in)
{
	uint8_t what = input_u8(in);

	switch (what % 8) {
	case 0:
	case 1:
		produce(in, &a);
		break;
	case 2:
		ring_publish(&a);
		break;
	case 3:
		if (consume(&b, what >> 3 & 1, what >> 4) == -1)
			return -1;
		break;
	case 4:
		ring_acknowledge(&b);
		break;
	case 5:
		if (ring_sleep(&b))
			ring_wake(&b);
		break;
	case 6:		/* b writes by what a says it has read */
		produce(in, &b);
		ring_publish(&b);
		MUST(ring_unread(&b, what >> 3 & 1) <=
		    b.own_size[what >> 3 & 1]);
		if (honest && consume(&a, what >> 3 & 1, TURNS) == -1)
			MUST(!"an honest side is caught");
		if (honest)
			ring_acknowledge(&a);
		break;
	case 7:
		if ((what & 0x08) != 0)
			scribble(in);
		break;
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint64_t position;
	int lane;

	if (a.own == NULL)
		setup();
	position = input_int(&in, 2);
	reset(&a, position);
	reset(&b, position);
	honest = 1;
	memset(written, 0, sizeof(written));
	memset(read_, 0, sizeof(read_));
	while (in.left > 0)
		if (op(&in) == -1)
			return 0;
	ring_publish(&a);
	for (lane = 0; lane < RING_LANES; lane++) {
		if (consume(&b, lane, TURNS) == -1)
			return 0;
		if (honest)
			MUST(read_[lane] == written[lane]);
	}
	return 0;
}
