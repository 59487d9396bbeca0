/* SPDX-License-Identifier: ISC */
/*
 * Packets and the ledger: see packets.h.
 */
#include <stdlib.h>
#include <string.h>

#include "packets.h"
#include "shared/bytes.h"

void
packet_init(struct packet *k, int version, uint8_t proto)
{
	memset(k, 0, sizeof(*k));
	k->version = version;
	k->proto = proto;
	k->host = 1;
	k->ttl = 64;
	k->frag = 0x4000;
	k->id = 0x1234;
	k->sport = 1000;
	k->dport = 5201;
	k->seq = 0x01020304;
	k->ack = 0x0a0b0c0d;
	k->flags = 0x10;
	k->window = 501;
	k->tcp_options = proto == 6 ? 12 : 0;
	k->option = 1;
	k->payload = 1000;
}

size_t
packet_start(const struct packet *k)
{
	return (k->version == 4 ? 20 + k->ip_options : k->ext ? 48U : 40U);
}

size_t
packet_hdr_len(const struct packet *k)
{
	return (packet_start(k) + (k->proto == 6 ? 20 + k->tcp_options : 8));
}

void
packet_advance(struct packet *k, size_t n)
{
	k->seq += (uint32_t)n;
	k->at += n;
	k->id++;
}

uint16_t
naive_sum(const uint8_t *p, size_t len, uint32_t sum)
{
	size_t		 i;

	for (i = 0; i < len; i++) {
		sum += (i % 2 == 0) ? (uint32_t)p[i] << 8 : p[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return ((uint16_t)sum);
}

uint16_t
naive_pseudo(const uint8_t *pkt, size_t len, uint8_t proto)
{
	uint8_t		 b[40] = { 0 };

	if (pkt[0] >> 4 == 4) {
		memcpy(b, pkt + 12, 8);
		len -= (size_t)(pkt[0] & 15) * 4;
	} else {
		memcpy(b, pkt + 8, 32);
		len -= 40;
	}
	put_be32(b + 32, (uint32_t)len);
	b[39] = proto;
	return (naive_sum(b, sizeof(b), 0));
}

static void
build_ip(const struct packet *k, uint8_t *p, size_t len)
{
	static const uint8_t	 src4[] = { 10, 0, 7, 0, 10, 0, 9, 2 };
	size_t			 start = packet_start(k);

	if (k->version == 4) {
		p[0] = (uint8_t)(0x40 | start / 4);
		p[1] = k->tos;
		put_be16(p + 2, (uint16_t)len);
		put_be16(p + 4, k->id);
		put_be16(p + 6, k->frag);
		p[8] = k->ttl;
		p[9] = k->proto;
		memcpy(p + 12, src4, 8);
		p[15] = k->host;
		memset(p + 20, 1, k->ip_options);
		put_be16(p + 10, (uint16_t)~naive_sum(p, start, 0));
		return;
	}
	put_be32(p, 0x60000000 | (uint32_t)k->tos << 20 | k->label);
	put_be16(p + 4, (uint16_t)(len - 40));
	p[6] = k->ext ? 60 : k->proto;
	p[7] = k->ttl;
	p[8] = p[24] = 0xfd;
	p[22] = 0xee;
	p[23] = k->host;
	p[39] = 2;
	if (k->ext) {
		p[40] = k->proto;
		p[42] = 1;		/* PadN */
		p[43] = 4;
	}
}

size_t
packet_build(const struct packet *k, uint8_t *p)
{
	size_t		 hdr = packet_hdr_len(k), len = hdr + k->payload, i;
	uint8_t		*t = p + packet_start(k);
	uint16_t	 sum;

	memset(p, 0, hdr);
	build_ip(k, p, len);
	put_be16(t, k->sport);
	put_be16(t + 2, k->dport);
	for (i = 0; i < k->payload; i++)
		p[hdr + i] = (uint8_t)((k->at + i) * 7 + ((k->at + i) >> 8));
	len -= packet_start(k);
	if (k->proto == 6) {
		put_be32(t + 4, k->seq);
		put_be32(t + 8, k->ack);
		t[12] = (uint8_t)((5 + k->tcp_options / 4) << 4 | k->reserved);
		t[13] = k->flags;
		put_be16(t + 14, k->window);
		put_be16(t + 18, k->urgent);
		memset(t + 20, k->option, k->tcp_options);
		sum = naive_sum(t, len, naive_pseudo(p,
		    len + (k->version == 4 ? packet_start(k) : 40), 6));
		put_be16(t + 16, (uint16_t)~sum);
	} else {
		put_be16(t + 4, (uint16_t)len);
		sum = (uint16_t)~naive_sum(t, len, naive_pseudo(p,
		    len + (k->version == 4 ? packet_start(k) : 40), 17));
		put_be16(t + 6, sum == 0 ? 0xffff : sum);
	}
	return (len + packet_start(k));
}

bool
ledger_add(struct ledger *l, const uint8_t *p, size_t len)
{
	struct ledger_entry	*e = &l->entry[l->n];

	if (l->n == LEDGER_MAX || (e->p = malloc(len > 0 ? len : 1)) == NULL)
		return (false);
	memcpy(e->p, p, len);
	e->len = len;
	e->taken = false;
	l->n++;
	return (true);
}

/* Where the ports are; 0 if none can be read. */
static size_t
ports_of(const uint8_t *p, size_t len)
{
	size_t		 at = 40, proto = 0;

	if (p[0] >> 4 == 4) {
		at = (size_t)(p[0] & 15) * 4;
		proto = p[9];
		if ((get_be16(p + 6) & 0x3fff) != 0 || at < 20)
			return (0);
	} else
		proto = p[6];
	return ((proto == 6 || proto == 17) && len >= at + 4 ? at : 0);
}

/* May b not overtake a? */
static bool
same_flow(const struct ledger_entry *a, const struct ledger_entry *b)
{
	int		 v;
	size_t		 x, y;

	if (a->len == 0 || b->len == 0 || a->p[0] >> 4 != b->p[0] >> 4)
		return (false);
	v = a->p[0] >> 4;
	if ((v != 4 && v != 6) || a->len < (v == 4 ? 20 : 40) ||
	    b->len < (v == 4 ? 20U : 40U))
		return (false);
	if (memcmp(a->p + (v == 4 ? 12 : 8), b->p + (v == 4 ? 12 : 8),
	    v == 4 ? 8 : 32) != 0)
		return (false);
	x = ports_of(a->p, a->len);
	y = ports_of(b->p, b->len);
	if (x == 0 || y == 0)
		return (true);
	return (a->p[v == 4 ? 9 : 6] == b->p[v == 4 ? 9 : 6] &&
	    memcmp(a->p + x, b->p + y, 4) == 0);
}

static bool
same_packet(const struct ledger_entry *e, const uint8_t *p, size_t len,
    bool merged)
{
	if (e->len != len)
		return (false);
	if (merged && len >= 20 && p[0] == 0x45 && (p[6] & 0x40) != 0)
		return (memcmp(e->p, p, 4) == 0 &&
		    memcmp(e->p + 6, p + 6, 4) == 0 &&
		    naive_sum(p, 20, 0) == 0xffff &&
		    memcmp(e->p + 12, p + 12, len - 12) == 0);
	return (memcmp(e->p, p, len) == 0);
}

const char *
ledger_take(struct ledger *l, const uint8_t *p, size_t len, bool merged)
{
	size_t		 i, j;

	for (i = 0; i < l->n; i++) {
		if (!l->entry[i].taken &&
		    same_packet(&l->entry[i], p, len, merged))
			break;
	}
	if (i == l->n)
		return ("what came out did not go in");
	for (j = 0; j < i; j++) {
		if (!l->entry[j].taken &&
		    same_flow(&l->entry[j], &l->entry[i]))
			return ("a packet overtook one of its flow");
	}
	l->entry[i].taken = true;
	return (NULL);
}

bool
ledger_clear(struct ledger *l)
{
	bool		 all = true;
	size_t		 i;

	for (i = 0; i < l->n; i++) {
		all = all && l->entry[i].taken;
		free(l->entry[i].p);
	}
	l->n = 0;
	return (all);
}
