/* SPDX-License-Identifier: ISC */
/*
 * Endpoints and prefixes: see addr.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "shared/addr.h"
#include "shared/bytes.h"
#include "shared/decimal.h"

static bool
all_zero(const uint8_t *p, size_t n)
{
	while (n-- > 0)
		if (*p++ != 0)
			return false;
	return true;
}

void
put_endpoint(struct wbuf *w, const struct endpoint *e)
{
	put_u8(w, e->family);
	put_bytes(w, e->addr, sizeof(e->addr));
	put_u16(w, e->port);
	put_u32(w, e->scope);
}

void
get_endpoint(struct rbuf *r, struct endpoint *e)
{
	e->family = get_u8(r);
	get_bytes(r, e->addr, sizeof(e->addr));
	e->port = get_u16(r);
	e->scope = get_u32(r);
	switch (e->family) {
	case AF_INET6:
		break;
	case AF_INET:
		if (!all_zero(e->addr + 4, 12) || e->scope != 0)
			r->fail = true;
		break;
	case 0:
		if (!all_zero(e->addr, 16) || e->port != 0 || e->scope != 0)
			r->fail = true;
		break;
	default:
		r->fail = true;
	}
}

void
put_prefix(struct wbuf *w, const struct prefix *p)
{
	put_u8(w, p->family);
	put_u8(w, p->cidr);
	put_bytes(w, p->addr, sizeof(p->addr));
}

void
get_prefix(struct rbuf *r, struct prefix *p)
{
	p->family = get_u8(r);
	p->cidr = get_u8(r);
	get_bytes(r, p->addr, sizeof(p->addr));
	if (!(p->family == AF_INET && p->cidr <= 32 &&
	    all_zero(p->addr + 4, 12)) &&
	    !(p->family == AF_INET6 && p->cidr <= 128))
		r->fail = true;
}

static int
parse_v6(struct endpoint *e, char *host)
{
	char *scope;
	uint64_t v;

	e->family = AF_INET6;
	if ((scope = strchr(host, '%')) != NULL) {
		*scope++ = '\0';
		if (decimal_parse(scope, UINT32_MAX, &v) == -1)
			return -1;
		e->scope = (uint32_t)v;
	}
	return inet_pton(AF_INET6, host, e->addr) == 1 ? 0 : -1;
}

int
endpoint_parse(struct endpoint *e, const char *text)
{
	char buf[ENDPOINT_TEXT], *port, *host = buf;
	uint64_t v;
	int bad;

	memset(e, 0, sizeof(*e));
	if (strlen(text) >= sizeof(buf))
		goto inval;
	memcpy(buf, text, strlen(text) + 1);
	port = strrchr(buf, ':');
	if (port == NULL)
		goto inval;
	*port++ = '\0';
	if (decimal_parse(port, UINT16_MAX, &v) == -1)
		goto inval;
	e->port = (uint16_t)v;
	if (*host == '[') {
		if (port - buf < 4 || port[-2] != ']')
			goto inval;
		port[-2] = '\0';
		bad = parse_v6(e, host + 1);
	} else {
		e->family = AF_INET;
		bad = inet_pton(AF_INET, host, e->addr) == 1 ? 0 : -1;
	}
	if (bad == 0)
		return 0;
inval:
	memset(e, 0, sizeof(*e));
	errno = EINVAL;
	return -1;
}

void
endpoint_print(const struct endpoint *e, char *buf, size_t size)
{
	char a[INET6_ADDRSTRLEN];

	if (e->family == 0 ||
	    inet_ntop(e->family, e->addr, a, sizeof(a)) == NULL)
		snprintf(buf, size, "(none)");
	else if (e->family == AF_INET)
		snprintf(buf, size, "%s:%u", a, e->port);
	else if (e->scope != 0)
		snprintf(buf, size, "[%s%%%u]:%u", a, e->scope, e->port);
	else
		snprintf(buf, size, "[%s]:%u", a, e->port);
}

int
prefix_parse(struct prefix *p, const char *text)
{
	char buf[PREFIX_TEXT], *slash;
	uint64_t v;

	memset(p, 0, sizeof(*p));
	if (strlen(text) >= sizeof(buf))
		goto inval;
	memcpy(buf, text, strlen(text) + 1);
	if ((slash = strchr(buf, '/')) != NULL)
		*slash++ = '\0';
	p->family = strchr(buf, ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(p->family, buf, p->addr) != 1)
		goto inval;
	p->cidr = p->family == AF_INET ? 32 : 128;
	if (slash != NULL) {
		if (decimal_parse(slash, p->cidr, &v) == -1)
			goto inval;
		p->cidr = (uint8_t)v;
	}
	return 0;
inval:
	memset(p, 0, sizeof(*p));
	errno = EINVAL;
	return -1;
}

void
prefix_print(const struct prefix *p, char *buf, size_t size)
{
	char a[INET6_ADDRSTRLEN];

	if (inet_ntop(p->family, p->addr, a, sizeof(a)) == NULL)
		snprintf(buf, size, "(none)");
	else
		snprintf(buf, size, "%s/%u", a, p->cidr);
}

int
endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *ss,
    socklen_t *len)
{
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;

	memset(ss, 0, sizeof(*ss));
	switch (e->family) {
	case AF_INET:
		memset(&sin, 0, sizeof(sin));
		sin.sin_family = AF_INET;
		sin.sin_port = htons(e->port);
		memcpy(&sin.sin_addr, e->addr, 4);
		memcpy(ss, &sin, sizeof(sin));
		*len = sizeof(sin);
		return 0;
	case AF_INET6:
		memset(&sin6, 0, sizeof(sin6));
		sin6.sin6_family = AF_INET6;
		sin6.sin6_port = htons(e->port);
		memcpy(&sin6.sin6_addr, e->addr, 16);
		sin6.sin6_scope_id = e->scope;
		memcpy(ss, &sin6, sizeof(sin6));
		*len = sizeof(sin6);
		return 0;
	}
	errno = EINVAL;
	return -1;
}

int
endpoint_from_sockaddr(struct endpoint *e, const struct sockaddr *sa)
{
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;

	memset(e, 0, sizeof(*e));
	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&sin, sa, sizeof(sin));
		e->family = AF_INET;
		memcpy(e->addr, &sin.sin_addr, 4);
		e->port = ntohs(sin.sin_port);
		return 0;
	case AF_INET6:
		memcpy(&sin6, sa, sizeof(sin6));
		e->family = AF_INET6;
		memcpy(e->addr, &sin6.sin6_addr, 16);
		e->port = ntohs(sin6.sin6_port);
		e->scope = sin6.sin6_scope_id;
		return 0;
	}
	errno = EINVAL;
	return -1;
}

bool
addr_is_mapped(const uint8_t addr[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(addr, mapped, sizeof(mapped)) == 0;
}

bool
addr_is_link_local(int family, const uint8_t addr[16])
{
	if (family == AF_INET)
		return addr[0] == 169 && addr[1] == 254;
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}

bool
addr_is_loopback(int family, const uint8_t addr[16])
{
	static const uint8_t one[16] = { [15] = 1 };

	return family == AF_INET ? addr[0] == 127 : memcmp(addr, one, 16) == 0;
}

bool
addr_is_special(int family, const uint8_t addr[16])
{
	static const uint8_t zero[16];
	uint32_t a;

	if (family == AF_INET) {
		a = get_be32(addr);
		return a == INADDR_ANY || a == INADDR_BROADCAST ||
		    IN_MULTICAST(a);
	}
	return addr[0] == 0xff || memcmp(addr, zero, 16) == 0;
}
