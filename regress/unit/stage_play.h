/* SPDX-License-Identifier: ISC */
/*
 * Configurations for one of two cores that are joined: each is said in a line
 * an item, and comes into force or is refused.
 */
#ifndef REGRESS_UNIT_STAGE_PLAY_H
#define REGRESS_UNIT_STAGE_PLAY_H

#include <stddef.h>
#include <stdint.h>

#include "cryptod/stage.h"
#include "hosts.h"

/* The host that is configured, and its peer. */
extern struct host	 a, b;
extern struct stage	 st;		/* of a */
extern struct conf_done	 done;		/* what the last commit() changed */

/* The fixture of every test: a and b run, and nothing is staged. */
void	 setup(void);
void	 teardown(void);

/* These return what stage_key() and stage_item() do. */
int	 key_text(enum conf_key, const void *text, size_t len);
int	 key_file(enum conf_key, const uint8_t key[32]);
/* Key and name may be NULL: zeros, and the empty one. */
int	 item(enum crypto_op, const uint8_t *key, const char *name,
	    uint16_t keepalive);
/* The prefix as text, for CRYPTO_LOCAL or CRYPTO_ALLOWED_IP. */
int	 address(enum crypto_op, const char *text);

/* A new configuration, with a's private key and address. */
void	 begin(void);
/* A peer of it; ip may be NULL: it has no allowed IPs. */
void	 peer(const uint8_t *key, const char *name, const char *ip);
/* b's public key. */
const uint8_t	*key_b(void);

/* It comes into force, and changes so many peers. */
void	 commit(uint32_t added, uint32_t removed, uint32_t changed,
	    uint32_t kept);
/* It is refused in words with this part; b is a's peer as before. */
void	 refused(const char *part);

#endif /* REGRESS_UNIT_STAGE_PLAY_H */
