/* SPDX-License-Identifier: ISC */
/*
 * Codecs of the helpers' messages: see msg_helper.h.
 */
#include <string.h>

#include "shared/codec.h"
#include "shared/msg_helper.h"

#define ADDR_WIRE	17		/* family and 16 bytes */

void
resolve_send(struct link *l, uint32_t id, const char *name)
{
	uint8_t buf[2 + RESOLVE_NAME_MAX];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_str(&w, name);
	link_send_wbuf(l, MSG_RESOLVE, id, -1, &w);
}

int
resolve_recv(const struct imsg *m, char name[RESOLVE_NAME_MAX])
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	get_str(&r, name, RESOLVE_NAME_MAX);
	return rbuf_end(&r);
}

void
resolved_send(struct link *l, uint32_t id, const struct resolved *a)
{
	uint8_t buf[6 + RESOLVE_ADDRS_MAX * ADDR_WIRE];
	struct wbuf w;
	size_t i;

	wbuf_init(&w, buf, sizeof(buf));
	put_u8(&w, (uint8_t)a->status);
	put_u32(&w, a->ttl);
	put_u8(&w, (uint8_t)a->n);
	for (i = 0; i < a->n; i++) {
		put_u8(&w, a->at[i].family);
		put_bytes(&w, a->at[i].addr, sizeof(a->at[i].addr));
	}
	link_send_wbuf(l, MSG_RESOLVED, id, -1, &w);
}

/* IPv4 uses the first 4 bytes; the others must be zero. */
static bool
address_is_clean(uint8_t family, const uint8_t addr[16])
{
	static const uint8_t zero[12];

	if (family == AF_INET)
		return memcmp(addr + 4, zero, sizeof(zero)) == 0;
	return family == AF_INET6;
}

int
resolved_recv(const struct imsg *m, struct resolved *a)
{
	struct rbuf r;
	uint8_t status;
	size_t i;

	memset(a, 0, sizeof(*a));
	rbuf_init(&r, m->data, m->len);
	status = get_u8(&r);
	a->ttl = get_u32(&r);
	a->n = get_u8(&r);
	if (status > RESOLVE_REFUSED || a->n > RESOLVE_ADDRS_MAX ||
	    (status == RESOLVE_OK) != (a->n > 0)) {
		a->n = 0;
		r.fail = true;
	}
	a->status = status;
	for (i = 0; i < a->n; i++) {
		a->at[i].family = get_u8(&r);
		get_bytes(&r, a->at[i].addr, sizeof(a->at[i].addr));
		if (!address_is_clean(a->at[i].family, a->at[i].addr))
			r.fail = true;
	}
	return rbuf_end(&r);
}

void
dns_reset_send(struct link *l)
{
	link_send(l, MSG_DNS_RESET, 0, -1, NULL, 0);
}

void
dns_fd_send(struct link *l, const struct endpoint *server, int fd)
{
	uint8_t buf[ENDPOINT_WIRE];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_endpoint(&w, server);
	link_send_wbuf(l, MSG_DNS_FD, 0, fd, &w);
}

int
dns_fd_recv(const struct imsg *m, struct endpoint *server)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	get_endpoint(&r, server);
	if (server->family == 0)
		r.fail = true;
	return rbuf_end(&r);
}

void
hosts_fd_send(struct link *l, int fd)
{
	link_send(l, MSG_HOSTS_FD, 0, fd, NULL, 0);
}

void
dns_wanted_send(struct link *l)
{
	link_send(l, MSG_DNS_WANTED, 0, -1, NULL, 0);
}

void
helper_show_send(struct link *l, uint32_t id, uint8_t topic)
{
	link_send(l, MSG_HELPER_SHOW, id, -1, &topic, 1);
}

int
helper_show_recv(const struct imsg *m, uint8_t *topic)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	*topic = get_u8(&r);
	return rbuf_end(&r);
}

void
helper_row_send(struct link *l, uint32_t id, const struct wbuf *w)
{
	if (!w->fail)
		link_send(l, MSG_HELPER_ROW, id, -1, w->p, w->len);
}

void
helper_show_end_send(struct link *l, uint32_t id)
{
	link_send(l, MSG_HELPER_SHOW_END, id, -1, NULL, 0);
}
