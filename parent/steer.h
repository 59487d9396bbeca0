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

/*
 * Before privileges are given up: CAP_BPF or CAP_SYS_ADMIN.  Without it the
 * kernel steers by what it saw come in, by one queue: that is a line in the
 * log.  tun is the fd of any queue.
 */
void	 steer_open(int tun);

#endif /* PARENT_STEER_H */
