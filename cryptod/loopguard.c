/* SPDX-License-Identifier: ISC */
/*
 * Our own datagrams, recognised from inside the tunnel: see loopguard.h.
 */
#include <sodium.h>
#include <stdlib.h>

#include "cryptod/index.h"
#include "cryptod/ip.h"
#include "cryptod/keypair.h"
#include "cryptod/loopguard.h"
#include "cryptod/noise.h"
#include "shared/bytes.h"

#define TYPE_TRANSPORT	4

int
loopguard_init(struct loopguard *g)
{
	g->bucket = calloc(LOOPGUARD_BUCKETS, sizeof(*g->bucket));
	randombytes_buf(g->key, sizeof(g->key));
	return g->bucket == NULL ? -1 : 0;
}

void
loopguard_clear(struct loopguard *g)
{
	free(g->bucket);
	g->bucket = NULL;
}

static struct loopguard_bucket *
bucket_of(const struct loopguard *g, uint32_t index)
{
	uint8_t in[4], out[crypto_shorthash_BYTES];

	put_le32(in, index);
	crypto_shorthash(out, in, sizeof(in), g->key);
	return &g->bucket[get_le32(out) % LOOPGUARD_BUCKETS];
}

void
loopguard_add(struct loopguard *g, struct keypair *kp)
{
	LIST_INSERT_HEAD(bucket_of(g, kp->remote_index), kp, entry);
}

void
loopguard_del(struct keypair *kp)
{
	LIST_REMOVE(kp, entry);
}

static bool
is_remote_index(const struct loopguard *g, uint32_t index)
{
	const struct keypair *kp;

	LIST_FOREACH(kp, bucket_of(g, index), entry)
		if (kp->remote_index == index)
			return true;
	return false;
}

bool
loopguard_hit(const struct loopguard *g, const struct index_table *t,
    const uint8_t *p, const struct ip_info *ip)
{
	struct ip_udp udp;

	/* The first fragment says enough; without it the rest is no loop. */
	if (ip_udp_parse(p, ip, &udp) == -1 || udp.len < 8)
		return false;
	switch (get_le32(udp.data)) {
	case NOISE_TYPE_INITIATION:
	case NOISE_TYPE_RESPONSE:
		return index_is_live(t, get_le32(udp.data + 4));
	case TYPE_TRANSPORT:
		return is_remote_index(g, get_le32(udp.data + 4));
	}
	return false;
}
