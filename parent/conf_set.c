/* SPDX-License-Identifier: ISC */
/*
 * What the statements of a configuration do: each value is checked and put in
 * its place.
 */
#include <linux/rtnetlink.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "parent/conf_parse.h"
#include "parent/conf_set.h"
#include "parent/lex.h"

/* Tells what is wrong with the value, if anything is; 0 or -1. */
static int
check(struct conf_reading *r, const struct lex_token *t, const char *why)
{
	char word[LEX_SHOWN];

	if (why == NULL)
		return 0;
	r->wrong = true;
	conf_error(r->errors, &t->where, "%s %s", lex_show(t, word), why);
	return -1;
}

char *
set_path(struct conf_reading *r, const struct lex_token *t)
{
	char *path;

	if ((path = conf_path(t->where.file, t->text)) != NULL)
		return path;
	if (errno == ENOMEM)
		conf_error_memory(r->errors);
	else
		check(r, t, errno == EINVAL ? "is no file" :
		    "is too long for the path of a file");
	return NULL;
}

/*
 * A key that stands there itself is not shown.  No file is called so, not even
 * with its directory, for what is printed must be read again.
 */
static char *
key_file(struct conf_reading *r, const struct lex_token *t)
{
	uint8_t key[CONF_KEY];
	char *path;

	if (value_key(key, t->text) != NULL) {
		path = set_path(r, t);
		if (path == NULL || value_key(key, path) != NULL)
			return path;
		free(path);
	}
	r->wrong = true;
	conf_error(r->errors, &t->where, "a key where the name of its file "
	    "must stand: write it to a file that only root can read");
	return NULL;
}

void
set_interface(struct conf_reading *r, const struct lex_token *t)
{
	struct conf *c = r->conf;

	if (r->has_interface)
		conf_error(r->errors, &t->where, "a second interface (the "
		    "first is at %s:%u): one configuration has one; run "
		    "another instance for this one",
		    c->where.file, c->where.line);
	else
		c->where = t->where;
	r->has_interface = true;
	check(r, t, value_interface(c->name, t->text));
}

/* One more of a list; 0, or -1 and it is told. */
static int
add(struct conf_reading *r, struct conf_prefixes *list,
    const struct prefix *p)
{
	struct prefix *at;

	if ((at = conf_prefixes_add(list)) == NULL) {
		conf_error_memory(r->errors);
		return -1;
	}
	*at = *p;
	return 0;
}

void
set_address(struct conf_reading *r, const struct lex_token *t)
{
	struct conf *c = r->conf;
	struct prefix p;
	size_t i;

	if (check(r, t, value_address(&p, t->text)) == -1)
		return;
	for (i = 0; i < c->address.n; i++)
		if (c->address.at[i].family == p.family &&
		    memcmp(c->address.at[i].addr, p.addr, 16) == 0) {
			check(r, t, "is an address that the interface already "
			    "has");
			return;
		}
	if (c->address.n == CONF_ADDRESSES_MAX)
		check(r, t, "is one address too many: an interface has at "
		    "most 64");
	else
		add(r, &c->address, &p);
}

void
set_port(struct conf_reading *r, const struct lex_token *t)
{
	check(r, t, value_port(&r->conf->port, t->text));
}

void
set_mtu(struct conf_reading *r, const struct lex_token *t)
{
	r->mtu_where = t->where;
	check(r, t, value_mtu(&r->conf->mtu, t->text));
}

void
set_fwmark(struct conf_reading *r, const struct lex_token *t)
{
	r->conf->has_fwmark = true;
	check(r, t, value_fwmark(&r->conf->fwmark, t->text));
}

void
set_key_file(struct conf_reading *r, const struct lex_token *t)
{
	struct conf *c = r->conf;

	free(c->key_file);
	c->key_file = key_file(r, t);
	c->key_where = t->where;
}

void
set_routes(struct conf_reading *r, enum conf_routes routes)
{
	r->conf->routes = routes;
}

void
set_aead(struct conf_reading *r, enum conf_aead aead)
{
	r->conf->aead = aead;
}

/* NULL: as many as suit the CPUs. */
void
set_workers(struct conf_reading *r, const struct lex_token *t)
{
	struct conf *c = r->conf;

	if (t == NULL)
		c->workers = 0;
	else
		check(r, t, value_workers(&c->workers, t->text));
}

void
set_table(struct conf_reading *r, const struct lex_token *t)
{
	struct conf *c = r->conf;

	if (check(r, t, value_table(&c->table, t->text)) == -1)
		return;
	c->routes = CONF_ROUTES_TABLE;
	if (c->table == RT_TABLE_MAIN) {
		c->routes = CONF_ROUTES_MAIN;
		c->table = 0;
	}
}

int
set_peer(struct conf_reading *r, const struct lex_token *t)
{
	struct conf *c = r->conf;
	struct conf_peer *p;

	r->before = r->errors->n;
	r->has_key = false;
	if (c->npeers == CONF_PEERS_MAX)
		return check(r, t, "is one peer too many: at most 65536");
	if ((p = calloc(1, sizeof(*p))) == NULL) {
		conf_error_memory(r->errors);
		return -1;
	}
	p->where = t->where;
	TAILQ_INSERT_TAIL(&c->peers, p, entry);
	c->npeers++;
	r->peer = p;
	check(r, t, value_peer(p->name, t->text));
	return 0;
}

void
set_peer_end(struct conf_reading *r)
{
	/* After another error it may only look as if. */
	if (!r->has_key && r->before == r->errors->n)
		conf_error(r->errors, &r->peer->where,
		    "peer \"%s\" has no public-key", r->peer->name);
}

void
set_public_key(struct conf_reading *r, const struct lex_token *t)
{
	r->has_key = true;
	check(r, t, value_key(r->peer->public_key, t->text));
}

void
set_psk_file(struct conf_reading *r, const struct lex_token *t)
{
	free(r->peer->psk_file);
	r->peer->psk_file = key_file(r, t);
	r->peer->psk_where = t->where;
}

void
set_endpoint(struct conf_reading *r, const struct lex_token *host,
    const struct lex_token *port)
{
	struct conf_peer *p = r->peer;
	char name[CONF_HOST_LEN + 1];

	if (check(r, host, value_host(&p->endpoint, name, host->text)) == -1 ||
	    check(r, port, value_port(&p->port, port->text)) == -1)
		return;
	p->endpoint_where = host->where;
	free(p->host);
	p->host = NULL;
	if (p->endpoint.family != 0)
		p->endpoint.port = p->port;
	else if ((p->host = strdup(name)) == NULL)
		conf_error_memory(r->errors);
}

static int
remember(struct conf_reading *r, const struct prefix *p,
    const struct lex_token *t)
{
	struct conf_ref *ref;
	size_t room;

	if (r->nrefs == r->room) {
		room = r->room == 0 ? 64 : 2 * r->room;
		ref = reallocarray(r->ref, room, sizeof(*ref));
		if (ref == NULL) {
			conf_error_memory(r->errors);
			return -1;
		}
		r->ref = ref;
		r->room = room;
	}
	ref = &r->ref[r->nrefs];
	ref->order = (uint32_t)r->nrefs++;
	ref->prefix = *p;
	ref->i = (uint32_t)r->peer->allowed.n;
	ref->peer = r->peer;
	ref->where = t->where;
	return 0;
}

void
set_allowed(struct conf_reading *r, const struct lex_token *t)
{
	struct prefix p;

	if (check(r, t, value_allowed(&p, t->text)) == -1)
		return;
	if (r->peer->allowed.n == CONF_ALLOWED_MAX)
		check(r, t, "is one allowed IP too many: a peer has at most "
		    "65536");
	else if (remember(r, &p, t) == 0)
		add(r, &r->peer->allowed, &p);
}

void
set_keepalive(struct conf_reading *r, const struct lex_token *t)
{
	r->peer->keepalive = 0;
	if (t != NULL)
		check(r, t, value_keepalive(&r->peer->keepalive, t->text));
}
