/* SPDX-License-Identifier: ISC */
/*
 * What tcpflow and udpflow share: the known sequence of bytes that both ends
 * can make at any place, the clock, and the port for the waiting script.
 */
#ifndef REGRESS_TOOLS_FLOW_H
#define REGRESS_TOOLS_FLOW_H

#include <stddef.h>
#include <stdint.h>

/*
 * len bytes of the sequence from a byte offset.  It is mixed well: what is
 * lost or swapped shows.  It is in the host's byte order, since both ends run
 * on one machine.
 */
void	flow_fill(uint8_t *, size_t len, uint64_t offset);
/* Seconds, monotonic. */
double	flow_seconds(void);
/* Writes the port that the kernel chose into this file, or ends. */
void	flow_port_write(int fd, const char *file);

#endif /* REGRESS_TOOLS_FLOW_H */
