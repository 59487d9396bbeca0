/* SPDX-License-Identifier: ISC */
/*
 * Configurations in a line an item: see stage_play.h.
 */
#include <sys/mman.h>

#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "stage_play.h"
#include "unit.h"

struct host a, b;
struct stage st;
struct conf_done done;

void
setup(void)
{
	hosts_start(&a, &b);
	ck_assert_int_eq(stage_init(&st, &a.e, &a.arena), 0);
}

void
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

int
key_text(enum conf_key kind, const void *text, size_t len)
{
	int fd = file_of(text, len), ret;

	ret = stage_key(&st, kind, fd);
	close(fd);
	return ret;
}

int
key_file(enum conf_key kind, const uint8_t key[32])
{
	char text[KEYTEXT_SIZE];

	keytext_write(text, key);
	return key_text(kind, text, sizeof(text));
}

int
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

int
address(enum crypto_op op, const char *text)
{
	struct crypto_item it;

	memset(&it, 0, sizeof(it));
	it.op = op;
	ck_assert_int_eq(prefix_parse(&it.prefix, text), 0);
	return stage_item(&st, &it);
}

void
begin(void)
{
	stage_begin(&st);
	ck_assert_int_eq(key_file(CONF_KEY_PRIVATE, a.e.local[0]->private), 0);
	ck_assert_int_eq(address(CRYPTO_LOCAL, "10.0.0.1/24"), 0);
}

void
peer(const uint8_t *key, const char *name, const char *ip)
{
	ck_assert_int_eq(item(CRYPTO_PEER, key, name, 0), 0);
	if (ip != NULL)
		ck_assert_int_eq(address(CRYPTO_ALLOWED_IP, ip), 0);
}

void
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

void
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

const uint8_t *
key_b(void)
{
	return b.e.local[0]->public;
}
