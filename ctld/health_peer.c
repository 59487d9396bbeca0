/* SPDX-License-Identifier: ISC */
/*
 * The judgement on a peer: see health.h.
 */
#include <errno.h>
#include <string.h>

#include "ctld/health_tell.h"

#define FRESH		180	/* s, REJECT_AFTER_TIME: life of a session */
#define SKEW		180	/* s that clocks may differ */
#define TRIES		3	/* handshakes without answer */

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
	health_tell(&s->t, &h, severity_of(s));
	return s->i->tries < TRIES + s->i->bad_response;
}

/* ", its clock is 3 h behind ours" */
static const char *
print_skew(const struct subject *s, char *buf, size_t size)
{
	int64_t skew = s->i->skew;
	char text[HEALTH_SPAN];
	uint64_t off = skew < 0 ? 0 - (uint64_t)skew : (uint64_t)skew;

	health_say(buf, size, "%s %s ours", health_span(text, off),
	    skew < 0 ? "behind" : "ahead of");
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
	char skew[HEALTH_SPAN + 16];
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
		health_tell(&s->t, &h, severity_of(s));
		return true;
	}
	if (!is_skewed(s))
		return false;
	PROBLEM(&h, "its clock is %s", skew);
	ADVICE(&h, "compare \"date -u\" on both hosts and set the wrong clock "
	    "now: when it is set back later, its host is locked out until it "
	    "has caught up");
	health_tell(&s->t, &h, HEALTH_WARNING);
	return false;
}

/* The words that show the way of our own packets, and not of others. */
static const char *
print_route(const struct subject *s, char *buf, size_t size)
{
	if (s->f->mark == 0)
		health_say(buf, size, "ip route get %s", s->addr);
	else
		health_say(buf, size, "ip route get %s mark 0x%x", s->addr,
		    s->f->mark);
	return buf;
}

/*
 * Of a configured instance the networks of its addresses and the allowed IPs
 * are unreachable for what bears the mark, so that this is no matter of the
 * uplink most of the time.
 */
static void
advise_unreachable(const struct subject *s, struct health *h,
    const char *route)
{
	if (s->p->ep->error == EHOSTUNREACH && s->f->configured &&
	    *s->p->host == '\0')
		ADVICE(h, "if \"ip route get %s\" leads to %s, an allowed IP "
		    "covers the address where this peer is: take it out of "
		    "allowed-ips; if not, see \"%s\", and whether the uplink "
		    "is up", s->addr, s->f->ifname, route);
	else if (s->p->ep->error == EHOSTUNREACH && s->f->configured)
		ADVICE(h, "if \"ip route get %s\" leads to %s, it lies in "
		    "what the tunnel carries: the endpoint \"%s\" must be at "
		    "an address that is reached without it; if not, see "
		    "\"%s\", and whether the uplink is up", s->addr,
		    s->f->ifname, s->p->host, route);
	else
		ADVICE(h, "this host has no way there: see \"%s\", and "
		    "whether its uplink is up", route);
}

static void
advise_send(struct subject *s, struct health *h)
{
	char route[PREFIX_TEXT + 40];

	if (*s->p->inside != '\0' && *s->p->host == '\0') {
		ADVICE(h, "this address, where the peer is, lies in the "
		    "network of %s, so the way to it leads into the tunnel "
		    "itself: make that network smaller, or take another one",
		    s->p->inside);
		return;
	}
	if (*s->p->inside != '\0') {
		ADVICE(h, "this address lies in the network of %s, so the way "
		    "to it leads into the tunnel itself: the endpoint \"%s\" "
		    "must be at an address that is reached without it",
		    s->p->inside, s->p->host);
		return;
	}
	print_route(s, route, sizeof(route));
	switch (s->p->ep->error) {
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case EHOSTDOWN:
		advise_unreachable(s, h, route);
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
		ADVICE(h, "see \"%s\" and the log of the kernel", route);
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
	health_tell(&s->t, &h, severity_of(s));
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
		    health_is_recent(s->f, b->last) &&
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
	char ours[BASE64_KEY_SIZE], last[HEALTH_SPAN];
	struct health h;

	if (!has_address(s) || (b = badmac_of(s)) == NULL)
		return false;
	base64_key_encode(ours, s->f->key);
	PROBLEM(&h, "the host at %s uses a public key for us that is not ours "
	    "(%llu handshake%s, the last %s ago)", s->addr,
	    (unsigned long long)b->count, health_plural(b->count),
	    health_span(last, health_age(s->f, b->last)));
	if (s->f->has_key)
		ADVICE(&h, "on that host our public key must be %s; if it is, "
		    "another host behind this address has a wrong one, or "
		    "somebody forges the address", ours);
	else
		ADVICE(&h, "we have no key yet: set our private key first");
	/* Anybody can forge an address: no alarm about one at rest. */
	health_tell(&s->t, &h, s->i->handshake_sec != 0 && s->i->tries == 0 ?
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
	health_say(host, sizeof(host), "%.*s", (int)strcspn(s->p->host, " :"),
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
	health_tell(&s->t, &h, has_address(s) ? HEALTH_WARNING : HEALTH_ERROR);
	return !has_address(s);
}

/*
 * Handshakes are counted for the peer, wherever it was tried: none says that
 * the address it has now is the one to blame.
 */
static void
no_answer(struct subject *s)
{
	char ours[BASE64_KEY_SIZE], since[HEALTH_SPAN];
	uint16_t port = s->p->ep->at.endpoint.port;
	struct health h;

	if (s->i->tries < TRIES - 1 || !has_address(s))
		return;
	base64_key_encode(ours, s->f->key);
	if (s->i->tries < TRIES) {
		if (s->fresh)
			return;
		PROBLEM(&h, "no answer yet to %u handshakes; it is now tried "
		    "at %s", s->i->tries, s->at);
		ADVICE(&h, "look again in some seconds");
		health_tell(&s->t, &h, HEALTH_WARNING);
		return;
	}
	if (s->i->handshake_sec == 0) {
		PROBLEM(&h, "no answer to %u handshakes in a row, and never "
		    "one before; it is now tried at %s", s->i->tries, s->at);
		ADVICE(&h, "check there: is the host up, does UDP port %u "
		    "reach it (firewall, NAT), does it know us by our public "
		    "key %s, and is %s really its own", port, ours, s->key);
	} else {
		PROBLEM(&h, "no answer to %u handshakes in a row, the last "
		    "session began %s ago; it is now tried at %s", s->i->tries,
		    health_span(since, health_age(s->f, s->i->handshake_sec)),
		    s->at);
		ADVICE(&h, "it worked before; check there: is the host up, is "
		    "its address still this one, does UDP port %u reach it, "
		    "was a key changed (ours is %s, its is %s)", port, ours,
		    s->key);
	}
	health_tell(&s->t, &h, severity_of(s));
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
	/* Nor far in the future, by a clock that was set back since. */
	s->fresh = p->info->handshake_sec != 0 &&
	    health_age(f, p->info->handshake_sec) < FRESH &&
	    p->info->handshake_sec < f->now + FRESH;
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
