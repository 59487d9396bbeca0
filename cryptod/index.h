/* SPDX-License-Identifier: ISC */
/*
 * Receiver indices (WireGuard paper 5.4): random 32-bit numbers, unique over
 * the handshakes and keypairs of the instance.  Each tells its slot, see
 * shared/index_page.h; live ones are published to netd there.
 */
#ifndef CRYPTOD_INDEX_H
#define CRYPTOD_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "shared/index_page.h"

enum index_kind {
	INDEX_FREE,
	INDEX_HANDSHAKE,		/* owner is a struct remote */
	INDEX_KEYPAIR			/* owner is a struct keypair */
};

struct index_entry {
	void		*owner;
	uint32_t	 index;
	enum index_kind	 kind;
};

struct index_table {
	struct index_entry	*slot;
	struct index_page	*page;
	size_t			 used;
	uint32_t		 reach;	/* new ones are drawn below */
	uint32_t		 mask[INDEX_MASKS];
};

/* 0, or -1 (ENOMEM). */
int	 index_init(struct index_table *);
void	 index_clear(struct index_table *);
/* From now on netd is told in this page; before the first index. */
void	 index_publish(struct index_table *, struct index_page *);
/* A new index for owner, or 0 if no free slot was found. */
uint32_t index_new(struct index_table *, enum index_kind, void *owner);
/* The same index names something else from now on. */
void	 index_rename(struct index_table *, uint32_t index, enum index_kind,
	    void *owner);
/* Forgets it; 0 is fine. */
void	 index_drop(struct index_table *, uint32_t index);
/* The owner of a live index of this kind, or NULL. */
void	*index_find(const struct index_table *, uint32_t index,
	    enum index_kind);
/* Is it one of ours, whatever it names? */
int	 index_is_live(const struct index_table *, uint32_t index);

#endif /* CRYPTOD_INDEX_H */
