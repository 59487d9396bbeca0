/* SPDX-License-Identifier: ISC */
/*
 * What netd does to every datagram: its form, the verdict over a handshake
 * message, the memory of copies and the watch over load.
 */
#include <sys/socket.h>

#include <sodium.h>

#include "input.h"
#include "netd/envelope.h"
#include "shared/bytes.h"

static const uint8_t	pub[COOKIE_KEY_LEN] =
			    "thirty-two bytes of a public key";

/* No ring here: nobody reads, nobody is busy. */
bool
ring_is_read(const struct ring *r, enum ring_lane lane, uint64_t pos)
{
	(void)r;
	(void)lane;
	return pos % 2 == 0;
}

bool
ring_peer_busy(const struct ring *r)
{
	return r != NULL;
}

static void
form(struct input *in)
{
	uint8_t *msg = input_dup(in->p, in->left);
	size_t len = in->left;
	unsigned want = 0;
	uint32_t type;

	if (len >= 4) {
		type = get_le32(msg);
		if ((type == 1 && len == 148) || (type == 2 && len == 92) ||
		    (type == 3 && len == 64) || (type == 4 && len >= 32))
			want = type;
	}
	MUST(message_form(msg, len) == want);
	if (want != 0)
		MUST(WG_RECEIVER(want) + 4U <= len);
	free(msg);
}

/*
 * A message that is right but for the input: the verdict, twice, with and
 * without load, after it was passed on, and a second later.
 */
static void
verdict(struct input *in, struct envelope *e)
{
	uint8_t msg[WG_INITIATION_LEN], was[WG_INITIATION_LEN];
	uint8_t reply[COOKIE_REPLY_LEN], slot = 9;
	struct endpoint from = { .family = AF_INET6, .port = 7 };
	struct cookie_maker m;
	uint64_t now;
	size_t len;
	int i;

	len = (input_u8(in) & 1) != 0 ? WG_INITIATION_LEN : WG_RESPONSE_LEN;
	now = 1 + input_int(in, 6);
	if ((input_u8(in) & 1) != 0)
		from.family = AF_INET;
	input_copy(in, from.addr, from.family == AF_INET ? 4 : 16);
	memset(msg, 0x5a, sizeof(msg));
	put_le32(msg, len == WG_INITIATION_LEN ? 1 : 2);
	put_le64(msg + 16, now);
	cookie_maker_init(&m, pub);
	MUST(cookie_maker_fill(&m, msg, len, now) == 0);
	memcpy(was, msg, sizeof(was));
	input_xor(in, msg, len);
	if (memcmp(msg, was, len - 16) != 0) {
		MUST(envelope_check(e, msg, len, &from, false, now, &slot,
		    reply) == ENVELOPE_NO_MAC1);
		memcpy(msg, was, sizeof(msg));
	}
	MUST(envelope_check(e, msg, len, &from, false, now, &slot,
	    reply) == ENVELOPE_PASS && slot == 2);
	/* Its mac2 is whatever it is: no cookie is known. */
	MUST(envelope_check(e, msg, len, &from, true, now, &slot,
	    reply) == ENVELOPE_COOKIE && message_form(reply,
	    sizeof(reply)) == WG_COOKIE_REPLY);
	MUST(get_le32(reply + 4) == get_le32(msg + 4));
	MUST(cookie_maker_consume(&m, reply, now) == 0);
	MUST(cookie_maker_fill(&m, msg, len, now) == 0);
	for (i = 0; i < RATELIMIT_BURST; i++)
		MUST(envelope_check(e, msg, len, &from, true, now, &slot,
		    reply) == ENVELOPE_PASS);
	MUST(envelope_check(e, msg, len, &from, true, now, &slot,
	    reply) == ENVELOPE_LIMITED);
	envelope_passed(e, msg, len, now, now);
	MUST(envelope_check(e, msg, len, &from, false, now + DEDUPE_WINDOW - 1,
	    &slot, reply) == ENVELOPE_DUPLICATE);
	MUST(envelope_check(e, msg, len, &from, false, now + DEDUPE_WINDOW,
	    &slot, reply) == ENVELOPE_PASS);
}

/* The queue of handshakes under observation never runs over. */
static void
load(struct input *in, struct envelope *e)
{
	uint8_t msg[WG_RESPONSE_LEN] = { 2 };
	uint64_t now = 0, pos = 0, until = 0;
	unsigned int i;
	bool loaded;

	while (in->left > 0) {
		now += input_int(in, 1) << 20;
		for (i = input_u8(in); i > 0; i--)
			envelope_passed(e, msg, sizeof(msg), pos++, now);
		MUST(e->load.head - e->load.tail <= LOAD_QUEUE);
		loaded = envelope_is_loaded(e, NULL, now);
		MUST(e->load.until >= until);
		until = e->load.until;
		MUST(loaded == (now < until));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct envelope e;
	struct input in = { data, size };
	uint8_t what = input_u8(&in) % 3;

	MUST(sodium_init() != -1);
	if (what == 0)
		form(&in);
	else if (what == 1) {
		MUST(envelope_init(&e, 0) == 0);
		envelope_set_key(&e, 2, pub, 0);
		verdict(&in, &e);
		envelope_clear(&e);
	} else {
		memset(&e.load, 0, sizeof(e.load));
		load(&in, &e);
	}
	return 0;
}
