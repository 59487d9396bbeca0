/* SPDX-License-Identifier: ISC */
/*
 * Configurations in any order and of any nonsense, prepared, given up and
 * committed: what is prepared changes nothing, and after a commit the tables
 * say just what was asked for.
 */
#include <sys/mman.h>

#include <sodium.h>
#include <unistd.h>

#include "input.h"
#include "cryptod/stage.h"
#include "shared/hex.h"

static struct secmem arena;
static struct engine e;
static struct stage st;
static int file = -1;
static size_t installed;

static void
hook_added(void *arg, const struct remote *r)
{
	(void)arg;
	(void)r;
	installed++;
}

static void
hook_removed(void *arg, const struct remote *r)
{
	(void)arg;
	(void)r;
	installed--;
}

static void
hook_local(void *arg, uint8_t slot, const struct noise_local *l)
{
	(void)arg;
	(void)slot;
	(void)l;
}

static void
start(void)
{
	static const struct engine_hooks hooks = {
		.remote_added = hook_added,
		.remote_removed = hook_removed,
		.local_changed = hook_local,
	};

	if (arena.base == NULL) {
		MUST(sodium_init() != -1);
		MUST(secmem_init(&arena, 64U * 1024 * 1024) == 0);
		MUST(engine_init(&e, &arena) == 0);
		MUST(stage_init(&st, &e, &arena) == 0);
		e.out = hooks;
		file = memfd_create("key", MFD_CLOEXEC);
		MUST(file != -1);
	}
}

/* Few keys, so that they meet again. */
static void
small_key(struct input *in, uint8_t key[32])
{
	memset(key, 0, 32);
	key[0] = input_u8(in) & 15;
}

static void
key_file(struct input *in)
{
	char text[BASE64_KEY_SIZE + 1] = "";
	uint8_t what = input_u8(in), key[32];
	size_t len;

	small_key(in, key);
	base64_key_encode(text, key);
	len = what & 0x80 ? input_u8(in) % 44 : 44;
	text[44] = '\n';
	MUST(pwrite(file, text, 45, 0) == 45);
	MUST(ftruncate(file, (off_t)len + 1) == 0);
	MUST(lseek(file, 0, SEEK_SET) == 0);
	(void)stage_key(&st, what & 1 ? CONF_KEY_PSK : CONF_KEY_PRIVATE, file);
}

static void
one_item(struct input *in)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct crypto_item it;
	uint8_t op = input_u8(in);

	memset(&it, 0, sizeof(it));
	if (op % 8 == 0) {
		key_file(in);
		return;
	}
	it.op = op % 8 < 5 ? op % 8 : CRYPTO_ALLOWED_IP;
	small_key(in, it.key);
	it.keepalive = op & 8 ? 0 : 25;
	it.name[0] = op & 16 ? 'n' : '\0';
	it.prefix.family = families[op >> 5 & 1];
	it.prefix.cidr = input_u8(in) %
	    (it.prefix.family == AF_INET ? 33 : 129);
	input_copy(in, it.prefix.addr, 2);
	(void)stage_item(&st, &it);
}

static void
check(size_t peers, size_t ips)
{
	struct trie_entry *te;
	struct device *d;
	size_t n = 0, m = 0;

	for (d = device_from(&e, 0); d != NULL; d = device_next(d), n++) {
		MUST(d->coming == NULL);
		MUST(remote_find(&e, d->remote[0]->public) == d->remote[0]);
		TAILQ_FOREACH(te, &d->ips, entry) {
			MUST(te->owner == d);
			MUST(trie_find(&e.allowed, te->family, te->addr,
			    te->cidr) == te);
			m++;
		}
	}
	MUST(n == peers && n == e.devices.count && n == installed);
	MUST(m == ips && m == e.allowed.nentries);
	MUST(e.remotes.used == n && st.psks.used == 0);
}

/* Up to 255 items, then the end, which may be a commit. */
static void
transaction(struct input *in)
{
	size_t peers = e.devices.count, ips = e.allowed.nentries;
	uint8_t n = input_u8(in), keep = input_u8(in);
	struct conf_done done;

	stage_begin(&st);
	while (n-- > 0)
		one_item(in);
	if ((keep & 1) != 0 && stage_end(&st)) {
		peers = st.npeers;
		ips = st.allowed.nentries;
		stage_commit(&st, &done);
		MUST(done.added + done.changed + done.kept == peers);
	} else
		stage_clear(&st);
	check(peers, ips);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t none[32];
	struct input in = { data, size };

	start();
	engine_tick(&e);
	while (in.left > 0)
		transaction(&in);
	device_remove_all(&e);
	engine_set_private(&e, ENGINE_STOCK, none);
	check(0, 0);
	return 0;
}
