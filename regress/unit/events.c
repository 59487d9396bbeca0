/* SPDX-License-Identifier: ISC */
/*
 * What cryptod tells of a peer's life to who watches: the row of each kind of
 * event, and that a flood of them is bounded and says how many were left out.
 */
#include <string.h>

#include "cryptod/cryptod.h"
#include "cryptod/keypair.h"
#include "shared/hex.h"
#include "shared/msg_net.h"
#include "shared/row.h"
#include "unit.h"

#define SECOND	UINT64_C(1000000000)

static struct cryptod		 c;
static struct device		 device;
static struct remote		 remote;
static struct keypair		 keypair;
static uint8_t			 public[NOISE_KEYLEN];
static struct row		 row;
static unsigned			 sent;

/* Instead of a link: the row that would have been sent. */
void
event_send(struct link *l, const struct wbuf *w)
{
	ck_assert_ptr_eq(l, &c.child.sibling[PROC_CTLD]);
	ck_assert(!w->fail);
	ck_assert_int_eq(row_parse(&row, w->p, w->len), 0);
	ck_assert_str_eq(row.table, "event");
	sent++;
}

int
monitor_recv(const struct imsg *m, bool *on)
{
	(void)m;
	*on = true;
	return 0;
}

const char *
proc_name(enum proc p)
{
	return p == PROC_CRYPTOD ? "cryptod" : "another";
}

static void
tell(int what, const struct remote *r)
{
	struct engine_event ev = { .remote = r, .public = public };

	memset(&row, 0, sizeof(row));
	ev.what = what;
	events_hook(&c, &ev);
}

static void
is_str(const char *key, const char *want)
{
	const struct row_field *f = row_get(&row, key);

	ck_assert_msg(f != NULL, "no %s", key);
	ck_assert_str_eq(f->str, want);
}

static void
is_num(const char *key, uint64_t want)
{
	const struct row_field *f = row_get(&row, key);

	ck_assert_msg(f != NULL, "no %s", key);
	ck_assert_uint_eq(f->num, want);
}

static void
setup(void)
{
	memset(public, 7, sizeof(public));
	c.engine.now = 100 * SECOND;
	device.id = 42;
	remote.device = &device;
	remote.current = &keypair;
	remote.last_sent_handshake = 100 * SECOND - 30000000;
	remote.last_initiation = 100 * SECOND - 40000000;
}

/* Fields that each of them has; and no more than n in all. */
static void
is_event(const char *what, size_t n)
{
	char key[BASE64_KEY_SIZE];

	base64_key_encode(key, public);
	is_str("process", "cryptod");
	is_str("what", what);
	is_num("device", 42);
	is_str("public_key", key);
	ck_assert_uint_eq(row.n, n);
}

START_TEST(handshakes)
{
	keypair.initiator = true;
	tell(ENGINE_HANDSHAKE, &remote);
	is_event("handshake", 6);
	is_str("role", "initiator");
	is_num("ms", 30);
	keypair.initiator = false;
	tell(ENGINE_HANDSHAKE, &remote);
	is_str("role", "responder");
	is_num("ms", 40);
	remote.current = NULL;
	tell(ENGINE_HANDSHAKE, &remote);
	is_str("role", "responder");
}
END_TEST

START_TEST(failures)
{
	remote.health.tries = 20;
	tell(ENGINE_HANDSHAKE_FAILED, &remote);
	is_event("handshake_failed", 5);
	is_num("tries", 20);
	tell(ENGINE_BAD_RESPONSE, &remote);
	is_event("bad_response", 4);
	tell(ENGINE_EXPIRED, &remote);
	is_event("session_expired", 4);
	tell(ENGINE_EXPIRED + 1, &remote);
	is_event("unknown", 4);
}
END_TEST

START_TEST(clocks)
{
	remote.health.skew = 3600;
	tell(ENGINE_STALE, &remote);
	is_event("stale_timestamp", 6);
	is_str("clock", "ahead");
	is_num("seconds", 3600);
	remote.health.skew = -90;
	tell(ENGINE_STALE, &remote);
	is_str("clock", "behind");
	is_num("seconds", 90);
	remote.health.skew = INT64_MIN;
	tell(ENGINE_STALE, &remote);
	is_str("clock", "behind");
	is_num("seconds", (uint64_t)INT64_MAX + 1);
}
END_TEST

START_TEST(strangers)
{
	char key[BASE64_KEY_SIZE];

	tell(ENGINE_STRANGER, NULL);
	base64_key_encode(key, public);
	is_str("what", "stranger");
	is_str("public_key", key);
	ck_assert_ptr_null(row_get(&row, "device"));
	ck_assert_uint_eq(row.n, 3);
}
END_TEST

START_TEST(flood)
{
	unsigned i, before;

	for (i = 0; i < 1000; i++)
		tell(ENGINE_STRANGER, NULL);
	ck_assert_uint_ge(sent, 60);
	ck_assert_uint_le(sent, 70);
	before = sent;
	c.engine.now += SECOND;
	tell(ENGINE_EXPIRED, &remote);
	ck_assert_uint_eq(sent, before + 1);
	ck_assert_uint_eq(c.engine.n.drop_event, 1000 - before);
}
END_TEST

START_TEST(watching)
{
	ck_assert(!c.engine.watched);
	ck_assert_int_eq(on_monitor(&c, NULL, NULL), 0);
	ck_assert(c.engine.watched);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("events");
	TCase *tc = tcase_create("events");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, handshakes);
	tcase_add_test(tc, failures);
	tcase_add_test(tc, clocks);
	tcase_add_test(tc, strangers);
	tcase_add_test(tc, flood);
	tcase_add_test(tc, watching);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("events", suite());
}
