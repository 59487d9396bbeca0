/* SPDX-License-Identifier: ISC */
/*
 * Handshake messages of the last second, by their mac1: a second copy of one
 * is dropped before it costs a key exchange.
 */
#ifndef NETD_DEDUPE_H
#define NETD_DEDUPE_H

#include <stdbool.h>
#include <stdint.h>

#define DEDUPE_MAC_LEN	16
#define DEDUPE_KEY_LEN	16
#define DEDUPE_WINDOW	1000000000ULL	/* ns */
#define DEDUPE_SETS	1024
#define DEDUPE_WAYS	4

struct dedupe {
	uint8_t		 key[DEDUPE_KEY_LEN];
	struct dedupe_entry {
		uint8_t		 mac[DEDUPE_MAC_LEN];
		uint64_t	 when;		/* ns; 0: unused */
	}		 entry[DEDUPE_SETS][DEDUPE_WAYS];
};

/* Empty, with a random key: outsiders choose what goes in. */
void	 dedupe_init(struct dedupe *);
/* Was this mac1 remembered less than a second before now (ns)? */
bool	 dedupe_seen(const struct dedupe *, const uint8_t mac[DEDUPE_MAC_LEN],
	    uint64_t now);
/* Remembers it, in the place of the oldest of its set. */
void	 dedupe_remember(struct dedupe *, const uint8_t mac[DEDUPE_MAC_LEN],
	    uint64_t now);

#endif /* NETD_DEDUPE_H */
