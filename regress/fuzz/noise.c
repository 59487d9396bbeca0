/* SPDX-License-Identifier: ISC */
/*
 * The handshake against arbitrary messages in every state.  The input is
 * XORed into a message that is right, so that the fuzzer starts behind the
 * cryptography: a changed byte that is authenticated must be refused and
 * change nothing, one that is not must do no harm.
 */
#include <errno.h>

#include <sodium.h>

#include "cryptod/ephemeral.h"
#include "cryptod/noise.h"
#include "input.h"
#include "shared/bytes.h"

#define INDEX_I	0x11223344U
#define INDEX_R	0x55667788U

struct host {
	struct noise_local	local;
	struct noise_remote	remote;
	struct noise_handshake	hs;
};

static struct host	i0, r0;		/* before anything was sent */
static struct host	i1, r1;		/* after message 1 */
static struct host	r2;		/* after message 2 */
static uint8_t		m1[NOISE_INITIATION_LEN], m2[NOISE_RESPONSE_LEN];
static uint8_t		next = 1;

/* The same in every run, so that a finding can be reproduced. */
void
noise_ephemeral(uint8_t private[32])
{
	memset(private, next++, 32);
	private[0] &= 248;
	private[31] = (uint8_t)((private[31] & 127) | 64);
}

static void
host_init(struct host *h, uint8_t own, const struct noise_local *other)
{
	static const uint8_t psk[32] = "thirty-one bytes of a shared key";
	uint8_t private[32];

	memset(private, own, sizeof(private));
	if (other == NULL)
		noise_local_set(&h->local, private);
	else
		noise_remote_init(&h->remote, &h->local, other->public, psk);
}

/* A whole handshake, kept at each of its steps. */
static void
setup(void)
{
	static const uint8_t label[TAI64N_LEN] = { 0x40, 1 };
	struct noise_initiation init;

	MUST(sodium_init() != -1);
	host_init(&i0, 0xa1, NULL);
	host_init(&r0, 0xb2, NULL);
	host_init(&i0, 0, &r0.local);
	host_init(&r0, 0, &i0.local);
	i1 = i0;
	r1 = r0;
	MUST(noise_initiation_create(&i1.hs, &i1.local, &i1.remote, INDEX_I,
	    label, m1) == 0);
	MUST(noise_initiation_open(&r1.local, m1, &init) == 0);
	MUST(noise_initiation_finish(&init, &r1.local, &r1.remote) == 0);
	MUST(noise_initiation_commit(&r1.hs, &r1.remote, &init) == 0);
	r2 = r1;
	MUST(noise_response_create(&r2.hs, &r2.local, &r2.remote, INDEX_R,
	    m2) == 0);
}

static int
is_zero(const void *p, size_t n)
{
	return sodium_is_zero(p, n);
}

/* Do these messages agree in all that the recipient authenticates? */
static int
same1(const uint8_t *m)
{
	/* Not the sender's index, nor mac1 and mac2, which are netd's. */
	return memcmp(m, m1, 4) == 0 && memcmp(m + 8, m1 + 8, 108) == 0;
}

static int
same2(const uint8_t *m)
{
	return memcmp(m, m2, 4) == 0 && memcmp(m + 8, m2 + 8, 52) == 0;
}

/* All steps of message 1 at h; 0 if it was believed. */
static int
receive1(struct host *h, const uint8_t *msg)
{
	struct noise_initiation init;
	struct host was = *h;

	memset(&init, 0xa5, sizeof(init));
	if (noise_initiation_open(&h->local, msg, &init) == -1)
		goto refused;
	MUST(memcmp(h, &was, sizeof(was)) == 0);
	if (noise_initiation_finish(&init, &h->local, &h->remote) == -1)
		goto refused;
	MUST(memcmp(h, &was, sizeof(was)) == 0);
	if (noise_initiation_commit(&h->hs, &h->remote, &init) == -1)
		goto refused;
	MUST(is_zero(&init, sizeof(init)));
	MUST(memcmp(h->remote.timestamp, was.remote.timestamp,
	    TAI64N_LEN) > 0);
	MUST(h->hs.state == NOISE_CONSUMED_INITIATION);
	MUST(h->hs.remote_index == get_le32(msg + 4));
	/* The same once more is a replay, whoever sends it. */
	MUST(receive1(h, msg) == -1 && errno == ESTALE);
	return 0;
refused:
	MUST(memcmp(h, &was, sizeof(was)) == 0);
	/* What is left of a replay tells of its sender's clock. */
	if (errno == ESTALE)
		memset(init.timestamp, 0, sizeof(init.timestamp));
	MUST(is_zero(&init, sizeof(init)));
	return -1;
}

/* Message 1 at a host in any state; accepted only if it is the right one. */
static void
initiation(struct input *in)
{
	uint8_t msg[NOISE_INITIATION_LEN];
	struct host h;
	int want;

	switch (input_u8(in) % 4) {
	case 0:
		h = r0;
		break;
	case 1:
		h = r1;
		break;
	case 2:
		h = r2;
		break;
	default:
		h = i1;
		break;
	}
	want = is_zero(h.remote.timestamp, TAI64N_LEN) &&
	    memcmp(h.local.public, r0.local.public, 32) == 0;
	memcpy(msg, m1, sizeof(msg));
	input_xor(in, msg, sizeof(msg));
	MUST((receive1(&h, msg) == 0) == (want && same1(msg)));
}

static int
receive2(struct host *h, const uint8_t *msg)
{
	struct host was = *h;

	if (noise_response_consume(&h->hs, &h->local, &h->remote,
	    msg) == -1) {
		MUST(memcmp(h, &was, sizeof(was)) == 0);
		return -1;
	}
	MUST(h->hs.state == NOISE_CONSUMED_RESPONSE);
	MUST(h->hs.remote_index == get_le32(msg + 4));
	MUST(is_zero(h->hs.ephemeral, sizeof(h->hs.ephemeral)));
	MUST(noise_response_consume(&h->hs, &h->local, &h->remote,
	    msg) == -1);
	return 0;
}

/* Both sides have the same keys now. */
static void
session(struct host *i, struct host r)
{
	uint8_t si[32], ri[32], sr[32], rr[32];

	MUST(noise_session_derive(&i->hs, false, si, ri) == -1);
	MUST(noise_session_derive(&i->hs, true, si, ri) == 0);
	MUST(noise_session_derive(&r.hs, true, sr, rr) == -1);
	MUST(noise_session_derive(&r.hs, false, sr, rr) == 0);
	MUST(memcmp(si, rr, 32) == 0 && memcmp(ri, sr, 32) == 0);
	MUST(is_zero(&i->hs, sizeof(i->hs)) && is_zero(&r.hs, sizeof(r.hs)));
	MUST(noise_session_derive(&i->hs, true, si, ri) == -1);
}

static void
response(struct input *in)
{
	uint8_t msg[NOISE_RESPONSE_LEN];
	struct host h;
	int which;

	which = input_u8(in) % 5;
	h = which == 0 ? i0 : which == 1 ? r1 : which == 2 ? r2 : i1;
	memcpy(msg, m2, sizeof(msg));
	input_xor(in, msg, sizeof(msg));
	if (which == 4) {	/* answered by then: to be refused */
		MUST(receive2(&h, m2) == 0);
		MUST(receive2(&h, msg) == -1);
		return;
	}
	MUST((receive2(&h, msg) == 0) == (which == 3 && same2(msg)));
	if (which == 3 && same2(msg))
		session(&h, r2);
}

/* Bytes that are no message at all, with the right type or without. */
static void
garbage(struct input *in)
{
	uint8_t msg[NOISE_INITIATION_LEN];
	struct host h = r0, i = i1;
	uint8_t typed = input_u8(in);

	input_copy(in, msg, sizeof(msg));
	if ((typed & 1) != 0)
		put_le32(msg, NOISE_TYPE_INITIATION);
	MUST((receive1(&h, msg) == 0) == same1(msg));
	if ((typed & 2) != 0) {
		put_le32(msg, NOISE_TYPE_RESPONSE);
		put_le32(msg + 8, INDEX_I);
	}
	MUST((receive2(&i, msg) == 0) == same2(msg));
}

/*
 * A remote whose public key is the input, low orders included: creating a
 * message works or leaves zeros, and its owner's answer would be accepted.
 */
static void
strange_remote(struct input *in)
{
	uint8_t msg[NOISE_INITIATION_LEN], pub[32], label[TAI64N_LEN];
	struct noise_handshake hs;
	struct noise_remote remote;

	input_copy(in, pub, sizeof(pub));
	input_copy(in, label, sizeof(label));
	memset(&hs, 0, sizeof(hs));
	noise_remote_init(&remote, &i0.local, pub, NULL);
	if (noise_initiation_create(&hs, &i0.local, &remote, INDEX_I, label,
	    msg) == -1) {
		MUST(errno == EKEYREJECTED && !remote.ss_ok);
		MUST(is_zero(msg, sizeof(msg)) && is_zero(&hs, sizeof(hs)));
	} else
		MUST(remote.ss_ok && get_le32(msg) == 1 &&
		    is_zero(msg + 116, 32));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (next == 1)
		setup();
	next = 3;
	switch (input_u8(&in) % 4) {
	case 0:
		initiation(&in);
		break;
	case 1:
		response(&in);
		break;
	case 2:
		garbage(&in);
		break;
	case 3:
		strange_remote(&in);
		break;
	}
	return 0;
}
