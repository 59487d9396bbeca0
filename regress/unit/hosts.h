/* SPDX-License-Identifier: ISC */
/*
 * Two protocol cores joined by a wire that can lose, delay, hold back and
 * remember datagrams, on the fake clock.
 */
#ifndef REGRESS_UNIT_HOSTS_H
#define REGRESS_UNIT_HOSTS_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cryptod/engine.h"
#include "shared/secmem.h"

#define HOST_SEEN	512		/* inner packets remembered */
#define MS		CLOCK_NSEC_PER_MSEC
#define SEC		CLOCK_NSEC_PER_SEC

struct datagram {
	TAILQ_ENTRY(datagram)	 entry;
	uint64_t		 arrives;
	uint8_t			 ecn;
	size_t			 len;
	uint8_t			 data[];
};
TAILQ_HEAD(wire, datagram);

struct host {
	struct secmem	 arena;
	struct engine	 e;
	struct host	*other;
	uint8_t		 address[4];	/* 10.0.0.1 or 10.0.0.2 */
	struct device	*d;		/* the other host */
	struct wire	 out;		/* on their way to the other */
	struct wire	 kept;		/* copies, if keep is set */
	uint64_t	 delay;
	bool		 lose;		/* what this host sends */
	bool		 keep;
	uint32_t	 path;		/* where it seems to be */
	unsigned	 types[5];	/* datagrams sent, by type */
	uint64_t	 last[5];	/* when the last of a type was sent */
	uint8_t		 last_flags;	/* of its last handshake message */
	unsigned	 auths;
	uint32_t	 auth_path;
	uint32_t	 auth_device;
	uint8_t		 auth_from[ENGINE_FROM];	/* path, and zeros */
	bool		 auth_full;	/* netd does not keep up */
	bool		 data_full;	/* nor with data */
	unsigned	 events[ENGINE_EXPIRED + 1];	/* if watched */
	uint8_t		 event_key[32];	/* of the last */
	unsigned	 added, removed, locals;	/* told to netd */
	unsigned	 ntun;		/* inner packets delivered */
	uint16_t	 tun_id[HOST_SEEN];	/* their IP ids */
	uint8_t		 tun_last[2048];
	size_t		 tun_len;
};

/* Keys, devices, allowed IPs, endpoints, links up; nothing sent yet. */
void	 hosts_start(struct host *, struct host *);
void	 hosts_stop(struct host *, struct host *);
/* The two halves of hosts_start(), for who wants one to be born again. */
void	 host_init(struct host *, struct host *other, uint8_t n);
void	 host_join(struct host *);
void	 host_stop(struct host *);
/* Let time pass: timers fire and datagrams arrive. */
void	 hosts_run(struct host *, struct host *, uint64_t ns);
/* An inner packet of len bytes with this IP id to the other host. */
void	 host_send(struct host *, uint16_t id, size_t len);
/* Writes such a packet from src to dst. */
size_t	 packet_make(uint8_t *, const uint8_t *src, const uint8_t *dst,
	    uint16_t id, size_t len);
/* Hands a datagram to the host as netd would. */
void	 host_receive(struct host *, const uint8_t *, size_t len,
	    uint32_t path);
void	 wire_clear(struct wire *);
void	 host_set_private(struct host *, const uint8_t private[32]);

#endif /* REGRESS_UNIT_HOSTS_H */
