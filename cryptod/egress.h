/* SPDX-License-Identifier: ISC */
/*
 * What cryptod writes into its ring: sealed datagrams, grouped so that netd
 * sends a record with one system call, handshakes, and AUTH.
 */
#ifndef CRYPTOD_EGRESS_H
#define CRYPTOD_EGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cryptod/engine.h"
#include "shared/ring.h"

#define EGRESS_SEGMENTS	64

struct egress {
	struct ring	*ring;
	/* The record that datagrams are added to, or NULL. */
	struct ring_hdr	*open;
	size_t		 used;
	size_t		 cap;
	uint32_t	 device;
	uint16_t	 nseg;
	uint16_t	 seg_size;
	uint16_t	 last_size;
	uint8_t		 ecn;
};

void	 egress_init(struct egress *, struct ring *);
/* Room in ring memory for one datagram; NULL when the lane is full. */
uint8_t	*egress_data(struct egress *, const struct device *, uint8_t ecn,
	    size_t len);
/* 0, or -1 when the urgent lane is full. */
int	 egress_handshake(struct egress *, const struct device *,
	    uint8_t flags, const uint8_t *msg, size_t len);
/* The same; -1 also from half a lane on, unless it is urgent. */
int	 egress_auth(struct egress *, const struct device *,
	    const struct origin *, bool urgent);
/* Ends the open record and publishes all; once a turn. */
void	 egress_publish(struct egress *);

#endif /* CRYPTOD_EGRESS_H */
