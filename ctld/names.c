/* SPDX-License-Identifier: ISC */
/*
 * Names of peers: see names.h.  Two chained hash tables of a fixed number of
 * chains, under a random key of this process.
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctld/names.h"

#define CHAINS	8192			/* a power of 2 */
#define CUT	", ..."

struct names {
	uint8_t		 hash_key[crypto_shorthash_KEYBYTES];
	char		 file[CONF_PATH_MAX];
	char		 key_source[CONF_PATH_MAX];
	char		 routes[CONF_PATH_MAX];
	char		 addresses[NAMES_ADDRESSES];
	bool		 cut;
	size_t		 n;
	size_t		 memory;
	struct name	*last;
	struct name	*key_chain[CHAINS];
	struct name	*name_chain[CHAINS];
};

struct names *
names_new(void)
{
	struct names *n = calloc(1, sizeof(*n));

	if (n != NULL) {
		randombytes_buf(n->hash_key, sizeof(n->hash_key));
		n->memory = sizeof(*n);
	}
	return n;
}

void
names_free(struct names *n)
{
	struct name *p, *next;
	size_t i;

	if (n == NULL)
		return;
	for (i = 0; i < CHAINS; i++)
		for (p = n->key_chain[i]; p != NULL; p = next) {
			next = p->by_key;
			free(p);
		}
	free(n);
}

static size_t
chain(const struct names *n, const void *p, size_t len)
{
	uint8_t out[crypto_shorthash_BYTES];

	crypto_shorthash(out, p, len, n->hash_key);
	return ((size_t)out[0] | (size_t)out[1] << 8) % CHAINS;
}

const struct name *
names_by_key(const struct names *n, const uint8_t key[CONF_KEY_SIZE])
{
	const struct name *p;

	if (n == NULL)
		return NULL;
	for (p = n->key_chain[chain(n, key, CONF_KEY_SIZE)]; p != NULL;
	    p = p->by_key)
		if (memcmp(p->key, key, CONF_KEY_SIZE) == 0)
			break;
	return p;
}

const struct name *
names_by_name(const struct names *n, const char *name)
{
	const struct name *p;

	if (n == NULL)
		return NULL;
	for (p = n->name_chain[chain(n, name, strlen(name))]; p != NULL;
	    p = p->by_name)
		if (strcmp(p->name, name) == 0)
			break;
	return p;
}

static int
fail(int error)
{
	errno = error;
	return -1;
}

static int
add_peer(struct names *n, const struct show_item *it)
{
	size_t len = strlen(it->text) + 1, size = sizeof(struct name) + len;
	size_t k = chain(n, it->key, CONF_KEY_SIZE);
	size_t s = chain(n, it->name, strlen(it->name));
	struct name *p;

	if (it->name[0] == '\0')
		return fail(EBADMSG);
	if (n->n >= NAMES_MAX)
		return fail(E2BIG);
	if (names_by_key(n, it->key) != NULL ||
	    names_by_name(n, it->name) != NULL)
		return fail(EEXIST);
	if ((p = malloc(size)) == NULL)
		return fail(ENOMEM);
	memcpy(p->key, it->key, CONF_KEY_SIZE);
	p->psk = false;
	memcpy(p->name, it->name, sizeof(p->name));
	memcpy(p->endpoint, it->text, len);
	p->by_key = n->key_chain[k];
	n->key_chain[k] = p;
	p->by_name = n->name_chain[s];
	n->name_chain[s] = p;
	n->last = p;
	n->n++;
	n->memory += size;
	return 0;
}

static void
add_address(struct names *n, const char *text)
{
	size_t len = strlen(n->addresses);
	const char *sep = len > 0 ? ", " : "";

	if (n->cut)
		return;
	if (len + strlen(sep) + strlen(text) + sizeof(CUT) >
	    sizeof(n->addresses)) {
		memcpy(n->addresses + len, CUT, sizeof(CUT));
		n->cut = true;
		return;
	}
	snprintf(n->addresses + len, sizeof(n->addresses) - len, "%s%s", sep,
	    text);
}

/* Each of these texts comes once. */
static int
set_text(char *dst, size_t size, const char *src)
{
	size_t len = strlen(src);

	if (dst[0] != '\0' || len >= size)
		return fail(EBADMSG);
	memcpy(dst, src, len + 1);
	return 0;
}

int
names_add(struct names *n, const struct show_item *it)
{
	switch (it->op) {
	case SHOW_ITEM_INSTANCE:
		return set_text(n->file, sizeof(n->file), it->text);
	case SHOW_ITEM_KEY:
		return set_text(n->key_source, sizeof(n->key_source),
		    it->text);
	case SHOW_ITEM_ROUTES:
		return set_text(n->routes, sizeof(n->routes), it->text);
	case SHOW_ITEM_ADDRESS:
		add_address(n, it->text);
		return 0;
	case SHOW_ITEM_PEER:
		return add_peer(n, it);
	case SHOW_ITEM_PSK:
		if (n->last == NULL || n->last->psk)
			return fail(EBADMSG);
		n->last->psk = true;
		return 0;
	}
	return fail(EBADMSG);
}

const char *
names_file(const struct names *n)
{
	return n != NULL ? n->file : "";
}

const char *
names_key_source(const struct names *n)
{
	return n != NULL ? n->key_source : "";
}

const char *
names_addresses(const struct names *n)
{
	return n != NULL ? n->addresses : "";
}

const char *
names_routes(const struct names *n)
{
	return n != NULL ? n->routes : "";
}

size_t
names_count(const struct names *n)
{
	return n != NULL ? n->n : 0;
}

size_t
names_memory(const struct names *n)
{
	return n != NULL ? n->memory : 0;
}
