/* SPDX-License-Identifier: ISC */
/*
 * cryptod: the process that holds the keys.
 *
 * It does every use of a private key: handshakes, sealing and opening; it
 * decides which peer a packet goes to and may come from.  It holds the TUN
 * queue, its links to the parent, netd and ctld, a bell in each direction, a
 * timer, and secrets in locked memory.  It runs as _wcrypt in an empty
 * chroot and an empty network namespace, and may open nothing: an internet
 * address means nothing to it.
 *
 * netd sends it datagrams through a ring, without being believed; the parent
 * the state of the link and, in configured mode, the configuration, with key
 * files to read and state files to fill; in bare mode ctld configures it.
 * Whoever takes cryptod over has the keys and the traffic of the tunnel, but no
 * socket to carry them away by, except through netd as sealed datagrams.
 */
#include <sys/timerfd.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "cryptod/aead.h"
#include "cryptod/cryptod.h"
#include "shared/clock.h"
#include "shared/log.h"

#define TUN_TURNS	4		/* batches before others are served */
#define TIMERS_A_TURN	32	/* each may cost a handshake (P46) */
#define SPIN_LOOKS	32		/* at the ring, for one at the rest */
/* While handshakes are held back, how often to look for data (ns). */
#define BUSY_NAP	CLOCK_NSEC_PER_MSEC

static uint8_t *
hook_data(void *arg, const struct device *d, uint8_t ecn, size_t len)
{
	struct cryptod *c = arg;

	return egress_data(&c->egress, d, ecn, len);
}

static int
hook_handshake(void *arg, const struct device *d, uint8_t flags,
    const uint8_t *msg, size_t len)
{
	struct cryptod *c = arg;

	return egress_handshake(&c->egress, d, flags, msg, len);
}

static int
hook_auth(void *arg, const struct device *d, const struct origin *from,
    bool urgent)
{
	struct cryptod *c = arg;

	return egress_auth(&c->egress, d, from, urgent);
}

static void
hook_tun(void *arg, const uint8_t *p, size_t len)
{
	struct cryptod *c = arg;

	tun_write(&c->tun, p, len);
}

static void
hook_settle(void *arg)
{
	struct cryptod *c = arg;

	workers_settle(&c->workers);
}

static void
set_hooks(struct cryptod *c)
{
	struct engine_hooks *out = &c->engine.out;

	out->arg = c;
	out->data = hook_data;
	out->handshake = hook_handshake;
	out->auth = hook_auth;
	out->tun = hook_tun;
	out->remote_added = control_remote_added;
	out->remote_removed = control_remote_removed;
	out->local_changed = control_local_changed;
	out->settle = hook_settle;
	out->event = events_hook;
}

/* Still root: memory that is never swapped. */
static int
prepare(void *arg)
{
	struct cryptod *c = arg;

	return secmem_init(&c->arena, CRYPTOD_ARENA);
}

/* The link to netd is there: offer it this side's memory. */
static void
linked(void *arg, enum proc p)
{
	struct cryptod *c = arg;
	struct link *l = &c->child.sibling[p];
	struct ring_offer offer;
	int fd;

	l->drained = control_drained;
	if (p != PROC_NETD)
		return;
	memset(&offer, 0, sizeof(offer));
	offer.bulk_size = RING_BULK_OUT;
	offer.urgent_slots = RING_URGENT_SLOTS;
	fd = ring_create(&c->ring, offer.bulk_size, offer.urgent_slots);
	if (fd == -1)
		fatal("cannot make the ring");
	ring_offer_send(l, &offer, fd);
	fd = index_page_create(&c->page);
	if (fd == -1)
		fatal("cannot make the index page");
	index_publish(&c->engine.index, &c->page);
	index_page_send(l, fd);
}

static int
on_ring(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;
	struct ring_offer offer;

	(void)l;
	if (c->attached || ring_offer_recv(m, &offer) == -1 ||
	    offer.worker != 0 || ring_attach(&c->ring, m->fd,
	    offer.bulk_size, offer.urgent_slots) == -1)
		return -1;
	c->attached = true;
	child_check_ready(c);
	return 0;
}

static int
set_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags == -1 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static void
on_bell_heard(evutil_socket_t fd, short what, void *arg)
{
	struct cryptod *c = arg;
	uint8_t buf[256];

	(void)what;
	/* That it rang is all; once a turn, however fast it rings (P46). */
	if (read(fd, buf, sizeof(buf)) == 0)
		event_del(c->bell_event);
}

static struct event *
watch_for(struct cryptod *c, int fd, event_callback_fn fn, void *arg)
{
	struct event *ev;

	ev = event_new(c->child.base, fd, EV_READ | EV_PERSIST, fn, arg);
	if (ev == NULL || event_add(ev, NULL) == -1)
		fatalx("cannot watch a descriptor");
	return ev;
}

static struct event *
watch(struct cryptod *c, int fd, event_callback_fn fn)
{
	return watch_for(c, fd, fn, c);
}

static int
on_bell_fd(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;
	enum bell which;
	uint16_t worker;

	(void)l;
	if (bell_fd_recv(m, &which, &worker) == -1 || worker != 0 ||
	    (which == BELL_RING ? c->has_bell : c->bell_event != NULL))
		return -1;
	if (set_nonblock(m->fd) == -1)
		fatal("cannot set up a bell");
	if (which == BELL_RING) {
		ring_set_bell(&c->ring, m->fd);
		c->has_bell = true;
	} else
		c->bell_event = watch(c, m->fd, on_bell_heard);
	m->fd = -1;
	child_check_ready(c);
	return 0;
}

static int
on_tun_fd(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;
	uint16_t queue;

	(void)l;
	if (c->has_tun || tun_fd_recv(m, &queue) == -1 ||
	    queue >= TUN_QUEUES)
		return -1;
	/* The first one says how many there are, down to 0. */
	if (c->nqueues == 0)
		c->nqueues = c->missing = queue + 1U;
	if (queue + 1U != c->missing)
		return -1;
	c->missing--;
	if (set_nonblock(m->fd) == -1)
		fatal("cannot set up the TUN device");
	c->tun_fd[queue] = m->fd;
	m->fd = -1;
	c->has_tun = queue == 0;
	child_check_ready(c);
	return 0;
}

/* The library that was asked for, or none will do. */
static void
choose_aead(const struct cryptod *c)
{
	static const char *const names[] = {
		[AEAD_LIBSODIUM] = "libsodium",
		[AEAD_IPSECMB] = "ipsec-mb"
	};
	enum aead_choice choice = c->child.startup.aead;

	if (choice == AEAD_AUTO || aead_force(names[choice]) == 0)
		return;
	fatalx("aead %s: %s", names[choice], errno == ENOTSUP ?
	    "not in this build, or nothing for this CPU" :
	    errno == EBADMSG ? "it computes wrong results" : "no memory");
}

/* The last one of these calls, all are here, is before the last filter. */
static bool
ready(void *arg)
{
	struct cryptod *c = arg;

	if (!c->attached || !c->has_bell || c->bell_event == NULL ||
	    !c->has_tun)
		return false;
	choose_aead(c);
	/* After the drop of rights, and before the last filter. */
	if (workers_start(&c->workers, c->child.startup.workers,
	    aead_thread_begin, aead_thread_end) == -1)
		fatal("cannot start %u workers", c->child.startup.workers);
	if (tun_init(&c->tun, c->tun_fd, c->nqueues, &c->engine,
	    &c->workers) == -1 ||
	    ingress_init(&c->ingress, &c->ring, &c->engine,
	    &c->workers) == -1)
		fatal("cannot set up the packet path");
	tun_without(&c->tun, c->child.startup.without);
	return true;
}

static void
on_tun(evutil_socket_t fd, short what, void *arg)
{
	struct tun_queue *q = arg;
	struct cryptod *c = q->cryptod;
	unsigned queue = (unsigned)(q - c->queue), i;
	uint64_t sent = c->engine.n.out_sent;

	(void)fd;
	(void)what;
	/* The next turn looks at the ring: no bell until then. */
	ring_wake(&c->ring);
	ring_announce(&c->ring);
	engine_tick(&c->engine);
	spin_work(&c->spin, SPIN_OUTBOUND, c->engine.now);
	/* The open record goes on, or a read's last packets had one alone. */
	for (i = 0; i < TUN_TURNS && tun_read(&c->tun, queue); i++)
		if (workers_alone(&c->workers))
			ring_publish(&c->ring);
	workers_settle(&c->workers);
	egress_publish(&c->egress);
	tun_flush(&c->tun);
	spin_did(&c->spin, c->engine.n.out_sent - sent);
}

static void
go(void *arg)
{
	struct cryptod *c = arg;
	unsigned i;

	engine_tick(&c->engine);
	egress_init(&c->egress, &c->ring);
	for (i = 0; i < c->nqueues; i++) {
		c->queue[i].cryptod = c;
		c->queue[i].event = watch_for(c, c->tun_fd[i], on_tun,
		    &c->queue[i]);
	}
}

/* What is known goes on; no key does, nor any page of it (P19). */
static void
stop(void *arg)
{
	struct cryptod *c = arg;

	slots_end(c);
	/* Threads first: they use all of the rest. */
	ingress_clear(&c->ingress);
	tun_clear(&c->tun);
	workers_stop(&c->workers);
	secmem_clear(&c->arena);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct cryptod *c = arg;
	uint64_t n;

	(void)what;
	c->timer_at = 0;
	if (read(fd, &n, sizeof(n)) == -1 && errno != EAGAIN)
		log_warn("cannot read the timer");
}

/* Sets the timer to `when` (ns, CLOCK_BOOTTIME), or off with 0. */
static void
arm(struct cryptod *c, uint64_t when)
{
	struct itimerspec its;

	if (when == c->timer_at)
		return;
	memset(&its, 0, sizeof(its));
	its.it_value.tv_sec = (time_t)(when / CLOCK_NSEC_PER_SEC);
	its.it_value.tv_nsec = (long)(when % CLOCK_NSEC_PER_SEC);
	if (timerfd_settime(c->timer_fd, TFD_TIMER_ABSTIME, &its,
	    NULL) == -1)
		fatal("cannot set the timer");
	c->timer_at = when;
}

static void
check_tun(struct cryptod *c)
{
	unsigned i;

	if (!c->tun.gone || c->gone_said)
		return;
	c->gone_said = true;
	for (i = 0; i < c->nqueues; i++)
		event_del(c->queue[i].event);
	tun_gone_send(&c->child.parent);
}

/* Everything that needs no event; true if there may be more of it. */
static bool
turn(struct cryptod *c)
{
	enum ingress_result in;
	size_t timers;
	bool more;

	engine_tick(&c->engine);
	in = ingress_serve(&c->ingress);
	tun_flush(&c->tun);
	if (in == INGRESS_WORK) {
		spin_work(&c->spin, SPIN_INBOUND, c->engine.now);
		spin_did(&c->spin, c->ingress.packets);
	}
	if (in == INGRESS_FAULT)
		link_fault(&c->child.sibling[PROC_NETD], MSG_RING,
		    MSG_CONTENT);
	timers = engine_expire(&c->engine, TIMERS_A_TURN);
	egress_publish(&c->egress);
	control_flush(c);
	control_pace(c);
	check_tun(c);
	more = slots_turn(c);
	return more || timers == TIMERS_A_TURN;
}

/*
 * Looks for what usually comes soon; whoever else wants this CPU meanwhile
 * gets it.  True if something may have come: handlers of events leave work
 * for the next turn.
 */
static bool
spin(struct cryptod *c)
{
	bool looked = false;
	int i;

	while (spin_wait(&c->spin, clock_boottime())) {
		looked = true;
		event_base_loop(c->child.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		if (c->spin.worked)
			return true;
		sched_yield();
		for (i = 0; i < SPIN_LOOKS; i++) {
			if (ingress_is_ready(&c->ingress))
				return true;
			spin_pause();
		}
	}
	return looked;
}

/* Waits for an event, the timer or the bell. */
static void
wait_for_events(struct cryptod *c)
{
	struct engine *e = &c->engine;
	int flags = EVLOOP_ONCE;
	bool busy, asleep = false;
	uint64_t next = 0;

	if (!timer_next(&e->wheel, e->now, &next))
		next = 0;
	/* Broken, there is nothing to wake us. */
	if (!c->ingress.broken) {
		if (spin(c))
			return;
		/* Handshakes that wait: look in again soon, data or not. */
		busy = ingress_is_busy(&c->ingress);
		if (busy && (next == 0 || next > e->now + BUSY_NAP))
			next = e->now + BUSY_NAP;
		asleep = busy ? ring_sleep_bulk(&c->ring) :
		    ring_sleep(&c->ring);
		/* With records left the descriptors have their turn, too. */
		if (!asleep)
			flags |= EVLOOP_NONBLOCK;
	}
	arm(c, next);
	event_base_loop(c->child.base, flags);
	if (asleep)
		ring_wake(&c->ring);
}

__attribute__((noreturn)) static void
run(struct cryptod *c)
{
	for (;;) {
		if (!c->child.going) {
			event_base_loop(c->child.base, EVLOOP_ONCE);
			continue;
		}
		if (turn(c))
			event_base_loop(c->child.base,
			    EVLOOP_ONCE | EVLOOP_NONBLOCK);
		else
			wait_for_events(c);
		egress_publish(&c->egress);
	}
}

static const struct link_row rows[] = {
	CHILD_ROWS,
	{ MSG_BELL_FD, on_bell_fd },
	{ MSG_TUN_FD, on_tun_fd },
	{ MSG_RING, on_ring },
	{ MSG_LINK_STATE, on_link_state },
	{ MSG_SET_BEGIN, on_set_begin },
	{ MSG_SET_ITEMS, on_set_items },
	{ MSG_SET_END, on_set_end },
	{ MSG_SYNCED, on_synced },
	{ MSG_CONF_BEGIN, on_conf_begin },
	{ MSG_CONF_ITEMS, on_conf_items },
	{ MSG_CONF_KEY, on_conf_key },
	{ MSG_CONF_END, on_conf_end },
	{ MSG_CONF_COMMIT, on_conf_commit },
	{ MSG_CONF_ABORT, on_conf_abort },
	{ MSG_SLOT_FD, on_slot_fd },
	{ MSG_SLOT_DONE, on_slot_done },
	{ MSG_GET_DEVICE, on_get_device },
	{ MSG_GET_PEERS, on_get_peers },
	{ MSG_HAS_ENDPOINT, on_has_endpoint },
	{ MSG_SHOW, on_show },
	{ MSG_MONITOR, on_monitor },
};

static const struct child_conf conf = {
	.self = PROC_CRYPTOD,
	.start = &cryptod_start,
	.run = &cryptod_run,
	.rows = rows,
	.nrows = sizeof(rows) / sizeof(rows[0]),
	.siblings = PROC_BIT(PROC_NETD) | PROC_BIT(PROC_CTLD),
	.empty_netns = true,
	.nofile = 32,
	.max_file = SESSIONS_MAX,
	.prepare = prepare,
	.locked = CRYPTOD_ARENA,
	.ready = ready,
	.go = go,
	.stop = stop,
	.linked = linked,
};

int
main(int argc, char **argv)
{
	/* Too large for the stack, and the only global thing there is. */
	static struct cryptod cryptod;
	struct cryptod *c = &cryptod;

	if (sodium_init() == -1)
		fatalx("cannot start libsodium");
	if (aead_init() == -1)
		fatalx("libsodium computes wrong results");
	child_begin(c, &conf, argc, argv);
	if (engine_init(&c->engine, &c->arena) == -1 ||
	    configure_init(c) == -1)
		fatalx("out of memory");
	set_hooks(c);
	spin_init(&c->spin);
	c->timer_fd = timerfd_create(CLOCK_BOOTTIME,
	    TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->timer_fd == -1)
		fatal("cannot make a timer");
	c->timer_event = watch(c, c->timer_fd, on_timer);
	run(c);
}
