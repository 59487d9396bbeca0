/* SPDX-License-Identifier: ISC */
/*
 * The interface, its peers and what is wrong with them, as rows.  Keys that
 * are secret are not asked for, so this path never holds any.
 *
 * Health comes last, and nobody keeps the judgements on ten thousand peers
 * meanwhile: if there is any, the peers are gone through a second time.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctld/control.h"
#include "ctld/ctld.h"
#include "shared/hex.h"
#include "shared/version.h"

#define CUT	", ..."

static struct status *
status_of(struct client *c)
{
	return &control_of(c)->status;
}

static const char *
build_name(void)
{
#ifdef SANDBOX_DEBUG
	return "sandbox debug build";
#else
	return warren_is_sanitizer_build() ? "sanitizer build" : "normal";
#endif
}

static void
interface_row(struct ctld *ctx, struct client *c, const struct device_info *d)
{
	const struct names *n = ctx->conf.names;
	char key[BASE64_KEY_SIZE] = "";
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	if (d->has_identity)
		base64_key_encode(key, d->public_key);
	row_begin(&w, buf, sizeof(buf), "interface");
	row_str(&w, "instance", ctx->child.startup.instance);
	row_str(&w, "interface", ctx->link_state.ifname);
	row_bool(&w, "up", ctx->link_state.up);
	row_u64(&w, "mtu", ctx->link_state.mtu);
	row_str(&w, "public_key", key);
	row_u64(&w, "listen_port", ctx->port);
	row_u64(&w, "fwmark", ctx->mark);
	row_u64(&w, "peers", d->peers);
	row_str(&w, "mode", ctld_is_configured(ctx) ? "configured" : "bare");
	if (ctld_is_configured(ctx)) {
		row_str(&w, "config_file", names_file(n));
		row_str(&w, "key_source", names_key_source(n));
		row_str(&w, "addresses", names_addresses(n));
		row_str(&w, "routes", names_routes(n));
	}
	row_str(&w, "version", warren_version());
	row_str(&w, "build", build_name());
	control_row(c, &w);
}

static const char *
name_state(enum name_state s)
{
	switch (s) {
	case NAME_NONE:
		break;
	case NAME_WAITING:
		return "waiting";
	case NAME_OK:
		return "ok";
	case NAME_UNKNOWN:
		return "unknown";
	case NAME_SILENT:
		return "silent";
	case NAME_REFUSED:
		return "refused";
	}
	return "";
}

static void
name_columns(struct wbuf *w, const struct name *n,
    const struct endpoint_info *ep)
{
	row_str(w, "endpoint_name", n != NULL ? n->endpoint : "");
	row_str(w, "name_state", name_state(ep->name));
}

static void
peer_row(struct ctld *ctx, struct client *c, const struct status_peer *p,
    const struct name *n)
{
	char key[BASE64_KEY_SIZE], ep[ENDPOINT_TEXT] = "";
	bool configured = ctld_is_configured(ctx);
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	base64_key_encode(key, p->info.public_key);
	if (p->ep.at.endpoint.family != 0)
		endpoint_print(&p->ep.at.endpoint, ep, sizeof(ep));
	row_begin(&w, buf, sizeof(buf), "peer");
	row_u64(&w, "device", p->info.device);
	if (configured)
		row_str(&w, "name", n != NULL ? n->name : "");
	row_str(&w, "public_key", key);
	row_str(&w, "endpoint", ep);
	if (configured)
		name_columns(&w, n, &p->ep);
	row_str(&w, "allowed_ips", p->text);
	row_u64(&w, "allowed_ips_count", p->ips);
	row_u64(&w, "latest_handshake", p->info.handshake_sec);
	row_u64(&w, "rx_bytes", p->info.rx_bytes);
	row_u64(&w, "tx_bytes", p->info.tx_bytes);
	row_u64(&w, "keepalive", p->info.keepalive);
	if (configured)
		row_bool(&w, "psk", n != NULL && n->psk);
	row_u64(&w, "tries", p->info.tries);
	row_str(&w, "send_error", p->ep.error != 0 ?
	    strerror(p->ep.error) : "");
	control_row(c, &w);
}

void
status_health(void *arg, const struct health *h)
{
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	row_begin(&w, buf, sizeof(buf), "health");
	row_str(&w, "severity", health_severity_name(h->severity));
	row_str(&w, "peer", h->peer);
	row_str(&w, "problem", h->problem);
	row_str(&w, "advice", h->advice);
	control_row(arg, &w);
}

static void
no_health(void *arg, const struct health *h)
{
	(void)arg;
	(void)h;
}

/* Is the endpoint in the network of p?  Link-local ones are on any link. */
static bool
is_within(const struct endpoint *e, const struct prefix *p)
{
	unsigned bytes = p->cidr / 8, bits = p->cidr % 8;

	if (e->family != p->family || p->cidr == 0 ||
	    (p->family == AF_INET6 &&
	    addr_is_link_local(AF_INET6, p->addr)))
		return false;
	return memcmp(e->addr, p->addr, bytes) == 0 && (bits == 0 ||
	    (e->addr[bytes] ^ p->addr[bytes]) >> (8 - bits) == 0);
}

/*
 * The address of ours in whose network it lies, "" if in none: such an
 * endpoint is unreachable, for what goes there would go into the tunnel.
 */
static const char *
own_network(const struct ctld *ctx, const struct endpoint *e,
    char buf[PREFIX_TEXT])
{
	const char *list = names_addresses(ctx->conf.names);
	struct prefix p;
	size_t len;

	for (; *list != '\0'; list += len + strspn(list + len, ", ")) {
		len = strcspn(list, ", ");
		snprintf(buf, PREFIX_TEXT, "%.*s", (int)len, list);
		if (prefix_parse(&p, buf) == 0 && is_within(e, &p))
			return buf;
	}
	return "";
}

unsigned
status_judge(struct ctld *ctx, const struct peer_info *info,
    const struct endpoint_info *ep, health_emit *emit, void *arg)
{
	const struct name *n = names_by_key(ctx->conf.names,
	    info->public_key);
	char net[PREFIX_TEXT];
	struct health_peer hp = {
		.name = n != NULL ? n->name : "",
		.host = n != NULL ? n->endpoint : "",
		.psk = n != NULL && n->psk,
		.inside = ep->error != 0 ?
		    own_network(ctx, &ep->at.endpoint, net) : "",
		.info = info,
		.ep = ep,
	};

	return health_peer(facts_now(ctx), &hp, emit, arg);
}

/* Who might be the stranger that knocks. */
static void
note_unseen(struct status *s, const struct status_peer *p,
    const struct name *n)
{
	char key[BASE64_KEY_SIZE];

	if (p->info.handshake_sec != 0)
		return;
	if (s->unseen++ >= HEALTH_UNSEEN)
		return;
	base64_key_encode(key, p->info.public_key);
	snprintf(s->unseen_name[s->unseen - 1], HEALTH_WHO, "%s",
	    n != NULL ? n->name : key);
}

/* The peer is complete now. */
static void
peer_flush(struct ctld *ctx, struct client *c)
{
	struct status *s = status_of(c);
	struct status_peer *p = &s->peer;
	const struct name *n;

	if (!p->have)
		return;
	p->have = false;
	n = names_by_key(ctx->conf.names, p->info.public_key);
	if ((s->parts & STATUS_PEERS) != 0)
		peer_row(ctx, c, p, n);
	if (c->dead || (s->parts & STATUS_HEALTH) == 0)
		return;
	note_unseen(s, p, n);
	s->problems += status_judge(ctx, &p->info, &p->ep,
	    (s->parts & STATUS_ONE) != 0 ? status_health : no_health, c);
}

static void
status_device(struct ctld *ctx, struct client *c, const struct device_info *d)
{
	struct status *s = status_of(c);

	facts_device(ctx, d);
	if ((s->parts & STATUS_INTERFACE) != 0)
		interface_row(ctx, c, d);
	if ((s->parts & (STATUS_PEERS | STATUS_HEALTH)) == 0)
		walk_stop(c);
}

static void
status_peer(struct ctld *ctx, struct client *c, const struct peer_info *info,
    const struct endpoint_info *e)
{
	struct status *s = status_of(c);
	struct status_peer *p = &s->peer;

	peer_flush(ctx, c);
	if (c->dead)
		return;
	if ((s->parts & STATUS_ONE) != 0) {
		if (s->found)
			walk_stop(c);
		if (s->found || memcmp(info->public_key, s->key,
		    sizeof(s->key)) != 0)
			return;
		s->found = true;
	}
	memset(p, 0, sizeof(*p));
	p->have = true;
	p->info = *info;
	p->ep = *e;
}

static void
status_ip(struct ctld *ctx, struct client *c, const struct prefix *px)
{
	struct status_peer *p = &status_of(c)->peer;
	char text[PREFIX_TEXT];
	size_t n;

	(void)ctx;
	p->ips++;
	if (p->cut || !p->have)
		return;
	prefix_print(px, text, sizeof(text));
	n = strlen(text) + (p->len > 0 ? 2 : 0);
	if (p->len + n + sizeof(CUT) > sizeof(p->text)) {
		memcpy(p->text + p->len, CUT, sizeof(CUT));
		p->cut = true;
		return;
	}
	snprintf(p->text + p->len, sizeof(p->text) - p->len, "%s%s",
	    p->len > 0 ? ", " : "", text);
	p->len += n;
}

static void
again_device(struct ctld *ctx, struct client *c, const struct device_info *d)
{
	(void)ctx;
	(void)c;
	(void)d;
}

static void
again_peer(struct ctld *ctx, struct client *c, const struct peer_info *info,
    const struct endpoint_info *e)
{
	status_judge(ctx, info, e, status_health, c);
}

static void
again_ip(struct ctld *ctx, struct client *c, const struct prefix *px)
{
	(void)ctx;
	(void)c;
	(void)px;
}

static void
again_done(struct ctld *ctx, struct client *c)
{
	(void)ctx;
	control_done(c, 0, "");
}

/* The second time, for what is wrong only. */
static const struct walk_ops again_ops = {
	.secrets = false,
	.endpoints = true,
	.device = again_device,
	.peer = again_peer,
	.prefix = again_ip,
	.done = again_done,
};

static void
no_peer(struct client *c)
{
	char text[CTL_TEXT_MAX];

	snprintf(text, sizeof(text), "no peer \"%.64s\"; see \"warrenctl "
	    "peers\"", control_of(c)->name);
	control_done(c, ENOENT, text);
}

static void
status_done(struct ctld *ctx, struct client *c)
{
	struct status *s = status_of(c);
	struct health_facts *f;

	peer_flush(ctx, c);
	if (c->dead)
		return;
	if ((s->parts & STATUS_ONE) != 0) {
		if (s->found)
			control_done(c, 0, "");
		else
			no_peer(c);
		return;
	}
	if ((s->parts & STATUS_HEALTH) != 0) {
		f = facts_now(ctx);
		f->unseen = s->unseen;
		memcpy(f->unseen_name, s->unseen_name,
		    sizeof(f->unseen_name));
		health_interface(f, status_health, c);
	}
	client_flush(c);
	if (c->dead)
		return;
	if (s->problems > 0)
		walk_begin(ctx, c, &again_ops);
	else
		control_done(c, 0, "");
}

static const struct walk_ops status_ops = {
	.secrets = false,
	.endpoints = true,
	.device = status_device,
	.peer = status_peer,
	.prefix = status_ip,
	.done = status_done,
};

static void
with_facts(struct ctld *ctx, struct client *c)
{
	facts_done(ctx);
	walk_begin(ctx, c, &status_ops);
}

static const struct show_sink status_sink = {
	.begin = facts_begin,
	.row = facts_row,
	.done = with_facts,
};

static void
begin(struct ctld *ctx, struct client *c)
{
	client_busy(c);
	if ((status_of(c)->parts & STATUS_HEALTH) == 0)
		walk_begin(ctx, c, &status_ops);
	else if (show_ask(ctx, c, SHOW_HEALTH, &status_sink) == -1)
		control_done(c, ENOMEM, "out of memory");
}

void
status_begin(struct ctld *ctx, struct client *c, unsigned parts)
{
	struct status *s = status_of(c);

	memset(s, 0, sizeof(*s));
	s->parts = parts;
	begin(ctx, c);
}

void
status_one(struct ctld *ctx, struct client *c, const char *name)
{
	const struct name *n = names_by_name(ctx->conf.names, name);
	struct status *s = status_of(c);

	memset(s, 0, sizeof(*s));
	s->parts = STATUS_PEERS | STATUS_HEALTH | STATUS_ONE;
	if (n != NULL)
		memcpy(s->key, n->key, sizeof(s->key));
	else if (base64_key_decode(s->key, name, strlen(name)) == -1) {
		no_peer(c);
		return;
	}
	begin(ctx, c);
}
