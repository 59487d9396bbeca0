/* SPDX-License-Identifier: ISC */
/*
 * Inner packets: whatever is accepted lies within what was given, and does
 * not depend on what follows it.  The first four bytes are the argument of
 * ip_padding().
 */
#include "cryptod/ip.h"
#include "input.h"

static void
padding(size_t len, size_t mtu)
{
	size_t pad = ip_padding(len, mtu);

	MUST(pad < 16);
	if (mtu == 0)
		MUST((len + pad) % 16 == 0);
	else if (len <= mtu)
		MUST(len + pad <= mtu &&
		    ((len + pad) % 16 == 0 || len + pad == mtu));
}

static void
udp(const uint8_t *p, const struct ip_info *info)
{
	struct ip_udp u;

	if (ip_udp_parse(p, info, &u) == -1)
		return;
	MUST(info->has_transport && info->frag_off == 0 && info->proto == 17);
	MUST(u.data == p + info->payload + 8);
	MUST(u.data + u.len <= p + info->total);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct ip_info info, again;
	uint8_t *exact;

	padding(input_int(&in, 2), input_int(&in, 2));
	if (ip_parse(in.p, in.left, &info) == -1) {
		MUST(ip_parse_exact(in.p, in.left, &info) == -1);
		return 0;
	}
	MUST(info.version == 4 || info.version == 6);
	MUST(info.addr_len == (info.version == 4 ? 4 : 16));
	MUST(info.total <= in.left && info.hdr_len <= info.total);
	MUST(info.hdr_len >= (info.version == 4 ? 20 : 40));
	MUST(info.payload >= info.hdr_len && info.payload <= info.total);
	MUST(info.src >= in.p && info.dst == info.src + info.addr_len);
	MUST(info.dst + info.addr_len <= in.p + info.hdr_len);
	MUST(!info.has_transport || info.frag_off == 0);
	udp(in.p, &info);

	MUST((ip_parse_exact(in.p, in.left, &again) == 0) ==
	    (info.total == in.left));
	exact = input_dup(in.p, info.total);
	MUST(ip_parse_exact(exact, info.total, &again) == 0);
	MUST(again.payload == info.payload && again.proto == info.proto &&
	    again.has_transport == info.has_transport &&
	    again.tos == info.tos && again.frag_off == info.frag_off);
	udp(exact, &again);
	MUST(ip_parse(exact, info.total - 1, &again) == -1);
	free(exact);
	return 0;
}
