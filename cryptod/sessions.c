/* SPDX-License-Identifier: ISC */
/*
 * The form of the sessions file: see sessions.h.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/sessions.h"
#include "shared/codec.h"

/* Seconds of a mark that a clock can have made: up to the year 36812. */
#define MARK_MAX	(INT64_C(1) << 40)

_Static_assert(SESSIONS_SUM == crypto_generichash_BYTES, "size of the hash");

static const uint8_t magic[8] = { 'W', 'A', 'R', 'R', 'E', 'N', 'S', '1' };

void
sessions_encode(const struct sessions *s, uint8_t *p)
{
	const struct session_note *n;
	struct wbuf w;

	wbuf_init(&w, p, SESSIONS_SIZE(s->n));
	put_bytes(&w, magic, sizeof(magic));
	put_u32(&w, (uint32_t)s->n);
	put_bytes(&w, s->mark, TAI64N_LEN);
	for (n = s->note; n < s->note + s->n; n++) {
		put_bytes(&w, n->public, NOISE_KEYLEN);
		put_bytes(&w, n->timestamp, TAI64N_LEN);
		put_u64(&w, (uint64_t)n->heard);
		put_u8(&w, n->has_from);
		put_bytes(&w, n->from, ENGINE_FROM);
	}
	crypto_generichash(p + w.len, SESSIONS_SUM, p, w.len, NULL, 0);
}

static void
get_note(struct rbuf *r, struct session_note *n)
{
	get_bytes(r, n->public, NOISE_KEYLEN);
	get_bytes(r, n->timestamp, TAI64N_LEN);
	n->heard = (int64_t)get_u64(r);
	n->has_from = get_bool(r);
	get_bytes(r, n->from, ENGINE_FROM);
	if (n->heard < 0)
		r->fail = true;
}

/* The head, and whether all of it is as it was written. */
static int
check(const uint8_t *p, size_t len, size_t *n)
{
	uint8_t sum[SESSIONS_SUM];
	struct rbuf r;

	if (len < SESSIONS_SIZE(0) || memcmp(p, magic, sizeof(magic)) != 0)
		return -1;
	rbuf_init(&r, p + sizeof(magic), 4);
	*n = get_u32(&r);
	if (*n > DEVICES_MAX || len != SESSIONS_SIZE(*n))
		return -1;
	len -= SESSIONS_SUM;
	crypto_generichash(sum, sizeof(sum), p, len, NULL, 0);
	return memcmp(sum, p + len, sizeof(sum)) == 0 ? 0 : -1;
}

int
sessions_decode(struct sessions *s, const uint8_t *p, size_t len)
{
	struct rbuf r;
	size_t i, n;

	memset(s, 0, sizeof(*s));
	if (check(p, len, &n) == -1) {
		errno = EBADMSG;
		return -1;
	}
	s->note = calloc(n > 0 ? n : 1, sizeof(*s->note));
	if (s->note == NULL)
		return -1;
	s->n = n;
	rbuf_init(&r, p + sizeof(magic) + 4,
	    len - sizeof(magic) - 4 - SESSIONS_SUM);
	get_bytes(&r, s->mark, TAI64N_LEN);
	for (i = 0; i < n; i++)
		get_note(&r, &s->note[i]);
	if (rbuf_end(&r) == -1 || tai64n_unix(s->mark) < 0 ||
	    tai64n_unix(s->mark) > MARK_MAX) {
		sessions_clear(s);
		errno = EBADMSG;
		return -1;
	}
	return 0;
}

void
sessions_clear(struct sessions *s)
{
	free(s->note);
	memset(s, 0, sizeof(*s));
}
