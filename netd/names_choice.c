/* SPDX-License-Identifier: ISC */
/*
 * The address of a user of a name: see names_choice.h.
 */
#include <sys/socket.h>

#include <string.h>

#include "netd/names_choice.h"
#include "netd/source.h"

bool
names_is_usable(uint8_t family, const uint8_t addr[16])
{
	/*
	 * Nobody says which link a link-local address is on (P33), and the
	 * parent keeps 169.254.0.0/16 from what bears the mark.
	 */
	if (addr_is_special(family, addr) || addr_is_link_local(family, addr))
		return false;
	return family == AF_INET ||
	    (family == AF_INET6 && !addr_is_mapped(addr));
}

static bool
is_address(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family &&
	    memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

/* Which of n addresses this is; -1: none of them. */
static int
find_in(const struct endpoint *list, int n, const struct endpoint *at)
{
	int i;

	for (i = 0; i < n; i++)
		if (is_address(&list[i], at))
			return i;
	return -1;
}

/* Which of the addresses the user is at; -1: none of them. */
static int
find(const struct name *nm, const struct endpoint *at)
{
	return find_in(nm->at, nm->n, at);
}

static bool
can_send(const struct names *s, const struct name *nm, int i)
{
	return s->out.can(s->out.arg, nm->at[i].family);
}

/*
 * The first address from i on that can be sent to, a bad one rather than one
 * that there is no socket for; i if all are such.
 */
static int
pick(const struct names *s, const struct name *nm, int i)
{
	int k, j, second = -1;

	for (k = 0; k < nm->n; k++) {
		j = (i + k) % nm->n;
		if (!can_send(s, nm, j))
			continue;
		if ((nm->bad & 1U << j) == 0)
			return j;
		if (second == -1)
			second = j;
	}
	return second != -1 ? second : i % nm->n;
}

static void
use(struct names *s, struct name_user *u, int i, bool again, uint64_t now)
{
	struct endpoint e = u->name->at[i];

	e.port = u->port;
	u->since = now;
	u->silent = 0;
	s->out.use(s->out.arg, u->owner, u->name->host, &e, again);
}

void
name_give(struct names *s, struct name_user *u, uint64_t now)
{
	const struct endpoint *at = s->out.present(s->out.arg, u->owner);
	bool forced = u->forced;
	struct name *nm = u->name;
	int i = find(nm, at), next;

	/* Where it roamed to it may be still: one lost packet is no proof. */
	if (i == -1 && at->family != 0 && !forced && u->silent < NAMES_SILENT)
		return;
	u->wants = u->forced = false;
	if (i == -1 || (forced && at->port != u->port)) {
		use(s, u, pick(s, nm, i == -1 ? 0 : i), false, now);
		return;
	}
	if (u->silent == 0 || now - u->since < NAMES_PATIENCE)
		return;
	next = pick(s, nm, i + 1);
	/* The peer may have roamed to a port where it is no longer. */
	if (next != i || at->port != u->port)
		use(s, u, next, true, now);
}

void
name_give_port(struct names *s, struct name_user *u, uint64_t now)
{
	const struct endpoint *at = s->out.present(s->out.arg, u->owner);
	int i = find(u->name, at);

	if (i != -1 && at->port != u->port)
		use(s, u, pick(s, u->name, i), false, now);
}

void
name_give_another(struct names *s, struct name_user *u, uint64_t now)
{
	const struct endpoint *at = s->out.present(s->out.arg, u->owner);
	struct name *nm = u->name;
	int i = find(nm, at);

	if (i == -1 && u->silent >= NAMES_SILENT && now < nm->until)
		use(s, u, pick(s, nm, 0), true, now);
	else if (i != -1 && now - u->since >= NAMES_PATIENCE &&
	    (nm->n > 1 ||
	    (at->port != u->port && u->silent >= NAMES_SILENT)))
		use(s, u, pick(s, nm, i + 1), true, now);
}

bool
names_next(struct names *s, struct name_user *u, uint64_t now)
{
	struct name *nm = u->name;
	int i, next;

	if (nm == NULL || nm->n < 2)
		return false;
	i = find(nm, s->out.present(s->out.arg, u->owner));
	if (i == -1)
		return false;
	nm->bad |= (uint16_t)(1U << i);
	next = pick(s, nm, i + 1);
	if ((nm->bad & 1U << next) != 0 || !can_send(s, nm, next))
		return false;
	use(s, u, next, true, now);
	return true;
}

uint8_t
name_take(struct name *nm, const struct resolved *a)
{
	struct endpoint at[RESOLVE_ADDRS_MAX], *e = at;
	size_t i;
	uint8_t n;

	memset(at, 0, sizeof(at));
	for (i = 0; i < a->n && i < RESOLVE_ADDRS_MAX; i++) {
		if (!names_is_usable(a->at[i].family, a->at[i].addr))
			continue;
		e->family = a->at[i].family;
		memcpy(e->addr, a->at[i].addr, sizeof(e->addr));
		/* What is there twice would be the next one of itself. */
		if (find_in(at, (int)(e - at), e) == -1)
			e++;
	}
	n = (uint8_t)(e - at);
	/* An answer without any changes nothing. */
	if (n > 0) {
		memcpy(nm->at, at, sizeof(nm->at));
		nm->n = n;
		nm->bad = 0;
	}
	return n;
}
