/* SPDX-License-Identifier: ISC */
/*
 * The values of a configuration: numbers, names, keys and addresses from
 * text, each with what is wrong with it in words.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "parent/conf_parse.h"
#include "shared/decimal.h"
#include "shared/hex.h"
#include "shared/msg_parent.h"

static bool
is_alnum(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

/* Between 1 and max characters: letters, digits and those of more. */
static bool
is_made_of(const char *text, size_t max, const char *more)
{
	size_t i;

	for (i = 0; text[i] != '\0'; i++)
		if (!is_alnum(text[i]) && strchr(more, text[i]) == NULL)
			return false;
	return i > 0 && i <= max;
}

const char *
value_interface(char name[IFNAMSIZ], const char *text)
{
	/* The kernel has its own use for these in its tables and sysctls. */
	static const char *const taken[] = { ".", "..", "all", "default",
	    "lo" };
	size_t i;

	if (!is_made_of(text, IFNAMSIZ - 1, "._-") || *text == '-')
		return "is no name for an interface: 1 to 15 letters, digits, "
		    "\".\", \"_\" and \"-\", no \"-\" at first";
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strcmp(text, taken[i]) == 0)
			return "is a name that the kernel keeps for itself";
	memcpy(name, text, strlen(text) + 1);
	return NULL;
}

const char *
value_peer(char name[CONF_PEER_NAME], const char *text)
{
	if (!is_made_of(text, CONF_PEER_NAME - 1, "._-@") || *text == '-')
		return "is no name for a peer: 1 to 63 letters, digits, "
		    "\".\", \"_\", \"-\" and \"@\", no \"-\" at first";
	memcpy(name, text, strlen(text) + 1);
	return NULL;
}

const char *
value_key(uint8_t key[CONF_KEY], const char *text)
{
	static const uint8_t zero[CONF_KEY];

	if (base64_key_decode(key, text, strlen(text)) == -1)
		return "is no public key: 44 characters of base64 in "
		    "quotes, as wg pubkey prints them";
	if (memcmp(key, zero, sizeof(zero)) == 0)
		return "is no public key: it is all zero";
	return NULL;
}

/* --- addresses */

static void
clear_host_bits(struct prefix *p)
{
	unsigned bit;

	for (bit = p->cidr; bit < 128; bit++)
		p->addr[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
}

const char *
value_address(struct prefix *p, const char *text)
{
	if (prefix_parse(p, text) == -1)
		return "is no address: it is written as 10.0.0.1/24 or "
		    "fd00::1/64";
	if (addr_is_special(p->family, p->addr) ||
	    addr_is_loopback(p->family, p->addr) ||
	    (p->family == AF_INET6 && addr_is_mapped(p->addr)))
		return "is not an address that a host can have";
	if (p->cidr == 0)
		return "covers all addresses: /0 is for allowed-ips";
	return NULL;
}

const char *
value_allowed(struct prefix *p, const char *text)
{
	if (prefix_parse(p, text) == -1)
		return "is no prefix: it is written as 10.0.0.0/24 or "
		    "fd00::/64";
	clear_host_bits(p);
	return NULL;
}

/* An IPv6 address with %NUMBER behind it. */
static const char *
scoped(struct endpoint *e, char *text)
{
	char *scope = strchr(text, '%');
	uint64_t v = 0;

	if (scope != NULL)
		*scope++ = '\0';
	if (inet_pton(AF_INET6, text, e->addr) != 1)
		return "is neither an address nor a host name";
	if (addr_is_mapped(e->addr))
		return "is an IPv4 address: write it as one";
	if (!addr_is_link_local(AF_INET6, e->addr))
		return scope == NULL ? NULL :
		    "has a % but is not a link-local address";
	/* Names of interfaces come and go; a number can be kept. */
	if (scope == NULL || decimal_parse(scope, UINT32_MAX, &v) == -1 ||
	    v == 0)
		return "is link-local: the number of its interface (ip link "
		    "shows it) must follow, as in fe80::1%2";
	e->scope = (uint32_t)v;
	return NULL;
}

/* RFC 1123 2.1: labels of 1 to 63, the last one no number. */
static bool
is_host(const char *text)
{
	const char *label = text, *p;
	bool numeric = true;

	for (p = text;; p++) {
		if (is_alnum(*p) || *p == '-') {
			numeric = numeric && *p >= '0' && *p <= '9';
			continue;
		}
		if ((*p != '.' && *p != '\0') || p == label ||
		    p - label > 63 || *label == '-' || p[-1] == '-')
			return false;
		if (*p == '\0' || p[1] == '\0')
			return !numeric && p - text <= CONF_HOST_LEN &&
			    strlen(text) <= CONF_HOST_LEN;
		label = p + 1;
		numeric = true;
	}
}

const char *
value_host(struct endpoint *e, char host[CONF_HOST_LEN + 1], const char *text)
{
	char buf[64];
	const char *why = NULL;
	struct in_addr old;
	size_t i;

	memset(e, 0, sizeof(*e));
	host[0] = '\0';
	if (strchr(text, ':') != NULL && strlen(text) < sizeof(buf)) {
		memcpy(buf, text, strlen(text) + 1);
		e->family = AF_INET6;
		why = scoped(e, buf);
	} else if (inet_pton(AF_INET, text, e->addr) == 1)
		e->family = AF_INET;
	else {
		/* Nor 0x7f000001, which old programs take for an address. */
		if (!is_host(text) || inet_aton(text, &old) == 1)
			return "is neither an address nor a host name";
		for (i = 0; text[i] != '\0'; i++)
			host[i] = text[i] >= 'A' && text[i] <= 'Z' ?
			    (char)(text[i] - 'A' + 'a') : text[i];
		host[i] = '\0';
		return NULL;
	}
	if (why == NULL && addr_is_special(e->family, e->addr))
		why = "is not an address that a host can have";
	return why;
}

/* --- numbers */

static bool
in_range(const char *text, uint64_t min, uint64_t max, uint64_t *v)
{
	return decimal_parse(text, max, v) == 0 && *v >= min;
}

const char *
value_port(uint16_t *port, const char *text)
{
	uint64_t v;

	if (!in_range(text, 1, UINT16_MAX, &v))
		return "is no port: 1 to 65535";
	*port = (uint16_t)v;
	return NULL;
}

const char *
value_mtu(uint32_t *mtu, const char *text)
{
	uint64_t v;

	/* More does not fit a datagram with what is added to a packet. */
	if (!in_range(text, 576, 65447, &v))
		return "is no MTU: 576 to 65447";
	*mtu = (uint32_t)v;
	return NULL;
}

const char *
value_keepalive(uint16_t *seconds, const char *text)
{
	uint64_t v;

	if (!in_range(text, 0, UINT16_MAX, &v))
		return "is no keepalive: 0 to 65535 seconds, or off";
	*seconds = (uint16_t)v;
	return NULL;
}

const char *
value_fwmark(uint32_t *mark, const char *text)
{
	uint64_t v = 0;
	char *end;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X') &&
	    is_made_of(text + 2, 8, "")) {
		v = strtoull(text + 2, &end, 16);
		if (*end != '\0')
			v = UINT64_MAX;
	} else if (!in_range(text, 0, UINT32_MAX, &v))
		v = UINT64_MAX;
	if (v == UINT64_MAX)
		return "is no fwmark: 1 to 4294967295, or 0x1 to 0xffffffff";
	if (v == 0)
		return "is no fwmark: 0 means none; leave the line out";
	*mark = (uint32_t)v;
	return NULL;
}

const char *
value_table(uint32_t *table, const char *text)
{
	uint64_t v;

	if (!in_range(text, 1, UINT32_MAX, &v))
		return "is no routing table: main, or 1 to 4294967295";
	if (v == 255)
		return "is no table for routes: it is the kernel's local "
		    "table";
	*table = (uint32_t)v;
	return NULL;
}

const char *
value_workers(uint16_t *workers, const char *text)
{
	uint64_t v;

	if (!in_range(text, 1, WORKERS_MAX, &v))
		return "is no number of workers: auto, or 1 to 16";
	*workers = (uint16_t)v;
	return NULL;
}
