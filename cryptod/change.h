/* SPDX-License-Identifier: ISC */
/*
 * A change of the configuration, item by item, with the semantics of
 * WireGuard's userspace API (www.wireguard.com/xplatform).  Knows no link.
 */
#ifndef CRYPTOD_CHANGE_H
#define CRYPTOD_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cryptod/engine.h"
#include "shared/msg_crypto.h"

/* PEER items of one change; their ids must fit SET_IDS's queue. */
#define CHANGE_PEERS_MAX	(30 * SET_IDS_MAX)

struct change {
	struct engine	*engine;
	int		 error;		/* the first; the rest is skipped */
	uint32_t	*ids;		/* a device a PEER item, or 0 */
	size_t		 nids;
	size_t		 room;
	struct device	*device;	/* what items are about */
	bool		 ignore;	/* a peer whose items are for nothing */
	bool		 sooner;	/* the next keepalive is */
};

void	 change_begin(struct change *, struct engine *);
/*
 * Applies one item.  0, also when it failed (see error), or -1: it makes no
 * sense where it stands.
 */
int	 change_item(struct change *, const struct set_item *);
/* The last peer's block is complete. */
void	 change_end(struct change *);
/* Frees ids. */
void	 change_clear(struct change *);

#endif /* CRYPTOD_CHANGE_H */
