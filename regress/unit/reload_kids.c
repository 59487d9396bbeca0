/* SPDX-License-Identifier: ISC */
/*
 * Children that a test plays: see reload_kids.h.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/msg_net.h"
#include "reload_kids.h"
#include "reload_play.h"

struct kid kid[KIDS] = {
	{ .proc = PROC_NETD }, { .proc = PROC_CRYPTOD },
	{ .proc = PROC_CTLD }
};

static struct imsg im;

void
say_plain(struct kid *k, uint16_t type, uint32_t id, const void *data,
    size_t len)
{
	ck_assert_int_eq(imsg_send(&k->chan, type, id, -1, data, len), 0);
}

void
say_no(struct kid *k, uint32_t id, const char *why)
{
	uint8_t buf[256];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_str(&w, why);
	say_plain(k, MSG_CONF_NO, id, buf, w.len);
}

void
say_done(struct kid *k, uint32_t id)
{
	static const uint8_t counts[KIDS][16] = {
		{ 9, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0 },
		{ 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0x0a, 0x27, 0, 0 },
	};

	say_plain(k, MSG_CONF_DONE, id, counts[k - kid], 16);
}

static void
take_crypto(struct kid *k, struct rbuf *r)
{
	struct crypto_item it;

	get_crypto_item(r, &it);
	k->after_peer = it.op == CRYPTO_PEER;
	k->peers += it.op == CRYPTO_PEER;
	k->locals += it.op == CRYPTO_LOCAL;
	k->allowed += it.op == CRYPTO_ALLOWED_IP;
	k->make_key += it.op == CRYPTO_MAKE_KEY;
	if (it.op == CRYPTO_MAKE_KEY)
		make_slot("key", 0600);
	if (it.op != CRYPTO_MAKE_KEY && it.op != CRYPTO_LOCAL &&
	    k->peers == 0)
		k->wrong++;
}

static void
take_items(struct kid *k)
{
	struct show_item show;
	struct net_item net;
	struct rbuf r;

	rbuf_init(&r, im.data, im.len);
	while (r.left > 0 && !r.fail) {
		switch (k->proc) {
		case PROC_NETD:
			get_net_item(&r, &net);
			k->peers++;
			snprintf(k->last, sizeof(k->last), "%s", net.host);
			break;
		case PROC_CRYPTOD:
			take_crypto(k, &r);
			break;
		default:
			get_show_item(&r, &show);
			k->peers += show.op == SHOW_ITEM_PEER;
			k->psks += show.op == SHOW_ITEM_PSK;
			snprintf(k->last, sizeof(k->last), "%s", show.text);
			strlcat(k->lines, show.text, sizeof(k->lines));
			strlcat(k->lines, "|", sizeof(k->lines));
		}
	}
	ck_assert_int_eq(rbuf_end(&r), 0);
}

static void
take_key(struct kid *k)
{
	enum conf_key kind;

	ck_assert_int_eq(conf_key_recv(&im, &kind), 0);
	ck_assert_int_ne(im.fd, -1);
	if (kind == CONF_KEY_PRIVATE) {
		k->private++;
		return;
	}
	k->psks++;
	if (!k->after_peer)
		k->wrong++;
	k->after_peer = false;
}

static void
take_slot(struct kid *k)
{
	enum slot slot;
	int error;
	bool wr;

	if (im.type == MSG_SLOT_DONE) {
		ck_assert_int_eq(slot_error_recv(&im, &slot, &error), 0);
		k->slot_error = (unsigned)error;
		note("slot-done");
		return;
	}
	ck_assert_int_eq(slot_fd_recv(&im, &slot, &wr), 0);
	if (!wr) {
		k->sessions++;
		return;
	}
	k->writes++;
	ck_assert_int_eq((int)write(im.fd, "key\n", 4), 4);
	say_plain(k, MSG_SLOT_WRITTEN, 0,
	    &(uint8_t[5]){ (uint8_t)slot }, 5);
}

static void
take_begin(struct kid *k)
{
	ck_assert_int_eq(conf_begin_recv(&im, &k->initial), 0);
	k->begins++;
	k->id = im.id;
	k->peers = k->psks = k->allowed = k->locals = k->private =
	    k->make_key = k->wrong = 0;
	k->after_peer = false;
	k->lines[0] = '\0';
}

static void
take_end(struct kid *k)
{
	k->ends++;
	if (k->say == SAY_READY)
		say_plain(k, MSG_CONF_READY, k->id, NULL, 0);
	else if (k->say == SAY_NO)
		say_no(k, k->id, "peer \"x\": its key\nis none");
}

static void
take(struct kid *k)
{
	static const char *const commits[KIDS] = { "netd", "cryptod", "ctld" };

	if (im.type >= MSG_CONF_BEGIN && im.type <= MSG_CONF_ABORT &&
	    im.type != MSG_CONF_BEGIN)
		ck_assert_uint_eq(im.id, k->id);
	switch (im.type) {
	case MSG_CONF_BEGIN:
		take_begin(k);
		break;
	case MSG_CONF_ITEMS:
		take_items(k);
		break;
	case MSG_CONF_KEY:
		take_key(k);
		break;
	case MSG_CONF_END:
		take_end(k);
		break;
	case MSG_CONF_COMMIT:
		k->commits++;
		note(commits[k - kid]);
		if (!k->lazy)
			say_done(k, k->id);
		break;
	case MSG_CONF_ABORT:
		k->aborts++;
		break;
	case MSG_SLOT_FD:
	case MSG_SLOT_DONE:
		take_slot(k);
		break;
	case MSG_RELOAD_DONE:
		ck_assert_int_eq(reload_done_recv(&im, &k->error, k->text),
		    0);
		k->answers++;
		k->answer_id = im.id;
		break;
	default:
		ck_abort_msg("%04x was sent", im.type);
	}
}

void
kid_read(struct kid *k)
{
	ck_assert_int_eq(imsg_flush(&k->chan), 0);
	while (!k->deaf && imsg_recv(&k->chan, &im) == 1) {
		ck_assert_int_eq(msg_admit(im.type, PROC_PARENT, k->proc,
		    PHASE_RUN, MODE_CONFIGURED, im.len, im.fd), MSG_OK);
		take(k);
		if (im.fd != -1)
			close(im.fd);
	}
}
