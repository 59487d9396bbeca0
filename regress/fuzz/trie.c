/* SPDX-License-Identifier: ISC */
/*
 * The allowed IPs: a script of operations against a list that is searched
 * from end to end.
 */
#include <sys/socket.h>

#include "cryptod/trie.h"
#include "input.h"

#define OWNERS	4
#define MODEL	64

struct model {
	struct trie_entry	*e;
	uint8_t			 addr[16];
	unsigned int		 cidr;
	int			 family;
	void			*owner;
};

static struct model	model[MODEL];
static size_t		n;
static int		owner[OWNERS];

static int
bits_equal(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int i;

	for (i = 0; i < bits; i++)
		if (((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1) != 0)
			return 0;
	return 1;
}

/* Addresses that are mostly near each other, so that prefixes nest. */
static void
address(struct input *in, uint8_t addr[16], int *family)
{
	uint8_t form = input_u8(in);

	memset(addr, (form & 2) != 0 ? 0xff : 0, 16);
	*family = (form & 1) != 0 ? AF_INET6 : AF_INET;
	addr[0] = input_u8(in);
	addr[3] = input_u8(in);
	if ((form & 4) != 0)
		input_copy(in, addr, *family == AF_INET ? 4 : 16);
	if (*family == AF_INET6 && (form & 8) != 0) {
		addr[7] = input_u8(in);
		addr[8] = input_u8(in);
		addr[15] = input_u8(in);
	}
}

static struct model *
model_find(int family, const uint8_t *addr, unsigned int cidr)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (model[i].family == family && model[i].cidr == cidr &&
		    bits_equal(model[i].addr, addr, cidr))
			return &model[i];
	return NULL;
}

static void *
model_lookup(int family, const uint8_t *addr)
{
	struct model *best = NULL;
	size_t i;

	for (i = 0; i < n; i++)
		if (model[i].family == family &&
		    bits_equal(model[i].addr, addr, model[i].cidr) &&
		    (best == NULL || model[i].cidr > best->cidr))
			best = &model[i];
	return best != NULL ? best->owner : NULL;
}

static void
insert(struct trie *t, struct input *in)
{
	struct trie_entry *e;
	struct model *m;
	uint8_t addr[16];
	unsigned int cidr;
	uint64_t serial = t->serial;
	void *old = &serial, *who;
	int family;

	address(in, addr, &family);
	cidr = input_u8(in) % 131;
	who = &owner[input_u8(in) % OWNERS];
	m = model_find(family, addr, cidr);
	if (m == NULL && n == MODEL)
		return;
	e = trie_insert(t, family, addr, cidr, who, &old);
	if (cidr > (family == AF_INET ? 32U : 128U)) {
		MUST(e == NULL);
		return;
	}
	MUST(e != NULL && e->owner == who && e->serial == serial + 1);
	MUST(e->family == family && e->cidr == cidr);
	MUST(bits_equal(e->addr, addr, cidr));
	MUST(old == (m != NULL ? m->owner : NULL));
	if (m == NULL)
		m = &model[n++];
	else
		MUST(m->e == e);
	m->e = e;
	m->family = family;
	m->cidr = cidr;
	m->owner = who;
	memcpy(m->addr, addr, sizeof(addr));
}

static void
take_out(struct trie *t, struct input *in)
{
	size_t i;

	if (n == 0)
		return;
	i = input_u8(in) % n;
	trie_remove(t, model[i].e);
	model[i] = model[--n];
}

static void
look_up(const struct trie *t, struct input *in)
{
	struct trie_entry *e;
	struct model *m;
	uint8_t addr[16];
	unsigned int cidr;
	void *who;
	int family;

	address(in, addr, &family);
	who = family == AF_INET ? trie_lookup4(t, addr) :
	    trie_lookup6(t, addr);
	MUST(who == model_lookup(family, addr));
	cidr = input_u8(in) % 131;
	e = trie_find(t, family, addr, cidr);
	m = model_find(family, addr, cidr);
	MUST(e == (m != NULL ? m->e : NULL));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct trie t;
	size_t i;

	n = 0;
	trie_init(&t);
	while (in.left > 0) {
		switch (input_u8(&in) % 8) {
		case 0:
		case 1:
		case 2:
			insert(&t, &in);
			break;
		case 3:
			take_out(&t, &in);
			break;
		case 4:
			trie_reclaim(&t);
			break;
		case 5:
			if (input_u8(&in) != 0)
				break;
			trie_clear(&t);
			n = 0;
			break;
		default:
			look_up(&t, &in);
		}
		MUST(t.nentries == n);
		MUST(t.nnodes <= 2 * n);
	}
	for (i = 0; i < n; i++)
		MUST(trie_find(&t, model[i].family, model[i].addr,
		    model[i].cidr) == model[i].e);
	trie_clear(&t);
	return 0;
}
