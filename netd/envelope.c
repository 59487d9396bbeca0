/* SPDX-License-Identifier: ISC */
/*
 * The envelope: see envelope.h.  Cheap tests come before dear ones, and
 * nothing is remembered of a message that was not passed on (P16).
 */
#include <arpa/inet.h>

#include <sodium.h>
#include <string.h>

#include "netd/envelope.h"
#include "shared/bytes.h"

unsigned
message_form(const uint8_t *msg, size_t len)
{
	if (len < WG_TRANSPORT_MIN)
		return 0;
	/* The three reserved bytes are zero: type is one LE32. */
	switch (get_le32(msg)) {
	case WG_INITIATION:
		return len == WG_INITIATION_LEN ? WG_INITIATION : 0;
	case WG_RESPONSE:
		return len == WG_RESPONSE_LEN ? WG_RESPONSE : 0;
	case WG_COOKIE_REPLY:
		return len == COOKIE_REPLY_LEN ? WG_COOKIE_REPLY : 0;
	case WG_TRANSPORT:
		return WG_TRANSPORT;
	}
	return 0;
}

int
envelope_init(struct envelope *e, uint64_t now)
{
	memset(e, 0, sizeof(*e));
	dedupe_init(&e->dedupe);
	e->limit = ratelimit_new(now);
	return e->limit != NULL ? 0 : -1;
}

void
envelope_clear(struct envelope *e)
{
	ratelimit_free(e->limit);
	sodium_memzero(e, sizeof(*e));
}

void
envelope_set_key(struct envelope *e, unsigned slot, const uint8_t *pub,
    uint64_t now)
{
	cookie_checker_clear(&e->checker[slot]);
	e->has_key[slot] = pub != NULL;
	if (pub != NULL)
		cookie_checker_init(&e->checker[slot], pub, now);
}

bool
envelope_is_loaded(struct envelope *e, const struct ring *r, uint64_t now)
{
	struct load *l = &e->load;

	while (l->tail != l->head && ring_is_read(r, RING_URGENT,
	    l->queue[l->tail % LOAD_QUEUE].pos))
		l->tail++;
	if ((l->tail != l->head &&
	    now - l->queue[l->tail % LOAD_QUEUE].since > LOAD_AGE) ||
	    ring_peer_busy(r))
		l->until = now + LOAD_AFTER;
	return now < l->until;
}

/* Where mac1 is: the last 32 bytes of both types are mac1 and mac2. */
static const uint8_t *
mac1_of(const uint8_t *msg, size_t len)
{
	return msg + len - 2 * COOKIE_MAC_LEN;
}

static struct cookie_checker *
find_key(struct envelope *e, const uint8_t *msg, size_t len, uint8_t *slot)
{
	uint8_t i;

	for (i = 0; i < LOCAL_KEYS; i++) {
		if (e->has_key[i] &&
		    cookie_checker_mac1_ok(&e->checker[i], msg, len)) {
			*slot = i;
			return &e->checker[i];
		}
	}
	return NULL;
}

enum envelope_verdict
envelope_check(struct envelope *e, const uint8_t *msg, size_t len,
    const struct endpoint *from, bool loaded, uint64_t now, uint8_t *slot,
    uint8_t reply[COOKIE_REPLY_LEN])
{
	size_t alen = from->family == AF_INET ? 4 : 16;
	in_port_t port = htons(from->port);
	struct cookie_checker *c;

	c = find_key(e, msg, len, slot);
	if (c == NULL)
		return ENVELOPE_NO_MAC1;
	if (dedupe_seen(&e->dedupe, mac1_of(msg, len), now))
		return ENVELOPE_DUPLICATE;
	if (!loaded)
		return ENVELOPE_PASS;
	if (!cookie_checker_mac2_ok(c, msg, len, from->addr, alen, port,
	    now)) {
		if (cookie_reply_make(c, msg, len, from->addr, alen, port,
		    now, reply) == -1)
			return ENVELOPE_NO_MAC1;
		return ENVELOPE_COOKIE;
	}
	if (!ratelimit_allow(e->limit, from->family, from->addr, now))
		return ENVELOPE_LIMITED;
	return ENVELOPE_PASS;
}

void
envelope_passed(struct envelope *e, const uint8_t *msg, size_t len,
    uint64_t pos, uint64_t now)
{
	struct load *l = &e->load;

	dedupe_remember(&e->dedupe, mac1_of(msg, len), now);
	if (l->head - l->tail == LOAD_QUEUE)
		l->tail++;
	l->queue[l->head % LOAD_QUEUE].pos = pos;
	l->queue[l->head % LOAD_QUEUE].since = now;
	l->head++;
}
