/* SPDX-License-Identifier: ISC */
/*
 * "status": the interface and its peers, as rows.  Keys that are secret are
 * not asked for, so this path never holds any.
 */
#include <stdio.h>
#include <string.h>

#include "ctld/control.h"
#include "ctld/ctld.h"
#include "shared/hex.h"
#include "shared/version.h"

#define CUT	", ..."

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
status_device(struct ctld *ctx, struct client *c, const struct device_info *d)
{
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
	row_str(&w, "mode", "bare");
	row_str(&w, "version", warren_version());
	row_str(&w, "build", build_name());
	control_row(c, &w);
}

/* The row of the peer that is complete now. */
static void
peer_flush(struct client *c)
{
	struct status_peer *p = &control_of(c)->peer;
	char key[BASE64_KEY_SIZE], ep[ENDPOINT_TEXT] = "";
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	if (!p->have)
		return;
	p->have = false;
	base64_key_encode(key, p->info.public_key);
	if (p->endpoint.family != 0)
		endpoint_print(&p->endpoint, ep, sizeof(ep));
	row_begin(&w, buf, sizeof(buf), "peer");
	row_u64(&w, "device", p->info.device);
	row_str(&w, "public_key", key);
	row_str(&w, "endpoint", ep);
	row_str(&w, "allowed_ips", p->text);
	row_u64(&w, "allowed_ips_count", p->ips);
	row_u64(&w, "latest_handshake", p->info.handshake_sec);
	row_u64(&w, "rx_bytes", p->info.rx_bytes);
	row_u64(&w, "tx_bytes", p->info.tx_bytes);
	row_u64(&w, "keepalive", p->info.keepalive);
	control_row(c, &w);
}

static void
status_peer(struct ctld *ctx, struct client *c, const struct peer_info *info,
    const struct endpoint_info *e)
{
	struct status_peer *p = &control_of(c)->peer;

	(void)ctx;
	peer_flush(c);
	memset(p, 0, sizeof(*p));
	p->have = true;
	p->info = *info;
	p->endpoint = e->at.endpoint;
}

static void
status_ip(struct ctld *ctx, struct client *c, const struct prefix *px)
{
	struct status_peer *p = &control_of(c)->peer;
	char text[PREFIX_TEXT];
	size_t n;

	(void)ctx;
	p->ips++;
	if (p->cut)
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
status_done(struct ctld *ctx, struct client *c)
{
	(void)ctx;
	peer_flush(c);
	control_done(c, 0, "");
}

static const struct walk_ops status_ops = {
	.secrets = false,
	.device = status_device,
	.peer = status_peer,
	.prefix = status_ip,
	.done = status_done,
};

void
status_begin(struct ctld *ctx, struct client *c)
{
	memset(&control_of(c)->peer, 0, sizeof(control_of(c)->peer));
	walk_begin(ctx, c, &status_ops);
}
