/* SPDX-License-Identifier: ISC */
/*
 * A configuration that is to come, made complete beside the one in force:
 * devices, allowed IPs, keys in locked memory.  All that can fail, fails here;
 * the commit takes no memory and is done in one turn.  It knows no link.
 */
#ifndef CRYPTOD_STAGE_H
#define CRYPTOD_STAGE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cryptod/engine.h"
#include "cryptod/keytext.h"
#include "shared/msg_conf.h"

/* In locked memory. */
struct stage_psk {
	uint8_t			 key[NOISE_KEYLEN];
};
struct stage_secret {
	struct noise_local	 local;		/* without: as it is */
	uint8_t			 psk[NOISE_KEYLEN];
	char			 text[KEYTEXT_READ];
};

struct stage_peer {
	STAILQ_ENTRY(stage_peer) entry;
	struct device		*device;
	bool			 fresh;		/* it is yet to be installed */
	bool			 has_psk;
	struct stage_psk	*psk;		/* if not the one in force */
	uint16_t		 keepalive;
	char			 name[CONF_NAME_MAX];
	struct trie_list	 ips;		/* of the stage's trie */
};

struct stage {
	struct engine		*engine;
	struct stage_secret	*secret;
	struct secslab		 psks;
	bool			 open;
	bool			 make_key;	/* and keep secret->local */
	char			 why[CONF_WHY_MAX];	/* "": nothing wrong */
	STAILQ_HEAD(, stage_peer) peers;	/* in order; last: at hand */
	size_t			 npeers;
	size_t			 nfresh;
	struct device_table	 fresh;		/* only its remotes by key */
	struct trie		 allowed;
	size_t			 nown;
	struct engine_own	 own[ENGINE_OWN_MAX];
};

/* 0, or -1 (ENOMEM); takes a little of the arena for ever. */
int	 stage_init(struct stage *, struct engine *, struct secmem *);
/* Without memory it is refused at once. */
void	 stage_begin(struct stage *);
/*
 * The next item, or the key file that is at fd.  -1: it makes no sense there,
 * which is its sender's fault.  Else 0; whatever else is wrong is in why.
 */
int	 stage_item(struct stage *, const struct crypto_item *);
int	 stage_key(struct stage *, enum conf_key, int fd);
/* That was all: can it be had?  If not, why says why not. */
bool	 stage_end(struct stage *);
/* Forgets and wipes it. */
void	 stage_clear(struct stage *);

/* commit.c: what stage_end() said yes to is in force, and the stage clear. */
void	 stage_commit(struct stage *, struct conf_done *);

#endif /* CRYPTOD_STAGE_H */
