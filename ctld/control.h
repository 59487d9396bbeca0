/* SPDX-License-Identifier: ISC */
/*
 * The control socket, for warrenctl(8): frames of shared/ctl_proto.h.
 */
#ifndef CTLD_CONTROL_H
#define CTLD_CONTROL_H

#include "ctld/client.h"
#include "ctld/walk.h"
#include "shared/codec.h"
#include "shared/row.h"

#define STATUS_IPS	512		/* bytes of the list of allowed IPs */

/* The peer whose row is being made; its allowed IPs come one by one. */
struct status_peer {
	bool			 have;
	struct peer_info	 info;	/* no secrets: not asked for */
	struct endpoint		 endpoint;
	uint64_t		 ips;
	size_t			 len;
	bool			 cut;
	char			 text[STATUS_IPS];
};

struct control_client {
	struct walk		 walk;	/* first: see walk_of() */
	bool			 greeted;
	bool			 verbose;	/* what LOG asks for */
	uint32_t		 id;		/* of the request at work */
	struct status_peer	 peer;
};

extern const struct client_ops control_ops;

struct control_client	*control_of(struct client *);
/* A row of the answer to the present request; what does not fit is lost. */
void	 control_row(struct client *, const struct wbuf *);
void	 control_row_bytes(struct client *, const void *, size_t);
/* The end of the answer: 0 or an errno, with a text for the operator. */
void	 control_done(struct client *, int error, const char *text);
/* SOCKET_DONE came for a LOG request: -1 if nobody asked. */
int	 control_on_log_done(struct ctld *, uint32_t id, int error);

/* status.c: begins to answer; the client is busy until it is done. */
void	 status_begin(struct ctld *, struct client *);

#endif /* CTLD_CONTROL_H */
