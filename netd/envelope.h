/* SPDX-License-Identifier: ISC */
/*
 * WireGuard's envelope, all that can be judged with public keys only: the
 * form of a message, mac1, whether we are under load, and then mac2, the
 * cookie reply and the rate limiter (WireGuard paper 5.3, 5.4.7, 6.6).
 */
#ifndef NETD_ENVELOPE_H
#define NETD_ENVELOPE_H

#include "netd/cookie.h"
#include "netd/dedupe.h"
#include "netd/ratelimit.h"
#include "shared/addr.h"
#include "shared/msg_crypto.h"
#include "shared/ring.h"

#define WG_INITIATION		1
#define WG_RESPONSE		2
#define WG_COOKIE_REPLY		3
#define WG_TRANSPORT		4
#define WG_INITIATION_LEN	148
#define WG_RESPONSE_LEN		92
#define WG_TRANSPORT_MIN	32
#define WG_SENDER		4	/* offset in types 1 and 2 */
#define WG_RECEIVER(type)	((type) == WG_RESPONSE ? 8 : 4)

#define LOAD_QUEUE		512	/* handshakes watched */
#define LOAD_AGE		20000000ULL	/* ns: one waits for so long */
#define LOAD_AFTER		1000000000ULL	/* ns: and for so long after */

/* How long the handshakes that we passed on have been waiting. */
struct load {
	struct {
		uint64_t	 pos;	/* in the urgent lane */
		uint64_t	 since;	/* ns */
	}		 queue[LOAD_QUEUE];
	uint64_t	 head, tail;
	uint64_t	 until;		/* ns */
};

struct envelope {
	bool			 has_key[LOCAL_KEYS];
	struct cookie_checker	 checker[LOCAL_KEYS];
	struct dedupe		 dedupe;
	struct ratelimit	*limit;
	struct load		 load;
};

enum envelope_verdict {
	ENVELOPE_PASS,
	ENVELOPE_NO_MAC1,		/* made for none of our keys */
	ENVELOPE_DUPLICATE,
	ENVELOPE_COOKIE,		/* the reply is to be sent instead */
	ENVELOPE_LIMITED
};

/* The type 1..4 of a message whose length fits it, 0 for everything else. */
unsigned	 message_form(const uint8_t *msg, size_t len);

/* 0, or -1 (ENOMEM).  sodium_init() comes before. */
int		 envelope_init(struct envelope *, uint64_t now);
void		 envelope_clear(struct envelope *);
/* A public key of ours, NULL takes it away. */
void		 envelope_set_key(struct envelope *, unsigned slot,
		    const uint8_t *pub, uint64_t now);
/*
 * Are we under load at now?  Looks at what the other side of the ring has
 * not read yet, and at its own word that its share is used up.
 */
bool		 envelope_is_loaded(struct envelope *, const struct ring *,
		    uint64_t now);
/*
 * Judges a message of form 1 or 2.  *slot is the local key that mac1 was
 * made for; reply is filled in for ENVELOPE_COOKIE.
 */
enum envelope_verdict
		 envelope_check(struct envelope *, const uint8_t *msg,
		    size_t len, const struct endpoint *from, bool loaded,
		    uint64_t now, uint8_t *slot,
		    uint8_t reply[COOKIE_REPLY_LEN]);
/* It went into the urgent lane at pos. */
void		 envelope_passed(struct envelope *, const uint8_t *msg,
		    size_t len, uint64_t pos, uint64_t now);

#endif /* NETD_ENVELOPE_H */
