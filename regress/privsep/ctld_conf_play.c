/* SPDX-License-Identifier: ISC */
/*
 * ctld of a configured instance: see ctld_conf_play.h.
 */
#include <string.h>
#include <unistd.h>

#include "regress/privsep/ctld_conf_play.h"
#include "unit.h"

const uint8_t alice_key[KEY_SIZE] = { 7 };
static uint8_t buf[MSG_PAYLOAD];
struct wbuf w;
int client;

void
setup(void)
{
	kid_world();
	kid_mode = MODE_CONFIGURED;
	kid_run(&kid, PROC_CTLD);
	client = -1;
}

void
teardown(void)
{
	if (client != -1)
		close(client);
	kid_end(&kid);
}

void
say_new(void)
{
	wbuf_init(&w, buf, sizeof(buf));
}

void
add_item(enum show_op op, const uint8_t *key, const char *name,
    const char *text)
{
	struct show_item it;

	memset(&it, 0, sizeof(it));
	it.op = op;
	if (key != NULL)
		memcpy(it.key, key, sizeof(it.key));
	strcpy(it.name, name);
	strcpy(it.text, text);
	put_show_item(&w, &it);
}

void
say_begin(uint32_t id)
{
	const uint8_t initial = 0;

	answer(PROC_PARENT, MSG_CONF_BEGIN, id, &initial, 1);
}

void
say_items(uint32_t id)
{
	ck_assert(!w.fail);
	answer(PROC_PARENT, MSG_CONF_ITEMS, id, w.p, w.len);
	say_new();
}

void
say_plain(uint16_t type, uint32_t id)
{
	answer(PROC_PARENT, type, id, NULL, 0);
}

void
configure_addresses(uint32_t id, const char *const *address, size_t n)
{
	size_t i;

	say_begin(id);
	say_new();
	add_item(SHOW_ITEM_INSTANCE, NULL, "", FILE_NAME);
	add_item(SHOW_ITEM_KEY, NULL, "", "file k");
	for (i = 0; i < n; i++)
		add_item(SHOW_ITEM_ADDRESS, NULL, "", address[i]);
	add_item(SHOW_ITEM_ROUTES, NULL, "", "main");
	say_items(id);
	add_item(SHOW_ITEM_PEER, alice_key, "alice", "a.example:1234");
	add_item(SHOW_ITEM_PSK, NULL, "", "");
	say_items(id);
	say_plain(MSG_CONF_END, id);
	ck_assert_uint_eq(asked(PROC_PARENT, MSG_CONF_READY), id);
	say_plain(MSG_CONF_COMMIT, id);
	ck_assert_uint_eq(asked(PROC_PARENT, MSG_CONF_DONE), id);
}

void
configure(uint32_t id)
{
	static const char *const address[] = { "10.66.0.1/24" };

	configure_addresses(id, address, 1);
}

void
configured(void)
{
	setup();
	configure(1);
}

void
logged(const char *text)
{
	long end = kid_ms() + SLOW;

	while (strstr(kid.log, text) == NULL && kid_ms() < end)
		hear(50);
	ck_assert_msg(strstr(kid.log, text) != NULL, "no \"%s\" in: %s",
	    text, kid.log);
}

void
answer_device(uint32_t peers, bool secret)
{
	struct device_info d;
	uint8_t b[128];
	struct wbuf o;
	uint32_t id = asked(PROC_CRYPTOD, MSG_GET_DEVICE);

	ck_assert_msg(last_asked.data[0] == 0, "secrets were asked for");
	memset(&d, 0, sizeof(d));
	wbuf_init(&o, b, sizeof(b));
	put_u8(&o, 1);
	put_u8(&o, secret);
	memset(d.private_key, 0xaa, KEY_SIZE);
	put_bytes(&o, d.private_key, KEY_SIZE);
	memset(d.public_key, 1, KEY_SIZE);
	put_bytes(&o, d.public_key, KEY_SIZE);
	put_u32(&o, peers);
	answer(PROC_CRYPTOD, MSG_DEVICE, id, o.p, o.len);
}

void
answer_peer(const struct peer_info *pi)
{
	struct peer_cursor cur = { pi->device, 0 };
	uint8_t b[512];
	struct wbuf o;
	uint32_t id = asked(PROC_CRYPTOD, MSG_GET_PEERS);

	wbuf_init(&o, b, sizeof(b));
	put_peers_head(&o, true, &cur);
	put_peer_info(&o, pi);
	ck_assert(!o.fail);
	answer(PROC_CRYPTOD, MSG_PEERS, id, o.p, o.len);
}

void
answer_endpoint(uint32_t device, uint16_t error, enum name_state name)
{
	answer_endpoint_at(device, "192.0.2.7:1234", error, name);
}

void
answer_endpoint_at(uint32_t device, const char *at, uint16_t error,
    enum name_state name)
{
	struct device_endpoint de;
	uint8_t b[64];
	struct wbuf o;
	uint32_t id = asked(PROC_NETD, MSG_GET_ENDPOINTS);

	memset(&de, 0, sizeof(de));
	de.device = device;
	ck_assert_int_eq(endpoint_parse(&de.endpoint, at), 0);
	wbuf_init(&o, b, sizeof(b));
	put_u16(&o, 1);
	put_device_endpoint(&o, &de);
	put_u16(&o, error);
	put_u8(&o, (uint8_t)name);
	answer(PROC_NETD, MSG_ENDPOINTS, id, o.p, o.len);
}

uint32_t
asked_show(enum proc p, enum show_topic topic)
{
	uint32_t id = asked(p, MSG_SHOW);

	ck_assert_uint_eq(last_asked.data[0], topic);
	return id;
}

void
end_show(enum proc p, enum show_topic topic)
{
	answer(p, MSG_SHOW_END, asked_show(p, topic), NULL, 0);
}

void
end_facts(void)
{
	end_show(PROC_PARENT, SHOW_HEALTH);
	end_show(PROC_CRYPTOD, SHOW_HEALTH);
	end_show(PROC_NETD, SHOW_HEALTH);
}

struct peer_info
a_peer(void)
{
	struct peer_info pi;

	memset(&pi, 0, sizeof(pi));
	pi.device = 5;
	memcpy(pi.public_key, alice_key, KEY_SIZE);
	return pi;
}

int
ask(enum listener l, enum ctl_type type)
{
	uint8_t b[64];
	struct wbuf o;

	wbuf_init(&o, b, sizeof(b));
	ctl_plain_write(&o, 1, type);
	return client = ctl_dial(kid.listener[l], &o);
}

int
ask_show(enum show_topic topic)
{
	uint8_t b[64];
	struct wbuf o;

	wbuf_init(&o, b, sizeof(b));
	ctl_show_write(&o, 1, topic);
	return client = ctl_dial(kid.listener[LISTENER_READ], &o);
}
