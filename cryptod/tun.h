/* SPDX-License-Identifier: ISC */
/*
 * The TUN device: packets behind a virtio header (vnet.h).  The kernel may
 * hand us packets of up to 64 KiB to be cut, and takes merged ones; what it
 * refuses merged is written piece by piece, and its kind is not merged again
 * for a minute (P40).
 */
#ifndef CRYPTOD_TUN_H
#define CRYPTOD_TUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cryptod/engine.h"
#include "cryptod/merge.h"
#include "cryptod/seal.h"
#include "cryptod/workers.h"
#include "shared/msg_parent.h"
#include "shared/vnet.h"

#define TUN_BATCH	64		/* reads a turn (P46) */
#define TUN_BATCH_BYTES	65536		/* or so much, if that is less */
#define TUN_PACKET_MAX	65535		/* whatever the MTU is now (P36) */
#define TUN_JOBS	3		/* large packets under way a worker */
#define TUN_MERGE_AGAIN	60		/* s after a refusal */

struct tun {
	int		 fd[TUN_QUEUES];	/* written to: the first */
	struct engine	*engine;
	struct merge	*merge;
	unsigned	 refused;	/* MERGE_*: off until `again' */
	unsigned	 told;		/* MERGE_*: a refusal was logged */
	uint64_t	 again;		/* ns */
	bool		 gone;		/* the device was deleted */
	struct workers	*workers;
	/* What is read, and cut and sealed when large: a ring of those. */
	struct seal_job	*job;
	unsigned	 njobs;
	unsigned	 next;
	uint8_t		 piece[TUN_PACKET_MAX + ENGINE_TAILROOM];
};

/*
 * 0, or -1 (ENOMEM): then tun_clear() does nothing.  Before the last filter:
 * it maps memory.
 */
int	 tun_init(struct tun *, const int *fd, unsigned nqueues,
	    struct engine *, struct workers *);
/* Wipes and frees what is under way. */
void	 tun_clear(struct tun *);
/* Kinds of packets (OFFLOAD_TUN_ bits) that are not to be merged. */
void	 tun_without(struct tun *, unsigned without);
/*
 * Reads and sends a batch of a queue; is there probably more?  What is sealed
 * by others is complete, and may be published, after workers_settle().
 */
bool	 tun_read(struct tun *, unsigned queue);
/*
 * Writes one packet, at once or merged with others at the next tun_flush();
 * what the kernel does not take is counted and dropped.
 */
void	 tun_write(struct tun *, const uint8_t *p, size_t len);
void	 tun_flush(struct tun *);

#endif /* CRYPTOD_TUN_H */
