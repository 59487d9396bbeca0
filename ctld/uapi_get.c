/* SPDX-License-Identifier: ISC */
/*
 * The answer to the UAPI's get.  Device lines come before the first peer, as
 * wg(8) needs them; peers come in the order in which they were made.
 */
#include <sodium.h>

#include "ctld/ctld.h"
#include "ctld/uapi.h"
#include "shared/hex.h"

static void
key_line(struct client *c, const char *name, const uint8_t key[KEY_SIZE])
{
	char hex[HEX_SIZE(KEY_SIZE)];

	hex_encode(hex, sizeof(hex), key, KEY_SIZE);
	client_printf(c, "%s=%s\n", name, hex);
	sodium_memzero(hex, sizeof(hex));
}

/* Who is configured by a file gives its secrets to nobody. */
static bool
has_secrets(const struct ctld *ctx)
{
	return !ctld_is_configured(ctx);
}

static void
get_device(struct ctld *ctx, struct client *c, const struct device_info *d)
{
	if (d->has_identity && d->has_secret && has_secrets(ctx))
		key_line(c, "private_key", d->private_key);
	if (ctx->port != 0)
		client_printf(c, "listen_port=%u\n", ctx->port);
	if (ctx->mark != 0)
		client_printf(c, "fwmark=%u\n", ctx->mark);
}

static void
get_peer(struct ctld *ctx, struct client *c, const struct peer_info *p,
    const struct endpoint_info *e)
{
	char text[ENDPOINT_TEXT];

	key_line(c, "public_key", p->public_key);
	if (p->has_secret && has_secrets(ctx))
		key_line(c, "preshared_key", p->psk);
	client_printf(c, "protocol_version=1\n");
	if (e->at.endpoint.family != 0) {
		endpoint_print(&e->at.endpoint, text, sizeof(text));
		client_printf(c, "endpoint=%s\n", text);
	}
	client_printf(c, "last_handshake_time_sec=%llu\n"
	    "last_handshake_time_nsec=%u\n",
	    (unsigned long long)p->handshake_sec, p->handshake_nsec);
	client_printf(c, "tx_bytes=%llu\nrx_bytes=%llu\n"
	    "persistent_keepalive_interval=%u\n",
	    (unsigned long long)p->tx_bytes, (unsigned long long)p->rx_bytes,
	    p->keepalive);
}

static void
get_ip(struct ctld *ctx, struct client *c, const struct prefix *p)
{
	char text[PREFIX_TEXT];

	(void)ctx;
	prefix_print(p, text, sizeof(text));
	client_printf(c, "allowed_ip=%s\n", text);
}

static void
get_done(struct ctld *ctx, struct client *c)
{
	ctx->count.uapi_gets++;
	client_printf(c, "errno=0\n\n");
	client_idle(c);
}

static const struct walk_ops get_ops = {
	.secrets = true,
	.endpoints = true,
	.device = get_device,
	.peer = get_peer,
	.prefix = get_ip,
	.done = get_done,
};

static const struct walk_ops get_public_ops = {
	.secrets = false,
	.endpoints = true,
	.device = get_device,
	.peer = get_peer,
	.prefix = get_ip,
	.done = get_done,
};

void
uapi_get(struct ctld *ctx, struct client *c)
{
	walk_begin(ctx, c, has_secrets(ctx) ? &get_ops : &get_public_ops);
}
