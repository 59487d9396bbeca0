/* SPDX-License-Identifier: ISC */
/*
 * A name server's answer.  The input is a flag byte and the message; with the
 * flag its header and question are made right, so that the records are read.
 */
#include <string.h>

#include "input.h"
#include "resolverd/dnsmsg.h"
#include "shared/bytes.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t query[DNS_QUERY_MAX], *msg;
	struct input in = { data, size };
	struct dns_question q;
	struct dns_answer a;
	enum dns_result r;
	uint8_t flags = input_u8(&in);
	size_t len = in.left, head;

	memset(&q, 0, sizeof(q));
	q.id = 0x1234;
	q.type = (flags & 1) != 0 ? DNS_AAAA : DNS_A;
	MUST(dns_name_encode(&q, "Ab.example") == 0);
	q.exact = (flags & 2) != 0;
	msg = input_dup(in.p, len);
	head = dns_query_build(&q, false, query);
	if ((flags & 4) != 0 && len >= head) {
		memcpy(msg, query, 2);
		msg[2] |= 0x80;
		msg[2] &= 0x87;
		put_be16(msg + 4, 1);
		memcpy(msg + 12, query + 12, head - 12);
	}
	r = dns_reply_parse(&q, msg, len, &a);
	MUST(r <= DNS_REFUSED);
	MUST(a.n <= DNS_ADDRS_MAX);
	MUST((r == DNS_ANSWER) == (a.n > 0));
	if (r == DNS_ANSWER)
		MUST(get_be16(msg) == 0x1234 && a.ttl <= INT32_MAX);
	free(msg);
	return 0;
}
