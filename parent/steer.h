/* SPDX-License-Identifier: ISC */
/*
 * Which queue of the TUN device a packet takes: always the same one for a
 * flow, so that its order stays, and as a rule another one for another flow.
 * Each queue overflows for itself, and cryptod reads them in turn: a flow
 * that sends more than there is room for drops its own packets, and a lone
 * one does not wait behind the rest.
 */
#ifndef PARENT_STEER_H
#define PARENT_STEER_H

#include "shared/msg_parent.h"

/*
 * Opens the rest of the queues of a device that tun_create() made, tun being
 * its first, and has the kernel steer packets to them: queue[1] on, 0 for
 * those that there are not.  If it cannot be told how, there are none: by
 * itself it would have a flow follow the queue that its answers were written
 * to, in its midst, and put it out of order.  That is a line in the log, and
 * no error.  Before privileges are given up: CAP_BPF or CAP_SYS_ADMIN.
 */
void	 steer_open(const char *name, int tun, int queue[TUN_QUEUES]);
/*
 * Loads the program that steers: packets to numbers below 2^16, of which the
 * kernel takes the rest by the number of queues.  Its fd, or -1.
 */
int	 steer_load(void);

#endif /* PARENT_STEER_H */
