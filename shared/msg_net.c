/* SPDX-License-Identifier: ISC */
/*
 * Codecs of endpoints, SYNC and SHOW: see msg_net.h.
 */
#include "shared/log.h"
#include "shared/msg_net.h"
#include "shared/row.h"

void
put_device_endpoint(struct wbuf *w, const struct device_endpoint *e)
{
	put_u32(w, e->device);
	put_u16(w, e->path);
	put_endpoint(w, &e->endpoint);
}

void
get_device_endpoint(struct rbuf *r, struct device_endpoint *e)
{
	e->device = get_u32(r);
	e->path = get_u16(r);
	get_endpoint(r, &e->endpoint);
	if (e->device == 0)
		r->fail = true;
}

void
get_endpoints_send(struct link *l, uint32_t id, const uint32_t *devices,
    size_t n)
{
	uint8_t buf[2 + GET_ENDPOINTS_MAX * 4];
	struct wbuf w;
	size_t i;

	wbuf_init(&w, buf, sizeof(buf));
	put_u16(&w, (uint16_t)n);
	for (i = 0; i < n; i++)
		put_u32(&w, devices[i]);
	link_send_wbuf(l, MSG_GET_ENDPOINTS, id, -1, &w);
}

int
get_endpoints_recv(const struct imsg *m, uint32_t *devices, size_t *n)
{
	struct rbuf r;
	size_t i;

	rbuf_init(&r, m->data, m->len);
	*n = get_u16(&r);
	if (*n > GET_ENDPOINTS_MAX) {
		r.fail = true;
		*n = 0;
	}
	for (i = 0; i < *n; i++)
		devices[i] = get_u32(&r);
	return rbuf_end(&r);
}

void
endpoints_send(struct link *l, uint32_t id, const struct endpoint_info *e,
    size_t n)
{
	uint8_t buf[2 + GET_ENDPOINTS_MAX * (DEVICE_ENDPOINT_WIRE + 3)];
	struct wbuf w;
	size_t i;

	wbuf_init(&w, buf, sizeof(buf));
	put_u16(&w, (uint16_t)n);
	for (i = 0; i < n; i++) {
		put_device_endpoint(&w, &e[i].at);
		put_u16(&w, e[i].error);
		put_u8(&w, (uint8_t)e[i].name);
	}
	link_send_wbuf(l, MSG_ENDPOINTS, id, -1, &w);
}

int
endpoints_recv(const struct imsg *m, struct endpoint_info *e, size_t *n)
{
	struct rbuf r;
	uint8_t name;
	size_t i;

	rbuf_init(&r, m->data, m->len);
	*n = get_u16(&r);
	if (*n > GET_ENDPOINTS_MAX) {
		r.fail = true;
		*n = 0;
	}
	for (i = 0; i < *n; i++) {
		get_device_endpoint(&r, &e[i].at);
		e[i].error = get_u16(&r);
		name = get_u8(&r);
		if (name > NAME_REFUSED)
			r.fail = true;
		e[i].name = name;
	}
	return rbuf_end(&r);
}

void
put_has_endpoint(struct wbuf *w, const struct has_endpoint *h)
{
	put_u32(w, h->device);
	put_u16(w, h->path);
	put_u8(w, h->has);
}

void
get_has_endpoint(struct rbuf *r, struct has_endpoint *h)
{
	h->device = get_u32(r);
	h->path = get_u16(r);
	h->has = get_bool(r);
	if (h->device == 0)
		r->fail = true;
}

void
sync_send(struct link *l, uint32_t id)
{
	link_send(l, MSG_SYNC, id, -1, NULL, 0);
}

void
synced_send(struct link *l, uint32_t id)
{
	link_send(l, MSG_SYNCED, id, -1, NULL, 0);
}

void
show_send(struct link *l, uint32_t id, uint8_t topic)
{
	link_send(l, MSG_SHOW, id, -1, &topic, 1);
}

int
show_recv(const struct imsg *m, uint8_t *topic)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	*topic = get_u8(&r);
	if (*topic == 0 || *topic >= SHOW_TOPICS)
		r.fail = true;
	return rbuf_end(&r);
}

void
row_send(struct link *l, uint32_t id, const struct wbuf *w)
{
	if (w->fail)
		log_warnx("a row does not fit and is left out");
	else
		link_send(l, MSG_ROW, id, -1, w->p, w->len);
}

void
show_end_send(struct link *l, uint32_t id)
{
	link_send(l, MSG_SHOW_END, id, -1, NULL, 0);
}

void
show_cut_send(struct link *l, uint32_t id)
{
	static const uint8_t cut = 1;

	link_send(l, MSG_SHOW_END, id, -1, &cut, 1);
}

int
show_end_recv(const struct imsg *m, bool *cut)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	*cut = m->len > 0 && get_bool(&r);
	/* There is one way to say that it is complete. */
	if (m->len > 0 && !*cut)
		r.fail = true;
	return rbuf_end(&r);
}

void
monitor_send(struct link *l, bool on)
{
	uint8_t b = on;

	link_send(l, MSG_MONITOR, 0, -1, &b, 1);
}

int
monitor_recv(const struct imsg *m, bool *on)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	*on = get_bool(&r);
	return rbuf_end(&r);
}

void
event_send(struct link *l, const struct wbuf *w)
{
	if (!w->fail)
		link_send(l, MSG_EVENT, 0, -1, w->p, w->len);
}
