/* SPDX-License-Identifier: ISC */
/*
 * Questions to name servers and their answers, as bytes (RFC 1035, 3596,
 * 6891).  Our own, and small, because nothing but names, A, AAAA and CNAME is
 * read: libresolv turns every name into text before it can be compared,
 * refuses a whole answer for one bad record after those that matter, and
 * cannot be built with the sanitizers that our fuzzers use.
 */
#ifndef RESOLVERD_DNSMSG_H
#define RESOLVERD_DNSMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_NAME_MAX	255		/* bytes of a name on the wire */
#define DNS_QUERY_MAX	(12 + DNS_NAME_MAX + 4 + 11)
#define DNS_REPLY_MAX	4096		/* we ask for 1232 */
#define DNS_ADDRS_MAX	16		/* of an answer that are used */
#define DNS_RECORDS_MAX	128		/* of an answer that are looked at */
#define DNS_CNAMES_MAX	8		/* in a row */

enum dns_type {
	DNS_A		= 1,
	DNS_CNAME	= 5,
	DNS_AAAA	= 28
};

struct dns_question {
	uint16_t	 id;
	enum dns_type	 type;		/* DNS_A or DNS_AAAA */
	bool		 exact;		/* the case of letters must come back */
	size_t		 len;
	uint8_t		 name[DNS_NAME_MAX];	/* as on the wire */
};

enum dns_result {
	DNS_FORM,			/* no answer at all, or a broken one */
	DNS_FOREIGN,			/* to another question */
	DNS_ANSWER,			/* with addresses */
	DNS_NO_DATA,			/* the name has none of this type */
	DNS_NO_NAME,			/* there is no such name */
	DNS_NO_EDNS,			/* it does not know EDNS: ask without */
	DNS_REFUSED			/* it cannot or will not say */
};

struct dns_answer {
	uint32_t	 ttl;		/* seconds, the least of all used */
	bool		 truncated;
	size_t		 n;
	uint8_t		 addr[DNS_ADDRS_MAX][16];	/* A: the first 4 */
};

/*
 * The wire form of a host name, with or without its last dot.  0, or -1: it
 * has an empty or too long label, is too long, or has other characters than
 * letters, digits, '-', '_' and '.'.
 */
int		 dns_name_encode(struct dns_question *, const char *text);
/* Makes each letter large or small by a random bit; or all small. */
void		 dns_name_shuffle(struct dns_question *);
void		 dns_name_lower(struct dns_question *);
/* Returns how many bytes it wrote. */
size_t		 dns_query_build(const struct dns_question *, bool edns,
		    uint8_t out[DNS_QUERY_MAX]);
/* The id of what may be an answer; -1: it is too short for one. */
int		 dns_reply_id(const uint8_t *msg, size_t len);
/* Fills in the answer for DNS_ANSWER only. */
enum dns_result	 dns_reply_parse(const struct dns_question *,
		    const uint8_t *msg, size_t len, struct dns_answer *);

#endif /* RESOLVERD_DNSMSG_H */
