/* SPDX-License-Identifier: ISC */
/*
 * What resolverd needs to resolve names: connected sockets to the name servers
 * of resolv.conf, and /etc/hosts.  resolverd can neither open nor connect one,
 * so it talks to nobody else.
 */
#ifndef PARENT_DNS_H
#define PARENT_DNS_H

#include <event2/event.h>

#include <stdbool.h>
#include <stdint.h>

#include "parent/resolvconf.h"

struct parent;

struct dns {
	struct event		*again;		/* it was wanted too soon */
	uint64_t		 since;		/* of the last look, 0: never */
	struct resolvconf	 servers;	/* those that it has */
	uint32_t		 mark;		/* of their sockets */
	int			 error;		/* that was told last; 0 */
	int			 none;		/* an empty file */
	bool			 has_hosts;	/* resolverd has another */
};

/* 0, or -1 if there is no memory. */
int	 dns_init(struct parent *);
/*
 * Reads resolv.conf anew; sockets are made anew only if it or the mark is
 * another than before.  If it cannot be read, the name servers stay the
 * same.  Hands hosts down in any case; if it was removed, an empty file.
 */
void	 dns_refresh(struct parent *);
/*
 * resolverd has no address for a name: perhaps the name servers or hosts are
 * others, or we have another address now.  New sockets, but not more often
 * than each 10 seconds.
 */
void	 dns_wanted(struct parent *);

#endif /* PARENT_DNS_H */
