/* SPDX-License-Identifier: ISC */
/*
 * The TUN device: made once, by the parent; read and written by cryptod only.
 */
#ifndef PARENT_TUN_H
#define PARENT_TUN_H

#include <stdint.h>

#define TUN_MTU		1420	/* 1500 - 40 (IPv6) - 8 (UDP) - 32 */

/* Is this a name that the kernel takes and that is a plain file name? */
int	 tun_name_is_valid(const char *);
/* Could interfaces be made here at all?  -1 after a line in the log. */
int	 tun_check(void);
/*
 * Make the interface; it is down and belongs to root, nobody else has a queue
 * of it, and to get one takes root or CAP_NET_ADMIN.  without: OFFLOAD_TUN_
 * bits of offloads not to use, to which those are added that the kernel
 * refuses; NULL: use all.  With OFFLOAD_TUN_QUEUES it has one queue and gets
 * no other.  Its fd, or -1 after a line in the log.
 */
int	 tun_create(const char *name, uint8_t *without);
/*
 * One more queue of a device that tun_create() made, for which no offload is
 * said to be left out.  Its fd, or -1 with errno.
 */
int	 tun_queue(const char *name);
/*
 * Where the device is now: its name there, and an fd of that network
 * namespace.  The fd, or -1: EBADFD if the device no longer exists, EPERM if
 * it lives in a namespace that we may not look into.
 */
int	 tun_where(int tun, char *name);

#endif /* PARENT_TUN_H */
