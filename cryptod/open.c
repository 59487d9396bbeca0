/* SPDX-License-Identifier: ISC */
/*
 * Opening: see open.h.
 */
#include <string.h>

#include "cryptod/aead.h"
#include "cryptod/open.h"
#include "cryptod/outbound.h"
#include "shared/bytes.h"

size_t
open_len(const struct open_job *job, unsigned i)
{
	const struct ring_hdr *h = &job->rec.hdr;

	return i + 1U < h->nseg ? h->seg_size : h->last_size;
}

static enum opened
open_one(const struct open_job *job, uint8_t *p, size_t len)
{
	if (job->key == NULL || len < TRANSPORT_OVERHEAD ||
	    get_le32(p) != TRANSPORT_TYPE || get_le32(p + 4) != job->index)
		return OPENED_NOT;
	return aead_open(p + TRANSPORT_HEADER, p + TRANSPORT_HEADER,
	    len - TRANSPORT_HEADER, job->key, get_le64(p + 8)) == -1 ?
	    OPENED_FORGED : OPENED_GOOD;
}

void
open_run(struct work *work)
{
	struct open_job *job = (struct open_job *)work;
	const struct ring_hdr *h = &job->rec.hdr;
	size_t off, len;
	unsigned i;

	/*
	 * The copy comes before the tag check: whoever can still write where
	 * a tag is computed chooses what it is computed over.
	 */
	memcpy(job->buf, job->rec.payload, h->len);
	for (i = 0, off = 0; i < h->nseg; i++, off += len) {
		len = open_len(job, i);
		job->opened[i] = (uint8_t)open_one(job, job->buf + off, len);
	}
}
