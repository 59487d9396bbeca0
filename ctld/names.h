/* SPDX-License-Identifier: ISC */
/*
 * What the configuration says that is only to be shown: where it and the key
 * are, addresses, and the names of the peers.  A leaf; the parent's show_items
 * go in one by one.
 */
#ifndef CTLD_NAMES_H
#define CTLD_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/msg_conf.h"

#define NAMES_MAX		65536	/* peers */
#define NAMES_ADDRESSES		1024	/* bytes of the list of addresses */

struct name {
	struct name	*by_key;	/* the next of its chain */
	struct name	*by_name;
	uint8_t		 key[CONF_KEY_SIZE];
	bool		 psk;		/* it has a preshared key */
	char		 name[CONF_NAME_MAX];
	char		 endpoint[];	/* as configured, or "" */
};

struct names;

/* NULL: ENOMEM. */
struct names	*names_new(void);
void		 names_free(struct names *);
/*
 * Adds an item.  0, or -1: EBADMSG, it makes no sense here; E2BIG, too many
 * peers; EEXIST, a name or key comes twice; ENOMEM.
 */
int		 names_add(struct names *, const struct show_item *);

/* The peer of that key, or of exactly that name; NULL: there is none. */
const struct name	*names_by_key(const struct names *,
			    const uint8_t key[CONF_KEY_SIZE]);
const struct name	*names_by_name(const struct names *, const char *);

/* Texts, "" if it is not known. */
const char	*names_file(const struct names *);
const char	*names_key_source(const struct names *);
const char	*names_addresses(const struct names *);	/* "a, b, ..." */
const char	*names_routes(const struct names *);
size_t		 names_count(const struct names *);
/* About how many bytes it takes. */
size_t		 names_memory(const struct names *);

#endif /* CTLD_NAMES_H */
