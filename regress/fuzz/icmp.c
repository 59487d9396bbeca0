/* SPDX-License-Identifier: ISC */
/*
 * Unreachable messages: an answer is a valid packet from the destination to
 * the source with right checksums and the packet as its quote, and is never
 * answered itself.  The limit is checked against its definition.
 */
#include "cryptod/icmp.h"
#include "cryptod/ip.h"
#include "input.h"

/* The ones' complement sum; 0xffff over data with its right checksum. */
static uint32_t
sum(uint32_t s, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		s += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (s > 0xffff)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static void
limit(struct input *in)
{
	struct icmp_limit l;
	uint64_t begin, now, allowed = 0;
	unsigned int i, n;

	begin = now = input_int(in, 4);
	icmp_limit_init(&l, now);
	for (n = input_u8(in); n > 0; n--) {
		now += input_int(in, 3);
		for (i = input_u8(in); i > 0; i--)
			allowed += icmp_limit_allow(&l, now);
		if ((n & 7) == 0)	/* a clock that steps back */
			icmp_limit_allow(&l, now / 2);
	}
	MUST(allowed <= ICMP_LIMIT_BURST +
	    (now - begin) / (1000000000 / ICMP_LIMIT_RATE));
}

static void
answer(const uint8_t *p, size_t len)
{
	uint8_t *out = malloc(ICMP_UNREACH_MAX), none[ICMP_UNREACH_MAX];
	struct ip_info in, back;
	size_t n, quote;

	MUST(out != NULL);
	n = icmp_unreach(p, len, out);
	if (n == 0)
		goto out;
	MUST(ip_parse(p, len, &in) == 0 && in.frag_off == 0);
	MUST(n <= ICMP_UNREACH_MAX && ip_parse_exact(out, n, &back) == 0);
	MUST(back.version == in.version && back.has_transport);
	MUST(back.proto == (in.version == 4 ? 1 : 58));
	MUST(memcmp(back.src, in.dst, in.addr_len) == 0);
	MUST(memcmp(back.dst, in.src, in.addr_len) == 0);
	quote = n - back.payload - 8;
	MUST(quote <= in.total);
	MUST(memcmp(out + back.payload + 8, p, quote) == 0);
	if (in.version == 4) {
		MUST(n <= 576 && (quote == in.total || n == 576));
		MUST(sum(0, out, 20) == 0xffff);
		MUST(sum(0, out + 20, n - 20) == 0xffff);
	} else {
		MUST(quote == in.total || n == ICMP_UNREACH_MAX);
		MUST(sum((uint32_t)(n - 40) + 58, out + 8, n - 8) == 0xffff);
	}
	MUST(icmp_unreach(out, n, none) == 0);
out:
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (input_u8(&in) == 0)
		limit(&in);
	else
		answer(in.p, in.left);
	return 0;
}
