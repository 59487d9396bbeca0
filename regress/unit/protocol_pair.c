/* SPDX-License-Identifier: ISC */
/*
 * Two hosts for the tests of the protocol: see protocol_pair.h.
 */
#include <sys/socket.h>

#include <stdbool.h>

#include "protocol_pair.h"

struct host a, b;

static void
setup(void)
{
	hosts_start(&a, &b);
}

static void
teardown(void)
{
	hosts_stop(&a, &b);
}

TCase *
pair_case(const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	return tc;
}

struct remote *
remote_of(struct host *h)
{
	return device_sender(h->d);
}

void
shake(void)
{
	host_send(&a, 1, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.ntun, 1);
	b.ntun = 0;
}

void
link_again(struct host *h)
{
	engine_set_link(&h->e, false, 1420);
	engine_set_link(&h->e, true, 1420);
}

struct device *
peer_add(struct host *h, const uint8_t key[32], const uint8_t address[4])
{
	struct device *d;

	d = device_new(&h->e, key);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(device_ip_add(&h->e, d, AF_INET, address, 32), 0);
	engine_set_endpoint(&h->e, d, true);
	return d;
}
