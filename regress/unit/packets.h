/* SPDX-License-Identifier: ISC */
/*
 * IP packets for tests of segmenting and merging: built field by field and
 * summed byte by byte, with none of the code under test; and a ledger of
 * packets that went in and have to come out again.
 */
#ifndef REGRESS_UNIT_PACKETS_H
#define REGRESS_UNIT_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX	65575		/* IPv6: 40 + 65535 */

struct packet {
	int		 version;
	uint8_t		 proto;
	uint8_t		 host;		/* last byte of the source */
	uint8_t		 tos;
	uint8_t		 ttl;
	uint32_t	 label;		/* IPv6 flow label */
	uint16_t	 id;
	uint16_t	 frag;		/* IPv4: flags and offset */
	size_t		 ip_options;	/* IPv4: bytes of NOP */
	bool		 ext;		/* IPv6: destination options */
	uint16_t	 sport;
	uint16_t	 dport;
	uint32_t	 seq;
	uint32_t	 ack;
	uint8_t		 reserved;	/* 4 bits before the flags */
	uint8_t		 flags;
	uint16_t	 window;
	uint16_t	 urgent;
	size_t		 tcp_options;	/* bytes, each of value option */
	uint8_t		 option;
	size_t		 at;		/* where in its stream the payload is */
	size_t		 payload;
};

/* IPv4 or IPv6 of TCP (6) or UDP (17), with DF, ACK and usual values. */
void	 packet_init(struct packet *, int version, uint8_t proto);
/* Writes it, complete and right, and returns its length. */
size_t	 packet_build(const struct packet *, uint8_t *dst);
/* Length of all headers, and where the transport header begins. */
size_t	 packet_hdr_len(const struct packet *);
size_t	 packet_start(const struct packet *);
/* Makes of it the packet n bytes later in its stream. */
void	 packet_advance(struct packet *, size_t n);
/* The sum, in host order, folded and not inverted, of bytes one by one. */
uint16_t naive_sum(const uint8_t *, size_t len, uint32_t sum);
/* The same of the pseudo header of a packet without extensions. */
uint16_t naive_pseudo(const uint8_t *pkt, size_t len, uint8_t proto);

#define LEDGER_MAX	256

struct ledger {
	size_t		 n;
	struct ledger_entry {
		uint8_t		*p;
		size_t		 len;
		bool		 taken;
	}		 entry[LEDGER_MAX];
};

/* Notes a copy of a packet that goes in; false if the ledger is full. */
bool	 ledger_add(struct ledger *, const uint8_t *, size_t);
/*
 * A packet came out: it must be one that went in and is still inside, and
 * none of its flow that went in before may still be.  If it was merged, the
 * identification of a packet with DF may be another.  NULL, or what is wrong.
 */
const char *ledger_take(struct ledger *, const uint8_t *, size_t, bool merged);
/* Everything came out?  Forgets all. */
bool	 ledger_clear(struct ledger *);

#endif /* REGRESS_UNIT_PACKETS_H */
