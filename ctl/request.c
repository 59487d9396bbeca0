/* SPDX-License-Identifier: ISC */
/*
 * Asking the daemon: see request.h.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/conn.h"
#include "ctl/exit.h"
#include "ctl/request.h"

#define ANSWER_TIMEOUT	((CTL_LATE + 5) * 1000)	/* ms: it says why before */
#define RELOAD_TIMEOUT	60000	/* ms: key files and names take their time */

/* The daemon does not speak, or not as it should. */
static int
lost(const struct conn *c)
{
	if (errno == ETIMEDOUT)
		warnx("the daemon has not answered for %d seconds",
		    c->timeout / 1000);
	else if (errno == EBADMSG)
		warnx("the daemon's answer is malformed");
	else if (errno == ECONNRESET || errno == EPIPE)
		warnx("the daemon closed the connection");
	else
		warn("connection to the daemon");
	return EXIT_UNREACHABLE;
}

static int
refused(const struct ctl_done *d)
{
	fprintf(stderr, "warrenctl: ");
	output_lines(stderr, d->text[0] != '\0' ? d->text :
	    strerror((int)d->error));
	return EXIT_REFUSED;
}

static int
print_row(struct output *o, const struct ctl_frame *f)
{
	struct row row;

	if (row_parse(&row, f->data, f->len) == -1)
		return -1;
	/* It may come long after the question, if a pager reads slowly. */
	o->now = (uint64_t)time(NULL);
	o->format->row(o, &row);
	o->rows++;
	return 0;
}

/* What a reload says is its result: a row in JSON, lines for people. */
static void
print_result(const struct request *q, struct output *o,
    const struct ctl_done *d)
{
	static struct row row;
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	if (q->action != DO_RELOAD)
		return;
	if (!q->json) {
		if (d->error == 0)
			output_lines(o->fp, d->text[0] != '\0' ? d->text :
			    "reloaded");
		return;
	}
	row_begin(&w, buf, sizeof(buf), "reload");
	row_bool(&w, "done", d->error == 0);
	row_str(&w, "text", d->text);
	if (w.fail || row_parse(&row, w.p, w.len) == -1)
		return;
	o->format->row(o, &row);
	o->rows++;
}

/* Prints rows until the answer's end; returns the exit status. */
static int
answer(struct conn *c, const struct request *q, struct output *o, uint32_t id)
{
	struct ctl_frame f;
	struct ctl_done d;

	/* Who prints for ever must notice that nobody reads it. */
	while (ferror(o->fp) == 0) {
		if (conn_next(c, &f) == -1)
			return lost(c);
		errno = EBADMSG;
		if (f.id != id)
			return lost(c);
		if (f.type == CTL_ROW) {
			if (print_row(o, &f) == -1)
				return lost(c);
			continue;
		}
		if (ctl_done_read(&f, &d) == -1)
			return lost(c);
		print_result(q, o, &d);
		return d.error == 0 ? EXIT_DONE : refused(&d);
	}
	return EXIT_REFUSED;
}

/* Whole lines have been written by then, each by one write(2). */
static void
monitor_end(int sig)
{
	(void)sig;
	_exit(EXIT_DONE);
}

static void
set_patience(struct conn *c, enum action a)
{
	static char whole[16 * ROW_MAX];
	struct sigaction sa;

	c->timeout = a == DO_RELOAD ? RELOAD_TIMEOUT : ANSWER_TIMEOUT;
	if (a != DO_MONITOR)
		return;
	c->timeout = -1;
	/* A line is never longer, so it is never cut either. */
	(void)setvbuf(stdout, whole, _IOFBF, sizeof(whole));
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = monitor_end;
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
}

/* Greets and asks; 0, or -1 and the exit status. */
static int
ask(struct conn *c, int fd, const struct request *q, int *status)
{
	uint8_t buf[CTL_FRAME_MAX];
	struct ctl_done why;
	struct wbuf w;

	if (conn_greet(c, fd, &why) == -1) {
		*status = errno == EPROTONOSUPPORT ? refused(&why) : lost(c);
		return -1;
	}
	if (c->welcome.version < command_version(q->action)) {
		warnx("this daemon is older and does not know \"%s\"",
		    command_name(q->action));
		*status = EXIT_REFUSED;
		return -1;
	}
	if (q->arg != NULL && strlen(q->arg) >= CTL_TEXT_MAX) {
		warnx("no peer has a name of that length");
		*status = EXIT_REFUSED;
		return -1;
	}
	wbuf_init(&w, buf, sizeof(buf));
	command_ask(&w, q->action, q->arg, 1);
	if (conn_send(c, &w) == -1) {
		*status = lost(c);
		return -1;
	}
	return 0;
}

int
request_run(const struct request *q, struct output *o)
{
	static struct conn c;
	int fd, status;

	fd = instance_connect(&q->target, &status);
	if (fd == -1)
		return status;
	if (ask(&c, fd, q, &status) == -1) {
		conn_close(&c);
		return status;
	}
	set_patience(&c, q->action);
	o->format->begin(o, command_name(q->action));
	status = answer(&c, q, o, 1);
	/* Half an answer says nothing about what it did not say. */
	o->judged = status == EXIT_DONE && c.welcome.version >= 2 &&
	    command_is_judged(q->action);
	o->format->end(o);
	conn_close(&c);
	return status;
}
