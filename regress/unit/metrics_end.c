/* SPDX-License-Identifier: ISC */
/*
 * How an answer with metrics ends: a collector is told 200 only by what is
 * complete as far as it goes, and why there is nothing else.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctld/control.h"
#include "ctld/ctld.h"
#include "ctld/metrics.h"
#include "unit.h"

#define GET	"GET /metrics HTTP/1.0\r\n\r\n"

static struct ctld	 ctx;
static struct client	*client;
static char		 said[16384];
static size_t		 said_len;
static bool		 finished, killed, forgotten;
static int		 asks_left;	/* until memory is short */
static const struct show_sink *asked;

/*
 * The rooms around metrics.c.
 */

int
show_ask(struct ctld *c, struct client *cl, enum show_topic topic,
    const struct show_sink *sink)
{
	(void)c;
	(void)cl;
	(void)topic;
	if (asks_left-- == 0) {
		errno = ENOMEM;
		return -1;
	}
	asked = sink;
	return 0;
}

void
show_forget(struct ctld *c, struct client *cl)
{
	(void)c;
	(void)cl;
	forgotten = true;
}

void
ask_forget(struct ctld *c, struct client *cl)
{
	(void)c;
	(void)cl;
}

void
client_put(struct client *c, const void *p, size_t n)
{
	(void)c;
	ck_assert(!finished && !killed);
	ck_assert_uint_lt(said_len + n, sizeof(said));
	memcpy(said + said_len, p, n);
	said_len += n;
	said[said_len] = '\0';
}

void
client_flush(struct client *c)
{
	(void)c;
}

void
client_busy(struct client *c)
{
	c->busy = true;
}

void
client_finish(struct client *c)
{
	(void)c;
	finished = true;
}

void
client_kill(struct client *c)
{
	c->dead = true;
	killed = true;
}

const char *
show_str(const struct row *row, const char *key)
{
	const struct row_field *f = row_get(row, key);

	return f != NULL && f->kind == ROW_STR ? f->str : "";
}

uint64_t
show_num(const struct row *row, const char *key)
{
	const struct row_field *f = row_get(row, key);

	return f != NULL && f->kind != ROW_STR ? f->num : 0;
}

struct walk *
walk_of(struct client *c)
{
	return (struct walk *)c->state;
}

void
walk_clear(struct walk *w)
{
	memset(w, 0, sizeof(*w));
}

void
walk_begin(struct ctld *c, struct client *cl, const struct walk_ops *ops)
{
	(void)c;
	(void)cl;
	(void)ops;
}

void
walk_room(struct ctld *c, struct client *cl)
{
	(void)c;
	(void)cl;
}

bool
ctld_is_configured(const struct ctld *c)
{
	(void)c;
	return true;
}

bool
facts_begin(struct ctld *c, struct client *cl, uint64_t when)
{
	(void)c;
	(void)cl;
	(void)when;
	return true;
}

void
facts_row(struct ctld *c, struct client *cl, enum proc p,
    const struct row *row, const void *data, size_t len)
{
	(void)c;
	(void)cl;
	(void)p;
	(void)row;
	(void)data;
	(void)len;
}

void
facts_done(struct ctld *c)
{
	(void)c;
}

void
facts_device(struct ctld *c, const struct device_info *d)
{
	(void)c;
	(void)d;
}

struct health_facts *
facts_now(struct ctld *c)
{
	return &c->facts.health;
}

unsigned
status_judge(struct ctld *c, const struct peer_info *p,
    const struct endpoint_info *e, health_emit *f, void *arg)
{
	(void)c;
	(void)p;
	(void)e;
	(void)f;
	(void)arg;
	return 0;
}

const struct name *
names_by_key(const struct names *n, const uint8_t key[CONF_KEY_SIZE])
{
	(void)n;
	(void)key;
	return NULL;
}

/*
 * The tests.
 */

static void
setup(void)
{
	client = calloc(1, sizeof(*client) + metrics_ops.state);
	ck_assert_ptr_nonnull(client);
	said_len = 0;
	said[0] = '\0';
	finished = killed = forgotten = false;
	asks_left = -1;
	asked = NULL;
}

static void
teardown(void)
{
	free(client);
}

static void
get(void)
{
	ck_assert_uint_eq(metrics_ops.input(&ctx, client,
	    (const uint8_t *)GET, strlen(GET)), strlen(GET));
}

/* As many counters as make it send something. */
static void
some_counters(void)
{
	static uint8_t buf[ROW_MAX];
	struct wbuf w;
	struct row row;
	int i;

	row_begin(&w, buf, sizeof(buf), "counter");
	row_str(&w, "name", "things");
	row_u64(&w, "value", 7);
	row_str(&w, "help", "things that were counted");
	ck_assert_int_eq(row_parse(&row, w.p, w.len), 0);
	for (i = 0; i < 100 && said_len == 0; i++)
		asked->row(&ctx, client, PROC_NETD, &row, w.p, w.len);
	ck_assert_int_eq(strncmp(said, "HTTP/1.0 200 OK\r\n", 17), 0);
}

/* At each of the three questions. */
START_TEST(no_memory)
{
	int i;

	asks_left = _i;
	get();
	for (i = 0; i < _i; i++) {
		ck_assert(!finished);
		asked->done(&ctx, client);
	}
	ck_assert(finished);
	ck_assert_int_eq(strncmp(said, "HTTP/1.0 500 ", 13), 0);
	ck_assert_ptr_null(strstr(said, "200"));
	ck_assert_ptr_null(strstr(said, "warren_"));
}
END_TEST

START_TEST(late)
{
	get();
	asked->done(&ctx, client);
	asked->done(&ctx, client);
	ck_assert_uint_eq(said_len, 0);
	metrics_ops.late(&ctx, client);
	ck_assert(finished);
	ck_assert(forgotten);
	ck_assert_int_eq(strncmp(said, "HTTP/1.0 503 ", 13), 0);
	ck_assert_ptr_nonnull(strstr(said, "does not answer"));
}
END_TEST

/* It is too late to say so. */
START_TEST(late_and_begun)
{
	size_t len;

	get();
	asked->done(&ctx, client);
	asked->done(&ctx, client);
	some_counters();
	len = said_len;
	metrics_ops.late(&ctx, client);
	ck_assert(killed);
	ck_assert(!finished);
	ck_assert_uint_eq(said_len, len);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("metrics_end");
	TCase *tc = tcase_create("metrics_end");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, no_memory, 0, 3);
	tcase_add_test(tc, late);
	tcase_add_test(tc, late_and_begun);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("metrics_end", suite());
}
