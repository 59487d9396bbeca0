/* SPDX-License-Identifier: ISC */
/*
 * Configured mode: what the configuration says about where peers are, by
 * public key.  A table is filled while another one is in force, and takes its
 * place when the parent says so.
 */
#ifndef NETD_STATIC_H
#define NETD_STATIC_H

#include <sys/queue.h>

#include "shared/msg_conf.h"

#define STATIC_MAX	65536U		/* peers */

struct static_peer {
	LIST_ENTRY(static_peer)	 bucket;
	LIST_ENTRY(static_peer)	 entry;
	uint8_t			 key[CONF_KEY_SIZE];
	struct endpoint		 endpoint;	/* family 0: none, or by name */
	uint16_t		 port;		/* with host */
	const char		*name;
	const char		*host;		/* "": none */
	char			 text[];
};
LIST_HEAD(static_list, static_peer);

struct static_table {
	uint8_t			 seed[16];
	struct static_list	*bucket;
	size_t			 buckets;	/* a power of two */
	struct static_list	 list;
	size_t			 n;
};

/* An empty table; NULL (ENOMEM).  sodium_init() comes before. */
struct static_table	*static_new(void);
void			 static_free(struct static_table *);
/* 0, or -1: ENOMEM, EEXIST the key is there, ENOSPC the table is full. */
int			 static_add(struct static_table *,
			    const struct net_item *);
/* NULL if there is none, or no table. */
const struct static_peer *static_find(const struct static_table *,
			    const uint8_t key[CONF_KEY_SIZE]);
/* Does it name an address or a host at all? */
bool			 static_has_place(const struct static_peer *);
/* The same address, or the same host and port?  Names do not matter. */
bool			 static_is_same_place(const struct static_peer *,
			    const struct static_peer *);
/* Counts what the new table changes; the old one may be NULL. */
void			 static_diff(const struct static_table *old,
			    const struct static_table *new,
			    struct conf_done *);

#endif /* NETD_STATIC_H */
