/* SPDX-License-Identifier: ISC */
/*
 * The live receiver indices, in memory that cryptod writes and netd reads:
 * a datagram with an index that is not there costs nothing more.  An index's
 * low 20 bits are its slot, so that a look-up is one load.
 */
#ifndef SHARED_INDEX_PAGE_H
#define SHARED_INDEX_PAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define INDEX_SLOT_BITS	20
#define INDEX_SLOTS	(1U << INDEX_SLOT_BITS)
#define INDEX_SLOT(i)	((i) & (INDEX_SLOTS - 1))

struct index_page {
	_Atomic uint32_t	*own;	/* cryptod's view */
	const _Atomic uint32_t	*peer;	/* netd's view */
};

/* Makes, maps and seals it; returns the fd to hand over or -1 (errno). */
int	 index_page_create(struct index_page *);
/* Maps it read-only; 0, or -1 if it is not what it must be. */
int	 index_page_attach(struct index_page *, int fd);
/* 0 is no index.  Slot i becomes `index`, or free with 0. */
void	 index_page_put(struct index_page *, uint32_t slot, uint32_t index);
/* netd: is this index live? */
bool	 index_page_has(const struct index_page *, uint32_t index);

#endif /* SHARED_INDEX_PAGE_H */
