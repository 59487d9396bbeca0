/* SPDX-License-Identifier: ISC */
/*
 * Questions to name servers and what may come back, also from a hostile one.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "resolverd/dnsmsg.h"
#include "shared/bytes.h"
#include "unit.h"

static struct dns_question	q;
static struct dns_answer	a;
static uint8_t			msg[8192];
static size_t			len;

/* Names in records: the question's own, or a piece of text. */
#define QNAME	((const char *)0)

static void
put16(unsigned v)
{
	put_be16(msg + len, (uint16_t)v);
	len += 2;
}

static void
put_name(const char *text)
{
	struct dns_question other;

	if (text == QNAME) {
		put16(0xc00c);
		return;
	}
	ck_assert_int_eq(dns_name_encode(&other, text), 0);
	memcpy(msg + len, other.name, other.len);
	len += other.len;
}

/* An answer to q: the header and the question. */
static void
begin(unsigned flags, unsigned answers)
{
	memset(msg, 0, sizeof(msg));
	put_be16(msg, q.id);
	put_be16(msg + 2, (uint16_t)flags);
	put_be16(msg + 4, 1);
	put_be16(msg + 6, (uint16_t)answers);
	len = 12;
	memcpy(msg + len, q.name, q.len);
	len += q.len;
	put16(q.type);
	put16(1);
}

static void
record(const char *owner, unsigned type, unsigned class, uint32_t ttl,
    const void *data, size_t n)
{
	put_name(owner);
	put16(type);
	put16(class);
	put_be32(msg + len, ttl);
	len += 4;
	put16((unsigned)n);
	memcpy(msg + len, data, n);
	len += n;
}

static void
address(const char *owner, uint8_t last, uint32_t ttl)
{
	const uint8_t v4[4] = { 192, 0, 2, last };

	record(owner, DNS_A, 1, ttl, v4, 4);
}

static void
cname(const char *owner, const char *target, uint32_t ttl)
{
	struct dns_question other;

	ck_assert_int_eq(dns_name_encode(&other, target), 0);
	record(owner, DNS_CNAME, 1, ttl, other.name, other.len);
}

/* Parses a copy that is exactly as long. */
static enum dns_result
parse(void)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	enum dns_result r;

	memcpy(copy, msg, len);
	r = dns_reply_parse(&q, copy, len, &a);
	free(copy);
	return r;
}

static void
setup(void)
{
	memset(&q, 0, sizeof(q));
	q.id = 0xbeef;
	q.type = DNS_A;
	ck_assert_int_eq(dns_name_encode(&q, "Alice.Example.net"), 0);
	q.exact = true;
}

START_TEST(names)
{
	static const char *const bad[] = { "", ".", "..", ".a", "a..b", "a.b..",
	    "a b", "a%eth0", "a/b", "\303\244", "a\\.b" };
	char text[300];
	size_t i;

	ck_assert_int_eq(dns_name_encode(&q, "ab.c"), 0);
	ck_assert_uint_eq(q.len, 6);
	ck_assert_mem_eq(q.name, "\2ab\1c", 6);
	ck_assert_int_eq(dns_name_encode(&q, "ab.c."), 0);
	ck_assert_uint_eq(q.len, 6);
	ck_assert_mem_eq(q.name, "\2ab\1c", 6);
	ck_assert_int_eq(dns_name_encode(&q, "_x-1"), 0);
	ck_assert_mem_eq(q.name, "\4_x-1", 6);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(dns_name_encode(&q, bad[i]), -1);
	memset(text, 'a', sizeof(text));
	text[63] = '\0';
	ck_assert_int_eq(dns_name_encode(&q, text), 0);
	text[63] = 'a';
	text[64] = '\0';
	ck_assert_int_eq(dns_name_encode(&q, text), -1);
	/* 253 characters are 255 bytes. */
	memset(text, 'a', sizeof(text));
	for (i = 50; i < 253; i += 51)
		text[i] = '.';
	text[253] = '\0';
	ck_assert_int_eq(dns_name_encode(&q, text), 0);
	ck_assert_uint_eq(q.len, DNS_NAME_MAX);
	text[253] = 'a';
	text[254] = '\0';
	ck_assert_int_eq(dns_name_encode(&q, text), -1);
}
END_TEST

START_TEST(query)
{
	uint8_t out[DNS_QUERY_MAX];
	static const uint8_t head[12] = { 0xbe, 0xef, 1, 0, 0, 1 };

	ck_assert_uint_eq(dns_query_build(&q, false, out), 12 + q.len + 4);
	ck_assert_mem_eq(out, head, 12);
	ck_assert_mem_eq(out + 12, q.name, q.len);
	ck_assert_mem_eq(out + 12 + q.len, "\0\1\0\1", 4);
	ck_assert_uint_eq(dns_query_build(&q, true, out), 12 + q.len + 15);
	ck_assert_uint_eq(out[11], 1);
	ck_assert_mem_eq(out + 12 + q.len + 4, "\0\0\x29\4\xd0", 5);
}
END_TEST

START_TEST(letters)
{
	struct dns_question low = q, x;
	int i, seen = 0;
	size_t j;

	dns_name_lower(&low);
	ck_assert(!low.exact);
	ck_assert_mem_eq(low.name, "\5alice\7example\3net", low.len);
	for (i = 0; i < 100; i++) {
		x = q;
		dns_name_shuffle(&x);
		ck_assert(x.exact);
		for (j = 0; j < x.len; j++)
			ck_assert_int_eq(tolower(x.name[j]), low.name[j]);
		seen += memcmp(x.name, low.name, x.len) != 0;
	}
	ck_assert_int_gt(seen, 90);
}
END_TEST

START_TEST(addresses)
{
	begin(0x8180, 3);
	address(QNAME, 1, 300);
	address(QNAME, 2, 200);
	address(QNAME, 1, 100);
	ck_assert_int_eq(parse(), DNS_ANSWER);
	ck_assert_uint_eq(a.n, 2);
	ck_assert_uint_eq(a.addr[0][3], 1);
	ck_assert_uint_eq(a.addr[1][3], 2);
	ck_assert_uint_eq(a.ttl, 200);
	/* Owners are compared without regard to case. */
	begin(0x8180, 1);
	address("aLICE.eXAMPLE.NET", 1, 0x80000000);
	ck_assert_int_eq(parse(), DNS_ANSWER);
	ck_assert_uint_eq(a.ttl, 0);
	ck_assert_int_eq(dns_reply_id(msg, len), 0xbeef);
	ck_assert_int_eq(dns_reply_id(msg, 11), -1);
}
END_TEST

START_TEST(ipv6)
{
	uint8_t v6[17] = { 0x20, 1, 0xd, 0xb8, 1 };

	q.type = DNS_AAAA;
	begin(0x8180, 4);
	address(QNAME, 1, 300);		/* not asked for */
	record(QNAME, DNS_AAAA, 1, 300, v6, 15);
	record(QNAME, DNS_AAAA, 1, 300, v6, 17);
	record(QNAME, DNS_AAAA, 1, 300, v6, 16);
	ck_assert_int_eq(parse(), DNS_ANSWER);
	ck_assert_uint_eq(a.n, 1);
	ck_assert_mem_eq(a.addr[0], v6, 16);
}
END_TEST

START_TEST(aliases)
{
	/* In any order, and with the least of the times. */
	begin(0x8180, 4);
	address("c.example", 7, 300);
	cname("b.example", "c.example", 50);
	address("other.example", 9, 1);
	cname(QNAME, "b.example", 300);
	ck_assert_int_eq(parse(), DNS_ANSWER);
	ck_assert_uint_eq(a.n, 1);
	ck_assert_uint_eq(a.addr[0][3], 7);
	ck_assert_uint_eq(a.ttl, 50);
	/* To itself, and in a circle. */
	begin(0x8180, 1);
	cname(QNAME, "alice.example.net", 300);
	ck_assert_int_eq(parse(), DNS_NO_DATA);
	begin(0x8180, 2);
	cname(QNAME, "b.example", 300);
	cname("b.example", "alice.example.net", 300);
	ck_assert_int_eq(parse(), DNS_NO_DATA);
}
END_TEST

START_TEST(many_aliases)
{
	char from[16], to[16];
	int i, n;

	for (n = DNS_CNAMES_MAX; n <= DNS_CNAMES_MAX + 1; n++) {
		begin(0x8180, (unsigned)n + 1);
		for (i = 0; i < n; i++) {
			snprintf(from, sizeof(from), "c%d.x", i);
			snprintf(to, sizeof(to), "c%d.x", i + 1);
			cname(i == 0 ? QNAME : from, to, 300);
		}
		address(to, 1, 300);
		ck_assert_int_eq(parse(), n == DNS_CNAMES_MAX ? DNS_ANSWER :
		    DNS_NO_DATA);
	}
}
END_TEST

START_TEST(foreign)
{
	begin(0x8180, 1);
	address("bob.example.net", 1, 300);
	ck_assert_int_eq(parse(), DNS_NO_DATA);
	/* Another id, name, type, class, case. */
	begin(0x8180, 1);
	address(QNAME, 1, 300);
	put_be16(msg, 0xbeee);
	ck_assert_int_eq(parse(), DNS_FOREIGN);
	put_be16(msg, 0xbeef);
	msg[13] ^= 0x20;
	ck_assert_int_eq(parse(), DNS_FOREIGN);
	q.exact = false;
	ck_assert_int_eq(parse(), DNS_ANSWER);
	q.exact = true;
	msg[13] = 'B';
	ck_assert_int_eq(parse(), DNS_FOREIGN);
	msg[13] = 'A';
	msg[12 + q.len + 1] = DNS_AAAA;
	ck_assert_int_eq(parse(), DNS_FOREIGN);
	msg[12 + q.len + 1] = DNS_A;
	msg[12 + q.len + 3] = 3;
	ck_assert_int_eq(parse(), DNS_FOREIGN);
	msg[12 + q.len + 3] = 1;
	ck_assert_int_eq(parse(), DNS_ANSWER);
	/* Records of another class. */
	begin(0x8180, 1);
	record(QNAME, DNS_A, 3, 300, "\1\2\3\4", 4);
	ck_assert_int_eq(parse(), DNS_NO_DATA);
}
END_TEST

START_TEST(form)
{
	size_t full;

	begin(0x8180, 1);
	address(QNAME, 1, 300);
	full = len;
	/* Cut anywhere: never an answer, never a byte too far. */
	for (len = 0; len < full; len++)
		ck_assert_int_ne(parse(), DNS_ANSWER);
	len = full;
	ck_assert_int_eq(parse(), DNS_ANSWER);
	/* A question, another opcode, no question, two. */
	put_be16(msg + 2, 0x0100);
	ck_assert_int_eq(parse(), DNS_FORM);
	put_be16(msg + 2, 0x9180);
	ck_assert_int_eq(parse(), DNS_FORM);
	put_be16(msg + 2, 0x8180);
	put_be16(msg + 4, 0);
	ck_assert_int_eq(parse(), DNS_FORM);
	put_be16(msg + 4, 2);
	ck_assert_int_eq(parse(), DNS_FORM);
	/* The name of the question is a pointer into the header. */
	put_be16(msg + 4, 1);
	put_be16(msg + 12, 0xc000);
	ck_assert_int_eq(parse(), DNS_FORM);
}
END_TEST

START_TEST(codes)
{
	begin(0x8183, 0);
	ck_assert_int_eq(parse(), DNS_NO_NAME);
	begin(0x8182, 0);
	ck_assert_int_eq(parse(), DNS_REFUSED);
	begin(0x8185, 0);
	ck_assert_int_eq(parse(), DNS_REFUSED);
	begin(0x8181, 0);
	ck_assert_int_eq(parse(), DNS_NO_EDNS);
	begin(0x8184, 0);
	ck_assert_int_eq(parse(), DNS_NO_EDNS);
	/* Only the header. */
	put_be16(msg + 4, 0);
	len = 12;
	ck_assert_int_eq(parse(), DNS_NO_EDNS);
	begin(0x8180, 0);
	ck_assert_int_eq(parse(), DNS_NO_DATA);
}
END_TEST

START_TEST(truncated)
{
	begin(0x8380, 5);
	address(QNAME, 1, 300);
	address(QNAME, 2, 300);
	len -= 3;
	ck_assert_int_eq(parse(), DNS_ANSWER);
	ck_assert_uint_eq(a.n, 1);
	ck_assert(a.truncated);
	begin(0x8380, 0);
	ck_assert_int_eq(parse(), DNS_REFUSED);
}
END_TEST

START_TEST(loops)
{
	size_t at;

	/* A pointer to itself, forward, to another that points back. */
	begin(0x8180, 1);
	at = len;
	address(QNAME, 1, 300);
	put_be16(msg + at, (uint16_t)(0xc000 | at));
	ck_assert_int_eq(parse(), DNS_NO_DATA);
	put_be16(msg + at, (uint16_t)(0xc000 | (at + 2)));
	ck_assert_int_eq(parse(), DNS_NO_DATA);
	put_be16(msg + at, 0xffff);
	ck_assert_int_eq(parse(), DNS_NO_DATA);
	/* A label, then a pointer to that label. */
	begin(0x8180, 1);
	at = len;
	memcpy(msg + len, "\1a", 2);
	put_be16(msg + len + 2, (uint16_t)(0xc000 | at));
	len += 4;
	put16(1);
	put16(1);
	len += 4;
	put16(4);
	len += 4;
	ck_assert_int_eq(parse(), DNS_NO_DATA);
	/* Label types that are none. */
	msg[at] = 0x41;
	ck_assert_int_eq(parse(), DNS_NO_DATA);
	msg[at] = 0x81;
	ck_assert_int_eq(parse(), DNS_NO_DATA);
	/* An alias whose name is longer than its data. */
	begin(0x8180, 2);
	record(QNAME, DNS_CNAME, 1, 300, "\1b", 2);
	address("b", 1, 300);
	ck_assert_int_eq(parse(), DNS_NO_DATA);
}
END_TEST

START_TEST(long_name)
{
	int i;

	/* Each label sends back to the one before: too long in the end. */
	begin(0x8180, 10);
	for (i = 0; i < 10; i++) {
		size_t at = len;

		msg[len] = 60;
		memset(msg + len + 1, 'x', 60);
		len += 61;
		put16(i == 0 ? 0xc00c : (unsigned)(0xc000 | (at - 61 - 2 -
		    10)));
		put16(99);
		put16(1);
		len += 4;
		put16(0);
	}
	ck_assert_int_eq(parse(), DNS_NO_DATA);
}
END_TEST

START_TEST(too_many)
{
	unsigned i;

	begin(0x8180, 400);
	for (i = 0; i < 400; i++)
		address(QNAME, (uint8_t)i, 300);
	ck_assert_int_eq(parse(), DNS_ANSWER);
	ck_assert_uint_eq(a.n, DNS_ADDRS_MAX);
	/* More promised than there is. */
	begin(0x8180, 65535);
	address(QNAME, 1, 300);
	ck_assert_int_eq(parse(), DNS_ANSWER);
	ck_assert_uint_eq(a.n, 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dns_message");
	TCase *tc = tcase_create("dns_message");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, names);
	tcase_add_test(tc, query);
	tcase_add_test(tc, letters);
	tcase_add_test(tc, addresses);
	tcase_add_test(tc, ipv6);
	tcase_add_test(tc, aliases);
	tcase_add_test(tc, many_aliases);
	tcase_add_test(tc, foreign);
	tcase_add_test(tc, form);
	tcase_add_test(tc, codes);
	tcase_add_test(tc, truncated);
	tcase_add_test(tc, loops);
	tcase_add_test(tc, long_name);
	tcase_add_test(tc, too_many);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("dns_message", suite());
}
