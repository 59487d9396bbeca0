/* SPDX-License-Identifier: ISC */
/*
 * What ctld knows by name: peers of a configuration, and devices of cryptod.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctld/devmap.h"
#include "ctld/names.h"
#include "unit.h"

static struct names *names;
static struct show_item it;

static void
fresh(void)
{
	names = names_new();
	ck_assert_ptr_nonnull(names);
}

static int
text(enum show_op op, const char *s)
{
	memset(&it, 0, sizeof(it));
	it.op = op;
	snprintf(it.text, sizeof(it.text), "%s", s);
	return names_add(names, &it);
}

static int
peer(uint32_t number, const char *name, const char *endpoint)
{
	memset(&it, 0, sizeof(it));
	it.op = SHOW_ITEM_PEER;
	memcpy(it.key, &number, sizeof(number));
	snprintf(it.name, sizeof(it.name), "%s", name);
	snprintf(it.text, sizeof(it.text), "%s", endpoint);
	return names_add(names, &it);
}

START_TEST(nothing)
{
	static const uint8_t key[CONF_KEY_SIZE];

	ck_assert_ptr_null(names_by_key(NULL, key));
	ck_assert_ptr_null(names_by_name(NULL, ""));
	ck_assert_str_eq(names_file(NULL), "");
	ck_assert_uint_eq(names_count(NULL), 0);
	fresh();
	ck_assert_ptr_null(names_by_key(names, key));
	ck_assert_ptr_null(names_by_name(names, ""));
	ck_assert_str_eq(names_addresses(names), "");
	ck_assert_int_eq(text(SHOW_ITEM_PSK, ""), -1);
	ck_assert_int_eq(errno, EBADMSG);
	names_free(names);
	names_free(NULL);
}
END_TEST

START_TEST(texts)
{
	char big[128];
	int i;

	fresh();
	ck_assert_int_eq(text(SHOW_ITEM_INSTANCE, "/etc/warren.conf"), 0);
	ck_assert_int_eq(text(SHOW_ITEM_INSTANCE, "/etc/other"), -1);
	ck_assert_int_eq(text(SHOW_ITEM_KEY, "file k"), 0);
	ck_assert_int_eq(text(SHOW_ITEM_ROUTES, "table 51"), 0);
	ck_assert_int_eq(text(SHOW_ITEM_ADDRESS, "10.66.0.1/24"), 0);
	ck_assert_int_eq(text(SHOW_ITEM_ADDRESS, "fd66::1/64"), 0);
	ck_assert_str_eq(names_file(names), "/etc/warren.conf");
	ck_assert_str_eq(names_key_source(names), "file k");
	ck_assert_str_eq(names_routes(names), "table 51");
	ck_assert_str_eq(names_addresses(names), "10.66.0.1/24, fd66::1/64");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	for (i = 0; i < 20; i++)
		ck_assert_int_eq(text(SHOW_ITEM_ADDRESS, big), 0);
	ck_assert_uint_lt(strlen(names_addresses(names)), NAMES_ADDRESSES);
	ck_assert_str_eq(names_addresses(names) +
	    strlen(names_addresses(names)) - 6, "x, ...");
	names_free(names);
}
END_TEST

START_TEST(peers)
{
	const struct name *n;
	uint8_t key[CONF_KEY_SIZE] = { 1 };

	fresh();
	ck_assert_int_eq(peer(1, "alice", "192.0.2.1:1"), 0);
	ck_assert_int_eq(text(SHOW_ITEM_PSK, ""), 0);
	ck_assert_int_eq(text(SHOW_ITEM_PSK, ""), -1);
	ck_assert_int_eq(peer(2, "bob", ""), 0);
	ck_assert_ptr_nonnull(n = names_by_name(names, "alice"));
	ck_assert_ptr_eq(n, names_by_key(names, key));
	ck_assert_str_eq(n->endpoint, "192.0.2.1:1");
	ck_assert(n->psk);
	ck_assert_ptr_nonnull(n = names_by_name(names, "bob"));
	ck_assert_str_eq(n->endpoint, "");
	ck_assert(!n->psk);
	/* Exactly: no prefix, no case. */
	ck_assert_ptr_null(names_by_name(names, "ali"));
	ck_assert_ptr_null(names_by_name(names, "Alice"));
	ck_assert_ptr_null(names_by_name(names, "alicex"));
	ck_assert_int_eq(peer(1, "carol", ""), -1);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(peer(3, "bob", ""), -1);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(peer(4, "", ""), -1);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_uint_eq(names_count(names), 2);
	names_free(names);
}
END_TEST

START_TEST(many)
{
	uint8_t key[CONF_KEY_SIZE];
	char name[16];
	uint32_t i;

	fresh();
	for (i = 0; i < NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		ck_assert_int_eq(peer(i, name, "192.0.2.1:51820"), 0);
	}
	ck_assert_int_eq(peer(i, "more", ""), -1);
	ck_assert_int_eq(errno, E2BIG);
	memset(key, 0, sizeof(key));
	for (i = 0; i < NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		memcpy(key, &i, sizeof(i));
		ck_assert_ptr_nonnull(names_by_name(names, name));
		ck_assert_ptr_eq(names_by_name(names, name),
		    names_by_key(names, key));
	}
	ck_assert_uint_lt(names_memory(names), 16U << 20);
	names_free(names);
}
END_TEST

START_TEST(devices)
{
	struct devmap m;
	uint8_t key[DEVMAP_KEY] = { 0 };
	uint32_t i;

	memset(&m, 0, sizeof(m));
	ck_assert_ptr_null(devmap_find(&m, 1));
	for (i = 1; i <= DEVMAP_MAX; i++) {
		memcpy(key, &i, sizeof(i));
		ck_assert_int_eq(devmap_add(&m, 3 * i, key), 0);
	}
	ck_assert_int_eq(devmap_add(&m, 3 * i, key), -1);
	ck_assert_int_eq(errno, E2BIG);
	for (i = 1; i <= DEVMAP_MAX; i++) {
		memcpy(key, &i, sizeof(i));
		ck_assert_mem_eq(devmap_find(&m, 3 * i), key, sizeof(key));
		ck_assert_ptr_null(devmap_find(&m, 3 * i + 1));
	}
	ck_assert_ptr_null(devmap_find(&m, 0));
	ck_assert_ptr_null(devmap_find(&m, UINT32_MAX));
	devmap_clear(&m);
	devmap_clear(&m);
	ck_assert_int_eq(devmap_add(&m, 7, key), 0);
	ck_assert_int_eq(devmap_add(&m, 7, key), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(devmap_add(&m, 6, key), -1);
	devmap_clear(&m);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ctld_names");
	TCase *tc = tcase_create("ctld_names");

	tcase_add_test(tc, nothing);
	tcase_add_test(tc, texts);
	tcase_add_test(tc, peers);
	tcase_add_test(tc, many);
	tcase_add_test(tc, devices);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("ctld_names", suite());
}
