/* SPDX-License-Identifier: ISC */
/*
 * Endpoints and prefixes, as text and on the wire.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "shared/addr.h"
#include "unit.h"

#define LONGEST	"[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255%4294967295]" \
		":65535"
#define GROUPS	"0000:0000:0000:0000:0000:0000:0000:0000:"
#define TOO_LONG	"[" GROUPS GROUPS "0]:5"

START_TEST(endpoint_text)
{
	static const char *const same[] = {
		"1.2.3.4:5", "0.0.0.0:0", "255.255.255.255:65535",
		"[::1]:1", "[2001:db8::1]:51820", "[fe80::1%2]:5",
		"[fe80::1%4294967295]:65535", "[::ffff:1.2.3.4]:1",
		LONGEST
	};
	struct endpoint e, f;
	char text[ENDPOINT_TEXT];
	size_t i;

	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		ck_assert_msg(endpoint_parse(&e, same[i]) == 0, "%s",
		    same[i]);
		endpoint_print(&e, text, sizeof(text));
		if (i < 8)
			ck_assert_str_eq(text, same[i]);
		ck_assert_int_eq(endpoint_parse(&f, text), 0);
		ck_assert_mem_eq(&e, &f, sizeof(e));
	}
	ck_assert_int_eq(endpoint_parse(&e, "[fe80::1%2]:5"), 0);
	ck_assert_uint_eq(e.scope, 2);
	ck_assert_uint_eq(e.port, 5);
	memset(&e, 0, sizeof(e));
	endpoint_print(&e, text, sizeof(text));
	ck_assert_str_eq(text, "(none)");
}
END_TEST

START_TEST(endpoint_bad)
{
	static const char *const bad[] = {
		"", ":", ":5", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536",
		"1.2.3.4:-1", "1.2.3.4: 5", "1.2.3.4:5 ", "1.2.3:5",
		"1.2.3.4.5:6", "host:5", "1.2.3.4:0x5", "1.2.3.4:00000000005",
		"::1:5", "[::1]", "[::1]:", "[::1:5", "::1]:5", "[]:5",
		"[::1]5", "[1.2.3.4]:5", "[::1%]:5", "[::1%eth0]:5",
		"[::1%4294967296]:5", "[::1%1%2]:5", "[[::1]]:5", "[:5", "]:5",
		"[::1]:5:6", "01.2.3.4:5",
		TOO_LONG
	};
	struct endpoint e, zero;
	size_t i;

	memset(&zero, 0, sizeof(zero));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&e, 0x55, sizeof(e));
		errno = 0;
		ck_assert_msg(endpoint_parse(&e, bad[i]) == -1, "\"%s\"",
		    bad[i]);
		ck_assert_int_eq(errno, EINVAL);
		ck_assert_mem_eq(&e, &zero, sizeof(e));
	}
}
END_TEST

START_TEST(prefix_text)
{
	static const char *const same[] = {
		"0.0.0.0/0", "10.0.0.0/8", "1.2.3.4/32", "::/0", "fd00::/8",
		"::1/128"
	};
	static const char *const bad[] = {
		"", "/", "/8", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1",
		"1.2.3.4/a", "1.2.3/8", "::/129", "::/", "1.2.3.4/8/8", "x/8",
		"1.2.3.4 /8", ":/8", ":::/8", "fe80::1%1/64",
		"1.2.3.4/99999999999"
	};
	struct prefix p;
	char text[PREFIX_TEXT], longest[PREFIX_TEXT + 1];
	size_t i;

	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		ck_assert_int_eq(prefix_parse(&p, same[i]), 0);
		prefix_print(&p, text, sizeof(text));
		ck_assert_str_eq(text, same[i]);
	}
	ck_assert_int_eq(prefix_parse(&p, "10.0.0.1"), 0);
	ck_assert_uint_eq(p.cidr, 32);
	ck_assert_int_eq(prefix_parse(&p, "::1"), 0);
	ck_assert_uint_eq(p.cidr, 128);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(prefix_parse(&p, bad[i]) == -1, "\"%s\"",
		    bad[i]);
	memset(longest, '0', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(prefix_parse(&p, longest), -1);
	prefix_print(&p, text, sizeof(text));
	ck_assert_str_eq(text, "(none)");
}
END_TEST

static int
wire_endpoint(const struct endpoint *in, struct endpoint *out)
{
	uint8_t buf[ENDPOINT_WIRE];
	struct wbuf w;
	struct rbuf r;

	memset(out, 0, sizeof(*out));	/* padding, too: it is compared */
	wbuf_init(&w, buf, sizeof(buf));
	put_endpoint(&w, in);
	ck_assert(!w.fail);
	ck_assert_uint_eq(w.len, ENDPOINT_WIRE);
	rbuf_init(&r, buf, w.len);
	get_endpoint(&r, out);
	return rbuf_end(&r);
}

START_TEST(endpoint_wire)
{
	struct endpoint e, f;
	int fam;

	ck_assert_int_eq(endpoint_parse(&e, "[fe80::1%7]:9"), 0);
	ck_assert_int_eq(wire_endpoint(&e, &f), 0);
	ck_assert_mem_eq(&e, &f, sizeof(e));
	ck_assert_int_eq(endpoint_parse(&e, "1.2.3.4:9"), 0);
	ck_assert_int_eq(wire_endpoint(&e, &f), 0);
	/* Bytes that mean nothing must be zero. */
	e.addr[4] = 1;
	ck_assert_int_eq(wire_endpoint(&e, &f), -1);
	e.addr[4] = 0;
	e.scope = 1;
	ck_assert_int_eq(wire_endpoint(&e, &f), -1);
	memset(&e, 0, sizeof(e));
	ck_assert_int_eq(wire_endpoint(&e, &f), 0);
	e.port = 1;
	ck_assert_int_eq(wire_endpoint(&e, &f), -1);
	e.port = 0;
	for (fam = 1; fam < 256; fam++) {
		e.family = (uint8_t)fam;
		ck_assert_int_eq(wire_endpoint(&e, &f),
		    fam == AF_INET || fam == AF_INET6 ? 0 : -1);
	}
}
END_TEST

START_TEST(prefix_wire)
{
	uint8_t buf[PREFIX_WIRE];
	struct prefix p, q;
	struct wbuf w;
	struct rbuf r;
	int fam, cidr, want;

	memset(&p, 0, sizeof(p));
	for (fam = 0; fam < 256; fam++)
		for (cidr = 0; cidr < 256; cidr++) {
			p.family = (uint8_t)fam;
			p.cidr = (uint8_t)cidr;
			wbuf_init(&w, buf, sizeof(buf));
			put_prefix(&w, &p);
			rbuf_init(&r, buf, w.len);
			get_prefix(&r, &q);
			want = (fam == AF_INET && cidr <= 32) ||
			    (fam == AF_INET6 && cidr <= 128) ? 0 : -1;
			ck_assert_int_eq(rbuf_end(&r), want);
		}
}
END_TEST

START_TEST(sockaddrs)
{
	struct sockaddr_storage ss;
	struct endpoint e, f;
	socklen_t len;

	ck_assert_int_eq(endpoint_parse(&e, "[fe80::1%7]:9"), 0);
	ck_assert_int_eq(endpoint_to_sockaddr(&e, &ss, &len), 0);
	ck_assert_uint_eq(len, sizeof(struct sockaddr_in6));
	ck_assert_int_eq(endpoint_from_sockaddr(&f, (void *)&ss), 0);
	ck_assert_mem_eq(&e, &f, sizeof(e));
	ck_assert_int_eq(endpoint_parse(&e, "1.2.3.4:9"), 0);
	ck_assert_int_eq(endpoint_to_sockaddr(&e, &ss, &len), 0);
	ck_assert_uint_eq(len, sizeof(struct sockaddr_in));
	ck_assert_int_eq(endpoint_from_sockaddr(&f, (void *)&ss), 0);
	ck_assert_mem_eq(&e, &f, sizeof(e));
	memset(&e, 0, sizeof(e));
	ck_assert_int_eq(endpoint_to_sockaddr(&e, &ss, &len), -1);
	ss.ss_family = AF_UNIX;
	ck_assert_int_eq(endpoint_from_sockaddr(&f, (void *)&ss), -1);
}
END_TEST

START_TEST(kinds)
{
	static const struct {
		const char	*text;
		bool		 special, loopback, local, mapped;
	} row[] = {
		{ "0.0.0.0", true, false, false, false },
		{ "0.0.0.1", false, false, false, false },
		{ "126.255.255.255", false, false, false, false },
		{ "127.0.0.0", false, true, false, false },
		{ "127.255.255.255", false, true, false, false },
		{ "169.253.255.255", false, false, false, false },
		{ "169.254.0.0", false, false, true, false },
		{ "169.254.255.255", false, false, true, false },
		{ "169.255.0.0", false, false, false, false },
		{ "223.255.255.255", false, false, false, false },
		{ "224.0.0.0", true, false, false, false },
		{ "239.255.255.255", true, false, false, false },
		{ "240.0.0.0", false, false, false, false },
		{ "255.255.255.254", false, false, false, false },
		{ "255.255.255.255", true, false, false, false },
		{ "::", true, false, false, false },
		{ "::1", false, true, false, false },
		{ "::2", false, false, false, false },
		{ "::ffff:0.0.0.0", false, false, false, true },
		{ "::fffe:0.0.0.0", false, false, false, false },
		{ "1::ffff:0.0.0.0", false, false, false, false },
		{ "fe7f::1", false, false, false, false },
		{ "fe80::", false, false, true, false },
		{ "febf::1", false, false, true, false },
		{ "fec0::1", false, false, false, false },
		{ "ff00::", true, false, false, false }
	};
	struct prefix p;
	size_t i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		ck_assert_int_eq(prefix_parse(&p, row[i].text), 0);
		ck_assert_msg(addr_is_special(p.family, p.addr) ==
		    row[i].special, "%s special", row[i].text);
		ck_assert_msg(addr_is_loopback(p.family, p.addr) ==
		    row[i].loopback, "%s loopback", row[i].text);
		ck_assert_msg(addr_is_link_local(p.family, p.addr) ==
		    row[i].local, "%s link-local", row[i].text);
		if (p.family == AF_INET)
			continue;
		ck_assert_msg(addr_is_mapped(p.addr) == row[i].mapped,
		    "%s mapped", row[i].text);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("addr");
	TCase *tc = tcase_create("addr");

	tcase_add_test(tc, endpoint_text);
	tcase_add_test(tc, endpoint_bad);
	tcase_add_test(tc, prefix_text);
	tcase_add_test(tc, endpoint_wire);
	tcase_add_test(tc, prefix_wire);
	tcase_add_test(tc, sockaddrs);
	tcase_add_test(tc, kinds);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("addr", suite());
}
