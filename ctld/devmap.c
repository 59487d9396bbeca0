/* SPDX-License-Identifier: ISC */
/*
 * Keys of devices, sorted by id: see devmap.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctld/devmap.h"

void
devmap_clear(struct devmap *m)
{
	free(m->at);
	memset(m, 0, sizeof(*m));
}

static int
grow(struct devmap *m)
{
	size_t room = m->room > 0 ? 2 * m->room : 64;
	struct devmap_entry *at;

	at = reallocarray(m->at, room, sizeof(*at));
	if (at == NULL)
		return -1;
	m->at = at;
	m->room = room;
	return 0;
}

int
devmap_add(struct devmap *m, uint32_t device, const uint8_t key[DEVMAP_KEY])
{
	if (m->n > 0 && device <= m->at[m->n - 1].device) {
		errno = EINVAL;
		return -1;
	}
	if (m->n == DEVMAP_MAX) {
		errno = E2BIG;
		return -1;
	}
	if (m->n == m->room && grow(m) == -1)
		return -1;
	m->at[m->n].device = device;
	memcpy(m->at[m->n].key, key, DEVMAP_KEY);
	m->n++;
	return 0;
}

const uint8_t *
devmap_find(const struct devmap *m, uint32_t device)
{
	size_t lo = 0, hi = m->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (m->at[mid].device == device)
			return m->at[mid].key;
		if (m->at[mid].device < device)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}
