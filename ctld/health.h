/* SPDX-License-Identifier: ISC */
/*
 * What is wrong and what to do about it, judged from facts that others
 * gathered.  A leaf: it asks nobody and knows no time but the one it is given.
 * Each text says what is wrong, where, and what to do; a person reads it at
 * three in the morning.
 */
#ifndef CTLD_HEALTH_H
#define CTLD_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/hex.h"
#include "shared/msg_conf.h"
#include "shared/msg_crypto.h"
#include "shared/msg_net.h"

#define HEALTH_TOLD	32	/* problems that the parent told */
#define HEALTH_STRANGERS 16
#define HEALTH_BADMACS	64
#define HEALTH_UNSEEN	3	/* names of peers that never connected */
#define HEALTH_PROBLEM	512	/* bytes of the texts */
#define HEALTH_ADVICE	640
#define HEALTH_WHO	CONF_NAME_MAX

enum health_severity {
	HEALTH_WARNING,		/* it works, but not as it should */
	HEALTH_ERROR,		/* something does not work */
	HEALTH_SEVERITIES
};

struct health {
	enum health_severity	 severity;
	char			 peer[HEALTH_WHO];	/* or "" */
	char			 problem[HEALTH_PROBLEM];
	char			 advice[HEALTH_ADVICE];
};
typedef void	 health_emit(void *arg, const struct health *);

/* What the parent knows to be wrong. */
struct health_told {
	enum health_severity	 severity;
	char			 problem[HEALTH_PROBLEM];
	char			 advice[HEALTH_ADVICE];
};
/* Handshakes with a public key that no peer has.  Times are UNIX seconds. */
struct health_stranger {
	uint8_t			 key[KEY_SIZE];
	uint64_t		 count;
	uint64_t		 last;
};
/* Handshakes from an address that were made for another public key. */
struct health_badmac {
	struct endpoint		 from;		/* the port does not matter */
	uint64_t		 count;
	uint64_t		 last;
};

struct health_facts {
	uint64_t		 now;		/* UNIX time, seconds */
	bool			 configured;	/* by a file */
	const char		*file;		/* or "" */
	const char		*key_source;	/* or "" */
	const char		*ifname;	/* "": nothing is known of it */
	bool			 up;
	uint16_t		 port;
	uint32_t		 mark;		/* of our packets, or 0 */
	bool			 has_key;
	uint8_t			 key[KEY_SIZE];	/* our public one */
	uint32_t		 peers;
	/* Peers that never connected, of a walk before: how many, and some. */
	uint32_t		 unseen;
	char			 unseen_name[HEALTH_UNSEEN][HEALTH_WHO];
	unsigned		 ntold;
	struct health_told	 told[HEALTH_TOLD];
	unsigned		 nstrangers;
	struct health_stranger	 stranger[HEALTH_STRANGERS];
	unsigned		 nbadmacs;
	struct health_badmac	 badmac[HEALTH_BADMACS];
};

struct health_peer {
	const char		*name;		/* "": it has none */
	const char		*host;		/* its endpoint as configured */
	bool			 psk;		/* configured with one */
	const char		*inside;	/* our address in whose network it
						 * is, or "" */
	const struct peer_info	*info;
	const struct endpoint_info *ep;
};

/* What is wrong with the interface and the whole; how many it told. */
unsigned	 health_interface(const struct health_facts *, health_emit *,
		    void *arg);
/* What is wrong with a peer.  One that nobody tried to reach is fine. */
unsigned	 health_peer(const struct health_facts *,
		    const struct health_peer *, health_emit *, void *arg);
const char	*health_severity_name(enum health_severity);

#endif /* CTLD_HEALTH_H */
