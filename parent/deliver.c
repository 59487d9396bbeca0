/* SPDX-License-Identifier: ISC */
/*
 * Walking a configuration: see deliver.h.  Each step makes one item or hands
 * on one key file.  The cursor stops where the link has enough to send, and
 * after a number of steps or a time, so that the parent's other work is not
 * kept waiting (P46).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "parent/deliver.h"
#include "parent/keyfile.h"
#include "shared/clock.h"

#define TURN		512		/* steps a turn of the loop */
#define TURN_TIME	(50 * CLOCK_NSEC_PER_MSEC) /* a slow disk's */
/*
 * Descriptors under way count against a limit of the user's and of the
 * message's row, whatever their size.
 */
#define KEYS_WAITING	16

/* Where the cursor is; each child has some of these, in this order. */
enum part {
	PART_HEAD,			/* what comes before all lists */
	PART_ADDRESS,
	PART_PEER,
	PART_PSK,			/* of the peer at hand */
	PART_ALLOWED,			/* of the peer at hand */
	PART_END
};

/*
 * event_active() would keep the loop from all else until we are done, or until
 * the link is full.  But it needs no memory.
 */
static void
go_on(struct deliver *d)
{
	static const struct timeval now;

	if (event_add(d->more, &now) == -1)
		event_active(d->more, EV_TIMEOUT, 0);
}

static void
flush(struct deliver *d)
{
	if (d->w.len == 0)
		return;
	conf_items_send(d->link, d->id, d->buf, d->w.len);
	wbuf_init(&d->w, d->buf, sizeof(d->buf));
}

/* Room for an item of this size, if need be by sending what there is. */
static struct wbuf *
room(struct deliver *d, size_t size)
{
	if (d->w.cap - d->w.len < size)
		flush(d);
	return &d->w;
}

static void
fail(struct deliver *d, const char *why)
{
	deliver_stop(d);
	d->failed(d->arg, d->link, why);
}

static void
fail_at(struct deliver *d, const struct conf_where *where, const char *why)
{
	char text[KEYFILE_WHY + 256];

	snprintf(text, sizeof(text), "%s:%u: %s", where->file != NULL ?
	    where->file : d->conf->path, where->line, why);
	fail(d, text);
}

static void
next_peer(struct deliver *d)
{
	d->peer = d->peer == NULL ? TAILQ_FIRST(&d->conf->peers) :
	    TAILQ_NEXT(d->peer, entry);
	d->at = 0;
	d->part = d->peer == NULL ? PART_END : PART_PEER;
}

/* cryptod: where its private key is. */
static void
crypto_head(struct deliver *d)
{
	const struct conf *conf = d->conf;
	struct crypto_item it;
	char why[KEYFILE_WHY];
	int fd;

	d->part = PART_ADDRESS;
	fd = conf->key_file != NULL ?
	    keyfile_open(conf->key_file, why, sizeof(why)) :
	    slots_begin_read(d->slots, SLOT_KEY, why, sizeof(why));
	if (fd != -1) {
		conf_key_send(d->link, d->id, CONF_KEY_PRIVATE, fd);
		return;
	}
	if (conf->key_file != NULL) {
		fail_at(d, &conf->key_where, why);
		return;
	}
	if (errno == ENOENT && !d->may_make_key) {
		snprintf(why, sizeof(why), "%s/key is missing, the private "
		    "key that is in use: put it back, or restart for a new "
		    "one", d->slots->path);
		fail(d, why);
		return;
	}
	if (errno != ENOENT) {
		fail(d, why);
		return;
	}
	memset(&it, 0, sizeof(it));
	it.op = CRYPTO_MAKE_KEY;
	put_crypto_item(room(d, CRYPTO_ITEM_MAX), &it);
}

/* The next prefix of a list; false at its end. */
static bool
crypto_prefix(struct deliver *d, enum crypto_op op,
    const struct conf_prefixes *list)
{
	struct crypto_item it;

	if (d->at == list->n)
		return false;
	memset(&it, 0, sizeof(it));
	it.op = op;
	it.prefix = list->at[d->at++];
	put_crypto_item(room(d, CRYPTO_ITEM_MAX), &it);
	return true;
}

static void
crypto_peer(struct deliver *d)
{
	struct crypto_item it;

	memset(&it, 0, sizeof(it));
	it.op = CRYPTO_PEER;
	memcpy(it.key, d->peer->public_key, sizeof(it.key));
	it.keepalive = d->peer->keepalive;
	memcpy(it.name, d->peer->name, sizeof(it.name));
	put_crypto_item(room(d, CRYPTO_ITEM_MAX), &it);
	d->part = d->peer->psk_file != NULL ? PART_PSK : PART_ALLOWED;
}

static void
crypto_psk(struct deliver *d)
{
	char why[KEYFILE_WHY];
	int fd;

	d->part = PART_ALLOWED;
	fd = keyfile_open(d->peer->psk_file, why, sizeof(why));
	if (fd == -1) {
		fail_at(d, &d->peer->psk_where, why);
		return;
	}
	/* It belongs to the last peer that was sent. */
	flush(d);
	conf_key_send(d->link, d->id, CONF_KEY_PSK, fd);
}

static void
crypto_step(struct deliver *d)
{
	switch (d->part) {
	case PART_HEAD:
		crypto_head(d);
		break;
	case PART_ADDRESS:
		if (!crypto_prefix(d, CRYPTO_LOCAL, &d->conf->address))
			next_peer(d);
		break;
	case PART_PEER:
		crypto_peer(d);
		break;
	case PART_PSK:
		crypto_psk(d);
		break;
	default:
		if (!crypto_prefix(d, CRYPTO_ALLOWED_IP, &d->peer->allowed))
			next_peer(d);
		break;
	}
}

static void
net_step(struct deliver *d)
{
	struct net_item it;

	if (d->part == PART_HEAD) {
		next_peer(d);
		return;
	}
	memset(&it, 0, sizeof(it));
	memcpy(it.key, d->peer->public_key, sizeof(it.key));
	memcpy(it.name, d->peer->name, sizeof(it.name));
	if (d->peer->host != NULL) {
		snprintf(it.host, sizeof(it.host), "%s", d->peer->host);
		it.port = d->peer->port;
	} else
		it.endpoint = d->peer->endpoint;
	put_net_item(room(d, NET_ITEM_MAX), &it);
	next_peer(d);
}

static void
show_put(struct deliver *d, struct show_item *it, enum show_op op)
{
	it->op = op;
	put_show_item(room(d, SHOW_ITEM_MAX), it);
}

static void
show_head(struct deliver *d)
{
	const struct conf *conf = d->conf;
	struct show_item it;

	memset(&it, 0, sizeof(it));
	snprintf(it.text, sizeof(it.text), "%s", conf->path);
	show_put(d, &it, SHOW_ITEM_INSTANCE);
	if (conf->key_file != NULL)
		snprintf(it.text, sizeof(it.text), "file %s", conf->key_file);
	else
		snprintf(it.text, sizeof(it.text), "state directory");
	show_put(d, &it, SHOW_ITEM_KEY);
	if (conf->routes == CONF_ROUTES_TABLE)
		snprintf(it.text, sizeof(it.text), "table %u", conf->table);
	else
		snprintf(it.text, sizeof(it.text), "%s", conf->routes ==
		    CONF_ROUTES_NONE ? "none" : "main");
	show_put(d, &it, SHOW_ITEM_ROUTES);
	d->part = PART_ADDRESS;
}

static void
show_address(struct deliver *d)
{
	const struct conf_prefixes *list = &d->conf->address;
	struct show_item it;

	if (d->at == list->n) {
		next_peer(d);
		return;
	}
	memset(&it, 0, sizeof(it));
	prefix_print(&list->at[d->at++], it.text, sizeof(it.text));
	show_put(d, &it, SHOW_ITEM_ADDRESS);
}

static void
show_peer(struct deliver *d)
{
	const struct conf_peer *peer = d->peer;
	struct show_item it;

	memset(&it, 0, sizeof(it));
	memcpy(it.key, peer->public_key, sizeof(it.key));
	memcpy(it.name, peer->name, sizeof(it.name));
	if (peer->host != NULL)
		snprintf(it.text, sizeof(it.text), "%s:%u", peer->host,
		    peer->port);
	else if (peer->endpoint.family != 0)
		endpoint_print(&peer->endpoint, it.text, sizeof(it.text));
	show_put(d, &it, SHOW_ITEM_PEER);
	if (peer->psk_file != NULL)
		show_put(d, &it, SHOW_ITEM_PSK);
	next_peer(d);
}

static void
show_step(struct deliver *d)
{
	if (d->part == PART_HEAD)
		show_head(d);
	else if (d->part == PART_ADDRESS)
		show_address(d);
	else
		show_peer(d);
}

static void
step(struct deliver *d)
{
	if (d->part == PART_END) {
		flush(d);
		conf_plain_send(d->link, MSG_CONF_END, d->id);
		deliver_stop(d);
		d->complete = true;
	} else if (d->link->peer == PROC_CRYPTOD)
		crypto_step(d);
	else if (d->link->peer == PROC_NETD)
		net_step(d);
	else
		show_step(d);
}

static bool
is_full(const struct deliver *d)
{
	const size_t keys = msg_row_index(msg_row(MSG_CONF_KEY));

	return link_queued(d->link) >= DELIVER_QUEUE ||
	    d->link->chan.waiting[keys] >= KEYS_WAITING;
}

static void
on_more(evutil_socket_t fd, short what, void *arg)
{
	struct deliver *d = arg;
	uint64_t end = clock_boottime() + TURN_TIME;
	int n;

	(void)fd;
	(void)what;
	for (n = 0; n < TURN && d->moved < end; n++) {
		if (d->conf == NULL)
			return;
		if (!link_is_open(d->link)) {
			deliver_stop(d);
			return;
		}
		/* A full link is not empty: drained() will come. */
		if (is_full(d))
			return;
		step(d);
		d->moved = clock_boottime();
	}
	if (d->conf != NULL)
		go_on(d);
}

int
deliver_init(struct deliver *d, struct event_base *base)
{
	d->conf = NULL;
	d->complete = false;
	d->more = event_new(base, -1, 0, on_more, d);
	return d->more == NULL ? -1 : 0;
}

void
deliver_clear(struct deliver *d)
{
	if (d->more != NULL)
		event_free(d->more);
	d->more = NULL;
	d->conf = NULL;
}

void
deliver_start(struct deliver *d, const struct conf *conf, uint32_t id,
    bool initial)
{
	d->conf = conf;
	d->id = id;
	d->part = PART_HEAD;
	d->peer = NULL;
	d->at = 0;
	d->complete = false;
	d->moved = clock_boottime();
	wbuf_init(&d->w, d->buf, sizeof(d->buf));
	conf_begin_send(d->link, id, initial);
	go_on(d);
}

void
deliver_drained(struct deliver *d)
{
	if (d->conf != NULL)
		go_on(d);
}

void
deliver_stop(struct deliver *d)
{
	d->conf = NULL;
	event_del(d->more);
}
