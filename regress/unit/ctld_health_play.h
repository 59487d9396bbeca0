/* SPDX-License-Identifier: ISC */
/*
 * Facts for the judgement on health, and what was told of them.
 */
#ifndef REGRESS_UNIT_CTLD_HEALTH_PLAY_H
#define REGRESS_UNIT_CTLD_HEALTH_PLAY_H

#include "ctld/health.h"

#define NOW	1800000000ULL

extern struct health_facts facts;
extern struct peer_info info;
extern struct endpoint_info ep;
extern struct health_peer peer;
extern struct health told[];
extern unsigned n;			/* of told */
extern char ours[BASE64_KEY_SIZE], theirs[BASE64_KEY_SIZE];

/* All is well: a configured instance and a peer with a session. */
void	 fresh(void);
/* The same, but that peer never had one. */
void	 never(void);
/* Judges, into told. */
void	 of_peer(void);
void	 of_interface(void);

/* The part is in the text. */
void	 has(const char *text, const char *part);
/* The i-th is of that severity and says these things. */
void	 says(unsigned i, enum health_severity, const char *problem,
	    const char *advice);
/* That, and nothing else; or nothing at all. */
void	 only(enum health_severity, const char *problem, const char *advice);
void	 silence(void);

#endif /* REGRESS_UNIT_CTLD_HEALTH_PLAY_H */
