/* SPDX-License-Identifier: ISC */
/*
 * The context of netd and what its files offer each other.  The modules with
 * headers of their own (source, device, envelope, dedupe, cookie, ratelimit,
 * static, names, badmac) know nothing of it.
 */
#ifndef NETD_NETD_H
#define NETD_NETD_H

#include "netd/badmac.h"
#include "netd/counters.h"
#include "netd/device.h"
#include "netd/envelope.h"
#include "shared/child.h"
#include "shared/index_page.h"
#include "shared/log.h"
#include "shared/spin.h"
#include "shared/timer.h"

enum udp_family {
	UDP_V4,
	UDP_V6,
	UDP_FAMILIES
};

struct udp_sock {
	int		 fd;		/* -1: none, which is no error (P30) */
	struct event	*ev;
	bool		 gso;		/* UDP_SEGMENT works */
};

/* Configured mode: how far the next configuration is. */
enum conf_stage {
	CONF_IDLE,			/* there is none */
	CONF_COMES,
	CONF_FAILED,			/* it comes, but there is no memory */
	CONF_STAGED			/* it waits to be in force */
};

struct receiver;
struct sender;

struct netd {
	struct child		 child;		/* must be first */
	struct ring		 ring;
	struct spin		 spin;
	struct index_page	 page;
	bool			 has_ring;	/* cryptod's is attached */
	bool			 has_page;
	bool			 broken;	/* its memory is nonsense */
	bool			 welcome;	/* what came last was data for cryptod */
	int			 bell_hear;
	int			 bell_ring;
	struct event		*bell_ev;
	int			 timer_fd;
	struct event		*timer_ev;
	uint64_t		 timer_armed;	/* ns; 0: not */
	struct timer_wheel	 wheel;
	struct timer		 limit_gc;
	int			 route_fd;
	struct event		*route_ev;
	struct timer		 route_timer;
	bool			 route_dirty;	/* something changed */
	bool			 route_walking;
	bool			 route_all;	/* it walks to all devices */
	bool			 route_late;	/* some are unchecked */
	uint64_t		 route_since;	/* ns: a second of checks */
	unsigned		 route_count;	/* of them */
	struct udp_sock		 sock[UDP_FAMILIES];
	bool			 sockets_come;	/* maybe another still */
	uint32_t		 mark;
	struct device_table	 devices;
	struct envelope		 envelope;
	/* Goes up when a source is changed other than by AUTH. */
	uint64_t		 generation;
	uint8_t			 path_key[SOURCE_KEY_LEN];
	struct receiver		*receiver;
	struct sender		*sender;
	struct log_limit	 send_log;
	struct counters		 count;
	uint64_t		 kernel_drops;	/* of sockets that are closed */
	/* configured mode */
	enum conf_stage		 conf;
	uint32_t		 conf_id;
	struct static_table	*statics;	/* in force; NULL: none yet */
	struct static_table	*staged;
	struct names		 names;
	/* HAS_ENDPOINT, collected */
	struct wbuf		 has;
	uint8_t			 has_buf[MSG_PAYLOAD];
	/* what is told */
	struct badmac		 badmac;
	bool			 monitored;	/* somebody watches */
	bool			 loaded;	/* it was said */
	struct timer		 load_timer;
	uint64_t		 flood_since;	/* ns */
	uint64_t		 flood_base;
	uint64_t		 flood_logged;	/* ns; 0: never */
	struct log_limit	 event_limit;
	struct log_limit	 name_log;
};

/* udp.c: the sockets. */
enum udp_family	 udp_family_of(uint8_t af);
int	 udp_set(struct netd *, uint8_t af, int fd);
void	 udp_close(struct netd *, enum udp_family);
/* Datagrams that found no room in a socket's buffer, since the start. */
uint64_t udp_drops(const struct netd *);

/* udp_recv.c: datagrams in, batch by batch. */
int	 receiver_init(struct netd *);
void	 receiver_turn(struct netd *, enum udp_family);

/* udp_send.c: datagrams out, batch by batch. */
int	 sender_init(struct netd *);
/*
 * Queues nseg datagrams at data, all seg_size bytes long but the last, for a
 * device with an endpoint; data must stay until sender_flush().
 */
void	 sender_data(struct netd *, struct device *, const uint8_t *data,
	    size_t len, unsigned nseg, uint16_t seg_size, uint8_t tos);
/* Queues a handshake message; it is copied. */
void	 sender_handshake(struct netd *, struct device *, const uint8_t *msg,
	    size_t len, uint8_t tos);
/* Sends one now, to a source and from where that came in. */
void	 sender_reply(struct netd *, const struct source *, const uint8_t *msg,
	    size_t len);
void	 sender_flush(struct netd *);

/* inbound.c: what a received datagram, or a train of them, is good for. */
void	 inbound(struct netd *, const struct source *, uint8_t ecn,
	    const uint8_t *data, size_t len, size_t seg_size, uint64_t now);

/* outbound.c: cryptod's records; true if there may be more. */
bool	 outbound_turn(struct netd *, uint64_t now);

/* route.c: sticky sources follow changes of routes and addresses (P25). */
int	 route_init(struct netd *);
void	 route_unpin_all(struct netd *);
/* A device is elsewhere, or by another way: is that where its route leaves? */
void	 route_check(struct netd *, struct device *);

/* peers.c: endpoints by configuration and by name. */
int	 peers_init(struct netd *);
void	 peers_clear(struct netd *);
/* A device has got its key: is it configured? */
void	 device_appeared(struct netd *, struct device *);
/* Puts it there (family 0: nowhere), and tells cryptod. */
void	 device_place(struct netd *, struct device *, const struct endpoint *);
/* The staged table takes the place of the one in force. */
void	 peers_commit(struct netd *, struct conf_done *);
void	 has_tell(struct netd *, const struct device *);
void	 has_flush(struct netd *);
int	 on_resolved(void *, struct link *, struct imsg *);
void	 lost_helper(void *, enum proc);

/* transact.c: a configuration in pieces. */
int	 on_conf_begin(void *, struct link *, struct imsg *);
int	 on_conf_items(void *, struct link *, struct imsg *);
int	 on_conf_end(void *, struct link *, struct imsg *);
int	 on_conf_commit(void *, struct link *, struct imsg *);
int	 on_conf_abort(void *, struct link *, struct imsg *);

/* event.c: log lines and events. */
#define DEVICE_LABEL	(CONF_NAME_MAX + 16)
/* `peer "alice"' or `device 7'. */
void	 device_label(const struct device *, char buf[DEVICE_LABEL]);
void	 event_init(struct netd *);
void	 event_roamed(struct netd *, const struct device *);
/* again: it is tried there, because it was not elsewhere. */
void	 event_resolved(struct netd *, const struct device *,
	    const char *host, bool again);
void	 event_name(struct netd *, const char *host, enum name_state);
void	 event_send_failed(struct netd *, const struct device *,
	    const struct endpoint *, int error);
/* We are under load; when that ends is seen by itself. */
void	 event_loaded(struct netd *, uint64_t now);
/* A handshake message was dropped: is it a flood? */
void	 event_useless(struct netd *, uint64_t now);
int	 on_monitor(void *, struct link *, struct imsg *);

/* config.c: the handlers of messages. */
int	 on_ring(void *, struct link *, struct imsg *);
int	 on_index_page(void *, struct link *, struct imsg *);
int	 on_bell_fd(void *, struct link *, struct imsg *);
int	 on_route_fd(void *, struct link *, struct imsg *);
int	 on_udp_fd(void *, struct link *, struct imsg *);
int	 on_udp_close(void *, struct link *, struct imsg *);
int	 on_link_state(void *, struct link *, struct imsg *);
int	 on_socket_state(void *, struct link *, struct imsg *);
int	 on_remote_add(void *, struct link *, struct imsg *);
int	 on_remote_del(void *, struct link *, struct imsg *);
int	 on_local_key(void *, struct link *, struct imsg *);
int	 on_endpoint_set(void *, struct link *, struct imsg *);
int	 on_get_endpoints(void *, struct link *, struct imsg *);
int	 on_sync(void *, struct link *, struct imsg *);

/* show.c */
int	 on_show(void *, struct link *, struct imsg *);

/* netd.c */
void	 netd_start_gc(struct netd *, uint64_t now);

/* sandbox_tables.c */
extern const struct sandbox_table netd_start;
extern const struct sandbox_table netd_run;

#endif /* NETD_NETD_H */
