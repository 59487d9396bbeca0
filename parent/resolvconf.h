/* SPDX-License-Identifier: ISC */
/*
 * The name servers of resolv.conf(5).  A leaf: text in, addresses out.
 */
#ifndef PARENT_RESOLVCONF_H
#define PARENT_RESOLVCONF_H

#include <stddef.h>
#include <stdint.h>

#include "shared/addr.h"

#define RESOLVCONF_SERVERS	3	/* as libc: what follows is not read */
#define RESOLVCONF_SCOPE	16	/* of an address, NUL included */
#define RESOLVCONF_PORT		53

struct resolvconf {
	size_t		 n;
	struct {
		struct endpoint	 at;
		/* An interface by name, for the caller to look up, or "". */
		char		 scope[RESOLVCONF_SCOPE];
	}		 server[RESOLVCONF_SERVERS];
};

/*
 * Reads the "nameserver ADDRESS" lines of len bytes of text.  Other lines and
 * wrong addresses are passed over, as libc does; n may be 0.
 */
void	 resolvconf_read(struct resolvconf *, const char *text, size_t len);

#endif /* PARENT_RESOLVCONF_H */
