/* SPDX-License-Identifier: ISC */
/*
 * A queue of the TUN device.  Every packet has a virtio header before it
 * (WIREGUARD 8.1); segmentation offload is not asked for, a partial checksum
 * is completed.
 */
#ifndef WARREN_CRYPTOD_TUN_H
#define WARREN_CRYPTOD_TUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cryptod/engine.h"

#define TUN_BATCH	64		/* reads a turn (P46) */
#define TUN_VNET_HDR	10
#define TUN_PACKET_MAX	65535		/* whatever the MTU is now (P36) */

struct tun {
	int		 fd;
	struct engine	*engine;
	bool		 gone;		/* the device was deleted */
	uint8_t		 buf[TUN_VNET_HDR + TUN_PACKET_MAX + ENGINE_TAILROOM];
};

void	 tun_init(struct tun *, int fd, struct engine *);
/* Reads and sends at most TUN_BATCH packets. */
void	 tun_read(struct tun *);
/* Writes one packet; what the kernel does not take is counted and dropped. */
void	 tun_write(struct tun *, const uint8_t *p, size_t len);
/*
 * Completes a partial checksum: the 16-bit field at start + offset holds the
 * folded sum of the pseudo header, whatever the protocol.  0, or -1 if that
 * is not in the packet.
 */
int	 tun_complete_checksum(uint8_t *p, size_t len, size_t start,
	    size_t offset);

#endif
