/* SPDX-License-Identifier: ISC */
/*
 * The file of hosts as resolverd reads it.
 */
#include <arpa/inet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolverd/hosts.h"
#include "unit.h"

/* The addresses of a name in a text, divided by blanks. */
static const char *
in(const char *text, size_t len, const char *name)
{
	static char out[1024];
	char a[INET6_ADDRSTRLEN], *copy = malloc(len + 1);
	struct resolved r;
	size_t i;
	bool found;

	/* Exactly as long, so that a read past the end is seen. */
	copy = realloc(copy, len > 0 ? len : 1);
	ck_assert(copy != NULL);
	memcpy(copy, text, len);
	found = hosts_find(copy, len, name, &r);
	free(copy);
	ck_assert(found == (r.n > 0));
	ck_assert_int_eq(r.status, found ? RESOLVE_OK : RESOLVE_NONE);
	out[0] = '\0';
	for (i = 0; i < r.n; i++) {
		inet_ntop(r.at[i].family, r.at[i].addr, a, sizeof(a));
		if (i > 0)
			strcat(out, " ");
		strcat(out, a);
	}
	return out;
}

#define is(text, name, want)						\
	ck_assert_str_eq(in(text, strlen(text), name), want)

START_TEST(lines)
{
	const char *t = "127.0.0.1\tlocalhost\n"
	    "# 192.0.2.9 commented\n"
	    "  192.0.2.1   alice.example.net alice  # alice2\n"
	    "2001:db8::1 alice\r\n"
	    "192.0.2.2 bob.example.net\tBOB\n"
	    "192.0.2.3";

	is(t, "localhost", "127.0.0.1");
	is(t, "alice", "192.0.2.1 2001:db8::1");
	is(t, "ALICE.example.NET", "192.0.2.1");
	is(t, "alice.example.net.", "192.0.2.1");
	is(t, "bob", "192.0.2.2");
	is(t, "alice2", "");
	is(t, "commented", "");
	is(t, "ali", "");
	is(t, "alice.example.net.net", "");
	is(t, "192.0.2.3", "");
	is(t, "", "");
	is(t, ".", "");
	is("192.0.2.1 a", "a", "192.0.2.1");
	is("", "a", "");
	is("\n\n\n", "a", "");
}
END_TEST

START_TEST(wrong)
{
	static const char nul[] = "192.0.2.1\0 a\n192.0.2.2 \0a\n";

	is("192.0.2 a\n192.0.2.1.1 a\n1 a\nzz a\n", "a", "");
	is("fe80::1%eth0 a\n", "a", "");
	is("2001:db8::g a\n192.0.2.1 a\n", "a", "192.0.2.1");
	is("a 192.0.2.1\n", "a", "");
	is("192.0.2.1#x a\n", "a", "");
	ck_assert_str_eq(in(nul, sizeof(nul) - 1, "a"), "");
	/* The same twice is one. */
	is("192.0.2.1 a a\n192.0.2.1 a\n", "a", "192.0.2.1");
}
END_TEST

START_TEST(many)
{
	struct resolved r;
	char *text = malloc(64 * 1000), *p = text;
	int i;

	for (i = 0; i < 1000; i++)
		p += sprintf(p, "10.0.%d.%d many x%d\n", i / 256, i % 256, i);
	ck_assert(hosts_find(text, (size_t)(p - text), "many", &r));
	ck_assert_uint_eq(r.n, RESOLVE_ADDRS_MAX);
	ck_assert(hosts_find(text, (size_t)(p - text), "x999", &r));
	ck_assert_uint_eq(r.n, 1);
	ck_assert_uint_eq(r.ttl, HOSTS_TTL);
	ck_assert(!hosts_find(text, (size_t)(p - text), "x1000", &r));
	free(text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("hosts_file");
	TCase *tc = tcase_create("hosts_file");

	tcase_add_test(tc, lines);
	tcase_add_test(tc, wrong);
	tcase_add_test(tc, many);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("hosts_file", suite());
}
