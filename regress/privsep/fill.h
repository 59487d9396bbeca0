/* SPDX-License-Identifier: ISC */
/*
 * Right content for the messages of a flood: the i-th of each kind, and where
 * it can be, one that takes new room each time.
 */
#ifndef REGRESS_PRIVSEP_FILL_H
#define REGRESS_PRIVSEP_FILL_H

#include "shared/codec.h"

#define FILL_NAMES	64		/* devices and names that are known */
#define FILL_IPS	64		/* in a message */
#define FILL_PEERS	4		/* likewise */

typedef void (*fill_fn)(struct wbuf *, unsigned i);

/* w is empty; a message that is always the same has no use for its number. */
void	 fill_nothing(struct wbuf *, unsigned);
void	 fill_bool(struct wbuf *, unsigned);
void	 fill_topic(struct wbuf *, unsigned);
void	 fill_get_device(struct wbuf *, unsigned);
void	 fill_get_peers(struct wbuf *, unsigned);
/* SET_ITEMS and CONF_ITEMS: what is fresh each time. */
void	 fill_set_ips(struct wbuf *, unsigned);
void	 fill_set_peers(struct wbuf *, unsigned);
/* A peer that comes and goes at once. */
void	 fill_set_removed(struct wbuf *, unsigned);
void	 fill_crypto_peer(struct wbuf *, unsigned);
void	 fill_crypto_peers(struct wbuf *, unsigned);
void	 fill_crypto_ips(struct wbuf *, unsigned);
void	 fill_net_item(struct wbuf *, unsigned);
/* As many as netd takes, nearly; more than that. */
void	 fill_net_items(struct wbuf *, unsigned);
void	 fill_net_many(struct wbuf *, unsigned);
/* What ctld is to show. */
void	 fill_show_items(struct wbuf *, unsigned);
/* Others by the names of their messages. */
void	 fill_conf_key(struct wbuf *, unsigned);
void	 fill_slot_fd(struct wbuf *, unsigned);
void	 fill_slot_done(struct wbuf *, unsigned);
void	 fill_link_state(struct wbuf *, unsigned);
void	 fill_socket_state(struct wbuf *, unsigned);
void	 fill_error(struct wbuf *, unsigned);
void	 fill_reload_done(struct wbuf *, unsigned);
void	 fill_remotes(struct wbuf *, unsigned);
void	 fill_remote_del(struct wbuf *, unsigned);
void	 fill_local_key(struct wbuf *, unsigned);
/* Of devices that there are, by fill_remotes(). */
void	 fill_endpoints(struct wbuf *, unsigned);
void	 fill_get_endpoints(struct wbuf *, unsigned);
void	 fill_has_endpoint(struct wbuf *, unsigned);
void	 fill_resolve(struct wbuf *, unsigned);
void	 fill_resolved(struct wbuf *, unsigned);
void	 fill_udp(struct wbuf *, unsigned);
void	 fill_server(struct wbuf *, unsigned);
void	 fill_ids(struct wbuf *, unsigned);
void	 fill_device(struct wbuf *, unsigned);
void	 fill_peers(struct wbuf *, unsigned);
void	 fill_no_endpoints(struct wbuf *, unsigned);
/* Long, of a kilobyte; the event is about a device that nobody knows. */
void	 fill_row(struct wbuf *, unsigned);
void	 fill_event(struct wbuf *, unsigned);

#endif /* REGRESS_PRIVSEP_FILL_H */
