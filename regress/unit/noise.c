/* SPDX-License-Identifier: ISC */
/*
 * The WireGuard handshake: known answers, then everything that must be
 * refused.  noise_ephemeral() is ours here, instead of cryptod/ephemeral.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "cryptod/aead.h"
#include "cryptod/ephemeral.h"
#include "cryptod/noise.h"
#include "shared/bytes.h"
#include "unit.h"
#include "vectors.h"

#define FILE_WG		"wireguard-handshake.txt"

static const char *const	names[] = { "plain", "psk", "cookie" };

/* The next ephemeral, if a test asked for one; else a random one. */
static uint8_t	next_ephemeral[32];
static bool	next_is_set;

void
noise_ephemeral(uint8_t private[32])
{
	if (next_is_set)
		memcpy(private, next_ephemeral, 32);
	else
		randombytes_buf(private, 32);
	next_is_set = false;
	private[0] &= 248;
	private[31] = (uint8_t)((private[31] & 127) | 64);
}

static void
get(const char *name, const char *key, void *buf, size_t size)
{
	char	full[128];

	snprintf(full, sizeof(full), "%s.%s", name, key);
	vectors_get(FILE_WG, full, buf, size);
}

static uint32_t
get_index(const char *name, const char *key)
{
	uint8_t	b[4];

	get(name, key, b, sizeof(b));
	return (get_be32(b));
}

static void
check_step(const char *name, int msg, int step, const struct symmetric *sym)
{
	struct symmetric	want;
	char			key[64];

	snprintf(key, sizeof(key), "message%d.%d.ck", msg, step);
	get(name, key, want.ck, sizeof(want.ck));
	snprintf(key, sizeof(key), "message%d.%d.hash", msg, step);
	get(name, key, want.hash, sizeof(want.hash));
	ck_assert_mem_eq(sym->ck, want.ck, sizeof(want.ck));
	ck_assert_mem_eq(sym->hash, want.hash, sizeof(want.hash));
}

/* Two hosts that know each other, and a handshake at each. */
struct pair {
	struct noise_local	li, lr;
	struct noise_remote	ri, rr;	/* ri: what i knows of r */
	struct noise_handshake	hi, hr;
	struct noise_initiation	init;
	uint8_t			m1[NOISE_INITIATION_LEN];
	uint8_t			m2[NOISE_RESPONSE_LEN];
	uint8_t			label[TAI64N_LEN];
};

static void
pair_make(struct pair *p, const uint8_t *priv_i, const uint8_t *priv_r,
    const uint8_t *psk)
{
	memset(p, 0, sizeof(*p));
	noise_local_set(&p->li, priv_i);
	noise_local_set(&p->lr, priv_r);
	noise_remote_init(&p->ri, &p->li, p->lr.public, psk);
	noise_remote_init(&p->rr, &p->lr, p->li.public, psk);
	tai64n_label(p->label, 1700000000, 0);
}

static void
pair_random(struct pair *p)
{
	uint8_t	a[32], b[32], psk[32];

	randombytes_buf(a, sizeof(a));
	randombytes_buf(b, sizeof(b));
	randombytes_buf(psk, sizeof(psk));
	pair_make(p, a, b, psk);
}

static int
pair_create(struct pair *p)
{
	return (noise_initiation_create(&p->hi, &p->li, &p->ri, 0x11111111,
	    p->label, p->m1));
}

/* All three steps of message 1 at the responder. */
static int
pair_receive1(struct pair *p)
{
	if (noise_initiation_open(&p->lr, p->m1, &p->init) == -1 ||
	    noise_initiation_finish(&p->init, &p->lr, &p->rr) == -1)
		return (-1);
	return (noise_initiation_commit(&p->hr, &p->rr, &p->init));
}

static int
pair_respond(struct pair *p)
{
	return (noise_response_create(&p->hr, &p->lr, &p->rr, 0x22222222,
	    p->m2));
}

static int
pair_receive2(struct pair *p)
{
	return (noise_response_consume(&p->hi, &p->li, &p->ri, p->m2));
}

static void
pair_to_message2(struct pair *p)
{
	ck_assert_int_eq(pair_create(p), 0);
	ck_assert_int_eq(pair_receive1(p), 0);
	ck_assert_int_eq(pair_respond(p), 0);
}

static void
check_sessions_agree(struct pair *p)
{
	uint8_t	is[32], ir[32], rs[32], rr[32];

	ck_assert_int_eq(noise_session_derive(&p->hi, true, is, ir), 0);
	ck_assert_int_eq(noise_session_derive(&p->hr, false, rs, rr), 0);
	ck_assert_mem_eq(is, rr, 32);
	ck_assert_mem_eq(ir, rs, 32);
	ck_assert_mem_ne(is, ir, 32);
}

static void
pair_named(struct pair *p, const char *name)
{
	uint8_t	a[32], b[32], psk[32], want[32];

	get(name, "initiator_static_private", a, 32);
	get(name, "responder_static_private", b, 32);
	get(name, "psk", psk, 32);
	/* No psk and a psk of zeros are the same.  (P12) */
	pair_make(p, a, b, sodium_is_zero(psk, 32) == 1 ? NULL : psk);
	get(name, "initiator_static_public", want, 32);
	ck_assert_mem_eq(p->li.public, want, 32);
	get(name, "responder_static_public", want, 32);
	ck_assert_mem_eq(p->lr.public, want, 32);
	get(name, "static_static", want, 32);
	ck_assert(p->ri.ss_ok && p->rr.ss_ok);
	ck_assert_mem_eq(p->ri.ss, want, 32);
	ck_assert_mem_eq(p->rr.ss, want, 32);
	get(name, "tai64n", p->label, TAI64N_LEN);
}

static void
check_transport(const char *name, const uint8_t *k1, const uint8_t *k2)
{
	uint8_t		from_initiator, b[8], padded[2048], packet[2100];
	uint8_t		buf[2100];
	char		key[64];
	const uint8_t	*k;
	size_t		len, plen;
	int		i;

	for (i = 0; i < 6; i++) {
		snprintf(key, sizeof(key), "transport.%d.from_initiator", i);
		get(name, key, &from_initiator, 1);
		snprintf(key, sizeof(key), "transport.%d.counter_be", i);
		get(name, key, b, sizeof(b));
		snprintf(key, sizeof(key), "%s.transport.%d.padded", name, i);
		len = vectors_find(FILE_WG, key, padded, sizeof(padded));
		snprintf(key, sizeof(key), "%s.transport.%d.packet", name, i);
		plen = vectors_find(FILE_WG, key, packet, sizeof(packet));
		k = from_initiator == 1 ? k1 : k2;
		ck_assert_uint_eq(plen, 16 + len + AEAD_TAGLEN);
		ck_assert_uint_eq(get_le64(packet + 8), get_be64(b));
		aead_seal(buf, padded, len, k, get_be64(b));
		ck_assert_mem_eq(buf, packet + 16, len + AEAD_TAGLEN);
		ck_assert_int_eq(aead_open(buf, packet + 16, plen - 16, k,
		    get_be64(b)), 0);
		ck_assert_mem_eq(buf, padded, len);
	}
}

START_TEST(handshake)
{
	const char	*name = names[_i];
	struct pair	 p;
	uint8_t		 want1[NOISE_INITIATION_LEN], want[32];
	uint8_t		 zero[32] = { 0 };
	uint8_t		 want2[NOISE_RESPONSE_LEN], is[32], ir[32];
	uint8_t		 rs[32], rr[32];

	pair_named(&p, name);
	get(name, "message1", want1, sizeof(want1));
	get(name, "message2", want2, sizeof(want2));

	get(name, "initiator_ephemeral_private", next_ephemeral, 32);
	next_is_set = true;
	ck_assert_int_eq(noise_initiation_create(&p.hi, &p.li, &p.ri,
	    get_index(name, "sender_index_be"), p.label, p.m1), 0);
	ck_assert_mem_eq(p.m1, want1, 116);
	ck_assert_mem_eq(p.m1 + 116, zero, 32);
	ck_assert_int_eq(p.hi.state, NOISE_CREATED_INITIATION);
	check_step(name, 1, 7, &p.hi.sym);

	/* What others send has its macs filled. */
	ck_assert_int_eq(noise_initiation_open(&p.lr, want1, &p.init), 0);
	ck_assert_mem_eq(p.init.remote_public, p.li.public, 32);
	check_step(name, 1, 5, &p.init.sym);
	ck_assert_int_eq(noise_initiation_finish(&p.init, &p.lr, &p.rr), 0);
	check_step(name, 1, 7, &p.init.sym);
	ck_assert_mem_eq(p.init.timestamp, p.label, TAI64N_LEN);
	ck_assert_int_eq(noise_initiation_commit(&p.hr, &p.rr, &p.init), 0);
	ck_assert_int_eq(p.hr.state, NOISE_CONSUMED_INITIATION);
	ck_assert_uint_eq(p.hr.remote_index,
	    get_index(name, "sender_index_be"));
	ck_assert_mem_eq(p.rr.timestamp, p.label, TAI64N_LEN);

	get(name, "responder_ephemeral_private", next_ephemeral, 32);
	next_is_set = true;
	ck_assert_int_eq(noise_response_create(&p.hr, &p.lr, &p.rr,
	    get_index(name, "responder_index_be"), p.m2), 0);
	ck_assert_mem_eq(p.m2, want2, 60);
	ck_assert_mem_eq(p.m2 + 60, zero, 32);
	check_step(name, 2, 6, &p.hr.sym);

	ck_assert_int_eq(noise_response_consume(&p.hi, &p.li, &p.ri, want2),
	    0);
	ck_assert_int_eq(p.hi.state, NOISE_CONSUMED_RESPONSE);
	check_step(name, 2, 6, &p.hi.sym);
	ck_assert_uint_eq(p.hi.remote_index,
	    get_index(name, "responder_index_be"));

	ck_assert_int_eq(noise_session_derive(&p.hi, true, is, ir), 0);
	ck_assert_int_eq(noise_session_derive(&p.hr, false, rs, rr), 0);
	get(name, "key_i_to_r", want, 32);
	ck_assert_mem_eq(is, want, 32);
	ck_assert_mem_eq(rr, want, 32);
	get(name, "key_r_to_i", want, 32);
	ck_assert_mem_eq(ir, want, 32);
	ck_assert_mem_eq(rs, want, 32);
	check_transport(name, is, ir);
}
END_TEST

START_TEST(local)
{
	struct noise_local	a, zero;
	uint8_t			priv[32];

	memset(&zero, 0, sizeof(zero));
	memset(priv, 0xff, sizeof(priv));
	noise_local_set(&a, priv);
	ck_assert(a.has_identity);
	ck_assert_uint_eq(a.private[0], 0xf8);
	ck_assert_uint_eq(a.private[31], 0x7f);
	memset(priv, 0, sizeof(priv));
	noise_local_set(&a, priv);
	ck_assert_mem_eq(&a, &zero, sizeof(a));
}
END_TEST

/* A failed call leaves handshake and remote as they were. */
START_TEST(tamper_message1)
{
	struct pair	p;
	struct pair	before;
	size_t		i;

	pair_random(&p);
	ck_assert_int_eq(pair_create(&p), 0);
	memcpy(&before, &p, sizeof(p));
	for (i = 0; i < 116; i++) {
		/* The sender index is protected by mac1 only. */
		if (i >= 4 && i < 8)
			continue;
		p.m1[i] ^= 1;
		/* X25519 ignores the top bit, but the hash does not. */
		ck_assert_msg(pair_receive1(&p) == -1, "byte %zu", i);
		p.m1[i] ^= 0x81;
		ck_assert_msg(pair_receive1(&p) == -1, "byte %zu", i);
		p.m1[i] ^= 0x80;
		ck_assert_mem_eq(&p.hr, &before.hr, sizeof(p.hr));
		ck_assert_mem_eq(&p.rr, &before.rr, sizeof(p.rr));
		ck_assert_int_eq(sodium_is_zero((const uint8_t *)&p.init,
		    sizeof(p.init)), 1);
	}
	ck_assert_int_eq(pair_receive1(&p), 0);
}
END_TEST

START_TEST(tamper_message2)
{
	struct pair		p;
	struct noise_handshake	before;
	size_t			i;

	pair_random(&p);
	pair_to_message2(&p);
	memcpy(&before, &p.hi, sizeof(before));
	for (i = 0; i < 60; i++) {
		if (i >= 4 && i < 8)
			continue;
		p.m2[i] ^= 1;
		ck_assert_msg(pair_receive2(&p) == -1, "byte %zu", i);
		p.m2[i] ^= 0x81;
		ck_assert_msg(pair_receive2(&p) == -1, "byte %zu", i);
		p.m2[i] ^= 0x80;
		ck_assert_mem_eq(&p.hi, &before, sizeof(before));
	}
	ck_assert_int_eq(pair_receive2(&p), 0);
	check_sessions_agree(&p);
}
END_TEST

START_TEST(wrong_state)
{
	struct pair		p;
	struct noise_handshake	hs;
	uint8_t			k1[32], k2[32], m2[NOISE_RESPONSE_LEN];

	pair_random(&p);
	/* Nothing began yet. */
	ck_assert_int_eq(pair_respond(&p), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(pair_receive2(&p), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(noise_initiation_commit(&p.hr, &p.rr, &p.init), -1);
	ck_assert_int_eq(noise_session_derive(&p.hi, true, k1, k2), -1);
	ck_assert_int_eq(noise_session_derive(&p.hi, false, k1, k2), -1);

	ck_assert_int_eq(pair_create(&p), 0);
	ck_assert_int_eq(noise_session_derive(&p.hi, true, k1, k2), -1);
	/* Commit without finish. */
	ck_assert_int_eq(noise_initiation_open(&p.lr, p.m1, &p.init), 0);
	ck_assert_int_eq(noise_initiation_commit(&p.hr, &p.rr, &p.init), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(p.hr.state, NOISE_ZEROED);

	ck_assert_int_eq(pair_receive1(&p), 0);
	ck_assert_int_eq(noise_session_derive(&p.hr, false, k1, k2), -1);
	ck_assert_int_eq(pair_respond(&p), 0);
	memcpy(m2, p.m2, sizeof(m2));
	ck_assert_int_eq(pair_respond(&p), -1);
	ck_assert_int_eq(sodium_is_zero(p.m2, sizeof(p.m2)), 1);
	memcpy(p.m2, m2, sizeof(m2));
	ck_assert_int_eq(noise_session_derive(&p.hr, true, k1, k2), -1);

	/* The answer to an initiation that a newer one replaced. */
	memcpy(&hs, &p.hi, sizeof(hs));
	ck_assert_int_eq(noise_initiation_create(&p.hi, &p.li, &p.ri,
	    0x11111112, p.label, p.m1), 0);
	ck_assert_int_eq(pair_receive2(&p), -1);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_int_eq(p.hi.state, NOISE_CREATED_INITIATION);
	memcpy(&p.hi, &hs, sizeof(hs));
	ck_assert_int_eq(pair_receive2(&p), 0);
	/* Message 2 again. */
	ck_assert_int_eq(pair_receive2(&p), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(noise_session_derive(&p.hi, false, k1, k2), -1);
	check_sessions_agree(&p);
	ck_assert_int_eq(sodium_is_zero((const uint8_t *)&p.hi,
	    sizeof(p.hi)), 1);
	ck_assert_int_eq(noise_session_derive(&p.hi, true, k1, k2), -1);
}
END_TEST

START_TEST(replay)
{
	struct pair		p;
	struct noise_initiation	late;

	pair_random(&p);
	ck_assert_int_eq(pair_create(&p), 0);
	/* Two copies pass finish before one is committed.  (P14) */
	ck_assert_int_eq(noise_initiation_open(&p.lr, p.m1, &late), 0);
	ck_assert_int_eq(noise_initiation_finish(&late, &p.lr, &p.rr), 0);
	ck_assert_int_eq(pair_receive1(&p), 0);
	ck_assert_int_eq(noise_initiation_commit(&p.hr, &p.rr, &late), -1);
	ck_assert_int_eq(errno, ESTALE);

	ck_assert_int_eq(pair_receive1(&p), -1);
	ck_assert_int_eq(errno, ESTALE);
	/* Fresh message, same label; then an older one, then the next. */
	ck_assert_int_eq(pair_create(&p), 0);
	ck_assert_int_eq(pair_receive1(&p), -1);
	ck_assert_int_eq(errno, ESTALE);
	tai64n_label(p.label, 1699999999, 0);
	ck_assert_int_eq(pair_create(&p), 0);
	ck_assert_int_eq(pair_receive1(&p), -1);
	ck_assert_int_eq(errno, ESTALE);
	ck_assert_int_eq(tai64n_next(p.rr.timestamp, 0, 0, p.label), 1);
	ck_assert_int_eq(pair_create(&p), 0);
	ck_assert_int_eq(pair_receive1(&p), 0);
	ck_assert_mem_eq(p.rr.timestamp, p.label, TAI64N_LEN);
	/* A psk or key change does not forget the timestamp. */
	noise_remote_precompute(&p.rr, &p.lr);
	noise_remote_set_psk(&p.rr, NULL);
	ck_assert_mem_eq(p.rr.timestamp, p.label, TAI64N_LEN);
}
END_TEST

START_TEST(psk_mismatch)
{
	struct pair	p;
	uint8_t		psk[32] = { 1 };

	/* Message 1 has no psk in it; message 2 shows it. */
	pair_random(&p);
	noise_remote_set_psk(&p.ri, psk);
	pair_to_message2(&p);
	ck_assert_int_eq(pair_receive2(&p), -1);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_int_eq(p.hi.state, NOISE_CREATED_INITIATION);

	/* One side only, both ways round.  (P12) */
	pair_random(&p);
	noise_remote_set_psk(&p.ri, NULL);
	pair_to_message2(&p);
	ck_assert_int_eq(pair_receive2(&p), -1);
	pair_random(&p);
	noise_remote_set_psk(&p.rr, NULL);
	pair_to_message2(&p);
	ck_assert_int_eq(pair_receive2(&p), -1);

	pair_random(&p);
	noise_remote_set_psk(&p.ri, NULL);
	noise_remote_set_psk(&p.rr, NULL);
	pair_to_message2(&p);
	ck_assert_int_eq(pair_receive2(&p), 0);
	check_sessions_agree(&p);
}
END_TEST

/* An attacker's low-order points at each of the DHs.  (P13) */
START_TEST(low_order)
{
	static const uint8_t	points[][32] = {
		{ 0 },
		{ 1 },
		{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae,
		  0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
		  0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd,
		  0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 }
	};
	struct pair		p;
	struct noise_remote	bad;
	struct noise_handshake	hs;

	pair_random(&p);
	noise_remote_init(&bad, &p.li, points[_i], NULL);
	ck_assert(!bad.ss_ok);
	ck_assert_mem_eq(bad.public, points[_i], 32);
	ck_assert_int_eq(noise_initiation_create(&p.hi, &p.li, &bad, 1,
	    p.label, p.m1), -1);
	ck_assert_int_eq(errno, EKEYREJECTED);
	ck_assert_int_eq(p.hi.state, NOISE_ZEROED);
	ck_assert_int_eq(sodium_is_zero(p.m1, sizeof(p.m1)), 1);
	/* Also with a local key that nothing was precomputed for. */
	ck_assert_int_eq(noise_initiation_create(&p.hi, &p.lr, &bad, 1,
	    p.label, p.m1), -1);
	ck_assert_int_eq(errno, EKEYREJECTED);

	/* As ephemeral of message 1 and of message 2. */
	ck_assert_int_eq(pair_create(&p), 0);
	memcpy(p.m1 + 8, points[_i], 32);
	ck_assert_int_eq(pair_receive1(&p), -1);
	ck_assert_int_eq(errno, EKEYREJECTED);
	ck_assert_int_eq(pair_create(&p), 0);
	ck_assert_int_eq(pair_receive1(&p), 0);
	memcpy(&hs, &p.hr, sizeof(hs));
	memcpy(p.hr.remote_ephemeral, points[_i], 32);
	ck_assert_int_eq(pair_respond(&p), -1);
	ck_assert_int_eq(errno, EKEYREJECTED);
	memcpy(&p.hr, &hs, sizeof(hs));
	ck_assert_int_eq(noise_response_create(&p.hr, &p.lr, &bad, 2, p.m2),
	    -1);
	ck_assert_mem_eq(&p.hr, &hs, sizeof(hs));
	ck_assert_int_eq(pair_respond(&p), 0);
	memcpy(p.m2 + 12, points[_i], 32);
	ck_assert_int_eq(pair_receive2(&p), -1);
	ck_assert_int_eq(errno, EKEYREJECTED);
	ck_assert_int_eq(p.hi.state, NOISE_CREATED_INITIATION);
}
END_TEST

START_TEST(identities)
{
	struct pair		p, q;
	struct noise_local	none;
	uint8_t			fresh[32], psk[32];

	pair_random(&p);
	pair_random(&q);
	memset(&none, 0, sizeof(none));

	/* Without a private key nothing is made and nothing is opened. */
	ck_assert_int_eq(noise_initiation_create(&p.hi, &none, &p.ri, 1,
	    p.label, p.m1), -1);
	ck_assert_int_eq(errno, ENOKEY);
	ck_assert_int_eq(pair_create(&p), 0);
	ck_assert_int_eq(noise_initiation_open(&none, p.m1, &p.init), -1);
	ck_assert_int_eq(errno, ENOKEY);
	/* A message to another host. */
	ck_assert_int_eq(noise_initiation_open(&q.lr, p.m1, &p.init), -1);
	ck_assert_int_eq(errno, EBADMSG);
	/* Finish and commit with another peer than its sender. */
	ck_assert_int_eq(noise_initiation_open(&p.lr, p.m1, &p.init), 0);
	ck_assert_int_eq(noise_initiation_finish(&p.init, &p.lr, &q.rr), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(noise_initiation_open(&p.lr, p.m1, &p.init), 0);
	ck_assert_int_eq(noise_initiation_finish(&p.init, &p.lr, &p.rr), 0);
	ck_assert_int_eq(noise_initiation_commit(&p.hr, &q.rr, &p.init), -1);
	ck_assert_int_eq(p.hr.state, NOISE_ZEROED);

	/* A new key at the responder: ss may be computed before or not. */
	randombytes_buf(fresh, sizeof(fresh));
	noise_local_set(&p.lr, fresh);
	memcpy(psk, p.ri.psk, sizeof(psk));
	noise_remote_init(&p.ri, &p.li, p.lr.public, psk);
	pair_to_message2(&p);
	ck_assert_int_eq(pair_receive2(&p), 0);
	check_sessions_agree(&p);
	noise_remote_precompute(&p.rr, &p.lr);
	ck_assert(p.rr.ss_ok);
	ck_assert_int_eq(tai64n_next(p.label, 0, 0, p.label), 1);
	pair_to_message2(&p);
	ck_assert_int_eq(pair_receive2(&p), 0);
	check_sessions_agree(&p);
}
END_TEST

/* Both begin at once: the incoming one replaces the own. */
START_TEST(simultaneous)
{
	struct pair	p;

	pair_random(&p);
	ck_assert_int_eq(noise_initiation_create(&p.hr, &p.lr, &p.rr, 7,
	    p.label, p.m1), 0);
	pair_to_message2(&p);
	ck_assert_uint_eq(p.hr.local_index, 0x22222222);
	ck_assert_int_eq(pair_receive2(&p), 0);
	check_sessions_agree(&p);
}
END_TEST

START_TEST(forged_static)
{
	struct pair		p, q;
	uint8_t			psk[32] = { 0 };

	/*
	 * q knows r's public key and p's, but not p's private one: what it
	 * can make opens (static is only encrypted), and fails at ss.
	 */
	pair_random(&p);
	pair_random(&q);
	memcpy(q.li.public, p.li.public, 32);
	noise_remote_init(&q.ri, &q.li, p.lr.public, psk);
	ck_assert_int_eq(noise_initiation_create(&q.hi, &q.li, &q.ri, 1,
	    q.label, p.m1), 0);
	ck_assert_int_eq(noise_initiation_open(&p.lr, p.m1, &p.init), 0);
	ck_assert_mem_eq(p.init.remote_public, p.li.public, 32);
	ck_assert_int_eq(noise_initiation_finish(&p.init, &p.lr, &p.rr), -1);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_int_eq(sodium_is_zero(p.rr.timestamp, TAI64N_LEN), 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite	*s = suite_create("noise");
	TCase	*tc = tcase_create("noise");

	tcase_add_loop_test(tc, handshake, 0, 3);
	tcase_add_test(tc, local);
	tcase_add_test(tc, tamper_message1);
	tcase_add_test(tc, tamper_message2);
	tcase_add_test(tc, wrong_state);
	tcase_add_test(tc, replay);
	tcase_add_test(tc, psk_mismatch);
	tcase_add_loop_test(tc, low_order, 0, 3);
	tcase_add_test(tc, identities);
	tcase_add_test(tc, simultaneous);
	tcase_add_test(tc, forged_static);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	if (sodium_init() == -1)
		return (1);
	return (unit_run("noise", suite()));
}
