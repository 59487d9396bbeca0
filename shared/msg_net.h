/* SPDX-License-Identifier: ISC */
/*
 * Messages to and from netd about endpoints, and the generic SYNC.  Lists are
 * built and walked with put_*, get_*: a message is as many as fit.
 */
#ifndef SHARED_MSG_NET_H
#define SHARED_MSG_NET_H

#include "shared/addr.h"
#include "shared/link.h"

/* ENDPOINT_SET: n times this. */
struct device_endpoint {
	uint32_t	 device;
	uint16_t	 path;		/* which of its paths; 0 */
	struct endpoint	 endpoint;	/* family 0: not known */
};
#define DEVICE_ENDPOINT_WIRE	29
void	 put_device_endpoint(struct wbuf *, const struct device_endpoint *);
void	 get_device_endpoint(struct rbuf *, struct device_endpoint *);

/* GET_ENDPOINTS: a u16 count and that many device ids. */
#define GET_ENDPOINTS_MAX	500
void	 get_endpoints_send(struct link *, uint32_t id, const uint32_t *devices,
	    size_t n);
/* devices has room for GET_ENDPOINTS_MAX. */
int	 get_endpoints_recv(const struct imsg *, uint32_t *devices, size_t *n);
/* What became of an endpoint's name; configured mode only. */
enum name_state {
	NAME_NONE,			/* it is an address, or unknown */
	NAME_WAITING,			/* asked, or about to be */
	NAME_OK,
	NAME_UNKNOWN,			/* there is no such name */
	NAME_SILENT,			/* no name server answers */
	NAME_REFUSED			/* they could not or would not say */
};
/* ENDPOINTS: those of the asked devices that exist, in their order. */
struct endpoint_info {
	struct device_endpoint	 at;
	uint16_t		 error;	/* errno of the last failed send, or 0 */
	enum name_state		 name;
};
void	 endpoints_send(struct link *, uint32_t id,
	    const struct endpoint_info *, size_t n);
int	 endpoints_recv(const struct imsg *, struct endpoint_info *,
	    size_t *n);

/* HAS_ENDPOINT: n times this. */
struct has_endpoint {
	uint32_t	 device;
	uint16_t	 path;
	bool		 has;
};
#define HAS_ENDPOINT_WIRE	7
void	 put_has_endpoint(struct wbuf *, const struct has_endpoint *);
void	 get_has_endpoint(struct rbuf *, struct has_endpoint *);

void	 sync_send(struct link *, uint32_t id);
void	 synced_send(struct link *, uint32_t id);

/* SHOW (topic of row.h), ROW and SHOW_END; id is the asker's. */
void	 show_send(struct link *, uint32_t id, uint8_t topic);
int	 show_recv(const struct imsg *, uint8_t *topic);
void	 row_send(struct link *, uint32_t id, const struct wbuf *);
void	 show_end_send(struct link *, uint32_t id);
/* The same, but there would have been more; only of the parent. */
void	 show_cut_send(struct link *, uint32_t id);
int	 show_end_recv(const struct imsg *, bool *cut);

/* MONITOR: somebody watches, or nobody any more. */
void	 monitor_send(struct link *, bool on);
int	 monitor_recv(const struct imsg *, bool *on);
/*
 * EVENT: a row of table "event" with "process", "what" (a word), and, where
 * it is about a peer, "device" or "public_key"; the rest is free.  Only while
 * somebody watches; the sender limits its rate.
 */
void	 event_send(struct link *, const struct wbuf *);

#endif /* SHARED_MSG_NET_H */
