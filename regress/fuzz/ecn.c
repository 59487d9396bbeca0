/* SPDX-License-Identifier: ISC */
/*
 * ECN: the result against RFC 6040's table, nothing else of the packet
 * changes, and an IPv4 header checksum is right or wrong as it was.
 */
#include "cryptod/ecn.h"
#include "cryptod/ip.h"
#include "input.h"

/*
 * By inner and outer mark: RFC 6040 figure 4, except that the packet which
 * it drops (inner not ECT, outer CE) goes on unchanged.
 */
static const uint8_t decap[4][4] = {
	[ECN_NOT_ECT]	= { 0, 0, 0, 0 },
	[ECN_ECT1]	= { ECN_ECT1, ECN_ECT1, ECN_ECT1, ECN_CE },
	[ECN_ECT0]	= { ECN_ECT0, ECN_ECT1, ECN_ECT0, ECN_CE },
	[ECN_CE]	= { ECN_CE, ECN_CE, ECN_CE, ECN_CE },
};

/* Is the checksum over the first 20 bytes and options right? */
static int
checksum_ok(const uint8_t *p, size_t len)
{
	uint32_t s = 0;
	size_t i;

	for (i = 0; i < len; i += 2)
		s += (uint32_t)p[i] << 8 | p[i + 1];
	while (s > 0xffff)
		s = (s & 0xffff) + (s >> 16);
	return s == 0xffff;
}

static void
correct(uint8_t *p, size_t len)
{
	uint32_t s = 0;
	size_t i;

	p[10] = p[11] = 0;
	for (i = 0; i < len; i += 2)
		s += (uint32_t)p[i] << 8 | p[i + 1];
	while (s > 0xffff)
		s = (s & 0xffff) + (s >> 16);
	p[10] = (uint8_t)(~s >> 8);
	p[11] = (uint8_t)~s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct ip_info info, now;
	uint8_t outer, *p, *was, mark;
	int ok;

	outer = input_u8(&in);
	mark = ecn_encap(outer);
	MUST((mark & ~ECN_MASK) == 0);
	MUST(mark == ((outer & ECN_MASK) == ECN_CE ? ECN_ECT0 :
	    (outer & ECN_MASK)));
	if (ip_parse(in.p, in.left, &info) == -1)
		return 0;
	p = input_dup(in.p, info.total);
	/* By the outer's upper bit: with a checksum that is right. */
	if (info.version == 4 && (outer & 0x80) != 0)
		correct(p, info.hdr_len);
	was = input_dup(p, info.total);
	ok = info.version == 4 && checksum_ok(p, info.hdr_len);

	ecn_decap(p, outer);
	MUST(ip_parse(p, info.total, &now) == 0);
	MUST(now.tos == ((info.tos & ~ECN_MASK) |
	    decap[info.tos & ECN_MASK][outer & ECN_MASK]));
	if (info.version == 4) {
		if (ok)
			MUST(checksum_ok(p, info.hdr_len));
		p[10] = was[10];
		p[11] = was[11];
	}
	p[1] = was[1];
	MUST(memcmp(p, was, info.total) == 0);
	free(p);
	free(was);
	return 0;
}
