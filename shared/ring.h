/* SPDX-License-Identifier: ISC */
/*
 * The ring between cryptod and netd: memory that exactly one side can write.
 *
 * Each side makes one memfd a worker: a page of indices, a bulk lane (a byte
 * ring of 64-byte aligned records) and an urgent lane (2 KiB slots).  It maps
 * it writable, seals it GROW|SHRINK|FUTURE_WRITE|SEAL and only then hands it
 * over; the other side maps it read-only and refuses one without the seals.
 * The consumer's positions live in the memory that the consumer produces.
 *
 * Why: an AEAD computes its tag over what it reads back from its output, so
 * whoever can write there meanwhile gets a valid tag over its own text.
 */
#ifndef SHARED_RING_H
#define SHARED_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_FROM_SIZE		48
/*
 * Bytes of a bulk lane, whose writer chooses them.  What comes in waits there,
 * small packets behind large ones, for to open, merge and hand to the kernel
 * is what takes longest: twice as much would double that time for a few per
 * cent of throughput.
 */
#define RING_BULK_OUT		(2U * 1024 * 1024)	/* to the network */
#define RING_BULK_IN		(1024U * 1024)		/* from there */
#define RING_URGENT_SLOTS	512			/* the default */
#define RING_SLOT		2048
#define RING_ALIGN		64
#define RING_PAYLOAD_MAX	65536
#define RING_SMALL		512	/* no bulk: questions, answers, voice */
#define RING_URGENT_PAYLOAD	(RING_SLOT - sizeof(struct ring_hdr))

enum ring_kind {
	RING_PAD,			/* skips to the end of the byte ring */
	RING_DATA,			/* type 4 datagrams of one size */
	RING_HANDSHAKE,			/* type 1 or 2 */
	RING_PROBE,			/* reserved */
	RING_CONTROL			/* AUTH: device, path and from */
};

/* On a handshake: the device's sticky source is doubtful, forget it. */
#define RING_F_CLEAR_SOURCE	0x01

enum ring_lane {
	RING_URGENT,
	RING_BULK,
	RING_LANES
};

/*
 * Before each payload.  A payload is nseg datagrams: all seg_size bytes long
 * but the last, which is last_size; len is their sum.
 */
struct ring_hdr {
	uint32_t	 len;
	uint8_t		 kind;
	uint8_t		 flags;
	uint16_t	 worker;
	uint32_t	 device;	/* 0: not known (inbound) */
	uint32_t	 path;		/* netd's name of where it came from */
	uint16_t	 nseg;
	uint16_t	 seg_size;
	uint16_t	 last_size;
	uint8_t		 ecn;		/* 0..3 of the outer header */
	uint8_t		 dscp;		/* 0..63 of the outer header */
	uint8_t		 local_key;	/* slot that mac1 matched */
	uint8_t		 zero[7];
	uint8_t		 from[RING_FROM_SIZE];	/* netd's own note, opaque */
};
_Static_assert(sizeof(struct ring_hdr) == 80, "ring header layout");

/* The first page of a side's memory; indices never share a cache line. */
struct ring_page {
	uint32_t			 magic;
	uint32_t			 bulk_size;
	uint32_t			 urgent_slots;
	_Alignas(64) _Atomic uint64_t	 head[RING_LANES];
	_Alignas(64) _Atomic uint64_t	 tail[RING_LANES];
	/* 0: awake; else a number that no two naps in a row share. */
	_Alignas(64) _Atomic uint32_t	 sleeping;
	_Alignas(64) _Atomic uint32_t	 busy;	/* handshake share used up */
};

struct ring_counts {
	uint64_t	 records[RING_LANES];
	uint64_t	 full[RING_LANES];	/* ring_open() found no room */
	uint64_t	 bells;
};

struct ring {
	/* what this side writes */
	struct ring_page	*own;
	uint8_t			*own_lane[RING_LANES];
	size_t			 own_size[RING_LANES];	/* bytes; slots */
	uint64_t		 head[RING_LANES];	/* with pending */
	/* what the other side writes */
	const struct ring_page	*peer;
	const uint8_t		*peer_lane[RING_LANES];
	size_t			 peer_size[RING_LANES];
	uint64_t		 tail[RING_LANES];
	/* the record being written */
	struct ring_hdr		*open;
	enum ring_lane		 open_lane;
	/* the record being read, bytes or slots it occupies */
	size_t			 reading;
	int			 bell;			/* pipe, write end */
	uint32_t		 naps;		/* ours, counted */
	uint32_t		 rung;		/* the nap we rang for */
	struct ring_counts	 counts;
};

/* A record as the consumer sees it: a private header, a shared payload. */
struct ring_rec {
	struct ring_hdr	 hdr;
	const uint8_t	*payload;	/* the other side may still write it */
};

/*
 * Makes, maps and seals this side's memory.  Returns the fd to hand over, or
 * -1 (errno).  bulk_size is a power of two >= 256 KiB, slots a power of two.
 */
int	 ring_create(struct ring *, uint32_t bulk_size, uint32_t slots);
/* Maps the other side's memory read-only; 0, or -1 if it is not right. */
int	 ring_attach(struct ring *, int fd, uint32_t bulk_size, uint32_t slots);
/* The write end of the pipe that wakes the other side; own O_NONBLOCK. */
void	 ring_set_bell(struct ring *, int fd);

/*
 * Producer.  ring_open: a zeroed header with room for max payload bytes after
 * it, or NULL when the lane is full (counted).  ring_commit: len bytes were
 * written.  ring_publish: everything committed becomes visible and the other
 * side is woken if it sleeps.  One record is open at a time; opening again
 * without a commit abandons it.
 */
struct ring_hdr	*ring_open(struct ring *, enum ring_lane, size_t max);
uint8_t		*ring_payload(struct ring_hdr *);
/*
 * Would so many bytes more leave less than a sixteenth of the bulk lane free?
 * That is for payloads of up to RING_SMALL, so that one transfer does not
 * crowd them out.
 */
bool		 ring_is_short(const struct ring *, size_t more);
void		 ring_commit(struct ring *, size_t len);
/*
 * Wakes the other side for what will be published in a moment, if it sleeps:
 * to wake takes longer than to fill a record.
 */
void		 ring_announce(struct ring *);
void		 ring_publish(struct ring *);

/*
 * Consumer.  ring_next: 1 with the next record, 0 none, -1 the other side's
 * memory makes no sense (its fault).  ring_done: finished with that record;
 * ring_acknowledge publishes the positions so that room becomes free.
 */
int	 ring_next(struct ring *, enum ring_lane, struct ring_rec *);
void	 ring_done(struct ring *, enum ring_lane);
void	 ring_acknowledge(struct ring *);
/* Is there something to read in any lane? */
bool	 ring_is_ready(const struct ring *);
/* The same of one. */
bool	 ring_has(const struct ring *, enum ring_lane);
/*
 * Announces sleep and looks again: true if it is safe to wait for the bell,
 * false if something arrived meanwhile (then it is not announced any more).
 */
bool	 ring_sleep(struct ring *);
/* The same of who would wake for the bulk lane only. */
bool	 ring_sleep_bulk(struct ring *);
void	 ring_wake(struct ring *);

/*
 * What this side sent and the other has not taken: bytes of the bulk lane,
 * slots of the urgent one.
 */
uint64_t ring_unread(const struct ring *, enum ring_lane);
/* Did everything that stood in the urgent lane at position pos get read? */
bool	 ring_is_read(const struct ring *, enum ring_lane, uint64_t pos);

/* The handshake share: published by cryptod, read by netd. */
void	 ring_set_busy(struct ring *, bool);
bool	 ring_peer_busy(const struct ring *);

#endif /* SHARED_RING_H */
