/* SPDX-License-Identifier: ISC */
/*
 * Configured mode: how a configuration reaches cryptod, netd and ctld, each
 * the parts that it needs, and how key and state files are handed over.
 *
 *	parent				child
 *	CONF_BEGIN, CONF_ITEMS...,
 *	CONF_KEY..., CONF_END	-->	(prepares, nothing changes)
 *			<--	CONF_READY or CONF_NO(why)
 *	CONF_COMMIT or CONF_ABORT -->
 *			<--	CONF_DONE, after COMMIT
 *
 * All messages of one transaction carry its number as their id.  Every
 * x_recv returns 0, or -1 (EBADMSG) on any wrong byte.
 */
#ifndef SHARED_MSG_CONF_H
#define SHARED_MSG_CONF_H

#include "shared/addr.h"
#include "shared/link.h"

#define CONF_KEY_SIZE	32		/* a public key */
#define CONF_NAME_MAX	64		/* of a peer, NUL included */
#define CONF_HOST_MAX	254		/* of an endpoint, NUL included */
#define CONF_PATH_MAX	1024		/* of a file, NUL included */
#define CONF_WHY_MAX	512		/* of a refusal, NUL included */

/* initial: the first one since the start. */
void	 conf_begin_send(struct link *, uint32_t id, bool initial);
int	 conf_begin_recv(const struct imsg *, bool *initial);
/* len bytes made by the put_* below, at most MSG_PAYLOAD. */
void	 conf_items_send(struct link *, uint32_t id, const void *, size_t len);
/* END, READY, COMMIT and ABORT carry nothing but the id. */
void	 conf_plain_send(struct link *, uint16_t type, uint32_t id);
/* why is cut to CONF_WHY_MAX. */
void	 conf_no_send(struct link *, uint32_t id, const char *why);
int	 conf_no_recv(const struct imsg *, char why[CONF_WHY_MAX]);

struct conf_done {
	uint32_t	 added;		/* peers */
	uint32_t	 removed;
	uint32_t	 changed;
	uint32_t	 kept;		/* as they were */
};
void	 conf_done_send(struct link *, uint32_t id, const struct conf_done *);
int	 conf_done_recv(const struct imsg *, struct conf_done *);

/* CONF_KEY: the file's text is a key in base64, as wg genkey prints it. */
enum conf_key {
	CONF_KEY_PRIVATE = 1,		/* our own */
	CONF_KEY_PSK			/* of the peer whose item came last */
};
void	 conf_key_send(struct link *, uint32_t id, enum conf_key, int fd);
int	 conf_key_recv(const struct imsg *, enum conf_key *);

/* Items for cryptod. */
enum crypto_op {
	CRYPTO_MAKE_KEY = 1,		/* there is none yet: make a private key
					 * and write it to its slot */
	CRYPTO_LOCAL,			/* prefix: an address of this host */
	CRYPTO_PEER,			/* key, keepalive, name */
	CRYPTO_ALLOWED_IP		/* prefix, of the last peer */
};
struct crypto_item {
	enum crypto_op	 op;
	uint8_t		 key[CONF_KEY_SIZE];
	uint16_t	 keepalive;	/* seconds, 0 off */
	char		 name[CONF_NAME_MAX];
	struct prefix	 prefix;
};
#define CRYPTO_ITEM_MAX	128		/* bytes of the largest one */
void	 put_crypto_item(struct wbuf *, const struct crypto_item *);
void	 get_crypto_item(struct rbuf *, struct crypto_item *);

/* Items for netd: a peer each, also one without an endpoint. */
struct net_item {
	uint8_t		 key[CONF_KEY_SIZE];
	char		 name[CONF_NAME_MAX];
	struct endpoint	 endpoint;	/* family 0: none, or by name */
	char		 host[CONF_HOST_MAX];	/* to be resolved, or "" */
	uint16_t	 port;		/* with host */
};
#define NET_ITEM_MAX	384
void	 put_net_item(struct wbuf *, const struct net_item *);
void	 get_net_item(struct rbuf *, struct net_item *);

/* Items for ctld: what to show. */
enum show_op {
	SHOW_ITEM_INSTANCE = 1,		/* text: the configuration's file */
	SHOW_ITEM_KEY,			/* text: where the private key is */
	SHOW_ITEM_ADDRESS,		/* text: "10.66.0.1/24" */
	SHOW_ITEM_ROUTES,		/* text: "main", "none", "table 51" */
	SHOW_ITEM_PEER,			/* key, name; text: its endpoint */
	SHOW_ITEM_PSK			/* the last peer has one */
};
struct show_item {
	enum show_op	 op;
	uint8_t		 key[CONF_KEY_SIZE];
	char		 name[CONF_NAME_MAX];
	char		 text[CONF_PATH_MAX];
};
#define SHOW_ITEM_MAX	1184
void	 put_show_item(struct wbuf *, const struct show_item *);
void	 get_show_item(struct rbuf *, struct show_item *);

/* The files of the state directory that cryptod reads and writes. */
enum slot {
	SLOT_KEY = 1,			/* the private key, in base64 */
	SLOT_SESSIONS,			/* who was there, and when; see cryptod */
	SLOT_COUNT
};
/* fd: to read what is there (write false), or to fill (write true). */
void	 slot_fd_send(struct link *, enum slot, bool write, int fd);
int	 slot_fd_recv(const struct imsg *, enum slot *, bool *write);
void	 slot_want_send(struct link *, enum slot);
int	 slot_want_recv(const struct imsg *, enum slot *);
/* error is an errno; 0: all is written, or, with DONE, on disk. */
void	 slot_written_send(struct link *, enum slot, int error);
void	 slot_done_send(struct link *, enum slot, int error);
/* Of either. */
int	 slot_error_recv(const struct imsg *, enum slot *, int *error);

/* RELOAD, and its answer: an errno and what to tell the operator. */
#define RELOAD_TEXT_MAX	2000
void	 reload_send(struct link *, uint32_t id);
void	 reload_done_send(struct link *, uint32_t id, int error,
	    const char *text);
int	 reload_done_recv(const struct imsg *, int *error,
	    char text[RELOAD_TEXT_MAX]);

#endif /* SHARED_MSG_CONF_H */
