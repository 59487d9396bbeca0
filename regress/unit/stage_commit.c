/* SPDX-License-Identifier: ISC */
/*
 * A configuration that comes into force: what a commit changes and what it
 * leaves alone, under traffic between two cores.
 */
#include <string.h>

#include "cryptod/keypair.h"
#include "cryptod/outbound.h"
#include "stage_play.h"
#include "unit.h"

static void
run_traffic(unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		host_send(&a, (uint16_t)i, 84);
		host_send(&b, (uint16_t)i, 84);
		hosts_run(&a, &b, 5 * MS);
	}
}

/* Ten reloads under traffic: others come and go, one changes every time. */
START_TEST(sessions_are_kept)
{
	uint8_t key[32] = { 7 };
	struct device *d = a.d;
	struct keypair *kp;
	unsigned i;

	host_send(&a, 1, 84);
	hosts_run(&a, &b, SEC);
	begin();
	peer(key_b(), "bob", "10.0.0.2/32");
	commit(0, 0, 1, 0);
	ck_assert_str_eq(d->name, "peer bob");
	a.ntun = b.ntun = 0;
	kp = device_sender(d)->current;
	ck_assert_ptr_nonnull(kp);
	for (i = 0; i < 10; i++) {
		run_traffic(20);
		begin();
		if (i % 2 == 0)
			peer(key, "other", "10.9.0.0/16");
		run_traffic(1);
		peer(key_b(), "bob", "10.0.0.2/32");
		host_send(&a, 77, 84);
		host_send(&b, 78, 84);
		if (i % 2 == 0)
			commit(1, 0, 0, 1);
		else
			commit(0, 1, 0, 1);
		hosts_run(&a, &b, 5 * MS);
	}
	hosts_run(&a, &b, 100 * MS);
	ck_assert_uint_eq(a.ntun, 220);
	ck_assert_uint_eq(b.ntun, 220);
	ck_assert_ptr_eq(kp, device_sender(d)->current);
	ck_assert_ptr_eq(trie_lookup4(&a.e.allowed, b.address), d);
	ck_assert_uint_eq(a.types[1] + b.types[1], 1);
	ck_assert_uint_eq(a.e.allowed.nentries, 1);
	ck_assert_uint_eq(a.e.remotes.used, 1);
	ck_assert_uint_eq(a.added, 6);
	ck_assert_uint_eq(a.removed, 5);
	ck_assert_uint_eq(d->tx_bytes, b.d->rx_bytes);
}
END_TEST

START_TEST(allowed_ips_change)
{
	static const uint8_t nine[4] = { 10, 9, 0, 1 };
	struct trie_entry *te;
	uint64_t serial;

	begin();
	peer(key_b(), "", "10.0.0.2/32");
	ck_assert_int_eq(address(CRYPTO_ALLOWED_IP, "10.9.0.0/16"), 0);
	commit(0, 0, 1, 0);
	ck_assert_ptr_eq(trie_lookup4(&a.e.allowed, nine), a.d);
	/* Another order is no change; serials only grow. */
	serial = a.e.allowed.serial;
	begin();
	peer(key_b(), "", "10.9.0.0/16");
	ck_assert_int_eq(address(CRYPTO_ALLOWED_IP, "10.0.0.2/32"), 0);
	commit(0, 0, 0, 1);
	TAILQ_FOREACH(te, &a.d->ips, entry) {
		ck_assert_uint_gt(te->serial, serial);
		serial = te->serial;
		ck_assert_ptr_eq(te->owner, a.d);
	}
	begin();
	peer(key_b(), "", "10.0.0.2/32");
	ck_assert_int_eq(address(CRYPTO_ALLOWED_IP, "10.8.0.0/16"), 0);
	commit(0, 0, 1, 0);
	ck_assert_ptr_null(trie_lookup4(&a.e.allowed, nine));
	begin();
	peer(key_b(), "", "10.0.0.2/32");
	commit(0, 0, 1, 0);
	ck_assert_uint_eq(a.e.allowed.nentries, 1);
}
END_TEST

/* A prefix moves to another peer, and a peer goes that had one. */
START_TEST(prefix_moves)
{
	uint8_t key[32] = { 7 };

	begin();
	peer(key, "new", "10.0.0.2/32");
	peer(key_b(), "bob", NULL);
	commit(1, 0, 1, 0);
	ck_assert_ptr_eq(trie_lookup4(&a.e.allowed, b.address),
	    remote_find(&a.e, key)->device);
	ck_assert(TAILQ_EMPTY(&a.d->ips));
	begin();
	peer(key_b(), "bob", "10.0.0.2/32");
	commit(0, 1, 1, 0);
	ck_assert_ptr_eq(trie_lookup4(&a.e.allowed, b.address), a.d);
	begin();
	commit(0, 1, 0, 0);
	ck_assert_uint_eq(a.e.devices.count + a.e.allowed.nentries, 0);
	ck_assert_uint_eq(a.e.remotes.used, 0);
	host_send(&a, 1, 84);
	ck_assert_uint_eq(a.e.n.drop_out_no_device, 1);
}
END_TEST

START_TEST(psk_changes)
{
	struct noise_remote *n = &device_sender(a.d)->secret->noise;
	uint8_t psk[32];
	int i;

	for (i = 0; i < 3; i++) {
		memset(psk, 0x40 + i, sizeof(psk));
		begin();
		ck_assert_int_eq(item(CRYPTO_PEER, key_b(), "", 0), 0);
		if (i < 2)
			ck_assert_int_eq(key_file(CONF_KEY_PSK, psk), 0);
		ck_assert_int_eq(address(CRYPTO_ALLOWED_IP, "10.0.0.2/32"),
		    0);
		ck_assert_uint_eq(st.psks.used, i < 2);
		commit(0, 0, 1, 0);
		if (i == 2)
			memset(psk, 0, sizeof(psk));
		ck_assert_mem_eq(n->psk, psk, sizeof(psk));
		/* It counts from the next handshake on. */
		if (i > 0) {
			host_send(&a, 1, 84);
			hosts_run(&a, &b, 100 * MS);
			ck_assert_uint_eq(b.ntun, (unsigned)i + 1);
		}
		noise_remote_set_psk(&device_sender(b.d)->secret->noise, psk);
		hosts_run(&a, &b, 6 * SEC);
		if (i == 0) {
			host_send(&a, 1, 84);
			hosts_run(&a, &b, SEC);
			ck_assert_uint_eq(b.ntun, 1);
			/* The same again takes no memory. */
			begin();
			item(CRYPTO_PEER, key_b(), "", 0);
			key_file(CONF_KEY_PSK, psk);
			address(CRYPTO_ALLOWED_IP, "10.0.0.2/32");
			ck_assert_uint_eq(st.psks.used, 0);
			commit(0, 0, 0, 1);
		}
	}
	hosts_run(&a, &b, 200 * SEC);
	host_send(&a, 9, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.ntun, 4);
}
END_TEST

START_TEST(keepalive_changes)
{
	begin();
	ck_assert_int_eq(item(CRYPTO_PEER, key_b(), "", 25), 0);
	ck_assert_int_eq(address(CRYPTO_ALLOWED_IP, "10.0.0.2/32"), 0);
	commit(0, 0, 1, 0);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.e.n.in_keepalives, 1);
	begin();
	ck_assert_int_eq(item(CRYPTO_PEER, key_b(), "", 0), 0);
	ck_assert_int_eq(address(CRYPTO_ALLOWED_IP, "10.0.0.2/32"), 0);
	commit(0, 0, 1, 0);
	hosts_run(&a, &b, 100 * SEC);
	ck_assert_uint_eq(b.e.n.in_keepalives, 1);
}
END_TEST

START_TEST(new_private_key)
{
	uint8_t private[32];

	host_send(&a, 1, 84);
	hosts_run(&a, &b, SEC);
	memset(private, 0x42, sizeof(private));
	stage_begin(&st);
	ck_assert_int_eq(key_file(CONF_KEY_PRIVATE, private), 0);
	peer(key_b(), "bob", "10.0.0.2/32");
	commit(0, 0, 1, 0);
	ck_assert(!keypair_can_send(&a.e, device_sender(a.d)->current));
	/* What was a peer becomes this host: it is no peer then. */
	stage_begin(&st);
	ck_assert_int_eq(key_file(CONF_KEY_PRIVATE, b.e.local[0]->private),
	    0);
	commit(0, 1, 0, 0);
	ck_assert_mem_eq(a.e.local[0]->public, key_b(), 32);
}
END_TEST

START_TEST(own_addresses)
{
	uint8_t p[84 + ENGINE_TAILROOM];

	begin();
	ck_assert_int_eq(address(CRYPTO_LOCAL, "fd66::1/64"), 0);
	peer(key_b(), "bob", "10.0.0.0/24");
	commit(0, 0, 1, 0);
	/* b may use the whole network, but not our own address in it. */
	packet_make(p, a.address, a.address, 1, 84);
	outbound_packet(&b.e, p, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(a.e.n.drop_in_own_source, 1);
	ck_assert_uint_eq(a.ntun, 0);
	host_send(&b, 1, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(a.ntun, 1);
	begin();
	peer(key_b(), "bob", "10.0.0.0/24");
	commit(0, 0, 0, 1);
	ck_assert_uint_eq(a.e.nown, 1);
	ck_assert(!engine_is_own(&a.e, 4, b.address));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("stage_commit");
	TCase *t = tcase_create("stage_commit");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, sessions_are_kept);
	tcase_add_test(t, allowed_ips_change);
	tcase_add_test(t, prefix_moves);
	tcase_add_test(t, psk_changes);
	tcase_add_test(t, keepalive_changes);
	tcase_add_test(t, new_private_key);
	tcase_add_test(t, own_addresses);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("stage_commit", suite());
}
