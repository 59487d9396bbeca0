/* SPDX-License-Identifier: ISC */
/*
 * Name servers that are played: see dns_play.h.
 */
#include <string.h>

#include "dns_play.h"
#include "shared/bytes.h"
#include "unit.h"

struct resolver	r;
uint64_t	now;
struct sent	sent[SENT_MAX];
unsigned	nsent, ndone, nwanted;
uint32_t	done_id;
struct resolved	last;
bool		unreachable[SERVERS_MAX];

static int
on_send(void *arg, unsigned server, const uint8_t *msg, size_t len)
{
	(void)arg;
	ck_assert_uint_lt(nsent, SENT_MAX);
	ck_assert_uint_lt(server, r.servers);
	if (unreachable[server])
		return -1;
	sent[nsent].server = server;
	sent[nsent].len = len;
	memcpy(sent[nsent].msg, msg, len);
	nsent++;
	return 0;
}

static void
on_done(void *arg, uint32_t id, const struct resolved *a)
{
	(void)arg;
	ndone++;
	done_id = id;
	last = *a;
}

static void
on_wanted(void *arg)
{
	(void)arg;
	nwanted++;
}

void
setup(void)
{
	memset(&r, 0, sizeof(r));
	resolver_init(&r);
	r.out.send = on_send;
	r.out.done = on_done;
	r.out.wanted = on_wanted;
	now = 1000 * SECOND;
	nsent = ndone = nwanted = 0;
	memset(unreachable, 0, sizeof(unreachable));
	memset(&last, 0xff, sizeof(last));
}

void
teardown(void)
{
	resolver_clear(&r);
}

void
servers(unsigned n)
{
	while (n-- > 0)
		ck_assert_int_eq(resolver_add(&r, now), 0);
}

void
pass(uint64_t ms)
{
	uint64_t when;

	for (; ms > 0; ms -= ms < 100 ? ms : 100) {
		now += 100000000ULL;
		if (resolver_next(&r, &when) && when <= now)
			resolver_tick(&r, now);
	}
}

unsigned
type_of(const struct sent *s)
{
	const uint8_t *p = s->msg + 12;

	while (*p != 0)
		p += *p + 1;
	return get_be16(p + 1);
}

/* Answers what was sent: n addresses, of the last byte on. */
void
reply(const struct sent *s, unsigned flags, unsigned n, uint8_t from,
    uint32_t ttl)
{
	uint8_t msg[1500];
	size_t alen = type_of(s) == DNS_A ? 4 : 16, len = 12;
	unsigned i;

	memcpy(msg, s->msg, s->len);
	put_be16(msg + 2, (uint16_t)flags);
	put_be16(msg + 6, (uint16_t)n);
	put_be16(msg + 10, 0);
	while (msg[len] != 0)
		len += msg[len] + 1U;
	len += 5;
	for (i = 0; i < n; i++) {
		put_be16(msg + len, 0xc00c);
		put_be16(msg + len + 2, (uint16_t)type_of(s));
		put_be16(msg + len + 4, 1);
		put_be32(msg + len + 6, ttl);
		put_be16(msg + len + 10, (uint16_t)alen);
		memset(msg + len + 12, 0, alen);
		msg[len + 12] = alen == 4 ? 10 : 0x20;
		msg[len + 12 + alen - 1] = (uint8_t)(from + i);
		len += 12 + alen;
	}
	resolver_reply(&r, s->server, msg, len, now);
}
