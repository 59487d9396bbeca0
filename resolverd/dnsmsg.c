/* SPDX-License-Identifier: ISC */
/*
 * DNS messages: see dnsmsg.h.  A name server, and whoever can forge its
 * address, chooses every byte of an answer.  Pointers in names only lead
 * backwards, so that no name is endless.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "resolverd/dnsmsg.h"
#include "shared/bytes.h"

#define HEADER		12
#define LABEL_MAX	63
#define CLASS_IN	1
#define TYPE_OPT	41
#define EDNS_SIZE	1232

#define FLAG_QR		0x8000		/* it is an answer */
#define FLAG_OPCODE	0x7800
#define FLAG_TC		0x0200
#define FLAG_RD		0x0100
#define RCODE(flags)	((flags) & 0x000f)
#define RCODE_FORMERR	1
#define RCODE_NXDOMAIN	3
#define RCODE_NOTIMP	4

/* A record of the answer section; offsets are checked. */
struct record {
	uint8_t		 owner[DNS_NAME_MAX];
	size_t		 owner_len;
	uint16_t	 type;
	uint32_t	 ttl;
	size_t		 data;
	uint16_t	 len;
};

struct reply {
	const uint8_t	*msg;
	size_t		 len;
	size_t		 at;		/* what comes next */
};

int
dns_name_encode(struct dns_question *q, const char *text)
{
	size_t len = 0, label = 0;	/* where the label's length is */
	const char *s;

	if (*text == '\0')
		return -1;
	for (s = text; *s != '\0'; s++) {
		/* The root, at most, comes after it. */
		if (++len >= DNS_NAME_MAX - 1)
			return -1;
		if (*s != '.') {
			if (!isalnum((unsigned char)*s) && *s != '-' &&
			    *s != '_')
				return -1;
			q->name[len] = (uint8_t)*s;
			continue;
		}
		if (len - label - 1 == 0 || len - label - 1 > LABEL_MAX)
			return -1;
		q->name[label] = (uint8_t)(len - label - 1);
		label = len;
	}
	if (len > label) {
		if (len - label > LABEL_MAX)
			return -1;
		q->name[label] = (uint8_t)(len - label);
		label = len + 1;
	}
	q->name[label] = 0;
	q->len = label + 1;
	return 0;
}

void
dns_name_lower(struct dns_question *q)
{
	size_t i;

	/* Lengths of labels are no letters: they are 63 at most. */
	for (i = 0; i < q->len; i++)
		q->name[i] = (uint8_t)tolower(q->name[i]);
	q->exact = false;
}

void
dns_name_shuffle(struct dns_question *q)
{
	uint8_t bits[DNS_NAME_MAX];
	size_t i;

	arc4random_buf(bits, q->len);
	for (i = 0; i < q->len; i++)
		if (isalpha(q->name[i]) && (bits[i] & 1) != 0)
			q->name[i] ^= 0x20;
	q->exact = true;
}

size_t
dns_query_build(const struct dns_question *q, bool edns,
    uint8_t out[DNS_QUERY_MAX])
{
	uint8_t *p = out + HEADER;

	memset(out, 0, DNS_QUERY_MAX);
	put_be16(out, q->id);
	put_be16(out + 2, FLAG_RD);
	put_be16(out + 4, 1);
	memcpy(p, q->name, q->len);
	p += q->len;
	put_be16(p, (uint16_t)q->type);
	put_be16(p + 2, CLASS_IN);
	p += 4;
	if (edns) {
		put_be16(out + 10, 1);
		put_be16(p + 1, TYPE_OPT);
		put_be16(p + 3, EDNS_SIZE);
		p += 11;
	}
	return (size_t)(p - out);
}

int
dns_reply_id(const uint8_t *msg, size_t len)
{
	return len < HEADER ? -1 : get_be16(msg);
}

/*
 * Copies the name at r->at, in small letters, and moves on to what comes
 * after it.  -1: it is broken.
 */
static int
read_name(struct reply *r, uint8_t out[DNS_NAME_MAX], size_t *outlen)
{
	size_t at = r->at, limit = r->len, end = 0, n = 0;
	uint8_t c;

	for (;;) {
		if (at >= limit)
			return -1;
		c = r->msg[at];
		if ((c & 0xc0) == 0xc0) {
			if (at + 1 >= limit)
				return -1;
			if (end == 0)
				end = at + 2;
			/* Backwards from where this piece of it began. */
			limit = at;
			at = get_be16(r->msg + at) & 0x3fff;
			if (at >= limit)
				return -1;
			continue;
		}
		if ((c & 0xc0) != 0 || at + 1 + c > r->len ||
		    n + 1 + c > DNS_NAME_MAX)
			return -1;
		out[n++] = c;
		at++;
		if (c == 0)
			break;
		for (; c > 0; c--)
			out[n++] = (uint8_t)tolower(r->msg[at++]);
	}
	*outlen = n;
	r->at = end != 0 ? end : at;
	return 0;
}

static int
read_record(struct reply *r, struct record *rec)
{
	const uint8_t *p;
	uint32_t ttl;

	if (read_name(r, rec->owner, &rec->owner_len) == -1 ||
	    r->len - r->at < 10)
		return -1;
	p = r->msg + r->at;
	rec->type = get_be16(p);
	if (get_be16(p + 2) != CLASS_IN)
		rec->type = 0;
	ttl = get_be32(p + 4);
	/* RFC 2181, 8 */
	rec->ttl = ttl > INT32_MAX ? 0 : ttl;
	rec->len = get_be16(p + 8);
	rec->data = r->at + 10;
	if (rec->len > r->len - rec->data)
		return -1;
	r->at = rec->data + rec->len;
	return 0;
}

static bool
is_owner(const struct record *rec, const uint8_t *name, size_t len)
{
	return rec->owner_len == len && memcmp(rec->owner, name, len) == 0;
}

/* Follows one CNAME of this name; false: there is none. */
static bool
follow(const struct reply *r, const struct record *rec, size_t n,
    uint8_t name[DNS_NAME_MAX], size_t *len, uint32_t *ttl)
{
	struct reply at = *r;
	size_t i;

	for (i = 0; i < n; i++) {
		if (rec[i].type != DNS_CNAME ||
		    !is_owner(&rec[i], name, *len))
			continue;
		at.at = rec[i].data;
		if (read_name(&at, name, len) == -1 ||
		    at.at != rec[i].data + rec[i].len)
			return false;
		if (rec[i].ttl < *ttl)
			*ttl = rec[i].ttl;
		return true;
	}
	return false;
}

static bool
has_address(const struct dns_answer *a, const uint8_t *addr, size_t len)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (memcmp(a->addr[i], addr, len) == 0)
			return true;
	return false;
}

/* The addresses of this name. */
static void
collect(const struct reply *r, const struct record *rec, size_t n,
    enum dns_type type, const uint8_t *name, size_t len, struct dns_answer *a)
{
	size_t i, alen = type == DNS_A ? 4 : 16;
	const uint8_t *addr;

	for (i = 0; i < n && a->n < DNS_ADDRS_MAX; i++) {
		addr = r->msg + rec[i].data;
		if (rec[i].type != type || rec[i].len != alen ||
		    !is_owner(&rec[i], name, len) ||
		    has_address(a, addr, alen))
			continue;
		memcpy(a->addr[a->n++], addr, alen);
		if (rec[i].ttl < a->ttl)
			a->ttl = rec[i].ttl;
	}
}

/* The answer section; what is broken ends it, and what came before counts. */
static void
read_answer(struct reply *r, uint16_t count, const struct dns_question *q,
    struct dns_answer *a)
{
	static struct record rec[DNS_RECORDS_MAX];
	struct dns_question low = *q;
	size_t n = 0;
	int i;

	while (n < DNS_RECORDS_MAX && n < count &&
	    read_record(r, &rec[n]) == 0)
		n++;
	a->ttl = UINT32_MAX;
	dns_name_lower(&low);
	for (i = 0; i <= DNS_CNAMES_MAX; i++) {
		collect(r, rec, n, q->type, low.name, low.len, a);
		if (a->n > 0 || !follow(r, rec, n, low.name, &low.len,
		    &a->ttl))
			break;
	}
}

/* Is this the very question?  0, or what is wrong. */
static enum dns_result
check_question(struct reply *r, const struct dns_question *q)
{
	struct dns_question low = *q;
	uint8_t name[DNS_NAME_MAX];
	const uint8_t *raw = r->msg + r->at;
	size_t len;

	/* A name that comes first in a message cannot be compressed. */
	if (read_name(r, name, &len) == -1 || r->len - r->at < 4 ||
	    r->at - HEADER != len)
		return DNS_FORM;
	dns_name_lower(&low);
	if (len != q->len || memcmp(name, low.name, len) != 0 ||
	    get_be16(r->msg + r->at) != q->type ||
	    get_be16(r->msg + r->at + 2) != CLASS_IN)
		return DNS_FOREIGN;
	if (q->exact && memcmp(raw, q->name, q->len) != 0)
		return DNS_FOREIGN;
	r->at += 4;
	return DNS_ANSWER;
}

enum dns_result
dns_reply_parse(const struct dns_question *q, const uint8_t *msg, size_t len,
    struct dns_answer *a)
{
	struct reply r = { msg, len, HEADER };
	enum dns_result v;
	uint16_t flags;
	bool no_edns;

	memset(a, 0, sizeof(*a));
	if (len < HEADER)
		return DNS_FORM;
	if (get_be16(msg) != q->id)
		return DNS_FOREIGN;
	flags = get_be16(msg + 2);
	if ((flags & FLAG_QR) == 0 || (flags & FLAG_OPCODE) != 0)
		return DNS_FORM;
	no_edns = RCODE(flags) == RCODE_FORMERR ||
	    RCODE(flags) == RCODE_NOTIMP;
	/* Old servers send just the header to say that they know no EDNS. */
	if (get_be16(msg + 4) == 0 && no_edns)
		return DNS_NO_EDNS;
	if (get_be16(msg + 4) != 1)
		return DNS_FORM;
	if ((v = check_question(&r, q)) != DNS_ANSWER)
		return v;
	if (no_edns)
		return DNS_NO_EDNS;
	if (RCODE(flags) == RCODE_NXDOMAIN)
		return DNS_NO_NAME;
	if (RCODE(flags) != 0)
		return DNS_REFUSED;
	a->truncated = (flags & FLAG_TC) != 0;
	read_answer(&r, get_be16(msg + 6), q, a);
	if (a->n > 0)
		return DNS_ANSWER;
	return a->truncated ? DNS_REFUSED : DNS_NO_DATA;
}
