/* SPDX-License-Identifier: ISC */
/*
 * Reading what wg-quick(8) and wg(8) read, line by line as they do: a comment
 * begins with # anywhere, keys are in any case, of a setting that is said
 * twice the last one counts, lists add up.
 */
#include <linux/rtnetlink.h>

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/import.h"
#include "ctl/import_value.h"

struct reader {
	const char		*file;
	unsigned		 line;
	char			*why;
	struct import		*im;
	struct import_peer	*peer;	/* the section, or NULL */
	bool			 in_section;
	/* From a comment, for the peer that it stands in or above. */
	char			 pending[IMPORT_NAME];
	bool			 pending_named;
	bool			 after_blank;	/* in this section */
	bool			 taken_out;	/* comments are a section */
};

static int	 wrong(struct reader *, const char *, ...)
		    __attribute__((format(printf, 2, 3)));

static int
wrong(struct reader *r, const char *fmt, ...)
{
	va_list ap;
	int n;

	n = snprintf(r->why, IMPORT_WHY, "%.256s:%u: ", r->file, r->line);
	va_start(ap, fmt);
	vsnprintf(r->why + n, IMPORT_WHY - (size_t)n, fmt, ap);
	va_end(ap);
	return -1;
}

static int
no_memory(struct reader *r)
{
	return wrong(r, "%s", strerror(ENOMEM));
}

/* --- values */

/* What is wrong never quotes the value, which may be a key. */
static int
not_a(struct reader *r, const char *setting, const char *what)
{
	return wrong(r, "%s: this is not %s", setting, what);
}

/* Nothing in warren.conf(5) does this: it becomes a comment. */
static int
leave_out(struct reader *r, const char *setting, struct text v)
{
	struct import_notes *notes = r->peer != NULL ? &r->peer->notes :
	    &r->im->notes;

	return notes_add(notes, setting, v) == -1 ? no_memory(r) : 0;
}

static int
set_key(struct reader *r, const char *setting, struct text v,
    const char **where)
{
	static const uint8_t zero[BASE64_KEYLEN];
	uint8_t key[BASE64_KEYLEN];

	if (text_is(v, "(none)")) {
		*where = NULL;
		return 0;
	}
	if (base64_key_decode(key, v.p, v.len) == -1)
		return not_a(r, setting, "a key in base64");
	/* All zeros is how wg(8) says that there is none. */
	*where = sodium_memcmp(key, zero, sizeof(key)) == 0 ? NULL : v.p;
	sodium_memzero(key, sizeof(key));
	return 0;
}

static bool
has_address(const struct import_ips *ips, const struct prefix *p)
{
	size_t i;

	for (i = 0; i < ips->n; i++)
		if (ips->at[i].family == p->family &&
		    memcmp(ips->at[i].addr, p->addr, sizeof(p->addr)) == 0)
			return true;
	return false;
}

static int
add_address(struct reader *r, const struct prefix *p, struct text v)
{
	struct import_ips *ips = &r->im->address;

	if (!value_is_address(p) || ips->n == IMPORT_ADDRESSES ||
	    has_address(ips, p))
		return leave_out(r, "Address", v);
	return ips_add(ips, p) == -1 ? no_memory(r) : 0;
}

static int
add_allowed(struct reader *r, const struct prefix *p)
{
	struct import_ips *ips = &r->peer->allowed;

	if (ips->n == IMPORT_ALLOWED)
		return wrong(r, "more than %d AllowedIPs", IMPORT_ALLOWED);
	return ips_add(ips, p) == -1 ? no_memory(r) : 0;
}

static int
set_ips(struct reader *r, const char *setting, struct text v, bool address)
{
	struct text one;
	struct prefix p;

	if (text_is(v, "(none)"))
		return 0;
	while (text_item(&v, &one)) {
		if (value_prefix(one, address, &p) == -1)
			return not_a(r, setting,
			    address ? "an address" : "an IP prefix");
		if ((address ? add_address(r, &p, one) :
		    add_allowed(r, &p)) == -1)
			return -1;
	}
	return 0;
}

static int
set_port(struct reader *r, struct text v)
{
	uint64_t n;

	if (value_number(v, 65535, &n) == -1)
		return not_a(r, "ListenPort", "a port from 0 to 65535");
	r->im->port = (uint16_t)n;
	return 0;
}

static int
set_mtu(struct reader *r, struct text v)
{
	uint64_t n;

	if (value_number(v, 65535, &n) == -1 || n < 576)
		return not_a(r, "MTU", "a number from 576 to 65535");
	if (n > IMPORT_MTU_MAX) {
		r->im->mtu = 0;
		return leave_out(r, "MTU", v);
	}
	r->im->mtu = (uint32_t)n;
	return 0;
}

static int
set_fwmark(struct reader *r, struct text v)
{
	uint64_t n = 0;

	if (!text_is(v, "off") && value_number(v, UINT32_MAX, &n) == -1)
		return not_a(r, "FwMark", "a 32-bit number or off");
	r->im->fwmark = (uint32_t)n;
	return 0;
}

static int
set_table(struct reader *r, struct text v)
{
	uint64_t n;

	if (text_is(v, "off")) {
		r->im->routes = IMPORT_ROUTES_NONE;
		return 0;
	}
	if (text_is(v, "auto") || text_is(v, "main") || text_is(v, "254")) {
		r->im->routes = IMPORT_ROUTES_MAIN;
		return 0;
	}
	if (value_number(v, UINT32_MAX, &n) == -1 || n == 0)
		return not_a(r, "Table",
		    "off, auto, main or the number of a table");
	if (n == RT_TABLE_LOCAL) {
		/* Nor into another one that nobody asked for. */
		r->im->routes = IMPORT_ROUTES_NONE;
		return leave_out(r, "Table", v);
	}
	r->im->routes = IMPORT_ROUTES_TABLE;
	r->im->table = (uint32_t)n;
	return 0;
}

static int
set_endpoint(struct reader *r, struct text v)
{
	if (text_is(v, "(none)")) {
		r->peer->host[0] = '\0';
		return 0;
	}
	if (value_endpoint(v, r->peer->host, &r->peer->port) == 0)
		return 0;
	if (errno == EAFNOSUPPORT)
		return leave_out(r, "Endpoint", v);
	return not_a(r, "Endpoint", errno == EADDRNOTAVAIL ?
	    "an address with four numbers, nor a name" :
	    "HOST:PORT or [IPV6]:PORT");
}

static int
set_keepalive(struct reader *r, struct text v)
{
	uint64_t n = 0;

	if (!text_is(v, "off") && value_number(v, 65535, &n) == -1)
		return not_a(r, "PersistentKeepalive",
		    "off or seconds from 0 to 65535");
	r->peer->keepalive = (uint16_t)n;
	return 0;
}

static int
set_public_key(struct reader *r, struct text v)
{
	if (base64_key_decode(r->peer->key, v.p, v.len) == -1)
		return not_a(r, "PublicKey", "a key in base64");
	if (sodium_is_zero(r->peer->key, sizeof(r->peer->key)))
		return not_a(r, "PublicKey", "a peer's key: it is all zero");
	r->peer->has_key = true;
	return 0;
}

/* --- settings */

static int
save_config(struct reader *r, struct text v)
{
	return text_is(v, "false") ? 0 : leave_out(r, "SaveConfig", v);
}

static int
interface_setting(struct reader *r, struct text key, struct text v)
{
	static const char *const none[] = { "DNS", "PreUp", "PostUp",
	    "PreDown", "PostDown" };
	size_t i;

	if (text_is(key, "PrivateKey"))
		return set_key(r, "PrivateKey", v, &r->im->key);
	if (text_is(key, "Address"))
		return set_ips(r, "Address", v, true);
	if (text_is(key, "ListenPort"))
		return set_port(r, v);
	if (text_is(key, "MTU"))
		return set_mtu(r, v);
	if (text_is(key, "FwMark"))
		return set_fwmark(r, v);
	if (text_is(key, "Table"))
		return set_table(r, v);
	if (text_is(key, "SaveConfig"))
		return save_config(r, v);
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (text_is(key, none[i]))
			return leave_out(r, none[i], v);
	return wrong(r, "unknown setting of [Interface]");
}

static int
peer_setting(struct reader *r, struct text key, struct text v)
{
	if (text_is(key, "PublicKey"))
		return set_public_key(r, v);
	if (text_is(key, "PresharedKey"))
		return set_key(r, "PresharedKey", v, &r->peer->psk);
	if (text_is(key, "AllowedIPs"))
		return set_ips(r, "AllowedIPs", v, false);
	if (text_is(key, "Endpoint"))
		return set_endpoint(r, v);
	if (text_is(key, "PersistentKeepalive"))
		return set_keepalive(r, v);
	return wrong(r, "unknown setting of [Peer]");
}

/* --- names */

static void
drop_pending(struct reader *r)
{
	r->pending[0] = '\0';
	r->pending_named = false;
}

/*
 * A comment may stand in a peer's section, or just above the next one; which
 * of the two shows the line that follows.
 */
static void
take_pending(struct reader *r)
{
	struct import_peer *p = r->peer;

	if (p != NULL && r->pending[0] != '\0' && (p->name[0] == '\0' ||
	    (r->pending_named && !p->named))) {
		memcpy(p->name, r->pending, sizeof(p->name));
		p->named = r->pending_named;
	}
	drop_pending(r);
}

/*
 * The comment ends before an empty line or the file's end.  If an empty line
 * is above it, too, it belongs to neither section; but at the very end "Name ="
 * can only mean the peer before.
 */
static void
part_pending(struct reader *r, bool at_end)
{
	if (r->after_blank && !(at_end && r->pending_named))
		drop_pending(r);
	take_pending(r);
	r->after_blank = true;
	r->taken_out = false;
}

/* Of several lines the first, or the one that says "Name = ". */
static void
comment(struct reader *r, struct text c)
{
	char name[IMPORT_NAME];
	bool named = false;

	/* "#[Peer]": those above and below it were about that one. */
	if (value_is_section(c)) {
		r->taken_out = true;
		drop_pending(r);
	}
	if (r->taken_out || !value_name(c, name, &named))
		return;
	if (r->pending[0] != '\0' && (!named || r->pending_named))
		return;
	memcpy(r->pending, name, sizeof(name));
	r->pending_named = named;
}

/* --- sections and lines */

static int
peer_end(struct reader *r)
{
	unsigned line = r->line;

	if (r->peer == NULL || r->peer->has_key)
		return 0;
	r->line = r->peer->line;
	wrong(r, "this [Peer] has no PublicKey");
	r->line = line;
	return -1;
}

static int
peer_begin(struct reader *r)
{
	struct import_peer *p;

	if (r->im->npeers == IMPORT_PEERS)
		return wrong(r, "more than %d peers", IMPORT_PEERS);
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return no_memory(r);
	p->line = r->line;
	TAILQ_INSERT_TAIL(&r->im->peers, p, entry);
	r->im->npeers++;
	r->peer = p;
	take_pending(r);
	return 0;
}

static int
section(struct reader *r, struct text head, struct text c)
{
	if (peer_end(r) == -1)
		return -1;
	r->peer = NULL;
	r->in_section = true;
	r->after_blank = r->taken_out = false;
	if (text_is(head, "[Peer]")) {
		/* A comment just above it is pending still. */
		if (c.p != NULL && !value_is_section(c))
			comment(r, c);
		return peer_begin(r);
	}
	drop_pending(r);
	return text_is(head, "[Interface]") ? 0 :
	    wrong(r, "unknown section");
}

static int
setting(struct reader *r, struct text s)
{
	struct text key = s, v = s;
	const char *eq = memchr(s.p, '=', s.len);

	if (eq == NULL)
		return wrong(r, "neither a section nor SETTING = VALUE");
	key.len = (size_t)(eq - s.p);
	v.p = eq + 1;
	v.len = s.len - key.len - 1;
	key = text_trim(key);
	v = text_trim(v);
	if (!r->in_section)
		return wrong(r, "a setting before the first section");
	return r->peer != NULL ? peer_setting(r, key, v) :
	    interface_setting(r, key, v);
}

static int
one_line(struct reader *r, struct text s)
{
	struct text c = { NULL, 0 };
	const char *hash = memchr(s.p, '#', s.len);

	if (memchr(s.p, '\0', s.len) != NULL)
		return wrong(r, "a NUL byte: this is no text");
	if (hash != NULL) {
		c.p = hash + 1;
		c.len = s.len - (size_t)(c.p - s.p);
		s.len = (size_t)(hash - s.p);
	}
	s = text_trim(s);
	if (s.len == 0 && hash != NULL) {
		comment(r, c);
		return 0;
	}
	if (s.len > 0 && s.p[0] == '[')
		return section(r, s, c);
	if (s.len == 0) {
		part_pending(r, false);
		return 0;
	}
	take_pending(r);
	r->after_blank = r->taken_out = false;
	return setting(r, s);
}

static int
all_lines(struct reader *r, const char *text, size_t len)
{
	struct text s;
	const char *end;

	while (len > 0) {
		end = memchr(text, '\n', len);
		s.p = text;
		s.len = end != NULL ? (size_t)(end - text) : len;
		r->line++;
		if (one_line(r, s) == -1)
			return -1;
		if (end != NULL)
			s.len++;
		text += s.len;
		len -= s.len;
	}
	part_pending(r, true);
	return peer_end(r);
}

struct import *
import_parse(const char *file, const char *ifname, const char *text,
    size_t len, char why[IMPORT_WHY])
{
	struct reader r;

	memset(&r, 0, sizeof(r));
	r.file = file;
	r.why = why;
	if ((r.im = calloc(1, sizeof(*r.im))) == NULL) {
		no_memory(&r);
		return NULL;
	}
	snprintf(r.im->ifname, sizeof(r.im->ifname), "%s", ifname);
	TAILQ_INIT(&r.im->peers);
	if (all_lines(&r, text, len) == 0) {
		if (import_finish(r.im, file, why) == 0)
			return r.im;
		if (why[0] == '\0')
			no_memory(&r);
	}
	import_free(r.im);
	return NULL;
}

void
import_free(struct import *im)
{
	struct import_peer *p;

	if (im == NULL)
		return;
	while ((p = TAILQ_FIRST(&im->peers)) != NULL) {
		TAILQ_REMOVE(&im->peers, p, entry);
		free(p->allowed.at);
		free(p->allowed.taken);
		free(p->notes.text);
		free(p);
	}
	free(im->address.at);
	free(im->address.taken);
	free(im->notes.text);
	free(im);
}
