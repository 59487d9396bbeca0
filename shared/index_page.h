/* SPDX-License-Identifier: ISC */
/*
 * The live receiver indices, in memory that cryptod writes and netd reads:
 * a datagram with an index that is not there costs nothing more.
 *
 * The low 20 bits of an index say its slot, so that a look-up is two loads;
 * they are masked by a number that belongs to its other 12 bits, so that an
 * index shows nothing but random bits, though the slots in use are the first
 * ones: few peers touch few pages.
 */
#ifndef SHARED_INDEX_PAGE_H
#define SHARED_INDEX_PAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define INDEX_SLOT_BITS	20
#define INDEX_SLOTS	(1U << INDEX_SLOT_BITS)
#define INDEX_MASKS	(1U << (32 - INDEX_SLOT_BITS))

struct index_memory {
	uint32_t		 mask[INDEX_MASKS];
	_Alignas(64) _Atomic uint32_t	 reach;	/* slots in use are below */
	_Alignas(64) _Atomic uint32_t	 slot[INDEX_SLOTS];
};

struct index_page {
	struct index_memory		*own;	/* cryptod's view */
	const struct index_memory	*peer;	/* netd's view */
};

/* The slot of an index; the same function makes an index of a slot. */
static inline uint32_t
index_slot(const uint32_t mask[INDEX_MASKS], uint32_t index)
{
	return (index ^ mask[index >> INDEX_SLOT_BITS]) & (INDEX_SLOTS - 1);
}

/* Makes, maps and seals it; returns the fd to hand over or -1 (errno). */
int	 index_page_create(struct index_page *);
/* Maps it read-only; 0, or -1 if it is not what it must be. */
int	 index_page_attach(struct index_page *, int fd);
/* The masks, once, before the first index. */
void	 index_page_masks(struct index_page *, const uint32_t mask[INDEX_MASKS]);
/* Slots below that may be in use from now on, INDEX_SLOTS at most. */
void	 index_page_reach(struct index_page *, uint32_t slots);
/* The slot, below INDEX_SLOTS, becomes `index`, or free with 0. */
void	 index_page_put(struct index_page *, uint32_t slot, uint32_t index);
/* netd: is this index live?  0 is none. */
bool	 index_page_has(const struct index_page *, uint32_t index);

#endif /* SHARED_INDEX_PAGE_H */
