/* SPDX-License-Identifier: ISC */
/*
 * Going through the device and its peers on behalf of a client: cryptod is
 * asked for as many peers as fit a message, netd for the endpoints of those,
 * and the next are asked for only when the client has read most of what it
 * got.  So nobody holds a snapshot of megabytes, cryptod's work is bounded,
 * and a slow client waits alone (P47).
 */
#ifndef CTLD_WALK_H
#define CTLD_WALK_H

#include "ctld/client.h"
#include "shared/msg_crypto.h"
#include "shared/msg_net.h"

struct walk_ops {
	bool	  secrets;
	bool	  endpoints;		/* are they of interest? */
	/* Once, at the beginning. */
	void	(*device)(struct ctld *, struct client *,
		    const struct device_info *);
	/* A peer; its endpoint's family is 0 if not known or not asked. */
	void	(*peer)(struct ctld *, struct client *,
		    const struct peer_info *,
		    const struct endpoint_info *);
	/* An allowed IP of the peer told last. */
	void	(*prefix)(struct ctld *, struct client *,
		    const struct prefix *);
	void	(*done)(struct ctld *, struct client *);
};

/* Part of a client's state; zero is a walk that has not begun. */
struct walk {
	const struct walk_ops	*ops;	/* NULL: not walking */
	bool			 asking;
	bool			 begun;	/* the device was told */
	bool			 last;	/* no peers after the present ones */
	bool			 stop;	/* and no more are wanted */
	struct peer_cursor	 cursor;
	uint32_t		 pages;		/* PEERS that came */
	uint8_t			*peers;	/* the present PEERS, or NULL */
	size_t			 len;
};

/* Begins; the client is busy until ops->done made it idle. */
void	 walk_begin(struct ctld *, struct client *, const struct walk_ops *);
/* Asks for more if there is room for it. */
void	 walk_room(struct ctld *, struct client *);
/* No more peers are wanted: done() comes next.  For use in the other ops. */
void	 walk_stop(struct client *);
/* Wipes and forgets. */
void	 walk_clear(struct walk *);

/* The walk in a client's state: the first member, whatever the protocol. */
struct walk	*walk_of(struct client *);

/* Handlers of the answers. */
int	 walk_on_device(void *, struct link *, struct imsg *);
int	 walk_on_peers(void *, struct link *, struct imsg *);
int	 walk_on_endpoints(void *, struct link *, struct imsg *);

#endif /* CTLD_WALK_H */
