/* SPDX-License-Identifier: ISC */
/*
 * The messages of the parent, cryptod and ctld.  Each is read to its end
 * before anything of it is applied.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "netd/netd.h"
#include "shared/clock.h"
#include "shared/msg_net.h"

int
on_ring(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;
	struct ring_offer o;

	(void)l;
	if (n->has_ring || ring_offer_recv(m, &o) == -1 || o.worker != 0 ||
	    ring_attach(&n->ring, m->fd, o.bulk_size, o.urgent_slots) == -1)
		return -1;
	n->has_ring = true;
	child_check_ready(n);
	return 0;
}

int
on_index_page(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;

	(void)l;
	if (n->has_page || index_page_attach(&n->page, m->fd) == -1)
		return -1;
	n->has_page = true;
	child_check_ready(n);
	return 0;
}

static void
on_bell(evutil_socket_t fd, short what, void *arg)
{
	uint8_t buf[256];
	ssize_t got;

	(void)what;
	(void)arg;
	/* That it rang is all; the loop looks at the ring anyway. */
	got = read(fd, buf, sizeof(buf));
	if (got == 0)
		event_del(((struct netd *)arg)->bell_ev);
}

static void
hear(struct netd *n, int fd)
{
	n->bell_hear = fd;
	n->bell_ev = event_new(n->child.base, fd, EV_READ | EV_PERSIST,
	    on_bell, n);
	if (n->bell_ev == NULL || event_add(n->bell_ev, NULL) == -1)
		fatalx("cannot watch the doorbell");
}

int
on_bell_fd(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;
	enum bell which;
	uint16_t worker;

	(void)l;
	if (bell_fd_recv(m, &which, &worker) == -1 || worker != 0 ||
	    (which == BELL_HEAR ? n->bell_hear : n->bell_ring) != -1)
		return -1;
	if (fcntl(m->fd, F_SETFL, O_NONBLOCK) == -1)
		fatal("doorbell");
	if (which == BELL_HEAR)
		hear(n, m->fd);
	else {
		n->bell_ring = m->fd;
		ring_set_bell(&n->ring, m->fd);
	}
	m->fd = -1;
	child_check_ready(n);
	return 0;
}

int
on_route_fd(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;

	(void)l;
	if (n->route_fd != -1)
		return -1;
	n->route_fd = m->fd;
	m->fd = -1;
	if (route_init(n) == -1)
		fatalx("cannot watch the routes");
	child_check_ready(n);
	return 0;
}

int
on_udp_fd(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;
	uint8_t family;
	uint16_t port;

	(void)l;
	if (udp_fd_recv(m, &family, &port) == -1 ||
	    udp_set(n, family, m->fd) == -1)
		return -1;
	m->fd = -1;
	route_unpin_all(n);
	return 0;
}

int
on_udp_close(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;

	(void)l;
	(void)m;
	udp_close(n, UDP_V4);
	udp_close(n, UDP_V6);
	return 0;
}

int
on_link_state(void *arg, struct link *l, struct imsg *m)
{
	struct link_state s;

	(void)arg;
	(void)l;
	/* The sockets come and go by themselves; nothing else depends on it. */
	return link_state_recv(m, &s);
}

int
on_socket_state(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;
	uint16_t port;
	uint32_t mark;

	(void)l;
	if (socket_state_recv(m, &port, &mark) == -1)
		return -1;
	/* It comes after the sockets. */
	n->sockets_come = false;
	if (mark != n->mark) {
		n->mark = mark;
		route_unpin_all(n);
	}
	return 0;
}

int
on_remote_add(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;
	struct remote_id id;
	struct rbuf r, again;
	struct device *d;

	(void)l;
	rbuf_init(&r, m->data, m->len);
	again = r;
	while (!r.fail && r.left > 0) {
		get_remote_add(&r, &id);
		if (id.device == 0 || id.slot >= DEVICE_SLOTS)
			return -1;
	}
	if (rbuf_end(&r) == -1)
		return -1;
	while (again.left > 0) {
		get_remote_add(&again, &id);
		d = device_add_key(&n->devices, id.device, id.slot,
		    id.public_key);
		if (d == NULL && errno == ENOSPC)
			return -1;
		if (d == NULL)
			fatal("no memory for a device");
		device_appeared(n, d);
	}
	return 0;
}

int
on_remote_del(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;
	struct remote_id id;
	struct rbuf r, again;

	(void)l;
	rbuf_init(&r, m->data, m->len);
	again = r;
	while (!r.fail && r.left > 0) {
		get_remote_del(&r, &id);
		if (id.device == 0 || id.slot >= DEVICE_SLOTS)
			return -1;
	}
	if (rbuf_end(&r) == -1)
		return -1;
	while (again.left > 0) {
		get_remote_del(&again, &id);
		device_del_key(&n->devices, id.device, id.slot);
	}
	return 0;
}

int
on_local_key(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;
	uint8_t slot, pub[KEY_SIZE];
	bool set;

	(void)l;
	if (local_key_recv(m, &slot, &set, pub) == -1 || slot >= LOCAL_KEYS)
		return -1;
	envelope_set_key(&n->envelope, slot, set ? pub : NULL,
	    clock_boottime());
	return 0;
}

static void
set_endpoint(struct netd *n, const struct device_endpoint *e)
{
	struct device *d = device_find(&n->devices, e->device);

	if (d == NULL)
		n->count.endpoint_stale++;
	else
		device_place(n, d, &e->endpoint);
}

int
on_endpoint_set(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;
	struct device_endpoint e;
	struct rbuf r, again;

	(void)l;
	rbuf_init(&r, m->data, m->len);
	again = r;
	while (!r.fail && r.left > 0) {
		get_device_endpoint(&r, &e);
		if (e.path != 0)
			return -1;
	}
	if (rbuf_end(&r) == -1)
		return -1;
	while (again.left > 0) {
		get_device_endpoint(&again, &e);
		set_endpoint(n, &e);
	}
	return 0;
}

int
on_get_endpoints(void *arg, struct link *l, struct imsg *m)
{
	struct endpoint_info out[GET_ENDPOINTS_MAX];
	struct netd *n = arg;
	uint32_t ids[GET_ENDPOINTS_MAX];
	const struct device *d;
	size_t i, asked, found = 0;

	if (get_endpoints_recv(m, ids, &asked) == -1)
		return -1;
	for (i = 0; i < asked; i++) {
		if ((d = device_find(&n->devices, ids[i])) == NULL)
			continue;
		memset(&out[found], 0, sizeof(out[found]));
		out[found].at.device = d->id;
		out[found].at.endpoint = d->at.remote;
		out[found].error = d->error;
		out[found].name = names_state(&d->user);
		found++;
	}
	endpoints_send(l, m->id, out, found);
	return 0;
}

int
on_sync(void *arg, struct link *l, struct imsg *m)
{
	/* What came of the messages before it goes first. */
	has_flush(arg);
	synced_send(l, m->id);
	return 0;
}
