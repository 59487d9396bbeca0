/* SPDX-License-Identifier: ISC */
/*
 * Internet endpoints and prefixes as messages carry them.
 */
#ifndef SHARED_ADDR_H
#define SHARED_ADDR_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/codec.h"

/* family is AF_INET (addr[0..3]), AF_INET6 or 0: none. */
struct endpoint {
	uint8_t		 family;
	uint8_t		 addr[16];
	uint16_t	 port;		/* host order */
	uint32_t	 scope;		/* IPv6 link-local only, else 0 (P33) */
};
#define ENDPOINT_WIRE	23		/* bytes of an encoded endpoint */
#define ENDPOINT_TEXT	80		/* bytes of its longest text */

struct prefix {
	uint8_t		 family;	/* AF_INET, AF_INET6 */
	uint8_t		 cidr;
	uint8_t		 addr[16];
};
#define PREFIX_WIRE	18
#define PREFIX_TEXT	64

void	 put_endpoint(struct wbuf *, const struct endpoint *);
/* Fails the buffer unless the family is known and unused bytes are zero. */
void	 get_endpoint(struct rbuf *, struct endpoint *);
void	 put_prefix(struct wbuf *, const struct prefix *);
void	 get_prefix(struct rbuf *, struct prefix *);

/* "1.2.3.4:5", "[v6]:5", "[fe80::1%2]:5"; numbers only. 0 or -1 (EINVAL). */
int	 endpoint_parse(struct endpoint *, const char *);
void	 endpoint_print(const struct endpoint *, char *, size_t);
/* "10.0.0.0/8", "fd00::/8", "10.0.0.1"; 0 or -1 (EINVAL). */
int	 prefix_parse(struct prefix *, const char *);
void	 prefix_print(const struct prefix *, char *, size_t);

/* 0, or -1 (ENODEV/EINVAL); the address part of a sockaddr_in or _in6. */
int	 endpoint_to_sockaddr(const struct endpoint *,
	    struct sockaddr_storage *, socklen_t *);
int	 endpoint_from_sockaddr(struct endpoint *, const struct sockaddr *);

/* ::ffff:0:0/96: an IPv4 address that is written as one of IPv6. */
bool	 addr_is_mapped(const uint8_t addr[16]);
/* 169.254/16, fe80::/10: means something on one link only (P33). */
bool	 addr_is_link_local(int family, const uint8_t addr[16]);
/* 127/8, ::1 */
bool	 addr_is_loopback(int family, const uint8_t addr[16]);
/*
 * No single host's: unspecified, multicast, broadcast.  Linux routes the rest
 * of 0/8 and 240/4 like any address.
 */
bool	 addr_is_special(int family, const uint8_t addr[16]);

#endif /* SHARED_ADDR_H */
