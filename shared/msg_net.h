/* SPDX-License-Identifier: ISC */
/*
 * Messages to and from netd about endpoints, and the generic SYNC.  Lists are
 * built and walked with put_*, get_*: a message is as many as fit.
 */
#ifndef SHARED_MSG_NET_H
#define SHARED_MSG_NET_H

#include "shared/addr.h"
#include "shared/link.h"

/* ENDPOINT_SET, and each of ENDPOINTS after its u16 count. */
struct device_endpoint {
	uint32_t	 device;
	uint16_t	 path;		/* which of its paths; 0 */
	struct endpoint	 endpoint;	/* family 0: not known */
};
#define DEVICE_ENDPOINT_WIRE	29
void	 put_device_endpoint(struct wbuf *, const struct device_endpoint *);
void	 get_device_endpoint(struct rbuf *, struct device_endpoint *);

/* GET_ENDPOINTS: a u16 count and that many device ids. */
#define GET_ENDPOINTS_MAX	512
void	 get_endpoints_send(struct link *, uint32_t id, const uint32_t *devices,
	    size_t n);
/* devices has room for GET_ENDPOINTS_MAX. */
int	 get_endpoints_recv(const struct imsg *, uint32_t *devices, size_t *n);
/* ENDPOINTS: those of the asked devices that exist, in their order. */
void	 endpoints_send(struct link *, uint32_t id,
	    const struct device_endpoint *, size_t n);
int	 endpoints_recv(const struct imsg *, struct device_endpoint *,
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

#endif /* SHARED_MSG_NET_H */
