/* SPDX-License-Identifier: ISC */
/*
 * A small set-associative memory of mac1 values: see dedupe.h.  A flood can
 * push entries out, and then a copy passes, as it would without us.
 */
#include <sodium.h>
#include <string.h>

#include "netd/dedupe.h"
#include "shared/bytes.h"

_Static_assert(DEDUPE_KEY_LEN == crypto_shorthash_KEYBYTES, "siphash key");

void
dedupe_init(struct dedupe *d)
{
	memset(d, 0, sizeof(*d));
	randombytes_buf(d->key, sizeof(d->key));
}

static unsigned
set_of(const struct dedupe *d, const uint8_t mac[DEDUPE_MAC_LEN])
{
	uint8_t hash[crypto_shorthash_BYTES];

	crypto_shorthash(hash, mac, DEDUPE_MAC_LEN, d->key);
	return get_le32(hash) % DEDUPE_SETS;
}

bool
dedupe_seen(const struct dedupe *d, const uint8_t mac[DEDUPE_MAC_LEN],
    uint64_t now)
{
	const struct dedupe_entry *e = d->entry[set_of(d, mac)];
	int i;

	for (i = 0; i < DEDUPE_WAYS; i++)
		if (e[i].when != 0 && now - e[i].when < DEDUPE_WINDOW &&
		    memcmp(e[i].mac, mac, DEDUPE_MAC_LEN) == 0)
			return true;
	return false;
}

void
dedupe_remember(struct dedupe *d, const uint8_t mac[DEDUPE_MAC_LEN],
    uint64_t now)
{
	struct dedupe_entry *e = d->entry[set_of(d, mac)];
	int i, oldest = 0;

	for (i = 1; i < DEDUPE_WAYS; i++)
		if (e[i].when < e[oldest].when)
			oldest = i;
	memcpy(e[oldest].mac, mac, DEDUPE_MAC_LEN);
	e[oldest].when = now;
}
