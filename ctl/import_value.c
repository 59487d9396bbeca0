/* SPDX-License-Identifier: ISC */
/*
 * Values of wg-quick's files: see import_value.h.
 */
#include <arpa/inet.h>

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ctl/import_value.h"

/* --- pieces of text */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

struct text
text_trim(struct text s)
{
	while (s.len > 0 && is_blank(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

bool
text_is(struct text s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.p, word, s.len) == 0;
}

bool
text_item(struct text *list, struct text *item)
{
	const char *comma;

	do {
		if (list->len == 0)
			return false;
		comma = memchr(list->p, ',', list->len);
		item->p = list->p;
		item->len = comma != NULL ? (size_t)(comma - list->p) :
		    list->len;
		list->p += item->len;
		list->len -= item->len;
		if (list->len > 0) {
			list->p++;
			list->len--;
		}
		*item = text_trim(*item);
	} while (item->len == 0);
	return true;
}

/* With a NUL behind it; -1 if it does not fit or has one inside. */
static int
text_copy(struct text s, char *dst, size_t size)
{
	if (s.len >= size || memchr(s.p, '\0', s.len) != NULL)
		return -1;
	memcpy(dst, s.p, s.len);
	dst[s.len] = '\0';
	return 0;
}

/* --- values */

int
value_number(struct text s, uint64_t max, uint64_t *v)
{
	unsigned base = 10, digit;
	size_t i = 0;

	*v = 0;
	if (s.len > 2 && s.p[0] == '0' && (s.p[1] == 'x' || s.p[1] == 'X')) {
		base = 16;
		i = 2;
	}
	if (s.len == i)
		return -1;
	for (; i < s.len; i++) {
		if (isdigit((unsigned char)s.p[i]))
			digit = (unsigned)(s.p[i] - '0');
		else if (base == 16 && isxdigit((unsigned char)s.p[i]))
			digit = (unsigned)(tolower((unsigned char)s.p[i]) -
			    'a' + 10);
		else
			return -1;
		*v = *v * base + digit;
		if (*v > max)
			return -1;
	}
	return 0;
}

void
prefix_mask(struct prefix *p)
{
	unsigned bit, bits = p->family == AF_INET ? 32 : 128;

	for (bit = p->cidr; bit < bits; bit++)
		p->addr[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
}

int
value_prefix(struct text s, bool address, struct prefix *p)
{
	char buf[PREFIX_TEXT];

	if (text_copy(s, buf, sizeof(buf)) == -1 ||
	    prefix_parse(p, buf) == -1)
		return -1;
	if (!address)
		prefix_mask(p);
	return 0;
}

bool
value_is_address(const struct prefix *p)
{
	return !addr_is_special(p->family, p->addr) && p->cidr > 0 &&
	    !addr_is_loopback(p->family, p->addr) &&
	    (p->family != AF_INET6 || !addr_is_mapped(p->addr));
}

/* --- endpoints: what warren.conf(5) takes */

static int
fails(int error)
{
	errno = error;
	return -1;
}

static int
host_v4(const uint8_t addr[16], char host[IMPORT_HOST])
{
	if (addr_is_special(AF_INET, addr))
		return fails(EAFNOSUPPORT);
	inet_ntop(AF_INET, addr, host, IMPORT_HOST);
	return 0;
}

/* A link-local address needs the number of an interface, as of today. */
static int
host_scoped(const uint8_t addr[16], const char *scope, char host[IMPORT_HOST])
{
	char text[INET6_ADDRSTRLEN];
	struct text s = { scope, 0 };
	uint64_t v;

	if (scope == NULL)
		return fails(EAFNOSUPPORT);
	s.len = strlen(scope);
	if (value_number(s, UINT32_MAX, &v) == -1)
		v = if_nametoindex(scope);
	if (v == 0)
		return fails(EAFNOSUPPORT);
	inet_ntop(AF_INET6, addr, text, sizeof(text));
	snprintf(host, IMPORT_HOST, "%s%%%u", text, (unsigned)v);
	return 0;
}

static int
host_v6(char host[IMPORT_HOST])
{
	char *scope = strchr(host, '%');
	uint8_t addr[16];

	if (scope != NULL)
		*scope++ = '\0';
	if (inet_pton(AF_INET6, host, addr) != 1)
		return fails(EINVAL);
	if (addr_is_mapped(addr) && scope == NULL) {
		memmove(addr, addr + 12, 4);
		return host_v4(addr, host);
	}
	if (addr_is_link_local(AF_INET6, addr))
		return host_scoped(addr, scope, host);
	return scope != NULL || addr_is_special(AF_INET6, addr) ?
	    fails(EAFNOSUPPORT) : 0;
}

/*
 * RFC 1123 2.1: labels of 1 to 63, the last one no number; nor 0x7f000001,
 * which old programs take for an address.
 */
static bool
is_name(const char *s)
{
	const char *label = s, *p;
	struct in_addr in;
	bool numeric = true;

	for (p = s;; p++) {
		if (isalnum((unsigned char)*p) || *p == '-') {
			numeric = numeric && isdigit((unsigned char)*p);
			continue;
		}
		if (p == label || p - label > 63 || *label == '-' ||
		    p[-1] == '-')
			return false;
		if (*p == '\0' || p[1] == '\0')
			return !numeric && inet_aton(s, &in) == 0;
		label = p + 1;
		numeric = true;
	}
}

static int
host_name(char host[IMPORT_HOST])
{
	uint8_t addr[16];
	size_t i;

	for (i = 0; host[i] != '\0'; i++)
		if (!isalnum((unsigned char)host[i]) &&
		    strchr(".-", host[i]) == NULL)
			return fails(EINVAL);
	if (i == 0 || host[0] == '-')
		return fails(EINVAL);
	if (inet_pton(AF_INET, host, addr) == 1)
		return host_v4(addr, host);
	return is_name(host) ? 0 : fails(EADDRNOTAVAIL);
}

int
value_endpoint(struct text s, char host[IMPORT_HOST], uint16_t *port)
{
	struct text name = s, number;
	const char *colon = memrchr(s.p, ':', s.len);
	uint64_t v;

	host[0] = '\0';
	if (colon == NULL)
		return fails(EINVAL);
	name.len = (size_t)(colon - s.p);
	number.p = colon + 1;
	number.len = s.len - name.len - 1;
	if (name.len > 2 && name.p[0] == '[' && name.p[name.len - 1] == ']') {
		name.p++;
		name.len -= 2;
	} else if (memchr(name.p, ':', name.len) != NULL)
		return fails(EINVAL);
	if (value_number(number, UINT16_MAX, &v) == -1 || v == 0 ||
	    text_copy(name, host, IMPORT_HOST) == -1)
		return fails(EINVAL);
	*port = (uint16_t)v;
	if ((strchr(host, ':') != NULL ? host_v6(host) :
	    host_name(host)) == 0)
		return 0;
	host[0] = '\0';
	return -1;
}

/* --- names */

static bool
is_name_byte(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' &&
	    strchr("._-@", c) != NULL);
}

void
import_name(char dst[IMPORT_NAME], const char *s, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len && n < IMPORT_NAME - 1; i++) {
		if (is_name_byte(s[i]) && (n > 0 || s[i] != '-'))
			dst[n++] = s[i];
		/* One '-' for whatever a name cannot have. */
		else if (n > 0 && dst[n - 1] != '-')
			dst[n++] = '-';
	}
	while (n > 0 && dst[n - 1] == '-')
		n--;
	dst[n] = '\0';
}

bool
import_is_ifname(const char *s)
{
	static const char *const taken[] = { ".", "..", "all", "default",
	    "lo" };
	size_t i;

	for (i = 0; s[i] != '\0'; i++)
		if (!is_name_byte(s[i]) || s[i] == '@')
			return false;
	if (i == 0 || i >= IFNAMSIZ || s[0] == '-')
		return false;
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strcmp(s, taken[i]) == 0)
			return false;
	return true;
}

/* "Name = alice", "friendly_name=alice", "name: alice"; what follows. */
static bool
is_naming(struct text c, struct text *name)
{
	static const char *const words[] = { "name", "friendly_name",
	    "friendly name", "peer" };
	struct text key = c;
	size_t i, at;

	for (at = 0; at < c.len && c.p[at] != '=' && c.p[at] != ':'; at++)
		continue;
	if (at == c.len)
		return false;
	key.len = at;
	key = text_trim(key);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!text_is(key, words[i]))
			continue;
		name->p = c.p + at + 1;
		name->len = c.len - at - 1;
		*name = text_trim(*name);
		return true;
	}
	return false;
}

/*
 * Scripts that manage these files mark what is theirs: "### begin alice ###",
 * "### Client alice".  The name in it; empty if it marks an end.
 */
static struct text
unmark(struct text c)
{
	static const char *const marks[] = { "begin", "client", "end" };
	size_t i, n;

	while (c.len > 0 && c.p[0] == '#') {
		c.p++;
		c.len--;
	}
	while (c.len > 0 && c.p[c.len - 1] == '#')
		c.len--;
	c = text_trim(c);
	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		n = strlen(marks[i]);
		if (c.len <= n || !is_blank(c.p[n]) ||
		    strncasecmp(c.p, marks[i], n) != 0)
			continue;
		c.p += n;
		c.len -= n;
		c = text_trim(c);
		if (strcmp(marks[i], "end") == 0)
			c.len = 0;
		break;
	}
	return c;
}

bool
value_is_section(struct text c)
{
	c = text_trim(c);
	while (c.len > 0 && c.p[0] == '#') {
		c.p++;
		c.len--;
		c = text_trim(c);
	}
	return c.len > 0 && c.p[0] == '[';
}

bool
value_name(struct text c, char name[IMPORT_NAME], bool *named)
{
	size_t i, words = 1;

	c = unmark(text_trim(c));
	*named = is_naming(c, &c);
	/* A setting that was taken out may hold a key. */
	if (c.len >= BASE64_KEY_CHARS - 1 || memchr(c.p, '=', c.len) != NULL)
		return false;
	for (i = 0; i < c.len; i++)
		words += is_blank(c.p[i]);
	if (!*named && words > 3)
		return false;
	import_name(name, c.p, c.len);
	return name[0] != '\0';
}

/* --- lists */

int
ips_add(struct import_ips *ips, const struct prefix *p)
{
	size_t room = ips->room == 0 ? 4 : 2 * ips->room;
	struct prefix *at;
	bool *taken;

	if (ips->n == ips->room) {
		at = reallocarray(ips->at, room, sizeof(*at));
		if (at == NULL)
			return -1;
		ips->at = at;
		taken = reallocarray(ips->taken, room, sizeof(*taken));
		if (taken == NULL)
			return -1;
		ips->taken = taken;
		ips->room = room;
	}
	ips->taken[ips->n] = false;
	ips->at[ips->n++] = *p;
	return 0;
}

static bool
is_base64(char c)
{
	return isalnum((unsigned char)c) || c == '+' || c == '/';
}

/* How many bytes at s look like a key in base64, or 0. */
static size_t
key_len(struct text s)
{
	size_t n = 0;

	while (n < s.len && is_base64(s.p[n]))
		n++;
	if (n < BASE64_KEY_CHARS - 1)
		return 0;
	return n < s.len && s.p[n] == '=' ? n + 1 : n;
}

/*
 * A command may have a key in it, which must not reach the terminal; and the
 * comment must be one line of text.
 */
int
notes_add(struct import_notes *notes, const char *setting, struct text v)
{
	static const char lead[] = "# not imported: ", gap[] = "(a key)";
	char *p;
	size_t n;

	/* Escaping adds no bytes, and what replaces a key is shorter. */
	p = realloc(notes->text, notes->len + sizeof(lead) +
	    strlen(setting) + v.len + 8);
	if (p == NULL)
		return -1;
	notes->text = p;
	p += notes->len;
	p = stpcpy(stpcpy(stpcpy(stpcpy(p, "\t"), lead), setting), " = ");
	while (v.len > 0) {
		n = key_len(v);
		if (n > 0)
			p = stpcpy(p, gap);
		else
			*p++ = v.p[0] >= ' ' && v.p[0] <= '~' ? v.p[0] : '?';
		v.p += n > 0 ? n : 1;
		v.len -= n > 0 ? n : 1;
	}
	*p++ = '\n';
	*p = '\0';
	notes->len = (size_t)(p - notes->text);
	notes->n++;
	return 0;
}
