/* SPDX-License-Identifier: ISC */
/*
 * A conversation with netd: a test is its parent, its siblings and its ring's
 * other side, and a client in the network with one socket.
 */
#ifndef REGRESS_PRIVSEP_NETD_PLAY_H
#define REGRESS_PRIVSEP_NETD_PLAY_H

#include <netinet/in.h>

#include "netd/envelope.h"
#include "regress/privsep/talk.h"
#include "shared/ring.h"

#define DEV	7U			/* the device there is in bare mode */
#define INDEX	0x12300005U		/* a live receiver index */

extern int			client;
extern struct sockaddr_in	netd_at, client_at;
extern uint8_t			our_pub[32], dev_pub[32];

/* Up to the ring that it offers; none of ours, and not READY. */
void	 begin(enum mode);
/* All of it, with sockets, our public key and, in bare mode, DEV. */
void	 setup(void);
void	 setup_configured(void);
void	 teardown(void);

/* Everything that was sent on this link before is done. */
void	 settle(struct link *);
void	 add_device(uint32_t device, const uint8_t key[32]);
uint64_t counter(const char *name);

/* Datagrams of the client. */
void	 to_netd(const void *, size_t);
ssize_t	 from_netd(uint8_t *, size_t, int ms);
/* A random data message for this receiver. */
void	 fill_data(uint8_t *, size_t, uint32_t index);

/* The next record of its ring; false after ms.  Then it is done(). */
bool	 record(enum ring_lane, struct ring_rec *, int ms);
void	 done(enum ring_lane);
/* A record for it; seg 0: with a header that says nothing of segments. */
void	 put_record(enum ring_lane, enum ring_kind, uint32_t device,
	    const void *, size_t, size_t seg);
/* Makes the client the device's endpoint as an authentic packet does. */
void	 authenticate(void);

#endif /* REGRESS_PRIVSEP_NETD_PLAY_H */
