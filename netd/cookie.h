/* SPDX-License-Identifier: ISC */
/*
 * mac1, mac2 and cookies of the WireGuard paper, 5.3 and 5.4.7.  All of it is
 * made of public keys only.  The checker belongs to one of our own public
 * keys, the maker to a remote public key and the path to it.
 */
#ifndef NETD_COOKIE_H
#define NETD_COOKIE_H

#include <netinet/in.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COOKIE_KEY_LEN		32	/* public keys and all derived ones */
#define COOKIE_LEN		16
#define COOKIE_MAC_LEN		16
#define COOKIE_REPLY_LEN	64

/* Nanoseconds.  The maker stops using a cookie LATENCY before its end. */
#define COOKIE_SECRET_MAX_AGE	(120 * 1000000000ULL)
#define COOKIE_SECRET_LATENCY	(5 * 1000000000ULL)

struct cookie_checker {
	uint8_t		mac1_key[COOKIE_KEY_LEN];
	uint8_t		cookie_key[COOKIE_KEY_LEN];
	uint8_t		secret[COOKIE_KEY_LEN];		/* R */
	uint64_t	secret_birth;
};

struct cookie_maker {
	uint8_t		mac1_key[COOKIE_KEY_LEN];
	uint8_t		cookie_key[COOKIE_KEY_LEN];
	uint8_t		last_mac1[COOKIE_MAC_LEN];
	uint8_t		cookie[COOKIE_LEN];
	uint64_t	birth;		/* when the cookie came, ns */
	bool		have_last;	/* last_mac1 was sent, not answered */
	bool		have_cookie;
};

/* Begin to check what is sent to this public key of ours, at now (ns). */
void	cookie_checker_init(struct cookie_checker *c,
	    const uint8_t pub[COOKIE_KEY_LEN], uint64_t now);
void	cookie_checker_clear(struct cookie_checker *c);

/*
 * Is msg an initiation or response, by type and exact length, whose mac1
 * was made for our key?
 */
bool	cookie_checker_mac1_ok(const struct cookie_checker *c,
	    const uint8_t *msg, size_t len);

/*
 * Is its mac2 right for this source address (4 or 16 bytes) and port?  The
 * port is in network order, as in a sockaddr.
 */
bool	cookie_checker_mac2_ok(struct cookie_checker *c, const uint8_t *msg,
	    size_t len, const void *addr, size_t addrlen, in_port_t port,
	    uint64_t now);

/* The cookie of a source, under a secret at most 120 s old. */
void	cookie_make(struct cookie_checker *c, const void *addr,
	    size_t addrlen, in_port_t port, uint64_t now,
	    uint8_t cookie[COOKIE_LEN]);

/*
 * Write to out the cookie reply for an initiation or response from this
 * source whose mac1 is right.  -1: msg is neither.
 */
int	cookie_reply_make(struct cookie_checker *c, const uint8_t *msg,
	    size_t len, const void *addr, size_t addrlen, in_port_t port,
	    uint64_t now, uint8_t out[COOKIE_REPLY_LEN]);

/* Begin to send to the owner of this public key by one path. */
void	cookie_maker_init(struct cookie_maker *m,
	    const uint8_t pub[COOKIE_KEY_LEN]);
void	cookie_maker_clear(struct cookie_maker *m);

/*
 * Fill in mac1 and mac2 of an initiation or response; mac2 is 16 zero bytes
 * unless a cookie is known that is young enough at now (ns).  mac1 is
 * remembered for the reply.  -1: msg is neither, by type and length.
 */
int	cookie_maker_fill(struct cookie_maker *m, uint8_t *msg, size_t len,
	    uint64_t now);

/*
 * Take the cookie out of a cookie reply; the caller has matched its
 * receiver index.  Returns 0, or -1 if no message of ours is unanswered or
 * the reply is forged, and then nothing changes.  Nothing is sent again at
 * once: the next regular handshake message carries the cookie.
 */
int	cookie_maker_consume(struct cookie_maker *m,
	    const uint8_t reply[COOKIE_REPLY_LEN], uint64_t now);

#endif /* NETD_COOKIE_H */
