/* SPDX-License-Identifier: ISC */
/*
 * Configurations as they are prepared: what is refused and with which words,
 * in which order items may come, and a key that is made.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/hex.h"
#include "stage_play.h"
#include "unit.h"

START_TEST(key_files)
{
	static const char *const bad[] = {
		"", "\n", "hello\n",
		"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg",
		"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=x",
		"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nx",
		" xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=",
		"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dh=",
		"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8D*=",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"c532010 39adba14be71f886da1d8dbe9eebded08cb111b7534007",
	};
	char text[KEYTEXT_READ + 8];
	size_t i, len;
	int fd;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		stage_begin(&st);
		ck_assert_int_eq(key_text(CONF_KEY_PRIVATE, bad[i],
		    strlen(bad[i])), 0);
		/* What comes after that does not matter. */
		peer(key_b(), "bob", "10.0.0.2/32");
		refused("the private-key file is not a key: 44 characters");
		begin();
		ck_assert_int_eq(item(CRYPTO_PEER, key_b(), "alice", 0), 0);
		ck_assert_int_eq(key_text(CONF_KEY_PSK, bad[i],
		    strlen(bad[i])), 0);
		refused("peer alice: its preshared-key file is not a key: 44 "
		    "characters of base64 and a newline, as \"warrenctl "
		    "genpsk\" prints");
	}
	/* White space after it is fine, but not without end. */
	memset(text, '\n', sizeof(text));
	base64_key_encode(text, a.e.local[0]->private);
	text[44] = '\r';
	for (len = 44; len < sizeof(text); len++) {
		stage_begin(&st);
		ck_assert_int_eq(key_text(CONF_KEY_PRIVATE, text, len), 0);
		peer(key_b(), "bob", "10.0.0.2/32");
		if (len < KEYTEXT_READ)
			ck_assert(stage_end(&st));
		else
			ck_assert(!stage_end(&st));
		stage_clear(&st);
	}
	/* One that cannot be read. */
	begin();
	ck_assert_int_eq(item(CRYPTO_PEER, key_b(), "alice", 0), 0);
	fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(stage_key(&st, CONF_KEY_PSK, fd), 0);
	close(fd);
	refused("peer alice: its preshared-key file cannot be read: ");
}
END_TEST

START_TEST(what_is_refused)
{
	uint8_t key[32] = { 0 };
	char text[PREFIX_TEXT];
	int i;

	begin();
	peer(key_b(), "alice", "10.0.0.2/32");
	peer(key_b(), "bob", "10.0.0.3/32");
	refused("peer bob: peer alice has the same public key");
	begin();
	key[0] = 9;
	peer(key, "carol", NULL);
	peer(key, "dave", NULL);
	refused("peer dave: peer carol has the same public key");
	begin();
	peer(key_b(), "alice", "10.0.0.2/24");
	peer(key, "bob", "10.0.0.99/24");
	refused("peer bob: peer alice has the allowed IPs 10.0.0.");
	begin();
	peer(a.e.local[0]->public, "alice", NULL);
	refused("peer alice: its public key is the one of this host");
	begin();
	key[0] = 0;
	peer(key, "alice", NULL);
	refused("peer alice: its public key is all zero");
	stage_begin(&st);
	for (i = 0; i <= ENGINE_OWN_MAX; i++) {
		snprintf(text, sizeof(text), "10.0.1.%d/32", i);
		ck_assert_int_eq(address(CRYPTO_LOCAL, text), 0);
	}
	refused("more than 64 addresses");
}
END_TEST

/* Nonsense is its sender's fault. */
START_TEST(order)
{
	const uint8_t *own = a.e.local[0]->private;

	begin();
	ck_assert_int_eq(key_file(CONF_KEY_PRIVATE, own), -1);
	ck_assert_int_eq(item(CRYPTO_MAKE_KEY, NULL, NULL, 0), -1);
	ck_assert_int_eq(address(CRYPTO_ALLOWED_IP, "10.0.0.0/8"), -1);
	ck_assert_int_eq(key_file(CONF_KEY_PSK, own), -1);
	peer(key_b(), "bob", NULL);
	ck_assert_int_eq(address(CRYPTO_LOCAL, "10.0.0.9/32"), -1);
	ck_assert_int_eq(key_file(CONF_KEY_PSK, own), 0);
	ck_assert_int_eq(key_file(CONF_KEY_PSK, own), -1);
	ck_assert_int_eq(address(CRYPTO_ALLOWED_IP, "10.0.0.0/8"), 0);
	/* The same twice for one peer is said twice, no more. */
	ck_assert_int_eq(address(CRYPTO_ALLOWED_IP, "10.0.0.0/8"), 0);
	stage_clear(&st);
	begin();
	peer(key_b(), "bob", "10.0.0.0/8");
	ck_assert_int_eq(key_file(CONF_KEY_PSK, own), -1);
	stage_clear(&st);
	stage_begin(&st);
	peer(key_b(), "bob", "10.0.0.0/8");
	ck_assert_int_eq(item(CRYPTO_MAKE_KEY, NULL, NULL, 0), -1);
	stage_clear(&st);
}
END_TEST

START_TEST(made_key)
{
	uint8_t made[32];

	stage_begin(&st);
	ck_assert_int_eq(item(CRYPTO_MAKE_KEY, NULL, NULL, 0), 0);
	peer(key_b(), "bob", "10.0.0.2/32");
	ck_assert(stage_end(&st));
	ck_assert(st.make_key);
	memcpy(made, st.secret->local.private, sizeof(made));
	ck_assert_mem_ne(made, a.e.local[0]->private, sizeof(made));
	commit(0, 0, 1, 0);		/* it has a name now */
	ck_assert_mem_eq(made, a.e.local[0]->private, sizeof(made));
	/* Without a word about a key it stays. */
	stage_begin(&st);
	peer(key_b(), "bob", "10.0.0.2/32");
	commit(0, 0, 0, 1);
	ck_assert_mem_eq(made, a.e.local[0]->private, sizeof(made));
	memset(made, 0, sizeof(made));
	engine_set_private(&a.e, ENGINE_STOCK, made);
	stage_begin(&st);
	peer(key_b(), "bob", "10.0.0.2/32");
	refused("there is no private key");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("stage");
	TCase *t = tcase_create("stage");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, key_files);
	tcase_add_test(t, what_is_refused);
	tcase_add_test(t, order);
	tcase_add_test(t, made_key);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("stage", suite());
}
