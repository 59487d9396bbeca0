/* SPDX-License-Identifier: ISC */
/*
 * One of the two hosts of fuzz/pair: its core, netd's envelope before it, the
 * hooks, which know what may come, and its birth and death.
 */
#include <sys/socket.h>

#include <sanitizer/asan_interface.h>
#include <sodium.h>

#include "cryptod/handshake.h"
#include "cryptod/inbound.h"
#include "cryptod/ip.h"
#include "cryptod/keypair.h"
#include "cryptod/outbound.h"
#include "input.h"
#include "pair.h"
#include "shared/bytes.h"
#include "regress/unit/fakeclock.h"

#define ARENA	(512U * 1024)
#define TOS	1

static const uint8_t	decoy_address[4] = { 10, 0, 0, 3 };

static struct keypair *
session_of(struct side *s, const uint8_t *key, bool sending)
{
	struct remote *r = s->d == NULL ? NULL : s->d->remote[0];
	struct keypair *kp[3];
	int i;

	if (r == NULL)
		return NULL;
	kp[0] = r->current;
	kp[1] = r->next;
	kp[2] = r->previous;
	for (i = 0; i < 3; i++)
		if (kp[i] != NULL && key == (sending ? kp[i]->keys->send :
		    kp[i]->keys->recv))
			return kp[i];
	return NULL;
}

static struct side *
side_of_key(const uint8_t *key)
{
	struct side *s;

	for (s = world.side; s < world.side + 2; s++)
		if (key >= s->arena.base && key < s->arena.base + s->arena.size)
			return s;
	return NULL;
}

uint16_t
packet_check(const uint8_t *p, size_t len)
{
	struct packet *pk;
	uint16_t number;
	size_t i;

	MUST(len >= PACKET_MIN && p[9] == 253);
	number = get_be16(p + 20);
	MUST(number < world.npackets);
	pk = &world.packet[number];
	MUST(pk->len == len && get_be16(p + 2) == len);
	for (i = 22; i < len; i++)
		MUST(p[i] == (uint8_t)(number + i));
	return number;
}

/* By the current session only, while it may (P17, P21), and each once. */
void
side_seals(const uint8_t *plain, size_t len, const uint8_t *key,
    uint64_t counter)
{
	struct side *s = side_of_key(key);
	struct keypair *kp;
	struct packet *pk;
	size_t i, inner;

	MUST(s != NULL && s->e.up);
	kp = session_of(s, key, true);
	MUST(kp != NULL && kp == kp->remote->current && kp->sending);
	MUST(kp->send_counter == counter + 1);
	MUST(counter < REPLAY_REJECT_AFTER);
	MUST(s->e.now - kp->birth < REJECT_AFTER_TIME);
	if (len == 0) {
		s->tally.keepalives++;
		return;
	}
	s->tally.data++;
	inner = get_be16(plain + 2);
	MUST(len == inner + ip_padding(inner, s->e.mtu));
	for (i = inner; i < len; i++)
		MUST(plain[i] == 0);
	pk = &world.packet[packet_check(plain, inner)];
	MUST(pk->from == s->n);
	MUST(memcmp(plain + 16, s->other->address, 4) == 0);
	MUST(pk->sealed++ == 0);
}

void
side_opens(const uint8_t *key)
{
	struct side *s = side_of_key(key);
	struct keypair *kp;

	MUST(s != NULL && s->e.up);
	kp = session_of(s, key, false);
	MUST(kp != NULL && s->e.now - kp->birth < REJECT_AFTER_TIME);
	/* It decrypts, so the other side sealed exactly this. */
	MUST(world.arriving != NULL && !world.arriving->altered);
	MUST(world.arriving->from != s->n);
}

static struct datagram *
datagram_new(struct side *s, size_t len)
{
	struct datagram *dg;

	MUST(len <= DATAGRAM_ROOM && world.ndatagrams < DATAGRAMS_MAX);
	if (s->nwire == WIRE_MAX)
		datagram_lost(s, 0);
	dg = malloc(sizeof(*dg));
	MUST(dg != NULL);
	dg->number = world.ndatagrams++;
	memset(&world.ledger[dg->number], 0, sizeof(world.ledger[0]));
	dg->arrives = s->e.now + s->delay;
	dg->path = s->path;
	dg->ecn = 0;
	dg->from = s->n;
	dg->altered = false;
	dg->len = len;
	s->wire[s->nwire++] = dg;
	return dg;
}

void
datagram_lost(struct side *s, size_t i)
{
	free(s->wire[i]);
	memmove(&s->wire[i], &s->wire[i + 1],
	    (--s->nwire - i) * sizeof(s->wire[0]));
}

static uint8_t *
hook_data(void *arg, const struct device *d, uint8_t ecn, size_t len)
{
	struct side *s = arg;
	struct datagram *dg;

	MUST(s->e.up && d == s->d && d->has_endpoint);
	if (s->full || world.ndatagrams == DATAGRAMS_MAX)
		return NULL;
	dg = datagram_new(s, len);
	dg->ecn = ecn;
	return dg->data;
}

static int
hook_handshake(void *arg, const struct device *d, uint8_t flags,
    const uint8_t *msg, size_t len)
{
	struct side *s = arg;
	struct datagram *dg;

	MUST(s->e.up);
	(void)flags;
	if (msg[0] == NOISE_TYPE_INITIATION)
		s->tally.initiations++;
	else
		s->tally.answers++;
	if (s->full || world.ndatagrams == DATAGRAMS_MAX)
		return -1;
	/* The decoy's are for nobody. */
	if (d == s->decoy)
		return 0;
	MUST(d == s->d);
	dg = datagram_new(s, len);
	memcpy(dg->data, msg, len);
	MUST(cookie_maker_fill(&s->maker, dg->data, len, s->e.now) == 0);
	return 0;
}

/*
 * What a side made itself is not for it; unless keys changed hands, for then
 * it may come, by the keys, from who is now the other.
 */
static bool
is_from_other(const struct side *s, const struct datagram *dg)
{
	return dg->from != s->n || world.swapped;
}

/* Only what is authentic and new, or a restart, moves a peer (P27). */
static int
hook_auth(void *arg, const struct device *d, const struct origin *from,
    bool urgent)
{
	struct side *s = arg;
	const struct datagram *dg = world.arriving;

	(void)urgent;
	MUST(d == s->d);
	if (from->path != 0) {
		MUST(dg != NULL && !dg->altered && is_from_other(s, dg));
		MUST(from->path == dg->path);
		MUST(get_le32(from->from) == dg->path);
	}
	return s->full ? -1 : 0;
}

static void
hook_tun(void *arg, const uint8_t *p, size_t len)
{
	struct side *s = arg;
	struct packet *pk;

	if (len > 20 && p[9] == IPPROTO_ICMP) {
		/* About one of our own packets, which was not sealed. */
		MUST(len >= 28 + 24);
		pk = &world.packet[get_be16(p + 28 + 20)];
		MUST(pk < world.packet + world.npackets);
		MUST(pk->foreign || memcmp(p + 16, s->address, 4) == 0);
		MUST(pk->from == s->n && pk->sealed == 0);
		return;
	}
	pk = &world.packet[packet_check(p, len)];
	MUST(memcmp(p + 12, s->other->address, 4) == 0);
	MUST(memcmp(p + 16, s->address, 4) == 0);
	MUST(pk->from != s->n && pk->sealed == 1 && !pk->foreign);
	MUST(pk->delivered++ == 0);
	s->tally.delivered++;
}

static void
hook_added(void *arg, const struct remote *r)
{
	struct side *s = arg;

	(void)r;
	s->devices++;
}

static void
hook_removed(void *arg, const struct remote *r)
{
	struct side *s = arg;

	s->devices--;
	/* Its timestamps are forgotten. */
	if (r->device == s->d) {
		s->d = NULL;
		s->memory++;
	} else
		s->decoy = NULL;
}

static void
hook_local(void *arg, uint8_t slot, const struct noise_local *l)
{
	struct side *s = arg;

	envelope_set_key(&s->envelope, slot, l->has_identity ? l->public :
	    NULL, s->e.now);
}

static void
side_hooks(struct side *s)
{
	static const struct engine_hooks hooks = {
		NULL, hook_data, hook_handshake, hook_auth, hook_tun,
		hook_added, hook_removed, hook_local, NULL, NULL,
	};

	s->e.out = hooks;
	s->e.out.arg = s;
}

/* Once: tables that are empty again after each life are not made anew. */
void
sides_begin(void)
{
	struct side *s;
	uint8_t i;

	for (i = 0; i < 2; i++) {
		s = &world.side[i];
		s->n = i;
		s->other = &world.side[1 - i];
		s->address[0] = 10;
		s->address[3] = (uint8_t)(i + 1);
		MUST(secmem_init(&s->arena, ARENA) == 0);
		MUST(engine_init(&s->e, &s->arena) == 0);
		MUST(envelope_init(&s->envelope, 0) == 0);
	}
}

/* As after engine_init(), with the empty tables of the last life. */
void
side_born(struct side *s)
{
	struct engine was = s->e, *e = &s->e;
	int i;

	memset(e, 0, sizeof(*e));
	e->now = clock_boottime();
	timer_wheel_init(&e->wheel, e->now);
	TAILQ_INIT(&e->staged_all);
	trie_init(&e->allowed);
	icmp_limit_init(&e->icmp, e->now);
	e->remotes = was.remotes;
	e->sessions = was.sessions;
	e->devices.bucket = was.devices.bucket;
	e->index = was.index;
	e->guard = was.guard;
	for (i = 0; i < ENGINE_LOCAL_KEYS; i++) {
		e->local[i] = was.local[i];
		noise_local_clear(e->local[i]);
	}
	side_hooks(s);
	e->own[0].version = 4;
	memcpy(e->own[0].addr, s->address, 4);
	e->nown = 1;
	dedupe_init(&s->envelope.dedupe);
	if (s->limited) {
		ratelimit_free(s->envelope.limit);
		s->envelope.limit = ratelimit_new(e->now);
		MUST(s->envelope.limit != NULL);
	}
	s->d = s->decoy = NULL;
	s->devices = 0;
	s->limited = s->full = s->loaded = false;
	memset(&s->tally, 0, sizeof(s->tally));
	engine_tick(e);
	resume_init(&s->resume, e);
}

void
side_set_key(struct side *s, const uint8_t private[32])
{
	engine_set_private(&s->e, ENGINE_STOCK, private);
}

void
side_new_key(struct side *s)
{
	uint8_t private[32];

	randombytes_buf(private, sizeof(private));
	side_set_key(s, private);
}

void
side_join(struct side *s)
{
	const uint8_t *public = s->other->e.local[0]->public;
	static const uint8_t strange[32] = { 3, 2, 1, 9 };

	if (s->d != NULL)
		device_remove(&s->e, s->d);
	if (s->decoy == NULL) {
		s->decoy = device_new(&s->e, strange);
		MUST(s->decoy != NULL);
		MUST(device_ip_add(&s->e, s->decoy, AF_INET, decoy_address,
		    32) == 0);
		engine_set_endpoint(&s->e, s->decoy, true);
	}
	/* parent sees to it that nobody is a peer of itself. */
	if (!s->other->e.local[0]->has_identity ||
	    memcmp(public, s->e.local[0]->public, 32) == 0)
		return;
	s->d = device_new(&s->e, public);
	MUST(s->d != NULL);
	MUST(device_ip_add(&s->e, s->d, AF_INET, s->other->address, 32) == 0);
	noise_remote_set_psk(&s->d->remote[0]->secret->noise, s->psk);
	engine_set_endpoint(&s->e, s->d, true);
	cookie_maker_init(&s->maker, public);
}

/* What a slab got back is zero, but for the head behind each object. */
static void
wiped(const struct secslab *slab)
{
	size_t room = (slab->size + 7) / 8 * 8, n = 0;
	void *head = slab->freelist;
	uint8_t *obj;

	MUST(slab->used == 0 && slab->bad == 0);
	for (; head != NULL; memcpy(&head, head, sizeof(head)), n++) {
		obj = (uint8_t *)head - room;
		ASAN_UNPOISON_MEMORY_REGION(obj, slab->size);
		MUST(sodium_is_zero(obj, slab->size));
		ASAN_POISON_MEMORY_REGION(obj, slab->size);
	}
	MUST(n == slab->free);
}

void
side_gone(struct side *s)
{
	struct engine *e = &s->e;
	uint64_t ns;

	device_remove_all(e);
	resume_clear(&s->resume);
	MUST(s->devices == 0 && e->devices.count == 0);
	MUST(e->keypairs == 0 && e->staged == 0 && e->index.used == 0);
	MUST(e->allowed.nentries == 0 && TAILQ_EMPTY(&e->staged_all));
	MUST(!timer_next(&e->wheel, e->now, &ns));
	wiped(&e->remotes);
	wiped(&e->sessions);
	trie_clear(&e->allowed);
	cookie_maker_clear(&s->maker);
}

void
side_save(struct side *s)
{
	struct sessions all;

	if (!s->e.news && s->file_len != 0)
		return;
	MUST(resume_collect(&s->e, &all) == 0);
	MUST(tai64n_compare(all.mark, s->e.label_top) > 0);
	s->file_len = SESSIONS_SIZE(all.n);
	MUST(s->file_len <= sizeof(s->file));
	sessions_encode(&all, s->file);
	memcpy(s->e.label_mark, all.mark, TAI64N_LEN);
	s->e.news = false;
	sessions_clear(&all);
}

void
side_restart(struct side *s, bool with_file)
{
	bool up = s->e.up, was_there = s->d != NULL;
	uint8_t private[32];
	struct sessions all;

	memcpy(private, s->e.local[0]->private, sizeof(private));
	if (with_file)
		side_save(s);
	side_gone(s);
	side_born(s);
	side_set_key(s, private);
	side_join(s);
	if (with_file) {
		MUST(sessions_decode(&all, s->file, s->file_len) == 0);
		resume_restore(&s->resume, &all);
		sessions_clear(&all);
		/* It remembers what it has not forgotten otherwise. */
		if (was_there)
			s->memory--;
	} else {
		s->file_len = 0;
		s->distrusted = true;
	}
	s->resume.ready = true;
	engine_set_link(&s->e, up, 1420);
	resume_kick(&s->resume);
}

void
packet_send(struct side *s, size_t len, uint8_t tos, const uint8_t src[4],
    const uint8_t dst[4])
{
	uint8_t *p = malloc(len + ENGINE_TAILROOM);
	struct packet *pk;
	size_t i;

	MUST(p != NULL && world.npackets < PACKETS_MAX);
	pk = &world.packet[world.npackets];
	memset(pk, 0, sizeof(*pk));
	pk->len = (uint16_t)len;
	pk->from = s->n;
	pk->foreign = memcmp(src, s->address, 4) != 0;
	pk->after = world.last_phase;
	memset(p, 0, 20);
	p[0] = 0x45;
	p[TOS] = tos;
	put_be16(p + 2, (uint16_t)len);
	p[8] = 64;
	p[9] = 253;			/* for experiments, RFC 3692 */
	memcpy(p + 12, src, 4);
	memcpy(p + 16, dst, 4);
	put_be16(p + 20, world.npackets);
	for (i = 22; i < len; i++)
		p[i] = (uint8_t)(world.npackets + i);
	world.npackets++;
	outbound_packet(&s->e, p, len);
	free(p);
}

/* How often something of the other side was believed. */
static uint64_t
believed(const struct side *s)
{
	const struct counters *n = &s->e.n;

	return n->in_received + n->in_keepalives + n->drop_in_not_ip +
	    n->drop_in_wrong_source + n->drop_in_own_source +
	    n->handshakes_answered + n->handshakes_completed;
}

static bool
enveloped(struct side *s, const uint8_t *p, size_t len,
    const struct datagram *dg, uint8_t *slot)
{
	struct endpoint from = { .family = AF_INET, .port = 7 };
	uint8_t reply[COOKIE_REPLY_LEN];
	unsigned type = message_form(p, len);
	enum envelope_verdict v;

	if (type == 0)
		return false;
	if (type != WG_INITIATION && !index_is_live(&s->e.index,
	    get_le32(p + WG_RECEIVER(type))))
		return false;
	if (type == WG_TRANSPORT)
		return true;
	if (type == WG_COOKIE_REPLY) {
		MUST(cookie_maker_consume(&s->maker, p, s->e.now) == -1 ||
		    !dg->altered);
		return false;
	}
	put_le32(from.addr, dg->path);
	s->limited |= s->loaded;
	v = envelope_check(&s->envelope, p, len, &from, s->loaded, s->e.now,
	    slot, reply);
	if (v == ENVELOPE_COOKIE && dg->from != s->n &&
	    world.ndatagrams < DATAGRAMS_MAX)
		memcpy(datagram_new(s, sizeof(reply))->data, reply,
		    sizeof(reply));
	if (v != ENVELOPE_PASS)
		return false;
	envelope_passed(&s->envelope, p, len, 0, s->e.now);
	return true;
}

/* As a record of netd's that others open: every second one, say. */
static void
inbound_as_record(struct side *s, uint8_t *p, size_t len,
    const struct origin *from)
{
	static struct open_job job;

	memset(&job.rec, 0, sizeof(job.rec));
	job.rec.hdr.nseg = 1;
	job.rec.hdr.seg_size = job.rec.hdr.last_size = (uint16_t)len;
	job.rec.hdr.len = (uint32_t)len;
	job.rec.payload = p;
	inbound_guess(&s->e, &job, p);
	open_run(&job.work);
	/* Nobody may look there any more. */
	memset(p, 0, len);
	inbound_packet(&s->e, job.buf, len, from, job.opened[0]);
}

void
datagram_receive(struct side *s, const struct datagram *dg, bool raw)
{
	uint8_t where[ENGINE_FROM] = { 0 };
	struct origin from = { dg->path, dg->ecn, ENGINE_STOCK, where };
	struct ledger *l = &world.ledger[dg->number];
	uint8_t *copy = input_dup(dg->data, dg->len);
	uint64_t before = believed(s);

	put_le32(where, dg->path);
	world.arriving = dg;
	if (raw || enveloped(s, copy, dg->len, dg, &from.local_key)) {
		if (dg->len >= 8 && get_le32(copy) == TRANSPORT_TYPE &&
		    dg->number % 2 == 0)
			inbound_as_record(s, copy, dg->len, &from);
		else if (dg->len >= 4 && get_le32(copy) == TRANSPORT_TYPE)
			inbound_packet(&s->e, copy, dg->len, &from, OPENED_NOT);
		else
			handshake_receive(&s->e, copy, dg->len, &from);
	}
	world.arriving = NULL;
	free(copy);
	if (believed(s) == before)
		return;
	MUST(!dg->altered && is_from_other(s, dg));
	/* Only who forgot its timestamp believes an initiation twice. */
	MUST(!l->accepted || (dg->data[0] == NOISE_TYPE_INITIATION &&
	    l->memory != s->memory));
	l->accepted = true;
	l->memory = s->memory;
}
