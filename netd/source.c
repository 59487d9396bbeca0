/* SPDX-License-Identifier: ISC */
/*
 * Sources of datagrams and their 48 opaque bytes: see source.h.
 *
 *	0 family	1 has_local	2 port	4 address
 *	20 scope	24 local	40 ifindex	44 zero
 */
#include <sodium.h>
#include <string.h>

#include "netd/source.h"
#include "shared/bytes.h"

_Static_assert(SOURCE_KEY_LEN == crypto_shorthash_KEYBYTES, "siphash key");

static bool
all_zero(const uint8_t *p, size_t n)
{
	while (n-- > 0)
		if (*p++ != 0)
			return false;
	return true;
}

void
source_encode(const struct source *s, uint8_t out[RING_FROM_SIZE])
{
	memset(out, 0, RING_FROM_SIZE);
	out[0] = s->remote.family;
	out[1] = s->has_local;
	put_le16(out + 2, s->remote.port);
	memcpy(out + 4, s->remote.addr, 16);
	put_le32(out + 20, s->remote.scope);
	if (s->has_local) {
		memcpy(out + 24, s->local, 16);
		put_le32(out + 40, s->ifindex);
	}
}

int
source_decode(struct source *s, const uint8_t in[RING_FROM_SIZE])
{
	memset(s, 0, sizeof(*s));
	if (in[1] > 1 || !all_zero(in + 44, 4) ||
	    (in[1] == 0 && !all_zero(in + 24, 20)))
		return -1;
	if (in[0] == AF_INET) {
		if (!all_zero(in + 8, 16) || !all_zero(in + 28, 12))
			return -1;
	} else if (in[0] != AF_INET6)
		return -1;
	s->remote.family = in[0];
	s->has_local = in[1] != 0;
	s->remote.port = get_le16(in + 2);
	memcpy(s->remote.addr, in + 4, 16);
	s->remote.scope = get_le32(in + 20);
	memcpy(s->local, in + 24, 16);
	s->ifindex = get_le32(in + 40);
	return 0;
}

uint32_t
source_path(const uint8_t key[SOURCE_KEY_LEN],
    const uint8_t from[RING_FROM_SIZE], uint64_t generation)
{
	uint8_t in[RING_FROM_SIZE + 8], hash[crypto_shorthash_BYTES];
	uint32_t path;

	memcpy(in, from, RING_FROM_SIZE);
	put_le64(in + RING_FROM_SIZE, generation);
	crypto_shorthash(hash, in, sizeof(in), key);
	path = get_le32(hash);
	return path != 0 ? path : 1;
}

bool
source_is_same_remote(const struct source *a, const struct source *b)
{
	const struct endpoint *x = &a->remote, *y = &b->remote;

	return x->family == y->family && x->port == y->port &&
	    x->scope == y->scope && memcmp(x->addr, y->addr, 16) == 0;
}

bool
source_is_sane(const struct source *s)
{
	const struct endpoint *e = &s->remote;

	if (e->port == 0)
		return false;
	if (e->family == AF_INET)
		return !addr_is_special(AF_INET, e->addr) && e->scope == 0;
	return e->family == AF_INET6 && !addr_is_mapped(e->addr) &&
	    !addr_is_special(AF_INET6, e->addr) &&
	    /* Only a link-local address is on a link (P33). */
	    source_is_link_local(s) == (e->scope != 0);
}

bool
source_is_link_local(const struct source *s)
{
	return s->remote.family == AF_INET6 &&
	    addr_is_link_local(AF_INET6, s->remote.addr);
}

void
source_unpin(struct source *s)
{
	s->has_local = false;
	memset(s->local, 0, sizeof(s->local));
	s->ifindex = 0;
}
