/* SPDX-License-Identifier: ISC */
/*
 * One thing that the parent makes in the kernel's routing: an address, a
 * route, a rule, a switch.  A configuration is a sorted list of these, and a
 * reload is the difference of two lists.  Leaf: no sockets here.
 */
#ifndef PARENT_KERNEL_ITEM_H
#define PARENT_KERNEL_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parent/conf.h"
#include "shared/addr.h"

/* The order is the one of making; they go in the opposite one. */
enum item_kind {
	ITEM_UNREACHABLE,	/* in table T: not for our own packets */
	ITEM_RULE_MARK,		/* fwmark MARK lookup T */
	ITEM_ADDRESS,
	ITEM_ROUTE,		/* an allowed IP, by our interface */
	ITEM_SRC_MARK,		/* src_valid_mark = 1 */
	ITEM_RULE_MAIN,		/* not fwmark MARK lookup main but /0 */
	ITEM_RULE_DEFAULT,	/* not fwmark MARK lookup T2 */
	ITEM_KINDS
};

/* Priorities of the rules; the first two kinds of tools look from 0 up. */
#define ITEM_PREF_MARK		5200
#define ITEM_PREF_MAIN		5201
#define ITEM_PREF_DEFAULT	5202
#define ITEM_PROTO		119	/* of routes and rules: who made them */
#define ITEM_TABLE_MAIN		254

/* State: bits that only kernel*.c sets. */
#define ITEM_ADDED	0x01	/* by the change that is under way */
#define ITEM_SEEN	0x02	/* the kernel has it, said the last dump */
#define ITEM_MISSING	0x04	/* it is not there */
#define ITEM_LOST	0x08	/* somebody took it away; that was told */
#define ITEM_FAILED	0x10	/* the kernel refused just now */
#define ITEM_TOLD	0x20	/* it was lost before this look */
#define ITEM_ANOTHERS	0x40	/* what is there is not ours to remove */

struct item {
	uint8_t		 kind;
	uint8_t		 state;
	uint16_t	 order;		/* addresses: as in the file */
	uint16_t	 error;		/* if ITEM_FAILED: an errno */
	bool		 connected;	/* a route: the kernel makes it with
					 * an address of that network */
	struct prefix	 prefix;	/* of rules only the family */
	uint32_t	 table;
	uint32_t	 mark;		/* rules */
	uint32_t	 pid;		/* who took it away, or 0 */
	uint8_t		 source[4];	/* a connected route of IPv4 that we
					 * make: as the kernel's */
};
#define ITEM_TEXT	160

struct items {
	struct item	*at;
	size_t		 n;
	size_t		 room;
};

/* The tables of an instance: marked packets; 0.0.0.0/0 and ::/0. */
uint32_t	 item_table(const char *instance);
uint32_t	 item_table_default(const char *instance);

/* Total order of what they are; how they are made does not count. */
int		 item_cmp(const struct item *, const struct item *);
/* Does it go by itself when the interface goes? */
bool		 item_is_device(const struct item *);
bool		 item_is_rule(const struct item *);
/* "address 10.66.0.1/24", "route 192.0.2.0/24 in table main"... */
void		 item_print(const struct item *, char text[ITEM_TEXT]);
/* The same without its kind and table: "192.0.2.0/24". */
void		 item_print_bare(const struct item *, char text[ITEM_TEXT]);
const char	*item_kind_name(const struct item *);

/* An error leaves the list as it was: -1 (ENOMEM). */
int		 items_add(struct items *, const struct item *);
void		 items_sort(struct items *);		/* and no duplicates */
/* In a sorted list; NULL if it is not there. */
struct item	*items_find(const struct items *, const struct item *);
void		 items_free(struct items *);

/* The network of an address: host bits are zero. */
struct prefix	 prefix_network(const struct prefix *address);
/* Does a contain b (equal counts)?  Different families: no. */
bool		 prefix_covers(const struct prefix *a, const struct prefix *b);

/*
 * What a configuration asks for: a sorted list.  Without IPv6 in the kernel
 * nothing of IPv6 is in it but addresses, and *skipped counts what is not.
 * 0, or -1 (ENOMEM).
 */
int		 items_want(struct items *, const struct conf *,
		    const char *instance, bool inet6, size_t *skipped);

#endif /* PARENT_KERNEL_ITEM_H */
