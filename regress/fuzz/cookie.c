/* SPDX-License-Identifier: ISC */
/*
 * mac1, mac2 and cookie replies: what one side makes the other takes, with
 * any changed byte it does not, and a refused message changes nothing.
 */
#include <netinet/in.h>

#include <sodium.h>

#include "input.h"
#include "netd/cookie.h"
#include "shared/bytes.h"

#define INITIATION_LEN	148
#define RESPONSE_LEN	92
#define SECOND		1000000000ULL

struct source {
	uint8_t		addr[16];
	size_t		addrlen;
	in_port_t	port;
};

static const uint8_t	pub[COOKIE_KEY_LEN] =
			    "thirty-two bytes of a public key";

/* A reply, and then the same one with a mask over it. */
static void
reply(struct input *in, struct cookie_checker *c, struct cookie_maker *m,
    const uint8_t *msg, size_t len, const struct source *s, uint64_t now)
{
	uint8_t good[COOKIE_REPLY_LEN], bad[COOKIE_REPLY_LEN];
	struct cookie_maker was;

	MUST(cookie_reply_make(c, msg, len, s->addr, s->addrlen, s->port,
	    now, good) == 0);
	MUST(get_le32(good) == 3 && memcmp(good + 4, msg + 4, 4) == 0);
	memcpy(bad, good, sizeof(bad));
	input_xor(in, bad, sizeof(bad));
	was = *m;
	/* The receiver's index is not authenticated; netd looks it up. */
	if (memcmp(bad, good, 4) != 0 ||
	    memcmp(bad + 8, good + 8, sizeof(bad) - 8) != 0) {
		MUST(cookie_maker_consume(m, bad, now) == -1);
		MUST(memcmp(m, &was, sizeof(was)) == 0);
	}
	MUST(cookie_maker_consume(m, good, now) == 0);
	MUST(m->have_cookie && !m->have_last && m->birth == now);
	/* Once only. */
	MUST(cookie_maker_consume(m, good, now + SECOND) == -1);
	MUST(m->birth == now);
}

/* With the cookie, mac2 is right for this source and no other. */
static void
mac2(struct input *in, struct cookie_checker *c, struct cookie_maker *m,
    uint8_t *msg, size_t len, const struct source *s, uint64_t now)
{
	struct source other = *s;
	uint64_t later;

	later = now + input_int(in, 5);
	MUST(cookie_maker_fill(m, msg, len, later) == 0);
	MUST(cookie_checker_mac1_ok(c, msg, len));
	if (later - now >= COOKIE_SECRET_MAX_AGE - COOKIE_SECRET_LATENCY) {
		MUST(sodium_is_zero(msg + len - 16, 16) && !m->have_cookie);
		MUST(!cookie_checker_mac2_ok(c, msg, len, s->addr, s->addrlen,
		    s->port, now));
		return;
	}
	MUST(cookie_checker_mac2_ok(c, msg, len, s->addr, s->addrlen, s->port,
	    later));
	other.port ^= 1;
	MUST(!cookie_checker_mac2_ok(c, msg, len, other.addr, other.addrlen,
	    other.port, later));
	other = *s;
	other.addr[input_u8(in) % s->addrlen] ^= 0x10;
	MUST(!cookie_checker_mac2_ok(c, msg, len, other.addr, other.addrlen,
	    other.port, later));
	msg[input_u8(in) % len] ^= 1;
	MUST(!cookie_checker_mac2_ok(c, msg, len, s->addr, s->addrlen, s->port,
	    later));
	/* A new secret makes all cookies void. */
	MUST(!cookie_checker_mac2_ok(c, msg, len, s->addr, s->addrlen, s->port,
	    now + COOKIE_SECRET_MAX_AGE));
}

/* Any bytes of any length, and any reply when one is awaited or not. */
static void
garbage(struct input *in)
{
	struct cookie_checker c;
	struct cookie_maker m, was;
	uint8_t out[COOKIE_REPLY_LEN], *msg;
	size_t len;
	int form;

	cookie_checker_init(&c, pub, 0);
	cookie_maker_init(&m, pub);
	m.have_last = input_u8(in) & 1;
	input_copy(in, out, sizeof(out));
	was = m;
	MUST(cookie_maker_consume(&m, out, 0) == -1);
	MUST(memcmp(&m, &was, sizeof(m)) == 0);
	len = in->left;
	msg = input_dup(in->p, len);
	form = (len == INITIATION_LEN && get_le32(msg) == 1) ||
	    (len == RESPONSE_LEN && get_le32(msg) == 2);
	MUST(!cookie_checker_mac1_ok(&c, msg, len));
	MUST(!cookie_checker_mac2_ok(&c, msg, len, "\1\2\3\4", 4, 7, 0));
	MUST((cookie_reply_make(&c, msg, len, "\1\2\3\4", 4, 7, 0, out) ==
	    0) == form);
	MUST((cookie_maker_fill(&m, msg, len, 0) == 0) == form);
	MUST(cookie_checker_mac1_ok(&c, msg, len) == form);
	free(msg);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t msg[INITIATION_LEN], form;
	struct cookie_checker c;
	struct cookie_maker m;
	struct source s;
	uint64_t now;
	size_t len, at;

	MUST(sodium_init() != -1);
	form = input_u8(&in);
	if ((form & 1) != 0) {
		garbage(&in);
		return 0;
	}
	len = (form & 2) != 0 ? INITIATION_LEN : RESPONSE_LEN;
	s.addrlen = (form & 4) != 0 ? 4 : 16;
	now = input_int(&in, 6);
	s.port = (in_port_t)input_int(&in, 2);
	input_copy(&in, s.addr, sizeof(s.addr));
	at = input_u8(&in) % (len - 16);
	cookie_checker_init(&c, pub, now);
	cookie_maker_init(&m, pub);
	input_copy(&in, msg, len - 32);
	put_le32(msg, len == INITIATION_LEN ? 1 : 2);

	MUST(cookie_maker_fill(&m, msg, len, now) == 0);
	MUST(cookie_checker_mac1_ok(&c, msg, len));
	MUST(!cookie_checker_mac2_ok(&c, msg, len, s.addr, s.addrlen, s.port,
	    now));
	msg[at] ^= 0x40;
	MUST(!cookie_checker_mac1_ok(&c, msg, len));
	msg[at] ^= 0x40;
	reply(&in, &c, &m, msg, len, &s, now);
	mac2(&in, &c, &m, msg, len, &s, now);
	return 0;
}
