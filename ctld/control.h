/* SPDX-License-Identifier: ISC */
/*
 * The control sockets, for warrenctl(8): frames of shared/ctl_proto.h.
 */
#ifndef CTLD_CONTROL_H
#define CTLD_CONTROL_H

#include "ctld/client.h"
#include "ctld/events.h"
#include "ctld/health.h"
#include "ctld/metrics.h"
#include "ctld/walk.h"
#include "shared/codec.h"
#include "shared/ctl_proto.h"
#include "shared/row.h"

#define STATUS_IPS	512		/* bytes of the list of allowed IPs */

/* What an answer about the device and its peers consists of. */
#define STATUS_INTERFACE	0x01
#define STATUS_PEERS		0x02
#define STATUS_HEALTH		0x04
#define STATUS_ONE		0x08	/* of one peer only */

/* The peer whose row is being made; its allowed IPs come one by one. */
struct status_peer {
	bool			 have;
	struct peer_info	 info;	/* no secrets: not asked for */
	struct endpoint_info	 ep;
	uint64_t		 ips;
	size_t			 len;
	bool			 cut;
	char			 text[STATUS_IPS];
};

struct status {
	unsigned		 parts;		/* STATUS_* */
	uint8_t			 key[KEY_SIZE];	/* with STATUS_ONE */
	bool			 found;
	unsigned		 problems;	/* of peers */
	uint32_t		 unseen;	/* for struct health_facts */
	char			 unseen_name[HEALTH_UNSEEN][HEALTH_WHO];
	struct status_peer	 peer;
};

struct control_client {
	struct metrics		 metrics;	/* first: see metrics.h */
	uint16_t		 version;	/* 0: no HELLO yet */
	bool			 verbose;	/* what LOG asks for */
	uint32_t		 id;		/* of the request at work */
	struct watcher		 watcher;
	struct status		 status;
	char			 name[CTL_TEXT_MAX];	/* what PEER asks for */
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
/* Handler. */
int	 control_on_reload_done(void *, struct link *, struct imsg *);

/* status.c: begins to answer; the client is busy until it is done. */
void	 status_begin(struct ctld *, struct client *, unsigned parts);
/* The same for the peer of this name or public key. */
void	 status_one(struct ctld *, struct client *, const char *name);
/* Judges a peer with all that is known of it. */
unsigned status_judge(struct ctld *, const struct peer_info *,
	    const struct endpoint_info *, health_emit *, void *arg);
/* A judgement as a row "health"; arg is the client. */
void	 status_health(void *arg, const struct health *);

#endif /* CTLD_CONTROL_H */
