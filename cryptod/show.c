/* SPDX-License-Identifier: ISC */
/*
 * cryptod's rows for warrenctl show: counters, memory, crypto, imsg.
 */
#include "cryptod/aead.h"
#include "cryptod/cryptod.h"
#include "cryptod/keypair.h"
#include "shared/counter_show.h"
#include "shared/hex.h"
#include "shared/msg_net.h"
#include "shared/row.h"

struct show {
	struct cryptod	*c;
	struct link	*l;
	uint32_t	 id;
	struct wbuf	 w;
	uint8_t		 buf[ROW_MAX];
};

static void
show_begin(struct show *s, const char *table)
{
	row_begin(&s->w, s->buf, sizeof(s->buf), table);
	row_str(&s->w, "process", proc_name(PROC_CRYPTOD));
}

static void
show_end(struct show *s)
{
	row_send(s->l, s->id, &s->w);
}

static void
show_counters(struct show *s)
{
	static const struct counter_text text[] = {
		CRYPTOD_COUNTERS(COUNTER_TEXT)
	};

	counters_send(s->l, s->id, PROC_CRYPTOD, text, &s->c->engine.n,
	    sizeof(text) / sizeof(text[0]));
	counters_send_ring(s->l, s->id, PROC_CRYPTOD, &s->c->ring.counts);
}

static void
show_peak(struct show *s, const char *what, size_t used, size_t unused,
    size_t peak, size_t bytes)
{
	show_begin(s, "memory");
	row_str(&s->w, "what", what);
	row_u64(&s->w, "used", used);
	row_u64(&s->w, "free", unused);
	row_u64(&s->w, "peak", peak);
	row_u64(&s->w, "bytes", bytes);
	show_end(s);
}

/* Items whose peak nobody keeps; max is 0 if they have no limit. */
static void
show_items(struct show *s, const char *what, size_t used, size_t max,
    size_t bytes)
{
	show_begin(s, "memory");
	row_str(&s->w, "what", what);
	row_u64(&s->w, "used", used);
	if (max > 0)
		row_u64(&s->w, "free", max - used);
	row_u64(&s->w, "bytes", bytes);
	show_end(s);
}

static void
show_slab(struct show *s, const struct secslab *slab, const char *what)
{
	struct secslab_stat st;

	secslab_stat(slab, &st);
	show_peak(s, what, st.used, st.free, st.peak,
	    st.used_bytes + st.free_bytes);
}

static void
show_memory(struct show *s)
{
	const struct engine *e = &s->c->engine;
	size_t n;

	show_peak(s, "locked arena (bytes)", s->c->arena.used,
	    s->c->arena.size - s->c->arena.used, s->c->arena.used,
	    s->c->arena.used);
	show_slab(s, &e->remotes, "locked slab remote keys");
	show_slab(s, &e->sessions, "locked slab session keys");
	show_slab(s, &s->c->configure.stage.psks, "locked slab keys to come");
	n = e->devices.count;
	show_items(s, "devices", n, DEVICES_MAX,
	    n * (sizeof(struct device) + sizeof(struct remote)));
	n = e->keypairs;
	show_items(s, "keypairs", n, 0, n * sizeof(struct keypair));
	n = e->index.used;
	show_items(s, "indices", n, INDEX_SLOTS, e->index.reach *
	    (sizeof(struct index_entry) + sizeof(uint32_t)));
	n = e->allowed.nentries;
	show_items(s, "allowed ips", n, DEVICE_IPS_MAX,
	    n * sizeof(struct trie_entry));
	n = e->staged;
	show_items(s, "staged packets", n, ENGINE_STAGED_MAX, 0);
	n = s->c->ring.own_size[RING_BULK];
	show_items(s, "ring bulk lane (bytes)",
	    ring_unread(&s->c->ring, RING_BULK), n, n);
	n = s->c->ring.own_size[RING_URGENT];
	show_items(s, "ring urgent slots",
	    ring_unread(&s->c->ring, RING_URGENT), n, n * RING_SLOT);
}

static void
show_crypto(struct show *s)
{
	static const char *const columns[2][2] = {
		{ "libsodium_seal", "libsodium_open" },
		{ "ipsecmb_seal", "ipsecmb_open" },
	};
	const struct engine *e = &s->c->engine;
	struct aead_speed speed;
	size_t i;

	show_begin(s, "crypto");
	row_str(&s->w, "aead", "ChaCha20-Poly1305");
	row_str(&s->w, "aead_source", aead_name());
	row_str(&s->w, "aead_reason", aead_reason());
	for (i = 0; i < 2 && aead_speed(i, &speed); i++) {
		row_u64(&s->w, columns[i][0], speed.seal);
		row_u64(&s->w, columns[i][1], speed.open);
	}
	row_u64(&s->w, "workers", s->c->workers.count);
	row_u64(&s->w, "workers_helped", atomic_load(&s->c->workers.helped));
	row_u64(&s->w, "workers_woken", atomic_load(&s->c->workers.woken));
	row_str(&s->w, "hash", "BLAKE2s, own");
	row_str(&s->w, "curve", "X25519, libsodium");
	row_bool(&s->w, "identity",
	    e->local[ENGINE_STOCK]->has_identity);
	row_u64(&s->w, "devices", e->devices.count);
	row_u64(&s->w, "sessions", e->keypairs);
	row_u64(&s->w, "handshakes_initiated", e->n.handshakes_initiated);
	row_u64(&s->w, "handshakes_answered", e->n.handshakes_answered);
	row_u64(&s->w, "handshakes_completed", e->n.handshakes_completed);
	row_bool(&s->w, "busy", ingress_is_busy(&s->c->ingress));
	show_end(s);
}

/* Facts that ctld judges. */
static void
show_health(struct show *s)
{
	struct engine *e = &s->c->engine;
	const struct stranger *st = e->strangers.at;
	char key[BASE64_KEY_SIZE];
	size_t i;

	for (i = 0; i < STRANGERS_MAX; i++, st++) {
		/* One that was made a peer since is none any more. */
		if (st->count == 0 || remote_find(e, st->public) != NULL)
			continue;
		base64_key_encode(key, st->public);
		show_begin(s, "stranger");
		row_str(&s->w, "public_key", key);
		row_u64(&s->w, "count", st->count);
		row_u64(&s->w, "last", (uint64_t)st->last);
		show_end(s);
	}
}

int
on_show(void *arg, struct link *l, struct imsg *m)
{
	struct show s;
	uint8_t topic;

	if (show_recv(m, &topic) == -1)
		return -1;
	s.c = arg;
	s.l = l;
	s.id = m->id;
	switch (topic) {
	case SHOW_IMSG:
		child_show_imsg(&s.c->child, l, m->id);
		break;
	case SHOW_MEMORY:
		show_memory(&s);
		break;
	case SHOW_COUNTERS:
		show_counters(&s);
		break;
	case SHOW_CRYPTO:
		show_crypto(&s);
		break;
	case SHOW_HEALTH:
		show_health(&s);
		break;
	default:
		break;			/* others' topics have no rows here */
	}
	show_end_send(l, m->id);
	link_pause(l);
	return 0;
}
