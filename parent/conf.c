/* SPDX-License-Identifier: ISC */
/*
 * A configuration from its file to a checked struct, and out of memory again:
 * see conf.h.
 */
#include <sys/socket.h>

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/conf_parse.h"
#include "parent/lex.h"
#include "shared/bytes.h"

/* --- errors */

bool
conf_is_hopeless(const struct conf_errors *e)
{
	return e->n >= CONF_ERRORS_MAX;
}

void
conf_verror(struct conf_errors *e, const struct conf_where *at,
    const char *fmt, va_list ap)
{
	char *what = NULL, *line = NULL;

	if (e->n++ >= CONF_ERRORS_MAX)
		return;
	if (vasprintf(&what, fmt, ap) == -1)
		return;
	if (at == NULL)
		line = what;
	else {
		if (asprintf(&line, "%s:%u: %s", at->file, at->line,
		    what) == -1)
			line = NULL;
		free(what);
	}
	if (line != NULL)
		e->line[e->kept++] = line;
}

void
conf_error(struct conf_errors *e, const struct conf_where *at,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	conf_verror(e, at, fmt, ap);
	va_end(ap);
}

void
conf_error_memory(struct conf_errors *e)
{
	conf_error(e, NULL, "the configuration: %s", strerror(ENOMEM));
}

void
conf_errors_clear(struct conf_errors *e)
{
	while (e->kept > 0)
		free(e->line[--e->kept]);
	e->n = 0;
}

/* --- what a configuration is made of */

struct prefix *
conf_prefixes_add(struct conf_prefixes *p)
{
	struct prefix *at;
	size_t room;

	if (p->n == p->room) {
		room = p->room == 0 ? 4 : 2 * p->room;
		at = reallocarray(p->at, room, sizeof(*at));
		if (at == NULL)
			return NULL;
		p->at = at;
		p->room = room;
	}
	return &p->at[p->n++];
}

char *
conf_path(const char *from, const char *path)
{
	char dir[PATH_MAX] = "", *full;
	const char *slash;
	int len = 0;

	if (*path == '\0') {
		errno = EINVAL;
		return NULL;
	}
	if (*path == '/')
		len = 0;
	else if (from != NULL) {
		slash = strrchr(from, '/');
		len = slash != NULL ? (int)(slash - from) + 1 : 0;
	} else {
		if (getcwd(dir, sizeof(dir) - 1) == NULL)
			return NULL;
		from = dir;
		len = (int)strlen(dir);
		if (len > 1)
			dir[len++] = '/';
	}
	if ((size_t)len + strlen(path) > CONF_PATH_LEN) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	if (asprintf(&full, "%.*s%s", len, len > 0 ? from : "", path) == -1)
		return NULL;
	return full;
}

static void
peer_free(struct conf_peer *p)
{
	free(p->psk_file);
	free(p->host);
	free(p->allowed.at);
	free(p);
}

void
conf_free(struct conf *c)
{
	struct conf_peer *p;
	struct conf_file *f;

	if (c == NULL)
		return;
	while ((p = TAILQ_FIRST(&c->peers)) != NULL) {
		TAILQ_REMOVE(&c->peers, p, entry);
		peer_free(p);
	}
	while ((f = STAILQ_FIRST(&c->files)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->files, entry);
		free(f->path);
		free(f);
	}
	free(c->address.at);
	free(c->key_file);
	free(c->path);
	free(c);
}

/* --- reading */

static struct conf *
conf_new(const char *path, struct conf_errors *errors)
{
	struct conf *c;

	if ((c = calloc(1, sizeof(*c))) == NULL) {
		conf_error_memory(errors);
		return NULL;
	}
	STAILQ_INIT(&c->files);
	TAILQ_INIT(&c->peers);
	c->mtu = CONF_MTU_DEFAULT;
	if ((c->path = conf_path(NULL, path)) == NULL) {
		conf_error(errors, NULL, "%s: %s", path, strerror(errno));
		conf_free(c);
		return NULL;
	}
	return c;
}

/* text is NULL: the file's own. */
static struct conf *
read_it(const char *path, const char *text, size_t len, conf_open *open_file,
    void *arg, struct conf_errors *errors)
{
	struct conf_reading r;
	struct lex *l;
	int ret = -1;

	memset(errors, 0, sizeof(*errors));
	memset(&r, 0, sizeof(r));
	r.errors = errors;
	if ((r.conf = conf_new(path, errors)) == NULL)
		return NULL;
	if ((l = lex_new(open_file, arg, &r.conf->files, errors)) == NULL)
		conf_error_memory(errors);
	else
		ret = text == NULL ? lex_enter(l, r.conf->path, NULL) :
		    lex_enter_text(l, r.conf->path, text, len);
	if (ret == 0)
		conf_parse(&r, l);
	/* What the whole shows means nothing if parts are missing. */
	if (errors->n == 0)
		conf_check(&r);
	lex_free(l);
	free(r.ref);
	if (errors->n == 0)
		return r.conf;
	/* The errors are texts and stay. */
	conf_free(r.conf);
	return NULL;
}

struct conf *
conf_read(const char *path, conf_open *open_file, void *arg,
    struct conf_errors *errors)
{
	return read_it(path, NULL, 0, open_file, arg, errors);
}

struct conf *
conf_read_text(const char *path, const char *text, size_t len,
    conf_open *open_file, void *arg, struct conf_errors *errors)
{
	return read_it(path, text != NULL ? text : "", len, open_file, arg,
	    errors);
}

/* --- questions */

/* Of two IPv4 addresses. */
static bool
same_network(const struct prefix *a, const struct prefix *b)
{
	uint32_t mask = a->cidr == 0 ? 0 : UINT32_MAX << (32 - a->cidr);

	return a->cidr == b->cidr &&
	    ((get_be32(a->addr) ^ get_be32(b->addr)) & mask) == 0;
}

/* Where it is in a list, which it need not be in: then the list's length. */
static size_t
find(const struct conf_prefixes *l, const struct prefix *p)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->at[i].family == p->family &&
		    l->at[i].cidr == p->cidr &&
		    memcmp(l->at[i].addr, p->addr, sizeof(p->addr)) == 0)
			break;
	return i;
}

/* The last address of its network before the i-th; NULL: it is the first. */
static const struct prefix *
neighbour(const struct conf_prefixes *l, const struct prefix *p, size_t i)
{
	while (i-- > 0)
		if (l->at[i].family == AF_INET && same_network(&l->at[i], p))
			return &l->at[i];
	return NULL;
}

/*
 * Where the first address of a network comes to lie among those of others.
 * Its place is that of the network, unless the one that was first there goes:
 * Linux then takes the others away, too, or puts the next one at the end.
 */
static size_t
place(const struct conf_prefixes *old, const struct conf_prefixes *new,
    const struct prefix *p)
{
	size_t i;

	for (i = 0; i < old->n; i++)
		if (old->at[i].family == AF_INET &&
		    same_network(&old->at[i], p))
			return find(new, &old->at[i]) < new->n ? i :
			    old->n + 1;
	return old->n;
}

/*
 * The first IPv4 address is the source of the host's packets, and the first of
 * a network of those to it.  Would a reload bring them into the order that a
 * start does?  It adds the new ones and then removes the old ones.  If two
 * networks get another first address, which comes last depends on the host.
 */
static bool
keeps_order(const struct conf_prefixes *old, const struct conf_prefixes *new)
{
	const struct prefix *before, *p;
	size_t at, i, last = 0;

	for (i = 0; i < new->n; i++) {
		p = &new->at[i];
		if (p->family != AF_INET)
			continue;
		before = neighbour(new, p, i);
		if (before != NULL) {
			if (find(old, p) < find(old, before))
				return false;
			continue;
		}
		at = place(old, new, p);
		if (at < last || (at == last && at > old->n))
			return false;
		last = at;
	}
	return true;
}

const char *
conf_needs_restart(const struct conf *old, const struct conf *new)
{
	if (strcmp(old->name, new->name) != 0)
		return "the name of the interface has changed: this needs a "
		    "restart";
	if (old->aead != new->aead)
		return "aead has changed: this needs a restart";
	if (old->workers != new->workers)
		return "workers has changed: this needs a restart";
	if (!keeps_order(&old->address, &new->address))
		return "the IPv4 addresses would not be in this order: put "
		    "new ones last, or this needs a restart";
	return NULL;
}
