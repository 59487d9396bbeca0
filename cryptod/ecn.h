/* SPDX-License-Identifier: ISC */
/*
 * Explicit congestion notification through the tunnel (RFC 6040), as the
 * Linux kernel does it.
 */
#ifndef CRYPTOD_ECN_H
#define CRYPTOD_ECN_H

#include <stddef.h>
#include <stdint.h>

#define ECN_MASK	0x03
#define ECN_NOT_ECT	0x00
#define ECN_ECT1	0x01
#define ECN_ECT0	0x02
#define ECN_CE		0x03

/*
 * The outer TOS or traffic class for an inner one.  DSCP is 0, as it would
 * tell an observer what is inside.
 */
uint8_t	ecn_encap(uint8_t inner);

/*
 * Carry congestion marks of the outer header (its TOS) into the opened IP
 * packet at p, which ip_parse() accepted; keeps an IPv4 header checksum
 * right.  The packet is never dropped.
 */
void	ecn_decap(uint8_t *p, uint8_t outer);

#endif /* CRYPTOD_ECN_H */
