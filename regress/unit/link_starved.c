/* SPDX-License-Identifier: ISC */
/*
 * Links when there is no memory to watch them: one that would hear nothing any
 * more, or never send what waits, is lost, and somebody is told.
 */
#include <sys/socket.h>

#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>

#include "shared/link.h"
#include "shared/log.h"
#include "unit.h"

static struct event_base *base;
static struct link_host host;
static struct link link_;
static struct imsg_chan	 end;
static bool		 starved;
static int		 losses;

/* In the place of the library's. */
int
event_add(struct event *ev, const struct timeval *tv)
{
	int (*real)(struct event *, const struct timeval *);
	void *sym;

	if (starved) {
		errno = ENOMEM;
		return -1;
	}
	sym = dlsym(RTLD_NEXT, "event_add");
	ck_assert_ptr_nonnull(sym);
	memcpy(&real, &sym, sizeof(real));
	return real(ev, tv);
}

static void
quiet(void *arg, int level, const char *text)
{
	(void)arg;
	(void)level;
	(void)text;
}

static void
lost(void *arg, struct link *l, enum msg_verdict v, const char *why)
{
	(void)arg;
	ck_assert_ptr_eq(l, &link_);
	ck_assert_int_eq(v, MSG_CLOSED);
	ck_assert_str_eq(why, "cannot be watched");
	losses++;
}

static void
setup(void)
{
	int s[2];

	log_init("test", quiet, NULL);
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	host.base = base;
	host.self = PROC_PARENT;
	host.phase = PHASE_RUN;
	host.lost = lost;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, s), 0);
	ck_assert_int_eq(link_open(&link_, &host, PROC_CRYPTOD, s[0]), 0);
	imsg_init(&end, s[1]);
}

static void
teardown(void)
{
	starved = false;
	link_close(&link_);
	imsg_clear(&end);
	event_base_free(base);
}

START_TEST(deaf)
{
	link_pause(&link_);
	starved = true;
	link_resume(&link_);
	ck_assert_int_eq(losses, 1);
	ck_assert(!link_is_open(&link_));
	link_resume(&link_);
	ck_assert_int_eq(losses, 1);
}
END_TEST

START_TEST(mute)
{
	static uint8_t big[MSG_PAYLOAD];

	starved = true;
	while (losses == 0) {
		ck_assert_uint_eq(link_queued(&link_), 0);
		link_send(&link_, MSG_CONF_ITEMS, 0, -1, big, sizeof(big));
	}
	ck_assert(!link_is_open(&link_));
	link_send(&link_, MSG_CONF_ITEMS, 0, -1, big, sizeof(big));
	ck_assert_int_eq(losses, 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("link_starved");
	TCase *tc = tcase_create("link_starved");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, deaf);
	tcase_add_test(tc, mute);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("link_starved", suite());
}
