/* SPDX-License-Identifier: ISC */
/*
 * What the two halves of the judgement share: how they tell, and words.
 */
#ifndef CTLD_HEALTH_TELL_H
#define CTLD_HEALTH_TELL_H

#include "ctld/health.h"

#define HEALTH_SPAN	32		/* bytes of "365 days" */

/* What one call tells, and to whom. */
struct teller {
	health_emit	*emit;
	void		*arg;
	const char	*peer;
	unsigned	 n;
};

/* As snprintf(3); what does not fit is cut. */
void	 health_say(char *, size_t, const char *, ...)
	    __attribute__((format(printf, 3, 4)));
#define PROBLEM(h, ...)							\
	health_say((h)->problem, sizeof((h)->problem), __VA_ARGS__)
#define ADVICE(h, ...)							\
	health_say((h)->advice, sizeof((h)->advice), __VA_ARGS__)

void	 health_tell(struct teller *, struct health *, enum health_severity);

/* "40 s", "5 min", "3 h", "12 days". */
const char	*health_span(char buf[HEALTH_SPAN], uint64_t s);
/* "s" unless n is 1. */
const char	*health_plural(uint64_t n);
/* Seconds since then, 0 if that is still to come. */
uint64_t	 health_age(const struct health_facts *, uint64_t then);
/* Is what was then still of interest? */
bool		 health_is_recent(const struct health_facts *, uint64_t then);

#endif /* CTLD_HEALTH_TELL_H */
