/* SPDX-License-Identifier: ISC */
/*
 * The judgement: see health.h.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctld/health.h"

#define FRESH		180	/* s, REJECT_AFTER_TIME: life of a session */
#define SKEW		180	/* s that clocks may differ */
#define TRIES		3	/* handshakes without answer */
#define RECENT		900	/* s that a stranger's visit is of interest */
#define AGE_TEXT	32

/* What one call tells, and to whom. */
struct teller {
	health_emit	*emit;
	void		*arg;
	const char	*peer;
	unsigned	 n;
};

__attribute__((format(printf, 3, 4))) static void
say(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, size, fmt, ap);
	va_end(ap);
}
#define PROBLEM(h, ...)	say((h)->problem, sizeof((h)->problem), __VA_ARGS__)
#define ADVICE(h, ...)	say((h)->advice, sizeof((h)->advice), __VA_ARGS__)

static void
tell(struct teller *t, struct health *h, enum health_severity severity)
{
	h->severity = severity;
	say(h->peer, sizeof(h->peer), "%s", t->peer);
	t->n++;
	t->emit(t->arg, h);
}

const char *
health_severity_name(enum health_severity s)
{
	return s == HEALTH_ERROR ? "error" : "warning";
}

/* "40 s", "5 min", "3 h", "12 days". */
static const char *
span(char buf[AGE_TEXT], uint64_t s)
{
	if (s < 120)
		say(buf, AGE_TEXT, "%llu s", (unsigned long long)s);
	else if (s < 120 * 60)
		say(buf, AGE_TEXT, "%llu min", (unsigned long long)s / 60);
	else if (s < 48 * 3600)
		say(buf, AGE_TEXT, "%llu h", (unsigned long long)s / 3600);
	else
		say(buf, AGE_TEXT, "%llu days",
		    (unsigned long long)s / 86400);
	return buf;
}

static const char *
plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static uint64_t
age(const struct health_facts *f, uint64_t then)
{
	return f->now > then ? f->now - then : 0;
}

static bool
is_recent(const struct health_facts *f, uint64_t then)
{
	return age(f, then) <= RECENT;
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
	tell(t, &h, HEALTH_ERROR);
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
	tell(t, &h, HEALTH_WARNING);
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
	tell(t, &h, HEALTH_ERROR);
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
	tell(t, &h, HEALTH_ERROR);
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
	say(buf, size, " (never connected so far: ");
	for (i = 0; i < n; i++) {
		len = strlen(buf);
		say(buf + len, size - len, "%s%s", i > 0 ? ", " : "",
		    f->unseen_name[i]);
	}
	len = strlen(buf);
	if (f->unseen > n)
		say(buf + len, size - len, " and %u more)", f->unseen - n);
	else
		say(buf + len, size - len, ")");
}

static void
strangers(const struct health_facts *f, struct teller *t)
{
	const struct health_stranger *s;
	char key[BASE64_KEY_SIZE], last[AGE_TEXT], unseen[320];
	struct health h;
	unsigned i;

	print_unseen(f, unseen, sizeof(unseen));
	for (i = 0; i < f->nstrangers; i++) {
		s = &f->stranger[i];
		if (!is_recent(f, s->last))
			continue;
		base64_key_encode(key, s->key);
		PROBLEM(&h, "a host with the public key %s tries to connect, "
		    "but no peer has this key (%llu time%s, the last %s ago)",
		    key, (unsigned long long)s->count, plural(s->count),
		    span(last, age(f, s->last)));
		/* Who knows our key can make one and come: no word to add it. */
		ADVICE(&h, "look on your hosts, for it may be anybody: if one "
		    "of them has this public key, that of its peer is wrong "
		    "%s%s%s: put this one there; if none has, leave it: to "
		    "know our public key alone is of no use",
		    f->configured ? "in " : "here", f->configured ?
		    f->file : "", unseen);
		tell(t, &h, HEALTH_WARNING);
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
		tell(t, &h, f->told[i].severity);
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

/*
 * A peer.
 */

struct subject {
	const struct health_facts *f;
	const struct health_peer *p;
	const struct peer_info	*i;
	struct teller		 t;
	char			 key[BASE64_KEY_SIZE];
	char			 at[ENDPOINT_TEXT];	/* or "" */
	char			 addr[PREFIX_TEXT];	/* without its port */
	bool			 fresh;		/* it has a session */
};

static bool
has_address(const struct subject *s)
{
	return s->at[0] != '\0';
}

/* What was told is a pity while it has a session, and its end without. */
static enum health_severity
severity_of(const struct subject *s)
{
	return s->fresh ? HEALTH_WARNING : HEALTH_ERROR;
}

/*
 * Peers that answer, and cannot be understood.  True if that explains all
 * handshakes that came to nothing.
 */
static bool
other_psk(struct subject *s)
{
	struct health h;

	if (s->i->bad_response == 0)
		return false;
	PROBLEM(&h, "it answers, but its answers do not authenticate (%u so "
	    "far): the preshared keys of the two sides differ",
	    s->i->bad_response);
	if (!s->f->configured)
		ADVICE(&h, "set the same on both sides: wg set %s peer %s "
		    "preshared-key FILE", s->f->ifname, s->key);
	else if (s->p->psk)
		ADVICE(&h, "compare the preshared-key files of the two hosts, "
		    "or make a new one by \"warrenctl genpsk\" for both; then "
		    "reload both");
	else
		ADVICE(&h, "here it has no preshared-key, so the other side "
		    "has one for us: give both the same, or remove it there");
	tell(&s->t, &h, severity_of(s));
	return s->i->tries < TRIES + s->i->bad_response;
}

/* ", its clock is 3 h behind ours" */
static const char *
print_skew(const struct subject *s, char *buf, size_t size)
{
	int64_t skew = s->i->skew;
	char text[AGE_TEXT];
	uint64_t off = skew < 0 ? 0 - (uint64_t)skew : (uint64_t)skew;

	say(buf, size, "%s %s ours", span(text, off), skew < 0 ? "behind" :
	    "ahead of");
	return buf;
}

static bool
is_skewed(const struct subject *s)
{
	return s->i->has_skew && (s->i->skew >= SKEW || s->i->skew <= -SKEW);
}

static bool
other_time(struct subject *s)
{
	char skew[AGE_TEXT + 16];
	struct health h;

	print_skew(s, skew, sizeof(skew));
	if (s->i->stale > 0) {
		PROBLEM(&h, "its handshakes are refused (%u so far), for they "
		    "are older than its last one: its clock was set back%s%s, "
		    "or somebody replays them", s->i->stale, is_skewed(s) ?
		    " and is now " : "", is_skewed(s) ? skew : "");
		ADVICE(&h, "set the clock of that host (\"date -u\" on both "
		    "must agree); it connects as soon as its clock has passed "
		    "the time of its last handshake");
		tell(&s->t, &h, severity_of(s));
		return true;
	}
	if (!is_skewed(s))
		return false;
	PROBLEM(&h, "its clock is %s", skew);
	ADVICE(&h, "compare \"date -u\" on both hosts and set the wrong clock "
	    "now: when it is set back later, its host is locked out until it "
	    "has caught up");
	tell(&s->t, &h, HEALTH_WARNING);
	return false;
}

static void
advise_send(struct subject *s, struct health *h)
{
	switch (s->p->ep->error) {
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case EHOSTDOWN:
		ADVICE(h, "this host has no way there: see \"ip route get "
		    "%s\", and whether its uplink is up", s->addr);
		break;
	case EPERM:
	case EACCES:
		ADVICE(h, "a firewall of this host forbids it: see its output "
		    "rules (\"nft list ruleset\") for UDP to %s", s->at);
		break;
	case EAFNOSUPPORT:
	case EADDRNOTAVAIL:
		ADVICE(h, "this host has no address that could be the sender: "
		    "see \"ip address\", or give the peer an endpoint of the "
		    "other IP version");
		break;
	case EMSGSIZE:
		ADVICE(h, "the way there takes smaller packets only: lower "
		    "the mtu of %s", s->f->ifname);
		break;
	default:
		ADVICE(h, "see \"ip route get %s\" and the log of the kernel",
		    s->addr);
	}
}

static bool
not_sent(struct subject *s)
{
	struct health h;

	if (s->p->ep->error == 0 || !has_address(s))
		return false;
	PROBLEM(&h, "packets to %s cannot be sent: %s", s->at,
	    strerror(s->p->ep->error));
	advise_send(s, &h);
	tell(&s->t, &h, severity_of(s));
	return true;
}

static const struct health_badmac *
badmac_of(const struct subject *s)
{
	const struct endpoint *at = &s->p->ep->at.endpoint;
	const struct health_badmac *b;
	unsigned i;

	for (i = 0; i < s->f->nbadmacs; i++) {
		b = &s->f->badmac[i];
		if (b->from.family == at->family &&
		    memcmp(b->from.addr, at->addr, sizeof(at->addr)) == 0 &&
		    is_recent(s->f, b->last) &&
		    b->last > s->i->handshake_sec)
			return b;
	}
	return NULL;
}

/* It has a wrong key for us: what it sends is meant for somebody else. */
static bool
other_key(struct subject *s)
{
	const struct health_badmac *b;
	char ours[BASE64_KEY_SIZE], last[AGE_TEXT];
	struct health h;

	if (!has_address(s) || (b = badmac_of(s)) == NULL)
		return false;
	base64_key_encode(ours, s->f->key);
	PROBLEM(&h, "the host at %s uses a public key for us that is not ours "
	    "(%llu handshake%s, the last %s ago)", s->addr,
	    (unsigned long long)b->count, plural(b->count),
	    span(last, age(s->f, b->last)));
	if (s->f->has_key)
		ADVICE(&h, "on that host our public key must be %s; if it is, "
		    "another host behind this address has a wrong one, or "
		    "somebody forges the address", ours);
	else
		ADVICE(&h, "we have no key yet: set our private key first");
	/* Anybody can forge an address: no alarm about one at rest. */
	tell(&s->t, &h, s->i->handshake_sec != 0 && s->i->tries == 0 ?
	    HEALTH_WARNING : severity_of(s));
	return true;
}

static bool
no_name(struct subject *s)
{
	const char *still = has_address(s) ? "; still in use: " : "";
	enum name_state state = s->p->ep->name;
	struct health h;
	char host[CONF_HOST_MAX];

	if ((state != NAME_UNKNOWN && state != NAME_SILENT &&
	    state != NAME_REFUSED) || s->fresh)
		return false;
	/* "host port 1", "host:1" */
	say(host, sizeof(host), "%.*s", (int)strcspn(s->p->host, " :"),
	    s->p->host);
	if (state == NAME_UNKNOWN) {
		PROBLEM(&h, "its endpoint is not found: there is no host "
		    "\"%s\" in the DNS%s%s", host, still, s->at);
		ADVICE(&h, "check the name in %s, and \"getent hosts %s\" on "
		    "this host", s->f->file, host);
	} else if (state == NAME_SILENT) {
		PROBLEM(&h, "its endpoint is not found: no name server "
		    "answers what the address of \"%s\" is%s%s", host, still,
		    s->at);
		ADVICE(&h, "check the name servers in /etc/resolv.conf and "
		    "the way to them; while resolverd runs, it goes on "
		    "asking");
	} else {
		PROBLEM(&h, "its endpoint is not found: the name servers "
		    "would not say what the address of \"%s\" is%s%s", host,
		    still, s->at);
		ADVICE(&h, "ask them by \"getent hosts %s\" on this host; if "
		    "they fail or refuse, their logs say why", host);
	}
	tell(&s->t, &h, has_address(s) ? HEALTH_WARNING : HEALTH_ERROR);
	return !has_address(s);
}

static void
no_answer(struct subject *s)
{
	char ours[BASE64_KEY_SIZE], since[AGE_TEXT];
	uint16_t port = s->p->ep->at.endpoint.port;
	struct health h;

	if (s->i->tries < TRIES - 1 || !has_address(s))
		return;
	base64_key_encode(ours, s->f->key);
	if (s->i->tries < TRIES) {
		if (s->fresh)
			return;
		PROBLEM(&h, "no answer yet from %s to %u handshakes", s->at,
		    s->i->tries);
		ADVICE(&h, "look again in some seconds");
		tell(&s->t, &h, HEALTH_WARNING);
		return;
	}
	if (s->i->handshake_sec == 0) {
		PROBLEM(&h, "no answer from %s: %u handshakes were sent and "
		    "none was ever answered", s->at, s->i->tries);
		ADVICE(&h, "check there: is the host up, does UDP port %u "
		    "reach it (firewall, NAT), does it know us by our public "
		    "key %s, and is %s really its own", port, ours, s->key);
	} else {
		PROBLEM(&h, "no answer from %s to %u handshakes; the last "
		    "session began %s ago", s->at, s->i->tries,
		    span(since, age(s->f, s->i->handshake_sec)));
		ADVICE(&h, "it worked before; check there: is the host up, is "
		    "its address still this one, does UDP port %u reach it, "
		    "was a key changed (ours is %s, its is %s)", port, ours,
		    s->key);
	}
	tell(&s->t, &h, severity_of(s));
}

static void
subject_init(struct subject *s, const struct health_facts *f,
    const struct health_peer *p)
{
	const struct endpoint *e = &p->ep->at.endpoint;
	struct prefix px;

	memset(s, 0, sizeof(*s));
	s->f = f;
	s->p = p;
	s->i = p->info;
	base64_key_encode(s->key, p->info->public_key);
	if (e->family != 0) {
		endpoint_print(e, s->at, sizeof(s->at));
		memset(&px, 0, sizeof(px));
		px.family = e->family;
		px.cidr = e->family == AF_INET ? 32 : 128;
		memcpy(px.addr, e->addr, sizeof(px.addr));
		prefix_print(&px, s->addr, sizeof(s->addr));
		s->addr[strcspn(s->addr, "/")] = '\0';
	}
	s->fresh = p->info->handshake_sec != 0 &&
	    age(f, p->info->handshake_sec) < FRESH;
}

unsigned
health_peer(const struct health_facts *f, const struct health_peer *p,
    health_emit *emit, void *arg)
{
	struct subject s;
	bool known;

	subject_init(&s, f, p);
	s.t.emit = emit;
	s.t.arg = arg;
	s.t.peer = *p->name != '\0' ? p->name : s.key;
	/* One cause is enough to explain that it does not answer. */
	known = other_psk(&s);
	known |= other_time(&s);
	known |= not_sent(&s);
	known |= other_key(&s);
	known |= no_name(&s);
	if (!known)
		no_answer(&s);
	return s.t.n;
}
