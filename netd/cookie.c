/* SPDX-License-Identifier: ISC */
/*
 * mac1, mac2 and cookies.
 */
#include <netinet/in.h>

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "netd/cookie.h"
#include "shared/blake2s.h"
#include "shared/bytes.h"

#define COOKIE_LABEL_LEN	8
#define COOKIE_LABEL_MAC1	"mac1----"
#define COOKIE_LABEL_COOKIE	"cookie--"

#define COOKIE_MSG_INITIATION		1
#define COOKIE_MSG_RESPONSE		2
#define COOKIE_MSG_REPLY		3
#define COOKIE_MSG_INITIATION_LEN	148
#define COOKIE_MSG_RESPONSE_LEN		92

/* Offsets in the cookie reply. */
#define COOKIE_REPLY_RECEIVER	4
#define COOKIE_REPLY_NONCE	8
#define COOKIE_REPLY_SEALED	32

_Static_assert(COOKIE_REPLY_NONCE +
    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == COOKIE_REPLY_SEALED,
    "cookie reply layout");
_Static_assert(COOKIE_REPLY_SEALED + COOKIE_LEN +
    crypto_aead_xchacha20poly1305_ietf_ABYTES == COOKIE_REPLY_LEN,
    "cookie reply layout");

static size_t	cookie_mac1_offset(const uint8_t *, size_t);
static void	cookie_derive(uint8_t *, const char *, const uint8_t *);
static void	cookie_mac(uint8_t *, const uint8_t *, size_t,
		    const uint8_t *, size_t);

/*
 * Where mac1 begins in an initiation or response; mac2 follows it and ends
 * the message.  0 for all else, a non-zero reserved byte included.
 */
static size_t
cookie_mac1_offset(const uint8_t *msg, size_t len)
{
	uint32_t type;

	if (len != COOKIE_MSG_INITIATION_LEN && len != COOKIE_MSG_RESPONSE_LEN)
		return (0);
	type = get_le32(msg);
	if ((type == COOKIE_MSG_INITIATION &&
	    len == COOKIE_MSG_INITIATION_LEN) ||
	    (type == COOKIE_MSG_RESPONSE && len == COOKIE_MSG_RESPONSE_LEN))
		return (len - 2 * COOKIE_MAC_LEN);
	return (0);
}

/* HASH(label || public key) */
static void
cookie_derive(uint8_t *out, const char *label, const uint8_t *pub)
{
	struct blake2s ctx;

	blake2s_init(&ctx, COOKIE_KEY_LEN, NULL, 0);
	blake2s_update(&ctx, label, COOKIE_LABEL_LEN);
	blake2s_update(&ctx, pub, COOKIE_KEY_LEN);
	blake2s_final(&ctx, out);
}

/* MAC(key, msg): keyed BLAKE2s with 16 bytes of output, not HMAC. */
static void
cookie_mac(uint8_t *out, const uint8_t *msg, size_t len, const uint8_t *key,
    size_t keylen)
{
	blake2s(out, COOKIE_MAC_LEN, msg, len, key, keylen);
}

void
cookie_checker_init(struct cookie_checker *c,
    const uint8_t pub[COOKIE_KEY_LEN], uint64_t now)
{
	cookie_derive(c->mac1_key, COOKIE_LABEL_MAC1, pub);
	cookie_derive(c->cookie_key, COOKIE_LABEL_COOKIE, pub);
	randombytes_buf(c->secret, sizeof(c->secret));
	c->secret_birth = now;
}

void
cookie_checker_clear(struct cookie_checker *c)
{
	sodium_memzero(c, sizeof(*c));
}

bool
cookie_checker_mac1_ok(const struct cookie_checker *c, const uint8_t *msg,
    size_t len)
{
	uint8_t mac[COOKIE_MAC_LEN];
	size_t off;

	off = cookie_mac1_offset(msg, len);
	if (off == 0)
		return (false);
	cookie_mac(mac, msg, off, c->mac1_key, sizeof(c->mac1_key));
	return (sodium_memcmp(mac, msg + off, sizeof(mac)) == 0);
}

void
cookie_make(struct cookie_checker *c, const void *addr, size_t addrlen,
    in_port_t port, uint64_t now, uint8_t cookie[COOKIE_LEN])
{
	struct blake2s ctx;

	if (now > c->secret_birth &&
	    now - c->secret_birth >= COOKIE_SECRET_MAX_AGE) {
		randombytes_buf(c->secret, sizeof(c->secret));
		c->secret_birth = now;
	}
	blake2s_init(&ctx, COOKIE_LEN, c->secret, sizeof(c->secret));
	blake2s_update(&ctx, addr, addrlen);
	blake2s_update(&ctx, &port, sizeof(port));
	blake2s_final(&ctx, cookie);
}

bool
cookie_checker_mac2_ok(struct cookie_checker *c, const uint8_t *msg,
    size_t len, const void *addr, size_t addrlen, in_port_t port,
    uint64_t now)
{
	uint8_t cookie[COOKIE_LEN], mac[COOKIE_MAC_LEN];
	size_t off;
	bool ok;

	off = cookie_mac1_offset(msg, len);
	if (off == 0)
		return (false);
	off += COOKIE_MAC_LEN;
	cookie_make(c, addr, addrlen, port, now, cookie);
	cookie_mac(mac, msg, off, cookie, sizeof(cookie));
	ok = sodium_memcmp(mac, msg + off, sizeof(mac)) == 0;
	sodium_memzero(cookie, sizeof(cookie));
	sodium_memzero(mac, sizeof(mac));
	return (ok);
}

int
cookie_reply_make(struct cookie_checker *c, const uint8_t *msg, size_t len,
    const void *addr, size_t addrlen, in_port_t port, uint64_t now,
    uint8_t out[COOKIE_REPLY_LEN])
{
	uint8_t cookie[COOKIE_LEN], *nonce = out + COOKIE_REPLY_NONCE;
	size_t off;

	off = cookie_mac1_offset(msg, len);
	if (off == 0)
		return (-1);
	put_le32(out, COOKIE_MSG_REPLY);
	/* The sender index of both types is at the same place. */
	memcpy(out + COOKIE_REPLY_RECEIVER, msg + 4, 4);
	randombytes_buf(nonce, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
	cookie_make(c, addr, addrlen, port, now, cookie);
	crypto_aead_xchacha20poly1305_ietf_encrypt(out + COOKIE_REPLY_SEALED,
	    NULL, cookie, sizeof(cookie), msg + off, COOKIE_MAC_LEN, NULL,
	    nonce, c->cookie_key);
	sodium_memzero(cookie, sizeof(cookie));
	return (0);
}

void
cookie_maker_init(struct cookie_maker *m, const uint8_t pub[COOKIE_KEY_LEN])
{
	memset(m, 0, sizeof(*m));
	cookie_derive(m->mac1_key, COOKIE_LABEL_MAC1, pub);
	cookie_derive(m->cookie_key, COOKIE_LABEL_COOKIE, pub);
}

void
cookie_maker_clear(struct cookie_maker *m)
{
	sodium_memzero(m, sizeof(*m));
}

int
cookie_maker_fill(struct cookie_maker *m, uint8_t *msg, size_t len,
    uint64_t now)
{
	size_t off;

	off = cookie_mac1_offset(msg, len);
	if (off == 0)
		return (-1);
	cookie_mac(msg + off, msg, off, m->mac1_key, sizeof(m->mac1_key));
	memcpy(m->last_mac1, msg + off, COOKIE_MAC_LEN);
	m->have_last = true;
	off += COOKIE_MAC_LEN;
	if (m->have_cookie && now > m->birth && now - m->birth >=
	    COOKIE_SECRET_MAX_AGE - COOKIE_SECRET_LATENCY) {
		sodium_memzero(m->cookie, sizeof(m->cookie));
		m->have_cookie = false;
	}
	if (m->have_cookie)
		cookie_mac(msg + off, msg, off, m->cookie, sizeof(m->cookie));
	else
		memset(msg + off, 0, COOKIE_MAC_LEN);
	return (0);
}

int
cookie_maker_consume(struct cookie_maker *m,
    const uint8_t reply[COOKIE_REPLY_LEN], uint64_t now)
{
	uint8_t cookie[COOKIE_LEN];

	if (!m->have_last || get_le32(reply) != COOKIE_MSG_REPLY)
		return (-1);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(cookie, NULL, NULL,
	    reply + COOKIE_REPLY_SEALED,
	    COOKIE_REPLY_LEN - COOKIE_REPLY_SEALED, m->last_mac1,
	    sizeof(m->last_mac1), reply + COOKIE_REPLY_NONCE,
	    m->cookie_key) == -1)
		return (-1);
	memcpy(m->cookie, cookie, sizeof(m->cookie));
	m->birth = now;
	m->have_cookie = true;
	/* One answer a message: replaying the reply keeps no cookie young. */
	m->have_last = false;
	sodium_memzero(cookie, sizeof(cookie));
	return (0);
}
