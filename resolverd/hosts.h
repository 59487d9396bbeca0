/* SPDX-License-Identifier: ISC */
/*
 * The file of hosts, hosts(5).
 */
#ifndef RESOLVERD_HOSTS_H
#define RESOLVERD_HOSTS_H

#include <stddef.h>

#include "shared/msg_helper.h"

#define HOSTS_MAX	(1024U * 1024)	/* bytes that are read */
#define HOSTS_TTL	60U		/* seconds */

/*
 * The addresses of this name in len bytes of text, at most
 * RESOLVE_ADDRS_MAX; true if there are any.  Wrong lines are passed over.
 */
bool	 hosts_find(const char *text, size_t len, const char *name,
	    struct resolved *);

#endif /* RESOLVERD_HOSTS_H */
