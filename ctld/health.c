/* SPDX-License-Identifier: ISC */
/*
 * The judgement on the whole, and how one is told: see health.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctld/health_tell.h"

#define RECENT		900	/* s that a stranger's visit is of interest */

void
health_say(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, size, fmt, ap);
	va_end(ap);
}

void
health_tell(struct teller *t, struct health *h, enum health_severity severity)
{
	h->severity = severity;
	health_say(h->peer, sizeof(h->peer), "%s", t->peer);
	t->n++;
	t->emit(t->arg, h);
}

const char *
health_severity_name(enum health_severity s)
{
	return s == HEALTH_ERROR ? "error" : "warning";
}

const char *
health_span(char buf[HEALTH_SPAN], uint64_t s)
{
	if (s < 120)
		health_say(buf, HEALTH_SPAN, "%llu s", (unsigned long long)s);
	else if (s < 120 * 60)
		health_say(buf, HEALTH_SPAN, "%llu min",
		    (unsigned long long)s / 60);
	else if (s < 48 * 3600)
		health_say(buf, HEALTH_SPAN, "%llu h",
		    (unsigned long long)s / 3600);
	else
		health_say(buf, HEALTH_SPAN, "%llu days",
		    (unsigned long long)s / 86400);
	return buf;
}

const char *
health_plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

uint64_t
health_age(const struct health_facts *f, uint64_t then)
{
	return f->now > then ? f->now - then : 0;
}

bool
health_is_recent(const struct health_facts *f, uint64_t then)
{
	/* Far in the future: nobody knows when, as the clock was set back. */
	return then > f->now ? then - f->now <= RECENT :
	    f->now - then <= RECENT;
}

/*
 * The interface.
 */

static void
no_key(const struct health_facts *f, struct teller *t)
{
	struct health h;

	if (f->has_key)
		return;
	PROBLEM(&h, "%s has no private key: no peer can connect", f->ifname);
	if (f->configured)
		ADVICE(&h, "the key comes from %s; the log says why it could "
		    "not be read", *f->key_source != '\0' ? f->key_source :
		    "the state directory");
	else
		ADVICE(&h, "wg set %s private-key FILE", f->ifname);
	health_tell(t, &h, HEALTH_ERROR);
}

static void
no_peers(const struct health_facts *f, struct teller *t)
{
	struct health h;

	if (f->peers > 0)
		return;
	PROBLEM(&h, "%s has no peers: there is nobody to talk to", f->ifname);
	if (f->configured)
		ADVICE(&h, "add a peer to %s, then \"warrenctl reload\"",
		    f->file);
	else
		ADVICE(&h, "wg set %s peer PUBLIC-KEY allowed-ips ADDRESS/32 "
		    "endpoint HOST:PORT", f->ifname);
	health_tell(t, &h, HEALTH_WARNING);
}

static void
not_up(const struct health_facts *f, struct teller *t)
{
	struct health h;

	if (f->up)
		return;
	PROBLEM(&h, "the interface %s is down: nothing goes through it",
	    f->ifname);
	ADVICE(&h, "ip link set %s up", f->ifname);
	if (f->configured)
		ADVICE(&h, "somebody took it down, for warrend brings it up: "
		    "ip link set %s up", f->ifname);
	health_tell(t, &h, HEALTH_ERROR);
}

static void
no_port(const struct health_facts *f, struct teller *t)
{
	struct health h;

	if (!f->up || f->port != 0)
		return;
	PROBLEM(&h, "no UDP port is open for %s: nothing is sent or received",
	    f->ifname);
	ADVICE(&h, "the log says why; \"ss -lunp\" shows who else holds the "
	    "port; warrend goes on trying");
	health_tell(t, &h, HEALTH_ERROR);
}

/* " (never connected so far: "a", "b" and 7 more)", if that is known. */
static void
print_unseen(const struct health_facts *f, char *buf, size_t size)
{
	uint32_t i, n = f->unseen < HEALTH_UNSEEN ? f->unseen : HEALTH_UNSEEN;
	size_t len;

	buf[0] = '\0';
	if (n == 0)
		return;
	health_say(buf, size, " (never connected so far: ");
	for (i = 0; i < n; i++) {
		len = strlen(buf);
		health_say(buf + len, size - len, "%s%s", i > 0 ? ", " : "",
		    f->unseen_name[i]);
	}
	len = strlen(buf);
	if (f->unseen > n)
		health_say(buf + len, size - len, " and %u more)",
		    f->unseen - n);
	else
		health_say(buf + len, size - len, ")");
}

static void
strangers(const struct health_facts *f, struct teller *t)
{
	const struct health_stranger *s;
	char key[BASE64_KEY_SIZE], last[HEALTH_SPAN], unseen[320];
	struct health h;
	unsigned i;

	print_unseen(f, unseen, sizeof(unseen));
	for (i = 0; i < f->nstrangers; i++) {
		s = &f->stranger[i];
		if (!health_is_recent(f, s->last))
			continue;
		base64_key_encode(key, s->key);
		PROBLEM(&h, "a host with the public key %s tries to connect, "
		    "but no peer has this key (%llu time%s, the last %s ago)",
		    key, (unsigned long long)s->count, health_plural(s->count),
		    health_span(last, health_age(f, s->last)));
		/* Who knows our key can come with any: no word to add it. */
		ADVICE(&h, "look on your hosts, for it may be anybody: if one "
		    "of them has this public key, that of its peer is wrong "
		    "%s%s%s: put this one there; if none has, leave it: to "
		    "know our public key alone is of no use",
		    f->configured ? "in " : "here", f->configured ?
		    f->file : "", unseen);
		health_tell(t, &h, HEALTH_WARNING);
	}
}

static void
told(const struct health_facts *f, struct teller *t)
{
	struct health h;
	unsigned i;

	for (i = 0; i < f->ntold; i++) {
		PROBLEM(&h, "%s", f->told[i].problem);
		ADVICE(&h, "%s", f->told[i].advice);
		health_tell(t, &h, f->told[i].severity);
	}
}

unsigned
health_interface(const struct health_facts *f, health_emit *emit, void *arg)
{
	struct teller t = { emit, arg, "", 0 };

	told(f, &t);
	if (*f->ifname != '\0') {
		no_key(f, &t);
		not_up(f, &t);
		no_port(f, &t);
		no_peers(f, &t);
	}
	strangers(f, &t);
	return t.n;
}
