/* SPDX-License-Identifier: ISC */
/*
 * Messages to and from cryptod: rings, configuration, devices.  Every x_recv
 * returns 0, or -1 (EBADMSG) on any wrong byte.
 */
#ifndef SHARED_MSG_CRYPTO_H
#define SHARED_MSG_CRYPTO_H

#include "shared/addr.h"
#include "shared/link.h"

#define KEY_SIZE	32

/* RING: fd is this side's sealed memory. */
struct ring_offer {
	uint16_t	 worker;
	uint32_t	 bulk_size;
	uint32_t	 urgent_slots;
};
void	 ring_offer_send(struct link *, const struct ring_offer *, int fd);
int	 ring_offer_recv(const struct imsg *, struct ring_offer *);
void	 index_page_send(struct link *, int fd);

/*
 * SET_ITEMS carries packed operations.  A PEER operation opens a peer that
 * the later ones are about.  All messages of one change carry its id; its
 * answer is SET_IDS (as many as needed; one id a PEER operation in order, 0
 * if it left no device) and then SET_DONE.
 */
enum set_op {
	SET_PRIVATE_KEY = 1,		/* key; all zero takes it away */
	SET_REPLACE_PEERS,
	SET_PEER,			/* key, flags */
	SET_PSK,			/* key; all zero: none */
	SET_KEEPALIVE,			/* seconds, 0 off */
	SET_REPLACE_IPS,
	SET_ALLOWED_IP			/* prefix, flag SET_F_REMOVE */
};
#define SET_F_REMOVE		0x01
#define SET_F_UPDATE_ONLY	0x02

struct set_item {
	enum set_op	 op;
	uint8_t		 flags;
	uint8_t		 key[KEY_SIZE];
	uint16_t	 keepalive;
	struct prefix	 prefix;
};
#define SET_ITEM_MAX	40		/* bytes of the largest one */
void	 put_set_item(struct wbuf *, const struct set_item *);
void	 get_set_item(struct rbuf *, struct set_item *);

void	 set_begin_send(struct link *, uint32_t id);
/* items: bytes made by put_set_item, at most MSG_PAYLOAD of them. */
void	 set_items_send(struct link *, uint32_t id, const void *items,
	    size_t len);
void	 set_end_send(struct link *, uint32_t id);
void	 set_ids_send(struct link *, uint32_t id, const uint32_t *ids,
	    size_t n);
#define SET_IDS_MAX	(MSG_PAYLOAD / 4)
/* Returns their number in *n; ids has room for SET_IDS_MAX. */
int	 set_ids_recv(const struct imsg *, uint32_t *ids, size_t *n);
void	 set_done_send(struct link *, uint32_t id, int error);
int	 set_done_recv(const struct imsg *, int *error);

/* GET_DEVICE and GET_PEERS: secrets are left out unless asked for. */
void	 get_device_send(struct link *, uint32_t id, bool secrets);
int	 get_device_recv(const struct imsg *, bool *secrets);
struct device_info {
	bool		 has_identity;
	bool		 has_secret;	/* private_key is filled in */
	uint8_t		 private_key[KEY_SIZE];
	uint8_t		 public_key[KEY_SIZE];
	uint32_t	 peers;
};
void	 device_send(struct link *, uint32_t id, const struct device_info *);
int	 device_recv(const struct imsg *, struct device_info *);

/* Where to go on: after allowed IP `serial` of device, or after the device. */
struct peer_cursor {
	uint32_t	 device;
	uint64_t	 serial;	/* 0: at the device's beginning */
};
void	 get_peers_send(struct link *, uint32_t id, const struct peer_cursor *,
	    bool secrets);
int	 get_peers_recv(const struct imsg *, struct peer_cursor *,
	    bool *secrets);

/* One peer of a PEERS answer, followed by nips prefixes. */
struct peer_info {
	uint32_t	 device;
	bool		 more_of_it;	/* continues the last answer's peer */
	bool		 has_secret;
	uint8_t		 public_key[KEY_SIZE];
	uint8_t		 psk[KEY_SIZE];	/* zero unless has_secret */
	uint16_t	 keepalive;
	uint64_t	 handshake_sec;	/* UNIX time, 0 0: never */
	uint32_t	 handshake_nsec;
	uint64_t	 rx_bytes;
	uint64_t	 tx_bytes;
	/* Since the last completed handshake, for who asks what is wrong: */
	uint32_t	 tries;		/* initiations sent, not answered */
	uint32_t	 bad_response;	/* responses that did not authenticate */
	uint32_t	 stale;		/* initiations with an old timestamp */
	bool		 has_skew;
	int64_t		 skew;		/* its clock minus ours, seconds */
	uint16_t	 nips;
};
#define PEER_INFO_WIRE	123		/* bytes of one without prefixes */
/*
 * PEERS is: bool done, peer_cursor next, then peers, each with its prefixes.
 * The writer builds it with put_*, the reader walks it with get_*.
 */
void	 put_peers_head(struct wbuf *, bool done, const struct peer_cursor *);
void	 get_peers_head(struct rbuf *, bool *done, struct peer_cursor *);
void	 put_peer_info(struct wbuf *, const struct peer_info *);
void	 get_peer_info(struct rbuf *, struct peer_info *);

/* REMOTE_ADD, REMOTE_DEL: n times { device, slot, public key }. */
struct remote_id {
	uint32_t	 device;
	uint16_t	 slot;		/* which of the device's remote keys */
	uint8_t		 public_key[KEY_SIZE];	/* REMOTE_ADD only */
};
#define REMOTE_ADD_WIRE	38
#define REMOTE_DEL_WIRE	6
void	 put_remote_add(struct wbuf *, const struct remote_id *);
void	 get_remote_add(struct rbuf *, struct remote_id *);
void	 put_remote_del(struct wbuf *, const struct remote_id *);
void	 get_remote_del(struct rbuf *, struct remote_id *);

/* LOCAL_KEY: slot 0..3; set false takes it away. */
#define LOCAL_KEYS	4
void	 local_key_send(struct link *, uint8_t slot, bool set,
	    const uint8_t public_key[KEY_SIZE]);
int	 local_key_recv(const struct imsg *, uint8_t *slot, bool *set,
	    uint8_t public_key[KEY_SIZE]);

#endif /* SHARED_MSG_CRYPTO_H */
