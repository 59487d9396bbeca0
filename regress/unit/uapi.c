/* SPDX-License-Identifier: ISC */
/*
 * The UAPI's set: every key, right and wrong, what is packed of it, and that
 * nothing is left of it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctld/uapi_parse.h"
#include "unit.h"

#define KEY	"00112233445566778899aabbccddeeff" \
		"00112233445566778899AABBCCDDEEFF"
#define PEER	"public_key=" KEY

static struct uapi_budget budget;
static struct uapi_set set;

static uint32_t
scope(void *arg, const char *name)
{
	ck_assert_ptr_eq(arg, &budget);
	return strcmp(name, "eth0") == 0 ? 42 : 0;
}

static void
fresh(void)
{
	uapi_set_clear(&set);
	ck_assert_uint_eq(budget.used, 0);
	budget.max = UAPI_ALL_MAX;
	uapi_set_init(&set, &budget, scope, &budget);
}

static int
line(const char *text)
{
	return uapi_set_line(&set, text, strlen(text));
}

/* All lines but the last are right. */
static int
lines(const char *const *l)
{
	int error = 0;

	fresh();
	for (; *l != NULL; l++) {
		ck_assert_msg(error == 0, "before \"%s\"", *l);
		error = line(*l);
	}
	return error;
}
#define LINES(...)	lines((const char *const []){ __VA_ARGS__, NULL })

/* The n-th packed item; its number in all if n is too large. */
static size_t
item(size_t n, struct set_item *i)
{
	struct set_chunk *c;
	struct rbuf r;
	size_t k = 0;

	STAILQ_FOREACH(c, &set.items, entry) {
		rbuf_init(&r, c->data, c->len);
		while (r.left > 0) {
			get_set_item(&r, i);
			ck_assert(!r.fail);
			if (k++ == n)
				return n;
		}
	}
	return k;
}

static size_t
items(void)
{
	struct set_item i;

	return item(SIZE_MAX, &i);
}

static const struct set_endpoint *
endpoint_of(uint32_t ordinal)
{
	struct endpoint_chunk *e;
	size_t i;

	STAILQ_FOREACH(e, &set.endpoints, entry)
		for (i = 0; i < e->n; i++)
			if (e->at[i].ordinal == ordinal)
				return &e->at[i];
	return NULL;
}

START_TEST(device)
{
	struct set_item i;

	ck_assert_int_eq(LINES("private_key=" KEY, "listen_port=65535",
	    "fwmark=4294967295", "replace_peers=true",
	    "protocol_version=1"), 0);
	ck_assert(set.has_port && set.has_mark);
	ck_assert_uint_eq(set.port, 65535);
	ck_assert_uint_eq(set.mark, UINT32_MAX);
	ck_assert_uint_eq(items(), 2);
	item(0, &i);
	ck_assert_int_eq(i.op, SET_PRIVATE_KEY);
	ck_assert_uint_eq(i.key[1], 0x11);
	ck_assert_uint_eq(i.key[31], 0xff);
	item(1, &i);
	ck_assert_int_eq(i.op, SET_REPLACE_PEERS);
	ck_assert_int_eq(LINES("listen_port=0", "fwmark=0"), 0);
	ck_assert(set.has_port && set.has_mark);
	ck_assert_uint_eq(items(), 0);
	fresh();
	ck_assert(!set.has_port && !set.has_mark);
}
END_TEST

START_TEST(peer)
{
	struct set_item i;

	ck_assert_int_eq(LINES(PEER, "update_only=true",
	    "preshared_key=" KEY, "endpoint=192.0.2.1:51820",
	    "persistent_keepalive_interval=25", "replace_allowed_ips=true",
	    "allowed_ip=10.1.2.3/8", "allowed_ip=-fd00::1/64",
	    "protocol_version=1", PEER, "endpoint=[fe80::1%eth0]:5"), 0);
	ck_assert_uint_eq(set.peers, 2);
	ck_assert_uint_eq(items(), 7);
	item(0, &i);
	ck_assert_int_eq(i.op, SET_PEER);
	ck_assert_uint_eq(i.flags, SET_F_UPDATE_ONLY);
	item(1, &i);
	ck_assert_int_eq(i.op, SET_PSK);
	item(2, &i);
	ck_assert_int_eq(i.op, SET_KEEPALIVE);
	ck_assert_uint_eq(i.keepalive, 25);
	item(3, &i);
	ck_assert_int_eq(i.op, SET_REPLACE_IPS);
	item(4, &i);
	ck_assert_int_eq(i.op, SET_ALLOWED_IP);
	ck_assert_uint_eq(i.flags, 0);
	ck_assert_mem_eq(i.prefix.addr, "\x0a\0\0\0", 4);	/* masked */
	item(5, &i);
	ck_assert_uint_eq(i.flags, SET_F_REMOVE);
	ck_assert_uint_eq(i.prefix.cidr, 64);
	ck_assert_uint_eq(i.prefix.addr[15], 0);
	item(6, &i);
	ck_assert_int_eq(i.op, SET_PEER);
	ck_assert_uint_eq(i.flags, 0);
	ck_assert_uint_eq(endpoint_of(0)->endpoint.port, 51820);
	ck_assert_uint_eq(endpoint_of(1)->endpoint.scope, 42);
}
END_TEST

/* The rest of a removed peer is read, checked and not packed. */
START_TEST(removed)
{
	struct set_item i;

	ck_assert_int_eq(LINES(PEER, "endpoint=192.0.2.1:1",
	    "allowed_ip=10.0.0.0/8", "remove=true", "allowed_ip=10.0.0.0/8",
	    "endpoint=192.0.2.1:2", "preshared_key=" KEY,
	    PEER, "endpoint=192.0.2.1:3"), 0);
	ck_assert_uint_eq(items(), 2);
	item(0, &i);
	ck_assert_uint_eq(i.flags, SET_F_REMOVE);
	ck_assert_ptr_null(endpoint_of(0));
	ck_assert_uint_eq(endpoint_of(1)->endpoint.port, 3);
	ck_assert_int_eq(LINES(PEER, "remove=true", "allowed_ip=10.0.0.0/99"),
	    EINVAL);
	ck_assert_int_eq(LINES(PEER, "remove=true", "nonsense=1"), EINVAL);
	ck_assert_int_eq(LINES(PEER, "remove=true", "nonsense"), EPROTO);
}
END_TEST

/* A removal takes back what filled several chunks. */
START_TEST(removed_large)
{
	char text[64];
	int i;

	fresh();
	ck_assert_int_eq(line(PEER), 0);
	for (i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "allowed_ip=10.0.%d.%d/32",
		    i >> 8, i & 255);
		ck_assert_int_eq(line(text), 0);
	}
	ck_assert_uint_eq(items(), 5001);
	ck_assert_int_eq(line("remove=true"), 0);
	ck_assert_uint_eq(items(), 1);
	ck_assert_uint_eq(budget.used, sizeof(struct set_chunk));
	fresh();
}
END_TEST

START_TEST(last_endpoint_counts)
{
	ck_assert_int_eq(LINES(PEER, "endpoint=192.0.2.1:1",
	    "endpoint=[2001:db8::1]:2"), 0);
	ck_assert_uint_eq(STAILQ_FIRST(&set.endpoints)->n, 1);
	ck_assert_uint_eq(endpoint_of(0)->endpoint.port, 2);
}
END_TEST

START_TEST(bad_device)
{
	static const char *const bad[] = {
		"=", "=1", "private_key=", "private_key=00",
		"private_key=" KEY "0", "private_key= " KEY,
		"private_key=g" KEY, "listen_port=", "listen_port=65536",
		"listen_port=-1", "listen_port=+1", "listen_port= 1",
		"listen_port=1 ", "listen_port=0x1",
		"listen_port=00000000001", "listen_port=18446744073709551616",
		"fwmark=4294967296", "fwmark=0x22", "replace_peers=false",
		"replace_peers=", "replace_peers=TRUE", "protocol_version=2",
		"protocol_version=", "Listen_port=1", " listen_port=1",
		"listen_port =1", "allowed_ip=10.0.0.0/8", "remove=true",
		"endpoint=192.0.2.1:1", "preshared_key=" KEY, "errno=0",
		"get=1", "set=1", "public_key=", "public_key=00",
		"listen_port=1=1", "update_only=true"
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(LINES(bad[i]) == EINVAL, "%s", bad[i]);
	ck_assert_int_eq(LINES("listen_port"), EPROTO);
	ck_assert_int_eq(LINES(" "), EPROTO);
}
END_TEST

START_TEST(bad_peer)
{
	static const char *const bad[] = {
		"private_key=" KEY, "listen_port=1", "fwmark=1",
		"replace_peers=true", "remove=false", "remove=",
		"update_only=1", "replace_allowed_ips=no",
		"persistent_keepalive_interval=65536",
		"persistent_keepalive_interval=off",
		"preshared_key=00", "endpoint=", "endpoint=host:1",
		"endpoint=192.0.2.1", "endpoint=[fe80::1%nosuch]:1",
		"endpoint=[fe80::1%]:1", "endpoint=[192.0.2.1%eth0]:1",
		"endpoint=[fe80::1]%eth0:1", "endpoint=%eth0]",
		"endpoint=[fe80::1%0123456789abcdef]:1",
		"endpoint=[fe80::1%eth0", "allowed_ip=", "allowed_ip=-",
		"allowed_ip=10.0.0.1", "allowed_ip=10.0.0.0/33",
		"allowed_ip=--10.0.0.0/8", "allowed_ip=::/129",
		"allowed_ip=10.0.0.0/8,10.0.0.0/9", "allowed_ip=+10.0.0.0/8",
		"protocol_version=0", "public_key=xyz",
		"rx_bytes=1", "last_handshake_time_sec=0"
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(LINES(PEER, bad[i]) == EINVAL, "%s", bad[i]);
	ck_assert_int_eq(LINES(PEER, "allowed_ip"), EPROTO);
}
END_TEST

START_TEST(limits)
{
	char text[UAPI_LINE_MAX + 2];

	memset(text, '=', sizeof(text));
	fresh();
	ck_assert_int_eq(uapi_set_line(&set, text, UAPI_LINE_MAX), EINVAL);
	ck_assert_int_eq(uapi_set_line(&set, text, UAPI_LINE_MAX + 1),
	    EINVAL);
	ck_assert_int_eq(uapi_set_line(&set, "fwmark=1\0002", 10), EINVAL);
	ck_assert_int_eq(uapi_set_line(&set, "", 0), EPROTO);
}
END_TEST

/* A set may take 32 MiB, all together what the budget has. */
START_TEST(memory)
{
	struct uapi_set second;
	size_t n = 0;
	int error;

	fresh();
	ck_assert_int_eq(line(PEER), 0);
	while ((error = line("allowed_ip=10.0.0.0/8")) == 0)
		n++;
	ck_assert_int_eq(error, ENOMEM);
	ck_assert_uint_gt(n, 1000000);
	ck_assert_uint_le(budget.used, UAPI_SET_MAX);
	budget.max = budget.used + sizeof(struct set_chunk);
	uapi_set_init(&second, &budget, NULL, NULL);
	ck_assert_int_eq(uapi_set_line(&second, PEER, strlen(PEER)), 0);
	ck_assert_int_eq(uapi_set_line(&second, "endpoint=192.0.2.1:1", 20),
	    ENOMEM);
	ck_assert_int_eq(uapi_set_line(&second, "endpoint=[fe80::1%1]:1", 22),
	    ENOMEM);
	ck_assert_int_eq(uapi_set_line(&second, "endpoint=[fe80::1%eth0]:1",
	    25), EINVAL);
	uapi_set_clear(&second);
	uapi_set_clear(&second);
	fresh();
	ck_assert_uint_gt(budget.peak, UAPI_SET_MAX - 2 *
	    sizeof(struct set_chunk));
}
END_TEST

START_TEST(shifting)
{
	size_t n = 0, i;

	fresh();
	ck_assert_int_eq(line(PEER), 0);
	for (i = 0; i < 130560; i++)
		ck_assert_int_eq(line("allowed_ip=fd00::1/128"), 0);
	while (!STAILQ_EMPTY(&set.items)) {
		uapi_set_shift(&set);
		n++;
	}
	ck_assert_uint_gt(n, 100);
	ck_assert_uint_eq(budget.used, 0);
	fresh();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("uapi");
	TCase *tc = tcase_create("uapi");

	tcase_add_test(tc, device);
	tcase_add_test(tc, peer);
	tcase_add_test(tc, removed);
	tcase_add_test(tc, removed_large);
	tcase_add_test(tc, last_endpoint_counts);
	tcase_add_test(tc, bad_device);
	tcase_add_test(tc, bad_peer);
	tcase_add_test(tc, limits);
	tcase_add_test(tc, memory);
	tcase_add_test(tc, shifting);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("uapi", suite());
}
