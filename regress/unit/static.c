/* SPDX-License-Identifier: ISC */
/*
 * netd's table of configured peers: it grows, refuses a second of a key, and
 * says what another table changes.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "netd/static.h"
#include "unit.h"

static struct static_table	*t, *u;

static void
setup(void)
{
	t = static_new();
	u = static_new();
	ck_assert(t != NULL && u != NULL);
}

static void
teardown(void)
{
	static_free(t);
	static_free(u);
}

static int
add(struct static_table *to, uint32_t key, const char *name,
    const char *host, uint16_t port, const char *endpoint)
{
	struct net_item it;

	memset(&it, 0, sizeof(it));
	memcpy(it.key, &key, sizeof(key));
	strcpy(it.name, name);
	strcpy(it.host, host);
	it.port = port;
	if (endpoint != NULL)
		ck_assert_int_eq(endpoint_parse(&it.endpoint, endpoint), 0);
	return static_add(to, &it);
}

static const struct static_peer *
find(const struct static_table *in, uint32_t key)
{
	uint8_t k[32] = { 0 };

	memcpy(k, &key, sizeof(key));
	return static_find(in, k);
}

START_TEST(add_and_find)
{
	const struct static_peer *p;

	ck_assert(find(NULL, 1) == NULL);
	ck_assert(find(t, 1) == NULL);
	ck_assert_int_eq(add(t, 1, "alice", "a.example", 5, NULL), 0);
	ck_assert_int_eq(add(t, 2, "bob", "", 0, "192.0.2.1:7"), 0);
	ck_assert_int_eq(add(t, 3, "", "", 0, NULL), 0);
	errno = 0;
	ck_assert_int_eq(add(t, 2, "eve", "", 0, NULL), -1);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_uint_eq(t->n, 3);
	p = find(t, 1);
	ck_assert_str_eq(p->name, "alice");
	ck_assert_str_eq(p->host, "a.example");
	ck_assert_uint_eq(p->port, 5);
	ck_assert(static_has_place(p));
	p = find(t, 2);
	ck_assert_str_eq(p->name, "bob");
	ck_assert_str_eq(p->host, "");
	ck_assert_uint_eq(p->endpoint.port, 7);
	ck_assert(static_has_place(p));
	ck_assert(!static_has_place(find(t, 3)));
	ck_assert(find(t, 4) == NULL);
	static_free(NULL);
}
END_TEST

START_TEST(longest)
{
	struct net_item it;
	const struct static_peer *p;

	memset(&it, 0, sizeof(it));
	memset(it.name, 'n', sizeof(it.name) - 1);
	memset(it.host, 'h', sizeof(it.host) - 1);
	it.port = 65535;
	ck_assert_int_eq(static_add(t, &it), 0);
	p = static_find(t, it.key);
	ck_assert_str_eq(p->name, it.name);
	ck_assert_str_eq(p->host, it.host);
}
END_TEST

START_TEST(same_place)
{
	add(t, 1, "a", "a.example", 5, NULL);
	add(t, 2, "b", "A.EXAMPLE", 5, NULL);
	add(t, 3, "c", "a.example", 6, NULL);
	add(t, 4, "d", "b.example", 5, NULL);
	add(t, 5, "e", "", 0, "192.0.2.1:5");
	add(t, 6, "f", "", 0, "192.0.2.1:6");
	add(t, 7, "g", "", 0, "192.0.2.2:5");
	add(t, 8, "h", "", 0, "[fe80::1%2]:5");
	add(t, 9, "i", "", 0, "[fe80::1%3]:5");
	ck_assert(static_is_same_place(find(t, 1), find(t, 2)));
	ck_assert(!static_is_same_place(find(t, 1), find(t, 3)));
	ck_assert(!static_is_same_place(find(t, 1), find(t, 4)));
	ck_assert(!static_is_same_place(find(t, 1), find(t, 5)));
	ck_assert(!static_is_same_place(find(t, 5), find(t, 6)));
	ck_assert(!static_is_same_place(find(t, 5), find(t, 7)));
	ck_assert(!static_is_same_place(find(t, 8), find(t, 9)));
	ck_assert(static_is_same_place(find(t, 9), find(t, 9)));
}
END_TEST

START_TEST(diff)
{
	struct conf_done d;

	add(t, 1, "kept", "a.example", 5, NULL);
	add(t, 2, "old name", "", 0, "192.0.2.1:5");
	add(t, 3, "moved", "", 0, "192.0.2.1:6");
	add(t, 4, "gone", "", 0, NULL);
	add(t, 5, "gone too", "", 0, NULL);
	add(u, 1, "kept", "a.example", 5, NULL);
	add(u, 2, "new name", "", 0, "192.0.2.1:5");
	add(u, 3, "moved", "", 0, "192.0.2.1:7");
	add(u, 6, "new", "", 0, NULL);
	static_diff(t, u, &d);
	ck_assert_uint_eq(d.added, 1);
	ck_assert_uint_eq(d.removed, 2);
	ck_assert_uint_eq(d.changed, 2);
	ck_assert_uint_eq(d.kept, 1);
	static_diff(NULL, u, &d);
	ck_assert_uint_eq(d.added, 4);
	ck_assert_uint_eq(d.removed + d.changed + d.kept, 0);
}
END_TEST

START_TEST(many)
{
	uint32_t i;

	for (i = 0; i < STATIC_MAX; i++)
		ck_assert_int_eq(add(t, i, "p", "", 0, NULL), 0);
	ck_assert_int_eq(add(t, i, "p", "", 0, NULL), -1);
	ck_assert_int_eq(errno, ENOSPC);
	for (i = 0; i < STATIC_MAX; i++)
		ck_assert(find(t, i) != NULL);
	ck_assert(find(t, i) == NULL);
	/* It grew with them. */
	ck_assert_uint_ge(t->buckets, STATIC_MAX / 4);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("static");
	TCase *tc = tcase_create("static");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, add_and_find);
	tcase_add_test(tc, longest);
	tcase_add_test(tc, same_place);
	tcase_add_test(tc, diff);
	tcase_add_test(tc, many);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	return unit_run("static", suite());
}
