/* SPDX-License-Identifier: ISC */
/*
 * Tries that follow from the permission table: see tries.h.
 */
#include <sys/wait.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "regress/privsep/tries.h"
#include "regress/unit/unit.h"
#include "shared/bytes.h"
#include "shared/msg_parent.h"
#include "shared/passrights.h"

#define SIGSYS_STATUS	159		/* of a sandbox debug build */
#define SIZES		5
#define KINDS		(FD_FILE + 1)

static int	kind_fd[KINDS];		/* one of each */

void
open_kinds(void)
{
	int i;

	for (i = 0; i < KINDS; i++)
		kind_fd[i] = kid_fd((enum fd_kind)i);
}

static bool
may_say(const struct msg_row *row, enum proc from, enum proc to,
    enum phase phase)
{
	return (row->from & PROC_BIT(from)) != 0 &&
	    (row->to & PROC_BIT(to)) != 0 &&
	    (row->phase & PHASE_BIT(phase)) != 0 &&
	    (row->mode & MODE_BIT(kid_mode)) != 0;
}

bool
is_admissible(const struct try *t, enum proc to, enum phase phase)
{
	const struct msg_row *row = msg_row(t->type);

	if (row == NULL || !may_say(row, t->from, to, phase) ||
	    t->len < row->min || t->len > row->max)
		return false;
	/* Memory is a regular file as well. */
	if (row->fd == FD_FILE && t->fd == FD_MEMFD)
		return true;
	return t->fd == (row->fd == FD_NONE ? -1 : (int)row->fd);
}

void
describe(char *buf, size_t size, const struct kid *k, const struct try *t,
    enum phase phase)
{
	const struct msg_row *row = msg_row(t->type);

	snprintf(buf, size, "%s (%04x) of %zu bytes with %s from %s to %s "
	    "%s READY", row != NULL ? row->name : "?", t->type, t->len,
	    t->fd == -1 ? "no fd" : t->fd == FD_NONE ? "directory" :
	    fd_kind_name((enum fd_kind)t->fd), proc_name(t->from),
	    proc_name(k->proc), phase == PHASE_RUN ? "after" : "before");
}

int
say_try(struct kid *k, const struct try *t)
{
	uint8_t data[MSG_MAX + 1];

	kid_random(data, t->len);
	return kid_say(k, t->from, t->type, data, t->len,
	    t->fd == -1 ? NULL : &kind_fd[t->fd], t->fd == -1 ? 0 : 1);
}

void
check_end(struct kid *k, const char *what, int status)
{
	ck_assert_msg(status != -1, "%s: it lives on", what);
	ck_assert_msg(!WIFSIGNALED(status), "%s: killed by signal %d: %s",
	    what, WTERMSIG(status), k->log);
	ck_assert_msg(WEXITSTATUS(status) != SIGSYS_STATUS,
	    "%s: its sandbox killed it: %s", what, k->log);
	ck_assert_msg(WEXITSTATUS(status) == 1, "%s: exit status %d: %s",
	    what, WEXITSTATUS(status), k->log);
}

void
check_lives(struct kid *k, const char *what, enum proc from)
{
	int status;

	if (kid_sync(k, from, SLOW))
		return;
	status = kid_wait_exit(k, 0);
	if (status == -1)
		ck_abort_msg("%s: it hangs", what);
	if (WIFSIGNALED(status))
		ck_abort_msg("%s: killed by signal %d: %s", what,
		    WTERMSIG(status), k->log);
	ck_abort_msg("%s: it exited with status %d: %s", what,
	    WEXITSTATUS(status), k->log);
}

/* Sizes at the limits of a row and past them; how many. */
static int
sizes_of(const struct msg_row *row, size_t *size)
{
	int n = 0;

	size[n++] = row->min;
	if (row->max != row->min)
		size[n++] = row->max;
	size[n++] = (size_t)row->max + 1;
	if (row->min > 0)
		size[n++] = row->min - 1U;
	if (row->max - row->min > 2)
		size[n++] = row->min + kid_random32() %
		    (unsigned)(row->max - row->min);
	return n;
}

void
walk_row(struct kid *k, enum proc from, const struct msg_row *row,
    enum phase phase, try_fn fn)
{
	struct try t = { .from = from, .type = row->type };
	size_t size[SIZES];
	int i, n = sizes_of(row, size), want;

	want = row->fd == FD_NONE ? -1 : (int)row->fd;
	for (i = 0; i < n; i++) {
		t.len = size[i];
		t.fd = want;
		fn(k, &t, phase);
	}
	for (i = -1; i < KINDS; i++) {
		t.len = row->min;
		t.fd = i;
		if (i != want)
			fn(k, &t, phase);
	}
}

void
walk_unknown(struct kid *k, enum proc from, enum phase phase,
    try_fn fn)
{
	static const uint16_t types[] = { 0, 1, 0x0100, 0x0116, 0x01ff,
	    0x0203, 0x0400, 0x0500, 0x8101, 0xffff };
	struct try t = { .from = from, .fd = -1 };
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		t.type = types[i];
		t.len = i * 7;
		fn(k, &t, phase);
	}
}

const struct broken broken[NBROKEN] = {
	{ "one byte", 1, 0, 0, 0 },
	{ "half a header", 6, 0, 0, 0 },
	{ "a header that lacks a byte", MSG_HEADER - 1, 0, 0, 0 },
	{ "flags", MSG_HEADER, 1, 0, 0 },
	{ "other flags", MSG_HEADER, 0x8000, 0, 0 },
	{ "length too large", MSG_HEADER + 4, 0, 5, 0 },
	{ "length too small", MSG_HEADER + 4, 0, 3, 0 },
	{ "length of 4 GiB", MSG_HEADER + 4, 0, 0xffffffff, 0 },
	{ "two descriptors", MSG_HEADER, 0, 0, 2 },
	{ "eight descriptors", MSG_HEADER, 0, 0, 8 },
	{ "a byte and a descriptor", 1, 0, 0, 1 },
	{ "one byte more than fits", MSG_MAX + 1, 0,
	    MSG_PAYLOAD + 1, 0 },
};

int
say_broken(struct kid *k, enum proc from, const struct broken *b)
{
	uint8_t msg[MSG_MAX + 1];

	memset(msg, 0, sizeof(msg));
	put_le16(msg, MSG_SHOW);
	put_le16(msg + 2, b->flags);
	put_le32(msg + 4, b->claim);
	return kid_say_raw(k, from, msg, b->len, kind_fd, b->nfds);
}

void
let_send_fds(const char *who, int fd)
{
	static const int on = 1;

	if (!passrights_are_off(fd) && errno == ENOPROTOOPT)
		return;
	ck_assert_msg(passrights_are_off(fd), "%s could send one", who);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &on,
	    sizeof(on)), 0);
}

void
start_in(struct kid *k, enum proc p, enum phase phase, unsigned pieces)
{
	if (phase == PHASE_RUN)
		kid_run(k, p);
	else
		kid_start(k, p, pieces);
}

void
walk_anew(enum proc p, enum proc from, enum phase phase,
    try_fn fn)
{
	struct try t = { .from = from };
	struct kid k = { .proc = p };
	const struct msg_row *rows;
	size_t i, n;

	rows = msg_rows(&n);
	for (i = 0; i < n; i++) {
		if (may_say(&rows[i], from, p, phase)) {
			walk_row(&k, from, &rows[i], phase, fn);
			continue;
		}
		t.type = rows[i].type;
		t.len = rows[i].min;
		t.fd = rows[i].fd == FD_NONE ? -1 : (int)rows[i].fd;
		fn(&k, &t, phase);
	}
	walk_unknown(&k, from, phase, fn);
}
