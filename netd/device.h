/* SPDX-License-Identifier: ISC */
/*
 * The devices as netd knows them: a number, the public keys that its
 * envelopes are made with, what is configured of it, and where it is.  Ids
 * come from cryptod.
 */
#ifndef NETD_DEVICE_H
#define NETD_DEVICE_H

#include <sys/queue.h>

#include "netd/cookie.h"
#include "netd/names.h"
#include "netd/source.h"
#include "netd/static.h"

#define DEVICE_SLOTS	2		/* remote keys of a device */
#define DEVICE_BUCKETS	16384U
#define DEVICE_MAX	65536U		/* as many as cryptod may have */

/* One of our addresses, and the interface where datagrams to it come in. */
struct device_way {
	uint8_t		 family;	/* 0: none */
	uint8_t		 local[16];
	uint32_t	 ifindex;
};

struct device {
	LIST_ENTRY(device)	 by_id;
	LIST_ENTRY(device)	 by_sender;
	TAILQ_ENTRY(device)	 entry;
	uint32_t		 id;
	uint32_t		 sender;	/* of its last handshake; 0 */
	uint8_t			 sender_slot;
	bool			 has_key[DEVICE_SLOTS];
	bool			 told;		/* its send error was logged */
	uint16_t		 error;		/* of the last send; 0: none */
	/* Trains of longer datagrams than this go out one by one; 0: any. */
	uint16_t		 gso_limit;
	uint64_t		 gso_again;	/* ns: when that is forgotten */
	struct source		 at;
	struct device_way	 asked;		/* about its route */
	bool			 unchecked;	/* it is another by now */
	/*
	 * Its route leaves by another interface.  It is no source, however
	 * many datagrams still come in that way, until the route is back or
	 * the peer has another address.
	 */
	struct device_way	 refused;
	/*
	 * Where it was before a place remembered from before a restart: they
	 * have turns until it is heard.  Family 0: there is none.
	 */
	struct endpoint		 other;
	struct cookie_maker	 maker[DEVICE_SLOTS];
	uint8_t			 key[COOKIE_KEY_LEN];	/* its first */
	const struct static_peer *peer;		/* NULL: not configured */
	struct name_user	 user;		/* endpoint by name */
};
LIST_HEAD(device_bucket, device);
TAILQ_HEAD(device_list, device);

struct device_table {
	struct device_bucket	*by_id;
	struct device_bucket	*by_sender;
	struct device_list	 list;
	struct device		*cursor;	/* of a walk in steps */
	size_t			 n;
	/* A device is about to be freed.  May be NULL. */
	void			(*gone)(void *arg, struct device *);
	void			*arg;
};

/* 0, or -1 (ENOMEM). */
int		 device_table_init(struct device_table *);
void		 device_table_clear(struct device_table *);
struct device	*device_find(const struct device_table *, uint32_t id);
/*
 * Sets a remote key, making the device if it is new.  NULL: ENOMEM, or ENOSPC
 * if there are DEVICE_MAX already.
 */
struct device	*device_add_key(struct device_table *, uint32_t id,
		    unsigned slot, const uint8_t pub[COOKIE_KEY_LEN]);
/* Takes a key away; with the last one goes the device. */
void		 device_del_key(struct device_table *, uint32_t id,
		    unsigned slot);
/* The maker of the key to use, and its slot; NULL if it has none. */
struct cookie_maker *device_maker(struct device *, uint8_t *slot);
/* Remembers the index under which its last handshake was sent. */
void		 device_set_sender(struct device_table *, struct device *,
		    uint8_t slot, uint32_t index);
/* Whose last handshake went out under this index?  NULL: nobody's. */
struct device	*device_by_sender(const struct device_table *,
		    uint32_t index);
/* Is it there, by that way?  No route looks at the port. */
bool		 device_is_path(const struct device *, const struct source *);
/* It will be there: the route to another address says nothing any more. */
void		 device_leads(struct device *, const struct endpoint *to);
/* Is this the way that a source came in by, or would leave by? */
bool		 device_is_way(const struct device_way *,
		    const struct source *);
/* A walk that bears removal between its steps; NULL at the end. */
void		 device_walk_begin(struct device_table *);
struct device	*device_walk(struct device_table *);

#endif /* NETD_DEVICE_H */
