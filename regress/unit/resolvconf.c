/* SPDX-License-Identifier: ISC */
/*
 * resolv.conf: what counts as a name server, and that nothing else does.
 */
#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "parent/resolvconf.h"

/* Reads a copy of exactly this size, so that a sanitizer sees any byte more. */
static void
conf_of(struct resolvconf *rc, const char *text, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, len);
	resolvconf_read(rc, copy, len);
	free(copy);
}

static void
conf_is(const char *text, const char *want)
{
	struct resolvconf rc;
	char all[256] = "", one[80];
	size_t i;

	conf_of(&rc, text, strlen(text));
	for (i = 0; i < rc.n; i++) {
		endpoint_print(&rc.server[i].at, one, sizeof(one));
		strcat(all, i > 0 ? " " : "");
		strcat(all, one);
		if (rc.server[i].scope[0] != '\0') {
			strcat(all, "%");
			strcat(all, rc.server[i].scope);
		}
	}
	ck_assert_str_eq(all, want);
}

START_TEST(servers)
{
	conf_is("", "");
	conf_is("nameserver 192.0.2.1\n", "192.0.2.1:53");
	conf_is("nameserver 192.0.2.1", "192.0.2.1:53");
	conf_is("nameserver\t 2001:db8::1 \t\n", "[2001:db8::1]:53");
	conf_is("nameserver 192.0.2.1\r\nnameserver ::1\r\n",
	    "192.0.2.1:53 [::1]:53");
	conf_is("# by hand\nsearch example.net\noptions edns0 trust-ad\n\n"
	    "nameserver 127.0.0.53\n", "127.0.0.53:53");
	conf_is("nameserver 192.0.2.1 # the old one\n"
	    "nameserver 192.0.2.2;x\n", "192.0.2.1:53 192.0.2.2:53");
}
END_TEST

START_TEST(three)
{
	conf_is("nameserver 192.0.2.1\nnameserver 192.0.2.2\n"
	    "nameserver wrong\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n",
	    "192.0.2.1:53 192.0.2.2:53 192.0.2.3:53");
}
END_TEST

START_TEST(scopes)
{
	conf_is("nameserver fe80::1%2\n", "[fe80::1%2]:53");
	conf_is("nameserver fe80::1%eth0\n", "[fe80::1]:53%eth0");
	conf_is("nameserver fe80::1\n", "[fe80::1]:53");
	/* Nothing else has one; then it says nothing. */
	conf_is("nameserver 2001:db8::1%eth0\n", "[2001:db8::1]:53");
	conf_is("nameserver fe80::1%\n", "");
	conf_is("nameserver fe80::1%0123456789abcdef\n", "");
	conf_is("nameserver fe80::1%99999999999\n",
	    "[fe80::1]:53%99999999999");
	conf_is("nameserver 192.0.2.1%eth0\n", "");
}
END_TEST

START_TEST(others)
{
	conf_is("nameserver\n", "");
	conf_is("nameserver \n", "");
	conf_is("nameserver192.0.2.1\n", "");
	conf_is(" nameserver 192.0.2.1\n", "");
	conf_is("Nameserver 192.0.2.1\n", "");
	conf_is("nameservers 192.0.2.1\n", "");
	conf_is("#nameserver 192.0.2.1\n", "");
	conf_is("nameserver #192.0.2.1\n", "");
	conf_is("nameserver 192.0.2.256\n", "");
	conf_is("nameserver 192.0.2.1:53\n", "");
	conf_is("nameserver [::1]\n", "");
	conf_is("nameserver name.example\n", "");
}
END_TEST

START_TEST(hostile)
{
	static const char nul[] = "nameserver 192.0.2.1\0.5\nname\0server ::1";
	static char big[70000];
	struct resolvconf rc;

	conf_of(&rc, nul, sizeof(nul) - 1);
	ck_assert_uint_eq(rc.n, 1);
	memset(big, '1', sizeof(big));
	memcpy(big, "nameserver ", 11);
	conf_of(&rc, big, sizeof(big));
	ck_assert_uint_eq(rc.n, 0);
	memset(big, '\n', sizeof(big));
	conf_of(&rc, big, sizeof(big));
	ck_assert_uint_eq(rc.n, 0);
	memset(big, 0, sizeof(big));
	conf_of(&rc, big, sizeof(big));
	ck_assert_uint_eq(rc.n, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("resolvconf");
	TCase *tc = tcase_create("resolvconf");

	tcase_add_test(tc, servers);
	tcase_add_test(tc, three);
	tcase_add_test(tc, scopes);
	tcase_add_test(tc, others);
	tcase_add_test(tc, hostile);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("resolvconf", suite());
}
