/* SPDX-License-Identifier: ISC */
/*
 * Which public key belongs to a device id: events name devices, people know
 * peers.  Filled from a walk, which goes by ascending id.  A leaf.
 */
#ifndef CTLD_DEVMAP_H
#define CTLD_DEVMAP_H

#include <stddef.h>
#include <stdint.h>

#define DEVMAP_MAX	65536
#define DEVMAP_KEY	32

struct devmap_entry {
	uint32_t		 device;
	uint8_t			 key[DEVMAP_KEY];
};

/* All zero is an empty one. */
struct devmap {
	struct devmap_entry	*at;
	size_t			 n;
	size_t			 room;
};

void		 devmap_clear(struct devmap *);
/* 0, or -1: ENOMEM, E2BIG; EINVAL: the id is not above the last one. */
int		 devmap_add(struct devmap *, uint32_t device,
		    const uint8_t key[DEVMAP_KEY]);
/* The key, or NULL. */
const uint8_t	*devmap_find(const struct devmap *, uint32_t device);

#endif /* CTLD_DEVMAP_H */
