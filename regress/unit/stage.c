/* SPDX-License-Identifier: ISC */
/*
 * Configurations: what is refused and with which words, and what a commit
 * changes and what it leaves alone, under traffic between two cores.
 */
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cryptod/keypair.h"
#include "cryptod/outbound.h"
#include "cryptod/stage.h"
#include "shared/bytes.h"
#include "shared/hex.h"
#include "fakeclock.h"
#include "hosts.h"
#include "unit.h"

#define MANY	10000U

static struct host a, b;
static struct stage st;
static struct conf_done done;

#ifndef SANITIZER
/* Calls of calloc until one fails; negative: none does. */
static int left = -1;

void	*__libc_calloc(size_t, size_t);

void *
calloc(size_t n, size_t size)
{
	if (left < 0 || left-- > 0)
		return __libc_calloc(n, size);
	errno = ENOMEM;
	return NULL;
}
#endif

static void
setup(void)
{
	hosts_start(&a, &b);
	ck_assert_int_eq(stage_init(&st, &a.e, &a.arena), 0);
}

static void
teardown(void)
{
	if (st.open)
		stage_clear(&st);
	hosts_stop(&a, &b);
}

static int
file_of(const void *text, size_t len)
{
	int fd = memfd_create("key", MFD_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int
key_text(enum conf_key kind, const void *text, size_t len)
{
	int fd = file_of(text, len), ret;

	ret = stage_key(&st, kind, fd);
	close(fd);
	return ret;
}

static int
key_file(enum conf_key kind, const uint8_t key[32])
{
	char text[KEYTEXT_SIZE];

	keytext_write(text, key);
	return key_text(kind, text, sizeof(text));
}

static int
item(enum crypto_op op, const uint8_t *key, const char *name,
    uint16_t keepalive)
{
	struct crypto_item it;

	memset(&it, 0, sizeof(it));
	it.op = op;
	if (key != NULL)
		memcpy(it.key, key, sizeof(it.key));
	if (name != NULL)
		strlcpy(it.name, name, sizeof(it.name));
	it.keepalive = keepalive;
	return stage_item(&st, &it);
}

static int
address(enum crypto_op op, const char *text)
{
	struct crypto_item it;

	memset(&it, 0, sizeof(it));
	it.op = op;
	ck_assert_int_eq(prefix_parse(&it.prefix, text), 0);
	return stage_item(&st, &it);
}

static void
begin(void)
{
	ck_assert_int_eq(stage_begin(&st), 0);
	ck_assert_int_eq(key_file(CONF_KEY_PRIVATE, a.e.local[0]->private), 0);
	ck_assert_int_eq(address(CRYPTO_LOCAL, "10.0.0.1/24"), 0);
}

static void
peer(const uint8_t *key, const char *name, const char *ip)
{
	ck_assert_int_eq(item(CRYPTO_PEER, key, name, 0), 0);
	if (ip != NULL)
		ck_assert_int_eq(address(CRYPTO_ALLOWED_IP, ip), 0);
}

static void
commit(uint32_t added, uint32_t removed, uint32_t changed, uint32_t kept)
{
	ck_assert_msg(stage_end(&st), "refused: %s", st.why);
	stage_commit(&st, &done);
	ck_assert_uint_eq(done.added, added);
	ck_assert_uint_eq(done.removed, removed);
	ck_assert_uint_eq(done.changed, changed);
	ck_assert_uint_eq(done.kept, kept);
	ck_assert(!st.open);
	ck_assert_uint_eq(st.psks.used, 0);
	ck_assert(sodium_is_zero((uint8_t *)st.secret, sizeof(*st.secret)));
}

static void
refused(const char *part)
{
	ck_assert(!stage_end(&st));
	ck_assert_msg(strstr(st.why, part) != NULL, "\"%s\" lacks \"%s\"",
	    st.why, part);
	stage_clear(&st);
	ck_assert_uint_eq(st.psks.used, 0);
	/* Nothing of it is left, and nothing has changed. */
	ck_assert_uint_eq(a.e.remotes.used, 1);
	ck_assert_ptr_null(a.d->coming);
	ck_assert_uint_eq(a.e.devices.count, 1);
	ck_assert_ptr_eq(trie_lookup4(&a.e.allowed, b.address), a.d);
}

static const uint8_t *
key_b(void)
{
	return b.e.local[0]->public;
}

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
		ck_assert_int_eq(stage_begin(&st), 0);
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
		ck_assert_int_eq(stage_begin(&st), 0);
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
	ck_assert_int_eq(stage_begin(&st), 0);
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
	ck_assert_int_eq(stage_begin(&st), 0);
	peer(key_b(), "bob", "10.0.0.0/8");
	ck_assert_int_eq(item(CRYPTO_MAKE_KEY, NULL, NULL, 0), -1);
	stage_clear(&st);
}
END_TEST

START_TEST(made_key)
{
	uint8_t made[32];

	ck_assert_int_eq(stage_begin(&st), 0);
	ck_assert_int_eq(item(CRYPTO_MAKE_KEY, NULL, NULL, 0), 0);
	peer(key_b(), "bob", "10.0.0.2/32");
	ck_assert(stage_end(&st));
	ck_assert(st.make_key);
	memcpy(made, st.secret->local.private, sizeof(made));
	ck_assert_mem_ne(made, a.e.local[0]->private, sizeof(made));
	commit(0, 0, 1, 0);		/* it has a name now */
	ck_assert_mem_eq(made, a.e.local[0]->private, sizeof(made));
	/* Without a word about a key it stays. */
	ck_assert_int_eq(stage_begin(&st), 0);
	peer(key_b(), "bob", "10.0.0.2/32");
	commit(0, 0, 0, 1);
	ck_assert_mem_eq(made, a.e.local[0]->private, sizeof(made));
	memset(made, 0, sizeof(made));
	engine_set_private(&a.e, ENGINE_STOCK, made);
	ck_assert_int_eq(stage_begin(&st), 0);
	peer(key_b(), "bob", "10.0.0.2/32");
	refused("there is no private key");
}
END_TEST

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
	ck_assert_int_eq(stage_begin(&st), 0);
	ck_assert_int_eq(key_file(CONF_KEY_PRIVATE, private), 0);
	peer(key_b(), "bob", "10.0.0.2/32");
	commit(0, 0, 1, 0);
	ck_assert(!keypair_can_send(&a.e, device_sender(a.d)->current));
	/* What was a peer becomes this host: it is no peer then. */
	ck_assert_int_eq(stage_begin(&st), 0);
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

/* Memory runs out while it is prepared, never when it comes into force. */
START_TEST(no_memory)
{
	uint8_t key[32] = { 7 };
	char text[PREFIX_TEXT];
	uint32_t i;

	begin();
	peer(key_b(), "bob", "10.0.0.2/32");
	for (i = 1; st.why[0] == '\0'; i++) {
		ck_assert_uint_lt(i, 65536);
		put_le32(key, i);
		snprintf(text, sizeof(text), "10.%u.%u.1/32", 1 + i / 256,
		    i % 256);
		peer(key, "many", text);
	}
	ck_assert_uint_gt(i, 1000);
	refused("out of memory for peers");
	host_send(&a, 1, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.ntun, 1);
}
END_TEST

/* The same of memory that is not locked. */
START_TEST(starved)
{
#ifdef SANITIZER
	unit_skip("starved", "a sanitizer has its own allocator");
#else
	uint8_t key[32] = { 7 };

	left = 0;
	ck_assert_int_eq(stage_begin(&st), -1);
	ck_assert(!st.open);
	left = -1;
	begin();
	peer(key_b(), "bob", "10.0.0.2/32");
	left = 0;
	ck_assert_int_eq(address(CRYPTO_ALLOWED_IP, "10.9.0.0/16"), 0);
	left = -1;
	refused("out of memory for allowed IPs");
	begin();
	left = 1;			/* its place, and not it */
	peer(key, "many", NULL);
	left = -1;
	refused("out of memory for peers");
#endif
}
END_TEST

static int
one_ip(uint32_t i)
{
	struct crypto_item it;

	memset(&it, 0, sizeof(it));
	it.op = CRYPTO_ALLOWED_IP;
	it.prefix.family = AF_INET6;
	it.prefix.cidr = 128;
	put_be32(it.prefix.addr + 12, i);
	return stage_item(&st, &it);
}

static void
all_ips(void)
{
	uint32_t i;

	begin();
	peer(key_b(), "bob", "10.0.0.2/32");
	for (i = 1; i < DEVICE_IPS_MAX; i++)
		ck_assert_int_eq(one_ip(i), 0);
	ck_assert_str_eq(st.why, "");
}

START_TEST(too_many_ips)
{
	uint8_t key[32] = { 7 }, addr[16] = { 0 };

	all_ips();
	/* What is there may be said again; of another it is refused. */
	ck_assert_int_eq(one_ip(1), 0);
	ck_assert_str_eq(st.why, "");
	peer(key, "carol", NULL);
	ck_assert_int_eq(one_ip(1), 0);
	refused("peer carol: peer bob has the allowed IPs ::1/128, too");
	all_ips();
	ck_assert_int_eq(one_ip(0), 0);
	refused("there are more than 262144 allowed IPs");
	/* So many can be had, and there is no room for one more then. */
	all_ips();
	commit(0, 0, 1, 0);
	ck_assert_uint_eq(a.e.allowed.nentries, DEVICE_IPS_MAX);
	ck_assert_int_eq(device_ip_add(&a.e, a.d, AF_INET6, addr, 128), -1);
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double
load(uint32_t from, uint32_t to, const char *what)
{
	uint8_t key[32] = { 7 }, psk[32] = { 1 };
	char text[64];
	double t[4];
	uint32_t i;

	t[0] = seconds();
	begin();
	for (i = from; i < to; i++) {
		put_le32(key + 4, i);
		snprintf(text, sizeof(text), "peer-%u", i);
		item(CRYPTO_PEER, key, text, 25);
		if (i % 8 == 0)
			key_file(CONF_KEY_PSK, psk);
		snprintf(text, sizeof(text), "10.%u.%u.1/32", i >> 8 & 255,
		    i & 255);
		address(CRYPTO_ALLOWED_IP, text);
		snprintf(text, sizeof(text), "fd66::%x/128", i);
		address(CRYPTO_ALLOWED_IP, text);
		snprintf(text, sizeof(text), "172.%u.%u.0/24", 16 + (i >> 8),
		    i & 255);
		address(CRYPTO_ALLOWED_IP, text);
	}
	t[1] = seconds();
	ck_assert_msg(stage_end(&st), "%s", st.why);
	t[2] = seconds();
	stage_commit(&st, &done);
	t[3] = seconds();
	printf("# %u peers, %s: prepared in %.1f ms, committed in %.1f ms "
	    "(+%u -%u ~%u =%u)\n", to - from, what, (t[1] - t[0]) * 1e3,
	    (t[3] - t[2]) * 1e3, done.added, done.removed, done.changed,
	    done.kept);
	return t[3] - t[2];
}

/* As much locked memory for a as cryptod has; it knows nobody. */
static void
large_arena(void)
{
	struct secmem arena;

	ck_assert_int_eq(secmem_init(&arena, 96U * 1024 * 1024), 0);
	teardown();
	hosts_start(&a, &b);
	engine_clear(&a.e);
	secmem_clear(&a.arena);
	a.arena = arena;
	ck_assert_int_eq(engine_init(&a.e, &a.arena), 0);
	a.e.out = b.e.out;
	a.e.out.arg = &a;
	engine_tick(&a.e);
	host_set_private(&a, b.e.local[0]->private);
	ck_assert_int_eq(stage_init(&st, &a.e, &a.arena), 0);
}

START_TEST(too_many_peers)
{
	uint8_t key[32] = { 7 };
	uint32_t i;

	large_arena();
	ck_assert_int_eq(stage_begin(&st), 0);
	for (i = 0; i < DEVICES_MAX; i++) {
		put_le32(key + 4, i);
		ck_assert_int_eq(item(CRYPTO_PEER, key, "many", 0), 0);
	}
	ck_assert(stage_end(&st));
	ck_assert_uint_eq(st.npeers, DEVICES_MAX);
	put_le32(key + 4, i);
	ck_assert_int_eq(item(CRYPTO_PEER, key, "one", 0), 0);
	ck_assert(!stage_end(&st));
	ck_assert_str_eq(st.why, "there are more than 65536 peers");
	stage_clear(&st);
	ck_assert_uint_eq(a.e.remotes.used, 0);
}
END_TEST

/* The goals are 100 and 50 ms; a busy or sanitized build gets more. */
START_TEST(thousands)
{
	large_arena();
	ck_assert(load(0, MANY, "all new") < 2);
	ck_assert_uint_eq(done.added, MANY);
	ck_assert(load(0, MANY, "all the same") < 1);
	ck_assert_uint_eq(done.kept, MANY);
	ck_assert(load(MANY / 2, MANY + MANY / 2, "half of them") < 2);
	ck_assert_uint_eq(done.kept, MANY / 2);
	ck_assert_uint_eq(done.added, MANY / 2);
	ck_assert_uint_eq(done.removed, MANY / 2);
	ck_assert_uint_eq(a.e.allowed.nentries, 3 * MANY);
	ck_assert_uint_eq(a.e.remotes.used, MANY);
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
	tcase_add_test(t, sessions_are_kept);
	tcase_add_test(t, allowed_ips_change);
	tcase_add_test(t, prefix_moves);
	tcase_add_test(t, psk_changes);
	tcase_add_test(t, keepalive_changes);
	tcase_add_test(t, new_private_key);
	tcase_add_test(t, own_addresses);
	tcase_add_test(t, no_memory);
	tcase_add_test(t, starved);
	tcase_add_test(t, too_many_ips);
	tcase_add_test(t, too_many_peers);
	tcase_add_test(t, thousands);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("stage", suite());
}
