/* SPDX-License-Identifier: ISC */
/*
 * The allowed IPs: the edges, a linear table as the model, and the outside
 * script if there is one.
 */
#include <sys/queue.h>
#include <sys/socket.h>

#include <arpa/inet.h>

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/trie.h"
#include "unit.h"

#define MODEL_STEPS	1000000
#define MODEL_OWNERS	16
#define MODEL_MAX	400		/* prefixes at once */

static struct trie	 trie;
static struct trie_list	 list[256];	/* by owner */
static char		 owners[256];

static const char *
text(int family, const void *addr)
{
	static char buf[INET6_ADDRSTRLEN];

	return (inet_ntop(family, addr, buf, sizeof(buf)));
}

static int
family_of(const char *addr)
{
	return (strchr(addr, ':') != NULL ? AF_INET6 : AF_INET);
}

static void
lists_init(void)
{
	size_t i;

	for (i = 0; i < 256; i++)
		TAILQ_INIT(&list[i]);
}

/* What a caller has to do around trie_insert(). */
static struct trie_entry *
insert(int family, const void *addr, unsigned int cidr, int owner)
{
	struct trie_entry *e;
	void *old;
	int was;

	e = trie_insert(&trie, family, addr, cidr, &owners[owner], &old);
	if (e == NULL)
		return (NULL);
	if (old != NULL) {
		was = (int)((char *)old - owners);
		TAILQ_REMOVE(&list[was], e, entry);
	}
	TAILQ_INSERT_TAIL(&list[owner], e, entry);
	return (e);
}

static void
discard(struct trie_entry *e)
{
	TAILQ_REMOVE(&list[(char *)e->owner - owners], e, entry);
	trie_remove(&trie, e);
}

static void
insert_text(const char *addr, unsigned int cidr, int owner)
{
	uint8_t buf[16];

	ck_assert_int_eq(inet_pton(family_of(addr), addr, buf), 1);
	ck_assert_ptr_nonnull(insert(family_of(addr), buf, cidr, owner));
}

/* The owner's letter, or '-'. */
static int
lookup_text(const char *addr)
{
	uint8_t buf[17];
	char *owner;

	/* At an odd address: packets are not aligned. */
	ck_assert_int_eq(inet_pton(family_of(addr), addr, buf + 1), 1);
	if (family_of(addr) == AF_INET)
		owner = trie_lookup4(&trie, buf + 1);
	else
		owner = trie_lookup6(&trie, buf + 1);
	return (owner == NULL ? '-' : (int)(owner - owners));
}

START_TEST(empty)
{
	trie_init(&trie);
	ck_assert_int_eq(lookup_text("10.0.0.1"), '-');
	ck_assert_int_eq(lookup_text("2001:db8::1"), '-');
	trie_reclaim(&trie);
	trie_clear(&trie);
}
END_TEST

START_TEST(refused)
{
	uint8_t addr[16] = { 0 };
	void *old;

	trie_init(&trie);
	errno = 0;
	ck_assert_ptr_null(trie_insert(&trie, AF_INET, addr, 33, &trie, &old));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(trie_insert(&trie, AF_INET6, addr, 129, &trie,
	    &old));
	ck_assert_ptr_null(trie_insert(&trie, AF_UNIX, addr, 0, &trie, &old));
	ck_assert_ptr_null(trie_insert(&trie, AF_INET, addr, 0, NULL, &old));
	ck_assert_ptr_null(trie_find(&trie, AF_INET, addr, 77));
	ck_assert_uint_eq(trie.nentries + trie.nnodes, 0);
}
END_TEST

START_TEST(longest)
{
	trie_init(&trie);
	lists_init();
	insert_text("0.0.0.0", 0, 'a');
	insert_text("::", 0, 'b');
	insert_text("10.1.2.3", 8, 'c');	/* host bits */
	insert_text("10.1.0.0", 16, 'd');
	insert_text("10.1.2.3", 32, 'e');
	insert_text("2001:db8::", 32, 'f');
	insert_text("2001:db8::1", 128, 'g');
	insert_text("2001:db8::", 64, 'h');
	insert_text("2001:db8:0:0:8000::", 65, 'i');
	ck_assert_int_eq(lookup_text("1.1.1.1"), 'a');
	ck_assert_int_eq(lookup_text("255.255.255.255"), 'a');
	ck_assert_int_eq(lookup_text("10.255.0.0"), 'c');
	ck_assert_int_eq(lookup_text("10.1.2.2"), 'd');
	ck_assert_int_eq(lookup_text("10.1.2.3"), 'e');
	ck_assert_int_eq(lookup_text("::"), 'b');
	ck_assert_int_eq(lookup_text("2001:db9::"), 'b');
	ck_assert_int_eq(lookup_text("2001:db8:1::"), 'f');
	ck_assert_int_eq(lookup_text("2001:db8::1"), 'g');
	ck_assert_int_eq(lookup_text("2001:db8::2"), 'h');
	ck_assert_int_eq(lookup_text("2001:db8::8000:0:0:1"), 'i');
	trie_clear(&trie);
}
END_TEST

START_TEST(move)
{
	uint8_t addr[4] = { 10, 0, 0, 9 }, net[4] = { 10, 0, 0, 0 };
	struct trie_entry *e, *f;

	trie_init(&trie);
	lists_init();
	e = insert(AF_INET, addr, 24, 'a');
	ck_assert_mem_eq(e->addr, net, 4);
	ck_assert_uint_eq(e->cidr, 24);
	ck_assert_int_eq(e->family, AF_INET);
	f = insert(AF_INET, net, 24, 'b');
	ck_assert_ptr_eq(e, f);
	ck_assert_uint_eq(trie.nentries, 1);
	ck_assert(TAILQ_EMPTY(&list['a']));
	ck_assert_ptr_eq(TAILQ_FIRST(&list['b']), f);
	ck_assert_int_eq(lookup_text("10.0.0.1"), 'b');
	ck_assert_ptr_eq(trie_find(&trie, AF_INET, addr, 24), e);
	ck_assert_ptr_null(trie_find(&trie, AF_INET, addr, 23));
	ck_assert_ptr_null(trie_find(&trie, AF_INET, addr, 25));
	discard(e);
	ck_assert_int_eq(lookup_text("10.0.0.1"), '-');
	ck_assert_uint_eq(trie.nnodes, 0);
	trie_clear(&trie);
}
END_TEST

/* 129 prefixes in one another: the deepest trie there is (P50). */
START_TEST(deep)
{
	struct trie_entry *e;
	uint8_t addr[16];
	unsigned int i;

	trie_init(&trie);
	lists_init();
	memset(addr, 0xff, sizeof(addr));
	for (i = 0; i <= 128; i++)
		ck_assert_ptr_nonnull(insert(AF_INET6, addr, i, (int)i));
	ck_assert_uint_eq(trie.nnodes, 129);
	for (i = 128; i > 64; i--) {
		ck_assert_ptr_eq(trie_lookup6(&trie, addr), &owners[i]);
		e = trie_find(&trie, AF_INET6, addr, i);
		ck_assert_ptr_nonnull(e);
		discard(e);
	}
	/* A branch at every level, the worst for trie_clear(). */
	for (i = 1; i <= 128; i++) {
		memset(addr, 0xff, sizeof(addr));
		addr[(i - 1) / 8] ^= (uint8_t)(0x80 >> (i - 1) % 8);
		ck_assert_ptr_nonnull(insert(AF_INET6, addr, i, 7));
		memset(addr, 0xff, sizeof(addr));
		ck_assert_ptr_nonnull(insert(AF_INET6, addr, i, (int)i));
	}
	ck_assert_uint_eq(trie.nnodes, 257);
	trie_clear(&trie);
}
END_TEST

/* The model. */
struct row {
	struct trie_entry	*e;
	int			 family, owner;
	unsigned int		 cidr;
	uint8_t			 addr[16];
};
static struct row	row[MODEL_MAX];
static size_t		nrows;
static uint64_t		rng = 88172645463325252ULL;

static uint64_t
rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng);
}

static bool
covers(const uint8_t *net, unsigned int cidr, const uint8_t *addr)
{
	unsigned int i;

	for (i = 0; i < cidr; i++)
		if (((net[i / 8] ^ addr[i / 8]) & 0x80 >> i % 8) != 0)
			return (false);
	return (true);
}

/* Few different bits, so that prefixes meet and nest. */
static int
random_addr(uint8_t *addr)
{
	size_t i;

	memset(addr, rnd() % 2 == 0 ? 0 : 0xff, 16);
	for (i = 0; i < 3; i++)
		addr[rnd() % 16] ^= (uint8_t)(1U << rnd() % 8);
	for (i = 0; i < 2; i++)
		addr[rnd() % 4] ^= (uint8_t)(1U << rnd() % 8);
	return (rnd() % 2 == 0 ? AF_INET : AF_INET6);
}

static unsigned int
random_cidr(int family)
{
	return ((unsigned int)(rnd() % (family == AF_INET ? 33 : 129)));
}

static struct row *
model_find(int family, const uint8_t *addr, unsigned int cidr)
{
	size_t i;

	for (i = 0; i < nrows; i++)
		if (row[i].family == family && row[i].cidr == cidr &&
		    covers(row[i].addr, cidr, addr))
			return (&row[i]);
	return (NULL);
}

static const char *
model_lookup(int family, const uint8_t *addr)
{
	struct row *best = NULL;
	size_t i;

	for (i = 0; i < nrows; i++)
		if (row[i].family == family &&
		    covers(row[i].addr, row[i].cidr, addr) &&
		    (best == NULL || row[i].cidr > best->cidr))
			best = &row[i];
	return (best == NULL ? NULL : &owners[best->owner]);
}

static void
model_insert(int family, const uint8_t *addr, unsigned int cidr)
{
	int owner = (int)(rnd() % MODEL_OWNERS);
	struct trie_entry *e;
	struct row *m;

	m = model_find(family, addr, cidr);
	if (m == NULL && nrows == MODEL_MAX)
		return;
	e = insert(family, addr, cidr, owner);
	if (m == NULL) {
		m = &row[nrows++];
		m->e = e;
		m->family = family;
		m->cidr = cidr;
		memcpy(m->addr, addr, 16);
	}
	if (e == NULL || m->e != e || !covers(m->addr, cidr, e->addr))
		ck_abort_msg("insert %s/%u", text(family, addr), cidr);
	m->owner = owner;
}

static void
model_remove(void)
{
	size_t i;

	if (nrows == 0)
		return;
	i = rnd() % nrows;
	discard(row[i].e);
	row[i] = row[--nrows];
	if (rnd() % 4 == 0)
		trie_reclaim(&trie);
}

/* Every entry is in the list of its owner, in order of insertion. */
static void
model_lists(void)
{
	struct trie_entry *e;
	uint64_t serial;
	size_t i, n = 0;

	for (i = 0; i < MODEL_OWNERS; i++) {
		serial = 0;
		TAILQ_FOREACH(e, &list[i], entry) {
			if (e->owner != &owners[i] || e->serial <= serial)
				ck_abort_msg("list of %zu", i);
			serial = e->serial;
			n++;
		}
	}
	ck_assert_uint_eq(n, nrows);
}

START_TEST(random_model)
{
	unsigned int step, cidr;
	const char *expect, *got;
	uint8_t addr[16];
	struct row *m;
	int family;

	trie_init(&trie);
	lists_init();
	for (step = 0; step < MODEL_STEPS; step++) {
		family = random_addr(addr);
		cidr = random_cidr(family);
		switch (rnd() % 16) {
		case 0: case 1:
			model_insert(family, addr, cidr);
			break;
		case 2:
			model_remove();
			break;
		case 3:
			m = model_find(family, addr, cidr);
			if (trie_find(&trie, family, addr, cidr) !=
			    (m == NULL ? NULL : m->e))
				ck_abort_msg("find %s/%u",
				    text(family, addr), cidr);
			break;
		default:
			expect = model_lookup(family, addr);
			got = family == AF_INET ? trie_lookup4(&trie, addr) :
			    trie_lookup6(&trie, addr);
			if (got != expect)
				ck_abort_msg("step %u: lookup %s", step,
				    text(family, addr));
			break;
		}
		if (trie.nentries != nrows || (nrows != 0 &&
		    trie.nnodes >= 2 * nrows))
			ck_abort_msg("step %u: %zu nodes, %zu entries", step,
			    trie.nnodes, trie.nentries);
		if (step % 4096 == 0)
			model_lists();
	}
	while (nrows > 0)
		model_remove();
	ck_assert_uint_eq(trie.nnodes, 0);
	ck_assert_ptr_null(trie.root[0]);
	ck_assert_ptr_null(trie.root[1]);
	trie_clear(&trie);
}
END_TEST

/* A reader sees the owner of the wide prefix or of a narrow one. */
static bool	stop;
static void	*wrong;

static void *
reader(void *arg)
{
	static const uint8_t addr[4] = { 10, 1, 2, 3 };
	char *owner;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		owner = trie_lookup4(arg, addr);
		if (owner < &owners['a'] || owner > &owners['c'])
			__atomic_store_n(&wrong, (void *)&stop,
			    __ATOMIC_RELAXED);
	}
	return (NULL);
}

START_TEST(concurrent)
{
	uint8_t addr[4] = { 10, 1, 2, 3 }, other[4] = { 10, 1, 2, 4 };
	struct trie_entry *e, *f;
	pthread_t thread;
	unsigned int i;

	trie_init(&trie);
	lists_init();
	insert_text("10.0.0.0", 8, 'a');
	ck_assert_int_eq(pthread_create(&thread, NULL, reader, &trie), 0);
	for (i = 0; i < 100000; i++) {
		e = insert(AF_INET, addr, 9 + i % 24, 'b');
		f = insert(AF_INET, other, 32, 'c');
		insert(AF_INET, addr, 9 + i % 24, 'c');
		discard(i % 2 == 0 ? e : f);
		discard(i % 2 == 0 ? f : e);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_ptr_null(wrong);
	trie_clear(&trie);
}
END_TEST

static void
script_line(char *line)
{
	char word[32], arg1[128], arg2[128], *slash, *addr;
	int n, owner;

	n = sscanf(line, "%31s %127s %127s", word, arg1, arg2);
	if (strcmp(word, "reset") == 0) {
		trie_clear(&trie);
		lists_init();
	} else if (n == 2 && strcmp(word, "removepeer") == 0) {
		while (!TAILQ_EMPTY(&list[(uint8_t)arg1[0]]))
			discard(TAILQ_FIRST(&list[(uint8_t)arg1[0]]));
	} else if (n == 3 && strcmp(word, "insert") == 0) {
		slash = strchr(arg2, '/');
		ck_assert_ptr_nonnull(slash);
		*slash = '\0';
		insert_text(arg2, (unsigned int)atoi(slash + 1), arg1[0]);
	} else if (n == 3) {
		addr = arg1;
		owner = lookup_text(addr);
		ck_assert_msg((owner == arg2[0]) ==
		    (strcmp(word, "lookup") == 0), "%s", line);
	} else
		ck_abort_msg("%s", line);
}

START_TEST(vectors)
{
	char path[4096], line[512];
	const char *dir;
	unsigned int n = 0;
	FILE *fp;

	dir = getenv("VECTORS");
	if (dir == NULL) {
		unit_skip("trie/vectors", "VECTORS is not set");
		return;
	}
	snprintf(path, sizeof(path), "%s/allowedips.txt", dir);
	fp = fopen(path, "r");
	ck_assert_msg(fp != NULL, "%s", path);
	trie_init(&trie);
	lists_init();
	while (fgets(line, sizeof(line), fp) != NULL) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		script_line(line);
		n++;
	}
	fclose(fp);
	trie_clear(&trie);
	ck_assert_uint_gt(n, 50);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("trie");
	TCase *tc = tcase_create("trie");

	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, empty);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, longest);
	tcase_add_test(tc, move);
	tcase_add_test(tc, deep);
	tcase_add_test(tc, random_model);
	tcase_add_test(tc, concurrent);
	tcase_add_test(tc, vectors);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	return (unit_run("trie", suite()));
}
