/* SPDX-License-Identifier: ISC */
/*
 * ECN at the ends of the tunnel.
 */
#include <stdint.h>

#include "cryptod/ecn.h"
#include "shared/bytes.h"

static void	ecn_set_v4(uint8_t *, uint8_t);

uint8_t
ecn_encap(uint8_t inner)
{
	inner &= ECN_MASK;
	/*
	 * A mark that was set before the tunnel says nothing about the path
	 * of the tunnel; it stays in the inner header.
	 */
	return (inner == ECN_CE ? ECN_ECT0 : inner);
}

/* Change the ECN bits and update the checksum by the difference, RFC 1624. */
static void
ecn_set_v4(uint8_t *p, uint8_t ecn)
{
	uint16_t before;
	uint32_t sum;

	before = get_be16(p);
	p[1] = (uint8_t)((p[1] & ~ECN_MASK) | ecn);
	/* HC' = ~(~HC + ~m + m') */
	sum = (uint16_t)~get_be16(p + 10);
	sum += (uint16_t)~before;
	sum += get_be16(p);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put_be16(p + 10, (uint16_t)~sum);
}

void
ecn_decap(uint8_t *p, uint8_t outer)
{
	uint8_t inner, ecn;

	if (p[0] >> 4 == 4)
		inner = p[1] & ECN_MASK;
	else
		inner = p[1] >> 4 & ECN_MASK;
	outer &= ECN_MASK;
	if (inner == ECN_NOT_ECT)
		return;
	ecn = inner;
	if (outer == ECN_CE)
		ecn = ECN_CE;
	else if (outer == ECN_ECT1 && inner == ECN_ECT0)
		ecn = ECN_ECT1;
	if (ecn == inner)
		return;
	if (p[0] >> 4 == 4)
		ecn_set_v4(p, ecn);
	else
		p[1] = (uint8_t)((p[1] & ~(ECN_MASK << 4)) | ecn << 4);
}
