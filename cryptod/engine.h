/* SPDX-License-Identifier: ISC */
/*
 * The protocol core without a process around it: devices, sessions, timers
 * and tables, the time, and hooks for whatever goes out.  cryptod wires the
 * hooks to rings and the TUN; a test wires two engines to each other.
 */
#ifndef CRYPTOD_ENGINE_H
#define CRYPTOD_ENGINE_H

#include "cryptod/counters.h"
#include "cryptod/device.h"
#include "cryptod/icmp.h"
#include "cryptod/index.h"
#include "cryptod/loopguard.h"
#include "cryptod/noise.h"
#include "cryptod/strangers.h"
#include "cryptod/trie.h"
#include "shared/log.h"
#include "shared/secmem.h"
#include "shared/timer.h"

#define ENGINE_LOCAL_KEYS	4
#define ENGINE_STOCK		0	/* slot of the key for stock peers */
#define ENGINE_TAILROOM		16	/* writable bytes after a packet */
#define ENGINE_STAGED_MAX	8192	/* packets that wait, all devices */
#define ENGINE_OWN_MAX		64	/* addresses of this host */
/* A write of the mark is due when a label is so near to it (s). */
#define ENGINE_MARK_NEAR	30

/* Where an inbound datagram came from, as netd put it. */
struct origin {
	uint32_t	 path;
	uint8_t		 ecn;			/* of the outer header */
	uint8_t		 local_key;		/* slot that mac1 matched */
	const uint8_t	*from;			/* ENGINE_FROM bytes, opaque */
};

/* What somebody who watches may want to know. */
struct engine_event {
	enum {
		ENGINE_HANDSHAKE,		/* completed */
		ENGINE_HANDSHAKE_FAILED,	/* no answer, given up */
		ENGINE_BAD_RESPONSE,		/* it does not authenticate */
		ENGINE_STALE,			/* an old timestamp */
		ENGINE_STRANGER,		/* nobody has this public key */
		ENGINE_EXPIRED			/* its session keys are wiped */
	}			 what;
	const struct remote	*remote;	/* NULL for a stranger */
	const uint8_t		*public;	/* whose key it is */
};

/* An own address: nobody else may send from it. */
struct engine_own {
	uint8_t	 version;			/* 4 or 6 */
	uint8_t	 addr[16];
};

struct engine_hooks {
	void	*arg;
	/*
	 * Room for one transport datagram of len bytes, filled in by the
	 * caller at once; NULL when there is none.
	 */
	uint8_t	*(*data)(void *, const struct device *, uint8_t ecn,
		    size_t len);
	/* Send message 1 or 2, macs still zero; flags RING_F_*. 0 or -1. */
	int	 (*handshake)(void *, const struct device *, uint8_t flags,
		    const uint8_t *msg, size_t len);
	/*
	 * The device is authentically there: 0, or -1: not told.  Urgent is
	 * what goes with a handshake.
	 */
	int	 (*auth)(void *, const struct device *, const struct origin *,
		    bool urgent);
	/* An inner packet for this host. */
	void	 (*tun)(void *, const uint8_t *p, size_t len);
	/* What netd must know to check the envelope. */
	void	 (*remote_added)(void *, const struct remote *);
	void	 (*remote_removed)(void *, const struct remote *);
	void	 (*local_changed)(void *, uint8_t slot,
		    const struct noise_local *);
	/* Called only while `watched' is set.  May be NULL. */
	void	 (*event)(void *, const struct engine_event *);
	/* Waits for work that uses session keys.  NULL: there is none. */
	void	 (*settle)(void *);
};

struct engine {
	uint64_t		 now;		/* CLOCK_BOOTTIME */
	bool			 up;
	/* Of the link, or INNER_MAX if that is less; 0: unknown. */
	uint32_t		 mtu;
	struct engine_hooks	 out;
	struct timer_wheel	 wheel;
	struct device_table	 devices;
	struct index_table	 index;
	struct trie		 allowed;
	struct loopguard	 guard;
	struct icmp_limit	 icmp;
	struct counters		 n;
	struct noise_local	*local[ENGINE_LOCAL_KEYS]; /* locked */
	struct secslab		 remotes;	/* struct remote_secret */
	struct secslab		 sessions;	/* struct session_keys */
	size_t			 keypairs;
	size_t			 staged;
	struct staged_list	 staged_all;	/* oldest first */
	/* Of removed remotes, or another life: new remotes start above. */
	uint8_t			 label_floor[TAI64N_LEN];
	uint8_t			 label_top[TAI64N_LEN];	/* greatest sent */
	uint8_t			 label_mark[TAI64N_LEN]; /* that on disk */
	bool			 news;		/* for the sessions file */
	bool			 watched;	/* events are wanted */
	size_t			 nown;
	struct engine_own	 own[ENGINE_OWN_MAX];
	struct strangers	 strangers;
	uint16_t		 dice[32];	/* random, for timers */
	unsigned		 ndice;		/* not used up */
	int64_t			 wall_offset;	/* REALTIME - BOOTTIME, s */
	bool			 wall_known;
	uint64_t		 jumped;	/* when it was; 0: never */
	int64_t			 wall_top;	/* latest known to have been */
	struct log_limit	 log_packet;	/* lines that peers trigger */
	struct log_limit	 log_loop;	/* those that our routes do */
	struct log_limit	 log_clock;
	struct log_limit	 limit_strangers;	/* proofs of keys */
};

/*
 * arena holds the secrets.  0, or -1 (ENOMEM).  The hooks are set by the
 * caller afterwards, and index_publish() is called.
 */
int	 engine_init(struct engine *, struct secmem *arena);
/* Wipes everything. */
void	 engine_clear(struct engine *);
/* Reads the clocks; at the start of each turn and callback. */
void	 engine_tick(struct engine *);
/* Runs at most max timers that are due; how many ran. */
size_t	 engine_expire(struct engine *, size_t max);
/* The interface went up or down, or its MTU changed. */
void	 engine_set_link(struct engine *, bool up, uint32_t mtu);
/* netd has, or has no more, an endpoint for the device. */
void	 engine_set_endpoint(struct engine *, struct device *, bool has);
/*
 * A new private key for the slot, clamped here; all zero takes it away.
 * Handshakes of the old one end, and its sessions seal no more (P22).
 */
void	 engine_set_private(struct engine *, uint8_t slot,
	    const uint8_t private[NOISE_KEYLEN]);
/* The present wall time (s), as of the last tick. */
int64_t	 engine_wall(const struct engine *);
/* Is it one of our own addresses?  4 or 16 bytes by version. */
bool	 engine_is_own(const struct engine *, uint8_t version,
	    const uint8_t *addr);
/* Tells who watches. */
void	 engine_tell(struct engine *, int what, const struct remote *,
	    const uint8_t *public);
/* The device was heard from there; tells netd if that is news (P27). */
void	 engine_authentic(struct engine *, struct device *,
	    const struct origin *, bool always);

#endif /* CRYPTOD_ENGINE_H */
