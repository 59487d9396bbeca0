/* SPDX-License-Identifier: ISC */
/*
 * Two protocol cores, each behind netd's envelope, on one fake clock, and a
 * ledger of all that may happen only once: pair.c plays the script,
 * pair_side.c is a host with its hooks, pair_check.c what must always hold,
 * pair_crypto.c a cheap and watched cryptography.
 */
#ifndef REGRESS_FUZZ_PAIR_H
#define REGRESS_FUZZ_PAIR_H

#include "cryptod/engine.h"
#include "cryptod/resume.h"
#include "netd/envelope.h"

#define MS		CLOCK_NSEC_PER_MSEC
#define SEC		CLOCK_NSEC_PER_SEC

#define WIRE_MAX	96		/* datagrams held, one direction */
#define KEPT_MAX	64		/* recorded for replay */
#define DATAGRAM_ROOM	1536
#define DATAGRAMS_MAX	4096		/* in one execution */
#define PACKETS_MAX	2048
#define KEYS_MAX	1024
#define PACKET_MIN	28
#define PACKET_MAX	1400

/* A datagram that one side sent, wherever copies of it are. */
struct ledger {
	uint32_t	 memory;	/* of the receiver when it accepted */
	bool		 accepted;
};

struct datagram {
	uint64_t	 arrives;
	uint32_t	 path;
	uint16_t	 number;	/* in the ledger */
	uint8_t		 ecn;
	uint8_t		 from;		/* which side sent it */
	bool		 altered;	/* nobody may believe it */
	size_t		 len;
	uint8_t		 data[DATAGRAM_ROOM];
};

/* An inner packet, by the number in it. */
struct packet {
	uint16_t	 len;
	uint8_t		 from;
	bool		 foreign;	/* with an address that is not its */
	uint8_t		 sealed;
	uint8_t		 delivered;
	bool		 after;		/* sent in the last phase */
};

/* A side's own counts, to be those of its engine. */
struct tally {
	uint64_t	 data, keepalives, initiations, delivered, answers;
};

struct side {
	struct secmem	 arena;
	struct engine	 e;
	struct resume	 resume;
	struct envelope	 envelope;
	struct cookie_maker maker;
	bool		 limited;	/* the rate limiter was used */
	uint8_t		 n;		/* 0 or 1 */
	uint8_t		 address[4];
	struct side	*other;
	struct device	*d;		/* the other, or NULL */
	struct device	*decoy;		/* a peer that is never there */
	uint8_t		 psk[32];
	uint32_t	 path;
	uint64_t	 delay;
	uint32_t	 memory;	/* up when timestamps are forgotten */
	unsigned	 devices;	/* that netd knows of */
	bool		 full;		/* netd's lanes are */
	bool		 loaded;	/* netd wants cookies */
	bool		 distrusted;	/* the other must forget it, too */
	struct tally	 tally;
	size_t		 nwire;
	struct datagram	*wire[WIRE_MAX];	/* in the order of sending */
	uint8_t		 file[2048];	/* sessions */
	size_t		 file_len;
};

struct world {
	struct side	 side[2];
	const struct datagram *arriving; /* while one is being looked at */
	uint16_t	 ndatagrams;
	struct ledger	 ledger[DATAGRAMS_MAX];
	uint16_t	 npackets;
	struct packet	 packet[PACKETS_MAX];
	size_t		 nkept;
	struct datagram	 kept[KEPT_MAX];
	uint8_t		 old_key[32];	/* of somebody, once */
	bool		 swapped;	/* one has had a key of the other's */
	bool		 last_phase;
};

extern struct world	world;

/* pair_crypto.c: once; for each execution; and have all keys been used? */
void	 crypto_begin(void);
void	 crypto_reset(uint64_t seed);
bool	 crypto_used_up(void);
/* A seal by the core: looks at side, session and plaintext. */
void	 side_seals(const uint8_t *plain, size_t len, const uint8_t *key,
	    uint64_t counter);
/* An opened one, before the replay window. */
void	 side_opens(const uint8_t *key);

/* pair_side.c */
void	 sides_begin(void);
void	 side_born(struct side *);
void	 side_join(struct side *);
/* All must be gone with its devices. */
void	 side_gone(struct side *);
/* What was there to remember is written, if cryptod says so. */
void	 side_save(struct side *);
void	 side_restart(struct side *, bool with_file);
void	 side_set_key(struct side *, const uint8_t private[32]);
void	 side_new_key(struct side *);

/* A user's packet to the other side, or one that must not get there. */
void	 packet_send(struct side *, size_t len, uint8_t tos,
	    const uint8_t src[4], const uint8_t dst[4]);
/* Is it one of ours, as it was sent?  Its number. */
uint16_t packet_check(const uint8_t *, size_t len);

/* pair_check.c: the numbers add up; has one of the last phase arrived? */
void	 side_check(struct side *);
bool	 packet_passed(uint8_t from);

/* netd and cryptod look at it; raw: netd does not. */
void	 datagram_receive(struct side *, const struct datagram *, bool raw);
/* The i-th in the wire is no more. */
void	 datagram_lost(struct side *, size_t i);

#endif /* REGRESS_FUZZ_PAIR_H */
