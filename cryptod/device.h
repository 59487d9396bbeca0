/* SPDX-License-Identifier: ISC */
/*
 * Who is who.  A device is one that we talk to: it owns allowed IPs, counters
 * and packets that wait.  It has one or two remote keys, each with its
 * handshake and sessions.  Ids are never reused in an instance's life; their
 * order is the order of creation.
 */
#ifndef CRYPTOD_DEVICE_H
#define CRYPTOD_DEVICE_H

#include <sys/queue.h>
#include <sys/tree.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "cryptod/noise.h"
#include "cryptod/peer_timers.h"
#include "cryptod/trie.h"

#define DEVICES_MAX		65536
#define DEVICE_IPS_MAX		262144	/* prefixes of all of them */
#define DEVICE_REMOTES		2
#define DEVICE_BUCKETS		65536
#define REMOTE_NAME		72	/* "peer xTIBA5rb", "peer alice", NUL */
#define ENGINE_FROM		48	/* bytes of netd's own note */

struct engine;
struct keypair;
struct stage_peer;
struct staged;

/* In locked memory. */
struct remote_secret {
	struct noise_remote	 noise;
	struct noise_handshake	 handshake;
};

/*
 * What may be wrong between us and it, since the last completed handshake or
 * change of a key.  Its clock is measured at each of its initiations that is
 * accepted, or refused as too old: what that said holds for SKEW_FRESH.
 */
#define SKEW_FRESH	(10 * 60 * CLOCK_NSEC_PER_SEC)

struct remote_health {
	uint32_t		 tries;		/* initiations sent */
	uint32_t		 bad_response;	/* that did not authenticate */
	uint32_t		 stale;		/* initiations, old timestamp */
	uint8_t			 stale_label[TAI64N_LEN]; /* last of them */
	bool			 has_skew;
	bool			 skew_is_stale;
	int64_t			 skew;		/* its clock minus ours, s */
	uint64_t		 skew_at;	/* when it was measured */
};

struct remote {
	LIST_ENTRY(remote)	 entry;		/* by public key */
	struct device		*device;
	uint16_t		 slot;		/* in device->remote */
	uint8_t			 local;		/* slot of our key for it */
	uint8_t			 public[NOISE_KEYLEN];
	struct remote_secret	*secret;
	struct keypair		*previous;
	struct keypair		*current;
	struct keypair		*next;
	struct peer_timers	 timers;
	uint64_t		 last_sent_handshake;	/* 0: never */
	uint64_t		 not_before;	/* no initiation till then */
	uint64_t		 last_initiation;	/* accepted; 0: never */
	uint8_t			 last_label[TAI64N_LEN];	/* sent (P11) */
	struct timespec		 completed;	/* wall time; 0: never */
	struct remote_health	 health;
};
LIST_HEAD(remote_bucket, remote);

STAILQ_HEAD(staged_queue, staged);
TAILQ_HEAD(staged_list, staged);

struct device {
	RB_ENTRY(device)	 entry;		/* by id */
	struct engine		*engine;
	uint32_t		 id;
	char			 name[REMOTE_NAME];
	struct remote		*remote[DEVICE_REMOTES];
	struct trie_list	 ips;		/* in order of insertion */
	struct staged_queue	 staged;
	size_t			 nstaged;
	uint64_t		 rx_bytes;
	uint64_t		 tx_bytes;
	uint32_t		 auth_path;	/* last path told to netd */
	uint16_t		 keepalive;	/* seconds, 0 off */
	bool			 has_endpoint;	/* netd knows one */
	bool			 has_from;
	bool			 resume;	/* to be called, see resume.h */
	uint8_t			 from[ENGINE_FROM];	/* authentic, last */
	int64_t			 heard;		/* wall time, s; 0: never */
	struct stage_peer	*coming;	/* what it is to become */
};
RB_HEAD(device_tree, device);

struct device_table {
	struct device_tree	 tree;
	struct remote_bucket	*bucket;	/* remotes by public key */
	uint8_t			 key[16];	/* of SipHash, random */
	size_t			 count;
	uint32_t		 last_id;
};

/* 0, or -1 (ENOMEM). */
int	 device_table_init(struct device_table *);
/* The devices must be gone. */
void	 device_table_clear(struct device_table *);

/*
 * A new device with this public key, which no other one has.  NULL:
 * ENOSPC (65536 of them, or no id left) or ENOMEM.
 */
struct device	*device_new(struct engine *, const uint8_t *public);
/* The same in two steps: one that nobody can find yet.  NULL: ENOMEM. */
struct device	*device_alloc(struct engine *, const uint8_t *public);
/* It joins the others, which it must not be one too many of, and netd. */
void		 device_install(struct engine *, struct device *);
/* Frees one that was not installed. */
void		 device_discard(struct engine *, struct device *);
/* What logs call it: "peer NAME", or by its key if name is "". */
void		 device_rename(struct device *, const char *name);
/* Seconds, 0: off.  True if the next is due sooner: device_wake() it. */
bool		 device_set_keepalive(struct engine *, struct device *,
		    uint16_t);
/* After changes: sends soon what waits, or the first keepalive (P5). */
void		 device_wake(struct engine *, struct device *, bool keepalive);
/* Wipes, frees and forgets it, and tells netd. */
void		 device_remove(struct engine *, struct device *);
void		 device_remove_all(struct engine *);
struct device	*device_find(struct engine *, uint32_t id);
/* The first one whose id is not below, or NULL. */
struct device	*device_from(struct engine *, uint32_t id);
struct device	*device_next(struct device *);
/* By a keyed hash, as outsiders choose what is looked up. */
struct remote	*remote_find(struct engine *, const uint8_t *public);
/* The same in, and into, another table than the engine's. */
struct remote	*remote_find_in(struct device_table *, const uint8_t *public);
void		 remote_hash(struct device_table *, struct remote *);
void		 remote_unhash(struct remote *);
/* NULL is all zero.  What failed with another one is forgotten. */
void		 remote_set_psk(struct remote *, const uint8_t *psk);
/* The remote key that packets to the device are sealed for. */
struct remote	*device_sender(struct device *);
/* Was its clock measured less than SKEW_FRESH ago? */
bool		 remote_clock_is_fresh(const struct remote *);
/* Makes sure that the static DH is known for our key; lazily, as it costs. */
void		 remote_prepare(struct engine *, struct remote *);

/*
 * Makes the device the owner of a prefix in this trie, the engine's or one
 * that is to come, as trie_insert() does.  NULL: also ENOSPC, if the prefix
 * is new and there are DEVICE_IPS_MAX of them; one that is there can move.
 */
struct trie_entry *device_own(struct trie *, struct device *, int family,
	    const uint8_t *addr, unsigned cidr, struct device **old);
/*
 * Gives the prefix to the device; it may have been another's.  0, or -1:
 * ENOSPC, ENOMEM, and nothing has changed.
 */
int	 device_ip_add(struct engine *, struct device *, int family,
	    const uint8_t *addr, unsigned cidr);
/* Takes it away if it is this device's. */
void	 device_ip_del(struct engine *, struct device *, int family,
	    const uint8_t *addr, unsigned cidr);
void	 device_ips_clear(struct engine *, struct device *);

#endif /* CRYPTOD_DEVICE_H */
