/* SPDX-License-Identifier: ISC */
/*
 * What a configuration asks of the kernel's routing, as a list: covers,
 * duplicates, tables, families, 0.0.0.0/0, and 10,000 peers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "parent/kernel_item.h"
#include "unit.h"

#define NAME	"warren0"

static struct conf conf;
static struct items got;
static size_t skipped;

static void
begin(void)
{
	memset(&conf, 0, sizeof(conf));
	TAILQ_INIT(&conf.peers);
	memset(&got, 0, sizeof(got));
}

static void
end(void)
{
	struct conf_peer *p;

	while ((p = TAILQ_FIRST(&conf.peers)) != NULL) {
		TAILQ_REMOVE(&conf.peers, p, entry);
		free(p->allowed.at);
		free(p);
	}
	free(conf.address.at);
	items_free(&got);
}

static void
add(struct conf_prefixes *l, const char *text)
{
	l->at = reallocarray(l->at, l->n + 1, sizeof(*l->at));
	ck_assert_ptr_nonnull(l->at);
	ck_assert_int_eq(prefix_parse(&l->at[l->n], text), 0);
	l->n++;
}

static struct conf_peer *
peer(const char *allowed)
{
	struct conf_peer *p = calloc(1, sizeof(*p));

	ck_assert_ptr_nonnull(p);
	TAILQ_INSERT_TAIL(&conf.peers, p, entry);
	if (allowed != NULL)
		add(&p->allowed, allowed);
	return p;
}

static void
want(bool inet6)
{
	size_t i;

	items_free(&got);
	ck_assert_int_eq(items_want(&got, &conf, NAME, inet6, &skipped), 0);
	for (i = 1; i < got.n; i++)
		ck_assert_int_lt(item_cmp(&got.at[i - 1], &got.at[i]), 0);
}

static size_t
count(enum item_kind kind)
{
	size_t i, n = 0;

	for (i = 0; i < got.n; i++)
		n += got.at[i].kind == kind;
	return n;
}

static struct item *
has(enum item_kind kind, const char *prefix, uint32_t table)
{
	struct item it;

	memset(&it, 0, sizeof(it));
	it.kind = (uint8_t)kind;
	it.table = table;
	ck_assert_int_eq(prefix_parse(&it.prefix, prefix), 0);
	return items_find(&got, &it);
}

static struct item *
has_rule(enum item_kind kind, uint8_t family, uint32_t mark, uint32_t table)
{
	struct item it;

	memset(&it, 0, sizeof(it));
	it.kind = (uint8_t)kind;
	it.prefix.family = family;
	it.mark = mark;
	it.table = table;
	return items_find(&got, &it);
}

START_TEST(tables)
{
	static const char *const names[] = {
		"warren0", "warren1", "wg0", "a", "b", "home", "office"
	};
	size_t i, k, n = sizeof(names) / sizeof(names[0]);
	uint32_t t;

	for (i = 0; i < n; i++) {
		t = item_table(names[i]);
		ck_assert_uint_eq(t & 0xfff00000, 0x77600000);
		ck_assert_uint_eq(item_table_default(names[i]), t | 0x100000);
		for (k = 0; k < i; k++)
			ck_assert_uint_ne(t, item_table(names[k]));
	}
}
END_TEST

START_TEST(covers)
{
	static const struct {
		const char *a, *b;
		bool yes;
	} t[] = {
		{ "10.0.0.0/8", "10.1.2.3", true },
		{ "10.0.0.0/8", "10.0.0.0/8", true },
		{ "10.0.0.0/9", "10.128.0.0/9", false },
		{ "10.0.0.0/9", "10.0.0.0/8", false },
		{ "0.0.0.0/0", "255.1.1.1", true },
		{ "0.0.0.0/0", "::/0", false },
		{ "::/0", "0.0.0.0/0", false },
		{ "198.51.100.128/25", "198.51.100.127", false },
		{ "198.51.100.128/25", "198.51.100.129", true },
		{ "fe80::/10", "febf::1", true },
		{ "fe80::/10", "fec0::1", false },
		{ "fd66::1", "fd66::1", true },
		{ "fd66::1", "fd66::2", false },
		{ "1.2.3.4", "1.2.3.4", true },
	};
	struct prefix a, b;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		ck_assert_int_eq(prefix_parse(&a, t[i].a), 0);
		ck_assert_int_eq(prefix_parse(&b, t[i].b), 0);
		ck_assert_msg(prefix_covers(&a, &b) == t[i].yes, "%s %s",
		    t[i].a, t[i].b);
	}
}
END_TEST

START_TEST(usual)
{
	const uint32_t t = item_table(NAME);
	struct conf_peer *p;

	begin();
	add(&conf.address, "10.66.0.1/24");
	add(&conf.address, "10.5.0.1/24");
	add(&conf.address, "fd66::1/64");
	p = peer("10.66.0.2/32");
	add(&p->allowed, "fd66::2/128");
	add(&p->allowed, "192.0.2.0/24");
	peer("192.0.2.128/25");
	peer("192.0.2.0/24");		/* twice */
	peer(NULL);
	want(true);
	ck_assert_uint_eq(count(ITEM_ADDRESS), 3);
	ck_assert_uint_eq(has(ITEM_ADDRESS, "10.66.0.1/24", 0)->order, 0);
	ck_assert_uint_eq(has(ITEM_ADDRESS, "10.5.0.1/24", 0)->order, 1);
	/* The connected ones are the kernel's own, and cover peers. */
	ck_assert_uint_eq(count(ITEM_ROUTE), 5);
	ck_assert(has(ITEM_ROUTE, "10.66.0.0/24", 254)->connected);
	ck_assert(has(ITEM_ROUTE, "10.5.0.0/24", 254)->connected);
	ck_assert(has(ITEM_ROUTE, "fd66::/64", 254)->connected);
	ck_assert(!has(ITEM_ROUTE, "192.0.2.0/24", 254)->connected);
	ck_assert_ptr_nonnull(has(ITEM_ROUTE, "192.0.2.0/24", 254));
	ck_assert_ptr_nonnull(has(ITEM_ROUTE, "192.0.2.128/25", 254));
	/* What covers others is enough where nothing is reached. */
	ck_assert_uint_eq(count(ITEM_UNREACHABLE), 5);
	ck_assert_ptr_nonnull(has(ITEM_UNREACHABLE, "10.66.0.0/24", t));
	ck_assert_ptr_nonnull(has(ITEM_UNREACHABLE, "10.5.0.0/24", t));
	ck_assert_ptr_nonnull(has(ITEM_UNREACHABLE, "fd66::/64", t));
	ck_assert_ptr_nonnull(has(ITEM_UNREACHABLE, "192.0.2.0/24", t));
	ck_assert_ptr_nonnull(has(ITEM_UNREACHABLE, "169.254.0.0/16", t));
	ck_assert_ptr_nonnull(has_rule(ITEM_RULE_MARK, AF_INET, t, t));
	ck_assert_ptr_nonnull(has_rule(ITEM_RULE_MARK, AF_INET6, t, t));
	ck_assert_uint_eq(got.n, 3 + 5 + 5 + 2);
	ck_assert_uint_eq(skipped, 0);
	end();
}
END_TEST

START_TEST(nothing)
{
	begin();
	want(true);
	ck_assert_uint_eq(got.n, 3);	/* two rules and 169.254.0.0/16 */
	end();
}
END_TEST

START_TEST(hosts)
{
	begin();
	/* The kernel makes no route to /32, and one to /128. */
	add(&conf.address, "10.66.0.1/32");
	add(&conf.address, "10.67.0.0/31");
	add(&conf.address, "fd66::1/128");
	add(&conf.address, "fe80::1/64");
	peer("10.66.0.1/32");
	peer("10.67.0.1/32");
	peer("fd66::2/128");
	peer("fe80::2/128");
	peer("169.254.7.0/24");
	peer("169.254.0.0/16");
	want(true);
	ck_assert_ptr_nonnull(has(ITEM_ROUTE, "10.66.0.1/32", 254));
	ck_assert_ptr_nonnull(has(ITEM_ROUTE, "fd66::2/128", 254));
	ck_assert_ptr_nonnull(has(ITEM_ROUTE, "169.254.7.0/24", 254));
	ck_assert_ptr_nonnull(has(ITEM_ROUTE, "169.254.0.0/16", 254));
	/* Of the networks those with more than the address. */
	ck_assert(has(ITEM_ROUTE, "10.67.0.0/31", 254)->connected);
	ck_assert(has(ITEM_ROUTE, "fe80::/64", 254)->connected);
	ck_assert(!has(ITEM_ROUTE, "10.66.0.1/32", 254)->connected);
	ck_assert_uint_eq(count(ITEM_ROUTE), 6);
	/* Endpoints on the local link must stay within reach. */
	ck_assert_ptr_null(has(ITEM_UNREACHABLE, "fe80::/64",
	    item_table(NAME)));
	ck_assert_uint_eq(count(ITEM_UNREACHABLE), 5);
	end();
}
END_TEST

START_TEST(all)
{
	const uint32_t t = item_table(NAME), t2 = item_table_default(NAME);

	begin();
	add(&conf.address, "10.66.0.1/24");
	conf.has_fwmark = true;
	conf.fwmark = 42;
	peer("0.0.0.0/0");
	want(true);
	ck_assert_ptr_nonnull(has(ITEM_ROUTE, "0.0.0.0/0", t2));
	ck_assert_ptr_null(has(ITEM_UNREACHABLE, "0.0.0.0/0", t));
	ck_assert_ptr_nonnull(has_rule(ITEM_RULE_MARK, AF_INET, 42, t));
	ck_assert_ptr_nonnull(has_rule(ITEM_RULE_MAIN, AF_INET, 42, 254));
	ck_assert_ptr_nonnull(has_rule(ITEM_RULE_DEFAULT, AF_INET, 42, t2));
	ck_assert_ptr_null(has_rule(ITEM_RULE_MAIN, AF_INET6, 42, 254));
	ck_assert_uint_eq(count(ITEM_SRC_MARK), 1);
	peer("::/0");
	want(true);
	ck_assert_ptr_nonnull(has(ITEM_ROUTE, "::/0", t2));
	ck_assert_ptr_nonnull(has_rule(ITEM_RULE_DEFAULT, AF_INET6, 42, t2));
	ck_assert_uint_eq(count(ITEM_SRC_MARK), 1);
	/* Rules that divert come after all that they need. */
	ck_assert_int_gt(got.at[got.n - 1].kind, ITEM_ROUTE);
	conf.routes = CONF_ROUTES_TABLE;
	conf.table = 51;
	want(true);
	ck_assert_ptr_nonnull(has(ITEM_ROUTE, "0.0.0.0/0", 51));
	ck_assert_uint_eq(count(ITEM_RULE_MAIN) + count(ITEM_RULE_DEFAULT) +
	    count(ITEM_SRC_MARK), 0);
	conf.routes = CONF_ROUTES_NONE;
	want(true);
	ck_assert_uint_eq(count(ITEM_ROUTE), 1);
	ck_assert(has(ITEM_ROUTE, "10.66.0.0/24", 254)->connected);
	end();
}
END_TEST

START_TEST(other_table)
{
	begin();
	add(&conf.address, "10.66.0.1/24");
	peer("10.66.0.2/32");
	conf.routes = CONF_ROUTES_TABLE;
	conf.table = 51;
	want(true);
	/* The connected route is in main, and not there. */
	ck_assert_ptr_nonnull(has(ITEM_ROUTE, "10.66.0.2/32", 51));
	conf.routes = CONF_ROUTES_NONE;
	peer("172.16.0.0/12");
	want(true);
	ck_assert_uint_eq(count(ITEM_ROUTE), 1);
	ck_assert_uint_eq(count(ITEM_UNREACHABLE), 2);
	/* Also if the connected one is asked for once more, in any order. */
	conf.routes = CONF_ROUTES_TABLE;
	conf.table = 254;
	peer("10.66.0.0/24");
	add(&conf.address, "10.66.0.2/24");
	want(true);
	ck_assert(has(ITEM_ROUTE, "10.66.0.0/24", 254)->connected);
	ck_assert_uint_eq(count(ITEM_ROUTE), 3);
	end();
}
END_TEST

START_TEST(without_inet6)
{
	begin();
	add(&conf.address, "10.66.0.1/24");
	peer("2001:db8::/32");
	peer("192.0.2.0/24");
	want(false);
	ck_assert_uint_eq(skipped, 3);	/* route, unreachable, rule */
	ck_assert_uint_eq(count(ITEM_ROUTE), 2);
	ck_assert_uint_eq(count(ITEM_RULE_MARK), 1);
	/* An address that was asked for is an error elsewhere. */
	add(&conf.address, "fd66::1/64");
	want(false);
	ck_assert_ptr_nonnull(has(ITEM_ADDRESS, "fd66::1/64", 0));
	ck_assert_ptr_null(has(ITEM_ROUTE, "fd66::/64", 254));
	end();
}
END_TEST

START_TEST(texts)
{
	char text[ITEM_TEXT];
	struct item it;
	uint8_t kind;

	memset(&it, 0, sizeof(it));
	it.prefix.family = AF_INET6;
	it.prefix.cidr = 128;
	memset(it.prefix.addr, 0xfd, sizeof(it.prefix.addr));
	it.table = it.mark = UINT32_MAX;
	for (kind = 0; kind < ITEM_KINDS; kind++) {
		it.kind = kind;
		item_print(&it, text);
		ck_assert_uint_gt(strlen(text), 10);
		ck_assert_uint_lt(strlen(text), ITEM_TEXT - 1);
		ck_assert_str_ne(item_kind_name(&it), "item");
	}
}
END_TEST

START_TEST(lists)
{
	struct items l;
	struct item it;
	unsigned i;

	memset(&l, 0, sizeof(l));
	memset(&it, 0, sizeof(it));
	items_sort(&l);
	ck_assert_ptr_null(items_find(&l, &it));
	for (i = 0; i < 1000; i++) {
		it.table = i * 7919 % 100;
		it.state = (uint8_t)i;
		ck_assert_int_eq(items_add(&l, &it), 0);
	}
	items_sort(&l);
	ck_assert_uint_eq(l.n, 100);
	for (i = 0; i < 100; i++)
		ck_assert_uint_eq(l.at[i].table, i);
	it.table = 100;
	ck_assert_ptr_null(items_find(&l, &it));
	items_free(&l);
}
END_TEST

START_TEST(ten_thousand)
{
	struct timespec a, b;
	struct conf_peer *p;
	char text[PREFIX_TEXT];
	long ms;
	int i;

	begin();
	add(&conf.address, "10.66.0.1/16");
	add(&conf.address, "fd66::1/64");
	for (i = 9999; i >= 0; i--) {
		snprintf(text, sizeof(text), "10.66.%d.%d/32", i / 256,
		    i % 256);
		p = peer(text);
		snprintf(text, sizeof(text), "fd66::%x/128", i + 2);
		add(&p->allowed, text);
		snprintf(text, sizeof(text), "172.%d.%d.0/24", 16 + i / 256,
		    i % 256);
		add(&p->allowed, text);
	}
	clock_gettime(CLOCK_MONOTONIC, &a);
	want(true);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ck_assert_uint_eq(count(ITEM_ROUTE), 10002);
	ck_assert_uint_eq(count(ITEM_UNREACHABLE), 10003);
	ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
	ck_assert_int_lt(ms, 2000);
	end();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("kernel");
	TCase *tc = tcase_create("kernel");

	tcase_add_test(tc, tables);
	tcase_add_test(tc, covers);
	tcase_add_test(tc, usual);
	tcase_add_test(tc, nothing);
	tcase_add_test(tc, hosts);
	tcase_add_test(tc, all);
	tcase_add_test(tc, other_table);
	tcase_add_test(tc, without_inet6);
	tcase_add_test(tc, texts);
	tcase_add_test(tc, lists);
	tcase_add_test(tc, ten_thousand);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("kernel", suite());
}
