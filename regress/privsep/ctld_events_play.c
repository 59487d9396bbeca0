/* SPDX-License-Identifier: ISC */
/*
 * A conversation with ctld about events: see ctld_events_play.h.
 */
#include <string.h>
#include <unistd.h>

#include "regress/privsep/ctld_events_play.h"

const uint8_t	alice_key[KEY_SIZE] = { 7 };
int		client[CLIENTS];
int		nclients;

void
no_counters(void)
{
	enum proc p;

	for (p = PROC_PARENT; p <= PROC_NETD; p++) {
		uint32_t id = asked(p, MSG_SHOW);

		ck_assert_uint_eq(last_asked.data[0], SHOW_COUNTERS);
		answer(p, MSG_SHOW_END, id, NULL, 0);
	}
}

void
monitored(bool on)
{
	enum proc p;

	for (p = PROC_PARENT; p <= PROC_NETD; p++) {
		asked(p, MSG_MONITOR);
		ck_assert_uint_eq(last_asked.len, 1);
		ck_assert_uint_eq(last_asked.data[0], on);
	}
}

int
watch_at(enum listener l)
{
	uint8_t b[64];
	struct wbuf o;

	wbuf_init(&o, b, sizeof(b));
	ctl_plain_write(&o, 1, CTL_MONITOR);
	return client[nclients++] = ctl_dial(kid.listener[l], &o);
}

int
watch(void)
{
	return watch_at(LISTENER_READ);
}

void
answer_peers(void)
{
	struct peer_cursor cur = { 5, 0 };
	uint8_t b[512], device[70] = { 0 };
	struct peer_info pi;
	struct wbuf o;
	uint32_t id;

	id = asked(PROC_CRYPTOD, MSG_GET_DEVICE);
	answer(PROC_CRYPTOD, MSG_DEVICE, id, device, sizeof(device));
	id = asked(PROC_CRYPTOD, MSG_GET_PEERS);
	memset(&pi, 0, sizeof(pi));
	pi.device = 5;
	memcpy(pi.public_key, alice_key, KEY_SIZE);
	wbuf_init(&o, b, sizeof(b));
	put_peers_head(&o, true, &cur);
	put_peer_info(&o, &pi);
	answer(PROC_CRYPTOD, MSG_PEERS, id, o.p, o.len);
}

static void
setup(void)
{
	nclients = 0;
	kid_world();
	kid_mode = MODE_CONFIGURED;
	kid_run(&kid, PROC_CTLD);
}

static void
configure(void)
{
	uint8_t b[SHOW_ITEM_MAX];
	const uint8_t initial = 1;
	struct show_item it;
	struct wbuf o;

	memset(&it, 0, sizeof(it));
	it.op = SHOW_ITEM_PEER;
	memcpy(it.key, alice_key, sizeof(it.key));
	strcpy(it.name, "alice");
	wbuf_init(&o, b, sizeof(b));
	put_show_item(&o, &it);
	answer(PROC_PARENT, MSG_CONF_BEGIN, 1, &initial, 1);
	answer(PROC_PARENT, MSG_CONF_ITEMS, 1, o.p, o.len);
	answer(PROC_PARENT, MSG_CONF_END, 1, NULL, 0);
	asked(PROC_PARENT, MSG_CONF_READY);
	answer(PROC_PARENT, MSG_CONF_COMMIT, 1, NULL, 0);
	asked(PROC_PARENT, MSG_CONF_DONE);
}

void
watched(void)
{
	setup();
	configure();
	watch();
	monitored(true);
	answer_peers();
	no_counters();
}

void
teardown(void)
{
	while (nclients > 0)
		close(client[--nclients]);
	kid_end(&kid);
}

int
tell(enum proc from, const struct wbuf *o)
{
	return answer(from, MSG_EVENT, 0, o->p, o->len);
}

void
begin(struct wbuf *o, uint8_t b[ROW_MAX], const char *what)
{
	row_begin(o, b, ROW_MAX, "event");
	row_str(o, "process", "parent");	/* a lie, mostly */
	row_str(o, "what", what);
}

void
event(int fd, struct row *row)
{
	do {
		ctl_row(fd, row, "event");
	} while (strcmp(row_text(row, "what"), "drops") == 0);
}

void
begin_long(struct wbuf *o, uint8_t b[ROW_MAX], char text[ROW_MAX], size_t len)
{
	begin(o, b, "long");
	row_u64(o, "device", 5);
	row_str(o, "text", "");
	ck_assert_uint_lt(o->len, len);
	memset(text, 'x', len - o->len);
	text[len - o->len] = '\0';
	begin(o, b, "long");
	row_u64(o, "device", 5);
	row_str(o, "text", text);
	ck_assert_uint_eq(o->len, len);
}
