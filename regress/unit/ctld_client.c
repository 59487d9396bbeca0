/* SPDX-License-Identifier: ISC */
/*
 * Clients that do not read their answers: how long each is waited for, while
 * nobody else wants its place.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* With its own functions: what is looked at here happens once a second. */
#include "ctld/acceptor.c"

#include "unit.h"

#define SECOND		CLOCK_NSEC_PER_SEC
#define MUCH		990000		/* bytes, and not big */
#define BIG		3000000		/* more than CLIENT_OUT_MAX */

static struct ctld	 ctx;
static struct client	*client;
static int		 peer;			/* the client's end */
static uint64_t		 now;

uint64_t
clock_boottime(void)
{
	return now;
}

/* The format of the last line. */
static const char *said;

void
log_warnx(const char *fmt, ...)
{
	said = fmt;
}

#ifndef SANITIZER
static bool no_memory;

void	*__libc_malloc(size_t);

void *
malloc(size_t size)
{
	if (!no_memory)
		return __libc_malloc(size);
	errno = ENOMEM;
	return NULL;
}
#endif

int
log_limited(struct log_limit *l, uint64_t at, unsigned burst, unsigned rate)
{
	(void)l;
	(void)at;
	(void)burst;
	(void)rate;
	return 0;
}

void
log_limit_tell(struct log_limit *l)
{
	(void)l;
}

static size_t
input(struct ctld *c, struct client *cl, const uint8_t *p, size_t n)
{
	(void)c;
	(void)cl;
	(void)p;
	return n;
}

static void
nothing(struct ctld *c, struct client *cl)
{
	(void)c;
	(void)cl;
}

static bool
midway(const struct client *cl)
{
	(void)cl;
	return false;
}

static const struct client_ops tools = {
	.input = input, .room = nothing, .midway = midway, .late = nothing,
	.gone = nothing,
};
static const struct client_ops people = {
	.paged = true,
	.input = input, .room = nothing, .midway = midway, .late = nothing,
	.gone = nothing,
};

static void
setup(void)
{
	int i;

	now = 1000 * SECOND;
	memset(&ctx, 0, sizeof(ctx));
	ctx.child.base = event_base_new();
	ck_assert_ptr_nonnull(ctx.child.base);
	ck_assert_int_eq(clients_init(&ctx), 0);
	for (i = 0; i < LISTENER_COUNT; i++)
		ctx.acceptor[i] = (struct acceptor){ .ctx = &ctx, .fd = -1,
		    .ops = &people, .max = 1 };
	ctx.acceptor[LISTENER_UAPI].ops = &tools;
}

static void
teardown(void)
{
	clients_clear(&ctx);
	close(peer);
	event_free(ctx.clients.sweep);
	event_free(ctx.clients.reap);
	event_base_free(ctx.child.base);
}

/* A client that asked, and is told so many bytes. */
static void
answered(enum listener l, size_t len, bool big)
{
	static const char text[1000];
	int sv[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	ck_assert_int_eq(fcntl(sv[0], F_SETFL, O_NONBLOCK), 0);
	peer = sv[1];
	client = client_new(&ctx.acceptor[l], sv[0]);
	ck_assert_ptr_nonnull(client);
	client_busy(client);
	client->big = big;
	for (; len > 0; len -= sizeof(text))
		client_put(client, text, sizeof(text));
	client_idle(client);
	ck_assert(!client->dead);
	ck_assert_uint_gt(client_pending(client), 0);
}

/* So many seconds pass. */
static bool
outlives(unsigned seconds)
{
	now += seconds * SECOND;
	on_sweep(-1, 0, &ctx);
	return !client->dead;
}

static void
reads(size_t n)
{
	static char buf[4096];
	ssize_t r;

	for (; n > 0; n -= (size_t)r) {
		r = read(peer, buf, n < sizeof(buf) ? n : sizeof(buf));
		ck_assert_int_gt(r, 0);
		client_flush(client);
	}
}

/* He looks at a page of it for minutes, and then gets the rest. */
START_TEST(pager)
{
	answered(LISTENER_READ, MUCH, true);
	ck_assert(outlives(63));
	ck_assert(outlives(536));
	reads(MUCH / 2);
	ck_assert(outlives(599));
	reads(MUCH - MUCH / 2);
	ck_assert_uint_eq(client_pending(client), 0);
	ck_assert(outlives(10000));
	ck_assert_uint_eq(ctx.count.clients_closed_stalled, 0);
}
END_TEST

/* It is not for ever, though. */
START_TEST(asleep)
{
	answered(LISTENER_CONTROL, MUCH, true);
	ck_assert(outlives(600));
	ck_assert(!outlives(1));
	ck_assert_uint_eq(ctx.count.clients_closed_stalled, 1);
}
END_TEST

/* Tools read all at once; and there is one place for what is big. */
START_TEST(impatience)
{
	if (_i == 0)
		answered(LISTENER_UAPI, MUCH, false);
	else
		answered(LISTENER_CONTROL, BIG, true);
	ck_assert(outlives(60));
	ck_assert(!outlives(1));
	ck_assert_uint_eq(ctx.count.clients_closed_stalled, 1);
}
END_TEST

/* Who reads nothing gives way to who comes. */
START_TEST(others_wait)
{
	struct acceptor *l = &ctx.acceptor[LISTENER_READ];

	l->ev = event_new(ctx.child.base, -1, 0, on_accept, l);
	answered(LISTENER_READ, MUCH, true);
	ck_assert(outlives(5));
	ck_assert(!make_room(l));
	ck_assert(l->paused);
	ck_assert(outlives(1));
	ck_assert(!l->paused);
	ck_assert(make_room(l));
	ck_assert(client->dead);
	ck_assert_uint_eq(ctx.count.clients_closed_idle, 1);
	event_free(l->ev);
	l->ev = NULL;
}
END_TEST

/* It may read as fast as it likes: that is not why it is closed. */
START_TEST(starved)
{
#ifdef SANITIZER
	unit_skip("starved", "a sanitizer has its own allocator");
#else
	static const char text[10000];

	answered(LISTENER_CONTROL, MUCH, true);
	no_memory = true;
	do
		client_put(client, text, sizeof(text));
	while (!client->dead);
	no_memory = false;
	ck_assert_ptr_nonnull(said);
	ck_assert_ptr_nonnull(strstr(said, "no memory"));
	ck_assert_uint_eq(ctx.count.clients_closed_full, 0);
#endif
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ctld_client");
	TCase *tc = tcase_create("ctld_client");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, pager);
	tcase_add_test(tc, asleep);
	tcase_add_loop_test(tc, impatience, 0, 2);
	tcase_add_test(tc, others_wait);
	tcase_add_test(tc, starved);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("ctld_client", suite());
}
