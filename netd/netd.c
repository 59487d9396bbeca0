/* SPDX-License-Identifier: ISC */
/*
 * netd: the process that touches the internet.
 *
 * It holds the UDP sockets, the endpoints of devices and public keys: no
 * private key, no session key and no plaintext ever reach it.  It judges the
 * envelope of what comes in (form, index, mac1, cookies, rate), makes that of
 * what goes out, and moves records between the sockets and cryptod.
 *
 * Descriptors: 3 the link to the parent; links to cryptod and ctld; a bell
 * to ring and one to hear; the route socket; a timer; while the link is up a
 * UDP socket a family.  All were opened by the parent but the timer.
 * Talks to: the parent (sockets, configured endpoints), cryptod (rings,
 * keys), ctld (endpoints), and, in configured mode, resolverd (names).
 *
 * Who takes it over can drop, delay and redirect ciphertext, see who talks
 * to whom and how much, and send datagrams from our port.  He cannot read or
 * forge a packet: his memory is read-only to cryptod, and cryptod's to him.
 */
#include <sys/timerfd.h>

#include <sched.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "netd/netd.h"
#include "shared/clock.h"

#define NETD_NOFILE	32
#define NETD_TIMERS	64		/* a turn */
#define SPIN_LOOKS	32		/* at the ring, for one at the rest */

static const struct link_row rows[] = {
	CHILD_ROWS,
	{ MSG_BELL_FD, on_bell_fd },
	{ MSG_UDP_FD, on_udp_fd },
	{ MSG_UDP_CLOSE, on_udp_close },
	{ MSG_ROUTE_FD, on_route_fd },
	{ MSG_LINK_STATE, on_link_state },
	{ MSG_SOCKET_STATE, on_socket_state },
	{ MSG_RING, on_ring },
	{ MSG_INDEX_PAGE, on_index_page },
	{ MSG_REMOTE_ADD, on_remote_add },
	{ MSG_REMOTE_DEL, on_remote_del },
	{ MSG_LOCAL_KEY, on_local_key },
	{ MSG_ENDPOINT_SET, on_endpoint_set },
	{ MSG_SYNC, on_sync },
	{ MSG_GET_ENDPOINTS, on_get_endpoints },
	{ MSG_SHOW, on_show },
	{ MSG_MONITOR, on_monitor },
	{ MSG_CONF_BEGIN, on_conf_begin },
	{ MSG_CONF_ITEMS, on_conf_items },
	{ MSG_CONF_END, on_conf_end },
	{ MSG_CONF_COMMIT, on_conf_commit },
	{ MSG_CONF_ABORT, on_conf_abort },
	{ MSG_RESOLVED, on_resolved },
};

/* The link to cryptod opened: offer it our memory. */
static void
linked(void *arg, enum proc p)
{
	const struct ring_offer o = { 0, RING_BULK_IN, RING_URGENT_SLOTS };
	struct netd *n = arg;
	int fd;

	if (p != PROC_CRYPTOD)
		return;
	fd = ring_create(&n->ring, o.bulk_size, o.urgent_slots);
	if (fd == -1)
		fatal("cannot make the ring");
	ring_offer_send(&n->child.sibling[PROC_CRYPTOD], &o, fd);
}

static bool
is_ready(void *arg)
{
	struct netd *n = arg;

	return n->has_ring && n->has_page && n->bell_hear != -1 &&
	    n->bell_ring != -1 && n->route_fd != -1;
}

static void
stop(void *arg)
{
	struct netd *n = arg;

	udp_close(n, UDP_V4);
	udp_close(n, UDP_V6);
	device_table_clear(&n->devices);
	peers_clear(n);
	envelope_clear(&n->envelope);
}

static const struct child_conf conf = {
	.self = PROC_NETD,
	.start = &netd_start,
	.run = &netd_run,
	.rows = rows,
	.nrows = sizeof(rows) / sizeof(rows[0]),
	.siblings = PROC_BIT(PROC_CRYPTOD) | PROC_BIT(PROC_CTLD) |
	    PROC_BIT(PROC_RESOLVERD),
	.nofile = NETD_NOFILE,
	.ready = is_ready,
	.stop = stop,
	.linked = linked,
	.lost_helper = lost_helper,
};

static void
collect(void *arg, uint64_t now)
{
	struct netd *n = arg;

	if (ratelimit_gc(n->envelope.limit, now) > 0)
		netd_start_gc(n, now);
}

/* The rate limiter has entries: clear the old ones in a second. */
void
netd_start_gc(struct netd *n, uint64_t now)
{
	if (!timer_pending(&n->limit_gc))
		timer_add(&n->wheel, &n->limit_gc, now + CLOCK_NSEC_PER_SEC);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct netd *n = arg;
	uint64_t ticks;

	(void)what;
	/* The loop runs what is due. */
	if (read(fd, &ticks, sizeof(ticks)) == (ssize_t)sizeof(ticks))
		n->timer_armed = 0;
}

static void
arm_timer(struct netd *n, uint64_t now)
{
	struct itimerspec its;
	uint64_t when = 0;

	if (!timer_next(&n->wheel, now, &when))
		when = 0;
	if (when == n->timer_armed)
		return;
	memset(&its, 0, sizeof(its));
	its.it_value.tv_sec = (time_t)(when / CLOCK_NSEC_PER_SEC);
	its.it_value.tv_nsec = (long)(when % CLOCK_NSEC_PER_SEC);
	if (timerfd_settime(n->timer_fd, TFD_TIMER_ABSTIME, &its,
	    NULL) == -1)
		fatal("timerfd_settime");
	n->timer_armed = when;
}

static void
init(struct netd *n)
{
	uint64_t now = clock_boottime();

	n->timer_fd = timerfd_create(CLOCK_BOOTTIME,
	    TFD_CLOEXEC | TFD_NONBLOCK);
	if (n->timer_fd == -1)
		fatal("timerfd_create");
	timer_wheel_init(&n->wheel, now);
	timer_init(&n->limit_gc, collect, n);
	n->timer_ev = event_new(n->child.base, n->timer_fd,
	    EV_READ | EV_PERSIST, on_timer, n);
	if (n->timer_ev == NULL || event_add(n->timer_ev, NULL) == -1)
		fatalx("cannot watch the timer");
	randombytes_buf(n->path_key, sizeof(n->path_key));
	if (device_table_init(&n->devices) == -1 ||
	    envelope_init(&n->envelope, now) == -1 ||
	    receiver_init(n) == -1 || sender_init(n) == -1 ||
	    peers_init(n) == -1)
		fatalx("no memory");
	event_init(n);
}

/*
 * Looks for what usually comes soon; whoever else wants this CPU meanwhile
 * gets it.  True if something may have come: handlers of events leave work
 * for the next turn.
 */
static bool
spin(struct netd *n)
{
	bool looked = false;
	int i;

	while (spin_wait(&n->spin, clock_boottime())) {
		looked = true;
		event_base_loop(n->child.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		if (n->spin.worked)
			return true;
		sched_yield();
		for (i = 0; i < SPIN_LOOKS; i++) {
			if (ring_is_ready(&n->ring))
				return true;
			spin_pause();
		}
	}
	return looked;
}

/* One turn: cryptod's records, timers, then what the descriptors say. */
static void
turn(struct netd *n)
{
	uint64_t now = clock_boottime(), sent = n->count.tx_datagrams;
	bool busy = false, live;
	int flags = EVLOOP_ONCE;

	if (outbound_turn(n, now)) {
		spin_work(&n->spin, SPIN_OUTBOUND, now);
		spin_did(&n->spin, n->count.tx_datagrams - sent);
	}
	if (timer_expire(&n->wheel, now, NETD_TIMERS) == NETD_TIMERS)
		busy = true;
	has_flush(n);
	arm_timer(n, now);
	live = n->has_ring && !n->broken;
	if (!busy && live && spin(n))
		return;
	if (busy || (live && !ring_sleep(&n->ring)))
		flags |= EVLOOP_NONBLOCK;
	if (event_base_loop(n->child.base, flags) == -1)
		fatalx("the event loop failed");
	if (live)
		ring_wake(&n->ring);
}

int
main(int argc, char **argv)
{
	static struct netd netd;
	int f;

	netd.bell_hear = netd.bell_ring = netd.route_fd = -1;
	ring_set_bell(&netd.ring, -1);
	for (f = 0; f < UDP_FAMILIES; f++)
		netd.sock[f].fd = -1;
	if (sodium_init() == -1)
		fatalx("libsodium does not start");
	child_begin(&netd, &conf, argc, argv);
	init(&netd);
	spin_init(&netd.spin);
	for (;;)
		turn(&netd);
}
