/* SPDX-License-Identifier: ISC */
/*
 * The ring: see ring.h.  Indices and lengths of the other side are read once,
 * into private variables, and checked; nothing it writes can make this side
 * read outside its mapping or loop for ever.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shared/ring.h"

#define RING_MAGIC	0x57524e31U	/* "WRN1" */
#define RING_PAGE	4096U
#define RING_SEALS	(F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE | \
			    F_SEAL_SEAL)

_Static_assert(sizeof(struct ring_page) <= RING_PAGE, "indices fit a page");

static size_t
round_up(size_t n)
{
	return (n + RING_ALIGN - 1) & ~(size_t)(RING_ALIGN - 1);
}

static size_t
map_size(uint32_t bulk, uint32_t slots)
{
	return RING_PAGE + (size_t)bulk + (size_t)slots * RING_SLOT;
}

static bool
sizes_ok(uint32_t bulk, uint32_t slots)
{
	return bulk >= 256U * 1024 && bulk <= 64U * 1024 * 1024 &&
	    (bulk & (bulk - 1)) == 0 && slots >= 8 && slots <= 65536 &&
	    (slots & (slots - 1)) == 0;
}

int
ring_create(struct ring *r, uint32_t bulk, uint32_t slots)
{
	size_t size = map_size(bulk, slots);
	uint8_t *p = MAP_FAILED;
	int fd;

	if (!sizes_ok(bulk, slots)) {
		errno = EINVAL;
		return -1;
	}
	fd = memfd_create("warren-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1 || ftruncate(fd, (off_t)size) == -1)
		goto fail;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED || fcntl(fd, F_ADD_SEALS, RING_SEALS) == -1)
		goto fail;
	r->own = (struct ring_page *)(void *)p;
	r->own->magic = RING_MAGIC;
	r->own->bulk_size = bulk;
	r->own->urgent_slots = slots;
	r->own_lane[RING_BULK] = p + RING_PAGE;
	r->own_lane[RING_URGENT] = p + RING_PAGE + bulk;
	r->own_size[RING_BULK] = bulk;
	r->own_size[RING_URGENT] = slots;
	r->head[RING_BULK] = r->head[RING_URGENT] = 0;
	r->open = NULL;
	return fd;
fail:
	if (p != MAP_FAILED)
		munmap(p, size);
	if (fd != -1)
		close(fd);
	return -1;
}

int
ring_attach(struct ring *r, int fd, uint32_t bulk, uint32_t slots)
{
	struct stat st;
	const uint8_t *p;
	int seals = fcntl(fd, F_GET_SEALS);

	/* Unsealed, it could shrink under us or have a second writer. */
	if (seals == -1 || (seals & RING_SEALS) != RING_SEALS ||
	    !sizes_ok(bulk, slots) || fstat(fd, &st) == -1 ||
	    st.st_size < 0 || (size_t)st.st_size != map_size(bulk, slots)) {
		errno = EBADMSG;
		return -1;
	}
	p = mmap(NULL, map_size(bulk, slots), PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -1;
	r->peer = (const struct ring_page *)(const void *)p;
	r->peer_lane[RING_BULK] = p + RING_PAGE;
	r->peer_lane[RING_URGENT] = p + RING_PAGE + bulk;
	r->peer_size[RING_BULK] = bulk;
	r->peer_size[RING_URGENT] = slots;
	r->tail[RING_BULK] = r->tail[RING_URGENT] = 0;
	return 0;
}

void
ring_set_bell(struct ring *r, int fd)
{
	r->bell = fd;
}

/*
 * What the other side has read of ours: no more than it was shown.  Who claims
 * more, and so to have read what is still being written, finds no room.
 */
static uint64_t
peer_tail(const struct ring *r, enum ring_lane lane)
{
	uint64_t t, published;

	t = atomic_load_explicit(&r->peer->tail[lane], memory_order_acquire);
	published = atomic_load_explicit(&r->own->head[lane],
	    memory_order_relaxed);
	if (t > published || r->head[lane] - t > r->own_size[lane])
		return r->head[lane] - r->own_size[lane];	/* "full" */
	return t;
}

static struct ring_hdr *
open_urgent(struct ring *r, size_t max)
{
	size_t slot;

	if (max > RING_URGENT_PAYLOAD ||
	    r->head[RING_URGENT] - peer_tail(r, RING_URGENT) >=
	    r->own_size[RING_URGENT])
		return NULL;
	slot = r->head[RING_URGENT] & (r->own_size[RING_URGENT] - 1);
	return (struct ring_hdr *)(void *)(r->own_lane[RING_URGENT] +
	    slot * RING_SLOT);
}

static struct ring_hdr *
open_bulk(struct ring *r, size_t max)
{
	size_t size = r->own_size[RING_BULK], need, off, room;
	struct ring_hdr *h;

	if (max > RING_PAYLOAD_MAX)
		return NULL;
	need = round_up(sizeof(*h) + max);
	room = size - (size_t)(r->head[RING_BULK] - peer_tail(r, RING_BULK));
	off = r->head[RING_BULK] & (size - 1);
	if (size - off < need) {
		/* Does not fit before the end: skip to the beginning. */
		if (room < size - off + need)
			return NULL;
		h = (struct ring_hdr *)(void *)(r->own_lane[RING_BULK] + off);
		h->kind = RING_PAD;
		h->len = (uint32_t)(size - off);
		r->head[RING_BULK] += size - off;
		off = 0;
	} else if (room < need)
		return NULL;
	return (struct ring_hdr *)(void *)(r->own_lane[RING_BULK] + off);
}

struct ring_hdr *
ring_open(struct ring *r, enum ring_lane lane, size_t max)
{
	struct ring_hdr *h;

	h = lane == RING_URGENT ? open_urgent(r, max) : open_bulk(r, max);
	if (h == NULL) {
		r->counts.full[lane]++;
		return NULL;
	}
	memset(h, 0, sizeof(*h));
	r->open = h;
	r->open_lane = lane;
	return h;
}

bool
ring_is_short(const struct ring *r, size_t more)
{
	size_t size = r->own_size[RING_BULK];

	return ring_unread(r, RING_BULK) + more > size - size / 16;
}

uint8_t *
ring_payload(struct ring_hdr *h)
{
	return (uint8_t *)(h + 1);
}

void
ring_commit(struct ring *r, size_t len)
{
	if (r->open == NULL)
		return;
	r->open->len = (uint32_t)len;
	r->head[r->open_lane] += r->open_lane == RING_URGENT ? 1 :
	    round_up(sizeof(*r->open) + len);
	r->counts.records[r->open_lane]++;
	r->open = NULL;
}

/* Once a nap: a bell that was not heard yet wakes as well as two. */
void
ring_announce(struct ring *r)
{
	static const char bell = 1;
	uint32_t nap = atomic_load_explicit(&r->peer->sleeping,
	    memory_order_relaxed);

	if (nap == 0 || nap == r->rung)
		return;
	r->rung = nap;
	r->counts.bells++;
	/* A full pipe has woken it already. */
	if (write(r->bell, &bell, 1) == -1)
		return;
}

void
ring_publish(struct ring *r)
{
	bool news = false;
	int lane;

	for (lane = 0; lane < RING_LANES; lane++) {
		if (atomic_load_explicit(&r->own->head[lane],
		    memory_order_relaxed) == r->head[lane])
			continue;
		atomic_store_explicit(&r->own->head[lane], r->head[lane],
		    memory_order_release);
		news = true;
	}
	if (!news)
		return;
	/* Pairs with the fence in ring_sleep: one of us sees the other. */
	atomic_thread_fence(memory_order_seq_cst);
	ring_announce(r);
}

/* -1: nonsense; 0: nothing; else what stands between tail and head. */
static int
available(const struct ring *r, enum ring_lane lane, uint64_t *n)
{
	uint64_t head;

	head = atomic_load_explicit(&r->peer->head[lane],
	    memory_order_acquire);
	if (head < r->tail[lane] || head - r->tail[lane] > r->peer_size[lane])
		return -1;
	*n = head - r->tail[lane];
	return *n > 0;
}

/* Are the segments what the length says?  A control record has none. */
static bool
segments_ok(const struct ring_hdr *h)
{
	if (h->kind == RING_CONTROL)
		return h->len == 0 && h->nseg == 0;
	if (h->nseg == 0 || h->last_size == 0 || h->last_size > h->seg_size)
		return false;
	return (uint32_t)(h->nseg - 1) * h->seg_size + h->last_size == h->len;
}

/* Copies what there is of a header in the left bytes at p, once. */
static void
copy_header(struct ring_rec *rec, const uint8_t *p, size_t left)
{
	memset(&rec->hdr, 0, sizeof(rec->hdr));
	memcpy(&rec->hdr, p, left < sizeof(rec->hdr) ? left :
	    sizeof(rec->hdr));
	/* No compiler may read p again instead of the copy. */
	atomic_signal_fence(memory_order_seq_cst);
}

static int
next_urgent(struct ring *r, struct ring_rec *rec)
{
	const uint8_t *p;
	uint64_t n;
	int got;

	if ((got = available(r, RING_URGENT, &n)) != 1)
		return got;
	p = r->peer_lane[RING_URGENT] + (r->tail[RING_URGENT] &
	    (r->peer_size[RING_URGENT] - 1)) * RING_SLOT;
	copy_header(rec, p, sizeof(rec->hdr));
	if (rec->hdr.len > RING_URGENT_PAYLOAD || rec->hdr.kind == RING_PAD)
		return -1;
	rec->payload = p + sizeof(rec->hdr);
	r->reading = 1;
	return segments_ok(&rec->hdr) ? 1 : -1;
}

static int
next_bulk(struct ring *r, struct ring_rec *rec)
{
	size_t size = r->peer_size[RING_BULK], off, take;
	const uint8_t *p;
	uint64_t n;
	int got, pads = 0;

	for (;;) {
		if ((got = available(r, RING_BULK, &n)) != 1)
			return got;
		off = r->tail[RING_BULK] & (size - 1);
		if (n < RING_ALIGN || off % RING_ALIGN != 0)
			return -1;
		p = r->peer_lane[RING_BULK] + off;
		/* The last 64 bytes hold a short header: a pad only. */
		copy_header(rec, p, size - off);
		if (rec->hdr.kind != RING_PAD)
			break;
		if (rec->hdr.len != size - off || rec->hdr.len > n ||
		    pads++ > 0)
			return -1;
		r->tail[RING_BULK] += rec->hdr.len;
	}
	if (rec->hdr.len > RING_PAYLOAD_MAX)
		return -1;
	take = round_up(sizeof(rec->hdr) + rec->hdr.len);
	if (take > n || take > size - off || !segments_ok(&rec->hdr))
		return -1;
	rec->payload = p + sizeof(rec->hdr);
	r->reading = take;
	/* The header of the next one, which another CPU wrote. */
	__builtin_prefetch(r->peer_lane[RING_BULK] +
	    ((off + take) & (size - 1)));
	return 1;
}

int
ring_next(struct ring *r, enum ring_lane lane, struct ring_rec *rec)
{
	return lane == RING_URGENT ? next_urgent(r, rec) : next_bulk(r, rec);
}

void
ring_done(struct ring *r, enum ring_lane lane)
{
	r->tail[lane] += r->reading;
	r->reading = 0;
}

void
ring_acknowledge(struct ring *r)
{
	int lane;

	for (lane = 0; lane < RING_LANES; lane++)
		if (atomic_load_explicit(&r->own->tail[lane],
		    memory_order_relaxed) != r->tail[lane])
			atomic_store_explicit(&r->own->tail[lane],
			    r->tail[lane], memory_order_release);
}

bool
ring_has(const struct ring *r, enum ring_lane lane)
{
	return atomic_load_explicit(&r->peer->head[lane],
	    memory_order_acquire) != r->tail[lane];
}

bool
ring_is_ready(const struct ring *r)
{
	return ring_has(r, RING_URGENT) || ring_has(r, RING_BULK);
}

static void
announce_sleep(struct ring *r)
{
	if (++r->naps == 0)
		r->naps = 1;
	atomic_store_explicit(&r->own->sleeping, r->naps,
	    memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
}

bool
ring_sleep(struct ring *r)
{
	announce_sleep(r);
	if (!ring_is_ready(r))
		return true;
	ring_wake(r);
	return false;
}

bool
ring_sleep_bulk(struct ring *r)
{
	announce_sleep(r);
	if (!ring_has(r, RING_BULK))
		return true;
	ring_wake(r);
	return false;
}

void
ring_wake(struct ring *r)
{
	atomic_store_explicit(&r->own->sleeping, 0, memory_order_relaxed);
}

uint64_t
ring_unread(const struct ring *r, enum ring_lane lane)
{
	return r->head[lane] - peer_tail(r, lane);
}

bool
ring_is_read(const struct ring *r, enum ring_lane lane, uint64_t pos)
{
	return peer_tail(r, lane) > pos;
}

void
ring_set_busy(struct ring *r, bool busy)
{
	atomic_store_explicit(&r->own->busy, busy ? 1 : 0,
	    memory_order_relaxed);
}

bool
ring_peer_busy(const struct ring *r)
{
	return atomic_load_explicit(&r->peer->busy,
	    memory_order_relaxed) != 0;
}
